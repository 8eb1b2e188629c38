import type { QuotaPeriodType } from '@aws-sdk/client-api-gateway';
import { given } from './absent.ts';
import { badRequest, notFound } from './errors.ts';
import { type Grammar, type Patch, type PatchRule, replace, toNumber } from './patch.ts';
import type { AccountState, PlanStage, UsagePlan } from './state.ts';
import { hasStage, invalidStage, readThrottles, throttleKey } from './usage-plan-rules.ts';

type Apply = (plan: UsagePlan, patch: Patch) => void;

const addOrReplace = (path: string, apply: Apply): PatchRule<UsagePlan> => ({
  path,
  ops: { add: apply, replace: apply },
});

// `replace` also creates an object that was absent; the quota's offset is then 0 [LS test_usage_plan_crud].
const setThrottle = (plan: UsagePlan, limits: UsagePlan['throttle']) => {
  plan.throttle = { rateLimit: 0, burstLimit: 0, ...plan.throttle, ...limits };
};
const setQuota = (plan: UsagePlan, quota: UsagePlan['quota']) => {
  plan.quota = { offset: 0, ...plan.quota, ...quota };
};

function parseStage(value: string | undefined): PlanStage {
  const [apiId, stage, ...rest] = (value ?? '').split(':');
  if (!apiId || !stage || rest.length > 0) throw badRequest('Invalid API Stage specified');
  return { apiId, stage };
}

const same = (a: PlanStage) => (b: PlanStage) => a.apiId === b.apiId && a.stage === b.stage;

function attachedStage(plan: UsagePlan, { params }: Patch): PlanStage {
  const wanted = parseStage(params.stage);
  const found = plan.apiStages.find(same(wanted));
  if (!found) throw notFound(invalidStage(wanted.apiId, wanted.stage, plan.id));
  return found;
}

const addStage =
  (state: AccountState): Apply =>
  (plan, { value }) => {
    const stage = parseStage(value);
    if (!hasStage(state, stage.apiId, stage.stage))
      throw notFound(`API Stage not found: ${stage.apiId}:${stage.stage}`);
    if (!plan.apiStages.some(same(stage))) plan.apiStages.push(stage);
  };

/** Its method throttles go with the stage [TF:usage_plan.go]. */
const removeStage: Apply = (plan, { value }) => {
  const stage = parseStage(value);
  if (!plan.apiStages.some(same(stage)))
    throw notFound(invalidStage(stage.apiId, stage.stage, plan.id));
  plan.apiStages = plan.apiStages.filter((other) => !same(stage)(other));
};

const setThrottles: Apply = (plan, patch) => {
  const stage = attachedStage(plan, patch);
  let throttles: unknown;
  try {
    throttles = JSON.parse(patch.value ?? '');
  } catch {
    throw badRequest('Invalid method throttle settings specified');
  }
  stage.throttle = readThrottles(throttles);
};

const setMethodLimit: Apply = (plan, patch) => {
  const stage = attachedStage(plan, patch);
  const key = throttleKey(patch.params.route ?? '');
  const name = patch.params.limit as 'rateLimit' | 'burstLimit';
  const limit = toNumber(patch, { min: 0, integer: name === 'burstLimit' });
  stage.throttle = {
    ...stage.throttle,
    [key]: { rateLimit: 0, burstLimit: 0, ...stage.throttle?.[key], [name]: limit },
  };
};

const removeMethod: Apply = (plan, patch) => {
  const stage = attachedStage(plan, patch);
  const key = throttleKey(patch.params.route ?? '');
  if (!stage.throttle?.[key]) throw notFound(`Invalid method throttle path ${key} specified`);
  delete stage.throttle[key];
};

const clear =
  (field: 'throttle' | 'quota' | 'productCode'): Apply =>
  (plan) => {
    plan[field] = undefined;
  };

/** The paths of UpdateUsagePlan [PATCH], in the order in which the service lists the removable ones (boto3#2629). */
export const planGrammar = (state: AccountState): Grammar<UsagePlan> => ({
  rules: [
    { path: '/apiStages', ops: { add: addStage(state), remove: removeStage } },
    { path: '/quota', ops: { remove: clear('quota') } },
    { path: '/throttle', ops: { remove: clear('throttle') } },
    {
      path: '/productCode',
      ops: {
        add: (plan, { value }) => {
          plan.productCode = given(value);
        },
        replace: (plan, { value }) => {
          plan.productCode = given(value);
        },
        remove: clear('productCode'),
      },
    },
    replace('/name', (plan, { value }) => {
      if (!value) throw badRequest('Usage Plan name cannot be blank');
      plan.name = value;
    }),
    replace('/description', (plan, { value }) => {
      plan.description = given(value);
    }),
    addOrReplace('/throttle/rateLimit', (plan, patch) =>
      setThrottle(plan, { rateLimit: toNumber(patch, { min: 0 }) }),
    ),
    addOrReplace('/throttle/burstLimit', (plan, patch) =>
      setThrottle(plan, { burstLimit: toNumber(patch, { min: 0, integer: true }) }),
    ),
    addOrReplace('/quota/limit', (plan, patch) =>
      setQuota(plan, { limit: toNumber(patch, { min: 0, integer: true }) }),
    ),
    addOrReplace('/quota/offset', (plan, patch) =>
      setQuota(plan, { offset: toNumber(patch, { min: 0, integer: true }) }),
    ),
    addOrReplace('/quota/period', (plan, { value }) =>
      setQuota(plan, { period: value as QuotaPeriodType }),
    ),
    {
      path: '/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/<limit>',
      pattern:
        /^\/apiStages\/(?<stage>[^/]+)\/throttle\/(?<route>.+)\/(?<limit>rateLimit|burstLimit)$/,
      ops: { add: setMethodLimit, replace: setMethodLimit },
    },
    {
      path: '/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>',
      pattern: /^\/apiStages\/(?<stage>[^/]+)\/throttle\/(?<route>.+)$/,
      ops: { remove: removeMethod },
    },
    {
      path: '/apiStages/<apidId:stageName>/throttle',
      pattern: /^\/apiStages\/(?<stage>[^/]+)\/throttle$/,
      ops: {
        add: setThrottles,
        replace: setThrottles,
        remove: (plan, patch) => {
          delete attachedStage(plan, patch).throttle;
        },
      },
    },
  ],
});
