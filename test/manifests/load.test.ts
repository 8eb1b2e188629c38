import { execFile } from 'node:child_process';
import { chmod, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { identity } from '../../src/core/model/model.ts';
import { isCurrent, load, type Tree } from '../../src/manifests/load.ts';
import { createWorkspace, stream, yaml } from './workspace.ts';

const key = (name: string, spec: object = {}, metadata: object = {}) =>
  yaml('ApiKey', name, spec, metadata);
const target = (name: string) =>
  yaml('Target', name, { region: 'eu-west-2', accountId: '123456789012' });
const names = ({ desired }: Tree) => desired.map(({ name }) => name);
const said = ({ problems }: Tree) => problems.map(({ file, message }) => `${file}: ${message}`);

async function loadFiles(files: Readonly<Record<string, string>>): Promise<Tree> {
  await using space = await createWorkspace(files);
  return await load(space.path);
}

describe('what is read', () => {
  test('the example is valid, and has no dangling reference', async () => {
    const tree = await load(join(import.meta.dirname, '../../manifests'));
    expect(said(tree)).toEqual([]);
    expect(tree.dangling).toEqual([]);
    expect(tree.complete).toBe(true);
    expect(tree.targets).toMatchObject([{ namespace: 'default', implicit: true, prune: false }]);
    expect(tree.desired.map(({ kind }) => kind)).toEqual([
      ...Array(3).fill('ApiKey'),
      'KeyRequirement',
      ...Array(3).fill('Stage'),
      ...Array(6).fill('UsagePlan'),
    ]);
  });

  test('YAML and JSON, at any depth, several documents in one file, empty ones skipped', async () => {
    const tree = await loadFiles({
      'a.yaml': stream(key('a1'), '# nothing\n', key('a2')),
      'deep/er/b.yml': key('b'),
      'c.JSON': `{\n\t"apiVersion": "apikeeper.dev/v1", "kind": "ApiKey",\n\t"metadata": { "name": "c" }, "spec": {}\n}`,
      'bom.yaml': `\uFEFF${key('d')}`,
      'crlf.yaml': key('e').replaceAll('\n', '\r\n'),
    });
    expect(said(tree)).toEqual([]);
    expect(names(tree)).toEqual(['a1', 'a2', 'b', 'c', 'd', 'e']);
    expect(tree).toMatchObject({ files: 5, documents: 6, complete: true });
    expect(tree.desired[1]?.source).toEqual({ file: 'a.yaml', line: 6 });
  });

  test('other files, dot-files and dot-directories are skipped', async () => {
    const tree = await loadFiles({
      'a.yaml': key('a'),
      'README.md': '# a: [',
      '.hidden.yaml': 'a: [',
      '.git/x.yaml': 'a: [',
      'b.yaml.bak': 'a: [',
    });
    expect(said(tree)).toEqual([]);
    expect(names(tree)).toEqual(['a']);
  });

  test('.apikeeperignore has the syntax of .gitignore', async () => {
    const tree = await loadFiles({
      '.apikeeperignore': '# ours\nkustomization.yaml\ndrafts/\n*.draft.yaml\n!keep.draft.yaml\n',
      'a.yaml': key('a'),
      'kustomization.yaml': 'a: [',
      'deep/kustomization.yaml': 'a: [',
      'drafts/b.yaml': 'a: [',
      'c.draft.yaml': 'a: [',
      'keep.draft.yaml': key('keep'),
    });
    expect(said(tree)).toEqual([]);
    expect(names(tree)).toEqual(['a', 'keep']);
  });

  test('.apikeeperignore may name everything but one directory', async () => {
    const tree = await loadFiles({
      '.apikeeperignore': '/*\n!/keep/\n',
      'a.yaml': 'a: [',
      'drop/b.yaml': 'a: [',
      'keep/c.yaml': key('c'),
    });
    expect(said(tree)).toEqual([]);
    expect(names(tree)).toEqual(['c']);
  });

  test('a single file stands for itself: what it refers to may be elsewhere', async () => {
    await using space = await createWorkspace({
      'a.yaml': yaml('UsagePlan', 'a', { keys: ['elsewhere'] }, { namespace: 'production' }),
      'b.yaml': 'a: [',
    });
    const tree = await load(join(space.path, 'a.yaml'));
    expect(tree).toMatchObject({
      problems: [],
      dangling: [],
      complete: true,
      files: 1,
      documents: 1,
    });
  });

  test('annotations arrive parsed, and labels are allowed', async () => {
    const annotations = {
      'apikeeper.dev/adopt': 'abc123',
      'apikeeper.dev/adopt-from': 'cloudformation, ack',
      'apikeeper.dev/mode': 'observe',
      'apikeeper.dev/ignore': '/spec/description, /spec/tags/GET ~1a',
      'apikeeper.dev/moved-from': 'staging/old',
      'other.dev/anything': 'is left alone',
    };
    const tree = await loadFiles({
      'a.yaml': key('a', {}, { annotations, labels: { team: 'x' } }),
    });
    expect(tree.desired[0]).toMatchObject({
      annotations: {
        adopt: 'abc123',
        adoptFrom: ['cloudformation', 'ack'],
        mode: 'observe',
        ignore: ['/spec/description', '/spec/tags/GET ~1a'],
        movedFrom: [{ namespace: 'staging', name: 'old' }],
      },
    });
  });

  test('the spec is as it was written: no default is filled in', async () => {
    const spec = { description: null, tags: { a: null }, enabled: false };
    const tree = await loadFiles({ 'a.yaml': key('a', spec) });
    expect(tree.desired[0]?.spec).toEqual(spec);
  });
});

describe('Targets', () => {
  test('a declared one has the defaults of its schema, part by part', async () => {
    const spec = { region: 'eu-west-2', accountId: '123456789012', budget: { burst: 5 } };
    const tree = await loadFiles({
      'a.yaml': stream(
        yaml('Target', 'production', spec),
        key('a', {}, { namespace: 'production' }),
      ),
    });
    expect(tree.targets).toEqual([
      {
        namespace: 'production',
        region: 'eu-west-2',
        accountId: '123456789012',
        owner: 'apikeeper',
        prune: false,
        schedule: '*/10 * * * *',
        budget: { requestsPerSecond: 5, burst: 5 },
        guards: { maxKeys: 5, maxPercent: 30 },
        implicit: false,
        source: { file: 'a.yaml', line: 2 },
      },
    ]);
    expect(names(tree)).toEqual(['a']);
  });

  test('the implicit one takes what the command line says', async () => {
    await using space = await createWorkspace({ 'a.yaml': key('a') });
    const tree = await load(space.path, { owner: 'me', mode: 'observe' });
    expect(tree.targets).toMatchObject([
      { namespace: 'default', owner: 'me', mode: 'observe', prune: false, implicit: true },
    ]);
  });

  test.each([
    { reason: 'a file that cannot be parsed may declare one', file: 'a: [' },
    { reason: 'a document of an unknown kind may be one', file: yaml('Taget', 'production') },
    { reason: 'a document that is no mapping may be one', file: '- a\n' },
    { reason: 'an invalid Target is one', file: yaml('Target', 'production', {}) },
  ])('none is implicit, since $reason', async ({ file }) => {
    const tree = await loadFiles({ 'a.yaml': key('a'), 'b.yaml': file });
    expect(tree.targets).toEqual([]);
    expect(tree.desired).toEqual([]);
  });

  test('an invalid document of another kind does not take the implicit one away', async () => {
    const tree = await loadFiles({ 'a.yaml': stream(key('a'), key('b', { enabled: 1 })) });
    expect(tree.targets).toHaveLength(1);
    expect(names(tree)).toEqual(['a']);
  });

  test('where one is invalid, nothing of its namespace is desired, and the others go on', async () => {
    const tree = await loadFiles({
      'a.yaml': stream(target('a'), key('a', {}, { namespace: 'a' })),
      'b.yaml': stream(
        yaml('Target', 'b', { region: 'nowhere' }),
        key('b', {}, { namespace: 'b' }),
      ),
    });
    expect(tree.targets.map(({ namespace }) => namespace)).toEqual(['a']);
    expect(names(tree)).toEqual(['a']);
    expect(tree.invalid.map(identity)).toEqual(['Target/b/b']);
    expect(tree.incompleteNamespaces).toEqual(['b']);
  });
});

describe('what is absent only because something is wrong', () => {
  const two = {
    'targets.yaml': stream(
      target('a'),
      yaml('Target', 'b', { region: 'eu-west-1', accountId: '123456789012' }),
    ),
    'ok.yaml': key('ok', {}, { namespace: 'a' }),
  };

  test.each([
    {
      reason: 'an invalid document holds its own namespace',
      file: key('x', { enabled: 1 }, { namespace: 'b' }),
      incomplete: ['b'],
    },
    {
      reason: 'an unknown kind holds its own namespace',
      file: yaml('ApiKy', 'x', {}, { namespace: 'b' }),
      incomplete: ['b'],
    },
    {
      reason: 'a namespace that no Target bears may be any',
      file: key('x', {}, { namespace: 'bb' }),
      incomplete: ['a', 'b', 'bb'],
    },
    {
      reason: 'a misspelt namespace may be any',
      file: key('x', {}, { namspace: 'b' }),
      incomplete: ['a', 'b', 'default'],
    },
    {
      reason: 'a namespace that is no text may be any',
      file: key('x', {}, { namespace: 5 }),
      incomplete: ['a', 'b'],
    },
    {
      reason: 'a document without metadata may be anybody',
      file: '{"apiVersion":"apikeeper.dev/v1","kind":"ApiKey","spec":{}}',
      incomplete: ['a', 'b'],
    },
    { reason: 'a list may be anything', file: '- x\n', incomplete: ['a', 'b'] },
  ])('$reason', async ({ file, incomplete }) => {
    const tree = await loadFiles({ ...two, 'x.yaml': file });
    expect(tree.incompleteNamespaces).toEqual(incomplete);
    expect(tree.complete).toBe(true);
    expect(names(tree)).toEqual(['ok']);
  });

  test.each([
    { reason: 'a file that cannot be parsed', text: 'a: [' },
    {
      reason: 'a document that cannot be built',
      text: stream(key('x', {}, { namespace: 'a' }), 'a: 1\na: 2\n'),
    },
  ])('$reason makes the tree incomplete, and leaves the others', async ({ text }) => {
    const tree = await loadFiles({ ...two, 'x.yaml': text });
    expect(tree.complete).toBe(false);
    expect(names(tree)).toContain('ok');
    expect(tree.dangling).toEqual([]);
  });
});

test('where a file could not be read, a namespace without a Target is no second mistake', async () => {
  const tree = await loadFiles({
    'a.yaml': stream(target('a'), key('x', {}, { namespace: 'b' })),
    'b.yaml': 'a: [',
  });
  expect(tree.problems.map(({ file }) => file)).toEqual(['b.yaml']);
  expect(tree.desired).toEqual([]);
});

describe('directories that are not there', () => {
  test('missing', async () => {
    await using space = await createWorkspace();
    const tree = await load(join(space.path, 'none'));
    expect(said(tree)).toEqual([
      `.: ${space.path}/none: no such directory; name the directory that holds the manifests`,
    ]);
    expect(tree).toMatchObject({ complete: false, targets: [], desired: [], documents: 0 });
  });

  test('empty', async () => {
    const tree = await loadFiles({ 'README.md': 'nothing' });
    expect(said(tree)).toEqual([
      '.: the directory holds no .yaml, .yml or .json file; is it the right one?',
    ]);
    expect(tree).toMatchObject({ complete: false, targets: [] });
  });

  test('full of nothing', async () => {
    const tree = await loadFiles({ 'a.yaml': '# nothing yet\n' });
    expect(said(tree)).toEqual(['.: the directory holds no document; is it the right one?']);
    expect(tree.complete).toBe(false);
  });

  test('a link that leads to itself', async () => {
    await using space = await createWorkspace();
    await symlink('loop', join(space.path, 'loop'));
    const tree = await load(join(space.path, 'loop'));
    expect(said(tree)).toEqual([`.: ${space.path}/loop: a link that leads to itself`]);
  });
});

describe('files that cannot be read', () => {
  test.each([
    {
      reason: 'too large',
      file: 'a.yaml',
      bytes: new Uint8Array(8 * 1024 * 1024 + 1).fill(0x20),
      says: 'larger than 8 MiB; split the file',
    },
    {
      reason: 'not UTF-8',
      file: 'a.yaml',
      bytes: new Uint8Array([0x61, 0xff]),
      says: 'not valid UTF-8; save the file as UTF-8 text',
    },
    {
      reason: 'UTF-16',
      file: 'a.yaml',
      bytes: new Uint8Array([0xff, 0xfe, 0x61, 0x00]),
      says: 'not valid UTF-8; save the file as UTF-8 text',
    },
  ])('$reason', async ({ file, bytes, says }) => {
    await using space = await createWorkspace({ 'ok.yaml': key('ok') });
    await space.write(file, bytes);
    const tree = await load(space.path);
    expect(said(tree)).toEqual([`${file}: ${says}`]);
    expect(tree.complete).toBe(false);
  });

  test('a pipe is not waited for', async () => {
    await using space = await createWorkspace({ 'ok.yaml': key('ok') });
    await promisify(execFile)('mkfifo', [join(space.path, 'pipe.yaml')]);
    expect(said(await load(space.path))).toEqual(['pipe.yaml: not a regular file']);
  });

  test.skipIf(process.getuid?.() === 0)('one that the user may not read', async () => {
    await using space = await createWorkspace({ 'a.yaml': key('a'), 'd/b.yaml': key('b') });
    await chmod(join(space.path, 'a.yaml'), 0);
    await chmod(join(space.path, 'd'), 0);
    const tree = await load(space.path);
    await chmod(join(space.path, 'd'), 0o700);
    expect(said(tree)).toEqual(
      ['a.yaml', 'd'].map(
        (file) => `${file}: not readable; give the user that runs apikeeper the right to read it`,
      ),
    );
  });
});

describe('links', () => {
  test('inside the directory are followed, and nothing is read twice', async () => {
    await using space = await createWorkspace({ 'z/a.yaml': key('a') });
    await symlink('z/a.yaml', join(space.path, 'a.yaml'));
    await symlink('z', join(space.path, 'b'));
    await symlink('..', join(space.path, 'z/up'));
    const tree = await load(space.path);
    expect(said(tree)).toEqual([]);
    expect(tree.desired.map(({ source }) => source.file)).toEqual(['z/a.yaml']);
  });

  test('into a dot-directory are followed too: that is how mounts are made', async () => {
    await using space = await createWorkspace({ '.store/a.yaml': key('a') });
    await symlink('.store/a.yaml', join(space.path, 'a.yaml'));
    expect(names(await load(space.path))).toEqual(['a']);
  });

  test('out of the directory are refused, and their text is in no message', async () => {
    await using outside = await createWorkspace({
      'secret.yaml': 's3cr3t: [',
      'd/b.yaml': key('b'),
    });
    await using space = await createWorkspace({ 'ok.yaml': key('ok') });
    await symlink(join(outside.path, 'secret.yaml'), join(space.path, 'a.yaml'));
    await symlink(join(outside.path, 'd'), join(space.path, 'd'));
    await symlink(join(outside.path, 'secret.yaml'), join(space.path, '.apikeeperignore'));
    const tree = await load(space.path);
    expect(tree.problems.map(({ file }) => file)).toEqual(['.apikeeperignore', 'a.yaml', 'd']);
    expect(said(tree).join()).not.toContain('s3cr3t');
    expect(tree.complete).toBe(false);
    expect(names(tree)).toEqual([]);
  });

  test('to nothing, or to themselves, leave the tree incomplete', async () => {
    await using space = await createWorkspace({ 'ok.yaml': key('ok') });
    await symlink('gone.yaml', join(space.path, 'a.yaml'));
    await symlink('b.yaml', join(space.path, 'b.yaml'));
    const tree = await load(space.path);
    expect(said(tree)).toEqual([
      'a.yaml: a link to nothing',
      'b.yaml: a link that leads to itself',
    ]);
    expect(tree.complete).toBe(false);
  });
});

describe('one snapshot', () => {
  /** Documents of one version, spread over files that move from version to version. */
  async function writeVersion(
    space: Awaited<ReturnType<typeof createWorkspace>>,
    directory: string,
    version: number,
  ) {
    for (let n = 0; n < 20; n++) {
      await space.write(
        `${directory}/${(version + n) % 3}/f${n}.yaml`,
        key(`k${n}`, { description: `version ${version}` }),
      );
    }
  }
  function versionsOf(tree: Tree) {
    return new Set(tree.desired.map(({ spec }) => spec.description));
  }

  test('git-sync: whatever is swapped and deleted meanwhile, all documents are of one version', async () => {
    await using space = await createWorkspace();
    const link = join(space.path, 'repo');
    await writeVersion(space, '.worktrees/0', 0);
    await space.publish('repo', '.worktrees/0');
    let swapping = true;
    const swaps = (async () => {
      for (let version = 1; version <= 40; version++) {
        await writeVersion(space, `.worktrees/${version}`, version);
        await space.publish('repo', `.worktrees/${version}`);
        await rm(join(space.path, `.worktrees/${version - 1}`), { recursive: true });
      }
      swapping = false;
    })();
    let trees = 0;
    for (; swapping; trees++) {
      const tree = await load(link);
      if (!tree.complete) continue;
      expect(versionsOf(tree).size).toBe(1);
      expect(tree.desired).toHaveLength(20);
    }
    await swaps;
    expect(trees).toBeGreaterThan(1);
    const last = await load(link);
    expect(versionsOf(last)).toEqual(new Set(['version 40']));
  });

  test('ConfigMap: the content is what ..data leads to, whatever the links beside it say', async () => {
    await using space = await createWorkspace({
      '..1/a.yaml': key('a'),
      '..1/sub/b.yaml': key('b'),
      '..1/.apikeeperignore': 'c.yaml\n',
      '..1/c.yaml': 'a: [',
    });
    await space.publish('..data', '..1');
    await symlink('..data/a.yaml', join(space.path, 'a.yaml'));
    await symlink('..data/removed.yaml', join(space.path, 'removed.yaml'));
    const tree = await load(space.path);
    expect(said(tree)).toEqual([]);
    expect(tree.desired.map(({ source }) => source.file)).toEqual(['a.yaml', 'sub/b.yaml']);
  });

  test('a ConfigMap may be mounted below the directory', async () => {
    await using space = await createWorkspace({
      'own.yaml': key('own'),
      'team/..1/a.yaml': key('a'),
    });
    await space.publish('team/..data', '..1');
    await symlink('..data/a.yaml', join(space.path, 'team/a.yaml'));
    expect(names(await load(space.path))).toEqual(['a', 'own']);
  });

  test('isCurrent tells whether the directory still leads to what was read', async () => {
    await using space = await createWorkspace({ '1/a.yaml': key('a'), '2/a.yaml': key('a') });
    await space.publish('link', '1');
    const { resolved } = await load(join(space.path, 'link'));
    expect(await isCurrent(resolved)).toBe(true);
    await space.publish('link', '2');
    expect(await isCurrent(resolved)).toBe(false);
  });
});

describe('revision', () => {
  const sha = 'a'.repeat(40);

  test("is the name of git-sync's worktree", async () => {
    await using space = await createWorkspace({ [`.worktrees/${sha}/manifests/a.yaml`]: key('a') });
    await space.publish('repo', `.worktrees/${sha}`);
    expect((await load(join(space.path, 'repo/manifests'))).revision).toBe(sha);
  });

  test.each([
    { reason: 'a detached HEAD', files: { '.git/HEAD': `${sha}\n` } },
    {
      reason: 'a branch',
      files: { '.git/HEAD': 'ref: refs/heads/main\n', '.git/refs/heads/main': `${sha}\n` },
    },
    {
      reason: 'a packed branch',
      files: {
        '.git/HEAD': 'ref: refs/heads/main\n',
        '.git/packed-refs': `# pack-refs\n${'b'.repeat(40)} refs/heads/maine\n${sha} refs/heads/main\n`,
      },
    },
  ])('comes from .git: $reason', async ({ files }) => {
    await using space = await createWorkspace({
      ...(files as unknown as Record<string, string>),
      'deep/manifests/a.yaml': key('a'),
    });
    expect((await load(join(space.path, 'deep/manifests'))).revision).toBe(sha);
  });

  test('comes from the .git file of a worktree', async () => {
    await using space = await createWorkspace({
      'repo/.git/refs/heads/topic': `${sha}\n`,
      'repo/.git/worktrees/w/HEAD': 'ref: refs/heads/topic\n',
      'repo/.git/worktrees/w/commondir': '../..\n',
      'w/.git': 'gitdir: ../repo/.git/worktrees/w\n',
      'w/manifests/a.yaml': key('a'),
    });
    expect((await load(join(space.path, 'w/manifests'))).revision).toBe(sha);
  });

  test.each([
    { reason: 'a branch without a commit', files: { '.git/HEAD': 'ref: refs/heads/main\n' } },
    { reason: 'a HEAD that says something else', files: { '.git/HEAD': 'nonsense\n' } },
  ])('is absent: $reason', async ({ files }) => {
    await using space = await createWorkspace({
      ...(files as unknown as Record<string, string>),
      'a.yaml': key('a'),
    });
    expect(await load(space.path)).not.toHaveProperty('revision');
  });
});
