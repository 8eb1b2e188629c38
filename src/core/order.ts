/** From steps to the calls that carry them out: what needs what, and what is urgent (design, section 4). */
import { applied } from './diff.ts';
import { isLiveChange } from './fields.ts';
import { identity, type Json, type Live } from './model.ts';
import type { Change, Step } from './plan.ts';
import type { Rules } from './rules.ts';
import { byText, isMap } from './values.ts';

/** Lower goes first. */
export const URGENCY = { revoke: 0, restore: 1, tighten: 2, attach: 3, rest: 4 } as const;
export type Urgency = (typeof URGENCY)[keyof typeof URGENCY];

interface Common {
  /** Unique in a plan, and the same each time. */
  readonly id: string;
  /** The identities of the steps that it belongs to; the first is the one that it writes. */
  readonly step: Step;
  readonly urgency: Urgency;
  /** Ids of operations that must be over first. One that fails takes with it only what can't go on without it. */
  readonly after: readonly string[];
  /** The API operations that it takes, for the estimate and the lane. */
  readonly calls: readonly string[];
}

export type Operation = Common &
  (
    | { readonly type: 'create' | 'delete' | 'tag' }
    | { readonly type: 'update'; readonly changes: readonly Change[] }
    | { readonly type: 'attach' | 'detach'; readonly key: string; readonly change?: Change }
    /** Out of one plan and into another, back to back; `from` is the step of the plan that loses it. */
    | { readonly type: 'move'; readonly key: string; readonly from: Step; readonly change?: Change; readonly lost?: Change }
  );

/** All operations of a plan, the most urgent first; `after` decides what may begin. */
export function operations(steps: readonly Step[], allRules: readonly Rules[]): Operation[] {
  const rulesOf = new Map(allRules.map((rules) => [rules.kind, rules]));
  const active = steps.filter((step) => step.action !== 'hold');
  const moves = findMoves(active);
  const found = active.flatMap((step) => {
    const rules = rulesOf.get(step.kind);
    return rules ? operationsOf(step, rules, moves) : [];
  });
  const ordered = withoutKnots(found);
  return urgentFirst(ordered);
}

interface Move {
  readonly key: string;
  readonly from: Step;
  readonly to: Step;
  readonly gained?: Change;
  readonly lost?: Change;
}

const idOf = (type: string, step: Step, extra = '') => `${type} ${identity(step)}${extra && ` ${extra}`}`;

function operationsOf(step: Step, rules: Rules, moves: readonly Move[]): Operation[] {
  const mine: Operation[] = [];
  const moving = (key: string, to: boolean) => moves.find((move) => move.key === key && (to ? move.to : move.from) === step);
  const attach = (key: string, change?: Change) => {
    const move = moving(key, true);
    const common = { step, key, urgency: URGENCY.attach, after: [], ...(change && { change }) };
    if (!move)
      mine.push({ ...common, type: 'attach', id: idOf('attach', step, key), urgency: urgencyOf(change), calls: ['CreateUsagePlanKey'] });
    else {
      const calls = ['DeleteUsagePlanKey', 'CreateUsagePlanKey'];
      mine.push({ ...common, type: 'move', id: idOf('move', step, key), from: move.from, ...(move.lost && { lost: move.lost }), calls });
    }
  };
  const detach = (key: string, change?: Change) => {
    if (moving(key, false)) return;
    mine.push({
      type: 'detach',
      id: idOf('detach', step, key),
      step,
      key,
      urgency: URGENCY.revoke,
      after: [],
      calls: ['DeleteUsagePlanKey'],
      ...(change && { change }),
    });
  };

  if (step.action === 'create') {
    mine.push({ type: 'create', id: idOf('create', step), step, urgency: URGENCY.rest, after: [], calls: createCalls(step) });
    for (const key of keysOf(step.owned.keys)) attach(key);
  } else if (step.action === 'delete') {
    for (const key of keysOf(step.live?.spec.keys)) detach(key);
    mine.push({ type: 'delete', id: idOf('delete', step), step, urgency: URGENCY.rest, after: [], calls: deleteCalls(step) });
  } else {
    const live = step.changes.filter((change) => isLiveChange(change, rules));
    for (const change of live) {
      const [key, ...deeper] = change.keys;
      if (!isMember(change) || key === undefined || deeper.length > 0) continue;
      if (change.desired === undefined) detach(key, change);
      else attach(key, change);
    }
    mine.push(...updates(step, live));
  }
  const writesTags = step.action !== 'delete' && (mine.length > 0 || step.action !== 'keep' || hasTags(step));
  if (writesTags)
    mine.push({
      type: 'tag',
      id: idOf('tag', step),
      step,
      urgency: URGENCY.rest,
      after: mine.map((one) => one.id),
      calls: step.action === 'create' ? [] : ['TagResource'],
    });
  return mine;
}

/** Disabling goes alone and first: nothing else may stop it, not even another field that the service refuses. */
function updates(step: Step, live: readonly Change[]): Operation[] {
  const fields = live.filter((change) => !isMember(change) && change.field !== 'tags');
  const off = fields.filter((change) => change.field === 'enabled' && change.desired === false);
  const rest = fields.filter((change) => !off.includes(change));
  const update = (changes: readonly Change[], extra: string): Operation => ({
    type: 'update',
    id: idOf('update', step, extra),
    step,
    changes,
    urgency: Math.min(...changes.map(urgencyOf)) as Urgency,
    after: [],
    calls: [UPDATE_CALL[step.kind] ?? `Update${step.kind}`],
  });
  return [...(off.length > 0 ? [update(off, 'enabled')] : []), ...(rest.length > 0 ? [update(rest, '')] : [])];
}

const UPDATE_CALL: Readonly<Record<string, string>> = { ApiKey: 'UpdateApiKey', UsagePlan: 'UpdateUsagePlan', Stage: 'UpdateStage' };

function createCalls(step: Step): string[] {
  const { owned } = step;
  const says = (field: string) =>
    owned[field] !== null && owned[field] !== undefined && !(isMap(owned[field]) && Object.keys(owned[field]).length === 0);
  if (step.kind === 'UsagePlan') return ['CreateUsagePlan', ...(says('productCode') ? ['UpdateUsagePlan'] : [])];
  if (step.kind === 'Stage') {
    const second = ['methodSettings', 'accessLog', 'clientCertificateId'].some(says);
    return [...(step.birth?.deployment === 'latest' ? ['GetDeployments'] : []), 'CreateStage', ...(second ? ['UpdateStage'] : [])];
  }
  return ['CreateApiKey'];
}

function deleteCalls(step: Step): string[] {
  if (step.kind === 'UsagePlan') return [...(keysOf(step.live?.spec.stages).length > 0 ? ['UpdateUsagePlan'] : []), 'DeleteUsagePlan'];
  return [step.kind === 'Stage' ? 'DeleteStage' : 'DeleteApiKey'];
}

function isMember(change: Change): boolean {
  return change.field === 'keys';
}

function hasTags(step: Step): boolean {
  return Object.keys(step.tags.set).length > 0 || step.tags.remove.length > 0 || step.disclaims.length > 0;
}

/**
 * | change | urgency |
 * | --- | --- |
 * | access taken away | revoke |
 * | access that somebody else took away comes back | restore |
 * | a limit lowered, or put where none was | tighten |
 * | access given | attach |
 */
export function urgencyOf(change: Change | undefined): Urgency {
  if (!change) return URGENCY.attach;
  const { field, keys, desired, live, cause } = change;
  const hand = cause === 'live' || cause === 'both';
  const access = field === 'enabled' || (field === 'keys' && keys.length === 1) || (field === 'stages' && keys.length === 1);
  if (access && (desired === false || desired === undefined)) return URGENCY.revoke;
  if (access) return hand ? URGENCY.restore : URGENCY.attach;
  if (isTighter(field, keys, desired, live)) return URGENCY.tighten;
  return URGENCY.rest;
}

function isTighter(field: string, keys: readonly string[], desired: Json | undefined, live: Json | undefined): boolean {
  const limits = field === 'throttle' || field === 'quota' || keys.includes('methodThrottles') || keys.includes('throttle');
  if (!limits || desired === undefined || desired === null) return false;
  if (live === undefined || live === null) return true;
  return typeof desired === 'number' && typeof live === 'number' && desired < live;
}

/** A key that leaves one plan and joins another for the same stage, in one plan. */
function findMoves(steps: readonly Step[]): Move[] {
  const plans = steps.filter((step) => step.kind === 'UsagePlan');
  const joins = plans.flatMap((step) => joining(step));
  return plans.flatMap((from) =>
    leaving(from).flatMap(({ key, change: lost }): Move[] => {
      const stages = keysOf(from.live?.spec.stages);
      const join = joins.find(
        (one) => one.key === key && one.step !== from && keysOf(stagesAfter(one.step)).some((stage) => stages.includes(stage)),
      );
      return join ? [{ key, from, to: join.step, ...(join.change && { gained: join.change }), ...(lost && { lost }) }] : [];
    }),
  );
}

function leaving(step: Step): { readonly key: string; readonly change?: Change }[] {
  if (step.action === 'delete') return keysOf(step.live?.spec.keys).map((key) => ({ key }));
  return step.changes
    .filter((change) => isMember(change) && change.desired === undefined && step.live)
    .map((change) => ({ key: change.keys[0] ?? '', change }));
}

function joining(step: Step): { readonly step: Step; readonly key: string; readonly change?: Change }[] {
  if (step.action === 'create') return keysOf(step.owned.keys).map((key) => ({ step, key }));
  return step.changes
    .filter((change) => isMember(change) && change.desired !== undefined)
    .map((change) => ({ step, key: change.keys[0] ?? '', change }));
}

function stagesAfter(step: Step): Json | undefined {
  return step.live ? applied(step.live.spec, step.changes).stages : step.owned.stages;
}

function keysOf(value: Json | undefined): string[] {
  return isMap(value) ? Object.keys(value) : [];
}

/**
 * What must be over before an operation begins:
 * the making of what it refers to; a plan's own limits before a key joins it; the detaching before a deletion;
 * the deletion of what refers to a thing before the thing's; and, since a key may be in one plan per stage (facts, 1.3), whatever takes
 * the pair (key, stage) out of one plan before what brings it into another.
 */
function withDependencies(all: readonly Operation[]): Operation[] {
  const making = new Map(all.filter((one) => one.type === 'create').map((one) => [identity(one.step), one.id]));
  const updating = new Map(
    all.filter((one) => one.type === 'update' && one.step.kind === 'UsagePlan').map((one) => [identity(one.step), one]),
  );
  const releases = Map.groupBy(all.flatMap(released), ({ pair }) => pair);
  return all.map((one) => {
    const after = new Set(one.after);
    const needs = (id: string | undefined) => id !== undefined && id !== one.id && after.add(id);
    // A plan is made without its keys: they join it afterwards.
    if (one.type === 'create')
      for (const change of one.step.changes) if (!isMember(change)) for (const id of change.needs ?? []) needs(making.get(id));
    if (one.type === 'update') for (const id of one.changes.flatMap((change) => change.needs ?? [])) needs(making.get(id));
    if (one.type === 'attach' || one.type === 'move') {
      needs(making.get(one.key.replace(/^pending:/, '')));
      needs(making.get(identity(one.step)));
      needs(updating.get(identity(one.step))?.id);
    }
    if (one.type === 'delete') {
      for (const other of all) {
        const own = identity(other.step) === identity(one.step) && other.type === 'detach';
        const moved = other.type === 'move' && other.from === one.step;
        const referring =
          one.step.kind !== 'UsagePlan' &&
          other.step.kind === 'UsagePlan' &&
          (other.type === 'delete' || other.type === 'detach' || other.type === 'update');
        if (own || moved || referring) needs(other.id);
      }
    }
    for (const release of gainedBy(one).flatMap((pair) => releases.get(pair) ?? [])) if (release.step !== one.step) needs(release.id);
    return { ...one, after: [...after].sort() };
  });
}

/**
 * Plans that exchange stages wait for each other, and the service takes none of them first while they share a key (facts, 1.3):
 * one of them gives up its stages in a call of its own.
 */
function withoutKnots(all: readonly Operation[]): Operation[] {
  const ordered = withDependencies(all);
  const knot = ordered.find((one) => one.type === 'update' && one.changes.some(givesUp) && waitsForItself(one, ordered));
  if (knot?.type !== 'update' || knot.changes.every(givesUp)) return ordered;
  const part = (id: string, changes: readonly Change[]): Operation => {
    return { ...knot, id, changes, urgency: Math.min(...changes.map(urgencyOf)) as Urgency, after: [] };
  };
  const first = part(`${knot.id} first`, knot.changes.filter(givesUp));
  const rest = part(
    knot.id,
    knot.changes.filter((change) => !givesUp(change)),
  );
  return withoutKnots(
    all.flatMap((one): Operation[] => {
      if (one.id === knot.id) return [first, rest];
      return [one.after.includes(knot.id) ? { ...one, after: [...one.after, first.id] } : one];
    }),
  );
}

/** A stage leaves a plan. */
function givesUp({ field, keys, desired }: Change): boolean {
  return field === 'stages' && keys.length === 1 && desired === undefined;
}

function waitsForItself(one: Operation, all: readonly Operation[]): boolean {
  const byId = new Map(all.map((other) => [other.id, other]));
  const waitedFor = new Set<string>();
  const follow = (id: string): void => {
    if (waitedFor.has(id)) return;
    waitedFor.add(id);
    byId.get(id)?.after.forEach(follow);
  };
  one.after.forEach(follow);
  return waitedFor.has(one.id);
}

function pairsOf(live: Live | undefined): string[] {
  return keysOf(live?.spec.keys).flatMap((key) => keysOf(live?.spec.stages).map((stage) => `${key} ${stage}`));
}

function released(one: Operation): { readonly id: string; readonly step: Step; readonly pair: string }[] {
  const { live } = one.step;
  if (live?.kind !== 'UsagePlan') return [];
  const gone = (pair: string): boolean => {
    const [key, stage] = pair.split(' ');
    if (one.type === 'detach') return one.key === key;
    if (one.type === 'update') return one.changes.some((change) => givesUp(change) && change.keys[0] === stage);
    return one.type === 'delete';
  };
  return pairsOf(live)
    .filter(gone)
    .map((pair) => ({ id: one.id, step: one.step, pair }));
}

function gainedBy(one: Operation): string[] {
  if (one.type === 'attach' && one.step.kind === 'UsagePlan') return keysOf(stagesAfter(one.step)).map((stage) => `${one.key} ${stage}`);
  if (one.type !== 'update' || one.step.live?.kind !== 'UsagePlan') return [];
  const stages = one.changes
    .filter((change) => change.field === 'stages' && change.keys.length === 1 && change.desired !== undefined)
    .map((change) => change.keys[0] ?? '');
  return keysOf(one.step.live.spec.keys).flatMap((key) => stages.map((stage) => `${key} ${stage}`));
}

/** An operation is as urgent as what waits for it. */
function urgentFirst(all: readonly Operation[]): Operation[] {
  const byId = new Map(all.map((one) => [one.id, one]));
  const urgency = new Map<string, Urgency>(all.map((one) => [one.id, one.urgency]));
  const raise = (id: string, to: Urgency, path: ReadonlySet<string>): void => {
    const one = byId.get(id);
    if (!one || path.has(id)) return;
    if ((urgency.get(id) ?? to) > to) urgency.set(id, to);
    for (const before of one.after) raise(before, to, new Set([...path, id]));
  };
  for (const one of all) if (one.type !== 'tag') for (const before of one.after) raise(before, one.urgency, new Set([one.id]));
  const rank: Readonly<Record<Operation['type'], number>> = { detach: 0, update: 1, create: 2, move: 3, attach: 4, tag: 5, delete: 6 };
  return all
    .map((one): Operation => ({ ...one, urgency: urgency.get(one.id) ?? one.urgency }))
    .sort((a, b) => a.urgency - b.urgency || rank[a.type] - rank[b.type] || byText(a.id, b.id));
}
