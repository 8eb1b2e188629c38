/** Method throttles need a throttle of their plan (docs/api-gateway-facts.md#f7): while some of them are held, that one stays too, and the rest of the plan goes on. */

import { isMap, isUnset } from '../model/json.ts';
import type { Json } from '../model/model.ts';
import { type Change, held, type Step } from '../model/plan.ts';
import { applied } from '../model/three-way.ts';

export function holdThrottleRemoval(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => {
    const loss = step.changes.find(endsThrottle);
    if (step.kind !== 'UsagePlan' || step.action === 'hold' || !step.live || !loss) return [step];
    if (!hasMethodThrottles(applied(step.live.spec, step.changes).stages)) return [step];
    const message =
      'a stage that stays in the plan for now has method throttles, and they need one of the plan: it goes when they go';
    const hold = held({ ...step, changes: [loss], unclaimed: [] }, 'dependency', message);
    const rest = step.changes.filter((change) => change !== loss);
    return rest.length === 0 && step.action === 'update'
      ? [hold]
      : [{ ...step, changes: rest }, hold];
  });
}

function endsThrottle({ field, keys, desired }: Change): boolean {
  return field === 'throttle' && keys.length === 0 && isUnset(desired);
}

function hasMethodThrottles(stages: Json | undefined): boolean {
  return (
    isMap(stages) &&
    Object.values(stages).some((stage) => isMap(stage) && !isUnset(stage.methodThrottles))
  );
}
