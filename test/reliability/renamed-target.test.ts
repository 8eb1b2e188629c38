/** A Target is renamed, or goes: what it left behind is told by name, made no second time, and carried over on request. */
import type { ApiKey } from '@aws-sdk/client-api-gateway';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/reconcile/engine.ts';
import { type Bench, createBench, passRequest } from '../engine/bench.ts';
import { stream, yaml } from '../manifests/workspace.ts';

type Fields = Readonly<Record<string, unknown>>;

const key = (name: string, namespace: string, metadata: Fields = {}) =>
  yaml('ApiKey', name, {}, { namespace, ...metadata });
const plan = (name: string, namespace: string, keys: readonly string[]) =>
  yaml('UsagePlan', name, { keys }, { namespace });

interface Scene extends AsyncDisposable {
  readonly bench: Bench;
  readonly engine: Engine;
  /** Writes the one file of the directory, and makes a pass; gives the report's first target. */
  pass(
    ...documents: readonly string[]
  ): Promise<NonNullable<Awaited<ReturnType<Engine['reconcile']>>['targets'][0]>>;
  target(name: string, spec?: Fields, annotations?: Fields): string;
  keys(): Promise<ApiKey[]>;
}

async function openScene(): Promise<Scene> {
  const bench = await createBench({});
  const engine = bench.engine();
  const spec = { region: 'eu-west-2', accountId: '123456789012', owner: bench.owner, prune: true };
  return {
    bench,
    engine,
    async pass(...documents) {
      await bench.space.write('tree.yaml', stream(...documents));
      const { targets, problems } = await engine.reconcile(passRequest('once'));
      const [target] = targets;
      if (!target || problems.length > 0) throw new Error(JSON.stringify(problems));
      return target;
    },
    target: (name, more = {}, annotations = {}) =>
      yaml('Target', name, { ...spec, ...more }, { annotations }),
    keys: async () => (await bench.console().getApiKeys({})).items ?? [],
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

const CARRIED = { 'apikeeper.dev/moved-from': 'production' };
const told = ({ events }: Bench) => events.filter(({ event }) => event === 'object.stranded');

describe('a Target is renamed', () => {
  test('without a word: no second key is made, and the first is told by name, once', async () => {
    await using scene = await openScene();
    await scene.pass(
      scene.target('production'),
      key('acme', 'production'),
      key('left', 'production'),
    );
    const before = await scene.keys();
    const after = [scene.target('live'), key('acme', 'live'), key('new', 'live')];
    const { objects, state } = await scene.pass(...after);
    expect(state).toBe('held');
    expect((await scene.keys()).map(({ name }) => name).sort()).toEqual(['acme', 'left', 'new']);
    expect((await scene.keys()).filter(({ id }) => before.some((one) => one.id === id))).toEqual(
      before,
    );

    const held = objects.find(({ action }) => action === 'hold');
    expect(held).toMatchObject({
      name: 'acme',
      wants: 'create',
      reason: 'stranded',
      state: 'missing',
    });
    expect(held?.message).toContain('apikeeper.dev/moved-from: production/acme');
    expect(held?.message).toContain('owner');
    const stranded = objects.filter(({ state }) => state === 'stranded');
    expect(stranded).toMatchObject([
      { kind: 'ApiKey', namespace: 'production', name: 'acme', action: 'keep' },
      { kind: 'ApiKey', namespace: 'production', name: 'left', action: 'keep' },
    ]);
    await scene.pass(...after);
    expect(told(scene.bench)).toMatchObject([{ name: 'acme' }, { name: 'left' }]);
  });

  test('one document is carried over by its own moved-from', async () => {
    await using scene = await openScene();
    await scene.pass(scene.target('production'), key('acme', 'production'));
    const before = await scene.keys();
    const annotations = { 'apikeeper.dev/moved-from': 'production/acme' };
    const { objects, state } = await scene.pass(
      scene.target('live'),
      key('acme', 'live', { annotations }),
    );
    expect(state).toBe('in-sync');
    expect((await scene.keys()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(objects.map((one) => one.state)).toEqual(['changed']);
  });

  test('with moved-from on the Target: all is carried over, and what left Git leaves', async () => {
    await using scene = await openScene();
    await scene.pass(
      scene.target('production'),
      key('acme', 'production'),
      key('left', 'production'),
      plan('gold', 'production', ['acme', 'left']),
    );
    const before = await scene.keys();
    const after = [
      scene.target('live', {}, CARRIED),
      key('acme', 'live'),
      key('new', 'live'),
      plan('gold', 'live', ['acme']),
    ];
    const { objects, state } = await scene.pass(...after);
    expect(state).toBe('in-sync');
    expect(objects.filter(({ state }) => state === 'stranded')).toEqual([]);
    const now = await scene.keys();
    const enabled = Object.fromEntries(now.map(({ name, enabled }) => [name, enabled]));
    expect(enabled).toEqual({ acme: true, left: false, new: true });
    const ids = Object.fromEntries(now.map(({ name, id }) => [name, id]));
    for (const { name = '', id } of before) expect(ids[name]).toBe(id);
    const acme = now.find(({ name }) => name === 'acme');
    expect(acme?.tags?.['apikeeper:resource']).toBe('live/acme');
    expect((await scene.bench.console().getUsagePlans({})).items).toHaveLength(1);

    await scene.pass(...after);
    expect(await scene.keys()).toEqual(now);
    // Done, the annotation may go.
    await scene.pass(scene.target('live'), ...after.slice(1));
    expect(await scene.keys()).toEqual(now);
  });

  test('also of a Consumer, and of a document that is renamed with it', async () => {
    await using scene = await openScene();
    const consumer = (name: string, namespace: string, metadata: Fields = {}) =>
      yaml('Consumer', name, { access: [{ stage: 'residents' }] }, { namespace, ...metadata });
    await scene.pass(
      scene.target('production'),
      consumer('acme', 'production'),
      key('birch', 'production'),
    );
    const before = await scene.keys();
    const annotations = { 'apikeeper.dev/moved-from': 'birch' };
    await scene.pass(
      scene.target('live', {}, CARRIED),
      consumer('acme', 'live'),
      key('cedar', 'live', { annotations }),
    );
    expect((await scene.keys()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect((await scene.keys()).every(({ enabled }) => enabled)).toBe(true);
  });
});

test('a Target that goes leaves its objects to be told by another of the account', async () => {
  await using scene = await openScene();
  await scene.pass(scene.target('a'), scene.target('b'), key('acme', 'a'), key('birch', 'b'));
  const { objects, state } = await scene.pass(scene.target('b'), key('birch', 'b'));
  expect(state).toBe('in-sync');
  expect(objects.filter(({ state }) => state === 'stranded')).toMatchObject([
    { name: 'acme', namespace: 'a' },
  ]);
  expect((await scene.keys()).every(({ enabled }) => enabled)).toBe(true);
});

test('a namespace whose Target is in another region is borne by none here', async () => {
  await using scene = await openScene();
  const targets = (region: string) => [scene.target('a', { region }), scene.target('b')];
  await scene.pass(...targets('eu-west-2'), key('acme', 'a'), key('birch', 'b'));
  await scene.engine[Symbol.asyncDispose]();
  await using later = scene.bench.engine();
  await scene.bench.space.write('tree.yaml', stream(...targets('eu-west-1'), key('birch', 'b')));
  const { targets: found } = await later.reconcile(passRequest('once'));
  const stranded = found
    .flatMap(({ objects }) => objects)
    .filter(({ state }) => state === 'stranded');
  expect(stranded).toMatchObject([{ name: 'acme', namespace: 'a' }]);
});

test('nothing is called stranded while a Target may only be unread', async () => {
  await using scene = await openScene();
  await scene.pass(scene.target('a'), scene.target('b'), key('acme', 'a'), key('birch', 'b'));
  await scene.bench.space.write(
    'tree.yaml',
    stream(
      scene.target('a', { regoin: 1 }),
      scene.target('b'),
      key('acme', 'a'),
      key('birch', 'b'),
    ),
  );
  const { targets } = await scene.engine.reconcile(passRequest('once'));
  expect(targets.flatMap(({ objects }) => objects.map(({ state }) => state))).toEqual(['in-sync']);
});

describe('a Target changes its account or region', () => {
  test('held as a whole while its objects are in the old place, and free when they have left', async () => {
    await using scene = await openScene();
    const abroad = scene.target('production', { region: 'eu-west-1' });
    const acme = key('acme', 'production');
    await scene.pass(scene.target('production'), acme);
    const before = scene.bench.emulator.requests.length;
    const { state, objects } = await scene.pass(abroad, acme);
    expect(state).toBe('held');
    expect(objects).toMatchObject([
      { kind: 'Target', name: 'production', action: 'hold', reason: 'moved-target' },
    ]);
    expect(objects[0]?.message).toContain('declare a Target of another name');
    expect(objects[0]?.changes).toMatchObject([
      { path: '/spec/region', live: 'eu-west-2', desired: 'eu-west-1' },
    ]);
    expect(scene.bench.emulator.requests.length, 'nothing is asked there').toBe(before);
    await scene.pass(abroad, acme);
    const held = scene.bench.events.filter(({ event }) => event === 'step.held');
    expect(held).toMatchObject([{ kind: 'Target', reason: 'moved-target' }]);

    expect(await scene.pass(scene.target('production'), acme)).toMatchObject({ state: 'in-sync' });
    const key1 = (await scene.keys())[0];
    await scene.pass(scene.target('production'));
    await scene.bench.console().deleteApiKey({ apiKey: key1?.id ?? '' });
    await scene.pass(scene.target('production'));
    const moved = await scene.pass(abroad, acme);
    expect(moved.objects).toMatchObject([{ name: 'acme', outcome: 'created' }]);
  });
});
