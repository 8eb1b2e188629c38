/** Documents, live objects and inputs of a plan, as short as a table needs them. */

import type { Rules } from '../../src/core/model/field-rules.ts';
import {
  type Annotations,
  type Api,
  type Desired,
  type Json,
  type Live,
  type Spec,
  TAG,
  type Target,
} from '../../src/core/model/model.ts';
import type { Plan } from '../../src/core/model/plan.ts';
import type { PlanInput, Policy } from '../../src/core/model/plan-input.ts';
import { plan } from '../../src/core/plan/planner.ts';
import { fingerprint, time } from '../../src/engine/state/hash-and-time.ts';
import { kinds } from '../../src/kinds/index.ts';

export const RULES: readonly Rules[] = kinds.map(({ rules }) => rules);
export const OWNER = 'apikeeper';
export const NOW = Date.parse('2026-01-15T09:00:00Z');

export function rulesOf(kind: string): Rules {
  const found = RULES.find((rules) => rules.kind === kind);
  if (!found) throw new Error(`no kind is named ${kind}`);
  return found;
}

type Written = { readonly [field: string]: Json };

export function desired(
  kind: string,
  name: string,
  spec: Written = {},
  annotations: Partial<Annotations> = {},
  namespace = 'default',
): Desired {
  const source = { file: `${name}.yaml`, line: 1 };
  return {
    kind,
    namespace,
    name,
    spec,
    annotations: { adoptFrom: [], ignore: [], movedFrom: [], ...annotations },
    source,
  };
}

/** The tags of an object that is ours. */
export function ours(
  name: string,
  more: Readonly<Record<string, string>> = {},
  namespace = 'default',
): Record<string, string> {
  return {
    [TAG.owner]: OWNER,
    [TAG.resource]: `${namespace}/${name}`,
    [TAG.onRemove]: 'Delete',
    ...more,
  };
}

const EMPTY: Readonly<Record<string, Spec>> = {
  ApiKey: { name: '', description: '', enabled: true, customerId: null, tags: {} },
  UsagePlan: {
    name: '',
    description: '',
    productCode: null,
    throttle: null,
    quota: null,
    stages: {},
    keys: {},
    tags: {},
  },
  Stage: {
    deployment: 'deploy1',
    variables: {},
    methodSettings: {},
    description: '',
    tracingEnabled: false,
    accessLog: null,
    cacheCluster: { enabled: false },
    clientCertificateId: null,
    tags: {},
  },
};

/** A live object, named as its id unless `spec` says otherwise. */
export function live(
  kind: string,
  id: string,
  spec: Written = {},
  tags: Readonly<Record<string, string>> = {},
): Live {
  const name = kind === 'Stage' ? (id.split(':')[1] ?? '') : String(spec.name ?? id);
  return {
    kind,
    id,
    name,
    spec: { ...EMPTY[kind], ...(kind !== 'Stage' && { name }), ...spec },
    tags,
    observedAt: NOW,
  };
}

export const members = (...ids: readonly string[]): Spec =>
  Object.fromEntries(ids.map((id) => [id, true]));
export const stages = (...ids: readonly string[]): Spec =>
  Object.fromEntries(ids.map((id) => [id, { methodThrottles: {} }]));

const POLICY: Policy = {
  unsetMode: 'enforce',
  prune: true,
  deleteGraceMs: 14 * 24 * 3600_000,
  directory: 'manifests',
  maxKeys: 1_000,
  maxPercent: 100,
};

type Options = Partial<Omit<PlanInput, 'policy' | 'target'>> & {
  readonly policy?: Partial<Policy>;
  readonly target?: Partial<Target>;
};

export function inputOf({ policy, target, ...more }: Options = {}): PlanInput {
  return {
    target: {
      namespace: 'default',
      owner: OWNER,
      prune: true,
      schedule: 'off',
      budget: { requestsPerSecond: 5, burst: 20 },
      guards: { maxKeys: 5, maxPercent: 30 },
      implicit: false,
      ...target,
    },
    desired: [],
    neighbours: [],
    namespaces: new Set(['default']),
    invalid: new Set(),
    complete: true,
    live: [],
    apis: [api('api1', 'residents-api')],
    rules: RULES,
    contested: new Set(),
    lastSeen: new Map(),
    pinned: new Map(),
    fingerprint,
    now: NOW,
    time,
    ...more,
    policy: { ...POLICY, ...policy },
  };
}

export function planOf(options: Options): Plan {
  return plan(inputOf(options));
}

/** Each step in one line: `update ApiKey/acme /spec/description`. */
export function linesOf({ steps }: Pick<Plan, 'steps'>): string[] {
  return steps.map(({ action, wants, reason, kind, name, changes }) =>
    [
      action,
      ...(wants ? [wants] : []),
      `${kind}/${name}`,
      ...(reason ? [`(${reason})`] : []),
      ...changes.map(({ path }) => path),
    ].join(' '),
  );
}

export function api(id: string, name: string): Api {
  return { id, name, apiKeySource: 'HEADER', tags: {} };
}
