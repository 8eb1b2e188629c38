/** A Consumer of one stage, as the consumer sees it: its limits, its key, and new names. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exhausted, forbidden, passing, throttled } from '../conformance/clients.ts';
import { documentOf } from '../kit/rig.ts';
import { findKey, findPlan } from '../kit/seed.ts';
import type { Document } from '../reliability/account.ts';
import { createScene, on, passes, type Scene } from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const document = (kind: string, name: string, spec: Document, movedFrom?: string): Document =>
  documentOf(kind, name, spec, {
    namespace: 'production',
    ...(movedFrom && { annotations: { 'apikeeper.dev/moved-from': movedFrom } }),
  });
const stage = (name: string, movedFrom?: string) => document('Stage', name, on(), movedFrom);
const consumer = (name: string, spec: Document, movedFrom?: string) =>
  document('Consumer', name, spec, movedFrom);

test('it may call the stages that it names, as much as is said there, and no more once they are taken out', async () => {
  const methodThrottles = [{ method: 'GET', path: '/residents/{id}', rateLimit: 1, burstLimit: 2 }];
  const defaults = {
    throttle: { rateLimit: 40, burstLimit: 40 },
    quota: { limit: 5, period: 'DAY' },
  };
  const access = [{ stage: 'residents', methodThrottles }];
  await scene.apply(stage('residents'), consumer('acme', { defaults, access }));
  expect(await passing(() => scene.as('acme', 'GET /residents/7'), 10)).toEqual({
    passed: 2,
    next: throttled,
  });
  expect(await passing(() => scene.as('acme'), 10)).toEqual({ passed: 3, next: exhausted });
  await scene.apply(
    stage('residents'),
    consumer('acme', { defaults: { ...defaults, quota: null }, access }),
  );
  expect(await scene.as('acme')).toEqual(passes);
  await scene.apply(stage('residents'), consumer('acme', { defaults, access: [] }));
  expect(await scene.as('acme')).toEqual(forbidden);
});

test('its key can be revoked, and comes back with its value', async () => {
  const access = [{ stage: 'residents' }];
  await scene.apply(stage('residents'), consumer('acme', { access }));
  const value = scene.keyValue('acme');
  await scene.apply(stage('residents'), consumer('acme', { key: { enabled: false }, access }));
  expect(await scene.as('acme')).toEqual(forbidden);
  await scene.apply(stage('residents'), consumer('acme', { key: { enabled: true }, access }));
  expect(await scene.api.requestAs(value, 'GET /residents')).toEqual(passes);
});

test('it and its stage are called otherwise in one commit: no request fails, and the quota that was used stays used', async () => {
  const quota = { limit: 1000, period: 'DAY' };
  await scene.apply(
    stage('residents'),
    consumer('acme', { access: [{ stage: 'residents', quota }] }),
  );
  const [value, keyId, planId] = [
    scene.keyValue('acme'),
    findKey(scene.hand, 'acme'),
    findPlan(scene.hand, 'acme-residents'),
  ];
  scene.watch.follow('acme', () => scene.api.requestAs(value, 'GET /residents'));
  await scene.watch.look('the first commit');

  await scene.apply(
    stage('live', 'residents'),
    consumer('acme-ltd', { access: [{ stage: 'live', quota }] }, 'acme'),
  );
  expect(scene.watch.failed()).toEqual([]);
  expect(findKey(scene.hand, 'acme-ltd')).toBe(keyId);
  expect(findPlan(scene.hand, 'acme-ltd-live')).toBe(planId);
  const used = scene.watch.seen.length;
  expect(used).toBeGreaterThan(5);
  expect(await scene.usage('acme-ltd-live', 'acme-ltd')).toEqual([used, 1000 - used]);
});
