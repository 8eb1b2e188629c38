/** Random worlds: what Git said, what people did meanwhile, and what Git says now. */
import fc from 'fast-check';
import type { ConsoleChange } from '../scenarios/history.ts';
import type { Document } from './account.ts';
import { key, on, plan, stage, target } from './crash-scenarios.ts';

const KEYS = ['acme', 'beta', 'gamma', 'delta'];
const PLANS = ['gold', 'silver', 'bronze'];
const STAGES = ['production', 'staging'];

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const text = fc.constantFrom('', 'one', 'two', 'Größe "3"');
const limits = fc.record({
  rateLimit: fc.constantFrom(0, 1, 50.5),
  burstLimit: fc.constantFrom(0, 5, 100),
});
const tags = fc.dictionary(fc.constantFrom('team', 'cost'), fc.constantFrom('a', 'b'), {
  maxKeys: 2,
});

/** Without what is undefined: it is not written. */
function written(spec: Readonly<Record<string, unknown>>): Document {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
}

const keySpec = fc
  .record({
    description: maybe(text),
    enabled: maybe(fc.boolean()),
    customerId: maybe(fc.constantFrom('c1', 'c2')),
    tags: maybe(tags),
    deletionPolicy: maybe(fc.constantFrom('Delete', 'Disable', 'Retain')),
  })
  .map(written);

const planSpec = fc
  .record({
    description: maybe(text),
    throttle: maybe(limits),
    quota: maybe(
      fc.record({ limit: fc.constantFrom(10, 1000), period: fc.constantFrom('DAY', 'MONTH') }),
    ),
    stages: fc.subarray(STAGES),
    hasMethodThrottles: fc.boolean(),
    methodLimits: limits,
    tags: maybe(tags),
    deletionPolicy: maybe(fc.constantFrom('Delete', 'Retain')),
  })
  .map(({ stages, hasMethodThrottles, methodLimits, ...spec }) => {
    // Method throttles need one of the plan.
    const methodThrottles =
      hasMethodThrottles && spec.throttle
        ? [{ method: 'GET', path: '/residents', ...methodLimits }]
        : undefined;
    return written({
      ...spec,
      stages: stages.map((name) => on(name, written({ methodThrottles }))),
    });
  });

const stageSpec = fc
  .record({
    description: maybe(text),
    variables: maybe(
      fc.dictionary(fc.constantFrom('port', 'host'), fc.constantFrom('1', '2'), { maxKeys: 2 }),
    ),
    tracingEnabled: maybe(fc.boolean()),
    methodSettings: maybe(
      fc.uniqueArray(
        fc.record({
          method: fc.constant('GET'),
          path: fc.constantFrom('/residents', '/residents/{id}'),
          metricsEnabled: fc.boolean(),
          throttle: limits,
        }),
        { selector: ({ path }) => path, maxLength: 2 },
      ),
    ),
    tags: maybe(tags),
  })
  .map(written);

const some = (names: readonly string[], spec: fc.Arbitrary<Document>) =>
  fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), maybe(spec))));

/** What Git says: some keys, plans and stages. A key is in at most one plan, or the service would refuse it. */
export const documents: fc.Arbitrary<readonly Document[]> = fc
  .record({
    keys: some(KEYS, keySpec),
    plans: some(PLANS, planSpec),
    stages: some(STAGES, stageSpec),
    homes: fc.tuple(...KEYS.map(() => fc.constantFrom(...PLANS, 'none'))),
  })
  .map(({ keys, plans, stages, homes }) => {
    const declared = keys.flatMap(([name, spec]) => (spec ? [key(name, spec)] : []));
    const members = (home: string) =>
      keys.flatMap(([name, spec], index) => (spec && homes[index] === home ? [name] : []));
    return [
      target,
      ...declared,
      ...plans.flatMap(([name, spec]) =>
        spec ? [plan(name, { ...spec, keys: members(name) })] : [],
      ),
      ...stages.flatMap(([stageName, spec]) =>
        spec ? [stage(`residents-${stageName}`, { stageName, ...spec })] : [],
      ),
    ];
  });

const someKey = fc.constantFrom(...KEYS);
const somePlan = fc.constantFrom(...PLANS);

/** What people do. Not all of it can be done to every world. */
const byHand: fc.Arbitrary<ConsoleChange> = fc.oneof(
  fc
    .tuple(someKey, fc.constantFrom('true', 'false'))
    .map(([name, value]): ConsoleChange => ({ patch: `ApiKey/${name}`, path: '/enabled', value })),
  fc
    .tuple(someKey, text)
    .map(
      ([name, value]): ConsoleChange => ({ patch: `ApiKey/${name}`, path: '/description', value }),
    ),
  someKey.map((name): ConsoleChange => ({ delete: `ApiKey/${name}` })),
  fc.tuple(someKey, somePlan).map(([name, home]): ConsoleChange => ({ attach: name, plan: home })),
  fc.tuple(someKey, somePlan).map(([name, home]): ConsoleChange => ({ detach: name, plan: home })),
  fc.tuple(somePlan, fc.constantFrom('1', '70')).map(
    ([name, value]): ConsoleChange => ({
      patch: `UsagePlan/${name}`,
      path: '/throttle/rateLimit',
      value,
    }),
  ),
  somePlan.map(
    (name): ConsoleChange => ({ patch: `UsagePlan/${name}`, op: 'remove', path: '/quota' }),
  ),
  somePlan.map((name): ConsoleChange => ({ delete: `UsagePlan/${name}` })),
  fc.constantFrom(...STAGES).map(
    (name): ConsoleChange => ({
      patch: `Stage/residents-api:${name}`,
      path: '/variables/port',
      value: '9',
    }),
  ),
  someKey.map((name): ConsoleChange => ({ tag: `ApiKey/${name}`, tags: { team: 'by-hand' } })),
  somePlan.map(
    (name): ConsoleChange => ({ tag: `UsagePlan/${name}`, tags: { 'apikeeper:applied': null } }),
  ),
);

export const meddling: fc.Arbitrary<readonly ConsoleChange[]> = fc.array(byHand, { maxLength: 4 });
