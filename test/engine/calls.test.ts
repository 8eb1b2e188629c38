/**
 * What observing costs. K keys, P plans and A APIs take ⌈K/500⌉ + ⌈P/500⌉ + the memberships of the plans concerned + one GetStages per API concerned
 * (+ ⌈A/500⌉ where a document names an API), and not one API Gateway call more: STS, the proof of tags and the second list before first creates apart.
 */
import { expect, test } from 'vitest';
import { createRig, documentOf, type Rig } from '../kit/rig.ts';
import { seed } from '../kit/seed.ts';
import type { Document } from '../reliability/account.ts';

const MANAGED = 7;
const LIMITS = { apiKeys: 10_000, usagePlans: 10_000, regionalApis: 10_000, edgeApis: 10_000 };

interface Size {
  readonly keys: number;
  readonly plans: number;
  readonly apis: number;
}

/** An account of this size, in which apikeeper has made seven keys, seven plans and one stage on one of two APIs. */
async function createAccount(
  { keys, plans, apis }: Size,
  restApi: (name: string) => object,
): Promise<Rig> {
  const rig = await createRig();
  const { hand, state } = rig;
  Object.assign(state.limits, LIMITS);
  await seed(hand, {
    apis: ['residents', 'repairs'].map((name) => ({
      id: `${name}1`,
      name,
      stages: [{ name: 'production' }],
    })),
  });
  rig.write(documents(restApi));
  const { summary } = await rig.apply();
  expect(summary).toMatchObject({ create: 2 * MANAGED, hold: 0, failed: 0 });

  const many = (count: number, make: (index: number) => Promise<unknown>) =>
    Promise.all(Array.from({ length: count }, (_, index) => make(index)));
  await many(keys - MANAGED, (index) => hand.gateway.createApiKey({ name: `stranger-${index}` }));
  await many(plans - MANAGED, (index) =>
    hand.gateway.createUsagePlan({ name: `stranger-${index}` }),
  );
  await many(apis - 2, (index) =>
    hand.gateway.createRestApi({
      name: `stranger-${index}`,
      endpointConfiguration: { types: ['REGIONAL'] },
    }),
  );
  expect([state.apiKeys.size, state.usagePlans.size, state.restApis.size]).toEqual([
    keys,
    plans,
    apis,
  ]);
  return rig;
}

function documents(restApi: (name: string) => object): Document[] {
  const throttle = { rateLimit: 10, burstLimit: 20 };
  const methodThrottles = [{ method: 'GET', path: '/residents', rateLimit: 1, burstLimit: 1 }];
  return [
    documentOf('Stage', 'residents', {
      restApi: restApi('residents'),
      stageName: 'production',
      tags: { team: 'housing' },
    }),
    ...Array.from({ length: MANAGED }, (_, index) => documentOf('ApiKey', `key-${index}`)),
    ...Array.from({ length: MANAGED }, (_, index) => {
      const stage =
        index === 0
          ? { stage: 'residents', methodThrottles }
          : { restApi: restApi('repairs'), stageName: 'production' };
      return documentOf('UsagePlan', `plan-${index}`, {
        throttle,
        stages: [stage],
        keys: [`key-${index}`],
      });
    }),
  ];
}

const ROWS = [
  { size: { keys: 1203, plans: 601, apis: 505 }, named: 'by name', why: 'pages of 500' },
  {
    size: { keys: 500, plans: 500, apis: 500 },
    named: 'by name',
    why: 'a page that is just full is the last',
  },
  {
    size: { keys: 501, plans: MANAGED, apis: 2 },
    named: 'by name',
    why: 'one more takes another page',
  },
  {
    size: { keys: MANAGED, plans: MANAGED, apis: 505 },
    named: 'by id',
    why: 'APIs that no document names are not listed',
  },
] as const;

test.each(ROWS)(
  '$size.keys keys, $size.plans plans and $size.apis APIs, $named: $why',
  async ({ size, named }) => {
    await using rig = await createAccount(size, (name) =>
      named === 'by name' ? { name } : { id: `${name}1` },
    );
    const expected = {
      GetApiKeys: Math.ceil(size.keys / 500),
      GetUsagePlans: Math.ceil(size.plans / 500),
      GetUsagePlanKeys: MANAGED,
      GetStages: 2,
      ...(named === 'by name' && { GetRestApis: Math.ceil(size.apis / 500) }),
    };

    const { calls } = await observed(rig);
    expect(calls, 'in the process that wrote it all').toEqual(expected);
    await rig.restart();
    const fresh = await observed(rig);
    expect(fresh.calls, 'in a process that remembers nothing').toEqual(expected);
    expect(fresh.reported, 'the report says the same').toEqual(expected);
  },
);

/** The calls that a pass without work takes, as the account counts them and as the report does. */
async function observed(
  rig: Rig,
): Promise<{ readonly calls: Record<string, number>; readonly reported: Record<string, number> }> {
  rig.emulator.clearRequests();
  const report = await rig.apply();
  expect(report).toMatchObject({ state: 'in-sync', summary: { keep: 2 * MANAGED + 1 } });
  const calls: Record<string, number> = {};
  for (const { operation } of rig.emulator.requests) calls[operation] = (calls[operation] ?? 0) + 1;
  const { GetCallerIdentity: _, ...ofGateway } = calls;
  return { calls: ofGateway, reported: { ...report.calls } };
}
