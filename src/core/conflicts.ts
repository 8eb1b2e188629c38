/**
 * A key may be in only one plan per stage (facts, 1.3). The manifests are checked for that when they are read; here it is checked against plans that they
 * do not speak of, or do not change: an attach that the service would refuse is held, and named.
 */

import { applied } from './diff.ts';
import { identity, type Json, type Live } from './model.ts';
import type { Change, Step } from './plan.ts';
import { labelOf } from './references.ts';
import { isMap } from './values.ts';
import type { World } from './world.ts';

const PLAN = 'UsagePlan';

/** A plan as this pass would leave it. */
interface Standing {
  readonly id: string;
  readonly stages: readonly string[];
  readonly keys: readonly string[];
}

export function heldConflicts(steps: readonly Step[], world: World): Step[] {
  const plans = world.live.filter((live) => live.kind === PLAN && live.spec.keys !== undefined);
  const standing = plans.map((live) => standingOf(live, steps));
  return steps.flatMap((step) => {
    if (step.kind !== PLAN || (step.action !== 'update' && step.action !== 'adopt' && step.action !== 'create')) return [step];
    const after = afterStep(step);
    const blocked = (change: Change): string | undefined => {
      if (change.desired === undefined || step.action === 'create') return undefined;
      const gains = change.keys.length === 1 && (change.field === 'keys' || change.field === 'stages');
      if (!gains) return undefined;
      const key = change.keys[0] ?? '';
      return standing.filter((plan) => plan.id !== step.live?.id).find((plan) => collides(change.field, key, after, plan))?.id;
    };
    const held = step.changes.filter((change) => blocked(change) !== undefined);
    if (held.length === 0) return [step];
    const rest = step.changes.filter((change) => !held.includes(change));
    const others = [...new Set(held.map(blocked))].map((id) => {
      const live = plans.find((plan) => plan.id === id);
      return `${labelOf(live, id ?? '', world)} (${id})`;
    });
    const message = `a key can be in only one usage plan per stage, and ${others.join(', ')} has it: take it out there first`;
    const hold: Step = {
      ...step,
      action: 'hold',
      wants: step.action,
      reason: 'dependency',
      message,
      changes: held,
      disclaims: [],
      unclaimed: [],
    };
    if (rest.length === 0 && step.action === 'update') return [{ ...step, action: 'keep', changes: [] }, hold];
    return [{ ...step, changes: rest }, hold];
  });
}

function collides(field: string, gained: string, after: Standing, other: Standing): boolean {
  if (field === 'keys') return other.keys.includes(gained) && other.stages.some((stage) => after.stages.includes(stage));
  return other.stages.includes(gained) && other.keys.some((key) => after.keys.includes(key));
}

function standingOf(live: Live, steps: readonly Step[]): Standing {
  const own = steps.filter((step) => step.live === live && step.action !== 'hold');
  if (own.some((step) => step.action === 'delete')) return { id: live.id, stages: [], keys: [] };
  const changes = own.flatMap((step) => step.changes);
  return lists(live.id, applied(live.spec, changes));
}

function afterStep(step: Step): Standing {
  return lists(step.live?.id ?? identity(step), step.live ? applied(step.live.spec, step.changes) : step.owned);
}

function lists(id: string, spec: { readonly [field: string]: Json }): Standing {
  const names = (value: Json | undefined) => (isMap(value) ? Object.keys(value) : []);
  return { id, stages: names(spec.stages), keys: names(spec.keys) };
}
