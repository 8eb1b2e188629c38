/** What a warning says of callers is what callers get; and once it is heeded, they pass. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exhausted, forbidden, passing, throttled } from '../conformance/clients.ts';
import { documentOf } from '../kit/rig.ts';
import type { Document } from '../reliability/account.ts';
import { createScene, key, on, passes, plan, type Scene } from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const requirement = (spec: Document = {}): Document =>
  documentOf(
    'KeyRequirement',
    'residents',
    { restApi: { name: 'residents-api' }, ...spec },
    { name: 'residents', namespace: 'production', annotations: {} },
  );
const mended = [key('acme'), plan('gold', ['acme']), requirement()];

async function warnings(documents: readonly Document[]): Promise<string[]> {
  const { warnings = [] } = await scene.apply(...documents);
  return warnings.map(({ code, kind, name }) => `${code} ${kind}/${name}`);
}

test.each<{
  state: string;
  documents: readonly Document[];
  found: readonly string[];
  gets: unknown;
}>([
  {
    state: 'a key is demanded on a stage that no plan is on',
    documents: [key('acme'), plan('gold', ['acme'], { stages: [] }), requirement()],
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents', 'PLAN_WITHOUT_STAGE UsagePlan/gold'],
    gets: forbidden,
  },
  {
    state: 'the only key of the plan is disabled',
    documents: [key('acme', { enabled: false }), plan('gold', ['acme']), requirement()],
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents'],
    gets: forbidden,
  },
  {
    state: 'a key is in no plan',
    documents: [key('acme'), key('beta'), plan('gold', ['beta']), requirement()],
    found: ['KEY_WITHOUT_PLAN ApiKey/acme'],
    gets: forbidden,
  },
  {
    state: 'a burst is 0',
    documents: [
      key('acme'),
      plan('gold', ['acme'], { throttle: { rateLimit: 10, burstLimit: 0 } }),
    ],
    found: ['LIMIT_ZERO UsagePlan/gold'],
    gets: throttled,
  },
  {
    state: 'a quota is 0',
    documents: [key('acme'), plan('gold', ['acme'], { quota: { limit: 0, period: 'DAY' } })],
    found: ['LIMIT_ZERO UsagePlan/gold'],
    gets: exhausted,
  },
])('$state: nobody passes', async ({ documents, found, gets }) => {
  expect(await warnings(documents)).toEqual(found);
  expect(await scene.as('acme')).toEqual(gets);
  expect(await warnings(mended)).toEqual([]);
  expect(await scene.as('acme')).toEqual(passes);
});

test('a key that nothing demands keeps nobody out', async () => {
  const open = requirement({
    methods: [
      { method: 'GET', path: '/residents', apiKeyRequired: false },
      { method: 'POST', path: '/residents', apiKeyRequired: false },
      { method: 'GET', path: '/residents/{id}', apiKeyRequired: false },
    ],
    redeploy: { stages: ['production'] },
  });
  expect(await warnings([key('acme'), plan('gold', ['acme']), open])).toEqual([
    'KEY_WITHOUT_REQUIREMENT ApiKey/acme',
  ]);
  expect(await scene.api.request('GET /residents')).toEqual(passes);
  const closed = requirement({ apiKeyRequired: true, redeploy: { stages: ['production'] } });
  expect(await warnings([key('acme'), plan('gold', ['acme']), closed])).toEqual([]);
  expect(await scene.api.request('GET /residents')).toEqual(forbidden);
  expect(await scene.as('acme')).toEqual(passes);
});

test('one burst uses up a quota that is lower', async () => {
  const limits = {
    throttle: { rateLimit: 100, burstLimit: 20 },
    quota: { limit: 5, period: 'DAY' },
  };
  expect(await warnings([key('acme'), plan('gold', ['acme'], limits)])).toEqual([
    'QUOTA_BELOW_BURST UsagePlan/gold',
  ]);
  expect(await passing(() => scene.as('acme'))).toEqual({ passed: 5, next: exhausted });
});

test('the plan that puts it right warns of nothing, and the pass lets them in', async () => {
  await scene.apply(key('acme'), plan('gold', ['acme'], { stages: [] }), requirement());
  const { warnings: left = [], objects } = await scene.apply(
    key('acme'),
    plan('gold', ['acme'], { stages: [on()] }),
    requirement(),
  );
  expect(left).toEqual([]);
  expect(objects.find(({ name }) => name === 'gold')?.outcome).toBe('updated');
  expect(await scene.as('acme')).toEqual(passes);
});
