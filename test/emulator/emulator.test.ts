import * as sdk from '@aws-sdk/client-api-gateway';
import { describe, expect, test } from 'vitest';
import { createEmulator, startEmulator } from '../../src/emulator/index.ts';
import { findRoute } from '../../src/emulator/routes.ts';
import { closeAfterEach, failure, start } from './start.ts';

closeAfterEach();

type OperationSchema = [9, string, string, { http: [string, string, number] }];
const operations = (Object.values(sdk) as unknown[]).filter(
  (value): value is OperationSchema => Array.isArray(value) && value[0] === 9,
);

describe('routes', () => {
  test.each(operations.map(([, , name, { http }]) => ({ name, method: http[0], uri: http[1] })))(
    '$method $uri is $name',
    ({ name, method, uri }) => {
      const [path = '', query] = uri.replace(/\{(\w+)\}/g, 'some%2F$1').split('?');
      const match = findRoute(method, path, new URLSearchParams(query));
      expect(match?.route.operation).toBe(name);
      for (const [label, value] of Object.entries(match?.labels ?? {}))
        expect(value).toBe(`some/${label}`);
    },
  );

  test('an ARN may come unescaped', () => {
    const resourceArn = 'arn:aws:apigateway:eu-west-2::/restapis/a/stages/b';
    expect(findRoute('GET', `/tags/${resourceArn}`, new URLSearchParams())).toMatchObject({
      route: { operation: 'GetTags' },
      labels: { resourceArn },
    });
  });
});

describe('the record of requests', () => {
  test('names operation, place, outcome and object, and never a value', async () => {
    const now = 1_700_000_000_000;
    const { emulator, gateway } = await start({ clock: () => now });
    const value = 'a-secret-value-of-a-key';
    const { id: keyId = '' } = await gateway.createApiKey({ name: 'n', value });
    const { id: usagePlanId = '' } = await gateway.createUsagePlan({ name: 'p' });
    await gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
    await gateway.getUsagePlanKey({ usagePlanId, keyId });
    await failure(gateway.getApiKey({ apiKey: 'none', includeValue: true }));
    await failure(gateway.createApiKey({ value }));
    const common = { account: '123456789012', region: 'eu-west-2', at: now };
    const at = (method: string, path: string) => ({ ...common, method, path });
    const members = `/usageplans/${usagePlanId}/keys`;
    expect(emulator.requests).toEqual([
      { ...at('POST', '/apikeys'), operation: 'CreateApiKey', status: 201, id: keyId },
      { ...at('POST', '/usageplans'), operation: 'CreateUsagePlan', status: 201, id: usagePlanId },
      { ...at('POST', members), operation: 'CreateUsagePlanKey', status: 201, id: keyId },
      {
        ...at('GET', `${members}/${keyId}`),
        operation: 'GetUsagePlanKey',
        status: 200,
        id: `${usagePlanId}/${keyId}`,
      },
      {
        ...at('GET', '/apikeys/none'),
        operation: 'GetApiKey',
        status: 404,
        errorCode: 'NotFoundException',
        id: 'none',
      },
      {
        ...at('POST', '/apikeys'),
        operation: 'CreateApiKey',
        status: 409,
        errorCode: 'ConflictException',
      },
    ]);
    expect(JSON.stringify(emulator.requests)).not.toContain(value);
    emulator.clearRequests();
    expect(emulator.requests).toEqual([]);
  });
});

describe('admin paths', () => {
  test('do over HTTP what can be done in process', async () => {
    const { emulator, gateway } = await start();
    const admin = (method: string, path: string, body?: unknown) =>
      fetch(`${emulator.url}/_emulator/${path}`, {
        method,
        body: body === undefined ? null : JSON.stringify(body),
      });
    expect(await (await admin('GET', 'health')).json()).toEqual({ status: 'ok' });

    expect(
      (await admin('POST', 'faults', [{ operation: 'GetAccount', fault: { type: 'throttle' } }]))
        .status,
    ).toBe(204);
    expect(await failure(gateway.getAccount({}))).toMatchObject({
      name: 'TooManyRequestsException',
    });
    await admin('DELETE', 'faults');
    await gateway.getAccount({});

    expect(await (await admin('GET', 'requests')).json()).toMatchObject([
      { status: 429 },
      { status: 200 },
    ]);
    await admin('DELETE', 'requests');
    expect(emulator.requests).toEqual([]);

    expect(await (await admin('PUT', 'limits', { apiKeys: 1 })).json()).toMatchObject({
      apiKeys: 1,
      usagePlans: 300,
    });
    await gateway.createApiKey({});
    expect(await failure(gateway.createApiKey({}))).toMatchObject({
      name: 'LimitExceededException',
    });

    await admin('POST', 'reset');
    expect(emulator.state().apiKeys.size).toBe(0);
    expect(emulator.state().limits.apiKeys).toBe(10_000);
  });

  test('say what there is, and refuse what they cannot read', async () => {
    const { emulator } = await start();
    const unknown = await fetch(`${emulator.url}/_emulator/other`);
    expect([unknown.status, await unknown.text()]).toEqual([
      404,
      expect.stringContaining('POST faults'),
    ]);
    const malformed = await fetch(`${emulator.url}/_emulator/faults`, {
      method: 'POST',
      body: '{',
    });
    expect(malformed.status).toBe(400);
    const nonsense = await fetch(`${emulator.url}/_emulator/faults`, {
      method: 'POST',
      body: '{"fault":{"type":"earthquake"}}',
    });
    expect([nonsense.status, await nonsense.text()]).toEqual([
      400,
      expect.stringContaining('earthquake'),
    ]);
    const limit = await fetch(`${emulator.url}/_emulator/limits`, {
      method: 'PUT',
      body: '{"keys":1}',
    });
    expect([limit.status, await limit.text()]).toEqual([400, expect.stringContaining('apiKeys')]);
  });
});

describe('starting', () => {
  test('a seed makes ids and values reproducible', async () => {
    const keys = [];
    for (let run = 0; run < 2; run++) {
      const { gateway } = await start({ seed: 7, clock: () => 0 });
      const { $metadata: _, ...key } = await gateway.createApiKey({ name: 'same' });
      keys.push(key);
    }
    expect(keys[0]).toEqual(keys[1]);
    const { gateway } = await start({ seed: 8 });
    expect((await gateway.createApiKey({})).id).not.toBe(keys[0]?.id);
  });

  test('a port that is taken is an error', async () => {
    const { emulator } = await start();
    expect(await failure(startEmulator({ port: emulator.port }))).toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  test('it closes by `await using`, once', async () => {
    let url = '';
    {
      await using emulator = await startEmulator();
      url = emulator.url;
      expect((await fetch(`${url}/_emulator/health`)).status).toBe(200);
      await emulator.close();
    }
    expect(await failure(fetch(`${url}/_emulator/health`))).toBeInstanceOf(Error);
  });

  test('it works without a socket', async () => {
    const core = createEmulator({ seed: 1 });
    const answer = await core.handle({
      method: 'POST',
      path: '/apikeys',
      query: new URLSearchParams(),
      headers: {},
      body: '{"name":"bare","enabled":true}',
    });
    expect(answer).toMatchObject({ status: 201, body: expect.stringContaining('"name":"bare"') });
    expect(core.state().apiKeys.size).toBe(1);
  });
});

test('ten thousand keys are listed in pages of five hundred', async () => {
  const { emulator, gateway } = await start();
  const key = {
    value: '',
    enabled: true,
    stageKeys: [],
    createdDate: new Date(0),
    lastUpdatedDate: new Date(0),
    tags: { a: 'b' },
  };
  for (let index = 0; index < 10_000; index++)
    emulator
      .state()
      .apiKeys.set(`key${index}`, { ...key, id: `key${index}`, value: `value-${index}` });
  const seen = new Set<string | undefined>();
  for await (const page of sdk.paginateGetApiKeys({ client: gateway, pageSize: 500 }, {})) {
    expect(page.items).toHaveLength(500);
    for (const { id } of page.items ?? []) seen.add(id);
  }
  expect(seen.size).toBe(10_000);
  expect(emulator.requests).toHaveLength(20);
});
