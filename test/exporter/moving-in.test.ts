/** From an account that was made by hand to one under apikeeper: nothing changes but tags. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { load } from '../../src/manifests/load.ts';
import { canaryOf, furnishEstate, picture } from './estate.ts';
import { createSpace, type Space, tally } from './space.ts';

let space: Space;
beforeEach(async () => {
  space = await createSpace();
  await furnishEstate(space.hand);
});
afterEach(() => space[Symbol.asyncDispose]());

const FOREIGN = [
  'ApiKey/consumer-40',
  'ApiKey/consumer-41',
  'ApiKey/consumer-42',
  'ApiKey/consumer-43',
  'KeyRequirement/housing-api-prod',
  'Stage/ledger-production',
  'UsagePlan/of-the-stack',
];

/** Every file below a directory, by path. */
async function filesBelow(directory: string): Promise<Record<string, string>> {
  const paths = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = paths
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    files
      .sort()
      .map(async (file) => [file.slice(directory.length + 1), await readFile(file, 'utf8')]),
  );
  return Object.fromEntries(texts);
}

test.each<[string, () => Promise<void>]>([
  [
    'one stream',
    async () => space.manifests.write('all.yaml', (await space.type('export')).stdout),
  ],
  [
    'one stream without consumers',
    async () =>
      space.manifests.write('all.yaml', (await space.type('export', '--no-consumers')).stdout),
  ],
  [
    'a file each',
    async () =>
      expect(await space.type('export', '--to', space.manifests.path)).toMatchObject({
        code: 0,
        stdout: '',
      }),
  ],
])('export to %s, plan, apply, plan', async (_, exportAll) => {
  const before = await picture(space.gateway);
  await exportAll();
  const tree = await load(space.manifests.path);
  expect([...tree.problems, ...tree.dangling]).toEqual([]);
  expect(tree.desired).toHaveLength(50 + 20 + 18 + 6);

  const planned = await space.report('plan');
  expect(planned.flatMap(({ changes }) => changes)).toEqual([]);
  expect(tally(planned)).toEqual({ adopt: 65, keep: 22, 'hold foreign': 7 });
  const held = planned.filter(({ action }) => action === 'hold');
  expect(held.map(({ kind, name }) => `${kind}/${name}`).sort()).toEqual(FOREIGN);
  expect(held.map(({ message }) => message)).toEqual(
    held.map(() => expect.stringContaining('bears the tags of cloudformation')),
  );
  expect(
    planned.flatMap(({ name, unclaimed = [] }) => unclaimed.map((path) => `${name} ${path}`)),
  ).toEqual(['residents-api-staging /spec/variables/deployedAt']);

  expect(tally(await space.report('apply'))).toEqual({ adopt: 65, keep: 22, 'hold foreign': 7 });
  expect(await picture(space.gateway)).toEqual(before);
  const again = await space.report('plan');
  expect(tally(again)).toEqual({ keep: 87, 'hold foreign': 7 });
  expect(await picture(space.gateway)).toEqual(before);
});

test('keys whose plans are their own are consumers, and plain where that is asked for', async () => {
  const consumers = ({ stdout }: { stdout: string }) =>
    stdout.match(/^kind: Consumer$/gm)?.length ?? 0;
  expect(consumers(await space.type('export'))).toBe(6);
  expect(consumers(await space.type('export', '--no-consumers'))).toBe(0);
});

test('what a stack has let go of is taken over by uncommenting, and changes nothing either', async () => {
  const before = await picture(space.gateway);
  const { stdout } = await space.type('export');
  const taken = stdout
    .replaceAll('# annotations:', 'annotations:')
    .replaceAll('# apikeeper.dev/adopt-from', 'apikeeper.dev/adopt-from');
  await space.manifests.write('all.yaml', taken);
  const applied = await space.report('apply');
  expect(tally(applied)).toEqual({ adopt: 70, keep: 24 });
  expect(applied.flatMap(({ changes }) => changes)).toEqual([]);
  expect(await picture(space.gateway)).toEqual(before);
});

test('what is ours is exported under the names that it has, and exporting again changes nothing', async () => {
  await space.manifests.write('all.yaml', (await space.type('export')).stdout);
  await space.report('apply');
  const { stdout } = await space.type('export');
  expect(stdout).not.toContain('apikeeper:');
  await space.manifests.write('all.yaml', stdout);
  expect(tally(await space.report('plan'))).toEqual({ keep: 87, 'hold foreign': 7 });
  expect((await space.type('export')).stdout).toBe(stdout);
});

test('it only reads, within the budget: lists, and no object by itself', async () => {
  space.emulator.clearRequests();
  await space.type('export');
  const calls = Map.groupBy(space.emulator.requests, ({ operation }) => operation);
  expect(
    Object.fromEntries([...calls].map(([operation, { length }]) => [operation, length])),
  ).toMatchObject({
    GetApiKeys: 1,
    GetUsagePlans: 1,
    GetUsagePlanKeys: 20,
    GetRestApis: 1,
    GetStages: 6,
    GetResources: 6,
    GetDeployment: 6,
  });
  expect([...calls.keys()].filter((operation) => !operation.startsWith('Get'))).toEqual([]);
});

test('no key value is in any output', async () => {
  const { stdout, stderr } = await space.type('export');
  await space.type('export', '--to', space.manifests.path);
  const texts = [stdout, stderr, ...Object.values(await filesBelow(space.manifests.path))].join(
    '\n',
  );
  const values = space.emulator
    .state()
    .apiKeys.values()
    .map(({ value }) => value);
  expect(texts).toContain('adopt: key0100000, residents-api-production=plan01');
  expect(values.filter((value) => texts.includes(value)).toArray()).toEqual([]);
  expect(texts).not.toContain(canaryOf(1).slice(0, 12));
});

test('two exports are the same text, and the same files', async () => {
  await space.type('export', '--to', join(space.manifests.path, 'one'));
  await space.type('export', '--to', join(space.manifests.path, 'two'));
  const [one, two] = await Promise.all(
    ['one', 'two'].map((name) => filesBelow(join(space.manifests.path, name))),
  );
  expect(one).toEqual(two);
  expect(Object.keys(one ?? {})).toMatchObject({ length: expect.any(Number) });
  const files = Object.keys(one ?? {});
  expect(files.filter((file) => file.startsWith('apis/'))).toEqual(
    ['housing-api-prod', 'ledger', 'notices', 'repairs-api', 'repairs-api-2', 'residents-api']
      .map((name) => `apis/${name}.yaml`)
      .sort(),
  );
  expect(files).toContain('plans/shared-7.yaml');
  expect(files).toContain('keys/in-no-plan.yaml');
  expect(files).toContain('consumers/acme-2.yaml');
});

test.each(['lists-without-tags', 'lists-without-throttle'] as const)(
  'where the service gives %s, nothing is missing from the export',
  async (type) => {
    const { stdout } = await space.type('export');
    for (const operation of ['GetApiKeys', 'GetUsagePlans'])
      space.emulator.inject({ operation, fault: { type } });
    expect((await space.type('export')).stdout).toBe(stdout);
  },
);
