/** What the matrices and properties found once, each in its smallest form. */
import { expect, test } from 'vitest';
import type { Report } from '../../src/core/model/report.ts';
import { seed } from '../kit/seed.ts';
import { changeInConsole } from '../scenarios/history.ts';
import { type Account, createAccount, type Document } from './account.ts';
import { passOf, settle } from './crash-matrix.ts';
import { gold, key, on, plan, STRANGERS, silver, target } from './crash-scenarios.ts';

async function accountWith(documents: readonly Document[]): Promise<Account> {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  await settle(account, documents, 2);
  return account;
}

const guarded: Document = {
  ...target,
  spec: { ...(target.spec as Document), guards: { maxKeys: 0, maxPercent: 100 } },
};
const limits = { throttle: { rateLimit: 10, burstLimit: 20 } };
const methodThrottles = [{ method: 'GET', path: '/residents', rateLimit: 1, burstLimit: 1 }];
const planNamed = ({ core }: Account, name: string) =>
  [...core.state().usagePlans.values()].find((one) => one.name === name);
const keyNamed = ({ core }: Account, name: string) =>
  [...core.state().apiKeys.values()].find((one) => one.name === name);
const told = (report: Report | undefined) =>
  report?.targets
    .flatMap(({ objects }) => objects)
    .map(({ action, kind, name, reason, outcome }) => [
      action,
      `${kind}/${name}`,
      reason ?? outcome,
    ]);

test('a stage that a guard keeps in its plan keeps the throttle that its method throttles need, and the rest is written', async () => {
  const account = await accountWith([
    target,
    key('acme'),
    gold(['acme'], { ...limits, stages: [on('production', { methodThrottles })] }),
  ]);
  const { report } = await passOf(account, [
    guarded,
    key('acme'),
    gold(['acme'], { throttle: null, quota: null, stages: [], description: 'new' }),
  ]);
  expect(told(report)).toEqual([
    ['keep', 'ApiKey/acme', 'kept'],
    ['update', 'UsagePlan/gold', 'updated'],
    ['hold', 'UsagePlan/gold', 'dependency'],
    ['hold', 'UsagePlan/gold', 'guard'],
  ]);
  expect(planNamed(account, 'gold')).toMatchObject({
    description: 'new',
    throttle: limits.throttle,
    quota: undefined,
    apiStages: [{ stage: 'production' }],
  });
});

test('a key that waits for a plan which a guard keeps is held, and no call is wasted on it', async () => {
  const account = await accountWith([
    target,
    key('acme'),
    key('beta'),
    gold(['acme', 'beta']),
    plan('silver', { stages: [on('production')] }),
  ]);
  account.core.clearRequests();
  // gold goes, and acme with it; beta would move to silver.
  const { report } = await passOf(account, [guarded, key('acme'), key('beta'), silver(['beta'])]);
  expect(told(report)).toEqual([
    ['keep', 'ApiKey/acme', 'kept'],
    ['keep', 'ApiKey/beta', 'kept'],
    ['hold', 'UsagePlan/gold', 'guard'],
    ['keep', 'UsagePlan/silver', 'kept'],
    ['hold', 'UsagePlan/silver', 'dependency'],
  ]);
  expect(
    account.core.requests.some(({ operation }) => /^(Create|Delete)UsagePlanKey$/.test(operation)),
  ).toBe(false);
});

test('a key that comes back with a reverted commit is owned whole again', async () => {
  const acme = key('acme', { tags: { team: 'a' } });
  const account = await accountWith([target, acme, gold(['acme'])]);
  await settle(account, [target, gold([])], 2);
  await settle(account, [target, acme, gold(['acme'])], 2);
  // A field that no manifest names, at the default that the create wrote.
  await changeInConsole(account.hand, {
    patch: 'ApiKey/acme',
    path: '/description',
    value: 'by hand',
  });
  await settle(account, [target, acme, gold(['acme'])], 2);
  expect(keyNamed(account, 'acme')?.description ?? '').toBe('');
});

test('a key that a line in Git disables is no loss by whatever else happens to it', async () => {
  const account = await accountWith([target, key('acme'), gold(['acme'])]);
  await passOf(account, [guarded, key('acme', { enabled: false })]);
  expect(planNamed(account, 'gold')).toBeUndefined();
  expect(keyNamed(account, 'acme')?.enabled).toBe(false);
});

test('where nobody may attach, a key that was to move is said to be in neither plan', async () => {
  const documents = [target, key('acme'), plan('silver', { stages: [on('production')] })];
  const account = await accountWith([...documents, gold(['acme'])]);
  const denied = {
    type: 'error',
    status: 403,
    code: 'AccessDeniedException',
    message: 'not authorized',
  } as const;
  account.core.inject({ operation: 'CreateUsagePlanKey', fault: denied });
  const moved = [target, key('acme'), gold([]), silver(['acme'])];
  const { events } = await passOf(account, moved);
  const errors = events
    .filter(({ event }) => event === 'step.failed')
    .map(({ fields }) => String(fields.error));
  expect(
    errors.some((error) =>
      /^the key is in neither plan now, until a pass can attach it: /.test(error),
    ),
  ).toBe(true);
  account.core.clearFaults();
  expect(await settle(account, moved, 2)).toBe(2);
  const silverId = planNamed(account, 'silver')?.id ?? '';
  expect([...(account.core.state().planKeys.get(silverId) ?? [])]).toEqual([
    keyNamed(account, 'acme')?.id,
  ]);
});
