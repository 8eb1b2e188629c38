import { expect } from 'vitest';
import {
  deployApi,
  exhausted,
  forbidden,
  passing,
  planOver,
  subscribe,
  throttled,
} from './clients.ts';
import { add, behaviour, remove, replace, suite } from './harness.ts';

suite('Requests: quotas', (world) => {
  const at = (text: string) => {
    world.now = Date.parse(text);
  };
  const daily = (limit: number) => ({ quota: { limit, period: 'DAY' as const } });
  const usage = async (usagePlanId: string, startDate: string, endDate = startDate) =>
    (await world.gateway.getUsage({ usagePlanId, startDate, endDate })).items;

  behaviour.emulatorOnly('R17', 'the answer is 429 Limit Exceeded, per key', async () => {
    const [api, other] = [
      await deployApi(world, { methods: ['GET /pets key'] }),
      await deployApi(world, { methods: ['GET /pets key'] }),
    ];
    const usagePlanId = await planOver(world, [api, other], daily(3));
    const [one, two] = [await subscribe(world, usagePlanId), await subscribe(world, usagePlanId)];
    await other.requestAs(one.value, 'GET /pets');
    expect(await passing(() => api.requestAs(one.value, 'GET /pets'))).toEqual({
      passed: 2,
      next: { status: 429, type: 'LimitExceededException', body: { message: 'Limit Exceeded' } },
    });
    expect(await passing(() => api.requestAs(two.value, 'GET /pets'))).toEqual({
      passed: 3,
      next: exhausted,
    });
  });

  behaviour.emulatorOnly(
    'R17',
    'what a throttle or a missing route refuses does not count',
    async () => {
      at('2026-03-04T12:00:00Z');
      const api = await deployApi(world, { methods: ['GET /pets key'] });
      const usagePlanId = await planOver(world, [api], {
        ...daily(3),
        throttle: { rateLimit: 1, burstLimit: 2 },
      });
      const { keyId, value } = await subscribe(world, usagePlanId);
      await api.requestAs(value, 'GET /none');
      expect(await passing(() => api.requestAs(value, 'GET /pets'))).toEqual({
        passed: 2,
        next: throttled,
      });
      expect(await usage(usagePlanId, '2026-03-04')).toEqual({ [keyId]: [[2, 1]] });
      world.now += 2000;
      expect(await passing(() => api.requestAs(value, 'GET /pets'))).toEqual({
        passed: 1,
        next: exhausted,
      });
      expect(await api.requestAs(value, 'GET /pets')).toEqual(throttled);
      expect(await usage(usagePlanId, '2026-03-04')).toEqual({ [keyId]: [[3, 0]] });
    },
  );

  const periods: [
    string,
    { period: 'DAY' | 'WEEK' | 'MONTH'; offset?: number },
    string,
    string,
    string,
  ][] = [
    // Which period, a moment in it, its last moment, the first moment of the next. 2026-03-01 is a Sunday.
    [
      'a day',
      { period: 'DAY' },
      '2026-03-04T00:00:00Z',
      '2026-03-04T23:59:59.999Z',
      '2026-03-05T00:00:00Z',
    ],
    [
      'a week',
      { period: 'WEEK' },
      '2026-03-01T00:00:00Z',
      '2026-03-07T23:59:59.999Z',
      '2026-03-08T00:00:00Z',
    ],
    [
      'a week from Wednesday',
      { period: 'WEEK', offset: 3 },
      '2026-03-04T00:00:00Z',
      '2026-03-10T23:59:59.999Z',
      '2026-03-11T00:00:00Z',
    ],
    [
      'a month',
      { period: 'MONTH' },
      '2026-02-01T00:00:00Z',
      '2026-02-28T23:59:59.999Z',
      '2026-03-01T00:00:00Z',
    ],
    [
      'a month from the 28th',
      { period: 'MONTH', offset: 27 },
      '2026-02-28T00:00:00Z',
      '2026-03-27T23:59:59.999Z',
      '2026-03-28T00:00:00Z',
    ],
  ];
  for (const [title, period, first, last, next] of periods) {
    behaviour.emulatorOnly('R18', title, async () => {
      const api = await deployApi(world, { methods: ['GET /pets key'] });
      const { value } = await subscribe(
        world,
        await planOver(world, [api], { quota: { limit: 2, ...period } }),
      );
      const send = () => api.requestAs(value, 'GET /pets');
      // What was used before does not count.
      world.now = Date.parse(first) - 1;
      expect(await passing(send)).toEqual({ passed: 2, next: exhausted });
      at(first);
      expect(await send()).toMatchObject({ status: 200 });
      at(last);
      expect(await passing(send)).toEqual({ passed: 1, next: exhausted });
      at(next);
      expect(await passing(send)).toEqual({ passed: 2, next: exhausted });
    });
  }

  behaviour.emulatorOnly('R19', 'requests show on their day', async () => {
    const api = await deployApi(world, { methods: ['GET /pets key'] });
    const usagePlanId = await planOver(world, [api], { quota: { limit: 5, period: 'MONTH' } });
    const { keyId, value } = await subscribe(world, usagePlanId);
    const unlimited = await planOver(world, []);
    const idle = await subscribe(world, unlimited);
    at('2026-03-04T23:59:59Z');
    await api.requestAs(value, 'GET /pets');
    await api.requestAs(value, 'GET /pets');
    at('2026-03-06T00:00:00Z');
    await api.requestAs(value, 'GET /pets');
    expect(await usage(usagePlanId, '2026-03-03', '2026-03-06')).toEqual({
      [keyId]: [
        [0, 5],
        [2, 3],
        [0, 3],
        [1, 2],
      ],
    });
    expect(await usage(unlimited, '2026-03-06')).toEqual({ [idle.keyId]: [[0, -1]] });
  });

  behaviour.emulatorOnly('R19', 'what UpdateUsage grants, or takes, counts', async () => {
    at('2026-03-04T12:00:00Z');
    const { gateway } = world;
    const api = await deployApi(world, { methods: ['GET /pets key'] });
    const usagePlanId = await planOver(world, [api], daily(4));
    const { keyId, value } = await subscribe(world, usagePlanId);
    const send = () => api.requestAs(value, 'GET /pets');
    const setRemaining = (left: number) =>
      gateway.updateUsage({
        usagePlanId,
        keyId,
        patchOperations: [replace('/remaining', String(left))],
      });
    expect(await passing(send)).toEqual({ passed: 4, next: exhausted });
    await setRemaining(2);
    expect(await passing(send)).toEqual({ passed: 2, next: exhausted });
    // Also where the plan's limit has fallen below what was used.
    await gateway.updateUsagePlan({ usagePlanId, patchOperations: [replace('/quota/limit', '1')] });
    expect((await setRemaining(3)).items).toEqual({ [keyId]: [[6, 3]] });
    expect(await send()).toMatchObject({ status: 200 });
    await setRemaining(0);
    expect(await send()).toEqual(exhausted);
    world.now += 24 * 3600_000;
    expect(await passing(send)).toEqual({ passed: 1, next: exhausted });
  });

  behaviour.emulatorOnly(
    'R20',
    'counters survive that the key is disabled, and belong to key and plan',
    async () => {
      at('2026-03-04T12:00:00Z');
      const { gateway } = world;
      const api = await deployApi(world, { methods: ['GET /pets key'] });
      const [usagePlanId, next] = [
        await planOver(world, [api], daily(2)),
        await planOver(world, [], daily(2)),
      ];
      const { keyId, value } = await subscribe(world, usagePlanId);
      const send = () => api.requestAs(value, 'GET /pets');
      const enable = (text: string) =>
        gateway.updateApiKey({ apiKey: keyId, patchOperations: [replace('/enabled', text)] });
      await send();
      await enable('false');
      expect(await send()).toEqual(forbidden);
      await enable('true');
      expect(await passing(send)).toEqual({ passed: 1, next: exhausted });

      const stage = `${api.restApiId}:${api.stageName}`;
      await gateway.updateUsagePlan({
        usagePlanId,
        patchOperations: [remove('/apiStages', stage)],
      });
      expect(await send()).toEqual(forbidden);
      await gateway.updateUsagePlan({
        usagePlanId: next,
        patchOperations: [add('/apiStages', stage)],
      });
      await gateway.createUsagePlanKey({ usagePlanId: next, keyId, keyType: 'API_KEY' });
      expect(await passing(send)).toEqual({ passed: 2, next: exhausted });
      expect(await usage(next, '2026-03-04')).toEqual({ [keyId]: [[2, 0]] });
      expect(await usage(usagePlanId, '2026-03-04')).toEqual({ [keyId]: [[2, 0]] });
    },
  );
});
