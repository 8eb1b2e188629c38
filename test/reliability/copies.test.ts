/** A document, or a Target, stands in Git twice: an error of every copy, and what all of them agree on goes on. */
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/engine/reconcile/engine.ts';
import { type Bench, createBench, keyNamed, passRequest, planNamed } from '../engine/bench.ts';
import { stream, yaml } from '../manifests/workspace.ts';

type Fields = Readonly<Record<string, unknown>>;

const IN_A = { namespace: 'a' };
const key = (name: string, spec: Fields = {}) => yaml('ApiKey', name, spec, IN_A);
const plan = (name: string, spec: Fields = {}) => yaml('UsagePlan', name, spec, IN_A);
const consumer = (spec: Fields) => yaml('Consumer', 'acme', spec, IN_A);

async function openScene() {
  const bench = await createBench({});
  // The Targets decide about the mode.
  const { mode: _, ...settings } = bench.settings;
  const engine = createEngine(settings, bench.surroundings);
  const target = (name: string, more: Fields = {}) =>
    yaml('Target', name, {
      region: 'eu-west-2',
      accountId: '123456789012',
      owner: bench.owner,
      prune: true,
      ...more,
    });
  async function pass(...documents: readonly string[]) {
    await bench.space.write('tree.yaml', stream(...documents));
    return engine.reconcile(passRequest('once'));
  }
  return {
    bench,
    target,
    pass,
    key: (name: string) => keyNamed(bench.console(), name),
    plan: (name: string) => planNamed(bench.console(), name),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await bench[Symbol.asyncDispose]();
    },
  };
}

async function membersOf(bench: Bench, plan: string): Promise<(string | undefined)[]> {
  const usagePlanId = (await planNamed(bench.console(), plan))?.id ?? '';
  const { items = [] } = await bench.console().getUsagePlanKeys({ usagePlanId });
  return items.map(({ name }) => name).sort();
}

describe('a document', () => {
  test('all copies disable the key: it is disabled, and every copy is a problem', async () => {
    await using scene = await openScene();
    await scene.pass(scene.target('a'), key('acme'));
    const off = key('acme', { enabled: false });
    const { problems, state, targets } = await scene.pass(scene.target('a'), off, off);
    expect((await scene.key('acme'))?.enabled).toBe(false);
    expect(problems.map(({ name }) => name)).toEqual(['acme', 'acme']);
    expect(state).toBe('failing');
    expect(targets.map(({ namespace }) => namespace)).toEqual(['a']);
  });

  test('copies that differ: what they agree on is done, and the rest is held', async () => {
    await using scene = await openScene();
    await scene.pass(scene.target('a'), key('acme', { description: 'first' }));
    const { targets } = await scene.pass(
      scene.target('a'),
      key('acme', { enabled: false, description: 'second' }),
      key('acme', { enabled: false }),
    );
    expect(await scene.key('acme')).toMatchObject({ enabled: false, description: 'first' });
    const held = targets[0]?.objects.find(({ action }) => action === 'hold');
    expect(held).toMatchObject({ name: 'acme', reason: 'ambiguous' });
    expect(held?.message).toContain('/spec/description');
    expect(held?.message).toContain('tree.yaml:4');
    expect(held?.message).toContain('tree.yaml:6');
  });

  test('copies that disagree on enabled leave it as it is', async () => {
    await using scene = await openScene();
    await scene.pass(scene.target('a'), key('acme', { enabled: true }));
    await scene.pass(scene.target('a'), key('acme', { enabled: false }), key('acme'));
    expect((await scene.key('acme'))?.enabled).toBe(true);
  });

  test('an invalid copy agrees on what it says', async () => {
    await using scene = await openScene();
    await scene.pass(scene.target('a'), key('acme'));
    const invalid = key('acme', { enabled: false, descripton: 1 });
    await scene.pass(scene.target('a'), invalid, key('acme', { enabled: false }));
    expect((await scene.key('acme'))?.enabled).toBe(false);
  });

  test('what does not exist is made only where all copies are the same', async () => {
    await using scene = await openScene();
    const { targets } = await scene.pass(
      scene.target('a'),
      key('acme'),
      key('acme'),
      key('birch', { description: 'x' }),
      key('birch'),
    );
    expect((await scene.key('acme'))?.enabled).toBe(true);
    expect(await scene.key('birch')).toBeUndefined();
    const held = targets[0]?.objects.find(({ name }) => name === 'birch');
    expect(held).toMatchObject({ action: 'hold', wants: 'create', reason: 'ambiguous' });
  });

  test('a key that all copies take out of a usage plan leaves it', async () => {
    await using scene = await openScene();
    const keys = [key('acme'), key('birch')];
    await scene.pass(scene.target('a'), ...keys, plan('gold', { keys: ['acme', 'birch'] }));
    const gold = plan('gold', { keys: ['acme'] });
    await scene.pass(scene.target('a'), ...keys, gold, gold);
    expect(await membersOf(scene.bench, 'gold')).toEqual(['acme']);
  });

  test('nothing is removed beside it: the copy may have been meant for what is gone', async () => {
    await using scene = await openScene();
    await scene.pass(scene.target('a'), key('acme'), key('birch'));
    await scene.pass(scene.target('a'), key('acme'), key('acme'));
    expect((await scene.key('birch'))?.enabled).toBe(true);
  });

  test('a Consumer: its key is disabled, a stage of one copy alone is left as it is', async () => {
    await using scene = await openScene();
    const access = [{ stage: 's1', throttle: { rateLimit: 5, burstLimit: 5 } }, { stage: 's2' }];
    await scene.pass(scene.target('a'), consumer({ access }));
    await scene.pass(
      scene.target('a'),
      consumer({ key: { enabled: false }, access }),
      consumer({ key: { enabled: false }, access: access.slice(0, 1) }),
    );
    expect((await scene.key('acme'))?.enabled).toBe(false);
    expect(await scene.plan('acme-s1')).toMatchObject({ throttle: { rateLimit: 5 } });
    expect(await scene.plan('acme-s2')).toBeDefined();
  });
});

describe('a Target', () => {
  test('the copies agree on the place: its documents go on, and the report calls it failing', async () => {
    await using scene = await openScene();
    await scene.pass(scene.target('a'), key('acme'), key('birch'));
    const { targets, problems } = await scene.pass(
      scene.target('a'),
      scene.target('a', { prune: false, guards: { maxKeys: 1, maxPercent: 1 } }),
      key('acme', { enabled: false }),
    );
    expect(targets).toMatchObject([{ namespace: 'a', state: 'failing' }]);
    expect(problems).toHaveLength(2);
    expect((await scene.key('acme'))?.enabled).toBe(false);
    expect((await scene.key('birch'))?.enabled, 'only one copy prunes').toBe(true);
  });

  test('the copies disagree on the mode: nothing is written', async () => {
    await using scene = await openScene();
    await scene.pass(scene.target('a'), key('acme'));
    const copies = [scene.target('a', { mode: 'enforce' }), scene.target('a', { mode: 'observe' })];
    await scene.pass(...copies, key('acme', { enabled: false }));
    expect((await scene.key('acme'))?.enabled).toBe(true);
  });

  test('the copies disagree on the place: nothing is asked, and its documents still count', async () => {
    await using scene = await openScene();
    await scene.pass(scene.target('a'), scene.target('b'), key('acme'), key('birch'));
    const before = scene.bench.emulator.requests.length;
    const moved = { namespace: 'a', annotations: { 'apikeeper.dev/moved-from': 'b/cedar' } };
    const cedar = yaml('ApiKey', 'cedar', {}, { namespace: 'b' });
    const { targets } = await scene.pass(
      scene.target('a'),
      scene.target('a', { region: 'eu-west-1' }),
      scene.target('b'),
      key('acme', { enabled: false }),
      cedar,
    );
    expect(targets).toMatchObject([
      { namespace: 'a', state: 'failing' },
      { namespace: 'b', state: 'in-sync' },
    ]);
    expect(targets[0]?.error).toContain('region');
    expect(targets[1]?.objects.map(({ name }) => name)).toEqual(['cedar']);
    expect((await scene.key('acme'))?.enabled).toBe(true);
    expect(scene.bench.emulator.requests.length).toBeGreaterThan(before);

    await scene.pass(
      scene.target('a'),
      scene.target('a', { region: 'eu-west-1' }),
      scene.target('b'),
      yaml('ApiKey', 'cedar', {}, moved),
    );
    expect((await scene.key('cedar'))?.enabled, 'the document that it moved to is there').toBe(
      true,
    );
  });
});
