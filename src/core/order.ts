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
  /** The step that it writes; of a move, the first of several. */
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
    | { readonly type: 'attach' | 'detach'; readonly key: string }
    /** Out of some plans and into others, back to back; `step` is the first of `to`. */
    | ({ readonly type: 'move' } & Move)
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

/** A key that goes from plans to others that have a stage in common with them. */
interface Move {
  readonly key: string;
  readonly from: readonly Step[];
  readonly to: readonly Step[];
}

/** The steps that an operation is a part of. */
export function stepsOf(one: Operation): readonly Step[] {
  return one.type === 'move' ? [...one.to, ...one.from] : [one.step];
}

/** What left Git is told apart by its id: several live objects may bear the tags of one identity. */
function idOf(type: string, step: Step, extra = ''): string {
  return [type, identity(step), step.state === 'orphaned' ? step.live?.id : '', extra].filter(Boolean).join(' ');
}

const idOfMove = ({ key, to }: Move) => (to[0] ? idOf('move', to[0], key) : '');

function operationsOf(step: Step, rules: Rules, moves: readonly Move[]): Operation[] {
  const mine: Operation[] = [];
  const moveOf = (key: string, side: 'from' | 'to') => moves.find((move) => move.key === key && move[side].includes(step));
  const attach = (key: string, change?: Change) => {
    const move = moveOf(key, 'to');
    if (!move) {
      const calls = ['CreateUsagePlanKey'];
      mine.push({ type: 'attach', id: idOf('attach', step, key), step, key, urgency: urgencyOf(change), after: [], calls });
    } else if (move.to[0] === step) {
      const calls = [...move.from.map(() => 'DeleteUsagePlanKey'), ...move.to.map(() => 'CreateUsagePlanKey')];
      mine.push({ ...move, type: 'move', id: idOfMove(move), step, urgency: URGENCY.attach, after: [], calls });
    }
  };
  const detach = (key: string) => {
    if (moveOf(key, 'from')) return;
    const calls = ['DeleteUsagePlanKey'];
    mine.push({ type: 'detach', id: idOf('detach', step, key), step, key, urgency: URGENCY.revoke, after: [], calls });
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
      if (change.desired === undefined) detach(key);
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
      after: [...mine.map((one) => one.id), ...moves.filter(({ from, to }) => [...from, ...to].includes(step)).map(idOfMove)],
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

/** Where a key leaves and joins plans for the same stages, in one plan: it is to be without access for as short as can be. */
function findMoves(steps: readonly Step[]): Move[] {
  const plans = steps.filter((step) => step.kind === 'UsagePlan');
  const joins = Map.groupBy(plans.flatMap(joining), ({ key }) => key);
  const leaves = Map.groupBy(plans.flatMap(leaving), ({ key }) => key);
  return [...leaves].flatMap(([key, left]): Move[] => {
    const joined = joins.get(key) ?? [];
    const meets = (one: Member, other: Member) => one.step !== other.step && one.stages.some((stage) => other.stages.includes(stage));
    const from = left.filter((one) => joined.some((other) => meets(one, other))).map(({ step }) => step);
    const to = joined.filter((one) => left.some((other) => meets(one, other))).map(({ step }) => step);
    return to.length > 0 ? [{ key, from, to }] : [];
  });
}

/** A key that leaves a plan or joins one, and for which stages. */
interface Member {
  readonly key: string;
  readonly step: Step;
  readonly stages: readonly string[];
}

function leaving(step: Step): Member[] {
  if (!step.live) return [];
  const gone = (change: Change) => (isMember(change) && change.desired === undefined ? (change.keys[0] ?? []) : []);
  const keys = step.action === 'delete' ? keysOf(step.live.spec.keys) : step.changes.flatMap(gone);
  const stages = keysOf(step.live.spec.stages);
  return keys.map((key) => ({ key, step, stages }));
}

function joining(step: Step): Member[] {
  const come = (change: Change) => (isMember(change) && change.desired !== undefined ? (change.keys[0] ?? []) : []);
  const keys = step.action === 'create' ? keysOf(step.owned.keys) : step.changes.flatMap(come);
  const stages = keysOf(stagesAfter(step));
  return keys.map((key) => ({ key, step, stages }));
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
    all.filter((one) => one.type === 'update' && one.step.kind === 'UsagePlan').map((one) => [identity(one.step), one.id]),
  );
  const moves = all.filter((one) => one.type === 'move');
  const releases = Map.groupBy(all.flatMap(released), ({ pair }) => pair);
  return all.map((one) => {
    const after = new Set(one.after);
    const needs = (id: string | undefined) => id !== undefined && id !== one.id && after.add(id);
    // A plan is made without its keys: they join it afterwards.
    if (one.type === 'create')
      for (const change of one.step.changes) if (!isMember(change)) for (const id of change.needs ?? []) needs(making.get(id));
    if (one.type === 'update') {
      for (const id of one.changes.flatMap((change) => change.needs ?? [])) needs(making.get(id));
      // Whoever moves out of a plan has its stages until then.
      if (one.changes.some(givesUp)) for (const { id, from } of moves) if (from.includes(one.step)) needs(id);
    }
    if (one.type === 'attach' || one.type === 'move') {
      needs(making.get(one.key.replace(/^pending:/, '')));
      for (const to of one.type === 'move' ? one.to : [one.step]) {
        needs(making.get(identity(to)));
        needs(updating.get(identity(to)));
      }
    }
    if (one.type === 'delete') {
      for (const other of all) {
        const own = identity(other.step) === identity(one.step) && other.type === 'detach';
        const moved = other.type === 'move' && other.from.includes(one.step);
        const referring =
          one.step.kind !== 'UsagePlan' &&
          other.step.kind === 'UsagePlan' &&
          (other.type === 'delete' || other.type === 'detach' || other.type === 'update');
        if (own || moved || referring) needs(other.id);
      }
    }
    // What the plans give up that a move takes the key out of comes after the move.
    const own = one.type === 'move' ? one.from : [];
    for (const { id, step } of gainedBy(one).flatMap((pair) => releases.get(pair) ?? [])) if (!own.includes(step)) needs(id);
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
  const losers = one.type === 'move' ? one.from : [one.step];
  const gone = (pair: string): boolean => {
    const [key, stage] = pair.split(' ');
    if (one.type === 'detach' || one.type === 'move') return one.key === key;
    if (one.type === 'update')
      return one.changes.some(
        (change) => change.field === 'stages' && change.desired === undefined && change.keys.length === 1 && change.keys[0] === stage,
      );
    return one.type === 'delete';
  };
  return losers
    .filter(({ kind }) => kind === 'UsagePlan')
    .flatMap((step) => pairsOf(step.live).map((pair) => ({ id: one.id, step, pair })))
    .filter(({ pair }) => gone(pair));
}

function gainedBy(one: Operation): string[] {
  if (one.type === 'attach') return pairsWith(one.key, one.step);
  if (one.type === 'move') return one.to.flatMap((step) => pairsWith(one.key, step));
  if (one.type !== 'update' || one.step.live?.kind !== 'UsagePlan') return [];
  const stages = one.changes
    .filter((change) => change.field === 'stages' && change.keys.length === 1 && change.desired !== undefined)
    .map((change) => change.keys[0] ?? '');
  return keysOf(one.step.live.spec.keys).flatMap((key) => stages.map((stage) => `${key} ${stage}`));
}

function pairsWith(key: string, plan: Step): string[] {
  return keysOf(stagesAfter(plan)).map((stage) => `${key} ${stage}`);
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
