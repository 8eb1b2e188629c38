/** The lock of a pass: who writes, who waits, and who is told (docs/contract.md#daemon). */
import { chownSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/core/model/report.ts';
import { takeLock, writerName } from '../../src/engine/lock/lock.ts';
import { createWorkspace, yaml } from '../manifests/workspace.ts';
import { type Bench, createBench, keyNamed, passRequest, until } from './bench.ts';
import { holder } from './lock-process.ts';

const files = { 'a.yaml': yaml('ApiKey', 'acme', { enabled: true }) };
const revoked = { 'a.yaml': yaml('ApiKey', 'acme', { enabled: false }) };

const nameOf = ({ owner, emulator }: Bench) =>
  writerName(owner, { accountId: '123456789012', region: 'eu-west-2', endpoint: emulator.url });

describe('an open question of apply', () => {
  test('holds no lock: the daemon revokes meanwhile', async () => {
    await using bench = await createBench(files);
    await bench.apply();
    await bench.space.write('b.yaml', yaml('ApiKey', 'beta', { enabled: true }));
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<boolean>();
    const applying = bench.engine().reconcile({
      ...passRequest('command'),
      confirm: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    await asked.promise;
    for (const [file, text] of Object.entries(revoked)) await bench.space.write(file, text);
    await using _daemon = await bench.start();
    await until(async () => (await keyNamed(bench.console(), 'acme'))?.enabled === false);
    answer.resolve(false);
    await applying;
  });
});

describe('what apply writes', () => {
  const updates = (report: Report) =>
    report.targets.flatMap(({ objects }) =>
      objects.flatMap(({ name, changes }) => changes.map(({ path }) => `${name} ${path}`).sort()),
    );

  test('is what was agreed to: a plan that changed under the question is shown again', async () => {
    await using bench = await createBench(files);
    await bench.apply();
    await bench.space.write('a.yaml', yaml('ApiKey', 'acme', { enabled: true, description: 'a' }));
    const shown: string[][] = [];
    const report = await bench.engine().reconcile({
      ...passRequest('command'),
      async confirm(plan) {
        shown.push(updates(plan));
        if (shown.length > 1) return false;
        const gateway = bench.console();
        const { id } = (await keyNamed(gateway, 'acme')) ?? {};
        const patchOperations = [{ op: 'replace', path: '/enabled', value: 'false' }] as const;
        await gateway.updateApiKey({ apiKey: id, patchOperations: [...patchOperations] });
        return true;
      },
    });
    expect(shown).toEqual([
      ['acme /spec/description'],
      ['acme /spec/description', 'acme /spec/enabled'],
    ]);
    expect(report.targets[0]?.objects.map(({ outcome }) => outcome)).toEqual([undefined]);
    const key = await keyNamed(bench.console(), 'acme');
    expect([key?.enabled, key?.description]).toEqual([false, undefined]);
  });

  test('is written without a second question where the plan stayed the same', async () => {
    await using bench = await createBench(files);
    let asked = 0;
    const report = await bench.engine().reconcile({
      ...passRequest('command'),
      confirm: async () => {
        asked += 1;
        return true;
      },
    });
    expect(asked).toBe(1);
    expect(report.state).toBe('in-sync');
    expect((await keyNamed(bench.console(), 'acme'))?.enabled).toBe(true);
  });

  test('nothing needs no lock; something is refused while a daemon runs', async () => {
    await using bench = await createBench(files);
    await using daemon = await bench.start();
    await until(() => daemon.state === 'in-sync');
    const confirming = { ...passRequest('command'), confirm: async () => true };
    expect((await bench.engine().reconcile(confirming)).state).toBe('in-sync');

    await using space = await createWorkspace({ 'a.yaml': yaml('ApiKey', 'acme', {}) });
    await space.write('b.yaml', yaml('ApiKey', 'beta', {}));
    const settings = { directory: space.path };
    const report = await bench.engine({ settings }).reconcile(confirming);
    expect(report.targets).toMatchObject([
      {
        state: 'skipped',
        error: expect.stringContaining(`process ${process.pid} on this host already writes`),
        lockedBy: { pid: process.pid, trusted: true },
      },
    ]);
    expect(await keyNamed(bench.console(), 'beta')).toBeUndefined();
  });
});

describe('a lock that is lost', () => {
  const keys = Object.fromEntries(
    ['acme', 'beta', 'gamma'].map((name) => [`${name}.yaml`, yaml('ApiKey', name, {})]),
  );

  test('is taken anew before the next write, and everything is read again', async () => {
    await using bench = await createBench(keys);
    await using space = await createWorkspace();
    let lists = 0;
    const report = await bench
      .engine({
        settings: { lockDirectory: space.path },
        onCall(operation) {
          if (operation === 'GetApiKeys') lists += 1;
          if (operation !== 'CreateApiKey' || bench.calls('CreateApiKey') > 1) return;
          lists = 0;
          for (const claim of readdirSync(space.path)) rmSync(join(space.path, claim));
        },
      })
      .reconcile(passRequest('once'));
    expect(report.state).toBe('in-sync');
    expect(lists).toBeGreaterThan(0);
    expect(bench.calls('CreateApiKey')).toBe(3);
    expect(bench.events.filter(({ event }) => event === 'lock.lost')).toHaveLength(1);
  });
});

describe('two writers', () => {
  test('the second writes nothing, says why, and goes on when the first is killed', async () => {
    await using bench = await createBench(files);
    await using child = await holder(nameOf(bench));
    await using daemon = await bench.start();
    await until(() => daemon.state === 'skipped');
    expect(daemon.report()?.targets[0]?.error).toContain(
      `process ${child.pid} on this host already writes to this owner, account and region`,
    );
    expect(bench.events.some(({ event }) => event === 'target.skipped')).toBe(true);
    expect(bench.calls('CreateApiKey')).toBe(0);
    await child[Symbol.asyncDispose]();
    bench.clock.hurry();
    await until(async () => (await keyNamed(bench.console(), 'acme'))?.enabled);
    await until(() => daemon.state === 'in-sync');
  });

  test('a process that only observes needs no lock', async () => {
    await using bench = await createBench(files);
    await using _child = await holder(nameOf(bench));
    await using daemon = await bench.start({ settings: { mode: 'observe' } });
    await until(() => daemon.state === 'drifted');
  });

  test('a daemon that has ended leaves the lock to the next', async () => {
    await using bench = await createBench(files);
    {
      await using ended = await createBench(files);
      await ended.start({ settings: { owner: bench.owner } });
      await until(() => ended.passes().at(-1)?.state === 'in-sync');
    }
    await using daemon = await bench.start();
    await until(() => daemon.state === 'in-sync');
  });

  // Only root may give a file to another user.
  test.skipIf(process.getuid?.() !== 0)(
    "another user's claim is told at error, with the user",
    async () => {
      await using bench = await createBench(files);
      await using space = await createWorkspace();
      const options = { directory: space.path, version: '0.0.0', emit: () => {} };
      await using lock = await takeLock(nameOf(bench), options);
      chownSync(lock.path ?? '', 54_321, 54_321);
      const engine = bench.engine({ settings: { lockDirectory: space.path } });
      const report = await engine.reconcile(passRequest('once'));
      expect(report.targets).toMatchObject([
        { state: 'skipped', lockedBy: { user: '54321', trusted: false } },
      ]);
      expect(bench.events).toContainEqual(
        expect.objectContaining({
          event: 'lock.foreign',
          uid: 54_321,
          error: expect.stringContaining('of user 54321'),
        }),
      );
    },
  );
});

describe('a Target whose lock is taken', () => {
  test('is skipped by run --once, and never said to be in sync', async () => {
    await using bench = await createBench(files);
    await bench.apply();
    await using daemon = await bench.start();
    await bench.space.write('a.yaml', yaml('ApiKey', 'acme', { description: 'changed' }));
    await until(() => daemon.state === 'in-sync' && bench.passes().length > 1);
    const report = await bench.engine().reconcile(passRequest('once'));
    expect(report).toMatchObject({ state: 'skipped', targets: [{ state: 'skipped' }] });
    expect(report.targets[0]?.error).toContain('already writes to this owner, account and region');
  });
});
