import type {
  CreateUsagePlanKeyRequest,
  DeleteUsagePlanKeyRequest,
  GetUsagePlanKeyRequest,
  GetUsagePlanKeysRequest,
  UsagePlanKey,
  UsagePlanKeys,
} from '@aws-sdk/client-api-gateway';
import { findApiKey } from './api-keys.ts';
import type { Operation } from './context.ts';
import { badRequest, conflict, limitExceeded, notFound } from './errors.ts';
import { page } from './pages.ts';
import type { AccountState, ApiKey } from './state.ts';
import { checkOnePlanPerStage } from './usage-plan-rules.ts';
import { findUsagePlan } from './usage-plans.ts';

// The value is always shown, and no parameter stops it (docs/api-gateway-facts.md#f18).
const shown = ({ id, value, name }: ApiKey): UsagePlanKey => ({ id, type: 'API_KEY', value, name });

/** Puts a key into a plan. Shared by CreateUsagePlanKey and ImportApiKeys. */
export function attach(state: AccountState, planId: string, keyId: string): void {
  const plan = findUsagePlan(state, planId);
  findApiKey(state, keyId);
  const keys = state.planKeys.get(planId) ?? new Set();
  // 409 is recorded by aws-cdk#13817; the text is UNCONFIRMED.
  if (keys.has(keyId)) throw conflict('Usage Plan Key already exists');
  checkOnePlanPerStage(state, keyId, plan);
  const plans = state.planKeys.values().filter((others) => others.has(keyId));
  if ([...plans].length >= state.limits.usagePlansPerKey)
    throw limitExceeded('Usage Plans for this API Key');
  state.planKeys.set(planId, keys.add(keyId));
}

function findAttached(state: AccountState, planId: string, keyId: string): ApiKey {
  findUsagePlan(state, planId);
  const key = state.apiKeys.get(keyId);
  if (!key || !state.planKeys.get(planId)?.has(keyId))
    throw notFound('Invalid Usage Plan Key identifier specified');
  return key;
}

export const createUsagePlanKey: Operation<CreateUsagePlanKeyRequest, UsagePlanKey> = (
  { usagePlanId, keyId, keyType },
  { state },
) => {
  if (keyType !== 'API_KEY') throw badRequest(`Invalid key type ${keyType} specified`);
  attach(state, usagePlanId, keyId);
  return shown(findApiKey(state, keyId));
};

export const getUsagePlanKey: Operation<GetUsagePlanKeyRequest, UsagePlanKey> = (
  { usagePlanId, keyId },
  { state },
) => shown(findAttached(state, usagePlanId, keyId));

/** A plan that does not exist has an empty list [LS test_negative_get_usage_plan_api_keys]. */
export const getUsagePlanKeys: Operation<GetUsagePlanKeysRequest, UsagePlanKeys> = (
  { usagePlanId, nameQuery, ...paging },
  { state },
) => {
  const keys = [...(state.planKeys.get(usagePlanId) ?? [])]
    .map((id) => findApiKey(state, id))
    .filter((key) => nameQuery === undefined || (key.name ?? '').startsWith(nameQuery));
  const { items, position } = page(keys, (key) => key.id, paging);
  return { items: items.map(shown), position };
};

export const deleteUsagePlanKey: Operation<DeleteUsagePlanKeyRequest> = (
  { usagePlanId, keyId },
  { state },
) => {
  findAttached(state, usagePlanId, keyId);
  state.planKeys.get(usagePlanId)?.delete(keyId);
};
