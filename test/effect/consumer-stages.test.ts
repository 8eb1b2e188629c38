/** A Consumer over two stages: what each of them answers when a stage, the document or its name goes. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Answer, exhausted, forbidden, passing } from '../conformance/clients.ts';
import { documentOf } from '../kit/rig.ts';
import type { Document } from '../reliability/account.ts';
import { createScene, on, passes, type Scene } from './scene.ts';

let scene: Scene;
/** What the key of this live name gets from a stage. */
let from: Readonly<Record<'production' | 'staging', (key: string) => Promise<Answer>>>;
beforeEach(async () => {
  scene = await createScene();
  from = { production: (name) => scene.as(name), staging: await scene.openStage('staging') };
});
afterEach(() => scene[Symbol.asyncDispose]());

const consumer = (name: string, spec: Document, annotations: Document = {}): Document =>
  documentOf('Consumer', name, spec, { name, namespace: 'production', annotations });

const STAGES = ['production', 'staging'] as const;
const PRODUCTION = on();
const STAGING = on({}, 'staging');

test('it opens just the stages of its access, and each has a quota of its own', async () => {
  await scene.apply(
    consumer('acme', { defaults: { quota: { limit: 2, period: 'DAY' } }, access: [PRODUCTION] }),
  );
  expect(await from.staging('acme')).toEqual(forbidden);
  await scene.apply(
    consumer('acme', {
      defaults: { quota: { limit: 2, period: 'DAY' } },
      access: [PRODUCTION, { ...STAGING, quota: { limit: 4, period: 'DAY' } }],
    }),
  );
  expect(await passing(() => from.production('acme'))).toEqual({ passed: 2, next: exhausted });
  expect(await passing(() => from.staging('acme'))).toEqual({ passed: 4, next: exhausted });
});

test('a stage that leaves its access is shut, and the others notice nothing', async () => {
  await scene.apply(consumer('acme', { access: [PRODUCTION, STAGING] }));
  scene.watch.follow('acme', () => from.production('acme'));
  await scene.apply(consumer('acme', { access: [PRODUCTION] }));
  expect(await from.staging('acme')).toEqual(forbidden);
  expect(scene.watch.failed()).toEqual([]);
});

test('a Consumer that leaves Git is shut out everywhere, and let in again by reverting', async () => {
  const document = consumer('acme', { access: [PRODUCTION, STAGING] });
  await scene.apply(document);
  const value = scene.keyValue('acme');
  await scene.apply();
  for (const name of STAGES) expect(await from[name]('acme'), name).toEqual(forbidden);
  await scene.apply(document);
  for (const name of STAGES) expect(await from[name]('acme'), name).toEqual(passes);
  expect(scene.keyValue('acme')).toBe(value);
});

test('a Consumer that is renamed notices nothing, and keeps what it has used', async () => {
  const spec = {
    key: { name: 'Acme' },
    defaults: { quota: { limit: 1000, period: 'MONTH' } },
    access: [{ ...PRODUCTION, name: 'acme-production' }],
  };
  await scene.apply(consumer('acme', spec));
  scene.watch.follow('acme', () => from.production('Acme'));
  await scene.apply(consumer('acme-ltd', spec, { 'apikeeper.dev/moved-from': 'acme' }));
  expect(scene.watch.seen.length).toBeGreaterThan(3);
  expect(scene.watch.failed()).toEqual([]);
  const used = scene.watch.seen.length;
  expect(await scene.usage('acme-production', 'Acme')).toEqual([used, 1000 - used]);
  expect(scene.hand.state.usagePlans.size).toBe(1);
});
