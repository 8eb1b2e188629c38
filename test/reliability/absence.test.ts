/** Absence in the manifests directory: a document that is only being moved takes nothing away (docs/contract.md#safety). */
import { describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/reconcile/engine.ts';
import {
  type Bench,
  createBench,
  EVERY_TEN,
  keyNamed,
  passRequest,
  until,
} from '../engine/bench.ts';
import { stream, yaml } from '../manifests/workspace.ts';

const key = (name: string, metadata: object = {}, spec: object = {}) =>
  yaml('ApiKey', name, spec, { namespace: 'production', ...metadata });
const plan = (keys: readonly string[]) =>
  yaml('UsagePlan', 'gold', { keys }, { namespace: 'production' });

/** A Target that prunes; its owner is no other test's, since writing takes a lock. */
function target(bench: Pick<Bench, 'owner'>): string {
  const spec = {
    region: 'eu-west-2',
    accountId: '123456789012',
    owner: bench.owner,
    mode: 'enforce',
    prune: true,
    guards: { maxKeys: 100, maxPercent: 100 },
  };
  return yaml('Target', 'production', spec);
}

/** Acme and birch are live, of a plain directory. */
async function plainDirectory(): Promise<Bench> {
  const bench = await createBench({ 'acme.yaml': key('acme'), 'birch.yaml': key('birch') });
  await bench.space.write('target.yaml', target(bench));
  return bench;
}

const settled = (bench: Bench) =>
  until(() => bench.passes('production').at(-1)?.state === 'in-sync');
const loads = (bench: Bench) =>
  bench.events.filter(({ event }) => event === 'manifests.loaded').length;

/** Names of keys that have been disabled at any time. */
async function disabledEver(bench: Bench): Promise<string[]> {
  return bench.events
    .filter(({ event }) => event === 'object.disabled')
    .map(({ name }) => String(name));
}

/** An engine that does something before each reading of the directory, told how many came before it. */
function beforeReading(work: (count: number) => Promise<void>) {
  return (engine: Engine): Engine => {
    let count = 0;
    return {
      ...engine,
      lastCallAt: 0,
      async load() {
        await work(count);
        count += 1;
        return engine.load();
      },
    };
  };
}

describe('a daemon on a plain directory', () => {
  test('a file is deleted, and the other is written two seconds later: nobody loses access', async () => {
    await using bench = await plainDirectory();
    const gateway = bench.console();
    let missed = Number.POSITIVE_INFINITY;
    await using daemon = await bench.start({
      around: beforeReading(async (count) => {
        if (count > missed) await bench.space.replace('moved/acme.yaml', key('acme'));
      }),
    });
    await settled(bench);
    missed = loads(bench);
    await bench.space.remove('acme.yaml');
    await until(() => loads(bench) >= missed + 2);
    await until(() => bench.passes('production').at(-1)?.trigger === 'change');
    await settled(bench);
    expect(await disabledEver(bench)).toEqual([]);
    expect((await keyNamed(gateway, 'acme'))?.enabled).toBe(true);
    await daemon.stop();
  });

  test('a file stays away: the second look comes by itself, after two seconds', async () => {
    await using bench = await plainDirectory();
    const gateway = bench.console();
    await using _ = await bench.start();
    await settled(bench);
    const before = loads(bench);
    const began = bench.clock.now();
    await bench.space.remove('acme.yaml');
    await until(async () => (await keyNamed(gateway, 'acme'))?.enabled === false);
    expect(loads(bench)).toBeGreaterThanOrEqual(before + 2);
    expect(bench.clock.now() - began).toBeGreaterThanOrEqual(2_000);
    const held = bench.events.filter(({ event, chosen }) => event === 'step.held' && !chosen);
    expect(held).toMatchObject([{ name: 'acme', reason: 'incomplete-manifests' }]);
    expect(held[0]?.message).toContain('nothing has to be written');
    await settled(bench);
    const states = bench.passes('production').map(({ state }) => state);
    expect(states).toContain('held');
    expect(states.at(-1)).toBe('in-sync');
  });

  test('a line in a file needs no second look: a key that is disabled, or leaves a written list', async () => {
    await using bench = await createBench({
      'keys.yaml': stream(key('acme'), key('birch')),
      'plan.yaml': plan(['acme', 'birch']),
    });
    await bench.space.write('target.yaml', target(bench));
    await using _ = await bench.start();
    await settled(bench);
    const before = { loads: loads(bench), calls: bench.calls('DeleteUsagePlanKey') };
    await bench.space.replace('plan.yaml', plan(['birch']));
    await until(() => bench.calls('DeleteUsagePlanKey') > before.calls);
    await settled(bench);
    await bench.space.replace(
      'keys.yaml',
      stream(key('acme'), key('birch', {}, { enabled: false })),
    );
    await until(async () => (await keyNamed(bench.console(), 'birch'))?.enabled === false);
    expect(loads(bench)).toBe(before.loads + 2);
  });

  test('what a line in a file says does not wait for the second look of another', async () => {
    await using bench = await plainDirectory();
    let isOpen = true;
    let missed = Number.POSITIVE_INFINITY;
    await using _ = await bench.start({
      around: beforeReading(async (count) => {
        if (count > missed) await until(() => !isOpen);
      }),
    });
    await settled(bench);
    missed = loads(bench);
    await bench.space.replace('birch.yaml', key('birch', {}, { enabled: false }));
    await bench.space.remove('acme.yaml');
    await until(async () => (await keyNamed(bench.console(), 'birch'))?.enabled === false);
    expect((await keyNamed(bench.console(), 'acme'))?.enabled).toBe(true);
    isOpen = false;
    await until(async () => (await keyNamed(bench.console(), 'acme'))?.enabled === false);
  });
});

test('the second look revokes while a full reading goes on', async () => {
  await using bench = await plainDirectory();
  await using _ = await bench.start();
  await settled(bench);
  const lists = bench.calls('GetApiKeys');
  const fault = { type: 'throttle', retryAfter: 60 } as const;
  bench.emulator.inject({ operation: 'GetApiKeys', times: 1, fault });
  bench.tick(EVERY_TEN);
  await until(() => bench.calls('GetApiKeys') > lists && bench.clock.waiting > 0);
  const passes = bench.passes('production').length;
  await bench.space.remove('acme.yaml');
  await until(() => bench.events.some(({ event }) => event === 'object.disabled'));
  expect(bench.passes('production').length, 'the reading is not over').toBe(passes);
  bench.clock.hurry();
  await settled(bench);
});

test('a link that leads elsewhere publishes all at once: one reading is enough', async () => {
  await using bench = await createBench({
    '.worktrees/1/acme.yaml': key('acme'),
    '.worktrees/1/birch.yaml': key('birch'),
    '.worktrees/2/birch.yaml': key('birch'),
  });
  for (const commit of ['1', '2'])
    await bench.space.write(`.worktrees/${commit}/target.yaml`, target(bench));
  await bench.space.publish('repo', '.worktrees/1');
  await using _ = await bench.start({ directory: `${bench.space.path}/repo` });
  await settled(bench);
  const before = loads(bench);
  await bench.space.publish('repo', '.worktrees/2');
  await until(async () => (await keyNamed(bench.console(), 'acme'))?.enabled === false);
  expect(loads(bench)).toBeGreaterThan(before);
  const held = bench.events.filter(({ reason }) => reason === 'incomplete-manifests');
  expect(held, 'no second look is waited for').toEqual([]);
});

describe('a process that just started', () => {
  /** Runs once, and counts its long waits; `onWait` is called in each. */
  async function runOnce(bench: Bench, onWait: () => Promise<void> = async () => {}) {
    const waits: number[] = [];
    const clock = {
      now: bench.clock.now,
      async sleep(ms: number, signal?: AbortSignal) {
        waits.push(ms);
        await onWait();
        await bench.clock.sleep(ms, signal);
      },
    };
    await using engine = createEngine(bench.settings, { ...bench.surroundings, clock });
    const { targets } = await engine.reconcile(passRequest('once'));
    return { waits, state: targets[0]?.state, objects: targets[0]?.objects };
  }

  test('reads the directory again where there is something to remove', async () => {
    await using bench = await plainDirectory();
    await runOnce(bench);
    await bench.space.remove('acme.yaml');
    const { waits, state } = await runOnce(bench);
    expect(waits).toHaveLength(1);
    expect(state).toBe('in-sync');
    expect((await keyNamed(bench.console(), 'acme'))?.enabled).toBe(false);
  });

  test('removes nothing that the second reading finds', async () => {
    await using bench = await plainDirectory();
    await runOnce(bench);
    await bench.space.remove('acme.yaml');
    const { state, objects } = await runOnce(bench, () =>
      bench.space.replace('moved/acme.yaml', key('acme')),
    );
    expect(state).toBe('held');
    expect(objects).toContainEqual(
      expect.objectContaining({ name: 'acme', reason: 'incomplete-manifests' }),
    );
    expect((await keyNamed(bench.console(), 'acme'))?.enabled).toBe(true);
  });

  test('does not wait where there is nothing to remove', async () => {
    await using bench = await plainDirectory();
    await runOnce(bench);
    await bench.space.replace('acme.yaml', key('acme', {}, { enabled: false }));
    expect(await runOnce(bench)).toMatchObject({ waits: [], state: 'in-sync' });
  });
});
