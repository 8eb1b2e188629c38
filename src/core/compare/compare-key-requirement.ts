/** A KeyRequirement document against its API: what differs, what is held, and what stages serve otherwise. */

import { compact } from '../model/compact.ts';
import { compareText, isMap, normalText } from '../model/json.ts';
import { type Desired, type Json, type Live, type Spec, TAG } from '../model/model.ts';
import type { Cause, Change } from '../model/plan.ts';
import { type Comparison, type Context, type Held, isIgnored, renaming } from './compare-fields.ts';
import {
  type LiveRequirement,
  methodPath,
  requestedMethods,
  requirementOf,
  servedOtherwise,
  some,
  wantedMethods,
} from './key-requirement.ts';
import { decodeApplied, wasWritten } from './last-applied.ts';
import { claimOf } from './ownership.ts';
import { type RedeploymentContext, redeployment } from './redeployment.ts';

/** What a comparison needs to know beside the two that are compared. */
type RequirementContext = Pick<Context, 'world' | 'rules' | 'fingerprint' | 'lastSeen'> &
  Pick<RedeploymentContext, 'making'>;

export function compareRequirement(
  desired: Desired,
  live: Live,
  context: RequirementContext,
): Comparison {
  const is = requirementOf(live);
  const wanted = wantedMethods(desired, live);
  const owned = ownedBy(desired);
  const definition = definitionChanges(
    desired,
    live,
    wanted,
    causes(desired, live, owned, context),
  );
  const redeploy = redeployment(desired, live, {
    ...context,
    definition,
    owned,
    owner: context.world.owner,
  });
  const { free, held } = withoutDoubtful([...definition, ...redeploy.changes], desired, live);
  const moved = free.filter(({ field }) => field === 'redeploy').map(({ keys }) => keys[0]);
  const otherwise = Object.keys(is.served)
    .filter((stage) => !moved.includes(stage))
    .flatMap((stage) => servedText(stage, servedOtherwise(stage, wanted, is), wanted))
    .join('; ');
  return {
    owned,
    changes: [...free, ...renaming(desired, live, context.world)],
    held: [...held, ...redeploy.held],
    unclaimed: unclaimedMethods(desired, live),
    ...(moved.length > 0 && { message: PUBLISHES }),
    ...(otherwise !== '' && {
      unserved: `required and served differ: ${otherwise}; deploy the API to make it so`,
    }),
  };
}

function definitionChanges(
  desired: Desired,
  live: Live,
  wanted: ReadonlyMap<string, boolean>,
  cause: (field: string) => Cause,
): readonly Change[] {
  const { apiKeySource } = requestedMethods(desired);
  const is = requirementOf(live);
  const changes = [...wanted].flatMap(([key, value]): Change[] => {
    const found = is.methods[key]?.apiKeyRequired;
    if (found === value) return [];
    const place = {
      field: 'methods',
      keys: [key, 'apiKeyRequired'],
      path: `${methodPath(key)}/apiKeyRequired`,
    };
    return [{ ...place, desired: value, live: found, cause: cause('methods') }];
  });
  if (
    apiKeySource === undefined ||
    apiKeySource === is.apiKeySource ||
    isIgnored(desired, '/spec/apiKeySource')
  )
    return changes;
  const place = { field: 'apiKeySource', keys: [], path: '/spec/apiKeySource' };
  return [
    { ...place, desired: apiKeySource, live: is.apiKeySource, cause: cause('apiKeySource') },
    ...changes,
  ];
}

/**
 * A method that the document names and the API does not have is held. It may be a misspelt one of those for which the default speaks: what that would make
 * of them, against the entry's word, is held with it, and so is a deployment.
 */
function withoutDoubtful(
  changes: readonly Change[],
  desired: Desired,
  live: Live,
): { readonly free: readonly Change[]; readonly held: readonly Held[] } {
  const missing = missingMethods(desired, live);
  const named = new Set(
    (requestedMethods(desired).methods ?? []).map(({ method, path }) => `${method} ${path}`),
  );
  const against = new Set(
    missing.flatMap((one) => one.changes.map((change) => change.desired !== true)),
  );
  const isByDefault = ({ field, keys }: Change) => field === 'methods' && !named.has(keys[0] ?? '');
  const doubtful = changes.filter(
    (change) => isByDefault(change) && against.has(change.desired === true),
  );
  if (doubtful.length === 0) return { free: changes, held: missing };
  const waiting = changes.filter(
    (change) => doubtful.includes(change) || change.field === 'redeploy',
  );
  const held = missing.map((one, index) =>
    index === 0 ? { ...one, changes: [...one.changes, ...waiting] } : one,
  );
  return { free: changes.filter((change) => !waiting.includes(change)), held };
}

const PUBLISHES =
  'redeploying publishes everything that is undeployed in this API, whoever changed it; only paths, methods, authorization and key requirements could be compared';

/** What `applied` will speak of: the words of the document, which don't change when the API gets another method. */
function ownedBy({ spec }: Desired): Spec {
  const { apiKeySource, apiKeyRequired, methods, redeploy } = spec;
  const speaks = apiKeyRequired !== undefined || methods !== undefined;
  return compact({
    apiKeySource,
    ...(speaks && {
      methods: {
        others: apiKeyRequired ?? null,
        named: [...((methods ?? []) as readonly Json[])].sort(byNormalText),
      },
    }),
    // A redeployment answers for the whole document: once for each commit that changes it.
    ...(isMap(redeploy) && { redeploy: spec }),
  });
}

function byNormalText(a: Json, b: Json): number {
  return compareText(normalText(a), normalText(b));
}

/** Who made a field differ: the document changed since we last wrote, or else somebody changed the API. What it names for the first time is a change of it. */
function causes(
  desired: Desired,
  live: Live,
  owned: Spec,
  { world, rules, fingerprint, lastSeen: seen }: RequirementContext,
): (field: string) => Cause {
  const written = decodeApplied(live.tags[TAG.applied]);
  return (field) => {
    if (written.has(field))
      return wasWritten(live, rules.fields[field], owned[field], fingerprint) ? 'live' : 'git';
    if (claimOf(live, world.owner)) return 'git';
    if (!seen) return 'unknown';
    const now = wantedMethods(desired, live);
    const then = (seen as unknown as LiveRequirement).methods;
    const changed = [...now.keys()].some(
      (key) => then[key]?.apiKeyRequired !== requirementOf(live).methods[key]?.apiKeyRequired,
    );
    return field === 'methods' && changed ? 'live' : 'git';
  };
}

function missingMethods(desired: Desired, live: Live): Held[] {
  const { methods } = requirementOf(live);
  return (requestedMethods(desired).methods ?? []).flatMap(
    ({ method, path, apiKeyRequired }): Held[] => {
      const key = `${method} ${path}`;
      if (methods[key] || isIgnored(desired, methodPath(key))) return [];
      const entry: Change = {
        field: 'methods',
        keys: [key],
        path: methodPath(key),
        desired: apiKeyRequired,
        live: undefined,
        cause: 'git',
      };
      const message = `the API has no method ${key}: correct the path and method as the API defines them, or take the entry out`;
      return [{ reason: 'unresolved-reference', message, changes: [entry] }];
    },
  );
}

/** Methods that demand a key, though no document asks for that. */
function unclaimedMethods(desired: Desired, live: Live): string[] {
  const wanted = wantedMethods(desired, live);
  const { methods } = requirementOf(live);
  const claimed = (key: string) => wanted.has(key) || isIgnored(desired, methodPath(key));
  return Object.keys(methods)
    .filter((key) => methods[key]?.apiKeyRequired && !claimed(key))
    .sort(compareText)
    .map(methodPath);
}

/** What callers of a stage find that is not as the document says. */
function servedText(
  stage: string,
  methods: readonly string[],
  wanted: ReadonlyMap<string, boolean>,
): string[] {
  const open = methods.filter((key) => wanted.get(key));
  const closed = methods.filter((key) => !wanted.get(key));
  return [
    ...(open.length > 0 ? [`stage ${stage} serves ${some(open)} without a key`] : []),
    ...(closed.length > 0 ? [`stage ${stage} still demands a key for ${some(closed)}`] : []),
  ];
}
