import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LockTaken, takeLock, writerName } from '../../src/engine/state/lock.ts';
import { createWorkspace, yaml } from '../manifests/workspace.ts';
import { type Bench, createBench, keyNamed, until } from './bench.ts';

const HOLDER = fileURLToPath(new URL('lock-holder.ts', import.meta.url));
const NAME = 'apikeeper 123456789012 eu-west-2';
const FILE = 'apikeeper_123456789012_eu-west-2.lock';

interface Holder extends AsyncDisposable {
  readonly pid: number | undefined;
}

/** Another process, which has the lock when this resolves, and is killed when it is disposed of. */
async function holder(name: string, directory?: string): Promise<Holder> {
  const child = spawn(
    process.execPath,
    [HOLDER, name, ...(directory === undefined ? [] : [directory])],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

describe('the lock', () => {
  test('has one holder, and goes with it', async () => {
    await using space = await createWorkspace();
    const lock = await takeLock(NAME, space.path);
    await expect(takeLock(NAME, space.path)).rejects.toThrow(LockTaken);
    await using _other = await takeLock('apikeeper 123456789012 us-east-1', space.path);
    await lock?.[Symbol.asyncDispose]();
    await using _again = await takeLock(NAME, space.path);
    expect(await readdir(space.path)).toHaveLength(2);
  });

  test('of a process that lives is left to it, and its number is told', async () => {
    await using space = await createWorkspace();
    await using child = await holder(NAME, space.path);
    await expect(takeLock(NAME, space.path)).rejects.toThrow(
      `process ${child.pid} on this host already writes`,
    );
  });

  test('of a process that was killed is taken over, and nothing of it stays behind', async () => {
    await using space = await createWorkspace();
    await (await holder(NAME, space.path))[Symbol.asyncDispose]();
    await using lock = await takeLock(NAME, space.path);
    expect(await readdir(space.path)).toEqual([basename(lock?.path ?? '')]);
  });

  test('never has two holders, however many want it, and at whatever moment the one before was killed', async () => {
    await using space = await createWorkspace();
    for (let round = 0; round < 10; round++) {
      if (round % 5 === 0) await (await holder(NAME, space.path))[Symbol.asyncDispose]();
      const taking = Array.from({ length: 5 }, () => takeLock(NAME, space.path));
      const taken = (await Promise.allSettled(taking)).flatMap((one) =>
        one.status === 'fulfilled' ? one.value : [],
      );
      expect(taken.length).toBeLessThanOrEqual(1);
      for (const lock of taken) await lock?.[Symbol.asyncDispose]();
    }
  });

  test('is not kept by a process that only has the number of the one that had it', async () => {
    await using space = await createWorkspace();
    await space.write(`${FILE}.${process.ppid}-1-${randomUUID()}`, '');
    await using lock = await takeLock(NAME, space.path);
    expect(await readdir(space.path)).toEqual([basename(lock?.path ?? '')]);
  });
});

describe('two writers', () => {
  const files = { 'a.yaml': yaml('ApiKey', 'acme', { enabled: true }) };
  const nameOf = ({ owner, emulator }: Bench) =>
    writerName(owner, { accountId: '123456789012', region: 'eu-west-2', endpoint: emulator.url });

  test('the second writes nothing, says why, and goes on when the first is killed', async () => {
    await using bench = await createBench(files);
    await using child = await holder(nameOf(bench));
    await using daemon = await bench.start();
    await until(() => daemon.state === 'failing');
    expect(daemon.report()?.targets[0]?.error).toContain(
      `process ${child.pid} on this host already writes to this owner, account and region`,
    );
    expect(bench.calls('CreateApiKey')).toBe(0);
    await child[Symbol.asyncDispose]();
    bench.clock.hurry();
    await until(async () => (await keyNamed(bench.console(), 'acme'))?.enabled);
    await until(() => daemon.state === 'in-sync');
  });

  test('who only observes needs no lock', async () => {
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
});
