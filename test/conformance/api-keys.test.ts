import { expect } from 'vitest';
import {
  badRequest,
  behaviour,
  conflict,
  makeDeployedApi,
  makeKey,
  makePlan,
  makeStage,
  notFound,
  refusal,
  remove,
  replace,
  suite,
  unique,
} from './harness.ts';

const secret = () => `${unique('value')}-0123456789-0123456789`;

suite('API keys', (world) => {
  const update = (apiKey: string, ...patchOperations: ReturnType<typeof replace>[]) =>
    world.gateway.updateApiKey({ apiKey, patchOperations });

  behaviour('K1', 'enabled is false unless given', async () => {
    const apiKey = await makeKey(world);
    expect(await world.gateway.getApiKey({ apiKey })).toMatchObject({ enabled: false });
    const enabled = await makeKey(world, { enabled: true });
    expect(await world.gateway.getApiKey({ apiKey: enabled })).toMatchObject({ enabled: true });
  });

  behaviour('K2', 'a value has 20 to 128 characters, or is generated with 40', async () => {
    for (const value of [undefined, '']) {
      const key = await world.gateway.createApiKey({ name: unique('key'), value });
      world.cleanUp(() => world.gateway.deleteApiKey({ apiKey: key.id }));
      expect(key.value).toMatch(/^[A-Za-z0-9]{40}$/);
    }
    expect(await refusal(world.gateway.createApiKey({ value: 'x'.repeat(19) }))).toMatchObject({
      name: 'BadRequestException',
    });
    expect(await refusal(world.gateway.createApiKey({ value: 'x'.repeat(129) }))).toMatchObject({
      name: 'BadRequestException',
    });
  });

  behaviour('K3', 'the value is shown on request only', async () => {
    const value = secret();
    const name = unique('shown');
    const apiKey = await makeKey(world, { name, value });
    expect(await world.gateway.getApiKey({ apiKey })).not.toHaveProperty('value');
    expect(await world.gateway.getApiKey({ apiKey, includeValue: true })).toMatchObject({ value });
    expect((await world.gateway.getApiKeys({ nameQuery: name })).items?.[0]).not.toHaveProperty(
      'value',
    );
    expect(
      (await world.gateway.getApiKeys({ nameQuery: name, includeValues: true })).items?.[0],
    ).toMatchObject({ value });
  });

  behaviour('K4', 'a value that exists is a conflict', async () => {
    const value = secret();
    await makeKey(world, { value });
    expect(await refusal(world.gateway.createApiKey({ name: unique('other'), value }))).toEqual(
      conflict('API Key already exists'),
    );
  });

  behaviour('K5', 'names are not unique', async () => {
    const name = unique('twin');
    expect(await makeKey(world, { name })).not.toBe(await makeKey(world, { name }));
  });

  behaviour('K6', 'a name has at most 1024 characters, and an empty one is absent', async () => {
    const message = 'Invalid API Key name, can be at most 1024 characters.';
    expect(await refusal(world.gateway.createApiKey({ name: 'x'.repeat(1025) }))).toEqual(
      badRequest(message),
    );
    const apiKey = await makeKey(world, { name: '' });
    expect(await world.gateway.getApiKey({ apiKey })).not.toHaveProperty('name');
  });

  behaviour('K7', 'a description that is too long is refused', async () => {
    const call = world.gateway.createApiKey({
      name: unique('key'),
      description: 'x'.repeat(125_001),
    });
    expect(await refusal(call)).toEqual(badRequest('Invalid API Key description specified.'));
  });

  behaviour('K8', 'four fields can be replaced, the value cannot', async () => {
    const apiKey = await makeKey(world);
    const changed = { description: 'd', enabled: true, name: unique('renamed') };
    expect(
      await update(
        apiKey,
        replace('/description', 'd'),
        replace('/enabled', 'true'),
        replace('/name', changed.name),
      ),
    ).toMatchObject(changed);
    expect(await world.gateway.getApiKey({ apiKey })).toMatchObject(changed);
    expect(await refusal(update(apiKey, replace('/value', secret())))).toMatchObject({
      name: 'BadRequestException',
    });
  });

  behaviour.emulatorOnly('K8', 'the customer id is one of them', async () => {
    const apiKey = await makeKey(world, { customerId: 'one' });
    expect(await update(apiKey, replace('/customerId', 'two'))).toMatchObject({
      customerId: 'two',
    });
  });

  behaviour('K9', 'a description cannot be removed, only emptied', async () => {
    const apiKey = await makeKey(world, { description: 'd' });
    expect(await refusal(update(apiKey, remove('/description')))).toMatchObject({
      name: 'BadRequestException',
      status: 400,
    });
    expect((await update(apiKey, replace('/description', ''))).description ?? '').toBe('');
  });

  behaviour('K10', 'text that is no boolean counts as false', async () => {
    const apiKey = await makeKey(world);
    expect(await update(apiKey, replace('/enabled', 'not-a-boolean'))).toMatchObject({
      enabled: false,
    });
  });

  behaviour(
    'K11',
    'UpdateApiKey shows empty tags and no value; other answers leave out what is unset',
    async () => {
      const name = unique('bare');
      const created = await world.gateway.createApiKey({ name });
      const apiKey = created.id ?? '';
      world.cleanUp(() => world.gateway.deleteApiKey({ apiKey }));
      expect(created).not.toHaveProperty('tags');
      expect(created).not.toHaveProperty('description');
      const [listed] = (await world.gateway.getApiKeys({ nameQuery: name })).items ?? [];
      expect(listed).toMatchObject({ id: apiKey });
      expect(listed).not.toHaveProperty('tags');
      const updated = await update(apiKey, replace('/enabled', 'true'));
      expect(updated).toMatchObject({ tags: {} });
      expect(updated).not.toHaveProperty('value');
    },
  );

  behaviour('K12', 'nameQuery is a case-sensitive prefix', async () => {
    const name = unique('Query');
    const id = await makeKey(world, { name });
    const found = async (nameQuery: string) =>
      (await world.gateway.getApiKeys({ nameQuery })).items?.map((key) => key.id);
    expect(await found(name.slice(0, -1))).toContain(id);
    expect(await found(name.toLowerCase())).not.toContain(id);
    expect(await found(name.slice(1))).not.toContain(id);
  });

  behaviour.emulatorOnly('K12', 'customerId is exact', async () => {
    const id = await makeKey(world, { customerId: 'customer' });
    expect(
      (await world.gateway.getApiKeys({ customerId: 'customer' })).items?.map((key) => key.id),
    ).toEqual([id]);
    expect((await world.gateway.getApiKeys({ customerId: 'custom' })).items).toEqual([]);
  });

  behaviour('K13', 'an unknown id is not found', async () => {
    const unknown = notFound('Invalid API Key identifier specified');
    expect(await refusal(world.gateway.getApiKey({ apiKey: 'unknown' }))).toEqual(unknown);
    expect(await refusal(update('unknown', replace('/name', 'x')))).toEqual(unknown);
    expect(await refusal(world.gateway.deleteApiKey({ apiKey: 'unknown' }))).toEqual(unknown);
  });

  behaviour('K14', 'a deleted key leaves its plans', async () => {
    const keyId = await makeKey(world);
    const usagePlanId = await makePlan(world);
    await world.gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
    await world.gateway.deleteApiKey({ apiKey: keyId });
    expect((await world.gateway.getUsagePlanKeys({ usagePlanId })).items).toEqual([]);
  });

  behaviour('K15', 'stageKeys does not tell the plans', async () => {
    const api = await makeDeployedApi(world);
    const { stageName } = await makeStage(world, api);
    const usagePlanId = await makePlan(world, {
      apiStages: [{ apiId: api.restApiId, stage: stageName }],
    });
    const keyId = await makeKey(world);
    await world.gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
    expect(await world.gateway.getApiKey({ apiKey: keyId })).toMatchObject({ stageKeys: [] });
  });

  behaviour.emulatorOnly(
    'K16',
    'an update moves lastUpdatedDate, and a tag or a plan does not',
    async () => {
      const keyId = await makeKey(world);
      const updatedAt = async () =>
        (await world.gateway.getApiKey({ apiKey: keyId })).lastUpdatedDate?.getTime() ?? 0;
      const made = await updatedAt();
      world.now += 60_000;
      const resourceArn = `arn:aws:apigateway:eu-west-2::/apikeys/${keyId}`;
      await world.gateway.tagResource({ resourceArn, tags: { team: 'housing' } });
      const usagePlanId = await makePlan(world);
      await world.gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
      expect(await updatedAt()).toBe(made);
      await world.gateway.updateApiKey({
        apiKey: keyId,
        patchOperations: [{ op: 'replace', path: '/description', value: 'new' }],
      });
      expect(await updatedAt()).toBeGreaterThan(made);
    },
  );
});

suite('Import of API keys', (world) => {
  const load = (csv: string, failOnWarnings = false) =>
    world.gateway.importApiKeys({ body: Buffer.from(csv), format: 'csv', failOnWarnings });
  const get = (apiKey = '') => world.gateway.getApiKey({ apiKey, includeValue: true });

  behaviour('I1', 'the header is case-insensitive, keys are enabled unless told', async () => {
    const [one, two] = [secret(), secret()];
    const { ids = [], warnings } = await load(
      `NAME,key,Colour,enabled,description\none,${one},red,,"a, ""b"""\r\ntwo,${two},blue,false,\n`,
    );
    for (const apiKey of ids) world.cleanUp(() => world.gateway.deleteApiKey({ apiKey }));
    expect(warnings ?? []).toEqual([]);
    expect(await get(ids[0])).toMatchObject({
      name: 'one',
      value: one,
      enabled: true,
      description: 'a, "b"',
    });
    expect(await get(ids[1])).toMatchObject({ name: 'two', value: two, enabled: false });
    expect(await refusal(load('Name,Value\na,b'))).toMatchObject({ name: 'BadRequestException' });
  });

  behaviour('I2', 'an existing value is overwritten', async () => {
    const value = secret();
    const id = await makeKey(world, { value, name: unique('before'), enabled: true });
    const { ids } = await load(`Name,Key,Description,Enabled\nafter,${value},new,false`);
    expect(ids).toEqual([id]);
    expect(await get(id)).toMatchObject({ name: 'after', description: 'new', enabled: false });
  });

  behaviour('I3', 'plans are attached', async () => {
    const [first, second] = [await makePlan(world), await makePlan(world)];
    const value = secret();
    const { ids = [] } = await load(`Name,Key,UsagePlanIds\nmember,${value},"${first},${second}"`);
    world.cleanUp(() => world.gateway.deleteApiKey({ apiKey: ids[0] }));
    for (const usagePlanId of [first, second]) {
      expect(
        (await world.gateway.getUsagePlanKeys({ usagePlanId })).items?.map((key) => key.id),
      ).toEqual(ids);
    }
  });

  behaviour.emulatorOnly('I3', 'a plan no longer named keeps the key', async () => {
    const usagePlanId = await makePlan(world);
    const value = secret();
    await load(`Name,Key,UsagePlanIds\nstays,${value},${usagePlanId}`);
    await load(`Name,Key,UsagePlanIds\nstays,${value},`);
    expect((await world.gateway.getUsagePlanKeys({ usagePlanId })).items).toHaveLength(1);
  });

  behaviour.emulatorOnly('I4', 'a bad row is a warning, or fails the whole import', async () => {
    const csv = `Name,Key\ngood,${secret()}\nbad,short`;
    const before = world.emulator.state().apiKeys.size;
    expect(await refusal(load(csv, true))).toMatchObject({ name: 'BadRequestException' });
    expect(world.emulator.state().apiKeys.size).toBe(before);
    expect((await load(`Name,Key\ngood,${secret()}`, true)).ids).toHaveLength(1);
    expect(world.emulator.state().apiKeys.size).toBe(before + 1);
    const { ids, warnings } = await load(csv);
    expect(ids).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('Row 2')]);
  });
});
