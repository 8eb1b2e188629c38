import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { stream, yaml } from '../manifests/workspace.ts';
import {
  type Bench,
  createBench,
  EVERY_TEN,
  keyNamed,
  NEXT_RUN,
  planNamed,
  until,
} from './bench.ts';

const key = (name: string, spec: object = {}, metadata: object = {}) =>
  yaml('ApiKey', name, { enabled: true, ...spec }, metadata);
const plan = (name: string, rateLimit: number) =>
  yaml('UsagePlan', name, { throttle: { rateLimit, burstLimit: 10 } });
const change = (path: string, value: string) => [{ op: 'replace' as const, path, value }];

/** Waits for the first pass: what is declared is live. */
async function settled(bench: Bench, namespace = 'default'): Promise<void> {
  await until(() => bench.passes(namespace).at(-1)?.state === 'in-sync');
}

describe('what makes it look again', () => {
  test('at its scheduled time it finds drift and heals it', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme', { description: 'from Git' }) });
    const gateway = bench.console();
    await using daemon = await bench.start();
    await settled(bench);
    const { id = '' } = (await keyNamed(gateway, 'acme')) ?? {};
    await gateway.updateApiKey({ apiKey: id, patchOperations: change('/enabled', 'false') });
    bench.tick(EVERY_TEN);
    await until(async () => (await gateway.getApiKey({ apiKey: id })).enabled);
    await until(() => bench.passes().length === 2);
    expect(bench.passes().map(({ trigger, state }) => [trigger, state])).toEqual([
      ['schedule', 'in-sync'],
      ['schedule', 'in-sync'],
    ]);
    expect(bench.events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['drift.detected', 'drift.resolved']),
    );
    expect(daemon.report()?.targets).toMatchObject([
      { namespace: 'default', nextRunAt: new Date(NEXT_RUN).toISOString().replace('.000', '') },
    ]);
  });

  test('when a file changes, what it says is live soon, and nothing else is read for it', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme'), 'b.yaml': key('birch') });
    const gateway = bench.console();
    await using _ = await bench.start();
    await settled(bench);
    const lists = bench.calls('GetApiKeys');
    await bench.space.replace('a.yaml', key('acme', { enabled: false }));
    await until(() => bench.passes().at(-1)?.trigger === 'change');
    expect(bench.calls('GetApiKeys')).toBe(lists);
    expect((await keyNamed(gateway, 'acme'))?.enabled).toBe(false);
    expect((await keyNamed(gateway, 'birch'))?.enabled).toBe(true);
  });

  test.each(['signal', 'request'] as const)(
    'when somebody asks (%s), everything is read',
    async (trigger) => {
      await using bench = await createBench({ 'a.yaml': key('acme') });
      const gateway = bench.console();
      await using daemon = await bench.start();
      await settled(bench);
      const { id = '' } = (await keyNamed(gateway, 'acme')) ?? {};
      await gateway.updateApiKey({
        apiKey: id,
        patchOperations: change('/description', 'by hand'),
      });
      daemon.request(trigger);
      await until(() => bench.passes().at(-1)?.trigger === trigger);
      expect(await gateway.getApiKey({ apiKey: id })).not.toHaveProperty('description', 'by hand');
    },
  );

  test('what is asked twice in a turn is one reading of the manifests and one pass', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') });
    await using daemon = await bench.start();
    await settled(bench);
    const loads = () => bench.events.filter(({ event }) => event === 'manifests.loaded').length;
    const before = { loads: loads(), passes: bench.passes().length };
    daemon.request('signal');
    bench.tick(EVERY_TEN);
    daemon.request('signal');
    await until(() => bench.passes().length > before.passes);
    await daemon.stop();
    expect(loads()).toBe(before.loads + 1);
    expect(bench.passes().length).toBe(before.passes + 1);
  });
});

describe('a pass gives way', () => {
  /** A queue of limits that lasts for minutes, of which the first change is made. */
  async function queue(bench: Bench) {
    const plans = (rateLimit: number) =>
      stream(...['a', 'b', 'c', 'd'].map((name) => plan(name, rateLimit)));
    await bench.space.replace('plans.yaml', plans(10));
    const daemon = await bench.start({ settings: { operationQuotas: true } });
    await settled(bench);
    await bench.space.replace('plans.yaml', plans(20));
    await until(() => bench.calls('UpdateUsagePlan') === 1 && bench.clock.waiting > 0);
    return daemon;
  }

  test('a revocation is live long before a queue of limits has ended, and the queue goes on after it', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') }, { quotas: 'real' });
    const gateway = bench.console();
    await using _ = await queue(bench);
    const began = bench.clock.now();
    await bench.space.replace('a.yaml', key('acme', { enabled: false }));
    await until(async () => (await keyNamed(gateway, 'acme'))?.enabled === false);
    expect(bench.clock.now() - began, 'nobody has waited for a turn').toBeLessThan(20_000);
    expect(bench.calls('UpdateUsagePlan')).toBe(1);

    bench.clock.hurry();
    await until(async () => (await planNamed(gateway, 'd'))?.throttle?.rateLimit === 20);
    for (const name of ['a', 'b', 'c', 'd'])
      expect((await planNamed(gateway, name))?.throttle?.rateLimit).toBe(20);
    await settled(bench);
    expect(
      bench.events.filter(({ event }) => event === 'step.failed' || event === 'target.failed'),
    ).toEqual([]);
  });

  test('what it had not begun is told as skipped, not as failed', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') }, { quotas: 'real' });
    await using daemon = await queue(bench);
    daemon.request('signal');
    await until(() => bench.passes().some(({ state }) => state === 'drifted'));
    expect(
      bench.events.filter(({ event }) => event === 'step.failed' || event === 'target.failed'),
    ).toEqual([]);
  });

  test('but not to a schedule', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') }, { quotas: 'real' });
    await using _ = await queue(bench);
    const before = bench.passes().length;
    const loads = bench.events.length;
    bench.tick(EVERY_TEN);
    await until(() => bench.events.slice(loads).some(({ event }) => event === 'manifests.loaded'));
    expect(bench.passes().length).toBe(before);
    bench.clock.hurry();
    await until(() => bench.passes().length === before + 2);
    expect(bench.passes().slice(before)).toMatchObject([
      { trigger: 'change', state: 'in-sync', summary: { update: 4 } },
      { trigger: 'schedule', state: 'in-sync', summary: { update: 0 } },
    ]);
  });

  test('a reading goes on while a newer commit arrives, leaves no report, and is not made again', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') });
    await using daemon = await bench.start();
    await settled(bench);
    const before = bench.passes().length;
    const lists = bench.calls('GetApiKeys');
    bench.emulator.inject({
      operation: 'GetApiKeys',
      times: 1,
      fault: { type: 'throttle', retryAfter: 60 },
    });
    bench.tick(EVERY_TEN);
    await until(() => bench.calls('GetApiKeys') > lists && bench.clock.waiting > 0);
    await bench.space.replace('a.yaml', key('acme', { description: 'newer' }));
    await until(
      () => bench.events.filter(({ event }) => event === 'manifests.loaded').length === 3,
    );
    bench.clock.hurry();
    await until(() => bench.passes().length === before + 1);
    expect(bench.passes().slice(before)).toMatchObject([
      { trigger: 'change', state: 'in-sync', summary: { update: 1 } },
    ]);
    expect(bench.calls('GetApiKeys'), 'one that was refused, and one that was not').toBe(lists + 2);
    expect(daemon.report()?.targets[0]?.error).toBeUndefined();
    expect(bench.events.map(({ event }) => event)).not.toContain('target.failed');
  });

  test('a revocation is live while a reading is still under way', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') });
    await using _ = await bench.start();
    await settled(bench);
    const lists = bench.calls('GetUsagePlans');
    bench.emulator.inject({
      operation: 'GetUsagePlans',
      times: 1,
      fault: { type: 'throttle', retryAfter: 60 },
    });
    bench.tick(EVERY_TEN);
    await until(() => bench.calls('GetUsagePlans') > lists && bench.clock.waiting > 0);
    await bench.space.replace('a.yaml', key('acme', { enabled: false }));
    await until(async () => {
      await bench.clock.pass(100);
      return (await keyNamed(bench.console(), 'acme'))?.enabled === false;
    });
    expect(bench.clock.waiting, 'the list still waits').toBeGreaterThan(0);
    bench.clock.hurry();
  });

  test('manifests that change between reading and the first write begin everything anew', async () => {
    await using bench = await createBench({
      '.worktrees/0/a.yaml': key('acme', { description: 'old' }),
    });
    await bench.space.publish('repo', '.worktrees/0');
    await bench.space.replace('.worktrees/1/a.yaml', key('acme', { description: 'new' }));
    const gateway = bench.console();
    let loads = 0;
    await using _ = await bench.start({
      directory: `${bench.space.path}/repo`,
      around: (engine) => ({
        ...engine,
        lastCallAt: 0,
        async load() {
          const tree = await engine.load();
          if (++loads === 1) await bench.space.publish('repo', '.worktrees/1');
          return tree;
        },
      }),
    });
    await settled(bench);
    const { items = [] } = await gateway.getApiKeys({});
    expect(items.map(({ description }) => description)).toEqual(['new']);
    expect(
      bench.emulator.requests.filter(({ operation }) => operation === 'CreateApiKey'),
    ).toHaveLength(1);
  });
});

describe('targets', () => {
  const target = (name: string, account: string, owner: string, spec: object = {}) =>
    yaml('Target', name, {
      region: 'eu-west-2',
      accountId: account,
      roleArn: `arn:aws:iam::${account}:role/apikeeper`,
      owner,
      ...spec,
    });
  const FIRST = '111111111111';
  const SECOND = '222222222222';

  async function two() {
    const bench = await createBench({});
    const first = target('first', FIRST, bench.owner, { schedule: '*/5 * * * *' });
    const second = target('second', SECOND, bench.owner);
    await bench.space.replace('targets.yaml', stream(first, second));
    await bench.space.replace(
      'keys.yaml',
      stream(key('acme', {}, { namespace: 'first' }), key('acme', {}, { namespace: 'second' })),
    );
    return { bench, first, second };
  }

  test('each has its own schedule; --schedule outranks them', async () => {
    const { bench, first } = await two();
    await using _ = bench;
    const daemon = await bench.start();
    await settled(bench, 'first');
    await settled(bench, 'second');
    expect(bench.schedules().sort()).toEqual([EVERY_TEN, '*/5 * * * *']);
    bench.tick('*/5 * * * *');
    await until(() => bench.passes('first').length === 2);
    expect(bench.passes('second')).toHaveLength(1);

    await bench.space.replace(
      'targets.yaml',
      stream(first.replace('*/5', '*/3'), target('second', SECOND, bench.owner)),
    );
    await until(() => bench.schedules().includes('*/3 * * * *'));
    expect(bench.schedules().sort()).toEqual([EVERY_TEN, '*/3 * * * *']);
    await daemon.stop();
    expect(bench.schedules()).toEqual([]);

    await using _other = await bench.start({
      daemon: { schedule: '0 * * * *' },
      settings: { mode: 'observe' },
    });
    expect(bench.schedules()).toEqual(['0 * * * *', '0 * * * *']);
  });

  test('one that cannot be read, or never answers, delays no other', async () => {
    const { bench } = await two();
    await using _ = bench;
    bench.emulator.inject({ account: FIRST, fault: { type: 'hang' } });
    await using daemon = await bench.start();
    await settled(bench, 'second');
    expect((await keyNamed(bench.console(SECOND), 'acme'))?.enabled).toBe(true);
    expect(daemon.report()?.targets.map(({ namespace }) => namespace)).toEqual(['second']);
    expect(daemon.health()).toEqual({
      live: true,
      ready: false,
      reasons: ['no pass has gone through target first yet'],
    });
    bench.emulator.clearFaults();
    // Those that hang would be waited for.
    await bench.emulator.close();
  });

  test('they may appear and vanish; what vanished is left alone, and leaves the report', async () => {
    const { bench, first, second } = await two();
    await using _ = bench;
    await bench.space.replace('targets.yaml', first);
    await bench.space.replace('keys.yaml', key('acme', {}, { namespace: 'first' }));
    await using daemon = await bench.start();
    await settled(bench, 'first');
    await bench.space.replace('targets.yaml', stream(first, second));
    await bench.space.replace('more.yaml', key('acme', {}, { namespace: 'second' }));
    await until(async () => (await keyNamed(bench.console(SECOND), 'acme'))?.enabled);
    await settled(bench, 'second');
    expect(daemon.report()?.targets.map(({ namespace }) => namespace)).toEqual(['first', 'second']);

    await bench.space.replace('keys.yaml', '');
    await bench.space.replace('targets.yaml', second);
    await until(() => daemon.report()?.targets.length === 1);
    expect(bench.schedules()).toEqual([EVERY_TEN]);
    expect((await keyNamed(bench.console(FIRST), 'acme'))?.enabled).toBe(true);
  });

  test('one that vanishes and comes back while a call is under way still has one pass at a time', async () => {
    const { bench, first, second } = await two();
    await using _ = bench;
    const running = { now: 0, most: 0, passes: 0 };
    const counted = async <T>(namespace: string, pass: Promise<T>): Promise<T> => {
      if (namespace !== 'first') return pass;
      running.passes++;
      running.most = Math.max(running.most, ++running.now);
      return pass.finally(() => running.now--);
    };
    bench.emulator.inject({
      operation: 'GetUsagePlans',
      account: FIRST,
      times: 1,
      fault: { type: 'delay', ms: 700 },
    });
    await using daemon = await bench.start({
      around: (engine) => ({
        ...engine,
        lastCallAt: 0,
        reconcileAccount: (tree, targets, request) =>
          counted(
            targets.map(({ namespace }) => namespace).join(' '),
            engine.reconcileAccount(tree, targets, request),
          ),
      }),
    });
    await until(() =>
      bench.emulator.requests.some(
        ({ operation, account }) => operation === 'GetUsagePlans' && account === FIRST,
      ),
    );
    await bench.space.replace('targets.yaml', second);
    await until(() => bench.schedules().length === 1);
    await bench.space.replace('targets.yaml', stream(first, second));
    await settled(bench, 'first');
    expect(running).toEqual({ now: 0, most: 1, passes: 2 });
    expect(daemon.report()?.targets).toHaveLength(2);
  });

  test('a tree without any still has a report, which says what is wrong', async () => {
    await using bench = await createBench({ 'a.yaml': 'kind: [' });
    await using daemon = await bench.start();
    expect(daemon.report()).toMatchObject({
      state: 'failing',
      targets: [],
      problems: [{ file: 'a.yaml' }],
    });
    expect(daemon.state).toBe('failing');
    expect(daemon.health()).toMatchObject({ live: true, ready: false });
    await bench.space.replace('a.yaml', key('acme'));
    await settled(bench);
    expect(daemon.report()).toMatchObject({ state: 'in-sync', problems: [] });
    expect(daemon.health()).toEqual({ live: true, ready: true, reasons: [] });
  });

  test('a namespace that no Target bears is a mistake at the start, and nothing is left running', async () => {
    const { bench } = await two();
    await using _ = bench;
    await expect(bench.start({ settings: { namespaces: ['third'] } })).rejects.toThrow(
      'no Target is named third',
    );
    expect(bench.schedules()).toEqual([]);
    await expect(bench.start({ daemon: { schedule: 'hourly' } })).rejects.toThrow(
      '"hourly" is no schedule',
    );
  });
});

describe('failures', () => {
  async function withKey(): Promise<{
    bench: Bench;
    id: string;
    gateway: ReturnType<Bench['console']>;
  }> {
    const bench = await createBench({ 'a.yaml': key('acme', { description: 'from Git' }) });
    const gateway = bench.console();
    await bench.start();
    await settled(bench);
    const { id = '' } = (await keyNamed(gateway, 'acme')) ?? {};
    return { bench, gateway, id };
  }

  test('that pass are tried again before the next scheduled time', async () => {
    const { bench, gateway, id } = await withKey();
    await using _ = bench;
    await gateway.updateApiKey({ apiKey: id, patchOperations: change('/description', 'by hand') });
    // As often as a call is tried in one pass.
    bench.emulator.inject({
      operation: 'UpdateApiKey',
      times: 8,
      fault: { type: 'error', status: 503, code: 'ServiceUnavailableException', message: 'soon' },
    });
    bench.clock.hurry();
    bench.tick(EVERY_TEN);
    await until(async () => (await gateway.getApiKey({ apiKey: id })).description === 'from Git');
    await settled(bench);
    expect(bench.passes().map(({ state }) => state)).toEqual(['in-sync', 'failing', 'in-sync']);
    expect(bench.events.find(({ event }) => event === 'step.failed')).toMatchObject({
      name: 'acme',
      class: 'transient',
    });
  });

  test('for good wait: another commit does not try them, the next scheduled time does, once', async () => {
    const { bench, gateway, id } = await withKey();
    await using _ = bench;
    await gateway.updateApiKey({ apiKey: id, patchOperations: change('/description', 'by hand') });
    bench.emulator.inject({
      operation: 'UpdateApiKey',
      fault: { type: 'error', status: 403, code: 'AccessDeniedException', message: 'no' },
    });
    const writes = bench.calls('UpdateApiKey');
    bench.clock.hurry();
    bench.tick(EVERY_TEN);
    await until(() => bench.passes().at(-1)?.state === 'failing');
    expect(bench.calls('UpdateApiKey')).toBe(writes + 1);

    await bench.space.replace('b.yaml', key('birch'));
    await until(async () => (await keyNamed(gateway, 'birch'))?.enabled);
    await until(() => bench.passes().length === 3);
    expect(bench.passes().at(-1)?.state, 'it has still failed').toBe('failing');
    expect(bench.calls('UpdateApiKey'), 'and was not tried').toBe(writes + 1);
    expect(bench.events.filter(({ event }) => event === 'step.failed')).toHaveLength(1);

    bench.tick(EVERY_TEN);
    await until(() => bench.passes().length === 4);
    expect(bench.calls('UpdateApiKey')).toBe(writes + 2);

    bench.emulator.clearFaults();
    await bench.space.replace('a.yaml', key('acme', { description: 'newer' }));
    await until(async () => (await gateway.getApiKey({ apiKey: id })).description === 'newer');
  });

  test('for good do not keep a key alive that is to be revoked: that is tried in every pass', async () => {
    const { bench, gateway, id } = await withKey();
    await using _ = bench;
    bench.emulator.inject({
      operation: 'UpdateApiKey',
      // On the reading that was kept, and on the new one.
      times: 2,
      fault: { type: 'error', status: 403, code: 'AccessDeniedException', message: 'no' },
    });
    await bench.space.replace('a.yaml', key('acme', { description: 'from Git', enabled: false }));
    await until(() => bench.passes().at(-1)?.state === 'failing');
    await bench.space.replace('b.yaml', key('birch'));
    await until(async () => (await gateway.getApiKey({ apiKey: id })).enabled === false);
  });

  test('of a whole target are told with their class, and tried again', async () => {
    const { bench } = await withKey();
    await using _ = bench;
    bench.emulator.inject({
      operation: 'GetApiKeys',
      times: 8,
      fault: { type: 'error', status: 500, code: 'InternalFailure', message: 'soon' },
    });
    bench.clock.hurry();
    bench.tick(EVERY_TEN);
    await until(() => bench.passes().length === 3);
    expect(bench.events.find(({ event }) => event === 'target.failed')).toMatchObject({
      namespace: 'default',
      class: 'transient',
    });
    expect(bench.passes().map(({ state }) => state)).toEqual(['in-sync', 'failing', 'in-sync']);
  });
});

describe('a key that somebody suspended', () => {
  test('is left as it is while the tag is on it', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') });
    const gateway = bench.console();
    await using _ = await bench.start();
    await settled(bench);
    const { id = '' } = (await keyNamed(gateway, 'acme')) ?? {};
    const resourceArn = `arn:aws:apigateway:eu-west-2::/apikeys/${id}`;
    await gateway.tagResource({ resourceArn, tags: { 'apikeeper:suspend': 'true' } });
    await gateway.updateApiKey({ apiKey: id, patchOperations: change('/enabled', 'false') });
    bench.tick(EVERY_TEN);
    await until(() => bench.passes().length === 2);
    expect((await gateway.getApiKey({ apiKey: id })).enabled).toBe(false);
    await gateway.untagResource({ resourceArn, tagKeys: ['apikeeper:suspend'] });
    bench.tick(EVERY_TEN);
    await until(async () => (await gateway.getApiKey({ apiKey: id })).enabled);
  });
});

describe('health', () => {
  test('it is no longer ready when three scheduled times have come without a good pass', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') });
    await using daemon = await bench.start();
    await settled(bench);
    expect(daemon.health()).toEqual({ live: true, ready: true, reasons: [] });
    bench.emulator.inject({
      operation: 'GetApiKeys',
      fault: { type: 'error', status: 403, code: 'AccessDeniedException', message: 'no' },
    });
    for (let time = 1; time <= 3; time++) {
      expect(daemon.health().ready).toBe(true);
      bench.tick(EVERY_TEN);
      await until(() => bench.passes().length === 1 + time);
    }
    expect(daemon.health()).toEqual({
      live: true,
      ready: false,
      reasons: ['no pass has gone through target default for 3 of its scheduled times'],
    });
    bench.emulator.clearFaults();
    bench.tick(EVERY_TEN);
    await until(() => daemon.health().ready);
  });

  test('a pass that runs long is alive as long as its calls go on; work that gets nowhere is not', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') });
    await using daemon = await bench.start();
    await settled(bench);
    bench.clock.pass(3_600_000);
    expect(daemon.health().live, 'nothing is to be done').toBe(true);
    bench.emulator.inject({
      operation: 'GetApiKeys',
      times: 2,
      fault: { type: 'throttle', retryAfter: 60 },
    });
    bench.tick(EVERY_TEN);
    await until(() => bench.clock.waiting > 0);
    expect(daemon.health().live).toBe(true);
    bench.clock.pass(2 * 60_000);
    expect(daemon.health().live, 'a 429 may ask for a minute').toBe(true);
    bench.clock.pass(9 * 60_000);
    expect(daemon.health()).toMatchObject({
      live: false,
      reasons: ['nothing has come of the work under way for 11 minutes'],
    });
    bench.clock.hurry();
    await until(() => bench.passes().at(-1)?.state === 'in-sync' && bench.passes().length > 1);
    expect(daemon.health().live).toBe(true);
    const told = bench.events.filter(({ event }) => /stuck|resumed/.test(event));
    expect(told.map(({ event }) => event)).toEqual(['controller.stuck', 'controller.resumed']);
  });
});

describe('stopping', () => {
  test('finishes the call in flight, begins none, and leaves a report of what was not done', async () => {
    await using bench = await createBench({
      'a.yaml': stream(...['a', 'b', 'c'].map((name) => key(name))),
    });
    const daemon = await bench.start();
    await settled(bench);
    await bench.space.replace(
      'a.yaml',
      stream(...['a', 'b', 'c'].map((name) => key(name, { description: 'new' }))),
    );
    bench.emulator.inject({ operation: 'UpdateApiKey', fault: { type: 'delay', ms: 300 } });
    const writes = bench.calls('UpdateApiKey');
    await until(() => bench.calls('UpdateApiKey') > writes);
    await Promise.all([daemon.stop(), daemon.stop()]);
    expect(bench.calls('UpdateApiKey')).toBe(writes + 1);
    const { items = [] } = await bench.console().getApiKeys({});
    expect(
      items.filter(({ description }) => description === 'new'),
      'the call in flight was carried out',
    ).toHaveLength(1);
    const objects = daemon.report()?.targets[0]?.objects ?? [];
    expect(objects.map(({ outcome }) => outcome).sort()).toEqual(['skipped', 'skipped', 'updated']);
    expect(objects.find(({ outcome }) => outcome === 'skipped')).toMatchObject({
      reason: 'superseded',
      message: 'apikeeper stopped before its turn',
    });
    expect(bench.events.at(-1)?.event).toBe('controller.stopped');
    daemon.request('signal');
    await bench.space.replace('a.yaml', key('a', { description: 'later' }));
    expect(bench.events.filter(({ event }) => event === 'controller.stopped')).toHaveLength(1);
  });

  test('what it told at its start', async () => {
    await using bench = await createBench({ 'a.yaml': key('acme') });
    await using _ = await bench.start();
    expect(bench.events.find(({ event }) => event === 'controller.started')).toEqual({
      event: 'controller.started',
      version: '0.0.0',
      directory: bench.space.path,
      targets: ['default'],
      schedule: EVERY_TEN,
      mode: 'enforce',
    });
  });
});

test('a process in which it ran ends by itself', async () => {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('daemon-process.ts', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout.trim().split('\n').at(-1)).toBe('controller.stopped');
});
