import { expect } from 'vitest';
import {
  badRequest,
  behaviour,
  makeApi,
  makeDeployedApi,
  makeKey,
  makePlan,
  makeStage,
  refusal,
  remove,
  replace,
  suite,
  unique,
} from './harness.ts';

suite('Protocol', (world) => {
  const http = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${world.emulator.url}${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  behaviour.emulatorOnly('X1', 'errors are JSON with their name in a header', async () => {
    const { status, headers, text } = await http('GET', '/apikeys/unknown');
    expect(status).toBe(404);
    expect(headers.get('x-amzn-errortype')).toBe('NotFoundException');
    expect(JSON.parse(text)).toEqual({ message: 'Invalid API Key identifier specified' });
    world.emulator.state().limits.usagePlans = 0;
    const full = await http('POST', '/usageplans', { name: 'x' });
    expect([
      full.status,
      full.headers.get('x-amzn-errortype'),
      full.headers.get('retry-after'),
    ]).toEqual([429, 'LimitExceededException', null]);
    expect(JSON.parse(full.text)).toEqual({
      message: expect.stringContaining('Maximum number of'),
      retryAfterSeconds: null,
    });
  });

  behaviour.emulatorOnly('X2', 'a JSON boolean is no string', async () => {
    const patch = (value: unknown) =>
      http('PATCH', '/apikeys/any', {
        patchOperations: [{ op: 'replace', path: '/enabled', value }],
      });
    const refused = async (value: unknown) => {
      const { status, headers, text } = await patch(value);
      expect([status, headers.get('x-amzn-errortype')]).toEqual([400, 'SerializationException']);
      return JSON.parse(text).message;
    };
    expect(await refused(true)).toBe('class java.lang.Boolean can not be converted to an String');
    expect(await refused(1)).toBe('class java.lang.Integer can not be converted to an String');
    expect(await refused({})).toBe(
      'class java.util.LinkedHashMap can not be converted to an String',
    );
    expect((await http('POST', '/apikeys', { enabled: 'true' })).status).toBe(400);
    expect((await http('POST', '/apikeys', { tags: [] })).status).toBe(400);
    expect((await http('POST', '/apikeys', [])).status).toBe(400);
    expect((await http('GET', '/apikeys?limit=ten')).status).toBe(400);
  });

  behaviour.emulatorOnly('X3', 'required members', async () => {
    const { status, headers, text } = await http('POST', '/usageplans', {});
    expect([status, headers.get('x-amzn-errortype')]).toEqual([400, 'ValidationException']);
    expect(JSON.parse(text).message).toContain("'createUsagePlanInput.name'");
  });

  behaviour.emulatorOnly(
    'X4',
    'wire names, seconds, and nothing that is not modelled',
    async () => {
      await http('POST', '/apikeys', { name: 'wired', colour: 'red' });
      const { item } = JSON.parse((await http('GET', '/apikeys?name=wired')).text);
      expect(item).toEqual([
        {
          id: expect.any(String),
          name: 'wired',
          enabled: false,
          createdDate: Math.floor(world.now / 1000),
          lastUpdatedDate: Math.floor(world.now / 1000),
          stageKeys: [],
        },
      ]);
    },
  );

  behaviour.emulatorOnly('X6', 'an answer says when it was given', async () => {
    const { headers } = await http('GET', '/account');
    expect(Date.parse(headers.get('date') ?? '')).toBe(Math.floor(world.now / 1000) * 1000);
  });

  behaviour.emulatorOnly('X5', 'what is not emulated says so', async () => {
    const { restApiId } = await makeApi(world);
    expect(await refusal(world.gateway.getModels({ restApiId }))).toMatchObject({
      name: 'NotEmulatedException',
      status: 501,
      message: expect.stringContaining('GetModels is not emulated'),
    });
    const patchOperations = [replace('/policy', '{}')];
    expect(
      await refusal(world.gateway.updateRestApi({ restApiId, patchOperations })),
    ).toMatchObject({ status: 501 });
    expect((await http('GET', '/nowhere')).status).toBe(404);
  });
});

suite('Patches', (world) => {
  const update = (apiKey: string, ...patchOperations: ReturnType<typeof replace>[]) =>
    world.gateway.updateApiKey({ apiKey, patchOperations });

  behaviour('P1', 'operations apply in order', async () => {
    const apiKey = await makeKey(world);
    expect(await update(apiKey, replace('/name', 'one'), replace('/name', 'two'))).toMatchObject({
      name: 'two',
    });
  });

  behaviour('P2', 'all violations at once', async () => {
    const { restApiId } = await makeApi(world);
    const bad = (op: string) => ({ op: op as 'add', path: '/name', value: 'x' });
    const { name, status, message } = await refusal(
      world.gateway.updateRestApi({ restApiId, patchOperations: [bad('redeem'), bad('spend')] }),
    );
    expect([name, status]).toEqual(['ValidationException', 400]);
    expect(message).toMatch(/^2 validation errors detected: .*redeem.*; .*spend/);
  });

  behaviour('P3', 'an unknown path', async () => {
    expect(await refusal(update(await makeKey(world), replace('/id', 'x')))).toEqual(
      badRequest(
        "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]",
      ),
    );
  });

  behaviour('P4', 'an operation that nothing takes', async () => {
    const { restApiId } = await makeApi(world);
    const call = world.gateway.updateRestApi({ restApiId, patchOperations: [remove('/name')] });
    expect(await refusal(call)).toMatchObject({
      status: 400,
      message: expect.stringContaining('Please choose supported operations'),
    });
  });

  behaviour.emulatorOnly('P5', 'all or nothing', async () => {
    const apiKey = await makeKey(world, { name: 'kept' });
    await refusal(update(apiKey, replace('/name', 'lost'), replace('/id', 'x')));
    expect(await world.gateway.getApiKey({ apiKey })).toMatchObject({ name: 'kept' });
  });

  behaviour.emulatorOnly('P6', 'escapes in a path', async () => {
    const api = await makeDeployedApi(world);
    const { stageName: stage } = await makeStage(world, api);
    const usagePlanId = await makePlan(world, {
      throttle: { rateLimit: 1, burstLimit: 1 },
      apiStages: [{ apiId: api.restApiId, stage }],
    });
    const patchOperations = [
      replace(`/apiStages/${api.restApiId}:${stage}/throttle/~1a~0b/GET/rateLimit`, '1'),
    ];
    const { apiStages } = await world.gateway.updateUsagePlan({ usagePlanId, patchOperations });
    expect(Object.keys(apiStages?.[0]?.throttle ?? {})).toEqual(['/a~b/GET']);
  });
});

suite('Lists', (world) => {
  behaviour('L1', 'pages', async () => {
    const prefix = unique('page');
    const made = [];
    for (let count = 0; count < 5; count++) made.push(await makeKey(world, { name: prefix }));
    const seen: (string | undefined)[] = [];
    let position: string | undefined;
    do {
      const page = await world.gateway.getApiKeys({ nameQuery: prefix, limit: 2, position });
      expect(page.items?.length).toBeLessThanOrEqual(2);
      seen.push(...(page.items ?? []).map((key) => key.id));
      position = page.position;
    } while (position !== undefined);
    expect(seen.sort()).toEqual(made.sort());
  });

  behaviour.emulatorOnly('L1', 'twenty-five unless told, five hundred at most', async () => {
    for (let count = 0; count < 501; count++) await makeKey(world, { name: 'many' });
    const count = async (limit?: number) =>
      (await world.gateway.getApiKeys({ nameQuery: 'many', limit })).items?.length;
    expect([await count(), await count(500)]).toEqual([25, 500]);
  });

  behaviour.emulatorOnly('L2', 'newest first', async () => {
    const made = [await makeKey(world, { name: 'order' }), await makeKey(world, { name: 'order' })];
    expect(
      (await world.gateway.getApiKeys({ nameQuery: 'order' })).items?.map((key) => key.id),
    ).toEqual(made.reverse());
  });

  behaviour('L3', 'a negative limit is accepted', async () => {
    await world.gateway.getApiKeys({ limit: -1 });
  });

  behaviour.emulatorOnly('L3', 'above five hundred counts as five hundred', async () => {
    for (let count = 0; count < 501; count++) await makeKey(world, { name: 'more' });
    expect((await world.gateway.getApiKeys({ nameQuery: 'more', limit: 1000 })).items).toHaveLength(
      500,
    );
  });

  behaviour.emulatorOnly('L4', 'positions survive what comes and goes', async () => {
    const made = [];
    for (let count = 0; count < 4; count++) made.push(await makeKey(world, { name: 'moving' }));
    const first = await world.gateway.getApiKeys({ nameQuery: 'moving', limit: 2 });
    await makeKey(world, { name: 'moving' });
    const second = await world.gateway.getApiKeys({
      nameQuery: 'moving',
      limit: 2,
      position: first.position,
    });
    const seen = [...(first.items ?? []), ...(second.items ?? [])].map((key) => key.id);
    expect(seen).toEqual(made.reverse());
    const again = await world.gateway.getApiKeys({ nameQuery: 'moving', limit: 2 });
    await world.gateway.deleteApiKey({ apiKey: again.items?.at(-1)?.id });
    expect(
      (await world.gateway.getApiKeys({ nameQuery: 'moving', limit: 2, position: again.position }))
        .items,
    ).toHaveLength(2);
    expect(await refusal(world.gateway.getApiKeys({ position: 'nonsense' }))).toMatchObject({
      status: 400,
    });
  });
});
