/** Warnings of what is live: in reports and in the log. */
import { describe, expect, test } from 'vitest';
import type { TargetReport } from '../../src/core/model/report.ts';
import { seed } from '../kit/seed.ts';
import { stream, yaml } from '../manifests/workspace.ts';
import { type Bench, createBench, keyNamed, passRequest, planNamed } from './bench.ts';

const RESIDENTS = { id: 'residents', name: 'residents-api', stages: [{ name: 'production' }] };
const production = { restApi: { name: 'residents-api' }, stageName: 'production' };
const key = (name: string, spec: object = {}) => yaml('ApiKey', name, { enabled: true, ...spec });
const plan = (name: string, spec: object = {}) =>
  yaml('UsagePlan', name, { keys: ['acme'], stages: [production], ...spec });

async function world(...documents: readonly string[]): Promise<Bench> {
  const bench = await createBench({ 'm.yaml': stream(...documents) });
  await seed({ gateway: bench.console(), state: bench.emulator.state() }, { apis: [RESIDENTS] });
  return bench;
}

const codes = ({ warnings = [] }: TargetReport) =>
  warnings.map(({ code, kind, name }) => `${code} ${kind}/${name}`);
const raised = ({ events }: Bench) =>
  events
    .filter(({ event }) => event === 'warning.raised')
    .map(({ code, kind, name }) => `${code} ${kind}/${name}`);

/** One pass that writes nothing. */
async function planned(bench: Bench): Promise<TargetReport> {
  await using process = bench.engine();
  const { targets } = await process.reconcile({
    trigger: 'command',
    write: false,
    unsetMode: 'enforce',
  });
  return targets[0] ?? expect.fail('there is no target');
}

describe('a report warns', () => {
  test.each<[reason: string, documents: readonly string[], found: readonly string[]]>([
    ['of nothing, where a key is in a plan that is on a stage', [key('acme'), plan('p')], []],
    [
      'of a key in no plan',
      [key('acme'), plan('p', { keys: [] })],
      ['KEY_WITHOUT_PLAN ApiKey/acme', 'PLAN_WITHOUT_KEY UsagePlan/p'],
    ],
    [
      'of a plan on no stage, also where the manifest does not name its stages',
      [key('acme'), yaml('UsagePlan', 'p', { keys: ['acme'] })],
      ['PLAN_WITHOUT_STAGE UsagePlan/p'],
    ],
    [
      'of a limit of 0',
      [key('acme'), plan('p', { throttle: { rateLimit: 5, burstLimit: 0 } })],
      ['LIMIT_ZERO UsagePlan/p'],
    ],
    [
      'of a method that nobody can call',
      [
        key('acme'),
        plan('p'),
        yaml('Stage', 'production', {
          ...production,
          methodSettings: [
            { method: 'GET', path: '/residents', throttle: { rateLimit: 0, burstLimit: 0 } },
          ],
        }),
      ],
      ['LIMIT_ZERO Stage/production'],
    ],
    [
      'of a quota below the burst',
      [
        key('acme'),
        plan('p', {
          throttle: { rateLimit: 5, burstLimit: 50 },
          quota: { limit: 20, period: 'DAY' },
        }),
      ],
      ['QUOTA_BELOW_BURST UsagePlan/p'],
    ],
  ])('%s', async (_, documents, found) => {
    await using bench = await world(...documents);
    const applied = await bench.apply();
    expect(codes(applied)).toEqual(found);
    expect(applied.state).toBe('in-sync');
    const again = await planned(bench);
    expect(codes(again)).toEqual(found);
    for (const { message, source } of again.warnings ?? []) {
      expect(message).toMatch(/(403|429|nobody calls).*; /);
      expect(source).toMatchObject({ file: 'm.yaml' });
    }
  });

  test('of what is live, whatever the manifests say, until a pass puts it right', async () => {
    await using bench = await world(key('acme'), plan('p'));
    await bench.apply();
    const hand = bench.console();
    const usagePlanId = (await planNamed(hand, 'p'))?.id;
    await hand.deleteUsagePlanKey({ usagePlanId, keyId: (await keyNamed(hand, 'acme'))?.id });
    await using process = bench.engine({ settings: { mode: 'observe' } });
    const observed = (await process.reconcile(passRequest('schedule'))).targets[0];
    expect(observed && codes(observed)).toEqual([
      'KEY_WITHOUT_PLAN ApiKey/acme',
      'PLAN_WITHOUT_KEY UsagePlan/p',
    ]);
    expect(codes(await planned(bench)), 'the plan says that it puts it right').toEqual([]);
    expect(codes(await bench.apply())).toEqual([]);
  });

  test("of nobody else's objects", async () => {
    await using bench = await world(key('acme'), plan('p', { keys: ['acme'] }));
    await seed(
      { gateway: bench.console(), state: bench.emulator.state() },
      { keys: [{ id: 'strangerkey', name: 'theirs' }], plans: [{ id: 'theirs', name: 'theirs' }] },
    );
    expect(codes(await bench.apply())).toEqual([]);
  });

  test("of no key that may be in somebody else's plan, whose keys nobody asked for", async () => {
    await using bench = await world(key('acme'));
    await bench.apply();
    expect(codes(await planned(bench))).toEqual(['KEY_WITHOUT_PLAN ApiKey/acme']);
    await seed(
      { gateway: bench.console(), state: bench.emulator.state() },
      { plans: [{ id: 'theirs', name: 'theirs', keys: ['acme'] }] },
    );
    expect(codes(await planned(bench))).toEqual([]);
    expect(bench.calls('GetUsagePlanKeys')).toBe(0);
  });
});

test('a warning is logged once, until it is gone and comes back; what is only good to know is not', async () => {
  const broken = stream(
    key('acme'),
    plan('p', { stages: [] }),
    yaml('UsagePlan', 'empty', { keys: [], stages: [production] }),
  );
  const mended = stream(
    key('acme'),
    plan('p'),
    yaml('UsagePlan', 'empty', { keys: [], stages: [production] }),
  );
  await using bench = await createBench({ 'm.yaml': broken });
  await seed({ gateway: bench.console(), state: bench.emulator.state() }, { apis: [RESIDENTS] });
  await using process = bench.engine();
  const pass = () => process.reconcile(passRequest('schedule'));
  await pass();
  await pass();
  expect(raised(bench)).toEqual(['PLAN_WITHOUT_STAGE UsagePlan/p']);
  await bench.space.replace('m.yaml', mended);
  await pass();
  await bench.space.replace('m.yaml', broken);
  await pass();
  expect(raised(bench)).toHaveLength(2);
});

test('after an apply of which a part is held, the next pass knows what was written', async () => {
  await using bench = await world(key('acme'), plan('p', { description: 'before' }));
  await using process = bench.engine();
  const target = async () => {
    const tree = await process.load();
    return [tree, tree.targets] as const;
  };
  await process.reconcileAccount(...(await target()), passRequest('schedule'));
  const documents = [
    key('acme'),
    plan('p', { description: 'after', keys: ['acme', { id: 'nosuchkey1' }] }),
  ];
  await bench.space.replace('m.yaml', stream(...documents));
  await process.reconcileAccount(...(await target()), passRequest('change'));
  const updates = bench.calls('UpdateUsagePlan');
  // Another document changes: of the plan, only what was kept is known.
  await bench.space.replace('m.yaml', stream(...documents, key('birch')));
  await process.reconcileAccount(...(await target()), passRequest('change'));
  expect(bench.calls('UpdateUsagePlan')).toBe(updates);
});
