/** Whatever is declared, and whatever was declared before and changed by hand since: one apply does it all, and the next plan finds nothing. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/model/model.ts';
import { accessOf, isSettled } from '../kit/invariants.ts';
import { createRig, documentOf, type Rig } from '../kit/rig.ts';
import { type Account, seed } from '../kit/seed.ts';
import type { Document } from '../reliability/account.ts';

const numRuns = Number(process.env.APIKEEPER_RUNS ?? 60);

const KEYS = ['acme', 'bolt', 'cord', 'dent'];
const STAGES = ['s1', 's2', 's3'];
const PLANS = ['plan-a', 'plan-b', 'plan-c'];

/** The same account before each run. */
const ACCOUNT: Account = {
  apis: [
    {
      id: 'residents1',
      name: 'residents-api',
      deployments: ['deploy1', 'deploy2'],
      stages: STAGES.map((name) => ({ name })),
    },
  ],
  keys: [{ id: 'strangerkey', name: 'stranger', tags: { team: 'repairs' } }],
  plans: [
    { id: 'strangerplan', name: 'stranger', stages: ['residents-api:s1'], keys: ['stranger'] },
  ],
};

let rig: Rig;
beforeAll(async () => {
  rig = await createRig({ settings: { maxKeys: 100, maxPercent: 100 } });
});
afterAll(() => rig[Symbol.asyncDispose]());

async function renew(): Promise<void> {
  await rig.restart();
  for (const objects of [
    rig.state.apiKeys,
    rig.state.usagePlans,
    rig.state.planKeys,
    rig.state.restApis,
  ])
    objects.clear();
  rig.state.cloudwatchRoleArn = 'arn:aws:iam::123456789012:role/logs';
  await seed(rig.hand, ACCOUNT);
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const text = fc.constantFrom('', 'one', 'two');
const tags = fc.dictionary(fc.constantFrom('team', 'tier'), fc.constantFrom('a', 'b', null), {
  noNullPrototype: true,
});
const throttle = fc.constantFrom<Json>(
  { rateLimit: 10, burstLimit: 20 },
  { rateLimit: 0, burstLimit: 0 },
);
const quota = fc.constantFrom<Json>(
  null,
  { limit: 5, period: 'DAY' },
  { limit: 100, period: 'WEEK', offset: 2 },
);
const setting = {
  throttle: maybe(fc.option(throttle, { nil: null })),
  metricsEnabled: fc.boolean(),
  logging: maybe(fc.constantFrom({ level: 'INFO' }, { dataTrace: false })),
};
const settings = fc.uniqueArray(
  fc
    .tuple(
      fc.constantFrom(['*', '/*'], ['GET', '/residents'], ['GET', '/residents/{id}']),
      fc.record(setting),
    )
    .map(([[method, path], said]) => ({ method, path, ...said })),
  { maxLength: 3, selector: ({ method, path }) => `${method} ${path}` },
);

const keyOf = (name: string) =>
  fc
    .record({ description: maybe(text), enabled: maybe(fc.boolean()), tags: maybe(tags) })
    .map((spec) => documentOf('ApiKey', name, spec));
const restApi = { name: 'residents-api' };
const stageOf = (stageName: string) =>
  fc
    .record({
      description: maybe(text),
      variables: maybe(
        fc.dictionary(fc.constantFrom('port', 'host'), fc.constantFrom('8080', '8443', null), {
          noNullPrototype: true,
        }),
      ),
      methodSettings: maybe(fc.option(settings, { nil: null })),
      deployment: maybe(fc.constantFrom<Json>('latest', { id: 'deploy1' }, { id: 'deploy2' })),
      tags: maybe(tags),
    })
    .map((spec) => documentOf('Stage', stageName, { restApi, ...spec }));
const planOf = (name: string) =>
  fc.record({
    name: fc.constant(name),
    keys: fc.subarray(KEYS),
    stages: fc.subarray(STAGES),
    throttled: fc.subarray(STAGES),
    more: fc.record({ description: maybe(text), quota: maybe(quota), tags: maybe(tags) }),
  });

type Drawn = typeof planOf extends (name: string) => fc.Arbitrary<infer Value> ? Value : never;

/** Plans in which a key is once per stage, among keys that are declared: anything else is refused before it is planned. */
function plansOf(drawn: readonly Drawn[], keys: readonly string[]): Document[] {
  const taken = new Set<string>();
  return drawn.map(({ name, stages, throttled, more, ...one }) => {
    const mine = one.keys.filter(
      (key) => keys.includes(key) && stages.every((stage) => !taken.has(`${key} ${stage}`)),
    );
    for (const key of mine) for (const stage of stages) taken.add(`${key} ${stage}`);
    const methodThrottles = [{ method: 'GET', path: '/residents', rateLimit: 1, burstLimit: 1 }];
    const entries = stages.map((stageName) => ({
      restApi,
      stageName,
      ...(throttled.includes(stageName) && { methodThrottles }),
    }));
    return documentOf('UsagePlan', name, {
      ...more,
      throttle: { rateLimit: 10, burstLimit: 20 },
      stages: entries,
      keys: mine,
    });
  });
}

const anyOf = <T>(names: readonly string[], make: (name: string) => fc.Arbitrary<T>) =>
  fc
    .tuple(...names.map((name) => fc.option(make(name), { nil: undefined, freq: 4 })))
    .map((all) => all.flatMap((one) => one ?? []) as T[]);
const tree = fc
  .record({ keys: anyOf(KEYS, keyOf), stages: anyOf(STAGES, stageOf), plans: anyOf(PLANS, planOf) })
  .map(({ keys, stages, plans }) => [...keys, ...stages, ...plansOf(plans, keys.map(nameIn))]);

function nameIn({ metadata }: Document): string {
  return (metadata as { name: string }).name;
}

/** In a namespace that prunes. */
function declare(documents: readonly Document[]): void {
  const target = documentOf('Target', 'default', {
    region: 'eu-west-2',
    accountId: '123456789012',
    owner: rig.owner,
    mode: 'enforce',
    prune: true,
  });
  rig.write([target, ...documents]);
}

/** Who may call what, as the documents say it. */
function accessSaid(documents: readonly Document[]): string[] {
  const specOf = (document: Document) =>
    document.spec as { enabled?: boolean; keys: string[]; stages: { stageName: string }[] };
  const enabled = documents
    .filter((one) => one.kind === 'ApiKey' && specOf(one).enabled !== false)
    .map(nameIn);
  const plans = documents.filter(({ kind }) => kind === 'UsagePlan').map(specOf);
  const pairs = plans.flatMap(({ keys, stages }) =>
    keys.flatMap((key) => stages.map(({ stageName }) => ({ key, stageName }))),
  );
  return pairs
    .filter(({ key }) => enabled.includes(key))
    .map(({ key, stageName }) => `${key} → residents-api:${stageName}`);
}

const strangers = () =>
  structuredClone([
    rig.state.apiKeys.get('strangerkey'),
    rig.state.usagePlans.get('strangerplan'),
    rig.state.planKeys.get('strangerplan'),
  ]);

const acts = [
  { op: 'disable', on: 'acme' },
  { op: 'describe', on: 'bolt' },
  { op: 'detach', on: 'plan-a' },
  { op: 'unthrottle', on: 'plan-b' },
  { op: 'tag', on: 'cord' },
] as const;

/** What somebody does meanwhile, where the object is there. */
async function doByHand({ op, on }: (typeof acts)[number]): Promise<void> {
  const { gateway } = rig.hand;
  const key = [...rig.state.apiKeys.values()].find(({ name }) => name === on);
  const plan = [...rig.state.usagePlans.values()].find(({ name }) => name === on);
  if (op === 'disable' && key)
    await gateway.updateApiKey({
      apiKey: key.id,
      patchOperations: [{ op: 'replace', path: '/enabled', value: 'false' }],
    });
  if (op === 'describe' && key)
    await gateway.updateApiKey({
      apiKey: key.id,
      patchOperations: [{ op: 'replace', path: '/description', value: 'by hand' }],
    });
  const arn = `arn:aws:apigateway:eu-west-2::/apikeys/${key?.id}`;
  if (op === 'tag' && key)
    await gateway.tagResource({ resourceArn: arn, tags: { team: 'theirs', floor: '3' } });
  const [member] = plan ? (rig.state.planKeys.get(plan.id) ?? []) : [];
  if (op === 'detach' && plan && member)
    await gateway.deleteUsagePlanKey({ usagePlanId: plan.id, keyId: member });
  if (op === 'unthrottle' && plan && plan.apiStages.every(({ throttle: methods }) => !methods))
    await gateway.updateUsagePlan({
      usagePlanId: plan.id,
      patchOperations: [{ op: 'remove', path: '/throttle' }],
    });
}

async function reaches(documents: readonly Document[]): Promise<void> {
  declare(documents);
  const applied = await rig.apply();
  expect(
    applied.objects.filter(({ outcome }) => outcome === 'failed' || outcome === 'skipped'),
  ).toEqual([]);
  const { objects } = await rig.plan();
  expect(objects.filter((object) => !isSettled(object))).toEqual([]);
  expect(objects.filter(({ reason, action }) => action === 'hold' && reason !== 'grace')).toEqual(
    [],
  );
  const access = accessOf([rig.state]).filter((line) => !line.startsWith('stranger'));
  expect(access).toEqual(accessSaid(documents).sort());
}

describe('an apply', () => {
  it('does all of it, from whatever there was, and then there is nothing left', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(tree, { minLength: 1, maxLength: 3 }),
        fc.subarray([...acts]),
        fc.boolean(),
        async (trees, hands, fresh) => {
          await renew();
          const before = strangers();
          for (const [index, documents] of trees.entries()) {
            if (fresh) await rig.restart();
            if (index > 0) for (const hand of hands) await doByHand(hand);
            await reaches(documents);
          }
          expect(strangers()).toEqual(before);
        },
      ),
      { numRuns },
    );
  }, 600_000);
});
