import { badRequest, conflict, limitExceeded } from './errors.ts';
import type { AccountState, PlanStage, UsagePlan } from './state.ts';

const METHODS = /^(GET|PUT|POST|PATCH|DELETE|HEAD|OPTIONS|ANY)$/;
const MAX_OFFSET: Record<string, number> = { DAY: 0, WEEK: 6, MONTH: 27 };

export const hasStage = (state: AccountState, apiId: string, stage: string): boolean =>
  state.restApis.get(apiId)?.stages.has(stage) ?? false;

export const invalidStage = (apiId: string, stage: string, plan: string): string =>
  `Invalid API Stage {api: ${apiId}, stage: ${stage}} specified for usageplan ${plan}`;

/** What must hold of a plan as a whole. Checked on the outcome of a call, so that its operations may come in any order. */
export function checkPlan(state: AccountState, plan: UsagePlan): void {
  const { throttle, quota, apiStages, id } = plan;
  if (quota) checkQuota(quota);
  if (throttle && ((throttle.rateLimit ?? 0) < 0 || (throttle.burstLimit ?? 0) < 0)) {
    throw badRequest('Usage plan throttle limits must not be negative');
  }
  for (const stage of apiStages) {
    const methods = Object.keys(stage.throttle ?? {}).length;
    if (methods > 0 && !throttle)
      throw badRequest(
        'Can not define fine grain throttling if usage plan throttle is not defined.',
      );
    if (methods > state.limits.methodThrottlesPerStage)
      throw limitExceeded('Method-level throttling settings for this stage');
  }
  for (const key of state.planKeys.get(id) ?? []) checkOnePlanPerStage(state, key, plan);
}

// A limit without a period, and the texts: UNCONFIRMED. The offsets: [TF:validate.go].
function checkQuota({ limit, offset = 0, period }: NonNullable<UsagePlan['quota']>): void {
  if (limit === undefined || period === undefined)
    throw badRequest('Usage Plan quota must have both a limit and a period');
  const max = MAX_OFFSET[period];
  if (max === undefined)
    throw badRequest(`Invalid quota period ${period}. Must be one of: [DAY, WEEK, MONTH]`);
  if (limit < 0) throw badRequest('Usage Plan quota limit must not be negative');
  if (offset < 0 || offset > max)
    throw badRequest(`Usage Plan quota offset must be between 0 and ${max} for period ${period}`);
}

/** For one stage a key can be in only one plan [DG:api-gateway-api-usage-plans]; the code and text of the refusal are UNCONFIRMED. */
export function checkOnePlanPerStage(
  state: AccountState,
  keyId: string,
  plan: Pick<UsagePlan, 'id' | 'apiStages'>,
): void {
  for (const [otherId, keys] of state.planKeys) {
    if (otherId === plan.id || !keys.has(keyId)) continue;
    const others = state.usagePlans.get(otherId)?.apiStages ?? [];
    const shared = others.find((other) =>
      plan.apiStages.some((own) => own.apiId === other.apiId && own.stage === other.stage),
    );
    if (shared) {
      throw conflict(
        `API Key ${keyId} is already associated with API Stage ${shared.apiId}:${shared.stage} through Usage Plan ${otherId}`,
      );
    }
  }
}

/** Keys are `/path/METHOD`, the root's `//METHOD` (docs/api-gateway-facts.md#f6); `*` is refused (TF#26128). Throws BadRequestException; its text is UNCONFIRMED. */
export function throttleKey(route: string): string {
  const at = route.lastIndexOf('/');
  const path = route.slice(0, Math.max(at, 0));
  const method = route.slice(at + 1);
  if (path === '' || path.includes('*') || !METHODS.test(method))
    throw badRequest(`Invalid method throttle path ${route} specified`);
  return path.startsWith('/') ? `${path}/${method}` : `/${path}/${method}`;
}

/** Method throttles as given in a request or in the JSON text of a patch. */
export function readThrottles(given: unknown): NonNullable<PlanStage['throttle']> {
  const invalid = () => badRequest('Invalid method throttle settings specified');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid();
  return Object.fromEntries(
    Object.entries(
      given as Record<string, { rateLimit?: unknown; burstLimit?: unknown } | null>,
    ).map(([route, limits]) => {
      const { rateLimit = 0, burstLimit = 0 } = limits ?? {};
      if (
        typeof rateLimit !== 'number' ||
        typeof burstLimit !== 'number' ||
        rateLimit < 0 ||
        burstLimit < 0
      )
        throw invalid();
      return [throttleKey(route), { rateLimit, burstLimit }];
    }),
  );
}
