/** What a consumer notices of changes that are not meant for it: nothing; and of a move from plan to plan: the one gap that the service forces. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findKey, findPlan } from '../kit/seed.ts';
import { createScene, key, on, passes, plan, type Scene } from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const follow = (...names: readonly string[]) => {
  for (const name of names) scene.watch.follow(name, () => scene.as(name));
};
const detached = (from: string, name: string) =>
  `DELETE /usageplans/${findPlan(scene.hand, from)}/keys/${findKey(scene.hand, name)}`;
const calls = () => [...new Set(scene.watch.seen.map(({ after }) => after))];

const KEYS = [key('acme'), key('beta')];

/**
 * For one stage a key is in one plan (M3 in BEHAVIOUR.md), so it must leave the old one before it can join the new one: what is sent between these two
 * calls gets 403. That window is allowed, and no other.
 */
test('a key that moves to another plan fails between detach and attach, and at no other moment', async () => {
  await scene.apply(...KEYS, plan('gold', ['acme', 'beta']), plan('silver', []));
  follow('acme', 'beta');
  await scene.apply(...KEYS, plan('gold', ['beta']), plan('silver', ['acme']));
  expect(scene.watch.failed()).toEqual([
    {
      who: 'acme',
      after: detached('gold', 'acme'),
      status: 403,
      message: 'Forbidden',
      metered: false,
    },
  ]);
  const at = calls().indexOf(detached('gold', 'acme'));
  expect(calls()[at + 1]).toBe(`POST /usageplans/${findPlan(scene.hand, 'silver')}/keys`);
  expect((await scene.as('acme')).body.usagePlanId).toBe(findPlan(scene.hand, 'silver'));
});

test('the new plan of a move stands first, with its limits', async () => {
  await scene.apply(...KEYS, plan('gold', ['acme', 'beta']));
  follow('acme', 'beta');
  const throttle = { throttle: { rateLimit: 100, burstLimit: 200 } };
  await scene.apply(...KEYS, plan('gold', ['beta']), plan('silver', ['acme'], throttle));
  expect(scene.watch.failed()).toEqual([
    {
      who: 'acme',
      after: detached('gold', 'acme'),
      status: 403,
      message: 'Forbidden',
      metered: false,
    },
  ]);
});

test('two keys that change places have one such window each', async () => {
  await scene.apply(...KEYS, plan('gold', ['acme']), plan('silver', ['beta']));
  follow('acme', 'beta');
  await scene.apply(...KEYS, plan('gold', ['beta']), plan('silver', ['acme']));
  const windows = scene.watch.failed().map(({ who, after }) => ({ who, after }));
  expect(windows).toHaveLength(2);
  expect(windows).toContainEqual({ who: 'acme', after: detached('gold', 'acme') });
  expect(windows).toContainEqual({ who: 'beta', after: detached('silver', 'beta') });
});

test.each([
  {
    fault: { type: 'throttle', retryAfter: 1 },
    why: 'the service asks for patience',
    window: ['detach', 'attach'],
  },
  {
    fault: { type: 'drop-after' },
    why: 'the answer is lost, but the key is attached',
    window: ['detach'],
  },
  {
    fault: { type: 'drop-before' },
    why: 'the call is lost, and looked for',
    window: ['detach', 'attach', 'look-up'],
  },
] as const)(
  'the window of a move ends with the attaching that succeeds: $why',
  async ({ fault, window }) => {
    await scene.apply(...KEYS, plan('gold', ['acme', 'beta']), plan('silver', []));
    follow('acme', 'beta');
    scene.account.core.inject({ operation: 'CreateUsagePlanKey', times: 1, fault });
    await scene.apply(...KEYS, plan('gold', ['beta']), plan('silver', ['acme']));
    const silver = findPlan(scene.hand, 'silver');
    const calls = {
      detach: detached('gold', 'acme'),
      attach: `POST /usageplans/${silver}/keys`,
      'look-up': `GET /usageplans/${silver}/keys/${findKey(scene.hand, 'acme')}`,
    };
    const failed = scene.watch.failed().map(({ who, after }) => ({ who, after }));
    expect(failed).toEqual(window.map((call) => ({ who: 'acme', after: calls[call] })));
    expect((await scene.as('acme')).body.usagePlanId).toBe(silver);
  },
);

test('where the new plan refuses the key, it is put back into the old one', async () => {
  await scene.apply(...KEYS, plan('gold', ['acme', 'beta']), plan('silver', []));
  follow('acme', 'beta');
  const error = {
    type: 'error',
    status: 400,
    code: 'BadRequestException',
    message: 'Not today',
  } as const;
  scene.account.core.inject({ operation: 'CreateUsagePlanKey', times: 1, fault: error });
  const moved = [...KEYS, plan('gold', ['beta']), plan('silver', ['acme'])];
  const report = await scene.pass(...moved);
  expect(report.objects.filter(({ outcome }) => outcome === 'failed').length).toBeGreaterThan(0);
  expect((await scene.as('acme')).body.usagePlanId).toBe(findPlan(scene.hand, 'gold'));
  // A refusal may mean that the key is there already, so it is looked up before it is put back.
  const silver = findPlan(scene.hand, 'silver');
  const refused = [
    `POST /usageplans/${silver}/keys`,
    `GET /usageplans/${silver}/keys/${findKey(scene.hand, 'acme')}`,
  ];
  const windows = scene.watch.failed().map(({ who, after }) => ({ who, after }));
  expect(windows).toEqual(
    [detached('gold', 'acme'), ...refused].map((after) => ({ who: 'acme', after })),
  );

  scene.watch.clear();
  await scene.apply(...moved);
  expect(scene.watch.failed()).toHaveLength(1);
  expect((await scene.as('acme')).body.usagePlanId).toBe(findPlan(scene.hand, 'silver'));
});

test('where a plan takes over the stage of one that leaves Git, their key fails from the detaching on until the stage is added', async () => {
  const staging = await scene.openStage('staging');
  const inStaging = { stages: [on({}, 'staging')] };
  await scene.apply(key('acme'), plan('gold', ['acme']), plan('silver', ['acme'], inStaging));
  const gone = detached('silver', 'acme');
  follow('acme');
  scene.watch.follow('acme in staging', () => staging('acme'));
  await scene.apply(key('acme'), plan('gold', ['acme'], { stages: [on(), on({}, 'staging')] }));
  const failed = scene.watch.failed().map(({ who, after }) => ({ who, after }));
  expect(failed).toEqual([{ who: 'acme in staging', after: gone }]);
  expect(scene.hand.state.usagePlans.size).toBe(1);
});

/** Stages change hands by UpdateUsagePlan, which takes no plan on a stage while another one lets the same key in: one has to give up first. */
test('plans that exchange stages shut each of them once, until the other plan has it', async () => {
  const staging = await scene.openStage('staging');
  const [inProduction, inStaging] = [{}, { stages: [on({}, 'staging')] }];
  await scene.apply(
    key('acme'),
    plan('gold', ['acme'], inProduction),
    plan('silver', ['acme'], inStaging),
  );
  follow('acme');
  scene.watch.follow('acme in staging', () => staging('acme'));
  await scene.apply(
    key('acme'),
    plan('gold', ['acme'], inStaging),
    plan('silver', ['acme'], inProduction),
  );
  const failed = scene.watch.failed().map(({ who, after }) => ({ who, after }));
  expect(failed.map(({ after }) => after.replace(/\w+$/, ''))).toEqual(
    failed.map(() => 'PATCH /usageplans/'),
  );
  expect(failed.map(({ who }) => who).sort()).toEqual(['acme', 'acme in staging']);
});

test('plans that exchange stages and keys come through, though one of them gives up its throttles with the stage', async () => {
  const staging = await scene.openStage('staging');
  const inStaging = { stages: [on({}, 'staging')] };
  const methodThrottles = [{ method: 'GET', path: '/residents', rateLimit: 5, burstLimit: 5 }];
  const limits = { throttle: { rateLimit: 10, burstLimit: 10 }, stages: [on({ methodThrottles })] };
  await scene.apply(...KEYS, plan('gold', ['acme'], limits), plan('silver', ['beta'], inStaging));
  await scene.apply(...KEYS, plan('gold', ['beta'], inStaging), plan('silver', ['acme']));
  expect((await scene.as('acme')).body.usagePlanId).toBe(findPlan(scene.hand, 'silver'));
  expect((await staging('beta')).body.usagePlanId).toBe(findPlan(scene.hand, 'gold'));
});

test.each([
  {
    change: 'names, descriptions, tags and limits',
    documents: [
      key('acme', { name: 'acme-housing', description: 'Acme', tags: { team: 'housing' } }),
      key('beta'),
      plan('gold', ['acme', 'beta'], {
        name: 'gold-residents',
        description: 'for some',
        throttle: { rateLimit: 50, burstLimit: 500 },
        quota: { limit: 10_000, period: 'DAY' },
        stages: [
          on({
            methodThrottles: [
              { method: 'GET', path: '/residents', rateLimit: 50, burstLimit: 500 },
            ],
          }),
        ],
      }),
    ],
  },
  {
    change: 'the identities of both in Git (moved-from)',
    documents: [
      key('acme-housing', { name: 'acme' }, { 'apikeeper.dev/moved-from': 'acme' }),
      key('beta'),
      plan(
        'residents',
        ['acme-housing', 'beta'],
        { name: 'gold' },
        { 'apikeeper.dev/moved-from': 'gold' },
      ),
    ],
  },
  {
    change: 'another key beside it',
    documents: [...KEYS, key('gamma'), plan('gold', ['acme', 'beta', 'gamma'])],
  },
  {
    change: 'another plan beside it',
    documents: [...KEYS, plan('gold', ['acme', 'beta']), plan('silver', [])],
  },
])('no request fails while this changes: $change', async ({ documents }) => {
  await scene.apply(...KEYS, plan('gold', ['acme', 'beta']));
  const ids = ['acme', 'beta'].map((name) => findKey(scene.hand, name));
  // Live names change here: consumers only ever have the value.
  const values = ids.map((id) => scene.keyValue(id));
  for (const value of values)
    scene.watch.follow(value, () => scene.api.requestAs(value, 'GET /residents'));
  await scene.apply(...documents);
  expect(scene.watch.seen.length).toBeGreaterThan(5);
  expect(scene.watch.failed()).toEqual([]);
  for (const id of ids) expect(await scene.as(id)).toEqual(passes);
});
