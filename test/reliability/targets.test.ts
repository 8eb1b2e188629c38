/** Targets of one account and region: the histories in which each kept a snapshot of its own. */
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/core/model/report.ts';
import type { Settings } from '../../src/engine/state/settings.ts';
import {
  type Bench,
  createBench,
  keyNamed,
  passRequest,
  planNamed,
  until,
} from '../engine/bench.ts';
import { seed } from '../kit/seed.ts';
import { stream, yaml } from '../manifests/workspace.ts';

const ACCOUNT = '123456789012';
const STAGES = [{ restApi: { name: 'residents-api' }, stageName: 'production' }];

const target = (name: string, owner: string, spec: object = {}) =>
  yaml('Target', name, {
    accountId: ACCOUNT,
    region: 'eu-west-2',
    owner,
    prune: true,
    guards: { maxKeys: 100, maxPercent: 100 },
    ...spec,
  });
const key = (name: string, namespace: string, spec: object = {}, annotations: object = {}) =>
  yaml('ApiKey', name, { enabled: true, ...spec }, { namespace, annotations });
const plan = (name: string, namespace: string, keys: unknown[], annotations: object = {}) =>
  yaml('UsagePlan', name, { stages: STAGES, keys }, { namespace, annotations });
const movedFrom = (name: string) => ({ 'apikeeper.dev/moved-from': name });

async function twoTargets(documents: string): Promise<Bench> {
  const bench = await createBench({});
  const targets = stream(target('a', bench.owner), target('b', bench.owner));
  await bench.space.replace('targets.yaml', targets);
  await bench.space.replace('documents.yaml', documents);
  await seed(
    { gateway: bench.console(), state: bench.emulator.state() },
    {
      apis: [
        {
          id: 'residents',
          name: 'residents-api',
          deployments: ['deploy1'],
          stages: [{ name: 'production' }],
        },
      ],
    },
  );
  return bench;
}

/** One pass over all Targets, by a process of its own. */
async function once(bench: Bench, settings: Partial<Settings> = {}): Promise<Report> {
  await using process = bench.engine({ settings });
  return await process.reconcile(passRequest('once'));
}

/** Both Targets have had so many passes. */
const passed = (bench: Bench, count: number) =>
  until(() => bench.passes('a').length >= count && bench.passes('b').length >= count);

async function membersOf(bench: Bench, name: string): Promise<string[]> {
  const gateway = bench.console();
  const usagePlanId = (await planNamed(gateway, name))?.id;
  if (usagePlanId === undefined) return [];
  const { items = [] } = await gateway.getUsagePlanKeys({ usagePlanId });
  return items.map((one) => one.name ?? '');
}

describe('in a daemon', () => {
  test('a key and its usage plan that moved from a to b stay when the finished annotations go', async () => {
    await using bench = await twoTargets(
      stream(key('acme', 'a'), plan('gold', 'a', ['acme']), key('birch', 'b')),
    );
    await using daemon = await bench.start();
    await until(async () => (await membersOf(bench, 'gold')).length === 1);
    await passed(bench, 1);
    const before = await keyNamed(bench.console(), 'acme');
    await bench.space.replace(
      'documents.yaml',
      stream(
        key('acme', 'b', {}, movedFrom('a/acme')),
        plan('gold', 'b', ['acme'], movedFrom('a/gold')),
        key('birch', 'b'),
      ),
    );
    const resourceOf = async () =>
      (await planNamed(bench.console(), 'gold'))?.tags?.['apikeeper:resource'];
    await until(async () => (await resourceOf()) === 'b/gold');
    await until(() => daemon.state === 'in-sync');

    const count = Math.max(bench.passes('a').length, bench.passes('b').length);
    const finished = stream(key('acme', 'b'), plan('gold', 'b', ['acme']), key('birch', 'b'));
    await bench.space.replace('documents.yaml', finished);
    await passed(bench, count + 1);
    await daemon.stop();

    expect(daemon.report()?.state).toBe('in-sync');
    const after = await bench.console().getApiKeys({});
    expect(after.items?.map(({ id, name, enabled }) => ({ id, name, enabled }))).toContainEqual({
      id: before?.id,
      name: 'acme',
      enabled: true,
    });
    expect(after.items, 'no second key is made').toHaveLength(2);
    expect(await membersOf(bench, 'gold')).toEqual(['acme']);
  });

  test('a key that a plan of a loses and a plan of b gets in one commit is detached and attached back to back', async () => {
    await using bench = await twoTargets(
      stream(key('acme', 'a'), plan('gold', 'a', ['acme']), plan('silver', 'b', [])),
    );
    await using _ = await bench.start();
    await until(async () => (await membersOf(bench, 'gold')).length === 1);
    const id = (await keyNamed(bench.console(), 'acme'))?.id;
    const since = bench.emulator.requests.length;

    await bench.space.replace(
      'documents.yaml',
      stream(key('acme', 'a'), plan('gold', 'a', []), plan('silver', 'b', [{ id }])),
    );
    await until(async () => (await membersOf(bench, 'silver')).length === 1);

    const calls = bench.emulator.requests.slice(since).map(({ operation }) => operation);
    const writes = calls.filter((operation) => /^(Create|Delete|Update)/.test(operation));
    expect(writes.slice(0, 2)).toEqual(['DeleteUsagePlanKey', 'CreateUsagePlanKey']);
  });
});

describe('a Target that can’t be written', () => {
  const moved = (id: string | undefined, annotations: object = {}) =>
    stream(key('acme', 'a'), plan('gold', 'a', []), plan('silver', 'b', [{ id }], annotations));

  test.each([
    ['is observed', {}, { 'apikeeper.dev/mode': 'observe' }],
    ['is suspended', {}, { 'apikeeper.dev/mode': 'suspend' }],
    ['can’t be connected', { roleArn: `arn:aws:iam::${ACCOUNT}:role/nobody` }, {}],
  ])('%s: a key that moves into it stays where it is', async (_why, spec, annotations) => {
    await using bench = await twoTargets(
      stream(key('acme', 'a'), plan('gold', 'a', ['acme']), plan('silver', 'b', [])),
    );
    await once(bench);
    const id = (await keyNamed(bench.console(), 'acme'))?.id;
    const targets = stream(target('a', bench.owner), target('b', bench.owner, spec));
    await bench.space.replace('targets.yaml', targets);
    await bench.space.replace('documents.yaml', moved(id, annotations));
    if ('roleArn' in spec)
      bench.emulator.inject({
        operation: 'AssumeRole',
        fault: { type: 'error', status: 403, code: 'AccessDenied', message: 'no' },
      });

    const report = await once(bench);
    expect(await membersOf(bench, 'gold')).toEqual(['acme']);
    const held = report.targets
      .flatMap(({ objects }) => objects)
      .find(({ name, action }) => name === 'gold' && action === 'hold');
    expect(held?.reason).toBe('dependency');
    expect(held?.message).toContain('UsagePlan/b/silver');
  });

  test('is left out by -n: a key that moves into it stays where it is', async () => {
    await using bench = await twoTargets(
      stream(key('acme', 'a'), plan('gold', 'a', ['acme']), plan('silver', 'b', [])),
    );
    await once(bench);
    const id = (await keyNamed(bench.console(), 'acme'))?.id;
    await bench.space.replace('documents.yaml', moved(id));

    await once(bench, { namespaces: ['a'] });
    expect(await membersOf(bench, 'gold')).toEqual(['acme']);

    await once(bench);
    expect(await membersOf(bench, 'silver')).toEqual(['acme']);
  });
});

test('a change of the files asks only the accounts whose documents changed', async () => {
  await using bench = await twoTargets(stream(key('acme', 'a'), key('birch', 'b')));
  const elsewhere = target('c', bench.owner, { region: 'eu-west-1' });
  await bench.space.replace('elsewhere.yaml', elsewhere);
  await bench.space.replace('c.yaml', key('cedar', 'c'));
  await using _ = await bench.start();
  await until(() => bench.passes('c').length === 1 && bench.passes('a').length === 1);

  await bench.space.replace('c.yaml', key('cedar', 'c', { description: 'changed' }));
  await until(() => bench.passes('c').length === 2);
  expect(bench.passes('a')).toHaveLength(1);
});

test('Targets of one account share the largest pace, also when it changes', async () => {
  await using bench = await twoTargets(stream(key('acme', 'a'), key('birch', 'b')));
  await using process = bench.engine();
  await process.reconcile(passRequest('once'));
  const budget = (requestsPerSecond: number, burst: number) => ({
    budget: { requestsPerSecond, burst },
  });
  const targets = stream(
    target('a', bench.owner, budget(2, 7)),
    target('b', bench.owner, budget(3, 40)),
  );
  await bench.space.replace('targets.yaml', targets);
  await process.reconcile(passRequest('once'));
  bench.clock.pass(3_600_000);
  expect(process.budget('a')?.tokens).toBe(40);
  expect(process.budget('b')?.tokens).toBe(40);
});

test('after a Target’s owner changed, each hold names the old owner and the way to take over', async () => {
  await using bench = await twoTargets(key('acme', 'a'));
  await using process = bench.engine();
  await process.reconcile(passRequest('once'));
  const owner = `${bench.owner}-new`;
  await bench.space.replace('targets.yaml', stream(target('a', owner), target('b', bench.owner)));
  const { targets } = await process.reconcile(passRequest('once'));
  const [held] = targets.flatMap(({ objects }) => objects).filter(({ name }) => name === 'acme');
  expect(held).toMatchObject({ action: 'hold', reason: 'foreign' });
  expect(held?.message).toContain(`adopt-from: apikeeper/${bench.owner}`);
  expect((await keyNamed(bench.console(), 'acme'))?.enabled).toBe(true);
});
