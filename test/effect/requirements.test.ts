/** Which methods demand a key, as callers with and without one see it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forbidden } from '../conformance/clients.ts';
import { documentOf } from '../kit/rig.ts';
import type { Document } from '../reliability/account.ts';
import { createScene, key, on, passes, plan, type Scene, stage } from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const requirement = (spec: Document): Document =>
  documentOf(
    'KeyRequirement',
    'residents',
    { restApi: { name: 'residents-api' }, ...spec },
    { name: 'residents', namespace: 'production' },
  );
const onHealth = (apiKeyRequired: boolean) => ({
  methods: [{ method: 'GET', path: '/health', apiKeyRequired }],
});
const REDEPLOY = { redeploy: { stages: ['production'] } };

const MEMBERS = [key('acme'), plan('gold', ['acme'])];
const withoutKey = (route = 'GET /health') => scene.api.request(route);

test('what the definition demands shuts nobody out until a stage serves it', async () => {
  await scene.apply(...MEMBERS);
  scene.watch.follow('without a key', withoutKey);
  await scene.apply(...MEMBERS, requirement(onHealth(true)));
  expect(scene.watch.failed()).toEqual([]);
  await scene.api.deploy();
  expect(await withoutKey()).toEqual(forbidden);
  expect(await scene.as('acme', 'GET /health')).toEqual(passes);
});

test('redeploying shuts out who has no key, and lets the consumers and their counts go on', async () => {
  const documents = [
    key('acme'),
    plan('gold', ['acme'], { quota: { limit: 1000, period: 'DAY' } }),
    stage({ variables: { port: '8080' } }),
  ];
  await scene.apply(...documents);
  for (const route of ['GET /residents', 'GET /health'])
    scene.watch.follow(route, () => scene.as('acme', route));
  await scene.apply(...documents, requirement({ ...onHealth(true), ...REDEPLOY }));
  expect(await withoutKey()).toEqual(forbidden);
  expect(scene.watch.failed()).toEqual([]);
  expect((await scene.as('acme', 'GET /health')).body.integrationUri).toBe(
    'http://old.example:8080/residents',
  );
  const counted = scene.watch.seen.filter(({ metered }) => metered).length + 1;
  expect(await scene.usage('gold', 'acme')).toEqual([counted, 1000 - counted]);
});

test('opening a method lets everybody in with the redeployment, and no keyed request fails meanwhile', async () => {
  await scene.apply(...MEMBERS);
  scene.watch.follow('acme', () => scene.as('acme', 'POST /residents'));
  const open = { methods: [{ method: 'POST', path: '/residents', apiKeyRequired: false }] };
  expect(await withoutKey('POST /residents')).toEqual(forbidden);
  await scene.apply(...MEMBERS, requirement({ ...open, ...REDEPLOY }));
  expect(await withoutKey('POST /residents')).toEqual(passes);
  expect(await withoutKey('GET /residents')).toEqual(forbidden);
  expect(scene.watch.failed()).toEqual([]);
});

test('one commit that brings key, plan and requirement: who sends the key from the beginning gets every answer', async () => {
  await scene.apply(key('acme'));
  scene.watch.follow('acme', () => scene.as('acme', 'GET /health'));
  await scene.apply(...MEMBERS, requirement({ ...onHealth(true), ...REDEPLOY }));
  expect(await withoutKey()).toEqual(forbidden);
  expect(scene.watch.seen.length).toBeGreaterThan(5);
  expect(scene.watch.failed()).toEqual([]);
});

test('where no key could pass, nothing is closed', async () => {
  const documents = [key('acme'), plan('gold', [], { stages: [on()] })];
  await scene.apply(...documents);
  scene.watch.follow('without a key', withoutKey);
  const { objects } = await scene.pass(
    ...documents,
    requirement({ ...onHealth(true), ...REDEPLOY }),
  );
  expect(objects.find(({ kind }) => kind === 'KeyRequirement')).toMatchObject({
    reason: 'no-key-can-pass',
  });
  await scene.api.deploy();
  await scene.watch.look('somebody deploys');
  expect(scene.watch.failed()).toEqual([]);
});

test("the default closes every method but a browser's preflight", async () => {
  await scene.apply(...MEMBERS);
  await scene.apply(...MEMBERS, requirement({ apiKeyRequired: true, ...REDEPLOY }));
  expect(await withoutKey()).toEqual(forbidden);
  expect(await withoutKey('OPTIONS /residents')).toEqual(passes);
});

test('a requirement that leaves Git leaves the API as it is', async () => {
  await scene.apply(...MEMBERS, requirement({ ...onHealth(true), ...REDEPLOY }));
  await scene.apply(...MEMBERS);
  await scene.api.deploy();
  expect(await withoutKey()).toEqual(forbidden);
});
