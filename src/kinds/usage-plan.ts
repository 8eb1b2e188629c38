import {
  type ApiStage,
  CreateUsagePlanCommand,
  DeleteUsagePlanCommand,
  GetUsagePlanCommand,
  type QuotaPeriodType,
  type ThrottleSettings,
  UpdateUsagePlanCommand,
  type UsagePlan,
} from '@aws-sdk/client-api-gateway';
import pMap from 'p-map';
import schema from '../../schemas/usage-plan.schema.json' with { type: 'json' };
import { gatewayArn } from '../core/model/arn.ts';
import { readRules } from '../core/model/field-rules.ts';
import type { JsonMap } from '../core/model/json.ts';
import type { Json, Live } from '../core/model/model.ts';
import { listUsagePlanKeys, listUsagePlans } from '../gateway/paginate.ts';
import { arrivedAt, type Send } from '../gateway/send.ts';
import type { Kind } from './kind.ts';
import { afterUpdate, byId, completing, orAsFound, READERS, unlessGone, userTags } from './live.ts';
import { readMethodKey } from './method-key.ts';
import { asMap, given, replaceFields } from './patch.ts';
import { attachKey, detachKey, hasKey, holdersOf } from './usage-plan-keys.ts';
import { detachStages, throttleMap, usagePlanPatch } from './usage-plan-patch.ts';

export const usagePlan: Kind = {
  rules: readRules(schema),

  async list(send, { wantsMembers }) {
    const plans = (await listUsagePlans(send)).map((plan) => project(plan));
    return byId(
      await pMap(plans, (plan) => (wantsMembers(plan) ? withKeys(send, plan) : plan), READERS),
    );
  },

  async read(send, id) {
    const plan = await unlessGone(send(new GetUsagePlanCommand({ usagePlanId: id })));
    return plan && withKeys(send, project(plan));
  },

  async create(send, { spec, tags }) {
    const { name, description, throttle, quota, stages } = spec as PlanSpec;
    const plan = await send(
      new CreateUsagePlanCommand({
        name,
        description: given(description),
        throttle: throttle ?? undefined,
        quota: quota ?? undefined,
        apiStages: Object.entries(stages ?? {}).map(([key, stage]) => apiStage(key, stage)),
        tags: { ...tags },
      }),
    );
    const created = withoutKeys(project(plan, tags));
    // The one field that the creating call doesn't take (docs/api-gateway-facts.md#f6).
    const patchOperations = replaceFields(created.spec, spec, ['productCode']);
    if (patchOperations.length === 0) return created;
    const update = new UpdateUsagePlanCommand({ usagePlanId: created.id, patchOperations });
    const complete = await completing(`usage plan ${created.id}`, created, send(update));
    return afterUpdate(created, project(complete), ['keys']);
  },

  async update(send, live, next) {
    const patchOperations = usagePlanPatch(live.spec, next);
    if (patchOperations.length === 0) return live;
    const sent = send(new UpdateUsagePlanCommand({ usagePlanId: live.id, patchOperations }));
    const updated = sent.then((plan) => afterUpdate(live, project(plan), ['keys']));
    return orAsFound(
      updated,
      () => usagePlan.read(send, live.id),
      (found) => usagePlanPatch(found.spec, next).length === 0,
    );
  },

  async delete(send, live) {
    // A plan with stages is not deleted (docs/api-gateway-facts.md#f25).
    const patchOperations = detachStages(live.spec);
    if (patchOperations.length > 0)
      await unlessGone(send(new UpdateUsagePlanCommand({ usagePlanId: live.id, patchOperations })));
    await unlessGone(send(new DeleteUsagePlanCommand({ usagePlanId: live.id })));
  },

  arn: (live, region) => gatewayArn(region, `/usageplans/${live.id}`),

  members: { field: 'keys', has: hasKey, attach: attachKey, detach: detachKey, holders: holdersOf },
};

/** A plan's spec, as far as the creating call needs types. */
interface PlanSpec {
  readonly name?: string;
  readonly description?: string | null;
  readonly throttle?: { readonly rateLimit: number; readonly burstLimit: number } | null;
  readonly quota?: {
    readonly limit: number;
    readonly period: QuotaPeriodType;
    readonly offset?: number;
  } | null;
  readonly stages?: JsonMap | null;
}

/** `key`: `<api id>:<stage name>`. */
function apiStage(key: string, stage: Json): ApiStage {
  const [apiId, name] = key.split(':');
  const throttle = throttleMap(asMap(stage).methodThrottles);
  return { apiId, stage: name, ...(Object.keys(throttle).length > 0 && { throttle }) };
}

function project(plan: UsagePlan, tags: Readonly<Record<string, string>> = plan.tags ?? {}): Live {
  const {
    id = '',
    name = '',
    description = '',
    productCode = null,
    throttle,
    quota,
    apiStages = [],
  } = plan;
  return {
    kind: 'UsagePlan',
    id,
    name,
    spec: {
      name,
      description,
      productCode,
      throttle: throttle ? limits(throttle) : null,
      quota: quota
        ? { limit: quota.limit ?? null, period: quota.period ?? null, offset: quota.offset ?? 0 }
        : null,
      stages: Object.fromEntries(
        apiStages.map((stage) => [
          `${stage.apiId}:${stage.stage}`,
          { methodThrottles: methodThrottles(stage) },
        ]),
      ),
      tags: userTags(tags),
    },
    tags,
    observedAt: arrivedAt(plan),
  };
}

function methodThrottles({ throttle = {} }: ApiStage): JsonMap {
  return Object.fromEntries(
    Object.entries(throttle).map(([raw, settings]) => [readMethodKey(raw), limits(settings)]),
  );
}

function limits({ rateLimit, burstLimit }: ThrottleSettings): JsonMap {
  return { rateLimit: rateLimit ?? null, burstLimit: burstLimit ?? null };
}

async function withKeys(send: Send, plan: Live): Promise<Live> {
  const keys = await listUsagePlanKeys(send, plan.id);
  return {
    ...plan,
    spec: { ...plan.spec, keys: Object.fromEntries(keys.map(({ id = '' }) => [id, true])) },
  };
}

/** A plan that was just made has none. */
function withoutKeys(plan: Live): Live {
  return { ...plan, spec: { ...plan.spec, keys: {} } };
}
