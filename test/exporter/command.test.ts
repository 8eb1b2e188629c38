/** The command line of `export`. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../../src/cli.ts';
import { load } from '../../src/manifests/load.ts';
import { createWorld, waitFor } from '../commands/io.ts';
import { seed } from '../kit/seed.ts';
import { stream, yaml } from '../manifests/workspace.ts';
import { createSpace, type Space, tally } from './space.ts';

let space: Space;
beforeEach(async () => {
  space = await createSpace();
  await seed(space.hand, {
    apis: [
      {
        id: 'residents1',
        name: 'residents-api',
        stages: [{ name: 'production' }, { name: 'staging' }],
      },
      { id: 'repairs001', name: 'repairs-api', stages: [{ name: 'production' }] },
      { id: 'repairs002', name: 'repairs-api', stages: [{ name: 'production' }] },
    ],
    keys: [
      { id: 'acmekey001', name: 'acme' },
      { id: 'birchkey01', name: 'Birch, Ltd' },
      { id: 'cedarkey01', name: 'cedar' },
      { id: 'cedarkey02', name: 'cedar' },
    ],
    plans: [
      {
        id: 'wide01',
        name: 'wide',
        stages: ['residents1:production', 'repairs001:production'],
        keys: ['acmekey001', 'birchkey01'],
      },
      { id: 'narrow', name: 'narrow', stages: ['residents1:staging'], keys: ['acmekey001'] },
      { id: 'other1', name: 'other', stages: ['repairs002:production'], keys: ['cedarkey01'] },
    ],
  });
});
afterEach(() => space[Symbol.asyncDispose]());

interface Written {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

const documents = (text: string) => loadAll(text) as Written[];
const names = (text: string) =>
  documents(text)
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    .sort();

describe('a part of the account', () => {
  test.each<[reason: string, words: readonly string[], expected: readonly string[]]>([
    ['a key alone', ['--key', 'acme'], ['ApiKey/acme']],
    ['a key by its id', ['--key', 'cedarkey02'], ['ApiKey/cedar-2']],
    ['a name with a comma', ['--key', 'Birch, Ltd'], ['ApiKey/birch-ltd']],
    ['several keys', ['--key', 'acme', '--key', 'birchkey01'], ['ApiKey/acme', 'ApiKey/birch-ltd']],
    ['a key with its plans, where that is a consumer', ['--key', 'cedarkey01'], ['Consumer/cedar']],
    [
      'the same key alone, where consumers are not wanted',
      ['--key', 'cedarkey01', '--no-consumers'],
      ['ApiKey/cedar'],
    ],
    ['the plan of a consumer', ['--plan', 'other'], ['Consumer/cedar']],
    [
      'a plan with its keys',
      ['--plan', 'wide'],
      ['ApiKey/acme', 'ApiKey/birch-ltd', 'UsagePlan/wide'],
    ],
    [
      'an API with its stages, the plans on them and their keys',
      ['--api', 'residents-api'],
      [
        'ApiKey/acme',
        'ApiKey/birch-ltd',
        'KeyRequirement/residents-api',
        'Stage/residents-api-production',
        'Stage/residents-api-staging',
        'UsagePlan/narrow',
        'UsagePlan/wide',
      ],
    ],
    [
      'an API by its id',
      ['--api', 'repairs002'],
      ['Consumer/cedar', 'KeyRequirement/repairs-api-2', 'Stage/repairs-api-2-production'],
    ],
    [
      'one thing and another',
      ['--key', 'acme', '--plan', 'other'],
      ['ApiKey/acme', 'Consumer/cedar'],
    ],
  ])('%s', async (_, words, expected) => {
    const { code, stdout } = await space.type('export', ...words);
    expect(code).toBe(0);
    expect(names(stdout)).toEqual(expected);
    await space.manifests.write('part.yaml', stdout);
    const { problems, dangling } = await load(space.manifests.path);
    expect([...problems, ...dangling]).toEqual([]);
    const planned = await space.report('plan');
    expect(planned.flatMap(({ changes }) => changes)).toEqual([]);
    expect(Object.keys(tally(planned)).sort()).toEqual(
      expected.some((name) => name.startsWith('Stage')) ? ['adopt', 'keep'] : ['adopt'],
    );
  });

  test('what is not exported is referred to by its id, and an API by its name where only one has it', async () => {
    const [plan] = documents((await space.type('export', '--plan', 'wide')).stdout).filter(
      ({ kind }) => kind === 'UsagePlan',
    );
    expect(plan?.spec).toEqual({
      stages: [
        { restApi: { id: 'repairs001' }, stageName: 'production' },
        { restApi: { name: 'residents-api' }, stageName: 'production' },
      ],
      keys: ['acme', 'birch-ltd'],
    });
  });

  test.each([
    [
      'a name that nothing has',
      ['--key', 'acne'],
      'no API key has the id or the name "acne" in this account and region; did you mean acme?',
    ],
    [
      'a name that two have',
      ['--key', 'cedar'],
      '2 API keys are named "cedar": give the id of the one that is meant (cedarkey01, cedarkey02)',
    ],
    ['an API of a name that two have', ['--api', 'repairs-api'], '2 APIs are named "repairs-api"'],
    [
      'a plan that is not there',
      ['--plan', 'acmekey001'],
      'no usage plan has the id or the name "acmekey001"',
    ],
  ])('%s is bad usage', async (_, words, message) => {
    const { code, stdout, stderr } = await space.type('export', ...words);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  });
});

describe('--to', () => {
  test('writes over nothing, and says what is in the way', async () => {
    const { path } = space.manifests;
    await space.manifests.write('apis/residents-api.yaml', 'mine');
    const { code, stderr } = await space.type('export', '--to', path);
    expect(code).toBe(1);
    expect(stderr).toContain('has apis/residents-api.yaml already, and nothing is overwritten');
    expect(await readFile(join(path, 'apis/residents-api.yaml'), 'utf8')).toBe('mine');
    expect(await readdir(path, { recursive: true })).toEqual([
      'apis',
      join('apis', 'residents-api.yaml'),
    ]);
  });

  test('stands beside what is there, and leaves nothing behind', async () => {
    await space.manifests.write('README.md', 'manifests');
    expect(
      await space.type('export', '--to', space.manifests.path, '--plan', 'other'),
    ).toMatchObject({ code: 0, stdout: '' });
    const all = await readdir(space.manifests.path, { recursive: true });
    expect(all.sort()).toEqual(['README.md', 'consumers', join('consumers', 'cedar.yaml')]);
  });

  test('a directory that cannot be made is said, without a stack', async () => {
    await space.manifests.write('file', '');
    const { code, stderr } = await space.type('export', '--to', join(space.manifests.path, 'file'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot be written: a part of the path is a file; name a directory\n$/);
  });
});

describe('where it reads', () => {
  const target = (name: string, spec: object = {}) =>
    yaml('Target', name, {
      region: 'eu-west-2',
      accountId: '123456789012',
      owner: space.owner,
      ...spec,
    });

  test("the manifests' Target, and its namespace", async () => {
    await space.manifests.write('target.yaml', target('production'));
    const { code, stdout, stderr } = await space.type('export', space.manifests.path);
    expect(code).toBe(0);
    expect(new Set(documents(stdout).map(({ metadata }) => metadata.namespace))).toEqual(
      new Set(['production']),
    );
    expect(stderr).toMatch(
      /^account 123456789012, eu-west-2: 13 documents: 3 ApiKey, 1 Consumer, 3 KeyRequirement, 4 Stage, 2 UsagePlan\.\n$/,
    );
    await space.manifests.write('all.yaml', stdout);
    expect(tally(await space.report('plan'))).toEqual({ adopt: 7, keep: 7 });
  });

  test('what the manifests of the Target declare is left out, and referred to by its id', async () => {
    await space.manifests.write('target.yaml', target('production'));
    const first = await space.type(
      'export',
      space.manifests.path,
      '--key',
      'acme',
      '--key',
      'cedarkey01',
      '--api',
      'repairs002',
    );
    await space.manifests.write('first.yaml', first.stdout);
    for (const pass of ['before it is applied', 'and after']) {
      const { stdout, stderr } = await space.type('export', space.manifests.path);
      expect(stderr, pass).toContain('5 left out: the manifests declare them already\n');
      expect(names(stdout)).not.toContain('ApiKey/acme');
      const wide = documents(stdout).find(({ metadata }) => metadata.name === 'wide');
      expect(wide?.spec.keys).toEqual(['birch-ltd', { id: 'acmekey001' }]);
      await space.manifests.write('rest.yaml', stdout);
      const { problems, dangling } = await load(space.manifests.path);
      expect([...problems, ...dangling]).toEqual([]);
      const planned = await space.report('plan');
      expect(planned.flatMap(({ changes }) => changes)).toEqual([]);
      expect((await space.type('export', space.manifests.path)).stdout).toBe('');
      await space.manifests.write('rest.yaml', '');
      await space.report('apply');
    }
  });

  test('of several, the one that is named', async () => {
    await space.manifests.write(
      'target.yaml',
      stream(target('production'), target('elsewhere', { accountId: '210987654321' })),
    );
    const unsaid = await space.type('export', space.manifests.path);
    expect(unsaid.stderr).toContain(
      'declares several Targets: say which with --namespace (elsewhere, production)',
    );
    const misspelt = await space.type('export', space.manifests.path, '-n', 'prodution');
    expect(misspelt.stderr).toContain('no Target is named prodution');
    expect([unsaid.code, misspelt.code]).toEqual([64, 64]);
    expect((await space.type('export', space.manifests.path, '-n', 'production')).code).toBe(0);
    const wrong = await space.type('export', space.manifests.path, '-n', 'elsewhere');
    expect(wrong.stderr).toContain(
      'the credentials belong to account 123456789012, and the Target is account 210987654321',
    );
    expect(wrong.code).toBe(1);
  });

  test('a namespace that has no Target yet comes with one', async () => {
    const { stdout } = await space.type('export', '--namespace', 'production');
    const [first] = documents(stdout);
    expect(first).toMatchObject({
      kind: 'Target',
      metadata: { name: 'production' },
      spec: { region: 'eu-west-2', accountId: '123456789012', owner: space.owner },
    });
    await space.manifests.write('all.yaml', stdout);
    expect(tally(await space.report('apply'))).toEqual({ adopt: 7, keep: 7 });
  });

  test('what is of another namespace stays its own', async () => {
    await space.manifests.write(
      'all.yaml',
      (await space.type('export', '-n', 'production', '--plan', 'other')).stdout,
    );
    await space.report('apply');
    const { stdout, stderr } = await space.type('export', '-n', 'staging');
    expect(names(stdout)).not.toContain('Consumer/cedar');
    expect(stdout).not.toContain('adopt: cedarkey01');
    expect(stderr).toContain(
      '2 of namespace production left out: they are declared there; export them with --namespace production',
    );
    expect(names((await space.type('export', '-n', 'production')).stdout)).toContain(
      'Consumer/cedar',
    );
  });

  test('a directory that is named and not right is a failure; one that nobody named is not', async () => {
    await space.manifests.write('broken.yaml', 'kind: [');
    const { code, stderr } = await space.type('export', space.manifests.path);
    expect(stderr).toMatch(/^apikeeper: broken\.yaml:\d+: /);
    expect(code).toBe(1);
    const missing = await space.type('export', join(space.manifests.path, 'missing'));
    expect(missing).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^apikeeper: \S*missing: no such directory/),
    });
  });

  test('an account that cannot be reached, or not be read in full, is one line and 1', async () => {
    space.emulator.inject({
      operation: 'GetUsagePlanKeys',
      fault: { type: 'error', status: 403, code: 'AccessDeniedException', message: 'not you' },
    });
    const { code, stdout, stderr } = await space.type('export');
    expect(stderr).toMatch(/^apikeeper: GetUsagePlanKeys .*AccessDeniedException.*\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  test('Ctrl-C ends it, with nothing written', async () => {
    space.emulator.inject({ operation: 'GetUsagePlanKeys', fault: { type: 'hang' } });
    const world = createWorld({ env: space.env });
    const done = runCommand(['export', '--to', join(space.manifests.path, 'there')], world);
    await waitFor(
      () => space.emulator.requests.some(({ operation }) => operation === 'GetUsagePlanKeys'),
      done,
    );
    world.signals.emit('SIGINT');
    expect(await done).toBe(1);
    expect(world.written()).toEqual({
      stdout: '',
      stderr: 'apikeeper: stopped by SIGINT: nothing was written\n',
    });
    expect(await readdir(space.manifests.path)).toEqual([]);
  });

  test('an account with nothing in it gives no manifest', async () => {
    await using empty = await createSpace();
    expect(await empty.type('export')).toEqual({
      code: 0,
      stdout: '',
      stderr:
        'account 123456789012, eu-west-2: 0 documents.\nnothing to export is live there: is it the account and the region that you mean?\n',
    });
    const to = join(empty.manifests.path, 'new');
    expect(await empty.type('export', '--namespace', 'production', '--to', to)).toMatchObject({
      stderr: expect.stringContaining(`eu-west-2: 1 document in 1 file below ${to}: 1 Target.\n`),
    });
    expect(await readdir(to)).toEqual(['target.yaml']);
    await mkdir(join(empty.manifests.path, 'there'));
    await writeFile(join(empty.manifests.path, 'there', 'note'), '');
    expect((await empty.type('export', '--to', join(empty.manifests.path, 'there'))).code).toBe(0);
  });
});
