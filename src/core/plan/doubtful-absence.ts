/** Holds what follows from an absence in Git that is not certain (docs/contract.md#safety). */
import { identity } from '../model/model.ts';
import { held, type Step } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';

/**
 * `steps`: those of objects that left Git. What is held already keeps its reason. An object whose name is
 * declared for another one left Git by that document, and by no absence.
 */
export function holdDoubtfulAbsence(
  steps: readonly Step[],
  { doubtOf }: PlanInput,
  declared: ReadonlySet<string>,
): Step[] {
  return steps.map((step) => {
    const isCertain = step.action === 'hold' || declared.has(identity(step));
    const doubt = isCertain ? undefined : doubtOf?.(identity(step));
    return doubt === undefined ? step : held(step, 'incomplete-manifests', doubt);
  });
}
