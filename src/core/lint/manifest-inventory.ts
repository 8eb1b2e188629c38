/** What manifests alone tell of keys, plans and what demands keys. A field that they leave out, or leave to others, is unknown. */

import { REQUIREMENT } from '../compare/key-requirement.ts';
import { compact } from '../model/compact.ts';
import { compareText, isMap, listOf, pointer } from '../model/json.ts';
import { ALL_METHODS, adoptedId, type Desired, identity, type Json } from '../model/model.ts';
import type { Subject } from '../model/warning.ts';
import type {
  Demand,
  Inventory,
  InventoryKey,
  InventoryUsagePlan,
  Limit,
  Limited,
  Members,
  StageRef,
} from './inventory.ts';

/** `desired`: the documents of all namespaces of one account and region. */
export function manifestInventory(desired: readonly Desired[]): Inventory {
  const of = (kind: string) => desired.filter((one) => one.kind === kind);
  const named = new Map(desired.map((one) => [identity(one), one]));
  const plans = of('UsagePlan').map((plan) => planOf(plan, named));
  const stages = [...of('Stage').map(stageOf), ...plans.flatMap((plan) => plan.stages.known)];
  return {
    from: 'manifests',
    keys: of('ApiKey').map(keyOf),
    plans,
    demands: of(REQUIREMENT).map((requirement) => demandOf(requirement, stages)),
    limited: [...of('UsagePlan').map(planLimits), ...of('Stage').map(stageLimits)],
  };
}

type Named = ReadonlyMap<string, Desired>;

function subjectOf({ kind, namespace, name, source }: Desired): Subject {
  return { kind, namespace, name, source };
}

/** What the document says of a field; undefined where it says nothing, or that somebody else decides. */
function written({ spec, annotations }: Desired, field: string): Json | undefined {
  const path = pointer(['spec', field]);
  return annotations.ignore.some((one) => one === path || one.startsWith(`${path}/`))
    ? undefined
    : spec[field];
}

function keyOf(key: Desired): InventoryKey {
  const enabled = written(key, 'enabled');
  return compact({
    id: keyId(key),
    subject: subjectOf(key),
    ...(typeof enabled === 'boolean' && { enabled }),
    consumer: key.consumer,
  });
}

/** A plan may name a key by the id under which it is adopted. */
function keyId({ namespace, name, annotations }: Desired): string {
  return adoptedId(annotations) ?? `${namespace}/${name}`;
}

function planOf(plan: Desired, named: Named): InventoryUsagePlan {
  return {
    label: plan.name,
    subject: subjectOf(plan),
    keys: membersOf(plan, 'keys', (entry) => memberOf(plan, entry, named)),
    stages: membersOf(plan, 'stages', (entry) => stageRef(plan, entry, named)),
  };
}

/** A list that is exact holds nothing else; one that is not, or that has an entry which leads nowhere, may. */
function membersOf<T>(
  plan: Desired,
  field: string,
  read: (entry: Json) => T | undefined,
): Members<T> {
  const list = written(plan, field);
  if (list === undefined) return { known: [], more: 'any' };
  const entries = Array.isArray(list) ? list.map((entry: Json) => read(entry)) : [];
  const known = entries.filter((entry) => entry !== undefined);
  if (known.length < entries.length) return { known, more: 'any' };
  return { known, more: plan.spec.membership === 'additive' ? 'strangers' : 'none' };
}

function memberOf({ namespace }: Desired, entry: Json, named: Named): string | undefined {
  if (typeof entry !== 'string') return isMap(entry) ? String(entry.id) : undefined;
  const key = named.get(identity({ kind: 'ApiKey', namespace, name: entry }));
  return key && keyId(key);
}

function stageRef({ namespace }: Desired, entry: Json, named: Named): StageRef | undefined {
  if (!isMap(entry)) return undefined;
  if (typeof entry.stage !== 'string')
    return { api: apiText(entry.restApi), stage: String(entry.stageName) };
  const stage = named.get(identity({ kind: 'Stage', namespace, name: entry.stage }));
  return stage && stageOf(stage);
}

function stageOf({ name, spec }: Desired): StageRef {
  return { api: apiText(spec.restApi), stage: String(spec.stageName ?? name) };
}

function apiText(restApi: Json | undefined): string {
  if (!isMap(restApi)) return '';
  return restApi.id === undefined ? `name ${restApi.name}` : `id ${restApi.id}`;
}

/** Every stage of the API that the manifests know of will demand what the API demands, with its next deployment at the latest. */
function demandOf(requirement: Desired, stages: readonly StageRef[]): Demand {
  const api = apiText(requirement.spec.restApi);
  const all = written(requirement, 'apiKeyRequired');
  const methods = written(requirement, 'methods');
  const isDemanded =
    Array.isArray(methods) &&
    methods.some((method: Json) => isMap(method) && method.apiKeyRequired === true);
  const { redeploy } = requirement.spec;
  const moved =
    isMap(redeploy) && Array.isArray(redeploy.stages) ? redeploy.stages.map(String) : [];
  const known = stages.filter((stage) => stage.api === api).map(({ stage }) => stage);
  const otherwise = all === false ? 'none' : 'unknown';
  return {
    subject: subjectOf(requirement),
    api,
    label: api.slice(api.indexOf(' ') + 1),
    demands: all === true || isDemanded ? 'some' : otherwise,
    stages: [...new Set([...moved, ...known])].sort(compareText),
    path: all === true ? '/spec/apiKeyRequired' : '/spec/methods',
  };
}

function planLimits(plan: Desired): Limited {
  const [throttle, quota, stages] = ['throttle', 'quota', 'stages'].map((field) =>
    written(plan, field),
  );
  const perMethod = listOf(stages).flatMap((stage, index) =>
    methodLimits(isMap(stage) ? stage.methodThrottles : undefined, [
      'spec',
      'stages',
      String(index),
      'methodThrottles',
    ]),
  );
  return {
    subject: subjectOf(plan),
    limits: [
      ...(isMap(throttle)
        ? [{ path: '/spec/throttle', callers: 'keys' as const, throttle: rates(throttle) }]
        : []),
      ...(isMap(quota)
        ? [
            {
              path: '/spec/quota',
              callers: 'keys' as const,
              quota: { limit: Number(quota.limit), period: String(quota.period) },
            },
          ]
        : []),
      ...perMethod,
    ],
  };
}

function methodLimits(throttles: Json | undefined, path: readonly string[]): Limit[] {
  return listOf(throttles).flatMap((throttle, index) =>
    isMap(throttle)
      ? [
          {
            path: pointer([...path, String(index)]),
            method: methodText(throttle),
            callers: 'keys',
            throttle: rates(throttle),
          },
        ]
      : [],
  );
}

function stageLimits(stage: Desired): Limited {
  const limits = listOf(written(stage, 'methodSettings')).flatMap((entry, index): Limit[] => {
    if (!isMap(entry) || !isMap(entry.throttle)) return [];
    const path = pointer(['spec', 'methodSettings', String(index), 'throttle']);
    const method = methodText(entry);
    return [
      {
        path,
        ...(method !== ALL_METHODS && { method }),
        callers: 'all',
        throttle: rates(entry.throttle),
      },
    ];
  });
  return { subject: subjectOf(stage), limits };
}

function methodText({ method, path }: { readonly [field: string]: Json }): string {
  return `${method} ${path}`;
}

function rates({
  rateLimit,
  burstLimit,
}: {
  readonly [field: string]: Json;
}): NonNullable<Limit['throttle']> {
  return { rateLimit: Number(rateLimit), burstLimit: Number(burstLimit) };
}
