import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LockTaken, takeLock } from '../../src/engine/lock.ts';
import { createWorkspace, yaml } from '../manifests/workspace.ts';
import { createBench, keyNamed, until } from './bench.ts';

const HOLDER = fileURLToPath(new URL('lock-holder.ts', import.meta.url));
const NAME = 'apikeeper 123456789012 eu-west-2';

/** Another process, which has the lock when this resolves. */
async function holder(name: string, directory?: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [HOLDER, name, ...(directory === undefined ? [] : [directory])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new Error('the process has no output');
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
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
    const child = await holder(NAME, space.path);
    await expect(takeLock(NAME, space.path)).rejects.toThrow(`process ${child.pid} on this host already writes`);
    await kill(child);
  });

  test('of a process that was killed is taken over, by one of those who want it', async () => {
    await using space = await createWorkspace();
    await kill(await holder(NAME, space.path));
    expect(await readdir(space.path)).toHaveLength(1);
    const takers = await Promise.allSettled([takeLock(NAME, space.path), takeLock(NAME, space.path), takeLock(NAME, space.path)]);
    expect(takers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(space.path)).toHaveLength(1);
  });

  test.each([
    ['another process has got the number since', JSON.stringify({ pid: process.ppid, started: '1' })],
    ['it was cut off while it was written', '{"pid": 1'],
    ['it holds something else', '[]'],
  ])('is taken over where %s', async (_reason, content) => {
    await using space = await createWorkspace({ [`${NAME.replaceAll(' ', '_')}.lock`]: content });
    await using lock = await takeLock(NAME, space.path);
    expect(JSON.parse(await readFile(lock?.path ?? '', 'utf8')).pid).toBe(process.pid);
  });

  test('that somebody else has taken meanwhile is not removed', async () => {
    await using space = await createWorkspace();
    const lock = await takeLock(NAME, space.path);
    const path = join(space.path, 'apikeeper_123456789012_eu-west-2.lock');
    await writeFile(path, JSON.stringify({ pid: process.ppid, started: 'then' }));
    await lock?.[Symbol.asyncDispose]();
    expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(process.ppid);
  });
});

describe('two writers', () => {
  const files = { 'a.yaml': yaml('ApiKey', 'acme', { enabled: true }) };

  test('the second writes nothing, says why, and goes on when the first is killed', async () => {
    await using bench = await createBench(files);
    const child = await holder(`${bench.owner} 123456789012 eu-west-2`);
    await using daemon = await bench.start();
    await until(() => daemon.state === 'failing');
    expect(daemon.report()?.targets[0]?.error).toContain(
      `process ${child.pid} on this host already writes to this owner, account and region`,
    );
    expect(bench.calls('CreateApiKey')).toBe(0);
    await kill(child);
    bench.clock.hurry();
    await until(async () => (await keyNamed(bench.hand(), 'acme'))?.enabled);
    await until(() => daemon.state === 'in-sync');
  });

  test('who only observes needs no lock', async () => {
    await using bench = await createBench(files);
    const child = await holder(`${bench.owner} 123456789012 eu-west-2`);
    await using daemon = await bench.start({ settings: { mode: 'observe' } });
    await until(() => daemon.state === 'drifted');
    await kill(child);
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
