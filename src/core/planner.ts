/** The plan of one target: pure; the same input gives the same plan in the same order. */
import { appliedTag } from './applied.ts';
import { type Canonical, canonical, defaultOf } from './canonical.ts';
import { compareRequirement } from './compare-requirement.ts';
import { heldConflicts } from './conflicts.ts';
import { compare, type Held, unresolvedEntry } from './fields.ts';
import { guarded } from './guards.ts';
import type { Pinned, PlanInput } from './input.ts';
import { heldLimits } from './limits.ts';
import { type Match, match, sharedClaims } from './match.ts';
import { modeOf } from './mode.ts';
import { type Desired, identity, type Json, type Live, type Spec, TAG } from './model.ts';
import { orphanSteps } from './orphans.ts';
import { claimOf } from './ownership.ts';
import { heldImpassable } from './passage.ts';
import { type Cause, type Change, held, type Incident, type Plan, type Step } from './plan.ts';
import { recreation } from './recreated.ts';
import { resolver, stageId } from './references.ts';
import { REQUIREMENT } from './requirement.ts';
import { isNatural, type Rules } from './rules.ts';
import { isDrift } from './summarize.ts';
import { URGENCY, urgencyOf } from './urgency.ts';
import { byText, isMap, isNone, pointer } from './values.ts';
import { adoptText } from './ways-out.ts';
import { createWorld, type World } from './world.ts';

export function plan(given: PlanInput): Plan {
  const input = inOrder(given);
  const world = createWorld({ namespace: input.target.namespace, owner: input.target.owner, apis: input.apis, live: input.live });
  const matches = new Map(
    [...input.desired, ...input.neighbours].map((desired): [Desired, Match] => [
      desired,
      match(desired, { ...world, namespace: desired.namespace }),
    ]),
  );
  for (const [desired, others] of sharedClaims(matches)) matches.set(desired, ambiguous(others, matches.get(desired)));
  const doubtful = new Set([...matches.values()].flatMap((found) => (found.is === 'held' ? (found.candidates ?? []) : [])));
  const stageNames = new Map<string, string>();
  for (const desired of input.desired) {
    const id = desired.kind === 'Stage' ? stageId(desired, input.apis) : undefined;
    if (id && 'found' in id) stageNames.set(id.found, desired.name);
  }

  const steps: Step[] = [];
  for (const rules of input.rules) {
    // The kinds come in dependency order, so that what a reference leads to is decided before it is followed.
    const resolve = resolver(world, steps);
    const created = steps.filter(({ action }) => action === 'create');
    const making = new Map(created.map((step) => [step.naturalId ?? '', identity(step)]));
    const made = input.desired
      .filter((one) => one.kind === rules.kind)
      .flatMap((desired) => {
        const form = canonical(rules, desired, resolve);
        const object: Planned = { desired, rules, world, stageNames, doubtful, input, canonical: form, making };
        return objectSteps(object, disowned(object, matches.get(desired) as Match));
      });
    steps.push(...heldMassMissing(made, rules.kind, input));
  }
  steps.push(...orphanSteps(input, world, matches));
  const settled = heldImpassable(heldLimits(allowed(steps, world, input)), input.live);
  const rank = new Map(input.rules.map((rules, index) => [rules.kind, index]));
  const ordered = [...settled].sort((a, b) => (rank.get(a.kind) ?? 0) - (rank.get(b.kind) ?? 0) || byText(identity(a), identity(b)));
  return { steps: ordered, unmanaged: unmanaged(input, ordered) };
}

/** What a guard holds stays where it is, and may be in the way of something else; what is held for that is no move any more, and the guard counts it. */
function allowed(steps: readonly Step[], world: World, input: PlanInput): readonly Step[] {
  const rest = guarded(heldConflicts(steps, world), input);
  const isSame = rest.length === steps.length && rest.every((step, index) => step === steps[index]);
  return isSame ? rest : allowed(rest, world, input);
}

interface Planned {
  readonly desired: Desired;
  readonly rules: Rules;
  readonly world: World;
  readonly stageNames: ReadonlyMap<string, string>;
  /** Live objects that a held document may mean. */
  readonly doubtful: ReadonlySet<Live>;
  readonly input: PlanInput;
  readonly canonical: Canonical;
  /** Who makes what this plan creates, by natural id. */
  readonly making: ReadonlyMap<string, string>;
}

/** The parts of a step that every step of a document has. */
function base({ desired }: Planned): Omit<Step, 'action' | 'state'> {
  const { kind, namespace, name, source } = desired;
  return { kind, namespace, name, source, desired, changes: [], unclaimed: [], owned: {}, tags: { set: {}, remove: [] }, disclaims: [] };
}

function objectSteps(object: Planned, found: Match & { readonly incident?: Incident }): Step[] {
  const live = found.is === 'missing' ? undefined : found.live;
  const suspended = suspension(object, live);
  if (suspended) {
    return [
      {
        ...base(object),
        action: 'hold',
        wants: live ? 'update' : 'create',
        state: 'unknown',
        reason: 'suspended',
        message: suspended,
        ...(live && { live }),
      },
    ];
  }
  if (found.is === 'held') {
    const { reason, wants, state, message } = found;
    const incident = found.incident && { incident: found.incident };
    return [{ ...base(object), action: 'hold', wants, state, reason, message, ...(live && { live }), ...incident }];
  }
  const steps = found.is === 'missing' ? creation(object, found.naturalId) : existing(object, found);
  return modeOf(object.desired, object.input.target, object.input.policy) === 'observe' ? steps.map(observed) : steps;
}

function suspension({ desired }: Planned, live: Live | undefined): string | undefined {
  if (live?.tags[TAG.suspend] !== undefined)
    return `the live object bears the tag ${TAG.suspend}: remove the tag to have it reconciled again`;
  if (desired.annotations.mode === 'suspend') return 'the manifest says apikeeper.dev/mode: suspend';
  return undefined;
}

function observed(step: Step): Step {
  if (step.action === 'hold') return step;
  if (step.action === 'keep') return { ...step, tags: { set: {}, remove: [] } };
  const observing = 'observed, not enforced: nothing is written';
  return held(step, 'observe', step.incident && step.message ? `${step.message}; ${observing}` : observing);
}

function creation(object: Planned, naturalId: string | undefined): Step[] {
  const { desired, rules, canonical: form, input } = object;
  const missing = { ...base(object), state: 'missing' as const };
  if (desired.kind === 'Stage' && desired.spec.deployment === undefined) {
    const message =
      'the stage does not exist, and the manifest names no deployment to create it from: deploy the API, or say deployment: latest';
    return [{ ...missing, action: 'hold', wants: 'create', reason: 'unresolved-reference', message }];
  }
  const pinned = input.pinned.get(identity(desired));
  if (typeof pinned === 'object')
    return [{ ...missing, action: 'hold', wants: 'create', reason: 'dependency', message: pinned.unreadable }];

  const owned: Record<string, Json> = {};
  const birth: Record<string, Json> = {};
  for (const rule of Object.values(rules.fields)) {
    const given = desired.spec[rule.name];
    const named = form.named[rule.name];
    if (rule.sensitive || (rule.role !== 'live' && rule.role !== 'birth')) continue;
    if (named !== undefined || rule.role === 'live') owned[rule.name] = named === undefined ? defaultOf(rule, desired) : named;
    else if (given !== undefined) birth[rule.name] = given;
  }
  const deleted = input.seen.has(identity(desired));
  const lost = deleted && desired.kind === 'ApiKey';
  const create: Step = {
    ...missing,
    action: 'create',
    changes: creationChanges(object, { ...birth, ...owned }, deleted ? 'live' : 'git'),
    owned,
    birth,
    tags: { set: ourTags(object, undefined), remove: [] },
    ...(naturalId && { naturalId }),
    ...(lost && {
      incident: 'key.lost' as const,
      message: 'the live key was deleted behind our back: created again, it has another value',
    }),
  };
  return [create, ...unresolvedSteps(object, undefined, form.unresolved.map(unresolvedEntry))];
}

/** Everything that a create writes, as changes from nothing: what says none is left out, nobody reads that. */
function creationChanges({ rules, canonical: form }: Planned, owned: Spec, cause: Cause): Change[] {
  return Object.entries(owned)
    .filter(([, value]) => !isNone(value))
    .flatMap(([field, value]): Change[] => {
      if (typeof rules.fields[field]?.key !== 'string' || !isMap(value))
        return [{ field, keys: [], path: pointer(['spec', field]), desired: value, live: undefined, cause }];
      return Object.entries(value).map(([key, entry]) => {
        const needs = form.pending.get(field)?.get(key);
        const path = pointer(['spec', field, form.labels.get(field)?.get(key) ?? key]);
        return { field, keys: [key], path, desired: entry, live: undefined, cause, ...(needs !== undefined && { needs: [needs] }) };
      });
    });
}

function existing(object: Planned, found: Extract<Match, { is: 'live' }>): Step[] {
  const { desired, rules, world, stageNames, doubtful, input, making, canonical: form } = object;
  const { live } = found;
  const seen = input.seen.get(identity(desired));
  const third = { world, rules, fingerprint: input.fingerprint, seen: seen?.id === live.id ? seen.spec : undefined };
  const result =
    desired.kind === REQUIREMENT
      ? compareRequirement(desired, live, { ...third, making })
      : compare(desired, form, live, { ...third, stageNames, doubtful });
  const { changes, held: fought } = giveWay(object, result.changes);
  const news = recreation({ desired, form, stageNames, world }, live, seen);
  const changed = changes.length > 0 || found.disclaims.length > 0;
  // Without a difference there is no call whose end it must wait for: a stale tag is renewed in passing.
  const heldBack = [...result.held, ...fought];
  const unsettled = new Set(heldBack.flatMap((one) => one.changes.map((change) => change.field)));
  const says = changed ? '' : appliedTag({ live }, result.owned, unsettled, rules, input.fingerprint);
  const renewed = says === '' ? {} : { [TAG.applied]: says };
  const message = [result.message, result.unserved].filter((one) => one !== undefined).join('; ');
  const main: Step = {
    ...base(object),
    action: found.adopt ? 'adopt' : changed ? 'update' : 'keep',
    state: found.adopt ? 'unmanaged' : changed ? 'changed' : result.unserved !== undefined ? 'unserved' : 'in-sync',
    live,
    ...(message !== '' && { message }),
    ...(result.unserved !== undefined && { unserved: result.unserved }),
    changes,
    unclaimed: result.unclaimed,
    owned: result.owned,
    tags: tagChanges({ ...ourTags(object, live), ...renewed }, live),
    disclaims: found.disclaims,
    ...news,
  };
  const pinned = input.pinned.get(identity(desired));
  return [main, ...unresolvedSteps(object, live, heldBack), ...pinnedSteps(object, live, pinned)];
}

/** A field that somebody keeps setting back is left to them; what takes access away, or lowers a limit, is enforced all the same. */
function giveWay(
  { desired, input }: Planned,
  changes: readonly Change[],
): { readonly changes: readonly Change[]; readonly held: readonly Held[] } {
  const isFought = (change: Change) =>
    input.contested.has(`${identity(desired)} ${change.path}`) &&
    isDrift(change) &&
    ![URGENCY.revoke, URGENCY.tighten].some((urgent) => urgent === urgencyOf(change));
  const fought = changes.filter(isFought);
  if (fought.length === 0) return { changes, held: [] };
  const message =
    'somebody set it back three times in 24 hours: find out who, and either stop them or change the manifest; any commit to this document starts anew';
  return { changes: changes.filter((change) => !isFought(change)), held: [{ reason: 'contested', message, changes: fought }] };
}

/** The tags that say whose it is. What we did not create, such as a stage of the API's pipeline, gets no `on-remove`: it is never ours to delete. */
function ourTags({ desired, rules, world }: Planned, live: Live | undefined): Record<string, string> {
  const policy = desired.spec.deletionPolicy ?? rules.fields.deletionPolicy?.default;
  const removable = !isNatural(rules) || !live || TAG.onRemove in live.tags;
  return {
    [TAG.owner]: world.owner,
    [TAG.resource]: `${desired.namespace}/${desired.name}`,
    ...(removable && { [TAG.onRemove]: String(policy) }),
  };
}

function tagChanges(wanted: Readonly<Record<string, string>>, live: Live): Step['tags'] {
  return {
    set: Object.fromEntries(Object.entries(wanted).filter(([key, value]) => live.tags[key] !== value)),
    remove: TAG.deleteAfter in live.tags ? [TAG.deleteAfter] : [],
  };
}

function unresolvedSteps(object: Planned, live: Live | undefined, all: readonly Held[]): Step[] {
  return all.map(({ reason, message, changes }) => ({
    ...base(object),
    action: 'hold',
    wants: live ? 'update' : 'create',
    state: live ? 'changed' : 'missing',
    reason,
    message,
    changes,
    ...(live && { live }),
  }));
}

/** A key's value can't be changed (facts, 1.1): a pinned one that differs is held, and no other field waits for it. */
function pinnedSteps(object: Planned, live: Live, pinned: Pinned | undefined): Step[] {
  if (pinned === undefined || pinned === 'same') return [];
  const value: Change = { field: 'value', keys: [], path: '/spec/value', desired: '(sensitive)', live: '(sensitive)', cause: 'unknown' };
  if (typeof pinned === 'object') return unresolvedSteps(object, live, [{ reason: 'dependency', message: pinned.unreadable, changes: [] }]);
  const message =
    'the live key has another value than the manifest pins, and a value cannot be changed: rotate it, with a second ApiKey that gets the new value, and remove this one when its consumers have moved';
  return unresolvedSteps(object, live, [{ reason: 'immutable-field', message, changes: [value] }]);
}

function ambiguous(others: readonly Desired[], found: Match | undefined): Match {
  const places = others.map((one) => `${one.kind}/${one.namespace}/${one.name} (${one.source.file}:${one.source.line})`).join(', ');
  return {
    is: 'held',
    reason: 'ambiguous',
    state: 'ambiguous',
    wants: 'update',
    message: `${places} means the same live object: keep one of the documents`,
    ...(found?.is === 'live' && { live: found.live, candidates: [found.live] }),
  };
}

/** An object that was ours in this process's last pass, and now lacks our tags, is neither missing nor a stranger. */
function disowned({ desired, rules, input, world }: Planned, found: Match): Match & { readonly incident?: Incident } {
  const seen = input.seen.get(identity(desired));
  if (!seen || isNatural(rules) || found.is === 'live') return found;
  const live = world.byId(desired.kind, seen.id);
  if (!live || claimOf(live, world.owner)) return found;
  const message = `${live.id} was ours in the last pass, and somebody took our tags off: put them back with the annotation ${adoptText(desired, live.id)}`;
  return { is: 'held', reason: 'not-owned', state: 'unmanaged', wants: 'update', message, live, incident: 'object.disowned' };
}

/** Too many of what this process saw live are gone at once: more likely a wrong account or a broken list than so many hands. */
function heldMassMissing(steps: readonly Step[], kind: string, input: PlanInput): readonly Step[] {
  const isLost = (step: Step) => step.action === 'create' && input.seen.has(identity(step));
  const known = [...input.seen.keys()].filter((id) => id.startsWith(`${kind}/`)).length;
  const gone = steps.filter(isLost).length;
  // One that is gone is no mass, however few there are.
  if (gone <= 1 || gone * 100 <= input.policy.maxPercent * known) return steps;
  const message = `more than ${input.policy.maxPercent} % of what was live in the last pass is gone at once: check the account and region, then restart apikeeper to have them created again`;
  return steps.map((step) => (isLost(step) ? held(step, 'mass-missing', message) : step));
}

/** What is nobody's here: it is counted, and never changed. */
function unmanaged(input: PlanInput, steps: readonly Step[]): Live[] {
  const known = new Set(steps.filter((step) => step.reason !== 'not-owned').map((step) => `${step.kind} ${step.live?.id}`));
  const isOurs = (live: Live) => input.namespaces.has(claimOf(live, input.target.owner)?.namespace ?? '');
  return input.live.filter((live) => !known.has(`${live.kind} ${live.id}`) && !isOurs(live));
}

/** The order in which documents and live objects were listed decides nothing. */
function inOrder(input: PlanInput): PlanInput {
  const documents = (all: readonly Desired[]) => [...all].sort((a, b) => byText(identity(a), identity(b)));
  const live = [...input.live].sort((a, b) => byText(a.kind, b.kind) || byText(a.id, b.id));
  return { ...input, desired: documents(input.desired), neighbours: documents(input.neighbours), live };
}
