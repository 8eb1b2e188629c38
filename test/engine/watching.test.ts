import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { yaml } from '../manifests/workspace.ts';
import { type Bench, createBench, keyNamed, until } from './bench.ts';

const SHA = (commit: number) => `${commit}`.repeat(40);
const acme = (spec: object) => yaml('ApiKey', 'acme', { enabled: true, ...spec });

async function isLive(bench: Bench, description: string): Promise<boolean> {
  return (await keyNamed(bench.console(), 'acme'))?.description === description;
}

test('what git-sync publishes is live, each commit with its name, also when the old worktree goes at once', async () => {
  await using bench = await createBench({
    [`.worktrees/${SHA(0)}/manifests/a.yaml`]: acme({ description: 'commit 0' }),
  });
  await bench.space.publish('repo', `.worktrees/${SHA(0)}`);
  await using daemon = await bench.start({ directory: join(bench.space.path, 'repo/manifests') });
  await until(() => isLive(bench, 'commit 0'));
  for (const commit of [1, 2, 3]) {
    await bench.space.write(
      `.worktrees/${SHA(commit)}/manifests/a.yaml`,
      acme({ description: `commit ${commit}` }),
    );
    await bench.space.publish('repo', `.worktrees/${SHA(commit)}`);
    await rm(join(bench.space.path, `.worktrees/${SHA(commit - 1)}`), { recursive: true });
    await until(() => isLive(bench, `commit ${commit}`));
    await until(() => daemon.report()?.revision === SHA(commit) && daemon.state === 'in-sync');
  }
  expect(bench.calls('CreateApiKey')).toBe(1);
  expect(
    bench.events.filter(({ event }) => event === 'manifest.invalid' || event === 'target.failed'),
  ).toEqual([]);
});

test('what the kubelet swaps into a mounted ConfigMap is live', async () => {
  await using bench = await createBench({ '..0/a.yaml': acme({ description: 'version 0' }) });
  const mount = bench.space.path;
  await bench.space.publish('..data', '..0');
  await symlink('..data/a.yaml', join(mount, 'a.yaml'));
  await using daemon = await bench.start();
  await until(() => isLive(bench, 'version 0'));
  for (const version of [1, 2, 3]) {
    await bench.space.write(`..${version}/a.yaml`, acme({ description: `version ${version}` }));
    await bench.space.publish('..data', `..${version}`);
    await rm(join(mount, `..${version - 1}`), { recursive: true });
    await until(() => isLive(bench, `version ${version}`));
  }
  expect(bench.calls('CreateApiKey')).toBe(1);
  await until(() => daemon.state === 'in-sync');
});

test('files are written one after the other, and read when the last is written', async () => {
  await using bench = await createBench({ 'a.yaml': acme({}) });
  await using _ = await bench.start({ daemon: { quietPeriodMs: 90 } });
  await until(() => bench.passes().length === 1);
  for (let file = 0; file < 20; file++)
    await bench.space.write(`more/${file}.yaml`, yaml('ApiKey', `key-${file}`));
  await until(async () => (await bench.console().getApiKeys({ limit: 500 })).items?.length === 21);
  await until(() => bench.passes().at(-1)?.state === 'in-sync');
  expect(bench.passes().length).toBeLessThan(10);
});

test('a directory that is not there yet is waited for, and nothing is touched until it is', async () => {
  await using bench = await createBench({});
  const directory = join(bench.space.path, 'later/manifests');
  await using daemon = await bench.start({ directory });
  expect(daemon.report()).toMatchObject({
    state: 'failing',
    targets: [],
    problems: [{ message: expect.stringContaining('no such directory') }],
  });
  expect(bench.emulator.requests).toEqual([]);
  await bench.space.write('later/manifests/a.yaml', acme({ description: 'there' }));
  await until(() => isLive(bench, 'there'));
});

test('a file that cannot be read takes nothing away; what is valid goes on', async () => {
  await using bench = await createBench({
    'a.yaml': acme({}),
    'b.yaml': yaml('ApiKey', 'birch', { enabled: true }),
  });
  // Without one, what cannot be read may be one.
  await bench.space.write(
    'target.yaml',
    yaml('Target', 'default', {
      region: 'eu-west-2',
      accountId: '123456789012',
      owner: bench.owner,
    }),
  );
  const gateway = bench.console();
  await using daemon = await bench.start();
  await until(() => bench.passes().at(-1)?.state === 'in-sync');
  await bench.space.write('b.yaml', 'kind: [');
  await bench.space.write('a.yaml', acme({ enabled: false }));
  await until(async () => (await keyNamed(gateway, 'acme'))?.enabled === false);
  await until(() => daemon.state === 'failing');
  expect(daemon.report()?.problems).toMatchObject([{ file: 'b.yaml' }]);
  expect((await keyNamed(gateway, 'birch'))?.enabled).toBe(true);
  expect(bench.events.filter(({ event }) => event === 'manifest.invalid').length).toBe(1);
});
