import { expect } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { type Api, deployApi, passing, planOver, subscribe, throttled } from './clients.ts';
import { behaviour, clientOf, remove, replace, suite, type World } from './harness.ts';

const setting = (path: string, rate: string, burst: string) => [
  replace(`/${path}/throttling/rateLimit`, rate),
  replace(`/${path}/throttling/burstLimit`, burst),
];

suite('Requests: throttles', (world) => {
  const updateStage = (
    { restApiId, stageName }: Api,
    patchOperations: ReturnType<typeof replace>[],
  ) => world.gateway.updateStage({ restApiId, stageName, patchOperations });

  behaviour.emulatorOnly('R12', 'a bucket holds the burst and refills with the rate', async () => {
    const api = await deployApi(world, { methods: ['GET /pets key'] });
    const { value } = await subscribe(
      world,
      await planOver(world, [api], { throttle: { rateLimit: 2, burstLimit: 5 } }),
    );
    const send = () => api.requestAs(value, 'GET /pets');
    expect(await passing(send)).toEqual({ passed: 5, next: throttled });
    world.now += 499;
    expect(await passing(send)).toEqual({ passed: 0, next: throttled });
    world.now += 1;
    expect(await passing(send)).toEqual({ passed: 1, next: throttled });
    world.now += 1500;
    expect(await passing(send)).toEqual({ passed: 3, next: throttled });
    world.now += 3600_000;
    expect(await passing(send)).toEqual({ passed: 5, next: throttled });
  });

  behaviour.emulatorOnly(
    'R12',
    "the key's limit for a method comes on top of the key's limit",
    async () => {
      const { gateway } = world;
      const api = await deployApi(world, {
        methods: ['GET / key', 'GET /pets key', 'GET /pets/{id} key'],
      });
      const usagePlanId = await planOver(world, [api], {
        throttle: { rateLimit: 1, burstLimit: 10 },
      });
      const where = `/apiStages/${api.restApiId}:${api.stageName}/throttle`;
      const limits = {
        '/pets/GET': { rateLimit: 1, burstLimit: 3 },
        '//GET': { rateLimit: 1, burstLimit: 1 },
      };
      await gateway.updateUsagePlan({
        usagePlanId,
        patchOperations: [replace(where, JSON.stringify(limits))],
      });
      const [one, two] = [await subscribe(world, usagePlanId), await subscribe(world, usagePlanId)];
      expect(await passing(() => api.requestAs(one.value, 'GET /pets'))).toEqual({
        passed: 3,
        next: throttled,
      });
      expect(await passing(() => api.requestAs(one.value, 'GET /'))).toEqual({
        passed: 1,
        next: throttled,
      });
      expect(await passing(() => api.requestAs(one.value, 'GET /pets/1'))).toEqual({
        passed: 6,
        next: throttled,
      });
      expect(await passing(() => api.requestAs(two.value, 'GET /pets'))).toEqual({
        passed: 3,
        next: throttled,
      });
    },
  );

  behaviour.emulatorOnly(
    'R12',
    'the limit of the stage for a method holds for all clients together',
    async () => {
      const api = await deployApi(world, {
        methods: ['GET /pets key', 'GET /open', 'GET /pets/{id}'],
      });
      const usagePlanId = await planOver(world, [api], {
        throttle: { rateLimit: 1, burstLimit: 30 },
      });
      await updateStage(api, [
        ...setting('~1pets/GET', '1', '4'),
        ...setting('open/GET', '1', '2'),
        ...setting('~1pets~1{id}/GET', '1', '1'),
      ]);
      const [one, two] = [await subscribe(world, usagePlanId), await subscribe(world, usagePlanId)];
      expect(await api.requestAs(one.value, 'GET /pets')).toMatchObject({ status: 200 });
      expect(await passing(() => api.requestAs(two.value, 'GET /pets'))).toEqual({
        passed: 3,
        next: throttled,
      });
      expect(await passing(() => api.request('GET /open'))).toEqual({ passed: 2, next: throttled });
      expect(await passing(() => api.request('GET /pets/1'))).toEqual({
        passed: 1,
        next: throttled,
      });
    },
  );

  behaviour.emulatorOnly(
    'R12',
    "the account's limit holds for all APIs of its region",
    async () => {
      await using emulator = await startEmulator({ clock: () => world.now });
      const gateway = clientOf(emulator);
      const small = { ...world, emulator, gateway } as World;
      const [api, other] = [
        await deployApi(small, { methods: ['GET /pets'] }),
        await deployApi(small, { methods: ['GET /pets'] }),
      ];
      expect(await passing(() => api.request('GET /pets'), 4999)).toEqual({ passed: 4999 });
      expect(await passing(() => other.request('GET /pets'))).toEqual({
        passed: 1,
        next: throttled,
      });
      world.now += 1;
      expect(await passing(() => other.request('GET /pets'))).toEqual({
        passed: 10,
        next: throttled,
      });
      gateway.destroy();
    },
  );

  behaviour.emulatorOnly('R13', 'the answer is 429 Too Many Requests', async () => {
    const api = await deployApi(world, { methods: ['GET /pets'] });
    await updateStage(api, setting('*/*', '0', '0'));
    expect(await api.request('GET /pets')).toEqual({
      status: 429,
      type: 'TooManyRequestsException',
      body: { message: 'Too Many Requests' },
    });
  });

  behaviour.emulatorOnly(
    'R14',
    'each key has its own bucket, for all stages of the plan together; 0 lets nothing pass',
    async () => {
      const { gateway } = world;
      const [api, other] = [
        await deployApi(world, { methods: ['GET /pets key'] }),
        await deployApi(world, { methods: ['GET /cats key'] }),
      ];
      const usagePlanId = await planOver(world, [api, other], {
        throttle: { rateLimit: 1, burstLimit: 4 },
      });
      const [one, two] = [await subscribe(world, usagePlanId), await subscribe(world, usagePlanId)];
      await api.requestAs(one.value, 'GET /pets');
      expect(await passing(() => other.requestAs(one.value, 'GET /cats'))).toEqual({
        passed: 3,
        next: throttled,
      });
      expect(await passing(() => other.requestAs(two.value, 'GET /cats'))).toEqual({
        passed: 4,
        next: throttled,
      });
      await gateway.updateUsagePlan({
        usagePlanId,
        patchOperations: [replace('/throttle/burstLimit', '0')],
      });
      world.now += 3600_000;
      expect(await api.requestAs(one.value, 'GET /pets')).toEqual(throttled);
      await gateway.updateUsagePlan({ usagePlanId, patchOperations: [remove('/throttle')] });
      expect(await passing(() => api.requestAs(one.value, 'GET /pets'))).toEqual({ passed: 50 });
    },
  );

  behaviour.emulatorOnly(
    'R15',
    "the default of a stage goes for each method, a method's own stands in its place",
    async () => {
      const api = await deployApi(world, {
        methods: ['GET /pets', 'POST /pets', 'PUT /pets', 'DELETE /pets'],
      });
      await updateStage(api, [
        ...setting('*/*', '1', '2'),
        ...setting('~1pets/PUT', '1', '7'),
        ...setting('~1pets/DELETE', '-1', '-1'),
      ]);
      expect(await passing(() => api.request('GET /pets'))).toEqual({ passed: 2, next: throttled });
      expect(await passing(() => api.request('POST /pets'))).toEqual({
        passed: 2,
        next: throttled,
      });
      expect(await passing(() => api.request('PUT /pets'))).toEqual({ passed: 7, next: throttled });
      expect(await passing(() => api.request('DELETE /pets'))).toEqual({ passed: 50 });
      await updateStage(api, [remove('/~1pets/PUT')]);
      expect(await passing(() => api.request('PUT /pets'))).toEqual({ passed: 0, next: throttled });
      world.now += 2000;
      expect(await passing(() => api.request('PUT /pets'))).toEqual({ passed: 2, next: throttled });
    },
  );

  behaviour.emulatorOnly('R16', 'an ANY method is one method', async () => {
    const { gateway } = world;
    const api = await deployApi(world, { methods: ['ANY /pets key'] });
    const usagePlanId = await planOver(world, [api], {
      throttle: { rateLimit: 1, burstLimit: 40 },
    });
    const where = `/apiStages/${api.restApiId}:${api.stageName}/throttle`;
    const limits = { '/pets/ANY': { rateLimit: 1, burstLimit: 3 } };
    await gateway.updateUsagePlan({
      usagePlanId,
      patchOperations: [replace(where, JSON.stringify(limits))],
    });
    const { value } = await subscribe(world, usagePlanId);
    await api.requestAs(value, 'GET /pets');
    expect(await passing(() => api.requestAs(value, 'PUT /pets'))).toEqual({
      passed: 2,
      next: throttled,
    });
    await gateway.updateUsagePlan({ usagePlanId, patchOperations: [remove(where)] });
    await updateStage(api, setting('~1pets/ANY', '1', '1'));
    expect(await passing(() => api.requestAs(value, 'PUT /pets'))).toEqual({
      passed: 1,
      next: throttled,
    });
  });
});
