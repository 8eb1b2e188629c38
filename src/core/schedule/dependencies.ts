/** What has to be over before an operation begins. */

import { REQUIREMENT } from '../compare/key-requirement.ts';
import { keysOf } from '../model/json.ts';
import { identity, type Live } from '../model/model.ts';
import type { Change, Step } from '../model/plan.ts';
import { isMember, stagesAfter } from './key-moves.ts';
import type { Operation } from './operation.ts';
import { type Urgency, urgencyOf } from './urgency.ts';

/**
 * What must be over before an operation begins:
 * the making of what it refers to; a plan's own limits before a key joins it; the detaching before a deletion;
 * the deletion of what refers to a thing before the thing's; everybody's way in before a key is demanded; and, since a key may be in one plan per stage (docs/api-gateway-facts.md#f9), whatever takes
 * the pair (key, stage) out of one plan before what brings it into another.
 */
function withDependencies(all: readonly Operation[]): Operation[] {
  const making = new Map(
    all.filter((one) => one.type === 'create').map((one) => [identity(one.step), one.id]),
  );
  const updating = new Map(
    all
      .filter((one) => one.type === 'update' && one.step.kind === 'UsagePlan')
      .map((one) => [identity(one.step), one.id]),
  );
  const moves = all.filter((one) => one.type === 'move');
  const releases = Map.groupBy(all.flatMap(released), ({ pair }) => pair);
  return all.map((one) => {
    const dependsOn = new Set(one.dependsOn);
    const needs = (id: string | undefined) =>
      id !== undefined && id !== one.id && dependsOn.add(id);
    // A plan is made without its keys: they join it afterwards.
    if (one.type === 'create')
      for (const change of one.step.changes)
        if (!isMember(change)) for (const id of change.needs ?? []) needs(making.get(id));
    if (one.type === 'update') {
      for (const id of one.changes.flatMap((change) => change.needs ?? [])) needs(making.get(id));
      // A key that moves out of a plan has its stages until then, but in a knot.
      if (one.changes.some(givesUp) && !isFirstPart(one.id))
        for (const { id, from } of moves) if (from.includes(one.step)) needs(id);
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
    if (one.type === 'deploy')
      for (const id of one.step.changes.flatMap((change) => change.needs ?? []))
        needs(making.get(id));
    if (isClosing(one)) for (const other of all) if (lettingIn(other, one.step)) needs(other.id);
    // What the plans give up that a move takes the key out of comes after the move.
    const own = one.type === 'move' ? one.from : [];
    for (const { id, step } of gainedBy(one).flatMap((pair) => releases.get(pair) ?? []))
      if (!own.includes(step)) needs(id);
    return { ...one, dependsOn: [...dependsOn].sort() };
  });
}

/** Demands a key, or has a stage serve that. */
export function isClosing(one: Operation): boolean {
  if (one.step.kind !== REQUIREMENT) return false;
  return (
    one.type === 'deploy' ||
    (one.type === 'update' &&
      one.changes.some(({ field, desired }) => field !== 'methods' || desired === true))
  );
}

/** Whether an operation lets keys into the stages of the requirement's API: then whoever it is for must be in before a key is demanded. */
function lettingIn(other: Operation, { live }: Step): boolean {
  if (other.type === 'update' && other.step.kind === 'ApiKey')
    return other.changes.some(({ field, desired }) => field === 'enabled' && desired === true);
  if (
    other.type !== 'attach' &&
    other.type !== 'move' &&
    other.type !== 'create' &&
    other.type !== 'update'
  )
    return false;
  const own = other.step.kind === 'UsagePlan' ? [other.step] : [];
  const plans = other.type === 'move' ? other.to : own;
  return plans.some((plan) =>
    keysOf(stagesAfter(plan)).some((stage) => stage.startsWith(`${live?.id}:`)),
  );
}

/**
 * Plans that exchange stages wait for each other, and the service takes none of them first while they share a key (docs/api-gateway-facts.md#f9):
 * one of them gives up its stages in a call of its own.
 */
export function breakCycles(all: readonly Operation[]): Operation[] {
  const ordered = withDependencies(all);
  const knot = ordered.find(
    (one) => one.type === 'update' && one.changes.some(givesUp) && waitsForItself(one, ordered),
  );
  if (knot?.type !== 'update' || isFirstPart(knot.id)) return ordered;
  const part = (id: string, changes: readonly Change[]): Operation => {
    return {
      ...knot,
      id,
      changes,
      urgency: Math.min(...changes.map(urgencyOf)) as Urgency,
      dependsOn: [],
    };
  };
  const first = part(`${knot.id}${FIRST_PART}`, knot.changes.filter(goesWithStages));
  const left = knot.changes.filter((change) => !goesWithStages(change));
  const rest = left.length > 0 ? [part(knot.id, left)] : [];
  return breakCycles(
    all.flatMap((one): Operation[] => {
      if (one.id === knot.id) return [first, ...rest];
      return [
        one.dependsOn.includes(knot.id) ? { ...one, dependsOn: [...one.dependsOn, first.id] } : one,
      ];
    }),
  );
}

const FIRST_PART = ' first';

/** Tells the part of an exchange in which a usage plan gives its stages up. */
export function isFirstPart(id: string): boolean {
  return id.endsWith(FIRST_PART);
}

/** A stage leaves a plan. */
export function givesUp({ field, keys, desired }: Change): boolean {
  return field === 'stages' && keys.length === 1 && desired === undefined;
}

/** What is given up in the same call as stages: no throttle of the plan can go before those of its methods have (docs/api-gateway-facts.md#f7), and these go with their stage. */
function goesWithStages(change: Change): boolean {
  const { field, keys, desired } = change;
  const isNone = desired === undefined || desired === null;
  return givesUp(change) || (isNone && (field === 'throttle' || keys[1] === 'methodThrottles'));
}

function waitsForItself(one: Operation, all: readonly Operation[]): boolean {
  const byId = new Map(all.map((other) => [other.id, other]));
  const waitedFor = new Set<string>();
  const follow = (id: string): void => {
    if (waitedFor.has(id)) return;
    waitedFor.add(id);
    byId.get(id)?.dependsOn.forEach(follow);
  };
  one.dependsOn.forEach(follow);
  return waitedFor.has(one.id);
}

function pairsOf(live: Live | undefined): string[] {
  return keysOf(live?.spec.keys).flatMap((key) =>
    keysOf(live?.spec.stages).map((stage) => `${key} ${stage}`),
  );
}

function released(
  one: Operation,
): { readonly id: string; readonly step: Step; readonly pair: string }[] {
  const losers = one.type === 'move' ? one.from : [one.step];
  const gone = (pair: string): boolean => {
    const [key, stage] = pair.split(' ');
    if (one.type === 'detach' || one.type === 'move') return one.key === key;
    // A deletion is no release: the plan's keys have left it before. Whoever gains the stage need not wait for the rest of it.
    return (
      one.type === 'update' &&
      one.changes.some(
        (change) =>
          change.field === 'stages' &&
          change.desired === undefined &&
          change.keys.length === 1 &&
          change.keys[0] === stage,
      )
    );
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
    .filter(
      (change) =>
        change.field === 'stages' && change.keys.length === 1 && change.desired !== undefined,
    )
    .map((change) => change.keys[0] ?? '');
  return keysOf(one.step.live.spec.keys).flatMap((key) => stages.map((stage) => `${key} ${stage}`));
}

function pairsWith(key: string, plan: Step): string[] {
  return keysOf(stagesAfter(plan)).map((stage) => `${key} ${stage}`);
}
