/** The manifest of a live object says what it is: adopting with it changes nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { manifestSpec, type ReferenceOf } from '../../../src/core/compare/manifest-spec.ts';
import type { Json, Live, Spec } from '../../../src/core/model/model.ts';
import { desired, live, members, planOf, rulesOf, stages } from '../build.ts';

/** As a manifest refers that has no other documents. */
const refer: ReferenceOf = (kind, id) => {
  const [api = '', stageName = ''] = id.split(':');
  return kind === 'Stage' ? { restApi: { id: api }, stageName } : { id };
};

const written = ({ kind, spec }: Pick<Live, 'kind' | 'spec'>, name = 'acme') =>
  manifestSpec(rulesOf(kind), spec, name, refer);

const SETTING = {
  throttle: null,
  metricsEnabled: false,
  logging: { level: 'OFF', dataTrace: false },
  caching: {
    enabled: false,
    ttlInSeconds: 300,
    dataEncrypted: false,
    requireAuthorizationForCacheControl: true,
    unauthorizedCacheControlHeaderStrategy: 'SUCCEED_WITH_RESPONSE_HEADER',
  },
};
const LIMITS = { rateLimit: 5, burstLimit: 10 };

describe('what a manifest of a live object says', () => {
  test.each<[reason: string, kind: string, spec: Spec, expected: Readonly<Record<string, Json>>]>([
    [
      'a plain key says that it is enabled, and nothing else',
      'ApiKey',
      { name: 'acme' },
      { enabled: true },
    ],
    ['a disabled key says so', 'ApiKey', { name: 'acme', enabled: false }, { enabled: false }],
    [
      'another name than the document has is written',
      'ApiKey',
      { name: 'Acme Ltd' },
      { name: 'Acme Ltd', enabled: true },
    ],
    [
      'texts and tags',
      'ApiKey',
      { name: 'acme', description: 'd', customerId: 'c', tags: { team: 'a' } },
      { description: 'd', enabled: true, customerId: 'c', tags: { team: 'a' } },
    ],
    ['a plan without anything', 'UsagePlan', { name: 'acme' }, {}],
    [
      'a limit of 0 is a limit',
      'UsagePlan',
      { name: 'acme', throttle: { rateLimit: 0, burstLimit: 0 } },
      { throttle: { rateLimit: 0, burstLimit: 0 } },
    ],
    [
      'an offset of 0 is none',
      'UsagePlan',
      { name: 'acme', quota: { limit: 5, period: 'DAY', offset: 0 } },
      { quota: { limit: 5, period: 'DAY' } },
    ],
    [
      'an offset',
      'UsagePlan',
      { name: 'acme', quota: { limit: 5, period: 'WEEK', offset: 2 } },
      { quota: { limit: 5, period: 'WEEK', offset: 2 } },
    ],
    [
      'members in one order',
      'UsagePlan',
      { name: 'acme', keys: members('key2', 'key1') },
      { keys: [{ id: 'key1' }, { id: 'key2' }] },
    ],
    [
      'stages, with throttles of methods',
      'UsagePlan',
      {
        name: 'acme',
        throttle: LIMITS,
        stages: { 'api1:b': { methodThrottles: { 'GET /x/{id}': LIMITS } }, ...stages('api1:a') },
      },
      {
        throttle: LIMITS,
        stages: [
          { restApi: { id: 'api1' }, stageName: 'a' },
          {
            restApi: { id: 'api1' },
            stageName: 'b',
            methodThrottles: [{ method: 'GET', path: '/x/{id}', ...LIMITS }],
          },
        ],
      },
    ],
    ['a stage that nobody set anything on', 'Stage', { methodSettings: { '* /*': SETTING } }, {}],
    [
      'what is off by default is left out',
      'Stage',
      { tracingEnabled: true, cacheCluster: { enabled: true, size: '0.5' } },
      { tracingEnabled: true, cacheCluster: { enabled: true, size: '0.5' } },
    ],
    [
      'of the settings of methods, those that somebody set',
      'Stage',
      {
        methodSettings: {
          '* /*': { ...SETTING, metricsEnabled: true },
          'GET /x': {
            ...SETTING,
            metricsEnabled: true,
            logging: { level: 'INFO', dataTrace: false },
          },
        },
      },
      {
        methodSettings: [
          { method: '*', path: '/*', metricsEnabled: true },
          { method: 'GET', path: '/x', logging: { level: 'INFO' } },
        ],
      },
    ],
    [
      'a default that the settings of all methods would take away',
      'Stage',
      {
        methodSettings: {
          '* /*': { ...SETTING, throttle: LIMITS, metricsEnabled: true },
          'GET /x': SETTING,
        },
      },
      {
        methodSettings: [
          { method: '*', path: '/*', throttle: LIMITS, metricsEnabled: true },
          { method: 'GET', path: '/x', throttle: null, metricsEnabled: false },
        ],
      },
    ],
    [
      'an entry that differs in nothing is still an entry',
      'Stage',
      { methodSettings: { 'GET /x': SETTING } },
      { methodSettings: [{ method: 'GET', path: '/x', metricsEnabled: false }] },
    ],
  ])('%s', (_, kind, spec, expected) => {
    expect(written(live(kind, 'api1:production', spec))).toEqual(expected);
  });
});

const limits = fc.constantFrom(null, LIMITS, { rateLimit: 0, burstLimit: 0 });
const setting = fc.record({
  throttle: limits,
  metricsEnabled: fc.boolean(),
  logging: fc.record({ level: fc.constantFrom('OFF', 'INFO'), dataTrace: fc.boolean() }),
  caching: fc.record({
    ...Object.fromEntries(
      Object.entries(SETTING.caching).map(([name, value]) => [name, fc.constant(value)]),
    ),
    enabled: fc.boolean(),
    ttlInSeconds: fc.constantFrom(0, 60, 300),
  }),
});
const texts = fc.constantFrom('', 'acme', 'x y');
const maps = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'));
const method = fc.constantFrom('GET /', 'GET /x/{id}', 'ANY /{proxy+}');

const OBJECTS = {
  ApiKey: fc.record({
    name: fc.constantFrom('acme', 'Acme'),
    description: texts,
    enabled: fc.boolean(),
    customerId: fc.option(texts),
    tags: maps,
  }),
  UsagePlan: fc.record({
    name: fc.constantFrom('acme', 'Acme'),
    description: texts,
    throttle: fc.constantFrom(LIMITS, { rateLimit: 0, burstLimit: 1 }),
    quota: fc.constantFrom(
      null,
      { limit: 1, period: 'DAY', offset: 0 },
      { limit: 0, period: 'WEEK', offset: 3 },
    ),
    stages: fc.dictionary(
      fc.constantFrom('api1:a', 'api1:b'),
      fc.record({ methodThrottles: fc.dictionary(method, fc.constant(LIMITS)) }),
    ),
    keys: fc.dictionary(fc.constantFrom('key1', 'key2'), fc.constant(true)),
    tags: maps,
  }),
  Stage: fc.record({
    variables: maps,
    methodSettings: fc.dictionary(fc.constantFrom('* /*', 'GET /', 'GET /x/{id}'), setting),
    description: texts,
    tracingEnabled: fc.boolean(),
    accessLog: fc.constantFrom(null, { destinationArn: 'arn', format: '$context.requestId' }),
    cacheCluster: fc.constantFrom({ enabled: false }, { enabled: true, size: '0.5' }),
    tags: maps,
  }),
} as const;

/** What plans refer to. */
const AROUND = [
  live('ApiKey', 'key1'),
  live('ApiKey', 'key2'),
  live('Stage', 'api1:a'),
  live('Stage', 'api1:b'),
];

test.each(['ApiKey', 'UsagePlan', 'Stage'] as const)(
  'whatever a live %s is, the plan finds nothing to change on it',
  (kind) => {
    fc.assert(
      fc.property(OBJECTS[kind], (spec) => {
        const object = live(kind, kind === 'Stage' ? 'api1:production' : 'subject1', spec as Spec);
        const who = kind === 'Stage' ? { restApi: { id: 'api1' }, stageName: 'production' } : {};
        const document = desired(
          kind,
          'acme',
          { ...who, ...written(object) },
          kind === 'Stage' ? {} : { adopt: object.id },
        );
        const { steps } = planOf({ desired: [document], live: [object, ...AROUND] });
        const own = steps.filter(({ name, kind: of }) => name === 'acme' && of === kind);
        expect(own.map(({ action, reason }) => reason ?? action)).toEqual([
          kind === 'Stage' ? 'keep' : 'adopt',
        ]);
        expect(own.flatMap(({ changes }) => changes)).toEqual([]);
      }),
    );
  },
);
