import { describe, expect, test } from 'vitest';
import type { FindingCode } from '../../src/importers/common/model.ts';
import type { ServerlessOptions } from '../../src/importers/serverless/service.ts';
import { renderManifests } from '../../src/manifest-writer/render.ts';
import { serverless } from './cases.ts';

interface Written {
  /** Below `provider.apiGateway`. */
  readonly gateway?: object | string;
  /** Below `provider`. */
  readonly provider?: object;
  /** The http events of one function. */
  readonly http?: readonly unknown[];
  /** Beside provider and functions. */
  readonly root?: object;
}

const CLOSED = { path: '/a', method: 'get', private: true };

function file({ gateway, provider = {}, http = [CLOSED], root = {} }: Written): string {
  const functions = { f: { handler: 'f', events: http.map((event) => ({ http: event })) } };
  return JSON.stringify({
    service: 'books',
    provider: { name: 'aws', ...(gateway && { apiGateway: gateway }), ...provider },
    functions,
    ...root,
  });
}

/** Each document of a key or a plan in one line: kind, name, and the fields that are written. */
function read(written: Written, options: Partial<ServerlessOptions> = {}) {
  const { findings, ...imported } = serverless(file(written), options);
  const documents = imported.documents.filter(({ kind }) => kind !== 'KeyRequirement');
  return {
    documents: documents.map(({ kind, name, spec }) => `${kind} ${spec.name ?? name}`),
    codes: [...new Set(findings.map(({ code }) => code))],
    specs: Object.fromEntries(documents.map(({ name, spec }) => [name, spec])),
    findings,
  };
}

const USUAL: readonly FindingCode[] = ['STAGE_OF_DEPLOYMENT'];
const LIMITS = { throttle: { rateLimit: 1, burstLimit: 2 } };
const QUOTA = { quota: { limit: 9, period: 'DAY' } };

describe('forms of apiKeys and usagePlan', () => {
  test.each<{
    reason: string;
    gateway: object;
    documents: readonly string[];
    codes?: readonly FindingCode[];
  }>([
    {
      reason: 'names alone',
      gateway: { apiKeys: ['a', 'b'] },
      documents: ['ApiKey a', 'ApiKey b', 'UsagePlan books-dev'],
    },
    {
      reason: 'a plan alone',
      gateway: { usagePlan: { ...LIMITS, ...QUOTA } },
      documents: ['UsagePlan books-dev'],
      codes: ['PLAN_WITHOUT_KEY', 'REQUIRED_WITHOUT_KEY', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'objects',
      gateway: { apiKeys: [{ name: 'a', description: 'd', customerId: 'c', enabled: true }] },
      documents: ['ApiKey a', 'UsagePlan books-dev'],
    },
    {
      reason: 'tiers of names and objects',
      gateway: {
        apiKeys: [{ free: ['a', { name: 'b' }] }, { paid: ['c'] }],
        usagePlan: [{ free: { ...LIMITS, ...QUOTA } }, { paid: QUOTA }],
      },
      documents: [
        'ApiKey a',
        'ApiKey b',
        'ApiKey c',
        'UsagePlan books-free-dev',
        'UsagePlan books-paid-dev',
      ],
    },
    {
      reason: 'a tier without a plan is refused by the framework',
      gateway: { apiKeys: [{ free: ['a'] }], usagePlan: QUOTA },
      documents: ['ApiKey a', 'UsagePlan books-dev'],
      codes: ['KEY_WITHOUT_PLAN', 'PLAN_WITHOUT_KEY', 'STAGE_OF_DEPLOYMENT', 'TIER_WITHOUT_PLAN'],
    },
    {
      reason: 'a plain key beside tiers is bound to a plan that is not there',
      gateway: { apiKeys: ['x', { free: ['a'] }], usagePlan: [{ free: QUOTA }] },
      documents: ['ApiKey a', 'ApiKey x', 'UsagePlan books-free-dev'],
      codes: ['KEY_WITHOUT_PLAN', 'PLAIN_KEY_BESIDE_TIERS', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'the second tier of one item is lost',
      gateway: { apiKeys: [{ free: ['a'] }], usagePlan: [{ free: QUOTA, paid: QUOTA }] },
      documents: ['ApiKey a', 'UsagePlan books-free-dev'],
      codes: ['STAGE_OF_DEPLOYMENT', 'TIER_LOST'],
    },
    {
      reason: 'a throttle that is not indented below its tier is lost, and the tier is empty',
      gateway: { apiKeys: [{ free: ['a'] }], usagePlan: [{ free: null, ...LIMITS }] },
      documents: ['ApiKey a', 'UsagePlan books-free-dev'],
      codes: ['STAGE_OF_DEPLOYMENT', 'TIER_LOST', 'TIER_WITHOUT_PLAN'],
    },
    {
      reason: 'the later list of one tier takes the places of the earlier',
      gateway: { apiKeys: [{ free: ['a', 'b'] }, { free: ['c'] }], usagePlan: [{ free: QUOTA }] },
      documents: ['ApiKey b', 'ApiKey c', 'UsagePlan books-free-dev'],
      codes: ['STAGE_OF_DEPLOYMENT', 'TIER_TWICE'],
    },
    {
      reason: 'a tier with a dash is no part of a logical id',
      gateway: { apiKeys: [{ 'my-tier': ['a'] }], usagePlan: [{ 'my-tier': QUOTA }] },
      documents: ['ApiKey a', 'UsagePlan books-my-tier-dev'],
      codes: ['STAGE_OF_DEPLOYMENT', 'TIER_NAME'],
    },
    {
      reason: 'a literal $( stays in the live name',
      gateway: { apiKeys: ['key-$(self:service)'] },
      documents: ['ApiKey key-$(self:service)', 'UsagePlan books-dev'],
      codes: ['LITERAL_DOLLAR', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'a number loses its zeros',
      gateway: { apiKeys: [987654321] },
      documents: ['ApiKey 987654321', 'UsagePlan books-dev'],
      codes: ['NUMERIC_NAME', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'apiKeys that are no list',
      gateway: { apiKeys: { free: 'a' } },
      documents: ['UsagePlan books-dev'],
      codes: ['PLAN_WITHOUT_KEY', 'REQUIRED_WITHOUT_KEY', 'STAGE_OF_DEPLOYMENT', 'WRONG_SHAPE'],
    },
    {
      reason: 'a key that is only a value has no name',
      gateway: { apiKeys: [{ value: 'CANARY-0000000000000000' }] },
      documents: ['ApiKey api-gateway-api-key1', 'UsagePlan books-dev'],
      codes: ['KEY_WITHOUT_NAME', 'STAGE_OF_DEPLOYMENT', 'VALUE_IN_SOURCE'],
    },
    {
      reason: 'a limit of 0 is a limit',
      gateway: {
        apiKeys: ['a'],
        usagePlan: { throttle: { rateLimit: 0, burstLimit: 0 }, ...QUOTA },
      },
      documents: ['ApiKey a', 'UsagePlan books-dev'],
      codes: ['LIMIT_ZERO', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'half a throttle',
      gateway: { apiKeys: ['a'], usagePlan: { throttle: { rateLimit: 5 }, ...QUOTA } },
      documents: ['ApiKey a', 'UsagePlan books-dev'],
      codes: ['LIMIT_HALF', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'a throttle that guides invent',
      gateway: { apiKeys: ['a'], throttle: LIMITS.throttle },
      documents: ['ApiKey a', 'UsagePlan books-dev'],
      codes: ['NOT_READ', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'a stage of its own',
      gateway: { apiKeys: ['a'], stage: 'v1' },
      documents: ['ApiKey a', 'UsagePlan books-dev'],
      codes: ['STAGE_OF_DEPLOYMENT', 'STAGE_OVERRIDDEN'],
    },
    {
      reason: 'apiGateway as a list',
      gateway: [{ apiKeys: ['a'] }],
      documents: [],
      codes: ['REQUIRED_WITHOUT_KEY', 'WRONG_SHAPE'],
    },
  ])('$reason', ({ gateway, documents, codes = USUAL }) => {
    const result = read({ gateway }, { frameworkVersion: '3.40.0' });
    expect(result.documents).toEqual(documents);
    expect(result.codes.sort()).toEqual([...codes].sort());
  });

  test('what a key and a plan say is kept, and nothing is added', () => {
    const gateway = {
      apiKeys: [{ name: 'a', description: 'd', customerId: 'c', enabled: false }],
      usagePlan: { ...LIMITS, quota: { limit: 9, period: 'WEEK', offset: 2 } },
    };
    expect(read({ gateway }, { stage: 'live', frameworkVersion: '3' }).specs).toEqual({
      a: { description: 'd', customerId: 'c', enabled: false },
      'books-live': {
        throttle: { rateLimit: 1, burstLimit: 2 },
        quota: { limit: 9, period: 'WEEK', offset: 2 },
        stages: [{ restApi: { name: 'live-books' }, stageName: 'live' }],
        keys: ['a'],
        membership: 'additive',
      },
    });
  });

  test('a disabled key is not declared so where an older version may have left it enabled', () => {
    const { specs, codes } = read(
      { gateway: { apiKeys: [{ name: 'a', enabled: false }] } },
      { frameworkVersion: '2.40' },
    );
    expect(specs.a).toEqual({});
    expect(codes).toContain('NOT_READ');
  });
});

describe('versions', () => {
  const legacy = { provider: { apiKeys: [{ free: ['a'] }], usagePlan: [{ free: LIMITS }] } };
  const legacyDefault = { provider: { apiKeys: ['a'], usagePlan: LIMITS } };
  const tiers = { gateway: { apiKeys: [{ free: ['a'] }], usagePlan: [{ free: LIMITS }] } };
  const plain = { gateway: { apiKeys: ['a'], usagePlan: LIMITS } };
  const KEPT = true;
  const DROPPED = false;

  test.each<
    [
      what: string,
      written: Written,
      version: string | undefined,
      throttle: boolean | undefined,
      code?: FindingCode | readonly FindingCode[],
    ]
  >([
    ['legacy tiers before the bug', legacy, '1.73.1', KEPT],
    ['legacy tiers, first version of the bug', legacy, '1.74', DROPPED, 'THROTTLE_DROPPED'],
    ['legacy tiers, last version of the bug', legacy, '2.19.0', DROPPED, 'THROTTLE_DROPPED'],
    ['legacy tiers, corrected', legacy, '2.20.0', KEPT],
    ['legacy tiers, last version that reads them', legacy, '2.72.4', KEPT],
    ['legacy tiers, removed', legacy, '3.0.0', undefined, 'LEGACY_PLACE_IGNORED'],
    ['legacy tiers, newest', legacy, '4', undefined, 'LEGACY_PLACE_IGNORED'],
    ['legacy tiers, unknown', legacy, undefined, KEPT, ['THROTTLE_DROPPED', 'VERSION_UNKNOWN']],
    ['legacy tiers, a range across the removal', legacy, '>=2.60 <4', KEPT, 'VERSION_UNKNOWN'],
    ['one legacy plan before the bug', legacyDefault, '1.74', KEPT],
    [
      'one legacy plan, first version of the bug',
      legacyDefault,
      '1.75',
      DROPPED,
      'THROTTLE_DROPPED',
    ],
    [
      'one legacy plan, last version of the bug',
      legacyDefault,
      '2.11',
      DROPPED,
      'THROTTLE_DROPPED',
    ],
    ['one legacy plan, corrected', legacyDefault, '2.12', KEPT],
    ['tiers in the new place, not read yet', tiers, '2.17.1', undefined, 'NEW_PLACE_IGNORED'],
    ['tiers in the new place, last version of the bug', tiers, '2.19', DROPPED, 'THROTTLE_DROPPED'],
    ['tiers in the new place, newest', tiers, '^3.40 || ^4', KEPT],
    ['tiers in the new place, unknown', tiers, undefined, KEPT, 'THROTTLE_DROPPED'],
    ['one plan in the new place was never affected', plain, undefined, KEPT],
    ['a version that is none', plain, 'latest', KEPT, 'VERSION_UNKNOWN'],
  ])('%s', (_, written, frameworkVersion, throttle, code) => {
    const { specs, codes } = read(written, {
      ...(frameworkVersion !== undefined && { frameworkVersion }),
    });
    const plan = specs['books-dev'] ?? specs['books-free-dev'];
    expect(plan && plan.throttle !== undefined).toBe(throttle);
    expect(
      codes.filter((found) => !['STAGE_OF_DEPLOYMENT', 'REQUIRED_WITHOUT_KEY'].includes(found)),
    ).toEqual([code ?? []].flat());
  });

  test('a plan in the old place beside keys in the new one', () => {
    const mixed = { gateway: { apiKeys: ['a'] }, provider: { usagePlan: { ...LIMITS, ...QUOTA } } };
    expect(read(mixed, { frameworkVersion: '2.72' }).specs['books-dev']).toHaveProperty('throttle');
    const newest = read(mixed, { frameworkVersion: '3.40' });
    expect(newest.specs['books-dev']).not.toHaveProperty('throttle');
    expect(newest.codes).toContain('LEGACY_PLACE_IGNORED');
  });

  test("the file's own version counts, and the flag above it", () => {
    const root = { frameworkVersion: '3' };
    expect(read({ ...legacy, root }).codes).toContain('LEGACY_PLACE_IGNORED');
    expect(read({ ...legacy, root }, { frameworkVersion: '2.72' }).codes).not.toContain(
      'LEGACY_PLACE_IGNORED',
    );
  });

  test('a throttle beside a quota was never dropped', () => {
    const usagePlan = [{ free: { ...LIMITS, ...QUOTA } }];
    const { codes } = read(
      { provider: { apiKeys: [{ free: ['a'] }], usagePlan } },
      { frameworkVersion: '2.1' },
    );
    expect(codes).not.toContain('THROTTLE_DROPPED');
  });
});

describe('key requirements', () => {
  const gateway = { apiKeys: ['a'] };
  const demanded = (method: string, path: string, apiKeyRequired = true) => ({
    method,
    path,
    apiKeyRequired,
  });
  test.each<{
    reason: string;
    http: readonly unknown[];
    methods: readonly object[] | undefined;
    codes?: readonly FindingCode[];
  }>([
    { reason: 'closed', http: [CLOSED], methods: [demanded('GET', '/a')] },
    {
      reason: 'the short form says nothing',
      http: ['get a/{id}', CLOSED],
      methods: [demanded('GET', '/a')],
    },
    {
      reason: 'any method',
      http: [{ path: '{proxy+}', method: '*', private: true }],
      methods: [demanded('ANY', '/{proxy+}')],
    },
    {
      reason: 'text is true',
      http: [{ ...CLOSED, private: 'yes' }],
      methods: [demanded('GET', '/a')],
    },
    { reason: 'a number', http: [{ ...CLOSED, private: 1 }], methods: [demanded('GET', '/a')] },
    {
      reason: 'a variable',
      http: [{ ...CLOSED, private: '${self:custom.closed}' }],
      methods: [demanded('GET', '/a')],
    },
    {
      reason: 'open outright, in truth and as a word',
      http: [
        { path: '/b', method: 'get', private: false },
        { path: '/c', method: 'get', private: 'false' },
        CLOSED,
      ],
      methods: [demanded('GET', '/a'), demanded('GET', '/b', false), demanded('GET', '/c', false)],
    },
    {
      reason: 'twice, of which one is closed',
      http: [{ ...CLOSED, private: false }, CLOSED],
      methods: [demanded('GET', '/a')],
    },
    {
      reason: 'a key that nothing demands',
      http: [{ path: '/a', method: 'get', private: false }],
      methods: undefined,
      codes: ['KEY_WITHOUT_REQUIREMENT', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'apiKeyRequired is no property',
      http: [{ path: '/b', method: 'get', apiKeyRequired: true }, CLOSED],
      methods: [demanded('GET', '/a')],
      codes: ['NOT_READ', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'nor is throttle',
      http: [{ ...CLOSED, throttle: { rateLimit: 1 } }],
      methods: [demanded('GET', '/a')],
      codes: ['NOT_READ', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'a preflight cannot carry a key',
      http: [{ path: '/a', method: 'options', private: true }, CLOSED],
      methods: [demanded('GET', '/a')],
      codes: ['NOT_TRANSLATED', 'STAGE_OF_DEPLOYMENT'],
    },
    {
      reason: 'whether it is closed is not known',
      http: [{ path: '/b', method: 'get', private: '${param:closed}' }, CLOSED],
      methods: [demanded('GET', '/a')],
      codes: ['UNRESOLVED', 'STAGE_OF_DEPLOYMENT'],
    },
  ])('$reason', ({ http, methods, codes = USUAL }) => {
    const { documents, findings } = serverless(
      file({ gateway, http, root: { custom: { closed: true } } }),
    );
    const requirement = documents.find(({ kind }) => kind === 'KeyRequirement');
    expect(requirement?.spec).toEqual(methods && { restApi: { name: 'dev-books' }, methods });
    expect([...new Set(findings.map(({ code }) => code))].sort()).toEqual([...codes].sort());
  });

  test('where the key is looked for', () => {
    const source = { ...gateway, apiKeySourceType: '${self:custom.source}' };
    const { documents } = serverless(
      file({ gateway: source, root: { custom: { source: 'authorizer' } } }),
    );
    expect(documents.find(({ kind }) => kind === 'KeyRequirement')?.spec.apiKeySource).toBe(
      'AUTHORIZER',
    );
  });

  test('of an API that is not known it stays a finding', () => {
    const { documents, findings } = serverless(
      file({ gateway: { ...gateway, restApiId: { 'Fn::ImportValue': 'api-id' } } }),
    );
    expect(documents.filter(({ kind }) => kind === 'KeyRequirement')).toEqual([]);
    expect(findings.find(({ code }) => code === 'KEY_REQUIRED')).toMatchObject({
      severity: 'error',
      line: 1,
    });
  });

  test('what a person has to know stands above it, and what they may want below', () => {
    const text = renderManifests(serverless(file({ gateway })));
    expect(text).toContain('# keep `private: true` as long as something else deploys the methods');
    expect(text).toMatch(
      /^ {2}# annotations: \{ apikeeper\.dev\/adopt-from: cloudformation \} .*\nspec:\n {2}restApi:\n {4}name: dev-books\n {2}methods:/m,
    );
    expect(text).toMatch(/^ {2}# redeploy: \{ stages: \[dev\] \} /m);
  });

  test('without an http event the framework makes nothing', () => {
    const { documents, codes } = read({ gateway, http: [] });
    expect(documents).toEqual([]);
    expect(codes).toEqual(['KEYS_WITHOUT_HTTP']);
  });

  test('functions in another file may have events', () => {
    const { documents, codes } = read({ gateway, root: { functions: '${file(functions.yml)}' } });
    expect(documents).toEqual(['ApiKey a', 'UsagePlan books-dev']);
    expect(codes).toContain('UNRESOLVED');
  });
});

describe('the API', () => {
  const apiOf = (written: Written) => read(written, { stage: 'live' }).specs['books-live']?.stages;
  test.each<[what: string, written: Written, restApi: object]>([
    ['stage and service', { gateway: { apiKeys: ['a'] } }, { name: 'live-books' }],
    [
      'service and stage',
      { gateway: { apiKeys: ['a'], shouldStartNameWithService: true } },
      { name: 'books-live' },
    ],
    [
      'a name of its own',
      { gateway: { apiKeys: ['a'] }, provider: { apiName: 'library-${sls:stage}' } },
      { name: 'library-live' },
    ],
    [
      "another stack's",
      { gateway: { apiKeys: ['a'], restApiId: 'abc1234567' } },
      { id: 'abc1234567' },
    ],
  ])('%s', (_, written, restApi) => {
    expect(apiOf(written)).toEqual([{ restApi, stageName: 'live' }]);
  });

  test('an API that only the account knows', () => {
    const { specs, findings } = read({
      gateway: { apiKeys: ['a'], restApiId: { 'Fn::ImportValue': 'api-id' } },
    });
    expect(specs['books-dev']).not.toHaveProperty('stages');
    expect(findings.map(({ message }) => message).join('\n')).toContain(
      "the export api-id is another stack's",
    );
  });
});

test.each(['serverless.ts', 'serverless.js', 'serverless.mts', 'config/serverless.cjs'])(
  '%s is a program',
  (name) => {
    const { findings, documents } = serverless(
      'module.exports = { provider: { apiKeys: ["CANARY"] } }',
      { file: name },
    );
    expect(documents).toEqual([]);
    expect(findings).toMatchObject([{ code: 'UNSUPPORTED_SOURCE', severity: 'error' }]);
    expect(findings[0]?.message).toContain('serverless print');
  },
);

test('resources that change what the framework makes are pointed out', () => {
  const root = {
    resources: {
      Resources: {
        ApiGatewayUsagePlan: {
          Type: 'AWS::ApiGateway::UsagePlan',
          Properties: { UsagePlanName: 'mine' },
        },
      },
      extensions: { ApiGatewayApiKey1: { Properties: { Tags: [] } } },
    },
  };
  const { documents, codes } = read({ gateway: { apiKeys: ['a'] }, root });
  expect(documents).toEqual(['ApiKey a', 'UsagePlan books-dev']);
  expect(codes).toContain('OVERRIDDEN');
});

test.each(['Resources', 'extensions'])(
  'a method of the framework that %s changes is pointed out',
  (place) => {
    const resources = {
      [place]: { ApiGatewayMethodAGet: { Properties: { ApiKeyRequired: false } } },
    };
    expect(read({ gateway: { apiKeys: ['a'] }, root: { resources } }).codes).toContain(
      'OVERRIDDEN',
    );
  },
);

test('a part of a file is told that it is one', () => {
  expect(
    serverless('apiKeys: [a]\nusagePlan: { quota: { limit: 1, period: DAY } }').findings,
  ).toMatchObject([
    { code: 'UNSUPPORTED_SOURCE', message: expect.stringContaining('give the whole file') },
  ]);
});

test('a parameter of the stack that nothing is called is pointed out', () => {
  const parameters = {
    ApiGatewayApiKey1: 'keyid00001',
    ApiGatewayApiKey7: 'keyid00002',
    'AWS::AccountId': '123456789012',
  };
  const { findings } = read({ gateway: { apiKeys: ['a'] } }, { parameters });
  expect(
    findings.filter(({ code }) => code === 'NOT_DECLARED').map(({ message }) => message),
  ).toEqual(['--parameter ApiGatewayApiKey7: there is no parameter and no resource of that name']);
});

test("the file's own resources may refer to what the framework makes", () => {
  const Plan = {
    Type: 'AWS::ApiGateway::UsagePlan',
    Properties: {
      UsagePlanName: 'partner',
      ApiStages: [{ ApiId: { Ref: 'ApiGatewayRestApi' }, Stage: '${self:provider.stage, "dev"}' }],
    },
  };
  const Link = {
    Type: 'AWS::ApiGateway::UsagePlanKey',
    Properties: { KeyId: { Ref: 'ApiGatewayApiKey1' }, UsagePlanId: { Ref: 'Plan' } },
  };
  const { specs } = read({
    gateway: { apiKeys: ['a'], restApiId: undefined },
    root: { resources: [{ Resources: { Plan } }, { Resources: { Link } }] },
  });
  // The key would be in two plans of one stage: what API Gateway refuses is left out of both.
  expect(specs.partner).toEqual({
    stages: [{ restApi: { name: 'dev-books' }, stageName: 'dev' }],
    membership: 'additive',
  });
});

test('a plugin that makes keys is pointed out', () => {
  expect(
    read({ root: { plugins: ['serverless-add-api-key'], custom: { apiKeys: [{ name: 'a' }] } } })
      .codes,
  ).toContain('PLUGIN_KEYS');
});
