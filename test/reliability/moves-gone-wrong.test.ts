/** A key moves to a document that takes no part, for it is invalid or its Target is: the key keeps its access. */
import { expect, test } from 'vitest';
import { createBench, keyNamed, passRequest } from '../engine/bench.ts';
import { stream, yaml } from '../manifests/workspace.ts';

type Fields = Readonly<Record<string, unknown>>;

const moved = (from: string, more: Fields = {}) => ({
  namespace: 'b',
  annotations: { 'apikeeper.dev/moved-from': from },
  ...more,
});
const consumer = (namespace: string, metadata: Fields = {}, spec: Fields = {}) =>
  yaml(
    'Consumer',
    'acme',
    { access: [{ stage: 'residents' }], ...spec },
    { namespace, ...metadata },
  );

/** By what stands in Git after the move. Before it, the key acme, or the Consumer acme, was in namespace a. */
const CASES: readonly {
  readonly why: string;
  readonly of?: 'Consumer';
  readonly after: string;
  readonly target?: Fields;
}[] = [
  {
    why: 'a field is misspelt',
    after: yaml('ApiKey', 'acme', { enabeld: true }, moved('a/acme')),
  },
  {
    why: 'the kind is misspelt',
    after: yaml('ApiKee', 'acme', {}, moved('a/acme')),
  },
  {
    why: 'the annotation is misspelt',
    after: yaml(
      'ApiKey',
      'acme',
      {},
      { ...moved('a/acme'), annotations: { 'apikeeper.dev/moved-form': 'a/acme' } },
    ),
  },
  {
    why: 'the annotations stand beside the metadata',
    after: yaml('ApiKey', 'acme', {}, { namespace: 'b' }).replace(
      '"spec"',
      '"annotations":{"apikeeper.dev/moved-from":"a/acme"},"spec"',
    ),
  },
  {
    why: 'its Target is invalid',
    after: yaml('ApiKey', 'acme', {}, moved('a/acme')),
    target: { regoin: 'eu-west-2' },
  },
  {
    why: 'the schedule of its Target is none',
    after: yaml('ApiKey', 'acme', {}, moved('a/acme')),
    target: { schedule: '99 * * * *' },
  },
  {
    why: 'a Consumer is misspelt',
    of: 'Consumer',
    after: consumer('b', moved('a/acme'), { defalts: {} }),
  },
  {
    why: 'a stage of a Consumer is misspelt',
    of: 'Consumer',
    after: consumer('b', moved('a/acme'), { access: [{ stgae: 'residents' }] }),
  },
];

test.each(CASES)('$why', async ({ of, after, target = {} }) => {
  await using bench = await createBench({});
  const spec = { region: 'eu-west-2', accountId: '123456789012', owner: bench.owner, prune: true };
  const targetOf = (name: string, more: Fields = {}) => yaml('Target', name, { ...spec, ...more });
  const targets = stream(targetOf('a'), targetOf('b'));
  const before = of ? consumer('a') : yaml('ApiKey', 'acme', {}, { namespace: 'a' });
  await bench.space.write('targets.yaml', targets);
  await bench.space.write(
    'tree.yaml',
    stream(before, yaml('ApiKey', 'left', {}, { namespace: 'a' })),
  );
  await using engine = bench.engine();
  await engine.reconcile(passRequest('once'));
  const gateway = bench.console();
  const plans = async () => (await gateway.getUsagePlans({})).items?.map(({ name }) => name);
  const plansBefore = await plans();

  await bench.space.write('targets.yaml', stream(targetOf('a'), targetOf('b', target)));
  await bench.space.write('tree.yaml', after);
  const report = await engine.reconcile(passRequest('once'));
  expect(report.problems.length).toBeGreaterThan(0);
  expect((await keyNamed(gateway, 'acme'))?.enabled).toBe(true);
  expect(await plans()).toEqual(plansBefore);
});

test('what the invalid document does not name is removed all the same', async () => {
  await using bench = await createBench({});
  const spec = { region: 'eu-west-2', accountId: '123456789012', owner: bench.owner, prune: true };
  const key = (name: string) => yaml('ApiKey', name, {}, { namespace: 'a' });
  await bench.space.write(
    'targets.yaml',
    stream(yaml('Target', 'a', spec), yaml('Target', 'b', spec)),
  );
  await bench.space.write('tree.yaml', stream(key('acme'), key('birch')));
  await using engine = bench.engine();
  await engine.reconcile(passRequest('once'));
  const invalid = yaml('ApiKey', 'acme', { enabeld: true }, moved('a/acme'));
  await bench.space.write('tree.yaml', invalid);
  const report = await engine.reconcile(passRequest('once'));
  expect((await keyNamed(bench.console(), 'acme'))?.enabled).toBe(true);
  expect((await keyNamed(bench.console(), 'birch'))?.enabled).toBe(false);
  const [held] = report.targets.flatMap(({ objects }) =>
    objects.filter(({ name }) => name === 'acme'),
  );
  expect(held).toMatchObject({ action: 'hold', wants: 'disable', reason: 'incomplete-manifests' });
  expect(held?.message).toContain('ApiKey/acme (tree.yaml:1) says that it moved from this name');
});
