import { expect } from 'vitest';
import { deployApi, forbidden, planOver, subscribe, throttled, urlOf } from './clients.ts';
import { add, behaviour, makeKey, remove, replace, suite } from './harness.ts';

suite('Requests: the key', (world) => {
  behaviour.emulatorOnly('R8', 'only an enabled key in a plan with this stage passes', async () => {
    const { gateway } = world;
    const api = await deployApi(world, { methods: ['GET /pets key'] });
    const other = await deployApi(world, { methods: ['GET /pets key'] });
    const { value, keyId } = await subscribe(world, await planOver(world, [api]));
    expect(await api.requestAs(value, 'GET /pets')).toMatchObject({ status: 200, body: { keyId } });
    expect(await api.request('GET /pets')).toEqual(forbidden);
    expect(await api.requestAs('', 'GET /pets')).toEqual(forbidden);
    expect(await api.requestAs(`${value}x`, 'GET /pets')).toEqual(forbidden);
    expect(await api.requestAs(keyId, 'GET /pets')).toEqual(forbidden);
    expect(await other.requestAs(value, 'GET /pets')).toEqual(forbidden);

    await makeKey(world, { enabled: true, value: 'a-key-that-is-in-no-plan' });
    expect(await api.requestAs('a-key-that-is-in-no-plan', 'GET /pets')).toEqual(forbidden);

    await gateway.updateApiKey({ apiKey: keyId, patchOperations: [replace('/enabled', 'false')] });
    expect(await api.requestAs(value, 'GET /pets')).toEqual(forbidden);
  });

  behaviour.emulatorOnly(
    'R8',
    'neither the same stage of another API nor another stage of the same API will do',
    async () => {
      const api = await deployApi(world, { methods: ['GET /pets key'], stageName: 'dev' });
      const namesake = await deployApi(world, { methods: ['GET /pets key'], stageName: 'dev' });
      await world.gateway.createDeployment({ restApiId: api.restApiId, stageName: 'test' });
      const { value } = await subscribe(world, await planOver(world, [api]));
      expect(await namesake.requestAs(value, 'GET /pets')).toEqual(forbidden);
      const elsewhere = await fetch(`${urlOf(world.emulator, api.restApiId, 'test')}/pets`, {
        headers: { 'x-api-key': value },
      });
      expect(elsewhere.status).toBe(403);
      expect(await api.requestAs(value, 'GET /pets')).toMatchObject({ status: 200 });
    },
  );

  behaviour.emulatorOnly(
    'R8',
    'a key in several plans goes by the one that has the stage',
    async () => {
      const api = await deployApi(world, { methods: ['GET /pets key'] });
      const other = await deployApi(world, { methods: ['GET /pets key'] });
      const [first, second] = [await planOver(world, [api]), await planOver(world, [other])];
      const { value, keyId } = await subscribe(world, first);
      await world.gateway.createUsagePlanKey({ usagePlanId: second, keyId, keyType: 'API_KEY' });
      expect((await api.requestAs(value, 'GET /pets')).body.usagePlanId).toBe(first);
      expect((await other.requestAs(value, 'GET /pets')).body.usagePlanId).toBe(second);
    },
  );

  behaviour.emulatorOnly('R8', 'not a key that is deleted, nor one whose plan is', async () => {
    const { gateway } = world;
    const api = await deployApi(world, { methods: ['GET /pets key'] });
    const usagePlanId = await planOver(world, [api]);
    const [one, two] = [await subscribe(world, usagePlanId), await subscribe(world, usagePlanId)];
    await gateway.deleteApiKey({ apiKey: one.keyId });
    expect(await api.requestAs(one.value, 'GET /pets')).toEqual(forbidden);
    expect(await api.requestAs(two.value, 'GET /pets')).toMatchObject({ status: 200 });
    const patchOperations = [remove('/apiStages', `${api.restApiId}:${api.stageName}`)];
    await gateway.updateUsagePlan({ usagePlanId, patchOperations });
    await gateway.deleteUsagePlan({ usagePlanId });
    expect(await api.requestAs(two.value, 'GET /pets')).toEqual(forbidden);
  });

  behaviour.emulatorOnly(
    'R8',
    'nor on a stage that was deleted and made anew, until the plan has it again',
    async () => {
      const { gateway } = world;
      const api = await deployApi(world, { methods: ['GET /pets key'] });
      const { restApiId, stageName } = api;
      const usagePlanId = await planOver(world, [api]);
      const { value } = await subscribe(world, usagePlanId);
      await gateway.deleteStage({ restApiId, stageName });
      expect(await api.requestAs(value, 'GET /pets')).toMatchObject({
        status: 403,
        body: { message: 'Forbidden' },
      });
      await api.deploy();
      expect(await api.requestAs(value, 'GET /pets')).toEqual(forbidden);
      await gateway.updateUsagePlan({
        usagePlanId,
        patchOperations: [add('/apiStages', `${restApiId}:${stageName}`)],
      });
      expect(await api.requestAs(value, 'GET /pets')).toMatchObject({ status: 200 });
    },
  );

  behaviour.emulatorOnly('R9', 'the authorizer brings the key where the API says so', async () => {
    const api = await deployApi(world, { methods: ['GET /pets key'], apiKeySource: 'AUTHORIZER' });
    const { value, keyId } = await subscribe(world, await planOver(world, [api]));
    expect(await api.requestAs(value, 'GET /pets')).toEqual(forbidden);
    const answer = await api.request('GET /pets', { 'x-apikeeper-usage-identifier-key': value });
    expect(answer).toMatchObject({ status: 200, body: { keyId } });

    const byHeader = await deployApi(world, { methods: ['GET /pets key'] });
    await planOver(world, [byHeader]);
    expect(
      await byHeader.request('GET /pets', { 'x-apikeeper-usage-identifier-key': value }),
    ).toEqual(forbidden);
  });

  behaviour.emulatorOnly('R10', 'a method that demands no key bypasses the plan', async () => {
    const api = await deployApi(world, { methods: ['GET /open', 'GET /closed key'] });
    const plan = {
      throttle: { rateLimit: 0, burstLimit: 0 },
      quota: { limit: 0, period: 'DAY' as const },
    };
    const usagePlanId = await planOver(world, [api], plan);
    const { value, keyId } = await subscribe(world, usagePlanId);
    expect(await api.requestAs(value, 'GET /closed')).toEqual(throttled);
    const open = await api.requestAs(value, 'GET /open');
    expect(open.status).toBe(200);
    expect(open.body).not.toHaveProperty('keyId');
    const today = new Date(world.now).toISOString().slice(0, 10);
    const { items } = await world.gateway.getUsage({
      usagePlanId,
      startDate: today,
      endDate: today,
    });
    expect(items).toEqual({ [keyId]: [[0, 0]] });
  });
});
