import { describe, expect, test } from 'vitest';
import type { TargetReport } from '../../src/core/model/report.ts';
import { seed } from '../kit/seed.ts';
import { yaml } from '../manifests/workspace.ts';
import { type Bench, createBench, keyNamed, passRequest, planNamed } from './bench.ts';

const key = (name: string, spec: object = {}) => yaml('ApiKey', name, { enabled: true, ...spec });
const RESIDENTS = { id: 'residents', name: 'residents-api', deployments: ['deploy1'] };
const production = {
  restApi: { name: 'residents-api' },
  stageName: 'production',
  deployment: 'latest',
};
const refused = { type: 'error', status: 400, code: 'BadRequestException', message: 'no' } as const;
const full = {
  type: 'error',
  status: 429,
  code: 'LimitExceededException',
  message: 'Maximum number of objects reached',
} as const;

async function world(files: Readonly<Record<string, string>>): Promise<Bench> {
  const bench = await createBench(files);
  await seed({ gateway: bench.console(), state: bench.emulator.state() }, { apis: [RESIDENTS] });
  return bench;
}

const onlyOf = ([report]: readonly TargetReport[]) => report ?? expect.fail('there is no report');
const outcomes = ({ objects }: TargetReport) =>
  Object.fromEntries(objects.map(({ kind, name, outcome }) => [`${kind}/${name}`, outcome]));
const messageOf = ({ objects }: TargetReport, name: string) =>
  objects.find((one) => one.name === name)?.message;

async function keysOf(bench: Bench, plan: string): Promise<(string | undefined)[]> {
  const { items = [] } = await bench
    .console()
    .getUsagePlanKeys({ usagePlanId: (await planNamed(bench.console(), plan))?.id });
  return items.map(({ name }) => name).sort();
}

describe('a create whose answer is lost', () => {
  test.each([
    ['CreateApiKey', { 'a.yaml': key('acme') }, 'ApiKey/acme'],
    [
      'CreateUsagePlan',
      { 'a.yaml': yaml('UsagePlan', 'gold', { throttle: { rateLimit: 5, burstLimit: 10 } }) },
      'UsagePlan/gold',
    ],
    ['CreateStage', { 'a.yaml': yaml('Stage', 'production', production) }, 'Stage/production'],
  ])('%s is looked for, and not made twice', async (operation, files, object) => {
    await using bench = await world(files);
    bench.emulator.inject({ operation, times: 1, fault: { type: 'drop-after' } });
    expect(outcomes(await bench.apply())).toEqual({ [object]: 'created' });
    expect(bench.calls(operation)).toBe(1);
    const again = await bench.apply();
    expect(again.state).toBe('in-sync');
    expect(outcomes(again)).toEqual({ [object]: 'kept' });
  });

  test('is looked for again when lists are late', async () => {
    await using bench = await world({ 'a.yaml': key('acme') });
    bench.emulator.inject({ operation: 'CreateApiKey', times: 1, fault: { type: 'drop-after' } });
    bench.emulator.inject({ fault: { type: 'stale-lists', lag: 4_000 } });
    expect(outcomes(await bench.apply())).toEqual({ 'ApiKey/acme': 'created' });
    expect(bench.calls('CreateApiKey')).toBe(1);
  });

  test('and that was not carried out is repeated', async () => {
    await using bench = await world({ 'a.yaml': key('acme') });
    bench.emulator.inject({ operation: 'CreateApiKey', times: 1, fault: { type: 'drop-before' } });
    expect(outcomes(await bench.apply())).toEqual({ 'ApiKey/acme': 'created' });
    expect((await bench.console().getApiKeys({})).items).toHaveLength(1);
  });

  test('and is given up, is looked for by the next pass, also by one that reads only what changed', async () => {
    await using bench = await world({ 'a.yaml': key('acme') });
    await using process = bench.engine();
    const tree = await process.load();
    const [target] = tree.targets;
    if (!target) throw new Error('there is no target');
    bench.emulator.inject({ operation: 'CreateApiKey', fault: { type: 'drop-after' } });
    bench.emulator.inject({
      operation: 'GetApiKeys',
      skip: 2,
      fault: { type: 'stale-lists', lag: 60_000 },
    });
    const { reports, retryable } = await process.reconcileAccount(
      tree,
      [target],
      passRequest('schedule'),
    );
    expect(outcomes(onlyOf(reports))).toEqual({ 'ApiKey/acme': 'failed' });
    expect(retryable).toBe(true);
    bench.emulator.clearFaults();
    const made = bench.calls('CreateApiKey');
    await process.reconcileAccount(tree, [target], passRequest('change'));
    expect(bench.calls('CreateApiKey')).toBe(made);
  });
});

describe('a create that is interrupted', () => {
  /** Aborts when the first call of an operation is answered. */
  async function interrupted(bench: Bench, operation: string) {
    const abort = new AbortController();
    await using process = bench.engine({
      onCall: (called) => called === operation && abort.abort(new Error('enough')),
    });
    const tree = await process.load();
    const [target] = tree.targets;
    if (!target) throw new Error('there is no target');
    const first = await process.reconcileAccount(
      tree,
      [target],
      passRequest('schedule', abort.signal),
    );
    const second = await process.reconcileAccount(tree, [target], passRequest('change'));
    return { first: onlyOf(first.reports), second: onlyOf(second.reports) };
  }

  test('between its two calls is finished, and known to the next pass', async () => {
    const accessLog = {
      destinationArn: 'arn:aws:logs:eu-west-2:123456789012:log-group:residents',
      format: '$context.requestId',
    };
    await using bench = await world({
      'a.yaml': yaml('Stage', 'production', { ...production, accessLog }),
    });
    const { first, second } = await interrupted(bench, 'CreateStage');
    expect(outcomes(first)).toEqual({ 'Stage/production': 'created' });
    expect(outcomes(second)).toEqual({ 'Stage/production': 'kept' });
    const { accessLogSettings } = await bench
      .console()
      .getStage({ restApiId: 'residents', stageName: 'production' });
    expect(accessLogSettings).toEqual(accessLog);
  });

  test('while its lost answer is looked for, is found', async () => {
    await using bench = await world({ 'a.yaml': key('acme') });
    bench.emulator.inject({ operation: 'CreateApiKey', times: 1, fault: { type: 'drop-after' } });
    bench.emulator.inject({ operation: 'GetApiKeys', fault: { type: 'stale-lists', lag: 4_000 } });
    const { first } = await interrupted(bench, 'CreateApiKey');
    expect(outcomes(first)).toEqual({ 'ApiKey/acme': 'created' });
    expect(bench.calls('CreateApiKey')).toBe(1);
  });
});

describe('a key that moves', () => {
  const plan = (name: string, keys: readonly string[]) =>
    yaml('UsagePlan', name, {
      throttle: { rateLimit: 5, burstLimit: 10 },
      stages: [{ restApi: { name: 'residents-api' }, stageName: 'production' }],
      keys,
    });

  async function moving() {
    const bench = await world({
      'key.yaml': key('acme'),
      'stage.yaml': yaml('Stage', 'production', production),
    });
    await bench.space.write('silver.yaml', plan('silver', ['acme']));
    await bench.space.write('gold.yaml', plan('gold', []));
    await bench.apply();
    await bench.space.write('silver.yaml', plan('silver', []));
    await bench.space.write('gold.yaml', plan('gold', ['acme']));
    return bench;
  }

  test('is put back where it was when the new plan does not take it, and moves in the next pass', async () => {
    await using bench = await moving();
    bench.emulator.inject({ operation: 'CreateUsagePlanKey', times: 1, fault: refused });
    const report = await bench.apply();
    expect(outcomes(report)).toMatchObject({
      'UsagePlan/gold': 'failed',
      'UsagePlan/silver': 'failed',
    });
    expect(messageOf(report, 'gold')).toMatch(
      /^the key was put back into \w+, since \w+ did not take it: CreateUsagePlanKey failed/,
    );
    expect(await keysOf(bench, 'silver')).toEqual(['acme']);
    expect(await keysOf(bench, 'gold')).toEqual([]);

    expect((await bench.apply()).state).toBe('in-sync');
    expect(await keysOf(bench, 'silver')).toEqual([]);
    expect(await keysOf(bench, 'gold')).toEqual(['acme']);
  });

  test('and that no plan takes, is said to be in neither, and comes back with the next pass', async () => {
    await using bench = await moving();
    bench.emulator.inject({ operation: 'CreateUsagePlanKey', times: 2, fault: refused });
    expect(messageOf(await bench.apply(), 'gold')).toMatch(/^the key is in neither plan now/);
    expect((await bench.apply()).state).toBe('in-sync');
    expect(await keysOf(bench, 'gold')).toEqual(['acme']);
  });

  test('is not left in between by whoever interrupts', async () => {
    await using bench = await moving();
    const abort = new AbortController();
    await bench.apply({
      signal: abort.signal,
      onCall: (called) => called === 'DeleteUsagePlanKey' && abort.abort(new Error('enough')),
    });
    expect(await keysOf(bench, 'gold')).toEqual(['acme']);
    expect(await keysOf(bench, 'silver')).toEqual([]);
    expect((await bench.apply()).state).toBe('in-sync');
  });
});

describe('usage plans that exchange stages', () => {
  test('keep theirs when the second of them is refused: what the first gave up is put back', async () => {
    const two = (a: string, b: string) =>
      [
        yaml('UsagePlan', 'a', {
          stages: [{ restApi: { name: 'two' }, stageName: a }],
          keys: ['acme'],
        }),
        yaml('UsagePlan', 'b', {
          stages: [{ restApi: { name: 'two' }, stageName: b }],
          keys: ['acme'],
        }),
      ].join('---\n');
    await using bench = await world({ 'a.yaml': key('acme') });
    await seed(
      { gateway: bench.console(), state: bench.emulator.state() },
      {
        apis: [
          { id: 'two', name: 'two', deployments: ['d1'], stages: [{ name: 's1' }, { name: 's2' }] },
        ],
      },
    );
    await bench.space.write('p.yaml', two('s1', 's2'));
    await bench.apply();
    const stagesOf = async (name: string) =>
      (await planNamed(bench.console(), name))?.apiStages?.map(({ stage }) => stage);

    bench.emulator.inject({ operation: 'UpdateUsagePlan', skip: 1, times: 1, fault: refused });
    await bench.space.write('p.yaml', two('s2', 's1'));
    expect((await bench.apply()).state).toBe('failing');
    expect(await stagesOf('a')).toEqual(['s1']);
    expect(await stagesOf('b')).toEqual(['s2']);

    expect((await bench.apply()).state).toBe('in-sync');
    expect(await stagesOf('a')).toEqual(['s2']);
  });
});

describe('disabling a key', () => {
  test('goes through when another field is refused, and only that is left', async () => {
    await using bench = await world({ 'a.yaml': key('acme') });
    await bench.apply();
    await bench.space.write('a.yaml', key('acme', { enabled: false, description: 'refused' }));
    bench.emulator.inject({ operation: 'UpdateApiKey', skip: 1, times: 1, fault: refused });
    expect(outcomes(await bench.apply())).toEqual({ 'ApiKey/acme': 'failed' });
    expect((await keyNamed(bench.console(), 'acme'))?.enabled).toBe(false);

    const report = await bench.apply();
    expect(report.objects[0]?.changes.map(({ path }) => path)).toEqual(['/spec/description']);
    expect(outcomes(report)).toEqual({ 'ApiKey/acme': 'updated' });
  });

  test('is not waited for by what has failed before: the others go on', async () => {
    await using bench = await world({ 'a.yaml': key('acme'), 'b.yaml': key('birch') });
    await bench.apply();
    await bench.space.write('a.yaml', key('acme', { enabled: false }));
    await bench.space.write('b.yaml', key('birch', { enabled: false }));
    bench.emulator.inject({ operation: 'UpdateApiKey', times: 1, fault: refused });
    expect(Object.values(outcomes(await bench.apply())).sort()).toEqual(['failed', 'updated']);
  });
});

describe('an object that was read more than a minute before its turn', () => {
  /** Two updates; when the first is done, a minute is over, and something else has happened. */
  async function late(happens: (bench: Bench, nameOfSecond: string) => void) {
    const bench = await world({ 'a.yaml': key('acme'), 'b.yaml': key('birch') });
    await bench.apply();
    await bench.space.write('a.yaml', key('acme', { description: 'from Git' }));
    await bench.space.write('b.yaml', key('birch', { description: 'from Git' }));
    let second: string | undefined;
    const read = bench.calls('GetApiKey');
    const report = await bench.apply({
      onCall(operation) {
        if (operation !== 'UpdateApiKey' || second !== undefined) return;
        second = keys(bench).find(({ description }) => description !== 'from Git')?.name ?? '';
        bench.clock.pass(61_000);
        happens(bench, second);
      },
    });
    return { bench, report, second: second ?? '', reads: bench.calls('GetApiKey') - read };
  }

  const keys = (bench: Bench) => [...bench.emulator.state().apiKeys.values()];

  test('is read again, and written where it is what it was', async () => {
    const { bench, report, reads } = await late(() => {});
    await using _ = bench;
    expect(reads).toBe(1);
    expect(outcomes(report)).toEqual({ 'ApiKey/acme': 'updated', 'ApiKey/birch': 'updated' });
  });

  test('is left to the next pass where somebody has changed it since', async () => {
    const { bench, report, second } = await late((world, name) => {
      for (const one of keys(world)) if (one.name === name) one.description = 'by hand';
    });
    await using _ = bench;
    expect(outcomes(report)[`ApiKey/${second}`]).toBe('skipped');
    expect(messageOf(report, second)).toContain('changed since it was planned');
    expect((await keyNamed(bench.console(), second))?.description).toBe('by hand');
    expect(report.state).toBe('drifted');
    expect((await bench.apply()).state).toBe('in-sync');
    expect((await keyNamed(bench.console(), second))?.description).toBe('from Git');
  });
});

describe('what refers to something that could not be made', () => {
  const stages = [{ restApi: { name: 'residents-api' }, stageName: 'production' }];

  test('a plan without its key stands, and gets it when it is there', async () => {
    await using bench = await world({
      'a.yaml': key('acme'),
      'b.yaml': key('birch'),
      'plan.yaml': yaml('UsagePlan', 'gold', { keys: ['acme', 'birch'] }),
    });
    bench.emulator.inject({ operation: 'CreateApiKey', times: 1, fault: full });
    const report = await bench.apply();
    const made = Object.entries(outcomes(report)).filter(([, outcome]) => outcome === 'created');
    const lacking = Object.entries(outcomes(report)).find(
      ([, outcome]) => outcome === 'failed',
    )?.[0];
    expect(made).toHaveLength(1);
    expect(lacking).toMatch(/^ApiKey\//);
    expect(outcomes(report)['UsagePlan/gold']).toBe('held');
    expect(await keysOf(bench, 'gold')).toEqual(made.map(([who]) => who.replace('ApiKey/', '')));
    expect(report.state).toBe('failing');

    const again = await bench.apply();
    expect(again.state).toBe('in-sync');
    expect(await keysOf(bench, 'gold')).toEqual(['acme', 'birch']);
    expect(outcomes(await bench.apply())).toMatchObject({ 'UsagePlan/gold': 'kept' });
  });

  test('a plan without its stage stands, and gets it when it is there', async () => {
    await using bench = await world({
      'stage.yaml': yaml('Stage', 'production', production),
      'plan.yaml': yaml('UsagePlan', 'gold', {
        throttle: { rateLimit: 5, burstLimit: 10 },
        stages: [{ stage: 'production' }],
      }),
    });
    bench.emulator.inject({ operation: 'CreateStage', times: 1, fault: full });
    const report = await bench.apply();
    expect(outcomes(report)).toEqual({ 'Stage/production': 'failed', 'UsagePlan/gold': 'held' });
    expect(await planNamed(bench.console(), 'gold')).toMatchObject({ throttle: { rateLimit: 5 } });
    expect((await bench.apply()).state).toBe('in-sync');
    expect((await planNamed(bench.console(), 'gold'))?.apiStages).toEqual([
      { apiId: 'residents', stage: 'production' },
    ]);
  });

  test('a stage that nobody declares and that is not there holds only its entry', async () => {
    await using bench = await world({
      'plan.yaml': yaml('UsagePlan', 'gold', {
        throttle: { rateLimit: 5, burstLimit: 10 },
        stages,
      }),
    });
    const report = await bench.apply();
    expect(report.state).toBe('held');
    expect(await planNamed(bench.console(), 'gold')).toMatchObject({ throttle: { rateLimit: 5 } });
  });
});

describe('a deployment', () => {
  const requirement = {
    restApi: { name: 'residents-api' },
    methods: [{ method: 'GET', path: '/residents', apiKeyRequired: true }],
    redeploy: { stages: ['production'] },
  };

  async function deploying(): Promise<Bench> {
    const bench = await createBench({ 'a.yaml': yaml('KeyRequirement', 'residents', requirement) });
    await seed(
      { gateway: bench.console(), state: bench.emulator.state() },
      {
        apis: [
          {
            id: 'residents',
            name: 'residents-api',
            open: ['GET /residents'],
            stages: [{ name: 'production' }],
          },
        ],
        keys: [{ id: 'acmekey', name: 'acme' }],
        plans: [
          { id: 'goldplan', name: 'gold', stages: ['residents-api:production'], keys: ['acme'] },
        ],
      },
    );
    return bench;
  }

  test.each([
    {
      reason: 'before it is made, it is made by the next pass',
      operation: 'GetDeployments',
      first: 'skipped',
      made: 0,
    },
    {
      reason: 'once it is made, its stages are moved',
      operation: 'CreateDeployment',
      first: 'updated',
      made: 1,
    },
  ])('is interrupted: $reason', async ({ operation, first, made }) => {
    await using bench = await deploying();
    const before = bench.calls('CreateDeployment');
    const abort = new AbortController();
    const report = await bench.apply({
      signal: abort.signal,
      onCall: (called) => called === operation && abort.abort(new Error('enough')),
    });
    expect(outcomes(report)).toEqual({ 'KeyRequirement/residents': first });
    expect(bench.calls('CreateDeployment') - before).toBe(made);
    expect((await bench.apply()).state).toBe('in-sync');
    expect(bench.calls('CreateDeployment') - before).toBe(1);
  });
});
