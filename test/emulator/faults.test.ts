import { describe, expect, test } from 'vitest';
import { closeAfterEach, failure, start } from './start.ts';

closeAfterEach();

describe('faults', () => {
  test('a throttle comes with and without Retry-After', async () => {
    const { emulator, gateway } = await start();
    emulator.inject({ operation: 'GetAccount', fault: { type: 'throttle', retryAfter: 7 } });
    expect(await failure(gateway.getAccount({}))).toMatchObject({
      name: 'TooManyRequestsException',
      retryAfterSeconds: '7',
    });
    emulator.clearFaults();
    emulator.inject({ fault: { type: 'throttle' } });
    const error = await failure(gateway.getAccount({}));
    expect(error).toMatchObject({
      name: 'TooManyRequestsException',
      $metadata: { httpStatusCode: 429 },
    });
    expect(error).not.toHaveProperty('retryAfterSeconds', expect.anything());
  });

  test('an error has the given status, code and message, and nothing was done', async () => {
    const { emulator, gateway } = await start();
    emulator.inject({
      fault: { type: 'error', status: 503, code: 'ServiceUnavailableException', message: 'later' },
    });
    expect(await failure(gateway.createApiKey({}))).toMatchObject({
      name: 'ServiceUnavailableException',
      message: 'later',
      $metadata: { httpStatusCode: 503 },
    });
    expect(emulator.state().apiKeys.size).toBe(0);
  });

  test('a connection dropped before leaves nothing, one dropped after leaves what was asked for', async () => {
    const { emulator, gateway } = await start();
    emulator.inject({ operation: 'CreateApiKey', times: 1, fault: { type: 'drop-before' } });
    expect(await failure(gateway.createApiKey({}))).toBeInstanceOf(Error);
    expect(emulator.state().apiKeys.size).toBe(0);
    emulator.inject({ operation: 'CreateApiKey', times: 1, fault: { type: 'drop-after' } });
    expect(await failure(gateway.createApiKey({}))).toBeInstanceOf(Error);
    expect(emulator.state().apiKeys.size).toBe(1);
    expect(emulator.requests.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      [0, 'drop-before'],
      [0, 'drop-after'],
    ]);
  });

  test('a hanging call ends when its caller gives up', async () => {
    const { emulator, gateway } = await start();
    emulator.inject({ fault: { type: 'hang' } });
    const abort = new AbortController();
    const call = failure(gateway.createApiKey({}, { abortSignal: abort.signal }));
    await expect.poll(() => emulator.requests[0]?.errorCode).toBe('hang');
    abort.abort();
    expect(await call).toMatchObject({ name: 'AbortError' });
    expect(emulator.state().apiKeys.size).toBe(0);
  });

  test('closing ends a hanging call', async () => {
    const { emulator, gateway } = await start();
    emulator.inject({ fault: { type: 'hang' } });
    const call = failure(gateway.getAccount({}));
    await expect.poll(() => emulator.requests.length).toBe(1);
    await emulator.close();
    expect(await call).toBeInstanceOf(Error);
  });

  test('a delayed call is carried out later', async () => {
    const { emulator, gateway } = await start();
    emulator.inject({ times: 1, fault: { type: 'delay', ms: 500 } });
    const slow = gateway.createApiKey({ name: 'slow' });
    await expect.poll(() => emulator.requests.length, { interval: 1 }).toBe(1);
    await gateway.createApiKey({ name: 'fast' });
    await slow;
    expect([...emulator.state().apiKeys.values()].map((key) => key.name)).toEqual(['fast', 'slow']);
  });

  test('malformed JSON is a success that cannot be read', async () => {
    const { emulator, gateway } = await start();
    emulator.inject({ fault: { type: 'malformed-json' } });
    expect(await failure(gateway.createApiKey({ name: 'cut' }))).toBeInstanceOf(Error);
    expect(emulator.state().apiKeys.size).toBe(1);
  });

  test('operation, account, skip and times choose the calls', async () => {
    const { emulator, gateway } = await start();
    const throttled = async () => (await failure(gateway.getAccount({}))) !== undefined;
    const row = async () => [
      await throttled(),
      await throttled(),
      await throttled(),
      await throttled(),
    ];
    emulator.inject({ operation: 'Get*', skip: 1, times: 2, fault: { type: 'throttle' } });
    expect(await row()).toEqual([false, true, true, false]);
    emulator.inject({ operation: 'Create*', fault: { type: 'throttle' } });
    emulator.inject({ account: '222222222222', fault: { type: 'throttle' } });
    emulator.inject({ operation: 'Get', fault: { type: 'throttle' } });
    expect(await row()).toEqual([false, false, false, false]);
  });

  test('faults hit STS too', async () => {
    const { emulator } = await start();
    emulator.inject({
      operation: 'GetCallerIdentity',
      fault: { type: 'error', status: 403, code: 'ExpiredToken', message: 'expired' },
    });
    const response = await fetch(emulator.url, {
      method: 'POST',
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('<Code>ExpiredToken</Code><Message>expired</Message>');
  });
});

describe('stale lists', () => {
  test('show the state of some time ago, while reads by id show the present', async () => {
    let now = 1_000_000;
    const { emulator, gateway } = await start({ clock: () => now });
    await gateway.createApiKey({ name: 'old' });
    emulator.inject({ fault: { type: 'stale-lists', lag: 5000 } });
    now += 1000;
    const { id: apiKey } = await gateway.createApiKey({ name: 'new' });
    const names = async () => (await gateway.getApiKeys({})).items?.map((key) => key.name);
    expect(await names()).toEqual(['old']);
    expect(await gateway.getApiKey({ apiKey })).toMatchObject({ name: 'new' });
    now += 4999;
    expect(await names()).toEqual(['old']);
    now += 1;
    expect(await names()).toEqual(['new', 'old']);
  });

  test('lag behind by a number of writes', async () => {
    const { emulator, gateway } = await start();
    emulator.inject({ operation: 'GetApiKeys', fault: { type: 'stale-lists', writes: 1 } });
    const names = async () => (await gateway.getApiKeys({})).items?.map((key) => key.name);
    for (const name of ['one', 'two', 'three']) await gateway.createApiKey({ name });
    expect(await names()).toEqual(['two', 'one']);
    await gateway.createUsagePlan({ name: 'any write' });
    expect(await names()).toEqual(['three', 'two', 'one']);
    emulator.clearFaults();
    await gateway.createApiKey({ name: 'four' });
    expect(await names()).toEqual(['four', 'three', 'two', 'one']);
  });

  test('cover every kind of list', async () => {
    const { emulator, gateway } = await start();
    const { id: restApiId, rootResourceId: parentId } = await gateway.createRestApi({
      name: 'api',
    });
    const { id: usagePlanId } = await gateway.createUsagePlan({ name: 'plan' });
    const { id: keyId } = await gateway.createApiKey({});
    emulator.inject({ fault: { type: 'stale-lists', lag: 3_600_000 } });
    await gateway.createResource({ restApiId, parentId, pathPart: 'new' });
    await gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
    await gateway.createUsagePlan({ name: 'another' });
    expect((await gateway.getResources({ restApiId })).items).toHaveLength(1);
    expect((await gateway.getUsagePlanKeys({ usagePlanId })).items).toEqual([]);
    expect((await gateway.getUsagePlans({})).items).toHaveLength(1);
  });
});

describe('lists with holes', () => {
  test('without tags: reads by id still have them', async () => {
    const { emulator, gateway } = await start();
    const tags = { a: 'b' };
    const { id: apiKey } = await gateway.createApiKey({ tags });
    emulator.inject({ fault: { type: 'lists-without-tags' } });
    expect((await gateway.getApiKeys({})).items?.[0]).not.toHaveProperty('tags');
    expect(await gateway.getApiKey({ apiKey })).toMatchObject({ tags });
  });

  test('without method throttles', async () => {
    const { emulator, gateway } = await start();
    const { id: restApiId = '', rootResourceId: resourceId } = await gateway.createRestApi({
      name: 'api',
    });
    await gateway.putMethod({
      restApiId,
      resourceId,
      httpMethod: 'GET',
      authorizationType: 'NONE',
    });
    await gateway.createDeployment({ restApiId, stageName: 'live' });
    const limits = { rateLimit: 1, burstLimit: 1 };
    const apiStages = [{ apiId: restApiId, stage: 'live', throttle: { '//GET': limits } }];
    const { id: usagePlanId } = await gateway.createUsagePlan({
      name: 'plan',
      throttle: limits,
      apiStages,
    });
    emulator.inject({ fault: { type: 'lists-without-throttle' } });
    expect((await gateway.getUsagePlans({})).items?.[0]?.apiStages).toEqual([
      { apiId: restApiId, stage: 'live' },
    ]);
    expect((await gateway.getUsagePlan({ usagePlanId })).apiStages).toEqual(apiStages);
  });
});
