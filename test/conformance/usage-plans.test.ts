import { expect } from 'vitest';
import {
  add,
  badRequest,
  behaviour,
  conflict,
  limitExceeded,
  makeDeployedApi,
  makeKey,
  makePlan,
  makeStage,
  notFound,
  refusal,
  remove,
  replace,
  suite,
  type World,
} from './harness.ts';

const throttle = { rateLimit: 10, burstLimit: 20 };
const pets = { '/pets/GET': { rateLimit: 1, burstLimit: 2 } };

async function makeStages(
  world: World,
  count = 1,
): Promise<{ apiId: string; stage: string; ref: string }[]> {
  const api = await makeDeployedApi(world);
  const stages = [];
  for (let index = 0; index < count; index++) {
    const { stageName: stage = '' } = await makeStage(world, api);
    stages.push({ apiId: api.restApiId, stage, ref: `${api.restApiId}:${stage}` });
  }
  return stages;
}

async function makeAttached(world: World, request: Partial<Parameters<typeof makePlan>[1]> = {}) {
  const [{ ref, ...stage }] = (await makeStages(world)) as [
    Awaited<ReturnType<typeof makeStages>>[0],
  ];
  const usagePlanId = await makePlan(world, { throttle, ...request, apiStages: [stage] });
  return { ref, stage, usagePlanId };
}

suite('Usage plans', (world) => {
  const update = (usagePlanId: string, ...patchOperations: ReturnType<typeof replace>[]) =>
    world.gateway.updateUsagePlan({ usagePlanId, patchOperations });

  behaviour('U1', 'what is unset is absent, except apiStages', async () => {
    const plan = await world.gateway.getUsagePlan({ usagePlanId: await makePlan(world) });
    expect(plan).toMatchObject({ apiStages: [] });
    for (const field of ['throttle', 'quota', 'description', 'productCode'])
      expect(plan).not.toHaveProperty(field);
  });

  behaviour('U2', 'productCode comes by patch', async () => {
    const usagePlanId = await makePlan(world);
    expect(await update(usagePlanId, replace('/productCode', 'code'))).toMatchObject({
      productCode: 'code',
    });
    const changed = [replace('/name', 'renamed'), replace('/description', 'd')];
    expect(await update(usagePlanId, ...changed)).toMatchObject({
      name: 'renamed',
      description: 'd',
      productCode: 'code',
    });
    expect(await update(usagePlanId, remove('/productCode'))).not.toHaveProperty('productCode');
  });

  behaviour('U3', 'a stage is added and removed by value', async () => {
    const [first, second] = await makeStages(world, 2);
    const usagePlanId = await makePlan(world);
    const plan = await update(
      usagePlanId,
      add('/apiStages', first!.ref),
      add('/apiStages', second!.ref),
    );
    expect(plan.apiStages).toEqual(
      [first, second].map((stage) => ({ apiId: stage!.apiId, stage: stage!.stage })),
    );
    expect((await update(usagePlanId, remove('/apiStages', first!.ref))).apiStages).toHaveLength(1);
    const { message, status } = await refusal(
      update(usagePlanId, remove(`/apiStages/${second!.ref}`)),
    );
    expect(status).toBe(400);
    expect(message).toContain(
      'Must be one of: [/apiStages, /quota, /throttle, /productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, /apiStages/<apidId:stageName>/throttle]',
    );
  });

  behaviour('U4', 'removing a stage that is malformed or not there', async () => {
    const usagePlanId = await makePlan(world);
    for (const value of [undefined, 'malformed']) {
      expect(await refusal(update(usagePlanId, remove('/apiStages', value)))).toEqual(
        badRequest('Invalid API Stage specified'),
      );
    }
    expect(await refusal(update(usagePlanId, remove('/apiStages', 'api:stage')))).toEqual(
      notFound(`Invalid API Stage {api: api, stage: stage} specified for usageplan ${usagePlanId}`),
    );
  });

  behaviour('U5', 'adding a stage that does not exist', async () => {
    const call = update(await makePlan(world), add('/apiStages', 'api:stage'));
    expect(await refusal(call)).toEqual(notFound(expect.stringContaining('API Stage not found: ')));
  });

  behaviour('U6', 'creating with a stage that does not exist', async () => {
    const call = world.gateway.createUsagePlan({
      name: 'plan',
      apiStages: [{ apiId: 'api', stage: 'stage' }],
    });
    expect(await refusal(call)).toEqual(
      badRequest(
        expect.stringContaining(
          'Invalid API Stage {api: api, stage: stage} specified for usageplan ',
        ),
      ),
    );
  });

  behaviour('U7', 'an unknown plan', async () => {
    const unknown = notFound('Invalid Usage Plan ID specified');
    expect(await refusal(world.gateway.getUsagePlan({ usagePlanId: 'unknown' }))).toEqual(unknown);
    expect(await refusal(update('unknown', replace('/name', 'x')))).toEqual(unknown);
    expect(await refusal(world.gateway.deleteUsagePlan({ usagePlanId: 'unknown' }))).toEqual(
      unknown,
    );
  });

  behaviour('U8', 'replace creates limits that were absent', async () => {
    const plan = await update(
      await makePlan(world),
      replace('/throttle/rateLimit', '0.5'),
      replace('/throttle/burstLimit', '2'),
      replace('/quota/limit', '100'),
      replace('/quota/period', 'DAY'),
    );
    expect(plan).toMatchObject({
      throttle: { rateLimit: 0.5, burstLimit: 2 },
      quota: { limit: 100, period: 'DAY', offset: 0 },
    });
  });

  behaviour('U9', 'limits can be removed', async () => {
    const usagePlanId = await makePlan(world, { throttle, quota: { limit: 5, period: 'DAY' } });
    const plan = await update(usagePlanId, remove('/throttle'), remove('/quota'));
    expect(plan).not.toHaveProperty('throttle');
    expect(plan).not.toHaveProperty('quota');
  });

  behaviour('U10', 'zero, fractions, and a burst above the rate are limits', async () => {
    for (const limits of [
      { rateLimit: 0, burstLimit: 0 },
      { rateLimit: 0.5, burstLimit: 1 },
      { rateLimit: 100, burstLimit: 200 },
    ]) {
      const usagePlanId = await makePlan(world, { throttle: limits });
      expect(await world.gateway.getUsagePlan({ usagePlanId })).toMatchObject({ throttle: limits });
    }
  });

  behaviour('U11', 'the offset is bounded by the period', async () => {
    const bounds = [
      ['DAY', 0],
      ['WEEK', 6],
      ['MONTH', 27],
    ] as const;
    for (const [period, offset] of bounds) {
      await makePlan(world, { quota: { limit: 1, period, offset } });
      const call = world.gateway.createUsagePlan({
        name: 'plan',
        quota: { limit: 1, period, offset: offset + 1 },
      });
      expect(await refusal(call)).toMatchObject({ name: 'BadRequestException' });
    }
  });

  behaviour.emulatorOnly('U11', 'a quota needs limit and period', async () => {
    const usagePlanId = await makePlan(world);
    expect(await refusal(update(usagePlanId, replace('/quota/limit', '1')))).toMatchObject({
      name: 'BadRequestException',
    });
    expect(
      await refusal(
        update(usagePlanId, replace('/quota/period', 'YEAR'), replace('/quota/limit', '1')),
      ),
    ).toMatchObject({
      status: 400,
    });
    expect(await refusal(update(usagePlanId, replace('/quota/limit', 'many')))).toMatchObject({
      status: 400,
    });
  });

  behaviour('U12', 'method throttles are written as one map', async () => {
    const { ref, usagePlanId, stage } = await makeAttached(world);
    const map = { ...pets, '//GET': { rateLimit: 0.5, burstLimit: 2 } };
    const plan = await update(
      usagePlanId,
      replace(`/apiStages/${ref}/throttle`, JSON.stringify(map)),
    );
    expect(plan.apiStages).toEqual([{ ...stage, throttle: map }]);
    expect((await update(usagePlanId, remove(`/apiStages/${ref}/throttle`))).apiStages).toEqual([
      stage,
    ]);
  });

  behaviour('U13', 'one method throttle', async () => {
    const { ref, usagePlanId } = await makeAttached(world);
    const path = `/apiStages/${ref}/throttle//pets/GET`;
    const plan = await update(
      usagePlanId,
      add(`${path}/rateLimit`, '1'),
      add(`${path}/burstLimit`, '2'),
    );
    expect(plan.apiStages?.[0]?.throttle).toEqual(pets);
    expect((await update(usagePlanId, remove(path))).apiStages?.[0]?.throttle ?? {}).toEqual({});
  });

  behaviour.emulatorOnly('U13', 'the path may be escaped', async () => {
    const { ref, usagePlanId } = await makeAttached(world);
    const path = `/apiStages/${ref}/throttle/~1pets/GET`;
    const plan = await update(
      usagePlanId,
      replace(`${path}/rateLimit`, '1'),
      replace(`${path}/burstLimit`, '2'),
    );
    expect(plan.apiStages?.[0]?.throttle).toEqual(pets);
    expect(
      await refusal(update(usagePlanId, remove(`/apiStages/${ref}/throttle/~1none/GET`))),
    ).toMatchObject({ status: 404 });
  });

  behaviour('U14', 'method throttles need a plan throttle', async () => {
    const text = 'Can not define fine grain throttling if usage plan throttle is not defined.';
    const { ref, stage, usagePlanId } = await makeAttached(world);
    await update(usagePlanId, remove('/throttle'));
    expect(
      await refusal(
        update(usagePlanId, replace(`/apiStages/${ref}/throttle`, JSON.stringify(pets))),
      ),
    ).toEqual(badRequest(text));
    const call = world.gateway.createUsagePlan({
      name: 'plan',
      apiStages: [{ ...stage, throttle: pets }],
    });
    expect(await refusal(call)).toEqual(badRequest(text));
  });

  behaviour('U15', 'a wildcard is no method throttle', async () => {
    const { ref, usagePlanId } = await makeAttached(world);
    const call = update(
      usagePlanId,
      replace(`/apiStages/${ref}/throttle`, JSON.stringify({ '*/*': throttle })),
    );
    expect(await refusal(call)).toMatchObject({ name: 'BadRequestException' });
  });

  behaviour.emulatorOnly('U16', 'twenty method throttles per stage', async () => {
    const { ref, usagePlanId } = await makeAttached(world);
    const write = (count: number) => {
      const map = Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`/p${index}/GET`, throttle]),
      );
      return update(usagePlanId, replace(`/apiStages/${ref}/throttle`, JSON.stringify(map)));
    };
    await write(20);
    expect(await refusal(write(21))).toEqual(limitExceeded());
  });

  behaviour('U17', 'a removed stage takes its method throttles along', async () => {
    const { ref, stage, usagePlanId } = await makeAttached(world);
    await update(usagePlanId, replace(`/apiStages/${ref}/throttle`, JSON.stringify(pets)));
    const plan = await update(usagePlanId, remove('/apiStages', ref), add('/apiStages', ref));
    expect(plan.apiStages).toEqual([stage]);
  });

  behaviour('U18', 'stages block the deletion of a plan', async () => {
    const { ref, usagePlanId } = await makeAttached(world);
    expect(await refusal(world.gateway.deleteUsagePlan({ usagePlanId }))).toEqual(
      badRequest(
        `Cannot delete Usage Plan ${usagePlanId} because there are API Stages associated with it, including ${ref}`,
      ),
    );
    await update(usagePlanId, remove('/apiStages', ref));
    await world.gateway.deleteUsagePlan({ usagePlanId });
    expect(await refusal(world.gateway.getUsagePlan({ usagePlanId }))).toMatchObject({
      status: 404,
    });
  });

  behaviour.emulatorOnly('U18', 'keys do not', async () => {
    const [usagePlanId, keyId] = [await makePlan(world), await makeKey(world)];
    await world.gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
    await world.gateway.deleteUsagePlan({ usagePlanId });
    expect(await refusal(world.gateway.getUsagePlan({ usagePlanId }))).toMatchObject({
      status: 404,
    });
  });

  behaviour('U19', 'the plans of a key', async () => {
    const [usagePlanId, keyId] = [await makePlan(world), await makeKey(world)];
    await makePlan(world);
    await world.gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
    expect((await world.gateway.getUsagePlans({ keyId })).items?.map((plan) => plan.id)).toEqual([
      usagePlanId,
    ]);
  });

  behaviour.emulatorOnly('U8', 'one limit alone leaves the other 0', async () => {
    expect(await update(await makePlan(world), replace('/throttle/rateLimit', '5'))).toMatchObject({
      throttle: { rateLimit: 5, burstLimit: 0 },
    });
  });

  behaviour.emulatorOnly('U21', 'adding a stage twice', async () => {
    const { ref, stage, usagePlanId } = await makeAttached(world);
    expect((await update(usagePlanId, add('/apiStages', ref))).apiStages).toEqual([stage]);
  });

  behaviour('U20', 'names are not unique', async () => {
    expect(await makePlan(world, { name: 'twin' })).not.toBe(
      await makePlan(world, { name: 'twin' }),
    );
  });
});

suite('Usage plan keys', (world) => {
  const attach = (usagePlanId: string, keyId: string, keyType = 'API_KEY') =>
    world.gateway.createUsagePlanKey({ usagePlanId, keyId, keyType });

  behaviour('M1', 'attach, read, detach', async () => {
    const [usagePlanId, keyId] = [await makePlan(world), await makeKey(world, { name: 'member' })];
    const { value } = await world.gateway.getApiKey({ apiKey: keyId, includeValue: true });
    const attached = await attach(usagePlanId, keyId);
    expect(attached).toMatchObject({
      id: keyId,
      type: 'API_KEY',
      value,
      name: 'member',
      $metadata: { httpStatusCode: 201 },
    });
    expect(await world.gateway.getUsagePlanKey({ usagePlanId, keyId })).toMatchObject({
      id: keyId,
      value,
    });
    expect(await world.gateway.deleteUsagePlanKey({ usagePlanId, keyId })).toMatchObject({
      $metadata: { httpStatusCode: 202 },
    });
    expect(await refusal(world.gateway.getUsagePlanKey({ usagePlanId, keyId }))).toMatchObject({
      name: 'NotFoundException',
    });
    expect(await refusal(world.gateway.deleteUsagePlanKey({ usagePlanId, keyId }))).toMatchObject({
      name: 'NotFoundException',
    });
  });

  behaviour('M2', 'attaching twice is a conflict', async () => {
    const [usagePlanId, keyId] = [await makePlan(world), await makeKey(world)];
    await attach(usagePlanId, keyId);
    expect(await refusal(attach(usagePlanId, keyId))).toEqual(conflict());
  });

  behaviour('M3', 'one plan per key and stage, from both sides', async () => {
    const { ref, stage, usagePlanId } = await makeAttached(world);
    const keyId = await makeKey(world);
    await attach(usagePlanId, keyId);
    const sharing = await makePlan(world, { apiStages: [stage] });
    expect(await refusal(attach(sharing, keyId))).toEqual(conflict());
    const apart = await makePlan(world);
    await attach(apart, keyId);
    const patchOperations = [add('/apiStages', ref)];
    expect(
      await refusal(world.gateway.updateUsagePlan({ usagePlanId: apart, patchOperations })),
    ).toEqual(conflict());
  });

  behaviour.emulatorOnly('M4', 'ten plans per key', async () => {
    const keyId = await makeKey(world);
    for (let count = 0; count < 10; count++) await attach(await makePlan(world), keyId);
    expect(await refusal(attach(await makePlan(world), keyId))).toEqual(limitExceeded());
  });

  behaviour('M5', 'the list shows values, and filters by prefix', async () => {
    const usagePlanId = await makePlan(world);
    const keys = [await makeKey(world, { name: 'Alpha' }), await makeKey(world, { name: 'beta' })];
    for (const keyId of keys) await attach(usagePlanId, keyId);
    const found = async (nameQuery?: string) =>
      (await world.gateway.getUsagePlanKeys({ usagePlanId, nameQuery })).items ?? [];
    expect((await found()).map((key) => key.value)).toEqual([
      expect.stringMatching(/^.{40}$/),
      expect.stringMatching(/^.{40}$/),
    ]);
    expect((await found('Al')).map((key) => key.id)).toEqual([keys[0]]);
    expect(await found('al')).toEqual([]);
  });

  behaviour('M6', 'a plan that does not exist has an empty list', async () => {
    expect((await world.gateway.getUsagePlanKeys({ usagePlanId: 'unknown' })).items).toEqual([]);
  });

  behaviour('M7', 'what is unknown is refused', async () => {
    const [usagePlanId, keyId] = [await makePlan(world), await makeKey(world)];
    expect(await refusal(attach(usagePlanId, keyId, 'OTHER'))).toMatchObject({ status: 400 });
    expect(await refusal(attach(usagePlanId, 'unknown'))).toMatchObject({
      name: 'NotFoundException',
    });
    expect(await refusal(attach('unknown', keyId))).toMatchObject({ name: 'NotFoundException' });
  });
});

suite('Usage', (world) => {
  const today = () => new Date(world.now).toISOString().slice(0, 10);
  const day = (offset: number) =>
    new Date(world.now + offset * 86_400_000).toISOString().slice(0, 10);

  async function makeMember(quota?: Parameters<typeof makePlan>[1]) {
    const [usagePlanId, keyId] = [await makePlan(world, quota), await makeKey(world)];
    await world.gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
    return { usagePlanId, keyId };
  }

  behaviour('G1', 'one pair per day and key', async () => {
    const { usagePlanId, keyId } = await makeMember({ quota: { limit: 100, period: 'DAY' } });
    const usage = await world.gateway.getUsage({
      usagePlanId,
      startDate: day(-1),
      endDate: today(),
    });
    expect(usage).toMatchObject({
      usagePlanId,
      startDate: day(-1),
      endDate: today(),
      items: {
        [keyId]: [
          [0, 100],
          [0, 100],
        ],
      },
    });
    expect(
      (
        await world.gateway.getUsage({
          usagePlanId,
          keyId: 'other',
          startDate: today(),
          endDate: today(),
        })
      ).items ?? {},
    ).toEqual({});
    expect(
      await refusal(world.gateway.getUsage({ usagePlanId, startDate: today(), endDate: day(-1) })),
    ).toMatchObject({ status: 400 });
    expect(
      await refusal(world.gateway.getUsage({ usagePlanId, startDate: 'today', endDate: today() })),
    ).toMatchObject({ status: 400 });
  });

  behaviour.emulatorOnly('G1', 'a plan without quota', async () => {
    const { usagePlanId, keyId } = await makeMember();
    const usage = await world.gateway.getUsage({
      usagePlanId,
      startDate: today(),
      endDate: today(),
    });
    expect(usage.items).toEqual({ [keyId]: [[0, -1]] });
  });

  behaviour('G2', 'more quota for the current period', async () => {
    const { usagePlanId, keyId } = await makeMember({ quota: { limit: 100, period: 'MONTH' } });
    const patchOperations = [replace('/remaining', '150')];
    expect(
      (await world.gateway.updateUsage({ usagePlanId, keyId, patchOperations })).items,
    ).toEqual({ [keyId]: [[0, 150]] });
  });

  behaviour.emulatorOnly(
    'G3',
    'counters add up over the period, and belong to plan and key',
    async () => {
      world.now = Date.parse('2026-03-10T12:00:00Z');
      const { usagePlanId, keyId } = await makeMember({
        quota: { limit: 100, period: 'WEEK', offset: 1 },
      });
      const days = new Map([
        ['2026-03-08', 7],
        ['2026-03-09', 10],
        ['2026-03-10', 5],
      ]);
      world.emulator.state().usage.set(usagePlanId, new Map([[keyId, { days, extra: new Map() }]]));
      const read = async () =>
        (await world.gateway.getUsage({ usagePlanId, startDate: '2026-03-08', endDate: today() }))
          .items?.[keyId];
      // Weeks begin on Sunday, here a day later: the 8th, a Sunday, still belongs to the week before.
      expect(await read()).toEqual([
        [7, 93],
        [10, 90],
        [5, 85],
      ]);
      await world.gateway.updateUsage({
        usagePlanId,
        keyId,
        patchOperations: [replace('/remaining', '20')],
      });
      expect((await read())?.at(-1)).toEqual([5, 20]);
      await world.gateway.deleteUsagePlanKey({ usagePlanId, keyId });
      await world.gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
      expect((await read())?.at(-1)).toEqual([5, 20]);
    },
  );
});
