/** Live objects that no manifest can say in full: the export is valid all the same, and says what it left out. */
import { describe, expect, test } from 'vitest';
import { type Api, type Json, type Live, type Spec, TAG } from '../../src/core/model/model.ts';
import { exportManifests } from '../../src/exporter/export.ts';
import type { ExportedDocument } from '../../src/exporter/model.ts';
import { api, live, members, OWNER, ours, RULES, stages } from '../core/build.ts';

const APIS: readonly Api[] = [api('api1', 'residents-api')];
const EVERYTHING = { apis: [], plans: [], keys: [] };

function exported(objects: readonly Live[], consumers = false, apis: readonly Api[] = APIS) {
  return exportManifests({
    account: { live: objects, apis },
    owner: OWNER,
    namespace: 'default',
    selection: EVERYTHING,
    declared: [],
    consumers,
    rules: RULES,
  });
}

const one = (objects: readonly Live[], kind: string): ExportedDocument => {
  const [found, another] = exported(objects).documents.filter((document) => document.kind === kind);
  if (!found || another) throw new Error(`not one ${kind}`);
  return found;
};

const LIMITS = { rateLimit: 5, burstLimit: 10 };
const STAGE = live('Stage', 'api1:production');
const throttles = (count: number): Spec =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`GET /r${index}`, LIMITS]));

describe('what a manifest cannot say is left out, with a word', () => {
  test.each<
    [
      reason: string,
      objects: readonly Live[],
      kind: string,
      spec: Readonly<Record<string, Json>>,
      comment: RegExp,
    ]
  >([
    [
      'a tag with a character that the schema refuses',
      [live('ApiKey', 'k1', { name: 'acme', tags: { team: 'a', odd: 'x*y' } })],
      'ApiKey',
      { enabled: true, tags: { team: 'a' } },
      /^\/spec\/tags\/odd is left out: /,
    ],
    [
      'a stage variable that the schema refuses',
      [live('Stage', 'api1:production', { variables: { port: '80', 'a-b': '1' } })],
      'Stage',
      { restApi: { name: 'residents-api' }, stageName: 'production', variables: { port: '80' } },
      /^\/spec\/variables\/a-b is left out: /,
    ],
    [
      'more method throttles than a plan may have: not one of its stages is claimed, or the rest would be taken off',
      [
        STAGE,
        live('UsagePlan', 'p1', {
          name: 'basic',
          throttle: LIMITS,
          stages: { 'api1:production': { methodThrottles: throttles(21) } },
        }),
      ],
      'UsagePlan',
      { throttle: LIMITS },
      /^\/spec\/stages\/0\/methodThrottles is left out: /,
    ],
    [
      'a throttle of half: the other half would be made up',
      [live('UsagePlan', 'p1', { name: 'basic', throttle: { rateLimit: 5, burstLimit: null } })],
      'UsagePlan',
      {},
      /^\/spec\/throttle/,
    ],
    [
      'an access log that goes nowhere that a manifest may name',
      [
        live('Stage', 'api1:production', {
          accessLog: { destinationArn: 'arn:aws:logs:x', format: '$context.requestId' },
        }),
      ],
      'Stage',
      { restApi: { name: 'residents-api' }, stageName: 'production' },
      /^\/spec\/accessLog\/destinationArn is left out: /,
    ],
    [
      'a setting that one method lacks and all others have',
      [
        live('Stage', 'api1:production', {
          methodSettings: {
            '* /*': { caching: { ttlInSeconds: 60 } },
            'GET /x': { metricsEnabled: true, caching: { ttlInSeconds: null } },
          },
        }),
      ],
      'Stage',
      {
        restApi: { name: 'residents-api' },
        stageName: 'production',
        methodSettings: [{ method: '*', path: '/*', caching: { ttlInSeconds: 60 } }],
      },
      /^\/spec\/methodSettings\/GET ~1x\/caching\/ttlInSeconds is left out: it would change what is live$/,
    ],
    [
      'a member that is not there',
      [
        STAGE,
        live('UsagePlan', 'p1', {
          name: 'basic',
          stages: stages('api1:production', 'api1:gone'),
          keys: members('gone1'),
        }),
      ],
      'UsagePlan',
      { stages: [{ stage: 'residents-api-production' }], membership: 'additive' },
      /^the stage api1:gone is in this plan and was not found: membership: additive leaves it in$/,
    ],
    [
      'a variable that somebody seems to set at each deployment',
      [live('Stage', 'api1:production', { variables: { deployedAt: 'now' } })],
      'Stage',
      { restApi: { name: 'residents-api' }, stageName: 'production' },
      /^the variable deployedAt seems to exist only to force a deployment/,
    ],
    [
      "another manager's marks",
      [
        live(
          'ApiKey',
          'k1',
          { name: 'acme', tags: { 'crossplane-name': 'x', team: 'a' } },
          { 'crossplane-name': 'x', team: 'a' },
        ),
      ],
      'ApiKey',
      { enabled: true, tags: { team: 'a' } },
      /^managed by crossplane: held as foreign until it is taken over/,
    ],
  ])('%s', (_, objects, kind, spec, comment) => {
    const document = one(objects, kind);
    expect(document.spec).toEqual(spec);
    expect(document.comments).toContainEqual(expect.stringMatching(comment));
  });
});

test('a stage whose name no manifest can say is left out whole, and so is the list of a plan that it is in', () => {
  const odd = live('Stage', 'api1:a.b');
  const { documents, notes } = exported([
    odd,
    STAGE,
    live('UsagePlan', 'p1', { name: 'basic', stages: stages('api1:a.b', 'api1:production') }),
  ]);
  expect(documents.map(({ kind, name, spec }) => ({ kind, name, spec }))).toEqual([
    {
      kind: 'Stage',
      name: 'residents-api-production',
      spec: { restApi: { name: 'residents-api' }, stageName: 'production' },
    },
    { kind: 'UsagePlan', name: 'basic', spec: {} },
  ]);
  expect(notes).toEqual([
    expect.stringMatching(/^stage a\.b of residents-api \(api1\) is left out: \/spec\/stageName /),
  ]);
});

describe('what a person has to decide stands above the document', () => {
  const plan = (spec: Spec) => live('UsagePlan', 'p1', { name: 'basic', ...spec });
  test.each<[reason: string, objects: readonly Live[], kind: string, comment: RegExp]>([
    ['a key in no plan', [live('ApiKey', 'k1')], 'ApiKey', /^in no plan/],
    [
      'a disabled key',
      [live('ApiKey', 'k1', { enabled: false }), plan({ keys: members('k1') })],
      'ApiKey',
      /^disabled/,
    ],
    ['a key without a name', [live('ApiKey', 'k1', { name: '' })], 'ApiKey', /^without a name/],
    ['a plan without a stage', [plan({})], 'UsagePlan', /^without a stage/],
    ['a plan without a key', [plan({})], 'UsagePlan', /^without a key/],
    [
      'a plan over several APIs',
      [
        STAGE,
        live('Stage', 'api2:production'),
        plan({ stages: stages('api1:production', 'api2:production') }),
      ],
      'UsagePlan',
      /^over 2 APIs/,
    ],
    [
      'a plan with so many keys that an application may make them',
      [
        plan({ keys: members(...Array.from({ length: 100 }, (_, index) => `k${index}`)) }),
        ...Array.from({ length: 100 }, (_, index) => live('ApiKey', `k${index}`)),
      ],
      'UsagePlan',
      /^100 keys: if an application makes them/,
    ],
    [
      "another tree's object",
      [live('ApiKey', 'k1', {}, { [TAG.owner]: 'other' })],
      'ApiKey',
      /^managed by apikeeper\/other/,
    ],
    [
      'the emergency brake',
      [live('ApiKey', 'k1', {}, { [TAG.suspend]: '' })],
      'ApiKey',
      /^suspended by the tag apikeeper:suspend/,
    ],
    [
      'a key that left Git',
      [
        live(
          'ApiKey',
          'k1',
          { enabled: false },
          ours('acme', { [TAG.deleteAfter]: '2026-02-01T00:00:00Z' }),
        ),
      ],
      'ApiKey',
      /^left Git, and is to be deleted after 2026-02-01T00:00:00Z/,
    ],
  ])('%s', (_, objects, kind, comment) => {
    expect(one(objects, kind).comments).toContainEqual(expect.stringMatching(comment));
  });

  test('two of one name: each names the other, and has a document of its own', () => {
    const { documents } = exported([
      live('ApiKey', 'k2', { name: 'acme' }),
      live('ApiKey', 'k1', { name: 'acme' }),
    ]);
    expect(
      documents.map(({ name, id, spec, comments }) => ({ name, id, spec, first: comments[0] })),
    ).toEqual([
      {
        name: 'acme',
        id: 'k1',
        spec: { enabled: true },
        first: 'not the only one of the name "acme": k2',
      },
      {
        name: 'acme-2',
        id: 'k2',
        spec: { name: 'acme', enabled: true },
        first: 'not the only one of the name "acme": k1',
      },
    ]);
  });

  test('keys by the hundred that are named alike are counted once, for the whole export', () => {
    const keys = Array.from({ length: 120 }, (_, index) =>
      live('ApiKey', `k${index}`, { name: `client-${index}` }),
    );
    expect(exported(keys).notes).toEqual([
      expect.stringMatching(/^120 keys are named like client-…: if an application makes them/),
    ]);
    expect(exported(keys.slice(0, 99)).notes).toEqual([]);
  });
});

describe('what is ours', () => {
  test('keeps its name, be it taken or not what its own would give', () => {
    const { documents } = exported([
      live('ApiKey', 'k1', { name: 'acme' }),
      live('ApiKey', 'k2', { name: 'Acme Ltd' }, ours('acme')),
      live('ApiKey', 'k3', { name: 'a--b' }, ours('a--b')),
    ]);
    expect(documents.map(({ id, name }) => `${id} ${name}`)).toEqual(
      ['k2 acme', 'k3 a--b', 'k1 acme-2'].sort((a, b) => order(a, b)),
    );
  });

  test('keeps its deletion policy', () => {
    expect(
      one(
        [live('ApiKey', 'k1', { name: 'acme' }, ours('acme', { [TAG.onRemove]: 'Retain' }))],
        'ApiKey',
      ).spec,
    ).toEqual({
      enabled: true,
      deletionPolicy: 'Retain',
    });
  });

  test('two that bear the tags of one document are one, which waits for a person', () => {
    const { documents, notes } = exported([
      live('ApiKey', 'k1', {}, ours('acme')),
      live('ApiKey', 'k2', {}, ours('acme')),
    ]);
    expect(documents).toMatchObject([
      {
        name: 'acme',
        comments: [
          expect.stringContaining('k1 and k2 bear the tags of this document'),
          'in no plan, so it opens nothing: is it still needed?',
        ],
      },
    ]);
    expect(documents[0]).not.toHaveProperty('adopt');
    expect(notes).toEqual(['k2: left out, since another object bears the same tags']);
  });

  test("another tree's, and what is not adopted yet, are meant by their ids in plans", () => {
    const document = one(
      [
        live('ApiKey', 'k1', { name: 'acme' }),
        live('ApiKey', 'k2', { name: 'birch' }, { [TAG.owner]: 'other' }),
        live('UsagePlan', 'p1', { name: 'basic', keys: members('k1', 'k2') }),
      ],
      'UsagePlan',
    );
    expect(document.spec.keys).toEqual(['acme', { id: 'k2' }]);
  });
});

describe('key requirements', () => {
  type Demands = Readonly<Record<string, boolean>>;
  const requirement = (
    demands: Demands,
    {
      served = {},
      apiKeySource = 'HEADER',
      tags = {},
    }: { served?: Spec; apiKeySource?: string; tags?: Live['tags'] } = {},
  ) =>
    live(
      'KeyRequirement',
      'api1',
      {
        apiKeySource,
        methods: Object.fromEntries(
          Object.entries(demands).map(([key, apiKeyRequired]) => [
            key,
            { apiKeyRequired, resource: 'r' },
          ]),
        ),
        served,
        undeployed: {},
        deployments: {},
      },
      tags,
    );

  test('the methods that demand a key are named, and no others', () => {
    const document = one(
      [requirement({ 'GET /a': true, 'GET /health': false, 'POST /a': true })],
      'KeyRequirement',
    );
    expect(document).toMatchObject({
      name: 'residents-api',
      file: 'apis/residents-api.yaml',
      comments: [],
    });
    expect(document).not.toHaveProperty('adopt');
    expect(document.spec).toEqual({
      restApi: { name: 'residents-api' },
      methods: [
        { method: 'GET', path: '/a', apiKeyRequired: true },
        { method: 'POST', path: '/a', apiKeyRequired: true },
      ],
    });
  });

  test('an API that demands none has none, unless it has one already', () => {
    expect(exported([requirement({ 'GET /a': false })]).documents).toEqual([]);
    expect(
      exported([requirement({ 'GET /a': false }, { tags: ours('mine') })]).documents,
    ).toMatchObject([
      { kind: 'KeyRequirement', name: 'mine', spec: { restApi: { name: 'residents-api' } } },
    ]);
  });

  test.each<[reason: string, live: Live, spec: Readonly<Record<string, Json>>, comment: RegExp]>([
    [
      'a preflight that demands a key is left out, since no manifest may say so',
      requirement({ 'OPTIONS /a': true, 'GET /a': true }),
      { methods: [{ method: 'GET', path: '/a', apiKeyRequired: true }] },
      /^OPTIONS \/a demands a key, which a browser's preflight never carries/,
    ],
    [
      'another source of keys is said',
      requirement(
        { 'GET /a': true },
        { apiKeySource: 'AUTHORIZER', tags: { 'aws:cloudformation:stack-name': 's' } },
      ),
      {
        apiKeySource: 'AUTHORIZER',
        methods: [{ method: 'GET', path: '/a', apiKeyRequired: true }],
      },
      /^managed by cloudformation \(stack s\)/,
    ],
    [
      'what a stage does not serve yet is said',
      requirement(
        { 'GET /a': true },
        { served: { production: { 'GET /a': false }, staging: { 'GET /a': true } } },
      ),
      { methods: [{ method: 'GET', path: '/a', apiKeyRequired: true }] },
      /^production serves GET \/a without asking for a key: the next deployment makes it ask$/,
    ],
    [
      'what a stage serves still is said',
      requirement(
        { 'GET /a': true, 'GET /b': false },
        { served: { production: { 'GET /a': true, 'GET /b': true } } },
      ),
      { methods: [{ method: 'GET', path: '/a', apiKeyRequired: true }] },
      /^production still asks for a key for GET \/b: the next deployment makes it stop$/,
    ],
    [
      'a method that no manifest may name is left out',
      requirement({ 'GET /a': true, 'LINK /a': true }),
      { methods: [{ method: 'GET', path: '/a', apiKeyRequired: true }] },
      /^\/spec\/methods\/1\/method is left out: /,
    ],
  ])('%s', (_, object, spec, comment) => {
    const document = one([object], 'KeyRequirement');
    expect(document.spec).toEqual({ restApi: { name: 'residents-api' }, ...spec });
    expect(document.comments).toContainEqual(expect.stringMatching(comment));
  });
});

describe('consumers', () => {
  const PRODUCTION = stages('api1:production');
  const stage = (name: string) => live('Stage', `api1:${name}`);
  const key = (id: string, spec: Spec = {}, tags = {}) =>
    live('ApiKey', id, { name: id, ...spec }, tags);
  const plan = (id: string, spec: Spec, tags = {}) =>
    live('UsagePlan', id, { name: `plan of ${id}`, ...spec }, tags);
  const FOREIGN = { 'aws:cloudformation:stack-name': 's' };

  test('a key and its plans are one document, which says once what all plans say', () => {
    const { documents } = exported(
      [
        STAGE,
        stage('staging'),
        key('k1', { name: 'Acme Ltd', description: 'portal' }),
        plan('p1', {
          throttle: LIMITS,
          stages: PRODUCTION,
          keys: members('k1'),
          tags: { team: 'a' },
        }),
        plan('p2', {
          name: 'acme-ltd-residents-api-staging',
          throttle: LIMITS,
          quota: { limit: 5, period: 'DAY', offset: 0 },
          stages: { 'api1:staging': { methodThrottles: { 'GET /x': LIMITS } } },
          keys: members('k1'),
        }),
      ],
      true,
    );
    expect(documents.filter(({ kind }) => kind !== 'Stage')).toMatchObject([
      {
        kind: 'Consumer',
        name: 'acme-ltd',
        file: 'consumers/acme-ltd.yaml',
        adopt: { id: 'k1, residents-api-production=p1, residents-api-staging=p2' },
        spec: {
          key: { name: 'Acme Ltd', description: 'portal', enabled: true },
          defaults: { throttle: LIMITS },
          access: [
            { stage: 'residents-api-production', name: 'plan of p1', tags: { team: 'a' } },
            {
              stage: 'residents-api-staging',
              quota: { limit: 5, period: 'DAY' },
              methodThrottles: [{ method: 'GET', path: '/x', ...LIMITS }],
            },
          ],
        },
      },
    ]);
  });

  test.each<[reason: string, objects: readonly Live[], kinds: readonly string[]]>([
    ['a key in no plan', [key('k1')], ['ApiKey']],
    [
      'a plan with two keys',
      [key('k1'), key('k2'), plan('p1', { stages: PRODUCTION, keys: members('k1', 'k2') })],
      ['ApiKey', 'ApiKey', 'UsagePlan'],
    ],
    [
      'a plan over two stages',
      [
        stage('staging'),
        key('k1'),
        plan('p1', { stages: stages('api1:production', 'api1:staging'), keys: members('k1') }),
      ],
      ['ApiKey', 'UsagePlan'],
    ],
    [
      'a plan without a stage',
      [key('k1'), plan('p1', { keys: members('k1') })],
      ['ApiKey', 'UsagePlan'],
    ],
    [
      "another manager's plan",
      [key('k1'), plan('p1', { stages: PRODUCTION, keys: members('k1') }, FOREIGN)],
      ['ApiKey', 'UsagePlan'],
    ],
    [
      "another manager's key and plan",
      [key('k1', {}, FOREIGN), plan('p1', { stages: PRODUCTION, keys: members('k1') }, FOREIGN)],
      ['Consumer'],
    ],
    [
      'a plan that is ours under another name',
      [key('k1'), plan('p1', { stages: PRODUCTION, keys: members('k1') }, ours('mine'))],
      ['ApiKey', 'UsagePlan'],
    ],
    [
      'what is ours under the names that a Consumer gives',
      [
        key('k1', {}, ours('acme')),
        plan(
          'p1',
          { stages: PRODUCTION, keys: members('k1') },
          ours('acme-residents-api-production'),
        ),
      ],
      ['Consumer'],
    ],
    [
      'a plan whose new name another has',
      [
        key('k1'),
        plan('p1', { stages: PRODUCTION, keys: members('k1') }),
        live('UsagePlan', 'p2', { name: 'k1-residents-api-production', keys: {} }),
      ],
      ['ApiKey', 'UsagePlan', 'UsagePlan'],
    ],
    [
      'a plan of which not all can be said',
      [key('k1'), plan('p1', { stages: stages('api1:gone'), keys: members('k1') })],
      ['ApiKey', 'UsagePlan'],
    ],
  ])('%s', (_, objects, kinds) => {
    const { documents } = exported([STAGE, ...objects], true);
    expect(
      documents
        .map(({ kind }) => kind)
        .filter((kind) => kind !== 'Stage')
        .sort(),
    ).toEqual(kinds);
  });
});

const order = (a: string, b: string) => (a.split(' ')[1]! < b.split(' ')[1]! ? -1 : 1);
