import { findByValue } from './api-keys.ts';
import type { AccountState, ApiKey, PlanStage, UsagePlan } from './state.ts';

/** Who sends a request, by the key that it brings, and on what terms: the plan that has both the key and the stage. */
export interface PlanClient {
  readonly key: ApiKey;
  readonly plan: UsagePlan;
  /** The stage as the plan has it, with the method throttles. */
  readonly stage: PlanStage;
}

/** Undefined for a value that no enabled key has, and for a key that no plan lets through to this stage. At most one does [DG:api-gateway-api-usage-plans]. */
export function findClient(
  state: AccountState,
  apiId: string,
  stageName: string,
  value: string,
): PlanClient | undefined {
  const key = findByValue(state, value);
  if (!key?.enabled) return undefined;
  for (const plan of state.usagePlans.values()) {
    const stage = plan.apiStages.find((one) => one.apiId === apiId && one.stage === stageName);
    if (stage && state.planKeys.get(plan.id)?.has(key.id)) return { key, plan, stage };
  }
  return undefined;
}
