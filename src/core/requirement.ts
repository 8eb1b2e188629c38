/** Which methods of an API demand a key: what a document asks for, what the API's definition says, and what its stages serve (design, section 4). */
import { decodeApplied } from './applied.ts';
import { type Fingerprint, fieldText } from './diff.ts';
import { type Comparison, type Context, type Held, isIgnored, renaming } from './fields.ts';
import { type Desired, type Json, type Live, type Spec, TAG } from './model.ts';
import { claimOf } from './ownership.ts';
import type { Cause, Change } from './plan.ts';
import type { Rules } from './rules.ts';
import { byText, isMap, normalText, pointer } from './values.ts';

export const REQUIREMENT = 'KeyRequirement';

/** The canonical spec of a live requirement; methods by `GET /residents/{id}`. */
export interface LiveRequirement {
  readonly apiKeySource: string;
  /** As the API's definition has them; `resource` is the id by which the method is changed. */
  readonly methods: Readonly<Record<string, { readonly apiKeyRequired: boolean; readonly resource: string }>>;
  /** By stage name: what the deployment that the stage serves demands. */
  readonly served: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  /** By stage name: methods that the definition and the served deployment have otherwise, in anything but the requirement. */
  readonly undeployed: Readonly<Record<string, readonly string[]>>;
  /** By stage name. */
  readonly deployments: Readonly<Record<string, string>>;
}

/** What a comparison needs to know beside the two that are compared. */
interface Third extends Pick<Context, 'world' | 'rules' | 'fingerprint' | 'seen'> {
  /** Stages (`<api id>:<stage name>`) that this plan creates, and who does. */
  readonly making: ReadonlyMap<string, string>;
}

/** What a KeyRequirement document says. */
interface DesiredRequirement {
  readonly apiKeySource?: string;
  readonly apiKeyRequired?: boolean;
  readonly methods?: readonly { readonly method: string; readonly path: string; readonly apiKeyRequired: boolean }[] | null;
  readonly redeploy?: { readonly stages: readonly string[] } | null;
}

export const requirementOf = (live: Live): LiveRequirement => live.spec as unknown as LiveRequirement;
const asked = (desired: Desired): DesiredRequirement => desired.spec as DesiredRequirement;

/** What the document wants of each method that the API has: those that it names, and, by its default, all others but OPTIONS. What it ignores is left out. */
function wantedMethods(desired: Desired, live: Live): ReadonlyMap<string, boolean> {
  const { methods, apiKeyRequired } = asked(desired);
  const named = new Map((methods ?? []).map((entry) => [`${entry.method} ${entry.path}`, entry.apiKeyRequired]));
  const wanted = new Map<string, boolean>();
  for (const key of Object.keys(requirementOf(live).methods).sort(byText)) {
    const value = named.get(key) ?? (key.startsWith('OPTIONS ') ? undefined : apiKeyRequired);
    if (value !== undefined && !isIgnored(desired, pathOf(key))) wanted.set(key, value);
  }
  return wanted;
}

export function compareRequirement(desired: Desired, live: Live, context: Third): Comparison {
  const is = requirementOf(live);
  const wanted = wantedMethods(desired, live);
  const owned = ownedBy(desired);
  const definition = definitionChanges(desired, live, wanted, causes(desired, live, owned, context));
  const redeploy = redeployment(desired, live, { wanted, definition, owned, context });
  const { free, held } = withoutDoubtful([...definition, ...redeploy.changes], desired, live);
  const deploys = free.some(({ field }) => field === 'redeploy');
  const otherwise = Object.keys(is.served).flatMap((stage) => {
    const methods = servedOtherwise(stage, wanted, is);
    return methods.length > 0 ? [{ stage, methods }] : [];
  });
  return {
    owned,
    changes: [...free, ...renaming(desired, live, context.world)],
    held: [...held, ...redeploy.held],
    unclaimed: unclaimedMethods(desired, live),
    ...(deploys && { message: PUBLISHES }),
    ...(!deploys && otherwise.length > 0 && { unserved: unservedText(otherwise, wanted) }),
  };
}

function definitionChanges(
  desired: Desired,
  live: Live,
  wanted: ReadonlyMap<string, boolean>,
  cause: (field: string) => Cause,
): readonly Change[] {
  const { apiKeySource } = asked(desired);
  const is = requirementOf(live);
  const changes = [...wanted].flatMap(([key, value]): Change[] => {
    const found = is.methods[key]?.apiKeyRequired;
    if (found === value) return [];
    const place = { field: 'methods', keys: [key, 'apiKeyRequired'], path: `${pathOf(key)}/apiKeyRequired` };
    return [{ ...place, desired: value, live: found, cause: cause('methods') }];
  });
  if (apiKeySource === undefined || apiKeySource === is.apiKeySource || isIgnored(desired, '/spec/apiKeySource')) return changes;
  const place = { field: 'apiKeySource', keys: [], path: '/spec/apiKeySource' };
  return [{ ...place, desired: apiKeySource, live: is.apiKeySource, cause: cause('apiKeySource') }, ...changes];
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
  const named = new Set((asked(desired).methods ?? []).map(({ method, path }) => `${method} ${path}`));
  const against = new Set(missing.flatMap((one) => one.changes.map((change) => change.desired !== true)));
  const isByDefault = ({ field, keys }: Change) => field === 'methods' && !named.has(keys[0] ?? '');
  const doubtful = changes.filter((change) => isByDefault(change) && against.has(change.desired === true));
  if (doubtful.length === 0) return { free: changes, held: missing };
  const waiting = changes.filter((change) => doubtful.includes(change) || change.field === 'redeploy');
  const held = missing.map((one, index) => (index === 0 ? { ...one, changes: [...one.changes, ...waiting] } : one));
  return { free: changes.filter((change) => !waiting.includes(change)), held };
}

const PUBLISHES =
  'redeploying publishes everything that is undeployed in this API, whoever changed it; only paths, methods, authorization and key requirements could be compared';

function pathOf(key: string): string {
  return pointer(['spec', 'methods', key]);
}

/** What `applied` will speak of: the words of the document, which don't change when the API gets another method. */
function ownedBy({ spec }: Desired): Spec {
  const { apiKeySource, apiKeyRequired, methods, redeploy } = spec;
  const speaks = apiKeyRequired !== undefined || methods !== undefined;
  return {
    ...(apiKeySource !== undefined && { apiKeySource }),
    ...(speaks && { methods: { others: apiKeyRequired ?? null, named: [...((methods ?? []) as readonly Json[])].sort(byNormalText) } }),
    // A redeployment answers for the whole document: once for each commit that changes it.
    ...(isMap(redeploy) && { redeploy: spec }),
  };
}

function byNormalText(a: Json, b: Json): number {
  return byText(normalText(a), normalText(b));
}

/** Who made a field differ: the document changed since we last wrote, or else somebody changed the API. What it names for the first time is a change of it. */
function causes(desired: Desired, live: Live, owned: Spec, { world, rules, fingerprint, seen }: Third): (field: string) => Cause {
  const written = decodeApplied(live.tags[TAG.applied]);
  return (field) => {
    if (written.has(field)) return isWritten(field, owned, written, rules, fingerprint) ? 'live' : 'git';
    if (claimOf(live, world.owner)) return 'git';
    if (!seen) return 'unknown';
    const now = wantedMethods(desired, live);
    const then = (seen as unknown as LiveRequirement).methods;
    const changed = [...now.keys()].some((key) => then[key]?.apiKeyRequired !== requirementOf(live).methods[key]?.apiKeyRequired);
    return field === 'methods' && changed ? 'live' : 'git';
  };
}

function isWritten(field: string, owned: Spec, written: ReadonlyMap<string, string>, rules: Rules, fingerprint: Fingerprint): boolean {
  const rule = rules.fields[field];
  return rule !== undefined && written.get(field) === fingerprint(fieldText(rule, owned[field] ?? null));
}

function missingMethods(desired: Desired, live: Live): Held[] {
  const { methods } = requirementOf(live);
  return (asked(desired).methods ?? []).flatMap(({ method, path, apiKeyRequired }): Held[] => {
    const key = `${method} ${path}`;
    if (methods[key] || isIgnored(desired, pathOf(key))) return [];
    const entry: Change = { field: 'methods', keys: [key], path: pathOf(key), desired: apiKeyRequired, live: undefined, cause: 'git' };
    const message = `the API has no method ${key}: correct the path and method as the API defines them, or take the entry out`;
    return [{ reason: 'unresolved-reference', message, changes: [entry] }];
  });
}

/** Methods that demand a key, though no document asks for that. */
function unclaimedMethods(desired: Desired, live: Live): string[] {
  const wanted = wantedMethods(desired, live);
  const { methods } = requirementOf(live);
  const claimed = (key: string) => wanted.has(key) || isIgnored(desired, pathOf(key));
  return Object.keys(methods)
    .filter((key) => methods[key]?.apiKeyRequired && !claimed(key))
    .sort(byText)
    .map(pathOf);
}

/** The methods that a stage serves with another requirement than is wanted. A method that it does not serve at all has none. */
function servedOtherwise(stage: string, wanted: ReadonlyMap<string, boolean>, { served }: LiveRequirement): string[] {
  const now = served[stage] ?? {};
  return [...wanted].filter(([key, value]) => now[key] !== undefined && now[key] !== value).map(([key]) => key);
}

/**
 * The stages to be moved to a new deployment. It is due once for each commit that changes the document, which `applied` remembers:
 *
 * | `applied` knows this document | the stage serves otherwise | then |
 * | --- | --- | --- |
 * | yes | | nothing: a difference is drift, or the pipeline's |
 * | no | no | nothing, and `applied` gets to know it |
 * | no | yes | due; held where it would publish what others changed |
 */
function redeployment(
  desired: Desired,
  live: Live,
  about: {
    readonly wanted: ReadonlyMap<string, boolean>;
    readonly definition: readonly Change[];
    readonly owned: Spec;
    readonly context: Third;
  },
): { readonly changes: readonly Change[]; readonly held: readonly Held[] } {
  const { wanted, definition, owned, context } = about;
  const stages = asked(desired).redeploy?.stages ?? [];
  const written = decodeApplied(live.tags[TAG.applied]);
  const settled = (field: string) => isWritten(field, owned, written, context.rules, context.fingerprint);
  if (stages.length === 0 || settled('redeploy')) return { changes: [], held: [] };
  // Which source a stage serves can't be read: a deployment is due where it changes now, or a pass that changed it came to no end.
  const source = definition.some(({ field }) => field === 'apiKeySource') || (written.has('apiKeySource') && !settled('apiKeySource'));
  const is = requirementOf(live);
  const changes: Change[] = [];
  const held: Held[] = [];
  for (const stage of stages) {
    const deployment = is.deployments[stage];
    const place = { field: 'redeploy', keys: [stage], path: pointer(['spec', 'redeploy', 'stages', stage]) };
    const change: Change = { ...place, desired: 'a new deployment', live: deployment, cause: 'git' };
    const maker = context.making.get(`${live.id}:${stage}`);
    if (maker !== undefined) {
      // It serves nothing yet, so nothing can be published that it doesn't serve.
      changes.push({ ...change, needs: [maker] });
      continue;
    }
    if (deployment === undefined) {
      const message = `the API has no stage ${stage}: correct the name, or have it deployed first`;
      held.push({ reason: 'unresolved-reference', message, changes: [change] });
      continue;
    }
    if (!source && servedOtherwise(stage, wanted, is).length === 0) continue;
    const others = undeployedByOthers(stage, wanted, is);
    if (others.length === 0) changes.push(change);
    else held.push({ reason: 'undeployed-changes', message: undeployedText(stage, others), changes: [change] });
  }
  return { changes, held };
}

/** Whether a deployment would publish what the document asks for, and nothing of anybody else's on these stages; one that this pass made serves nothing yet. */
export function isReadyToDeploy(desired: Desired, planned: Live, now: Live, stages: readonly string[]): boolean {
  const wanted = wantedMethods(desired, now);
  const is = requirementOf(now);
  const isNew = (stage: string) => requirementOf(planned).deployments[stage] === undefined;
  const stands = [...wanted].every(([key, value]) => is.methods[key]?.apiKeyRequired === value);
  const isOurs = (stage: string) => isNew(stage) || undeployedByOthers(stage, wanted, is).length === 0;
  return stands && stages.every((stage) => is.deployments[stage] !== undefined && isOurs(stage));
}

/** The methods that a deployment would publish on a stage beside our own change. */
function undeployedByOthers(stage: string, wanted: ReadonlyMap<string, boolean>, live: LiveRequirement): string[] {
  const { served, undeployed, methods } = live;
  const now = served[stage] ?? {};
  const required = Object.keys(now).filter((key) => !wanted.has(key) && methods[key] && methods[key].apiKeyRequired !== now[key]);
  return [...new Set([...(undeployed[stage] ?? []), ...required])].sort(byText);
}

function undeployedText(stage: string, methods: readonly string[]): string {
  return `somebody changed ${some(methods)} in the API and did not deploy it: redeploying would publish that on ${stage} too; have the API's own pipeline deploy it, or undo it`;
}

function unservedText(
  otherwise: readonly { readonly stage: string; readonly methods: readonly string[] }[],
  wanted: ReadonlyMap<string, boolean>,
): string {
  const parts = otherwise.flatMap(({ stage, methods }) => {
    const open = methods.filter((key) => wanted.get(key));
    const closed = methods.filter((key) => !wanted.get(key));
    return [
      ...(open.length > 0 ? [`stage ${stage} serves ${some(open)} without a key`] : []),
      ...(closed.length > 0 ? [`stage ${stage} still demands a key for ${some(closed)}`] : []),
    ];
  });
  return `required and served differ: ${parts.join('; ')}; deploy the API to make it so`;
}

/** The first few, and how many more. */
function some(methods: readonly string[]): string {
  const [shown, rest] = [methods.slice(0, 3), methods.length - 3];
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
