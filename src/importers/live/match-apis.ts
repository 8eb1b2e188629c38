/** Which stage, and which API, a document means. */

import { isMap } from '../../core/model/json.ts';
import type { Live } from '../../core/model/model.ts';
import type { ManifestDocument } from '../common/model.ts';
import { apisOf, idsIn, placeOf, stackOf, stageIdsOf } from './account.ts';
import { type Context, type Find, type Match, only } from './found.ts';

/** A stage is its API and its name, and a requirement its API. Of several of one name it is the one that the stack made, or that a plan of this file opens. */
export const stageMatch: Find = (document, context) => {
  const ids = placeOf(document.spec).flatMap((place) => stageIdsOf(place, context.account));
  return oneOf(
    ids,
    `${apiText(document)}, stage ${String(document.spec.stageName)}`,
    document,
    context,
  );
};

export const requirementMatch: Find = (document, context) =>
  oneOf(apisOf(document.spec.restApi, context.account), apiText(document), document, context);

function oneOf(
  ids: readonly string[],
  what: string,
  { kind }: ManifestDocument,
  { account, stackName, matches }: Context,
): Match {
  const found = account.live.filter((live) => live.kind === kind && ids.includes(live.id));
  if (found.length === 0) return { is: 'absent', why: `there is no ${what}` };
  // A stage that is born with a deployment has no tags, but its API has.
  const apis = new Map(account.apis.map((api) => [api.id, api]));
  const isOfStack = (one: Pick<Live, 'tags'> | undefined) =>
    one !== undefined && stackName !== undefined && stackOf(one).stack === stackName;
  const lives = [...matches.values()].flatMap((match) => (match.is === 'live' ? [match.live] : []));
  const known = new Set(
    lives
      .flatMap((live) => {
        if (live.kind === 'UsagePlan') return idsIn(live.spec.stages);
        return live.kind === 'Stage' ? [live.id] : [];
      })
      .map(apiIn),
  );
  return (
    only(found) ??
    only(found.filter((live) => isOfStack(live) || isOfStack(apis.get(apiIn(live.id))))) ??
    only(found.filter(({ id }) => known.has(apiIn(id)))) ?? {
      is: 'doubtful',
      why: `several are ${what}`,
      candidates: found,
    }
  );
}

/** Of a stage's id, `<api id>:<stage name>`, or of an API's own. */
function apiIn(id: string): string {
  return id.split(':')[0] ?? id;
}

function apiText({ spec: { restApi } }: ManifestDocument): string {
  return isMap(restApi) ? `API ${String(restApi.name ?? restApi.id)}` : 'API';
}
