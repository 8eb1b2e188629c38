import {
  GetDeploymentCommand,
  type MethodSnapshot,
  type Resource,
  UpdateMethodCommand,
  UpdateRestApiCommand,
} from '@aws-sdk/client-api-gateway';
import pMap from 'p-map';
import schema from '../../schemas/key-requirement.schema.json' with { type: 'json' };
import type { LiveRequirement } from '../core/compare/key-requirement.ts';
import { gatewayArn } from '../core/model/arn.ts';
import { readRules } from '../core/model/field-rules.ts';
import { compareText, type JsonMap } from '../core/model/json.ts';
import { type Api, type Live, TAG } from '../core/model/model.ts';
import { listResources } from '../gateway/paginate.ts';
import { arrivedAt, type Send } from '../gateway/send.ts';
import { readApi } from './apis.ts';
import { deploy } from './deploy.ts';
import type { Kind, Scope } from './kind.ts';
import { byId, READERS, unlessGone } from './live.ts';
import { replace, replaceFields } from './patch.ts';
import { stage } from './stage.ts';

/** The id is the API's, and so are the tags. An API is neither made nor deleted here. */
export const keyRequirement: Kind = {
  rules: readRules(schema),

  async list(send, scope) {
    const found = await pMap(scope.apiIds, (id) => readRequirement(send, id, scope), READERS);
    return byId(found.filter((live) => live !== undefined));
  },

  read: (send, id) => readRequirement(send, id),

  create: () => Promise.reject(new Error('an API is not made by its key requirement')),

  async update(send, live, next) {
    const [before, after] = [live.spec, next] as unknown as LiveRequirement[];
    const patchOperations = replaceFields(live.spec, next, ['apiKeySource']);
    for (const [key, { apiKeyRequired, resource }] of Object.entries(after?.methods ?? {})) {
      if (apiKeyRequired === before?.methods[key]?.apiKeyRequired) continue;
      const [httpMethod = ''] = key.split(' ');
      const operations = [replace(['apiKeyRequired'], apiKeyRequired)];
      await send(
        new UpdateMethodCommand({
          restApiId: live.id,
          resourceId: resource,
          httpMethod,
          patchOperations: operations,
        }),
      );
    }
    if (patchOperations.length > 0)
      await send(new UpdateRestApiCommand({ restApiId: live.id, patchOperations }));
    return { ...live, spec: { ...live.spec, ...next } };
  },

  delete: () => Promise.reject(new Error('an API is not deleted with its key requirement')),

  arn: (live, region) => gatewayArn(region, `/restapis/${live.id}`),

  async deploy(send, live, { finish, ...what }) {
    const { methods } = live.spec as unknown as LiveRequirement;
    await deploy(send, {
      ...what,
      restApiId: live.id,
      finish,
      isCurrent: (summary) => servesAs(summary, methods),
    });
    return readRequirement(finish, live.id);
  },
};

/** Undefined for an API that is gone. */
async function readRequirement(
  send: Send,
  id: string,
  { listed, snapshots = new Map() }: Partial<Scope> = {},
): Promise<Live | undefined> {
  const api = listed?.apis?.find((one) => one.id === id) ?? (await readApi(send, id));
  const resources = api && (await unlessGone(listResources(send, id)));
  if (!api || !resources) return undefined;
  const stages =
    listed?.stages.filter((stage) => stage.id.startsWith(`${id}:`)) ??
    (await stage.list(send, { apiIds: [id], wantsMembers: () => false }));
  const served = new Map<string, Summary>();
  for (const deployment of new Set(stages.map(({ spec }) => String(spec.deployment)))) {
    const summary = snapshots.get(`${id} ${deployment}`) ?? (await summaryOf(send, id, deployment));
    if (summary) served.set(deployment, summary);
  }
  for (const key of snapshots.keys()) if (key.startsWith(`${id} `)) snapshots.delete(key);
  for (const [deployment, summary] of served) snapshots.set(`${id} ${deployment}`, summary);
  return project(api, resources, stages, served);
}

/** By path and HTTP method: what a deployment demands. */
type Summary = Readonly<Record<string, Readonly<Record<string, MethodSnapshot>>>>;

/** Undefined for a deployment that can't be found: what it demands is not known. */
async function summaryOf(
  send: Send,
  restApiId: string,
  deploymentId: string,
): Promise<Summary | undefined> {
  const answer = await unlessGone(
    send(new GetDeploymentCommand({ restApiId, deploymentId, embed: ['apisummary'] })),
  );
  return answer && (answer.apiSummary ?? {});
}

function project(
  api: Api,
  resources: readonly Resource[],
  stages: readonly Live[],
  summaries: ReadonlyMap<string, Summary>,
): Live {
  const defined = resources.flatMap(({ id: resource = '', path = '', resourceMethods = {} }) =>
    Object.entries(resourceMethods).map(([method, about]) => ({
      key: `${method} ${path}`,
      resource,
      about,
    })),
  );
  const methods = Object.fromEntries(
    defined
      .toSorted((a, b) => compareText(a.key, b.key))
      .map(({ key, resource, about }) => [
        key,
        { apiKeyRequired: about.apiKeyRequired ?? false, resource },
      ]),
  );
  const authorization = new Map(defined.map(({ key, about }) => [key, about.authorizationType]));
  const perStage = <T>(value: (summary: Map<string, MethodSnapshot>) => T) =>
    Object.fromEntries(
      stages.flatMap(({ name: stageName, spec: { deployment } }) => {
        const summary = summaries.get(String(deployment));
        return summary ? [[stageName, value(flat(summary))]] : [];
      }),
    );
  const { id, name, apiKeySource, tags } = api;
  const spec: LiveRequirement = {
    apiKeySource,
    methods,
    served: perStage((summary) =>
      Object.fromEntries(
        [...summary].map(([key, { apiKeyRequired = false }]) => [key, apiKeyRequired]),
      ),
    ),
    undeployed: perStage((summary) =>
      [...new Set([...authorization.keys(), ...summary.keys()])]
        .filter(
          (key) =>
            !summary.has(key) || authorization.get(key) !== summary.get(key)?.authorizationType,
        )
        .sort(compareText),
    ),
    deployments: Object.fromEntries(stages.map((one) => [one.name, String(one.spec.deployment)])),
    canaries: Object.fromEntries(
      stages.flatMap((one) => (one.canary === undefined ? [] : [[one.name, one.canary]])),
    ),
    suspended: stages.filter((one) => TAG.suspend in one.tags).map((one) => one.name),
  };
  return {
    kind: 'KeyRequirement',
    id,
    name,
    spec: spec as unknown as JsonMap,
    tags,
    observedAt: Math.min(...resources.map(arrivedAt)),
  };
}

function flat(summary: Summary): Map<string, MethodSnapshot> {
  return new Map(
    Object.entries(summary).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, about]) => [`${method} ${path}`, about] as const),
    ),
  );
}

/** Whether a deployment demands what the API's definition demands now. */
function servesAs(summary: Summary, methods: LiveRequirement['methods']): boolean {
  const served = flat(summary);
  return (
    served.size === Object.keys(methods).length &&
    [...served].every(
      ([key, { apiKeyRequired = false }]) => methods[key]?.apiKeyRequired === apiKeyRequired,
    )
  );
}
