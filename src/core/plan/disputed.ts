/** Holds what several documents of one identity do not agree on: the document's other fields go on (docs/contract.md#manifests). */
import type { Live } from '../model/model.ts';
import { held, type Step } from '../model/plan.ts';
import { heldSteps, type PlanningContext } from './planning-context.ts';

/** Nothing is made or adopted of it, and the report says what the copies differ in. */
export function holdDisputed(
  object: PlanningContext,
  live: Live | undefined,
  steps: readonly Step[],
): Step[] {
  const { disputed } = object.desired;
  if (disputed === undefined) return [...steps];
  const isBegun = ({ action }: Step) => action === 'create' || action === 'adopt';
  if (steps.some(isBegun))
    return steps.map((step) => (isBegun(step) ? held(step, 'ambiguous', disputed) : step));
  return [
    ...steps,
    ...heldSteps(object, live, [{ reason: 'ambiguous', message: disputed, changes: [] }]),
  ];
}
