/** Whatever an account is: the export of it is valid, and the plan of that changes nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Api, type Json, type Live, type Spec, TAG } from '../../src/core/model/model.ts';
import { exportManifests } from '../../src/exporter/export.ts';
import { streamOf } from '../../src/exporter/files.ts';
import { load } from '../../src/manifests/load.ts';
import { api, live, OWNER, ours, planOf, RULES } from '../core/build.ts';
import { createWorkspace } from '../manifests/workspace.ts';

const APIS: readonly Api[] = [
  api('api1', 'residents-api'),
  api('api2', 'repairs'),
  api('api3', 'repairs'),
];
const STAGES = APIS.flatMap(({ id }) => ['production', 'x'].map((name) => `${id}:${name}`));
const KEYS = Array.from({ length: 6 }, (_, index) => `key${index}`);
const PLANS = Array.from({ length: 4 }, (_, index) => `plan${index}`);

const limits = fc.constantFrom(
  { rateLimit: 5, burstLimit: 10 },
  { rateLimit: 0, burstLimit: 0 },
  { rateLimit: 0.5, burstLimit: 2 },
);
const texts = fc.constantFrom('', 'a text', 'ümlaut: {x}');
const userTags = fc.dictionary(
  fc.constantFrom('team', 'a b', 'bad*'),
  fc.constantFrom('x', '', 'bad\u0000'),
  { maxKeys: 2 },
);
const names = fc.constantFrom('acme', 'Acme', 'Acme Ltd.', '', '!!', 'x-1');
/** Whose it is: nobody's, ours under one of few names, ours elsewhere, a stack's, another tree's. */
const whose = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  fc.constantFrom(...['acme', 'birch', 'acme-2'].map((name) => ours(name))),
  fc.constant(ours('acme', {}, 'elsewhere')),
  fc.constant(ours('cedar', { [TAG.onRemove]: 'Retain' })),
  fc.constant({ 'aws:cloudformation:stack-name': 's' }),
  fc.constant({ [TAG.owner]: 'other', [TAG.resource]: 'default/acme' }),
);
const methods = fc.constantFrom('GET /', 'GET /x/{id}', 'ANY /{proxy+}', 'LINK /x');
const throttles = fc.dictionary(methods, limits, { maxKeys: 2 });
const setting = fc.record({
  throttle: fc.option(limits),
  metricsEnabled: fc.boolean(),
  logging: fc.record({ level: fc.constantFrom('OFF', 'INFO'), dataTrace: fc.boolean() }),
  caching: fc.record({
    enabled: fc.boolean(),
    ttlInSeconds: fc.constantFrom(null, 60, 300),
    dataEncrypted: fc.constant(false),
    requireAuthorizationForCacheControl: fc.boolean(),
    unauthorizedCacheControlHeaderStrategy: fc.constantFrom(
      'FAIL_WITH_403',
      'SUCCEED_WITH_RESPONSE_HEADER',
    ),
  }),
});

const keySpec = fc.record({
  name: names,
  description: texts,
  enabled: fc.boolean(),
  customerId: fc.option(fc.constant('c1')),
  tags: userTags,
});
const planSpec = fc
  .record({
    name: names,
    description: texts,
    throttle: fc.option(limits),
    quota: fc.constantFrom(
      null,
      { limit: 5, period: 'DAY', offset: 0 },
      { limit: 0, period: 'WEEK', offset: 3 },
    ),
    stages: fc.dictionary(fc.constantFrom(...STAGES, 'api9:gone'), throttles, { maxKeys: 3 }),
    tags: userTags,
  })
  .map(({ stages, ...rest }) => ({
    ...rest,
    // Without a throttle of its own, a plan has none for methods.
    stages: Object.fromEntries(
      Object.entries(stages).map(([id, methodThrottles]) => [
        id,
        { methodThrottles: rest.throttle ? methodThrottles : {} },
      ]),
    ),
  }));
const stageSpec = fc.record({
  variables: fc.dictionary(
    fc.constantFrom('port', 'deployedAt', 'bad-one'),
    fc.constantFrom('80', 'bad value'),
    { maxKeys: 2 },
  ),
  methodSettings: fc.dictionary(
    fc.constantFrom('* /*', 'GET /', 'GET /x/{id}', 'GET /bad*'),
    setting,
    { maxKeys: 3 },
  ),
  description: texts,
  tracingEnabled: fc.boolean(),
  accessLog: fc.constantFrom(null, { destinationArn: 'arn', format: 'f' }),
  cacheCluster: fc.constantFrom({ enabled: false }, { enabled: true, size: '0.5' }),
  tags: userTags,
});

const requirementSpec = fc.record({
  apiKeySource: fc.constantFrom('HEADER', 'AUTHORIZER'),
  methods: fc.dictionary(
    fc.constantFrom('GET /', 'OPTIONS /', 'ANY /{proxy+}', 'LINK /x'),
    fc.record({ apiKeyRequired: fc.boolean(), resource: fc.constant('r') }),
    { maxKeys: 3 },
  ),
  served: fc.dictionary(
    fc.constantFrom('production', 'x'),
    fc.dictionary(fc.constantFrom('GET /', 'ANY /{proxy+}'), fc.boolean()),
  ),
  undeployed: fc.constant({}),
  deployments: fc.constant({ production: 'd1', x: 'd2' }),
});

const objects = (kind: string, ids: readonly string[], spec: fc.Arbitrary<object>) =>
  fc.tuple(...ids.map(() => fc.option(fc.tuple(spec, whose)))).map((given) =>
    given.flatMap((one, index): Live[] => {
      if (!one) return [];
      const [fields, tags] = one as [
        Readonly<Record<string, Json>>,
        Readonly<Record<string, string>>,
      ];
      return [
        live(kind, ids[index] ?? '', fields, {
          ...(fields.tags as Record<string, string>),
          ...tags,
        }),
      ];
    }),
  );

function onOneStage(plan: Live, index: number): Live {
  const [throttles = { methodThrottles: {} }] = Object.values(plan.spec.stages as Spec);
  return { ...plan, spec: { ...plan.spec, stages: { [STAGES[index] ?? '']: throttles } } };
}

function untagged(live: Live): Live {
  return { ...live, tags: live.spec.tags as Live['tags'] };
}

/** Memberships as the service allows them: a key is in one plan per stage, at most. */
const accounts = fc
  .record({
    keys: objects('ApiKey', KEYS, keySpec),
    stages: objects('Stage', STAGES, stageSpec),
    plans: objects('UsagePlan', PLANS, planSpec),
    requirements: objects(
      'KeyRequirement',
      APIS.map(({ id }) => id),
      requirementSpec,
    ),
    /** Whether each plan is one key's, on one stage: what becomes Consumers. */
    own: fc.constantFrom('no', 'by anybody', 'by nobody'),
    members: fc.array(fc.tuple(fc.nat(PLANS.length - 1), fc.constantFrom(...KEYS, 'gone')), {
      maxLength: 12,
    }),
  })
  .map(({ keys, stages, plans: given, requirements, own, members: asked }) => {
    const plans = own === 'no' ? given : given.map(onOneStage);
    const members =
      own !== 'no' ? plans.map((_, index) => [index, KEYS[index >> 1] ?? ''] as const) : asked;
    const taken = new Set<string>();
    const keysOf = new Map<string, Record<string, Json>>();
    for (const [index, key] of members) {
      const plan = plans[index];
      const places = Object.keys((plan?.spec.stages ?? {}) as Spec).map(
        (stage) => `${key} ${stage}`,
      );
      if (!plan || keysOf.get(plan.id)?.[key] || places.some((place) => taken.has(place))) continue;
      for (const place of places) taken.add(place);
      keysOf.set(plan.id, { ...keysOf.get(plan.id), [key]: true });
    }
    const full = plans.map((plan) => ({
      ...plan,
      spec: { ...plan.spec, keys: keysOf.get(plan.id) ?? {} },
    }));
    return [
      ...[...keys, ...full].map(own === 'by nobody' ? untagged : (live) => live),
      ...stages,
      ...requirements,
    ];
  });

test('export then plan shows adoptions, holds, and no change', async () => {
  await using space = await createWorkspace();
  await fc.assert(
    fc.asyncProperty(accounts, fc.boolean(), async (account, consumers) => {
      const options = {
        consumers,
        declared: [],
        account: { live: account, apis: APIS },
        owner: OWNER,
        namespace: 'default',
        rules: RULES,
      };
      const { documents } = exportManifests({
        ...options,
        selection: { apis: [], plans: [], keys: [] },
      });
      await space.write('all.yaml', documents.length > 0 ? streamOf(documents, 'All.') : '');
      if (documents.length === 0) return;

      const { problems, dangling, desired } = await load(space.path);
      expect([...problems, ...dangling]).toEqual([]);
      expect(desired).toHaveLength(
        documents.flatMap((document) => document.parts ?? document).length,
      );
      const { steps } = planOf({ desired, live: account, apis: APIS });
      const declared = steps.filter((step) => step.desired);
      expect(declared.flatMap(({ changes }) => changes)).toEqual([]);
      const isCalm = ({ action, reason }: (typeof steps)[number]) =>
        action === 'adopt' || action === 'keep' || reason === 'foreign' || reason === 'suspended';
      expect(
        declared
          .filter((step) => !isCalm(step))
          .map(({ action, reason, kind, name }) => `${action} ${reason} ${kind}/${name}`),
      ).toEqual([]);
      const shown = exportManifests({
        ...options,
        account: { live: account.toReversed(), apis: APIS.toReversed() },
        selection: { apis: [], plans: [], keys: [] },
      });
      expect(streamOf(shown.documents, '')).toBe(streamOf(documents, ''));
    }),
    { numRuns: 100 },
  );
});
