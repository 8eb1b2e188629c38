import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LockLimits, LockLost, LockTaken, takeLock } from '../../src/engine/lock/lock.ts';
import { createWorkspace } from '../manifests/workspace.ts';
import { holder } from './lock-process.ts';

const NAME = 'apikeeper 123456789012 eu-west-2';
const OLD_FILE = 'apikeeper_123456789012_eu-west-2.lock';

interface Told {
  readonly event: string;
  readonly message?: unknown;
}

/** `take` takes the lock in a directory of its own; `told` are the events. */
async function createPlace(limits: Partial<LockLimits> = {}) {
  const space = await createWorkspace();
  const directory = join(space.path, 'lock');
  const told: Told[] = [];
  return {
    directory,
    told,
    take: (name = NAME, where = directory) =>
      takeLock(name, {
        directory: where,
        version: '0.0.0',
        limits,
        emit: (event, { message }) => void told.push({ event, message }),
      }),
    claims: () => readdir(directory),
    [Symbol.asyncDispose]: () => space[Symbol.asyncDispose](),
  };
}

/** A socket in the place of a claim, which does with each connection what the test says. */
async function forged(path: string, onConnection: (socket: Socket) => void) {
  const server = createServer(onConnection);
  server.listen(path);
  await once(server, 'listening');
  return { [Symbol.asyncDispose]: async () => void server.close() };
}

/** Where a claim to the lock would lie. */
async function claimPath(place: Awaited<ReturnType<typeof createPlace>>): Promise<string> {
  await using lock = await place.take();
  const prefix = basename(lock.path ?? '').split('-')[0];
  return join(place.directory, `${prefix}-0000000000000000`);
}

describe('the lock', () => {
  test('has one holder, and goes with it', async () => {
    await using place = await createPlace();
    const lock = await place.take();
    await expect(place.take()).rejects.toThrow(LockTaken);
    await using _other = await place.take('apikeeper 123456789012 us-east-1');
    await lock[Symbol.asyncDispose]();
    await using _again = await place.take();
    expect(await place.claims()).toHaveLength(2);
    expect(place.told).toEqual([]);
  });

  test('of a process that lives is left to it, and its number is told', async () => {
    await using place = await createPlace();
    await using child = await holder(NAME, place.directory);
    await expect(place.take()).rejects.toThrow(
      `process ${child.pid} on this host already writes to this owner, account and region`,
    );
    expect(await child.ask()).toBe('held');
  });

  test('of a process that was killed is taken over at once, and nothing of it stays behind', async () => {
    await using place = await createPlace();
    await (await holder(NAME, place.directory))[Symbol.asyncDispose]();
    await using lock = await place.take();
    expect(await place.claims()).toEqual([basename(lock.path ?? '')]);
    expect(place.told).toEqual([]);
  });

  test('has exactly one holder, however many want it, and at whatever moment the one before was killed', async () => {
    await using place = await createPlace();
    for (let round = 0; round < 10; round++) {
      if (round % 5 === 0) await (await holder(NAME, place.directory))[Symbol.asyncDispose]();
      const taking = Array.from({ length: 5 }, () => place.take());
      const taken = (await Promise.allSettled(taking)).flatMap((one) =>
        one.status === 'fulfilled' ? one.value : [],
      );
      expect(taken).toHaveLength(1);
      for (const lock of taken) await lock[Symbol.asyncDispose]();
    }
  });

  test('lies in a directory for all users, whose claims nobody else may remove, and which all may ask', async () => {
    await using place = await createPlace();
    await using lock = await place.take();
    expect((await lstat(place.directory)).mode & 0o7777).toBe(0o1777);
    expect((await lstat(lock.path ?? '')).mode & 0o666).toBe(0o666);
  });
});

describe('a process that stands still', () => {
  const LIMITS = { answerMs: 900, standstillMs: 450 };

  test('counts as dead, is told, and writes nothing beside its successor when it wakes up', async () => {
    await using place = await createPlace(LIMITS);
    await using child = await holder(NAME, place.directory, LIMITS.standstillMs);
    child.kill('SIGSTOP');
    await using lock = await place.take();
    expect(place.told).toMatchObject([
      { event: 'lock.ignored', message: expect.stringContaining('counts as dead') },
    ]);
    child.kill('SIGCONT');
    expect(await child.ask()).toMatch(/LockLost: .* stood still for \d+ s/);
    lock.assertHeld();
    expect(await place.claims()).toEqual([basename(lock.path ?? '')]);
  });

  test('for a moment keeps its lock', async () => {
    await using place = await createPlace({ answerMs: 20_000 });
    await using child = await holder(NAME, place.directory);
    child.kill('SIGSTOP');
    const taking = expect(place.take()).rejects.toThrow(LockTaken);
    child.kill('SIGCONT');
    await taking;
    expect(await child.ask()).toBe('held');
  });
});

describe('what lies where a claim would', () => {
  test('a file or a directory is told, and stops nobody', async () => {
    await using place = await createPlace();
    await mkdir(await claimPath(place));
    await using lock = await place.take();
    lock.assertHeld();
    expect(place.told).toMatchObject([
      { event: 'lock.ignored', message: expect.stringContaining('no socket') },
    ]);
  });

  test.each([
    ['nothing at all', (_: Socket) => {}, 'has not answered'],
    ['an empty line', (socket: Socket) => void socket.end('\n'), 'none of apikeeper'],
    ['a half line', (socket: Socket) => void socket.end('{"pid":1'), 'none of apikeeper'],
    [
      'a name with an escape',
      (socket: Socket) =>
        void socket.end(
          `${JSON.stringify({ pid: 1, host: 'a', user: '\u001b[31m', version: '1', started: 'now', held: true })}\n`,
        ),
      'none of apikeeper',
    ],
    [
      'bytes without an end',
      (socket: Socket) => {
        socket.on('error', () => {});
        for (let sent = 0; sent < 100; sent++) socket.write('x'.repeat(10_000));
      },
      'none of apikeeper',
    ],
  ])('a socket that answers %s is told, and stops nobody', async (_, answer, why) => {
    await using place = await createPlace({ answerMs: 450 });
    await using _forged = await forged(await claimPath(place), answer);
    await using lock = await place.take();
    lock.assertHeld();
    expect(place.told).toMatchObject([
      { event: 'lock.ignored', message: expect.stringContaining(why) },
    ]);
  });

  test.each([
    ['before ours', '0000000000000000'],
    ['behind ours', 'ffffffffffffffff'],
  ])(
    'a claim that only ever asks, and sorts %s, counts as the holder in the end',
    async (_, id) => {
      await using place = await createPlace();
      const speaker = { pid: 7, host: 'a', user: 'b', version: '1', started: 'now', held: false };
      const path = (await claimPath(place)).replace(/0+$/, id);
      await using _forged = await forged(
        path,
        (socket) => void socket.end(`${JSON.stringify(speaker)}\n`),
      );
      await expect(place.take()).rejects.toThrow('process 7');
    },
  );

  test('our own claim, when it is removed, ends the lock before the next write', async () => {
    await using place = await createPlace();
    await using lock = await place.take();
    await rm(lock.path ?? '');
    expect(() => lock.assertHeld()).toThrow(LockLost);
    expect(lock.lost.aborted).toBe(true);
  });
});

describe('where no socket can be made, nothing is locked, and that is told', () => {
  const untold = { event: 'lock.weak', message: expect.stringContaining('--lock-dir') };

  test('a file in the place of the directory', async () => {
    await using place = await createPlace();
    await using space = await createWorkspace({ lock: '' });
    await using lock = await place.take(NAME, join(space.path, 'lock'));
    lock.assertHeld();
    expect(lock.path).toBeUndefined();
    expect(place.told).toMatchObject([untold]);
  });

  test('a link in the place of the directory', async () => {
    await using place = await createPlace();
    await using space = await createWorkspace();
    await symlink('/', join(space.path, 'lock'));
    expect((await place.take(NAME, join(space.path, 'lock'))).path).toBeUndefined();
    expect(place.told).toMatchObject([untold]);
  });

  test('a path that is longer than a socket may have', async () => {
    await using place = await createPlace();
    const long = join(place.directory, 'x'.repeat(100));
    expect((await place.take(NAME, long)).path).toBeUndefined();
    expect(place.told).toMatchObject([untold]);
  });

  test('a directory from which others may remove claims is told, and used', async () => {
    await using place = await createPlace();
    await mkdir(place.directory);
    await chmod(place.directory, 0o777);
    await using lock = await place.take();
    expect(lock.path).toBeDefined();
    expect(place.told).toMatchObject([untold]);
  });
});

describe('a lock file of 0.1.0', () => {
  test('of a process that runs is honoured', async () => {
    await using place = await createPlace();
    await mkdir(place.directory);
    const stat = await readFile(`/proc/${process.ppid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const file = `${OLD_FILE}.${process.ppid}-${started}-${randomUUID()}`;
    await using space = await createWorkspace({ [`lock/${file}`]: '' });
    await expect(place.take(NAME, join(space.path, 'lock'))).rejects.toThrow(
      `process ${process.ppid} on this host already writes`,
    );
  });

  test('of a process that is gone, or only has its number, is ignored and left alone', async () => {
    await using place = await createPlace();
    const files = [`${process.ppid}-1`, '999999999-5'].map(
      (claim) => `lock/${OLD_FILE}.${claim}-${randomUUID()}`,
    );
    await using space = await createWorkspace(Object.fromEntries(files.map((one) => [one, ''])));
    await using lock = await place.take(NAME, join(space.path, 'lock'));
    lock.assertHeld();
    expect(await readdir(join(space.path, 'lock'))).toHaveLength(3);
  });
});
