/** Revocations go first, whatever else a pass has to do. */
import { describe, expect, test } from 'vitest';
import {
  type Bench,
  createBench,
  EVERY_TEN,
  keyNamed,
  passRequest,
  planNamed,
  until,
} from '../engine/bench.ts';
import { seed } from '../kit/seed.ts';
import { stream, yaml } from '../manifests/workspace.ts';

const key = (name: string, spec: object = {}) => yaml('ApiKey', name, { enabled: true, ...spec });
const plan = (name: string, spec: object = {}) => yaml('UsagePlan', name, spec);
const many = (count: number, spec: object = {}) =>
  stream(...Array.from({ length: count }, (_, index) => key(`k${index}`, spec)));
const refused = { type: 'error', status: 409, code: 'ConflictException', message: 'no' } as const;
const broken = { type: 'error', status: 400, code: 'BadRequestException', message: 'no' } as const;

const isDisabled = async (bench: Bench, name: string) =>
  (await keyNamed(bench.console(), name))?.enabled === false;
const passed = (bench: Bench, count: number) => until(() => bench.passes().length >= count);
const operations = (bench: Bench, since: number) =>
  bench.emulator.requests.slice(since).map(({ operation }) => operation);

describe('a commit that revokes', () => {
  test('needs one call, before any object is read again', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme'), 'b.yaml': many(20) });
    await using _ = await bench.start();
    await passed(bench, 1);
    const since = bench.emulator.requests.length;
    await bench.space.replace('b.yaml', many(20, { description: 'all at once' }));
    await bench.space.replace('a.yaml', key('acme', { enabled: false }));
    await until(() => isDisabled(bench, 'acme'));
    await until(() => bench.passes().length > 1);
    const calls = operations(bench, since);
    const first = calls.indexOf('UpdateApiKey');
    expect(calls.slice(0, first).filter((one) => one === 'GetApiKey')).toEqual([]);
    expect(bench.emulator.requests[since + first]?.path).toBe(
      `/apikeys/${(await keyNamed(bench.console(), 'acme'))?.id}`,
    );
  });

  test('goes before the tags that a bulk change still owes', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme'), 'b.yaml': many(30) });
    await using _ = await bench.start();
    await passed(bench, 1);
    const acme = (await keyNamed(bench.console(), 'acme'))?.id;
    const before = bench.calls('UpdateApiKey');
    bench.emulator.inject({
      operation: 'UpdateApiKey',
      skip: 25,
      times: 1,
      fault: { type: 'delay', ms: 1_000 },
    });
    const since = bench.emulator.requests.length;
    await bench.space.replace('b.yaml', many(30, { description: 'all at once' }));
    await until(() => bench.calls('UpdateApiKey') >= before + 25);
    await bench.space.replace('a.yaml', key('acme', { enabled: false }));
    await until(() => isDisabled(bench, 'acme'));
    const requests = bench.emulator.requests.slice(since);
    const revoked = requests.findIndex(
      ({ operation, path }) => operation === 'UpdateApiKey' && path === `/apikeys/${acme}`,
    );
    expect(requests.slice(0, revoked).map(({ operation }) => operation)).not.toContain(
      'TagResource',
    );
    await until(async () => {
      const { items = [] } = await bench.console().getApiKeys({ limit: 500 });
      return items.filter(({ description }) => description === 'all at once').length === 30;
    });
    await until(() => bench.passes().at(-1)?.state === 'in-sync');
    expect(bench.calls('TagResource'), 'what was owed is written after it').toBeGreaterThan(30);
  });

  test('is not kept waiting by a step that fails again and again, and nothing is listed again', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme'), 'p.yaml': plan('p') });
    await using _ = await bench.start();
    await passed(bench, 1);
    bench.emulator.inject({ operation: 'UpdateUsagePlan', fault: refused });
    await bench.space.replace('p.yaml', plan('p', { description: 'never' }));
    await until(() => bench.events.some(({ event }) => event === 'step.failed'));
    const lists = bench.calls('GetUsagePlans');
    const reads = bench.calls('GetUsagePlan');
    const count = bench.passes().length;

    await bench.space.replace('a.yaml', key('acme', { enabled: false }));
    await until(() => isDisabled(bench, 'acme'));
    await passed(bench, count + 1);
    expect(bench.calls('GetUsagePlans')).toBe(lists);
    expect(bench.calls('GetUsagePlan'), 'the failed object alone is read').toBeGreaterThan(reads);
  });

  test('is carried out by a reading that commits keep interrupting, and the reading ends', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme'), 'b.yaml': key('birch') });
    await seed(
      { gateway: bench.console(), state: bench.emulator.state() },
      { keys: [{ id: 'acmekey', name: 'acme' }] },
    );
    await using first = bench.engine();
    await bench.space.replace(
      'a.yaml',
      yaml(
        'ApiKey',
        'acme',
        { enabled: true },
        { annotations: { 'apikeeper.dev/adopt': 'acmekey' } },
      ),
    );
    await first.reconcile(passRequest('once'));
    await first[Symbol.asyncDispose]();

    bench.emulator.inject({
      operation: 'GetUsagePlans',
      times: 1,
      fault: { type: 'delay', ms: 1_500 },
    });
    await using _ = await bench.start();
    const lists = bench.calls('GetUsagePlans');
    const before = bench.passes().length;
    for (let commit = 1; commit <= 5; commit++)
      await bench.space.replace('b.yaml', key('birch', { description: `commit ${commit}` }));
    await bench.space.replace('a.yaml', key('acme', { enabled: false }));
    await until(() => isDisabled(bench, 'acme'));
    expect(bench.passes(), 'before the first pass is over').toHaveLength(before);
    await passed(bench, before + 1);
    expect(bench.calls('GetUsagePlans') - lists, 'one reading').toBeLessThanOrEqual(1);
  });
});

describe('a fresh process', () => {
  async function residents(bench: Bench): Promise<void> {
    await seed(
      { gateway: bench.console(), state: bench.emulator.state() },
      {
        apis: [
          { id: 'residents', name: 'residents-api', deployments: ['d1'], stages: [{ name: 's1' }] },
          { id: 'visitors', name: 'visitors-api', deployments: ['d2'], stages: [{ name: 's1' }] },
        ],
      },
    );
  }
  const on = (api: string) => ({ stages: [{ restApi: { name: api }, stageName: 's1' }] });
  const stage = (name: string, api: string, spec: object = {}) =>
    yaml('Stage', name, { restApi: { name: api }, stageName: 's1', ...spec });
  const failing = {
    type: 'error',
    status: 403,
    code: 'AccessDeniedException',
    message: 'no',
  } as const;

  test('revokes although the stages of one API can’t be listed, and the other API goes on', async () => {
    await using bench = await createBench({});
    await residents(bench);
    const documents = (enabled: boolean, description: string) =>
      stream(
        key('acme', { enabled }),
        plan('r', { ...on('residents-api'), keys: ['acme'], description }),
        stage('r-s1', 'residents-api', { description }),
        stage('v-s1', 'visitors-api', { description }),
      );
    await bench.space.replace('m.yaml', documents(true, 'before'));
    await bench.apply();
    // The APIs are read in the order of their ids.
    bench.emulator.inject({ operation: 'GetStages', times: 1, fault: failing });

    await bench.space.replace('m.yaml', documents(false, 'after'));
    const report = await bench.apply();
    expect(await isDisabled(bench, 'acme')).toBe(true);
    expect(report.state).toBe('failing');
    expect(report.error).toContain('residents');
    const outcomes = report.objects.map(({ kind, name, outcome, reason }) =>
      [kind, name, outcome, reason].filter(Boolean).join(' '),
    );
    expect(outcomes).toContain('Stage v-s1 updated');
    expect(outcomes).toContain('Stage r-s1 held dependency');
    expect((await planNamed(bench.console(), 'r'))?.description, 'the plan needs no stage').toBe(
      'after',
    );
    expect(
      (await planNamed(bench.console(), 'r'))?.apiStages,
      'nothing is taken out of it',
    ).toHaveLength(1);
  });

  test('revokes although the usage plans can’t be listed, and does nothing else', async () => {
    await using bench = await createBench({ 'a.yaml': stream(key('acme'), key('birch')) });
    await bench.apply();
    bench.emulator.inject({ operation: 'GetUsagePlans', fault: broken });
    await bench.space.replace(
      'a.yaml',
      stream(key('acme', { enabled: false }), key('birch', { description: 'later' }), key('new')),
    );
    const since = bench.emulator.requests.length;
    const report = await bench.apply();
    expect(report.state).toBe('failing');
    expect(await isDisabled(bench, 'acme')).toBe(true);
    const writes = operations(bench, since).filter((one) => /^(Create|Update|Delete)/.test(one));
    expect(writes).toEqual(['UpdateApiKey']);
  });

  test('takes a key that left Git away as soon as keys and usage plans are listed', async () => {
    await using bench = await createBench({});
    await residents(bench);
    const target = yaml('Target', 'default', {
      accountId: '123456789012',
      region: 'eu-west-2',
      owner: bench.owner,
      prune: true,
      guards: { maxKeys: 10, maxPercent: 100 },
    });
    const gone = stream(
      target,
      key('birch'),
      plan('r', { ...on('residents-api'), keys: ['birch'] }),
    );
    await bench.space.replace('m.yaml', stream(gone, key('acme')));
    await bench.apply();
    await bench.space.replace('m.yaml', gone);
    const since = bench.emulator.requests.length;
    await bench.apply();
    const calls = operations(bench, since);
    expect(await isDisabled(bench, 'acme')).toBe(true);
    expect(calls.indexOf('UpdateApiKey')).toBeLessThan(calls.indexOf('GetStages') + 3);
  });

  test('leaves a key that moves between usage plans to the whole plan', async () => {
    await using bench = await createBench({});
    await residents(bench);
    const plans = (a: string[], b: string[]) =>
      stream(
        key('acme'),
        plan('a', { ...on('residents-api'), keys: a }),
        plan('b', { ...on('residents-api'), keys: b }),
      );
    await bench.space.replace('m.yaml', plans(['acme'], []));
    await bench.apply();
    await bench.space.replace('m.yaml', plans([], ['acme']));
    const since = bench.emulator.requests.length;
    await bench.apply();
    const calls = operations(bench, since);
    const detached = calls.indexOf('DeleteUsagePlanKey');
    expect(calls[detached + 1]).toBe('CreateUsagePlanKey');
  });
});

test('drift of a key that is disabled in Git is put right while the rest is still being listed', async () => {
  await using bench = await createBench({ 'a.yaml': key('acme', { enabled: false }) });
  await using daemon = await bench.start();
  await passed(bench, 1);
  const gateway = bench.console();
  const id = (await keyNamed(gateway, 'acme'))?.id;
  await gateway.updateApiKey({
    apiKey: id,
    patchOperations: [{ op: 'replace', path: '/enabled', value: 'true' }],
  });
  bench.emulator.inject({
    operation: 'GetUsagePlans',
    times: 1,
    fault: { type: 'throttle', retryAfter: 60 },
  });
  bench.tick(EVERY_TEN);
  await until(() => bench.clock.waiting > 0);
  await until(() => isDisabled(bench, 'acme'));
  bench.clock.hurry();
  await passed(bench, 2);
  expect(bench.events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['drift.detected', 'object.updated', 'drift.resolved']),
  );
  const told = bench.events.filter(({ event }) => event === 'drift.detected');
  expect(told, 'once').toHaveLength(1);
  const [object] = daemon.report()?.targets[0]?.objects ?? [];
  expect(object).toMatchObject({ name: 'acme', action: 'update', outcome: 'updated' });
});

test('a Target that leaves Git while a pass is reading takes nobody’s access away', async () => {
  await using bench = await createBench({});
  const target = (name: string) =>
    yaml('Target', name, {
      accountId: '123456789012',
      region: 'eu-west-2',
      owner: bench.owner,
      prune: true,
      guards: { maxKeys: 10, maxPercent: 100 },
    });
  const keyOf = (namespace: string, spec: object = {}) =>
    yaml('ApiKey', namespace, { enabled: true, ...spec }, { namespace });
  const both = stream(target('a'), target('b'), keyOf('a'), keyOf('b'));
  await bench.space.replace('.worktrees/0/m.yaml', both);
  const alone = stream(target('a'), keyOf('a', { enabled: false }));
  await bench.space.replace('.worktrees/1/m.yaml', alone);
  await bench.space.publish('repo', '.worktrees/0');
  await using _ = await bench.start({ directory: `${bench.space.path}/repo` });
  await until(() => bench.passes('a').length > 0 && bench.passes('b').length > 0);

  bench.emulator.inject({
    operation: 'GetUsagePlans',
    times: 1,
    fault: { type: 'throttle', retryAfter: 60 },
  });
  bench.tick(EVERY_TEN);
  await until(() => bench.clock.waiting > 0);
  await bench.space.publish('repo', '.worktrees/1');
  await until(() => isDisabled(bench, 'a'));
  bench.clock.hurry();
  await until(() => bench.passes('a').at(-1)?.trigger === 'change');
  expect((await keyNamed(bench.console(), 'b'))?.enabled).toBe(true);
});
