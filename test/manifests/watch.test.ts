import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { watch } from '../../src/manifests/watch.ts';
import { createWorkspace } from './workspace.ts';

const SWAPS = 10;
/** Longer than any test: where it isn't given, only events can have told. */
const NEVER_POLL = { pollMs: 3_600_000 };

async function record(path: string, options = NEVER_POLL) {
  const seen: string[] = [];
  const watching = await watch(path, (changed) => seen.push(changed), options);
  return {
    /** Resolves when something was noticed after `act`. */
    async notices(act: () => Promise<void>) {
      const before = seen.length;
      await act();
      await vi.waitFor(() => expect(seen.length).toBeGreaterThan(before), {
        timeout: 10_000,
        interval: 5,
      });
    },
    /** Resolves when edits of this file are noticed: only then is it certain that what a swap led to is watched. */
    async sees(file: string) {
      await vi.waitFor(
        async () => {
          await writeFile(file, `a: ${Math.random()}\n`);
          expect(seen).toContain(file);
        },
        { timeout: 10_000, interval: 5 },
      );
    },
    seen,
    [Symbol.asyncDispose]: () => watching[Symbol.asyncDispose](),
  };
}

describe('git-sync', () => {
  for (const [what, keepsOld] of [
    ['kept', true],
    ['deleted', false],
  ] as const) {
    test(`every swap of the link is noticed, old worktree ${what}`, async () => {
      await using space = await createWorkspace({ '.worktrees/0/manifests/a.yaml': 'a: 0\n' });
      await space.publish('repo', '.worktrees/0');
      await using changes = await record(join(space.path, 'repo/manifests'));
      for (let swap = 1; swap <= SWAPS; swap++) {
        await changes.notices(async () => {
          await space.write(`.worktrees/${swap}/manifests/a.yaml`, `a: ${swap}\n`);
          await space.publish('repo', `.worktrees/${swap}`);
          if (!keepsOld) await rm(join(space.path, `.worktrees/${swap - 1}`), { recursive: true });
        });
        await changes.sees(join(space.path, `.worktrees/${swap}/manifests/a.yaml`));
      }
    });
  }
});

describe('ConfigMap', () => {
  for (const [what, keepsOld] of [
    ['kept', true],
    ['deleted', false],
  ] as const) {
    test(`every swap of ..data is noticed, old content ${what}`, async () => {
      await using space = await createWorkspace({ '..0/a.yaml': 'a: 0\n' });
      await space.publish('..data', '..0');
      await space.publish('a.yaml', '..data/a.yaml');
      await using changes = await record(space.path);
      for (let swap = 1; swap <= SWAPS; swap++) {
        await changes.notices(async () => {
          await space.write(`..${swap}/a.yaml`, `a: ${swap}\n`);
          await space.publish('..data', `..${swap}`);
          if (!keepsOld) await rm(join(space.path, `..${swap - 1}`), { recursive: true });
        });
        await changes.sees(join(space.path, `probe-${swap}.yaml`));
      }
    });
  }
});

describe('a plain directory', () => {
  test('a file that is edited, added, renamed over or removed is noticed, at any depth', async () => {
    await using space = await createWorkspace({ 'a.yaml': 'a: 1\n', 'deep/er/b.yaml': 'b: 1\n' });
    await using changes = await record(space.path);
    await changes.notices(() => space.write('a.yaml', 'a: 2\n'));
    await changes.notices(() => space.write('deep/er/b.yaml', 'b: 2\n'));
    await changes.notices(() => space.write('new/c.yaml', 'c: 1\n'));
    await changes.notices(() => rm(join(space.path, 'a.yaml')));
    await changes.notices(() => space.write('.apikeeperignore', 'new/\n'));
  });

  test('what load does not read is not reported', async () => {
    await using space = await createWorkspace({ 'a.yaml': 'a: 1\n', '.git/index': '1' });
    await using changes = await record(space.path);
    await space.write('.git/index', '2');
    await changes.notices(() => space.write('a.yaml', 'a: 2\n'));
    expect(changes.seen.filter((path) => path.includes('.git'))).toEqual([]);
  });

  test('a directory that appears later is noticed, and watched from then on', async () => {
    await using space = await createWorkspace();
    const path = join(space.path, 'not/yet');
    await using changes = await record(path);
    await changes.notices(async () => {
      await mkdir(path, { recursive: true });
    });
    await changes.sees(join(path, 'a.yaml'));
  });

  test('a directory that is removed and made again is watched again', async () => {
    await using space = await createWorkspace({ 'm/a.yaml': 'a: 1\n' });
    await using changes = await record(join(space.path, 'm'));
    await changes.notices(() => rm(join(space.path, 'm'), { recursive: true }));
    await changes.notices(() => space.write('m/a.yaml', 'a: 2\n'));
    await changes.sees(join(space.path, 'm/later.yaml'));
  });
});

test('where no watcher tells, the poll notices a swap', async () => {
  await using space = await createWorkspace({ '1/a.yaml': 'a: 1\n', '2/a.yaml': 'a: 2\n' });
  await space.publish('link', '1');
  await using changes = await record(join(space.path, 'link'), { pollMs: 5 });
  await changes.notices(() => space.publish('link', '2'));
  await changes.sees(join(space.path, '2/a.yaml'));
});

test('nothing is reported once it is disposed of', async () => {
  await using space = await createWorkspace({ 'a.yaml': 'a: 1\n' });
  const changes = await record(space.path);
  await changes[Symbol.asyncDispose]();
  const before = changes.seen.length;
  await using other = await record(space.path);
  await other.notices(() => space.write('a.yaml', 'a: 2\n'));
  expect(changes.seen.length).toBe(before);
});
