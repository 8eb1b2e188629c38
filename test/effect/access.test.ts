/** What Git says about keys, as their consumers see it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exhausted, forbidden, passing } from '../conformance/clients.ts';
import { changeInConsole } from '../scenarios/history.ts';
import { createScene, key, passes, plan, type Scene } from './scene.ts';

const DAY_MS = 24 * 3600_000;

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

test('a key passes once it is in a plan, and not before; other methods need none', async () => {
  await scene.apply(key('acme'));
  expect(await scene.as('acme')).toEqual(forbidden);
  await scene.apply(key('acme'), plan('gold', ['acme']));
  expect(await scene.as('acme')).toMatchObject({
    status: 200,
    body: { resourcePath: '/residents', stage: 'production' },
  });
  expect(await scene.api.request('GET /residents')).toEqual(forbidden);
  expect(await scene.api.request('GET /health')).toEqual(passes);
});

test('with the commit that adds a consumer, nobody else notices anything', async () => {
  await scene.apply(key('acme'), plan('gold', ['acme']));
  scene.watch.follow('acme', () => scene.as('acme'));
  await scene.apply(
    key('acme'),
    key('beta'),
    plan('gold', ['acme', 'beta']),
    key('gamma'),
    plan('silver', ['gamma']),
  );
  for (const name of ['acme', 'beta', 'gamma']) expect(await scene.as(name), name).toEqual(passes);
  expect(scene.watch.seen.length).toBeGreaterThan(5);
  expect(scene.watch.failed()).toEqual([]);
});

test('a key that leaves Git is shut out at once, and is the same again when the commit is reverted', async () => {
  const documents = [key('acme'), plan('gold', ['acme'], { quota: { limit: 5, period: 'MONTH' } })];
  await scene.apply(...documents);
  const value = scene.keyValue('acme');
  expect(await passing(() => scene.as('acme'), 2)).toEqual({ passed: 2 });
  expect(await scene.usage('gold', 'acme')).toEqual([2, 3]);

  await scene.apply();
  expect(await scene.as('acme')).toEqual(forbidden);
  scene.clock.pass(13 * DAY_MS);
  await scene.apply();
  await scene.apply(...documents);
  expect(scene.keyValue('acme')).toBe(value);
  expect(await passing(() => scene.as('acme'))).toEqual({ passed: 3, next: exhausted });
  expect(await scene.usage('gold', 'acme')).toEqual([3, 0]);
});

test('when only the key leaves Git, and its name in the plan, reverting brings back key and counters; the others of the plan notice nothing', async () => {
  const quota = { quota: { limit: 60, period: 'DAY' } };
  const documents = [key('acme'), key('beta'), plan('gold', ['acme', 'beta'], quota)];
  await scene.apply(...documents);
  await passing(() => scene.as('acme'), 59);
  scene.watch.follow('beta', () => scene.as('beta'));
  await scene.apply(key('beta'), plan('gold', ['beta'], quota));
  expect(await scene.as('acme')).toEqual(forbidden);
  await scene.apply(...documents);
  expect(await passing(() => scene.as('acme'))).toEqual({ passed: 1, next: exhausted });
  expect(scene.watch.seen.length).toBeGreaterThan(5);
  expect(scene.watch.failed()).toEqual([]);
});

test('after the grace the key is gone for good, and its consumer stays shut out', async () => {
  const documents = [key('acme'), plan('gold', ['acme'])];
  await scene.apply(...documents);
  const value = scene.keyValue('acme');
  await scene.apply();
  scene.clock.pass(14 * DAY_MS + 1000);
  await scene.apply();
  expect([...scene.hand.state.apiKeys]).toEqual([]);
  expect(await scene.api.requestAs(value, 'GET /residents')).toEqual(forbidden);
  await scene.apply(...documents);
  expect(await scene.api.requestAs(value, 'GET /residents')).toEqual(forbidden);
  expect(await scene.as('acme')).toEqual(passes);
});

test('enabled: false shuts out, and true lets in again', async () => {
  await scene.apply(key('acme'), plan('gold', ['acme']));
  await scene.apply(key('acme', { enabled: false }), plan('gold', ['acme']));
  expect(await scene.as('acme')).toEqual(forbidden);
  await scene.apply(key('acme', { enabled: true }), plan('gold', ['acme']));
  expect(await scene.as('acme')).toEqual(passes);
});

test('a key that leaves the list of a plan is shut out of its stages, and stays enabled', async () => {
  await scene.apply(key('acme'), key('beta'), plan('gold', ['acme', 'beta']));
  await scene.apply(key('acme'), key('beta'), plan('gold', ['beta']));
  expect(await scene.as('acme')).toEqual(forbidden);
  expect(await scene.as('beta')).toEqual(passes);
  expect(
    scene.hand.state.apiKeys
      .values()
      .map(({ enabled }) => enabled)
      .toArray(),
  ).toEqual([true, true]);
});

test('deletionPolicy: Retain takes nothing from a consumer', async () => {
  const retained = { deletionPolicy: 'Retain' };
  await scene.apply(key('acme', retained), plan('gold', ['acme'], retained));
  scene.watch.follow('acme', () => scene.as('acme'));
  await scene.apply();
  expect(scene.watch.seen.length).toBeGreaterThan(2);
  expect(scene.watch.failed()).toEqual([]);
});

test('what somebody takes from a consumer by hand is given back, and what somebody gives is taken', async () => {
  const documents = [key('acme'), key('beta', { enabled: false }), plan('gold', ['acme', 'beta'])];
  await scene.apply(...documents);
  await changeInConsole(scene.hand, { detach: 'acme', plan: 'gold' });
  await changeInConsole(scene.hand, { patch: 'ApiKey/acme', path: '/enabled', value: 'false' });
  await changeInConsole(scene.hand, { patch: 'ApiKey/beta', path: '/enabled', value: 'true' });
  expect(await scene.as('acme')).toEqual(forbidden);
  expect(await scene.as('beta')).toEqual(passes);
  await scene.apply(...documents);
  expect(await scene.as('acme')).toEqual(passes);
  expect(await scene.as('beta')).toEqual(forbidden);
});

test('a key that was deleted by hand is made again, and only its new value passes', async () => {
  await scene.apply(key('acme'), plan('gold', ['acme']));
  const old = scene.keyValue('acme');
  await changeInConsole(scene.hand, { delete: 'ApiKey/acme' });
  await scene.apply(key('acme'), plan('gold', ['acme']));
  expect(await scene.api.requestAs(old, 'GET /residents')).toEqual(forbidden);
  expect(await scene.as('acme')).toEqual(passes);
});
