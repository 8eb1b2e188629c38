/** Holds what follows from an absence in Git that is not certain (docs/contract.md#safety). */
import { identity } from '../model/model.ts';
import { held, type Step } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';

/** `steps`: those of objects that left Git. What is held already keeps its reason. */
export function holdDoubtfulAbsence(steps: readonly Step[], { doubtOf }: PlanInput): Step[] {
  return steps.map((step) => {
    const doubt = step.action === 'hold' ? undefined : doubtOf?.(identity(step));
    return doubt === undefined ? step : held(step, 'incomplete-manifests', doubt);
  });
}
