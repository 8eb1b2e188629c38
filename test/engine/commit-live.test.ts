/** How long a commit takes until it is live, as the daemon tells it. */
import { expect, test } from 'vitest';
import { stream, yaml } from '../manifests/workspace.ts';
import { type Bench, createBench, EVERY_TEN, keyNamed, until } from './bench.ts';

const key = (name: string, spec: object = {}) => yaml('ApiKey', name, { enabled: true, ...spec });
const live = (bench: Bench) => bench.events.filter(({ event }) => event === 'commit.live');
const passes = (bench: Bench) => bench.passes().length;

async function settled(bench: Bench): Promise<void> {
  await until(() => bench.passes().at(-1)?.state === 'in-sync');
}

test('what is declared at the start is live so long after it was read', async () => {
  await using bench = await createBench({ 'a.yaml': key('acme') });
  await using _ = await bench.start();
  await settled(bench);
  expect(live(bench)).toMatchObject([{ namespace: 'default' }]);
  expect(
    Number(live(bench)[0]?.durationMs),
    'the wait for the second list is part of it',
  ).toBeGreaterThanOrEqual(4_000);
});

test('a commit is told once it is live; what asks for nothing, or heals drift, is none', async () => {
  await using bench = await createBench({ 'a.yaml': key('acme') });
  const gateway = bench.console();
  await using daemon = await bench.start();
  await settled(bench);
  const first = live(bench).length;

  await bench.space.write('a.yaml', key('acme', { description: 'second' }));
  await until(() => live(bench).length === first + 1);
  expect(
    Number(live(bench).at(-1)?.durationMs),
    'the quiet period is part of it',
  ).toBeGreaterThanOrEqual(10);

  const { id = '' } = (await keyNamed(gateway, 'acme')) ?? {};
  await gateway.updateApiKey({
    apiKey: id,
    patchOperations: [{ op: 'replace', path: '/description', value: 'by hand' }],
  });
  bench.tick(EVERY_TEN);
  await until(async () => (await gateway.getApiKey({ apiKey: id })).description === 'second');
  const before = passes(bench);
  daemon.request('signal');
  await until(() => passes(bench) > before);
  await daemon.stop();
  expect(live(bench).length).toBe(first + 1);
  expect(bench.events.find(({ event }) => event === 'drift.resolved')).toMatchObject({
    kind: 'ApiKey',
    name: 'acme',
  });
  expect(
    Number(bench.events.find(({ event }) => event === 'drift.resolved')?.durationMs),
  ).toBeGreaterThanOrEqual(0);
});

test('what is removed from Git is a commit like any other', async () => {
  await using bench = await createBench({
    'target.yaml': yaml('Target', 'default', {
      owner: 'commit-live',
      prune: true,
      mode: 'enforce',
      accountId: '123456789012',
      region: 'eu-west-2',
    }),
    'a.yaml': stream(key('acme'), key('birch')),
  });
  await using _ = await bench.start();
  await settled(bench);
  const first = live(bench).length;
  await bench.space.write('a.yaml', key('acme'));
  await until(() => live(bench).length > first);
  expect(bench.events.map(({ event }) => event)).toContain('object.disabled');
});

test('a commit whose pass gave way to another is live with that one, and counted from the first hint', async () => {
  const plans = (rateLimit: number) =>
    stream(
      ...['a', 'b', 'c'].map((name) =>
        yaml('UsagePlan', name, { throttle: { rateLimit, burstLimit: 10 } }),
      ),
    );
  await using bench = await createBench({ 'plans.yaml': plans(10) }, { quotas: 'real' });
  await using _ = await bench.start({ settings: { operationQuotas: true } });
  await settled(bench);
  const first = live(bench).length;
  await bench.space.write('plans.yaml', plans(20));
  await until(() => bench.calls('UpdateUsagePlan') === 1 && bench.clock.waiting > 0);
  bench.clock.pass(5_000);
  await bench.space.write('keys.yaml', key('acme'));
  await until(async () => (await keyNamed(bench.console(), 'acme')) !== undefined);
  bench.clock.hurry();
  await until(() => live(bench).length > first);
  expect(live(bench)).toHaveLength(first + 1);
  expect(Number(live(bench).at(-1)?.durationMs)).toBeGreaterThanOrEqual(40_000);
});
