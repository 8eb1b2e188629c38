import type { AccountState, PlanStage } from './state.ts';

/** Takes stages out of every plan, as happens, silently, when they are deleted [TF#14100, TF#714]. */
export function detachStages(state: AccountState, gone: (stage: PlanStage) => boolean): void {
  for (const plan of state.usagePlans.values())
    plan.apiStages = plan.apiStages.filter((stage) => !gone(stage));
}
