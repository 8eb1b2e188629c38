/** An account that 0.1.0 left behind, with its tags as 0.1.0 wrote them: the next process goes on without a word. */
import { expect, test } from 'vitest';
import { EVENTS } from '../../src/core/model/events.ts';
import { seed } from '../kit/seed.ts';
import { type Account, createAccount, type Document, writesOf } from './account.ts';
import { passOf } from './crash-matrix.ts';
import { gold, key, OWNER, STRANGERS, silver, target } from './crash-scenarios.ts';

const DAY_MS = 24 * 3600_000;

const ours = (name: string, applied: string, more: Readonly<Record<string, string>> = {}) => {
  return {
    'apikeeper:owner': OWNER,
    'apikeeper:resource': `production/${name}`,
    'apikeeper:on-remove': 'Delete',
    'apikeeper:applied': applied,
    ...more,
  };
};

const CREATED = 'customerId:74234e98/description:74234e98/enabled:b5bea41b/name:NAME/tags:44136fa3';
const created = (name: string, print: string) => ours(name, CREATED.replace('NAME', print));
/** The keys of a plan are remembered by their ids. */
const GOLD =
  'description:74234e98/keys:KEYS/name:8dd7871b/productCode:74234e98/quota:07dfd07b/stages:9563f802/tags:44136fa3/throttle:2e2c3b53';
const SILVER =
  'description:74234e98/keys:808a95c9/name:30f96de6/productCode:74234e98/quota:74234e98/stages:9563f802/tags:44136fa3/throttle:74234e98';
const LEFT = { 'apikeeper:delete-after': '2026-01-30T09:00:05Z' };

interface Left {
  /** The name that the tags of one key have, whose document is being renamed. */
  readonly gamma: 'gamma' | 'delta';
  readonly goldKeys: readonly string[];
  readonly silverKeys: readonly string[];
  readonly goldPrint: string;
}

/** Two keys are in their grace: one that 0.1.0 made, and one that it adopted without `enabled`. */
async function leftBehind({ gamma, goldKeys, silverKeys, goldPrint }: Left): Promise<Account> {
  const account = createAccount({ seed: 2 });
  await seed(account.hand, STRANGERS);
  await seed(account.hand, {
    keys: [
      {
        id: 'adopted1',
        name: 'epsilon',
        enabled: false,
        tags: ours('epsilon', 'enabled:fcbcf165', LEFT),
      },
      {
        id: 'r1co0h52dg',
        name: 'acme',
        description: 'Acme',
        enabled: false,
        tags: ours(
          'acme',
          'customerId:74234e98/description:8d4f6c2a/enabled:fcbcf165/name:eb737e40/tags:44136fa3',
          LEFT,
        ),
      },
      { id: 'u25o1zif6n', name: 'beta', tags: created('beta', 'aca89214') },
      { id: 'n6bqiasq2l', name: 'gamma', tags: created(gamma, 'ca44c452') },
    ],
    plans: [
      {
        id: '36pgtt',
        name: 'gold',
        stages: ['residents-api:production'],
        throttle: { rateLimit: 10, burstLimit: 20 },
        quota: { limit: 1000, period: 'MONTH' },
        keys: goldKeys,
        tags: ours('gold', GOLD.replace('KEYS', goldPrint)),
      },
      {
        id: 'n8xsrb',
        name: 'silver',
        stages: ['residents-api:production'],
        keys: silverKeys,
        tags: ours('silver', SILVER),
      },
    ],
  });
  account.clock.pass(4 * DAY_MS);
  account.core.clearRequests();
  return account;
}

const AT_REST: Left = {
  gamma: 'gamma',
  goldKeys: ['u25o1zif6n'],
  silverKeys: ['n6bqiasq2l'],
  goldPrint: '37aca78d',
};
const BEFORE = [target, key('beta'), key('gamma'), gold(['beta']), silver(['gamma'])];
const AFTER = [
  target,
  key('beta'),
  key('delta', { name: 'gamma' }, { 'moved-from': 'gamma' }),
  gold([]),
  silver(['delta', 'beta']),
];

/** One pass of a process of its own, and what it told beyond the holds that a person chose. */
async function passed(account: Account, documents: readonly Document[]) {
  const { report, events } = await passOf(account, documents);
  const told = events.filter(
    ({ event, fields }) =>
      /^(warn|error)$/.test(EVENTS[event as keyof typeof EVENTS].level) && fields.chosen !== true,
  );
  return { state: report?.state, told, objects: report?.targets[0]?.objects ?? [] };
}

const enabledOf = ({ core }: Account, id: string) => core.state().apiKeys.get(id)?.enabled;
const membersOf = ({ core }: Account, plan: string) =>
  [...(core.state().planKeys.get(plan) ?? [])].sort();

test('an account in the middle of a grace stays at rest, and its keys end when they should', async () => {
  const account = await leftBehind(AT_REST);
  const { state, told, objects } = await passed(account, BEFORE);
  expect({ state, told }).toEqual({ state: 'in-sync', told: [] });
  expect(objects.map(({ action }) => action).filter((action) => action !== 'keep')).toEqual([
    'hold',
    'hold',
  ]);
  // The fingerprints of the plans' keys are renewed in passing, once.
  expect(writesOf(account.core.requests).map(({ operation }) => operation)).toEqual([
    'TagResource',
    'TagResource',
  ]);
  account.core.clearRequests();
  expect((await passed(account, BEFORE)).told).toEqual([]);
  expect(writesOf(account.core.requests)).toEqual([]);

  account.clock.pass(10 * DAY_MS);
  await passed(account, BEFORE);
  expect(enabledOf(account, 'r1co0h52dg')).toBe(false);
  account.clock.pass(2 * DAY_MS);
  await passed(account, BEFORE);
  expect(enabledOf(account, 'r1co0h52dg')).toBeUndefined();
  expect(enabledOf(account, 'adopted1')).toBeUndefined();
  expect(enabledOf(account, 'u25o1zif6n')).toBe(true);
});

test('a removal by 0.1.0 is reverted as 0.1.0 would have', async () => {
  const account = await leftBehind(AT_REST);
  const epsilon = key('epsilon', {}, { adopt: 'adopted1' });
  const documents = [...BEFORE, key('acme', { description: 'Acme' }), epsilon];
  expect(await passed(account, documents)).toMatchObject({ state: 'in-sync', told: [] });
  expect(enabledOf(account, 'r1co0h52dg')).toBe(true);
  expect(enabledOf(account, 'adopted1')).toBe(true);
  const { tags = {} } = account.core.state().apiKeys.get('r1co0h52dg') ?? {};
  expect(tags).not.toHaveProperty('apikeeper:delete-after');
});

test.each<[name: string, left: Left]>([
  ['that did not begin', AT_REST],
  ['between detach and attach', { ...AT_REST, goldKeys: [] }],
  [
    'between the tag writes',
    {
      gamma: 'delta',
      goldKeys: [],
      silverKeys: ['n6bqiasq2l', 'u25o1zif6n'],
      goldPrint: '74234e98',
    },
  ],
])('a move and a rename %s are finished without a word', async (_, left) => {
  const account = await leftBehind(left);
  expect(await passed(account, AFTER)).toMatchObject({ state: 'in-sync', told: [] });
  expect(membersOf(account, '36pgtt')).toEqual([]);
  expect(membersOf(account, 'n8xsrb')).toEqual(['n6bqiasq2l', 'u25o1zif6n']);
  expect(account.core.state().apiKeys.get('n6bqiasq2l')?.tags).toMatchObject({
    'apikeeper:resource': 'production/delta',
  });
  account.core.clearRequests();
  expect(await passed(account, AFTER)).toMatchObject({ state: 'in-sync', told: [] });
  expect(writesOf(account.core.requests)).toEqual([]);
});
