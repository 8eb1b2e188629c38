/** Keys that go from some plans to others. */

import { keysOf } from '../model/json.ts';
import type { Json } from '../model/model.ts';
import type { Change, Step } from '../model/plan.ts';
import { applied } from '../model/three-way.ts';

/** A key that goes from plans to others that have a stage in common with them. */
export interface Move {
  readonly key: string;
  readonly from: readonly Step[];
  readonly to: readonly Step[];
}

/** Where a key leaves and joins plans for the same stages, in one plan: it is to be without access for as short as can be. */
export function findMoves(steps: readonly Step[]): Move[] {
  const plans = steps.filter((step) => step.kind === 'UsagePlan');
  const joins = Map.groupBy(plans.flatMap(joining), ({ key }) => key);
  const leaves = Map.groupBy(plans.flatMap(leaving), ({ key }) => key);
  return [...leaves].flatMap(([key, left]): Move[] => {
    const joined = joins.get(key) ?? [];
    const meets = (one: Member, other: Member) =>
      one.step !== other.step && one.stages.some((stage) => other.stages.includes(stage));
    const from = left
      .filter((one) => joined.some((other) => meets(one, other)))
      .map(({ step }) => step);
    const to = joined
      .filter((one) => left.some((other) => meets(one, other)))
      .map(({ step }) => step);
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
  const gone = (change: Change) =>
    isMember(change) && change.desired === undefined ? (change.keys[0] ?? []) : [];
  const keys = step.action === 'delete' ? keysOf(step.live.spec.keys) : step.changes.flatMap(gone);
  const stages = keysOf(step.live.spec.stages);
  return keys.map((key) => ({ key, step, stages }));
}

function joining(step: Step): Member[] {
  const come = (change: Change) =>
    isMember(change) && change.desired !== undefined ? (change.keys[0] ?? []) : [];
  const keys = step.action === 'create' ? keysOf(step.owned.keys) : step.changes.flatMap(come);
  const stages = keysOf(stagesAfter(step));
  return keys.map((key) => ({ key, step, stages }));
}

/** A plan's stages once the step is done. */
export function stagesAfter(step: Step): Json | undefined {
  return step.live ? applied(step.live.spec, step.changes).stages : step.owned.stages;
}

export function isMember(change: Change): boolean {
  return change.field === 'keys';
}
