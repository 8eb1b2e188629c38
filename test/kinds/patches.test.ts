import type { PatchOperation } from '@aws-sdk/client-api-gateway';
import { describe, expect, it } from 'vitest';
import type { Spec } from '../../src/core/model/model.ts';
import { apiKeyPatch } from '../../src/kinds/api-key.ts';
import { readMethodKey, settingKey, throttleKey } from '../../src/kinds/method-key.ts';
import { changedSettings, stagePatch } from '../../src/kinds/stage-patch.ts';
import { detachStages, usagePlanPatch } from '../../src/kinds/usage-plan-patch.ts';

/** `op path = value`, which reads better than objects. */
const lines = (operations: readonly PatchOperation[]) =>
  operations.map(
    ({ op, path, value }) => `${op} ${path}${value === undefined ? '' : ` = ${value}`}`,
  );

interface Case {
  readonly reason: string;
  readonly live: Spec;
  readonly next: Spec;
  readonly patch: readonly string[];
}

describe('the patch of a key', () => {
  const live: Spec = {
    name: 'acme',
    description: 'Acme',
    enabled: true,
    customerId: null,
    tags: {},
  };
  it.each<Case>([
    { reason: 'nothing differs', live, next: live, patch: [] },
    { reason: 'an absent field says nothing', live, next: {}, patch: [] },
    {
      reason: 'none is none',
      live: { ...live, description: '' },
      next: { description: null, customerId: '' },
      patch: [],
    },
    {
      reason: 'a boolean is a text',
      live,
      next: { enabled: false },
      patch: ['replace /enabled = false'],
    },
    {
      reason: 'an empty text clears',
      live,
      next: { description: null },
      patch: ['replace /description = '],
    },
    { reason: 'tags are not its business', live, next: { tags: { a: 'b' } }, patch: [] },
    {
      reason: 'all in one call',
      live,
      next: { name: 'b', description: 'B', enabled: false, customerId: '7' },
      patch: [
        'replace /name = b',
        'replace /description = B',
        'replace /enabled = false',
        'replace /customerId = 7',
      ],
    },
  ])('$reason', ({ live, next, patch }) => expect(lines(apiKeyPatch(live, next))).toEqual(patch));
});

describe('the patch of a plan', () => {
  const limits = { rateLimit: 5, burstLimit: 10 };
  const stages = {
    'api:dev': { methodThrottles: {} },
    'api:prod': { methodThrottles: { 'GET /a/{id}': limits } },
  };
  const live: Spec = {
    name: 'p',
    description: '',
    productCode: null,
    throttle: { rateLimit: 100, burstLimit: 200 },
    quota: null,
    stages,
    keys: {},
  };
  it.each<Case>([
    { reason: 'nothing differs', live, next: live, patch: [] },
    {
      reason: 'keys and tags have calls of their own',
      live,
      next: { keys: { a: true }, tags: { a: 'b' } },
      patch: [],
    },
    {
      reason: 'rate and burst go together (TF#2057)',
      live,
      next: { throttle: { rateLimit: 100, burstLimit: 0 } },
      patch: ['replace /throttle/rateLimit = 100', 'replace /throttle/burstLimit = 0'],
    },
    {
      reason: 'limit, period and offset go together; 0 is a value (aws-cdk#10071)',
      live,
      next: { quota: { limit: 0, period: 'DAY', offset: 0 } },
      patch: [
        'replace /quota/limit = 0',
        'replace /quota/period = DAY',
        'replace /quota/offset = 0',
      ],
    },
    {
      reason: 'a quota goes as a whole',
      live: { ...live, quota: { limit: 1, period: 'DAY', offset: 0 } },
      next: { quota: null },
      patch: ['remove /quota'],
    },
    {
      reason: 'a product code is cleared',
      live: { ...live, productCode: 'x' },
      next: { productCode: null },
      patch: ['replace /productCode = '],
    },
    {
      reason:
        'only what changes is detached and attached; the stage stands in the value (boto3#2629)',
      live,
      next: { stages: { 'api:dev': { methodThrottles: {} }, 'api:test': { methodThrottles: {} } } },
      patch: ['remove /apiStages = api:prod', 'add /apiStages = api:test'],
    },
    {
      reason: 'method throttles of a stage go in one replace, once the stage is there',
      live,
      next: {
        stages: {
          ...stages,
          'api:test': {
            methodThrottles: { 'GET /': limits, 'POST /a': { rateLimit: 0.5, burstLimit: 0 } },
          },
        },
      },
      patch: [
        'add /apiStages = api:test',
        'replace /apiStages/api:test/throttle = {"//GET":{"rateLimit":5,"burstLimit":10},"/a/POST":{"rateLimit":0.5,"burstLimit":0}}',
      ],
    },
    {
      reason: 'a plan throttle comes before method throttles, which need one',
      live: { ...live, throttle: null, stages: { 'api:dev': { methodThrottles: {} } } },
      next: { throttle: limits, stages: { 'api:dev': { methodThrottles: { 'GET /': limits } } } },
      patch: [
        'replace /throttle/rateLimit = 5',
        'replace /throttle/burstLimit = 10',
        'replace /apiStages/api:dev/throttle = {"//GET":{"rateLimit":5,"burstLimit":10}}',
      ],
    },
    {
      reason: 'and goes after them',
      live,
      next: {
        throttle: null,
        stages: { 'api:dev': { methodThrottles: {} }, 'api:prod': { methodThrottles: {} } },
      },
      patch: ['remove /apiStages/api:prod/throttle', 'remove /throttle'],
    },
    {
      reason: 'an entry that says nothing of method throttles leaves them',
      live,
      next: { stages: { 'api:dev': true, 'api:prod': {} } },
      patch: [],
    },
    {
      reason: 'no list of stages leaves none',
      live,
      next: { stages: null },
      patch: ['remove /apiStages = api:dev', 'remove /apiStages = api:prod'],
    },
  ])('$reason', ({ live, next, patch }) =>
    expect(lines(usagePlanPatch(live, next))).toEqual(patch),
  );

  it('takes it out of all stages before it is deleted', () => {
    expect(lines(detachStages(live))).toEqual([
      'remove /apiStages = api:dev',
      'remove /apiStages = api:prod',
    ]);
  });
});

describe('the patch of a stage', () => {
  const entry = {
    throttle: { rateLimit: 10, burstLimit: 20 },
    metricsEnabled: false,
    logging: { level: 'OFF', dataTrace: false },
    caching: {
      enabled: false,
      ttlInSeconds: 300,
      dataEncrypted: false,
      requireAuthorizationForCacheControl: true,
    },
  };
  const live: Spec = {
    deployment: 'd1',
    variables: { port: '80', host: 'a' },
    methodSettings: { '* /*': entry, 'GET /a/b': entry },
    description: 'Live',
    tracingEnabled: false,
    accessLog: { destinationArn: 'arn:1', format: '$context.requestId' },
    cacheCluster: { enabled: false },
    clientCertificateId: 'c1',
  };
  const settings = (changes: Spec): Spec => ({
    methodSettings: { ...(live.methodSettings as Spec), ...changes },
  });
  it.each<Case & { raw?: string[] }>([
    { reason: 'nothing differs', live, next: live, patch: [] },
    {
      reason: 'another deployment',
      live,
      next: { deployment: 'd2' },
      patch: ['replace /deploymentId = d2'],
    },
    { reason: 'latest is never compared', live, next: { deployment: 'latest' }, patch: [] },
    {
      reason: 'texts are cleared by an empty one',
      live,
      next: { description: null, clientCertificateId: null },
      patch: ['replace /description = ', 'replace /clientCertificateId = '],
    },
    {
      reason: 'variables one by one; add does not exist',
      live,
      next: { variables: { port: '8080', host: null, vpcLinkId: 'v' } },
      patch: [
        'remove /variables/host',
        'replace /variables/port = 8080',
        'replace /variables/vpcLinkId = v',
      ],
    },
    {
      reason: 'a variable called like a member of every object',
      live: { variables: { constructor: 'x' } },
      next: { variables: {} },
      patch: ['remove /variables/constructor'],
    },
    {
      reason: 'the access log goes as a whole',
      live,
      next: { accessLog: null },
      patch: ['remove /accessLogSettings'],
    },
    {
      reason: 'and is set as a whole',
      live,
      next: { accessLog: { destinationArn: 'arn:1', format: 'f' } },
      patch: [
        'replace /accessLogSettings/destinationArn = arn:1',
        'replace /accessLogSettings/format = f',
      ],
    },
    {
      reason: 'a cache cluster is turned on with its size',
      live,
      next: { cacheCluster: { enabled: true, size: '0.5' } },
      patch: ['replace /cacheClusterEnabled = true', 'replace /cacheClusterSize = 0.5'],
    },
    {
      reason: 'and off without one',
      live: { cacheCluster: { enabled: true, size: '0.5' } },
      next: { cacheCluster: { enabled: false, size: '1.6' } },
      patch: ['replace /cacheClusterEnabled = false'],
    },
    {
      reason: 'only the setting that differs, escaped with a leading ~1; loglevel is lower case',
      live,
      next: settings({ 'GET /a/b': { logging: { level: 'ERROR' }, metricsEnabled: false } }),
      patch: ['replace /~1a~1b/GET/logging/loglevel = ERROR'],
    },
    {
      reason: 'rate and burst go together',
      live,
      next: settings({ 'GET /a/b': { throttle: { rateLimit: 10, burstLimit: 0 } } }),
      patch: [
        'replace /~1a~1b/GET/throttling/rateLimit = 10',
        'replace /~1a~1b/GET/throttling/burstLimit = 0',
      ],
    },
    {
      reason: 'no throttle is -1',
      live,
      next: settings({ 'GET /a/b': { throttle: null } }),
      patch: [
        'replace /~1a~1b/GET/throttling/rateLimit = -1',
        'replace /~1a~1b/GET/throttling/burstLimit = -1',
      ],
    },
    {
      reason:
        'all methods come first, because a new entry copies them, and a new entry says all that is named',
      live: { methodSettings: {} },
      next: {
        methodSettings: {
          'GET /': { metricsEnabled: false, throttle: null },
          '* /*': { metricsEnabled: true },
        },
      },
      patch: [
        'replace /*/*/metrics/enabled = true',
        'replace /~1/GET/metrics/enabled = false',
        'replace /~1/GET/throttling/rateLimit = -1',
        'replace /~1/GET/throttling/burstLimit = -1',
      ],
    },
    {
      reason: 'an entry that is no longer wanted goes as a whole',
      live,
      next: { methodSettings: { '* /*': entry, 'GET /a/b': null } },
      patch: ['remove /~1a~1b/GET'],
    },
    {
      reason: 'under the name that it has live',
      live,
      next: { methodSettings: {} },
      raw: ['*/*', 'a~1b/GET'],
      patch: ['remove /*/*', 'remove /a~1b/GET'],
    },
    {
      reason: 'an entry in another spelling makes room for ours, which keeps what is not named',
      live: {
        methodSettings: {
          'GET /a': {
            throttle: null,
            metricsEnabled: true,
            logging: { level: 'INFO', dataTrace: false },
          },
        },
      },
      next: { methodSettings: { 'GET /a': { metricsEnabled: false } } },
      raw: ['a/GET'],
      patch: [
        'remove /a/GET',
        'replace /~1a/GET/metrics/enabled = false',
        'replace /~1a/GET/logging/loglevel = INFO',
        'replace /~1a/GET/logging/dataTrace = false',
        'replace /~1a/GET/throttling/rateLimit = -1',
        'replace /~1a/GET/throttling/burstLimit = -1',
      ],
    },
    {
      reason: 'of two spellings ours stays',
      live: { methodSettings: { 'GET /a': { metricsEnabled: true, logging: { level: 'INFO' } } } },
      next: { methodSettings: { 'GET /a': { metricsEnabled: false } } },
      raw: ['a/GET', '~1a/GET'],
      patch: ['remove /a/GET', 'replace /~1a/GET/metrics/enabled = false'],
    },
  ])('$reason', ({ live, next, raw, patch }) =>
    expect(lines(stagePatch(live, next, raw))).toEqual(patch),
  );

  it('knows which methods change', () => {
    expect(changedSettings(live, { description: 'x' })).toEqual([]);
    expect(
      changedSettings(live, {
        methodSettings: { 'PUT /': { metricsEnabled: true }, 'GET /a/b': entry },
      }),
    ).toEqual(['* /*', 'PUT /']);
  });
});

describe('the key of a method', () => {
  it.each([
    ['GET /', '~1/GET', '//GET'],
    ['GET /residents', '~1residents/GET', '/residents/GET'],
    ['POST /residents/{id}', '~1residents~1{id}/POST', '/residents/{id}/POST'],
    ['ANY /{proxy+}', '~1{proxy+}/ANY', '/{proxy+}/ANY'],
    ['GET /a~b', '~1a~0b/GET', undefined],
    ['* /*', '*/*', undefined],
  ])(
    '%s is %s in settings and %s in throttles, and is read back from both',
    (key, setting, throttle) => {
      expect(settingKey(key)).toBe(setting);
      expect(readMethodKey(setting)).toBe(key);
      if (throttle === undefined) return;
      expect(throttleKey(key)).toBe(throttle);
      expect(readMethodKey(throttle)).toBe(key);
    },
  );

  it.each([
    ['residents/GET', 'GET /residents', 'Terraform’s: without a leading slash'],
    ['residents~1{id}/GET', 'GET /residents/{id}', 'escaped, without a leading slash'],
    ['residents/{id}/GET', 'GET /residents/{id}', 'not escaped (TF#9738)'],
    ['/GET', 'GET /', 'the root, not escaped'],
  ])('%s is read as %s: %s', (raw, key) => {
    expect(readMethodKey(raw)).toBe(key);
  });
});
