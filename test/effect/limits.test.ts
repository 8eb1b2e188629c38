/** The limits that Git sets, as consumers run into them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exhausted, passing, throttled } from '../conformance/clients.ts';
import { changeInConsole } from '../scenarios/history.ts';
import { createScene, key, on, passes, plan, type Scene, stage } from './scene.ts';

const HOUR_MS = 3600_000;

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const all = (name: string, route?: string) => passing(() => scene.as(name, route));

test('over the burst 429, each key for itself, and so many a second come back', async () => {
  await scene.apply(
    key('acme'),
    key('beta'),
    plan('gold', ['acme', 'beta'], { throttle: { rateLimit: 2, burstLimit: 4 } }),
  );
  expect(await all('acme')).toEqual({ passed: 4, next: throttled });
  expect(await all('beta')).toEqual({ passed: 4, next: throttled });
  scene.clock.pass(1000);
  expect(await all('acme')).toEqual({ passed: 2, next: throttled });
});

test("over a method's throttle 429, while the other methods go on", async () => {
  const methodThrottles = [{ method: 'GET', path: '/residents/{id}', rateLimit: 1, burstLimit: 2 }];
  const limits = { throttle: { rateLimit: 40, burstLimit: 40 }, stages: [on({ methodThrottles })] };
  await scene.apply(key('acme'), plan('gold', ['acme'], limits));
  expect(await all('acme', 'GET /residents/7')).toEqual({ passed: 2, next: throttled });
  expect(await scene.as('acme', 'GET /residents')).toEqual(passes);
  expect(await scene.as('acme', 'POST /residents')).toEqual(passes);
  scene.clock.pass(HOUR_MS);
  await scene.apply(key('acme'), plan('gold', ['acme'], { ...limits, stages: [on()] }));
  expect((await all('acme', 'GET /residents/7')).passed).toBe(40);
});

test('over the quota 429 Limit Exceeded, for this key and this period', async () => {
  await scene.apply(
    key('acme'),
    key('beta'),
    plan('gold', ['acme', 'beta'], { quota: { limit: 3, period: 'DAY' } }),
  );
  expect(await all('acme')).toEqual({ passed: 3, next: exhausted });
  expect(await scene.as('acme', 'GET /health')).toEqual(passes);
  expect(await all('beta')).toEqual({ passed: 3, next: exhausted });
  scene.clock.pass(24 * HOUR_MS);
  expect(await all('acme')).toEqual({ passed: 3, next: exhausted });
});

test('a lowered limit holds at once, what was used counts, and a raised one lets in again', async () => {
  const quota = (limit: number) => [
    key('acme'),
    plan('gold', ['acme'], { quota: { limit, period: 'MONTH' } }),
  ];
  await scene.apply(...quota(10));
  expect(await passing(() => scene.as('acme'), 5)).toEqual({ passed: 5 });
  await scene.apply(...quota(4));
  expect(await scene.as('acme')).toEqual(exhausted);
  await scene.apply(...quota(7));
  expect(await all('acme')).toEqual({ passed: 2, next: exhausted });
  expect(await scene.usage('gold', 'acme')).toEqual([7, 0]);
});

test('a lowered burst holds at once; 0 lets nothing through, and no throttle everything', async () => {
  const limited = (throttle: unknown) => [key('acme'), plan('gold', ['acme'], { throttle })];
  await scene.apply(...limited({ rateLimit: 10, burstLimit: 40 }));
  expect(await scene.as('acme')).toEqual(passes);
  await scene.apply(...limited({ rateLimit: 1, burstLimit: 5 }));
  expect(await all('acme')).toEqual({ passed: 5, next: throttled });
  await scene.apply(...limited({ rateLimit: 0, burstLimit: 0 }));
  scene.clock.pass(HOUR_MS);
  expect(await scene.as('acme')).toEqual(throttled);
  await scene.apply(...limited(null));
  expect(await all('acme')).toEqual({ passed: 50 });
});

test('a limit that somebody raised by hand is back after the next pass', async () => {
  const documents = [
    key('acme'),
    plan('gold', ['acme'], { throttle: { rateLimit: 1, burstLimit: 5 } }),
  ];
  await scene.apply(...documents);
  await changeInConsole(scene.hand, {
    patch: 'UsagePlan/gold',
    path: '/throttle/burstLimit',
    value: '30',
  });
  scene.clock.pass(HOUR_MS);
  expect(await all('acme')).toEqual({ passed: 30, next: throttled });
  await scene.apply(...documents);
  scene.clock.pass(HOUR_MS);
  expect(await all('acme')).toEqual({ passed: 5, next: throttled });
});

test("the stage's own throttle holds for everybody, with a key or without", async () => {
  const methodSettings = [
    { method: '*', path: '/*', throttle: { rateLimit: 10, burstLimit: 20 } },
    { method: 'GET', path: '/health', throttle: { rateLimit: 1, burstLimit: 2 } },
  ];
  await scene.apply(
    stage({ methodSettings }),
    key('acme'),
    key('beta'),
    plan('gold', ['acme', 'beta']),
  );
  expect(await passing(() => scene.api.request('GET /health'))).toEqual({
    passed: 2,
    next: throttled,
  });
  expect(await passing(() => scene.as('acme'), 15)).toEqual({ passed: 15 });
  expect(await all('beta')).toEqual({ passed: 5, next: throttled });
  expect((await all('beta', 'POST /residents')).passed).toBe(20);
});

test('what UpdateUsage grants by hand is not drift, and survives the passes', async () => {
  const documents = [key('acme'), plan('gold', ['acme'], { quota: { limit: 2, period: 'MONTH' } })];
  await scene.apply(...documents);
  await all('acme');
  const usagePlanId = [...scene.hand.state.usagePlans.keys()][0];
  const keyId = [...scene.hand.state.apiKeys.keys()][0];
  const patchOperations = [{ op: 'replace' as const, path: '/remaining', value: '3' }];
  await scene.hand.gateway.updateUsage({ usagePlanId, keyId, patchOperations });
  const { summary } = await scene.apply(...documents);
  expect(summary).toMatchObject({ update: 0, keep: 2 });
  expect(await all('acme')).toEqual({ passed: 3, next: exhausted });
});
