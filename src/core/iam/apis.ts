/** What is done to APIs: their stages, and which of their methods demand a key. */

import { isMap, isUnset } from '../model/json.ts';
import type { Desired, Json } from '../model/model.ts';
import { type Asked, apiPart, type Grant, on } from './request.ts';

/** What a pass reads of the methods of APIs, and of what their stages serve. */
export function readingMethods(asked: Asked): Grant[] {
  const paths = requirements(asked.desired, asked).flatMap(({ api }) => [
    api,
    `${api}/resources`,
    `${api}/deployments/*`,
  ]);
  return [on(asked, 'ReadMethods', ['GET'], paths)];
}

/** Stages that documents describe, and requirements of keys. */
export function writingApis(asked: Asked): Grant[] {
  const { enforced, removes } = asked;
  const stages = enforced
    .filter(({ kind }) => kind === 'Stage')
    .map((one) => ({ ...one, ...placeOf(one, asked) }));
  const made = stages.filter(({ spec }) => spec.deployment !== undefined);
  const gone = removes ? made.filter(({ spec }) => spec.deletionPolicy === 'Delete') : [];
  const latest = made.filter(({ spec }) => spec.deployment === 'latest');
  const demands = requirements(enforced, asked);
  const deploying = demands.filter(({ moved }) => moved.length > 0);
  return [
    on(asked, 'FindDeployments', ['GET'], below([...latest, ...deploying], 'deployments')),
    on(asked, 'CreateStages', ['POST'], below(made, 'stages')),
    on(
      asked,
      'UpdateStages',
      ['PATCH'],
      stages.map(({ stage }) => stage),
    ),
    on(
      asked,
      'DeleteStages',
      ['DELETE'],
      gone.map(({ stage }) => stage),
    ),
    on(
      asked,
      'RequireKeys',
      ['PATCH'],
      below(
        demands.filter(({ ofMethods }) => ofMethods),
        'resources/*/methods/*',
      ),
    ),
    on(
      asked,
      'SetKeySource',
      ['PATCH'],
      demands.filter(({ ofSource }) => ofSource).map(({ api }) => api),
    ),
    on(asked, 'Deploy', ['POST'], below(deploying, 'deployments')),
    on(
      asked,
      'MoveStages',
      ['PATCH'],
      deploying.flatMap(({ moved }) => moved),
    ),
  ];
}

const below = (places: readonly { readonly api: string }[], rest: string) =>
  places.map(({ api }) => `${api}/${rest}`);

function placeOf({ name, spec }: Desired, asked: Asked) {
  const api = `/restapis/${apiPart(spec.restApi, asked)}`;
  return { api, stage: stagePath(api, spec.stageName ?? name, asked) };
}

function stagePath(api: string, name: Json, { width }: Asked): string {
  return `${api}/stages/${width.apis ? '*' : name}`;
}

/** What the documents ask of each API, and the stages that are moved to a deployment of it. */
function requirements(documents: readonly Desired[], asked: Asked) {
  return documents
    .filter(({ kind }) => kind === 'KeyRequirement')
    .map(({ spec }) => {
      const api = `/restapis/${apiPart(spec.restApi, asked)}`;
      const redeployed =
        isMap(spec.redeploy) && Array.isArray(spec.redeploy.stages) ? spec.redeploy.stages : [];
      return {
        api,
        ofMethods: spec.apiKeyRequired !== undefined || !isUnset(spec.methods),
        ofSource: spec.apiKeySource !== undefined,
        moved: redeployed.map((name: Json) => stagePath(api, name, asked)),
      };
    });
}
