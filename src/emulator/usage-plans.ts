import type {
  CreateUsagePlanRequest,
  DeleteUsagePlanRequest,
  GetUsagePlanRequest,
  GetUsagePlansRequest,
  UpdateUsagePlanRequest,
  UsagePlan as UsagePlanShape,
  UsagePlans,
} from '@aws-sdk/client-api-gateway';
import { given, orAbsent } from './absent.ts';
import type { Operation } from './context.ts';
import { badRequest, limitExceeded, notFound } from './errors.ts';
import { page } from './pages.ts';
import { patched } from './patch.ts';
import type { AccountState, PlanStage, UsagePlan } from './state.ts';
import { checkTags } from './tag-rules.ts';
import { planGrammar } from './usage-plan-patches.ts';
import { checkPlan, hasStage, invalidStage, readThrottles } from './usage-plan-rules.ts';

/** Throws NotFoundException. */
export function findUsagePlan(state: AccountState, id: string): UsagePlan {
  const plan = state.usagePlans.get(id);
  if (!plan) throw notFound('Invalid Usage Plan ID specified');
  return plan;
}

const shown = (plan: UsagePlan): UsagePlanShape => ({ ...plan, tags: orAbsent(plan.tags) });

export const createUsagePlan: Operation<CreateUsagePlanRequest, UsagePlanShape> = (
  request,
  { state, random },
) => {
  if (request.name === '') throw badRequest('Usage Plan name cannot be blank');
  if (state.usagePlans.size >= state.limits.usagePlans)
    throw limitExceeded('Usage Plans for this account');
  checkTags(request.tags);
  const id = random.id(6);
  const apiStages = (request.apiStages ?? []).map(
    ({ apiId = '', stage = '', throttle }): PlanStage => {
      // 400 here, 404 in UpdateUsagePlan (docs/api-gateway-facts.md#f6).
      if (!hasStage(state, apiId, stage)) throw badRequest(invalidStage(apiId, stage, id));
      return { apiId, stage, ...(throttle && { throttle: readThrottles(throttle) }) };
    },
  );
  const { throttle, quota } = request;
  const plan: UsagePlan = {
    id,
    name: request.name,
    description: given(request.description),
    apiStages,
    throttle: throttle && {
      rateLimit: throttle.rateLimit ?? 0,
      burstLimit: throttle.burstLimit ?? 0,
    },
    quota: quota && { ...quota, offset: quota.offset ?? 0 },
    tags: orAbsent(request.tags),
  };
  checkPlan(state, plan);
  state.usagePlans.set(id, plan);
  return shown(plan);
};

export const getUsagePlan: Operation<GetUsagePlanRequest, UsagePlanShape> = (
  { usagePlanId },
  { state },
) => shown(findUsagePlan(state, usagePlanId));

export const getUsagePlans: Operation<GetUsagePlansRequest, UsagePlans> = (
  { keyId, ...paging },
  { state },
) => {
  const matching = state.usagePlans
    .values()
    .filter(({ id }) => keyId === undefined || state.planKeys.get(id)?.has(keyId));
  const { items, position } = page(matching, (plan) => plan.id, paging);
  return { items: items.map(shown), position };
};

export const updateUsagePlan: Operation<UpdateUsagePlanRequest, UsagePlanShape> = (
  { usagePlanId, patchOperations },
  { state },
) => {
  const plan = patched(
    findUsagePlan(state, usagePlanId),
    patchOperations,
    planGrammar(state),
    'updateUsagePlanInput',
  );
  checkPlan(state, plan);
  state.usagePlans.set(plan.id, plan);
  return shown(plan);
};

/** Stages that are attached block it; keys do not (the latter UNCONFIRMED). */
export const deleteUsagePlan: Operation<DeleteUsagePlanRequest> = ({ usagePlanId }, { state }) => {
  const { apiStages } = findUsagePlan(state, usagePlanId);
  if (apiStages.length > 0) {
    const stages = apiStages.map(({ apiId, stage }) => `${apiId}:${stage}`).join(', ');
    throw badRequest(
      `Cannot delete Usage Plan ${usagePlanId} because there are API Stages associated with it, including ${stages}`,
    );
  }
  state.usagePlans.delete(usagePlanId);
  state.planKeys.delete(usagePlanId);
  state.usage.delete(usagePlanId);
};
