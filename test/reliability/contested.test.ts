/** Two writers: after three rounds we give way, but never where access or a limit is at stake; with the lock there is only one. */
import { expect, test } from 'vitest';
import { seed } from '../kit/seed.ts';
import { type ConsoleChange, changeInConsole } from '../scenarios/history.ts';
import {
  type Account,
  createAccount,
  createTree,
  type Document,
  type Process,
  startProcess,
  type Tree,
  writesOf,
} from './account.ts';
import { gold, key, OWNER, plan, STRANGERS, stage, target } from './crash-scenarios.ts';

const HOUR_MS = 3600_000;

interface Arena extends AsyncDisposable {
  readonly account: Account;
  readonly tree: Tree;
  readonly process: Process;
  /** Somebody changes it, and the next scheduled pass answers: the operations that it wrote with. */
  round(change: ConsoleChange, afterMs?: number): Promise<string[]>;
}

async function openArena(documents: readonly Document[]): Promise<Arena> {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  const tree = createTree(documents);
  const process = startProcess(account, tree.directory);
  await process.pass();
  return {
    account,
    tree,
    process,
    async round(change, afterMs = HOUR_MS) {
      account.clock.pass(afterMs);
      await changeInConsole(account.hand, change);
      account.core.clearRequests();
      await process.pass({ trigger: 'schedule' });
      return writesOf(account.core.requests).map(({ operation }) => operation);
    },
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      tree[Symbol.dispose]();
    },
  };
}

const requirement: Document = {
  apiVersion: 'apikeeper.dev/v1',
  kind: 'KeyRequirement',
  metadata: { name: 'residents', namespace: 'production' },
  spec: {
    restApi: { name: 'residents-api' },
    methods: [{ method: 'GET', path: '/residents', apiKeyRequired: true }],
  },
};

const describeAcme: ConsoleChange = {
  patch: 'ApiKey/acme',
  path: '/description',
  value: 'by hand',
};
const keyNamed = ({ core }: Account, name: string) =>
  [...core.state().apiKeys.values()].find((one) => one.name === name);
const contested = ({ process }: Arena) =>
  process.events.filter(({ event }) => event === 'step.contested');

test('a field that is set back three times in a day is left to whoever does it', async () => {
  await using arena = await openArena([
    target,
    key('acme', { description: 'from Git' }),
    key('beta'),
  ]);
  for (let count = 1; count <= 3; count++)
    expect(await arena.round(describeAcme)).toContain('UpdateApiKey');
  expect(contested(arena)).toEqual([]);

  expect(await arena.round(describeAcme)).toEqual([]);
  expect(keyNamed(arena.account, 'acme')?.description).toBe('by hand');
  expect(contested(arena)).toMatchObject([
    { fields: { kind: 'ApiKey', name: 'acme', changes: [{ path: '/spec/description' }] } },
  ]);
  // Told once, and not forgotten with the day.
  expect(await arena.round(describeAcme, 48 * HOUR_MS)).toEqual([]);
  expect(contested(arena)).toHaveLength(1);
  // The rest of the object, and every other one, goes on.
  expect(await arena.round({ patch: 'ApiKey/beta', path: '/description', value: 'x' })).toContain(
    'UpdateApiKey',
  );
  expect(await arena.round({ patch: 'ApiKey/acme', path: '/customerId', value: 'c1' })).toContain(
    'UpdateApiKey',
  );
});

test('a commit that changes the document begins anew', async () => {
  await using arena = await openArena([target, key('acme', { description: 'from Git' })]);
  for (let count = 1; count <= 4; count++) await arena.round(describeAcme);
  arena.tree.write([target, key('acme', { description: 'from Git, meant' })]);
  expect((await arena.process.pass({ trigger: 'schedule' }))?.state).toBe('in-sync');
  expect(keyNamed(arena.account, 'acme')?.description).toBe('from Git, meant');
  expect(await arena.round(describeAcme)).toContain('UpdateApiKey');
});

test('three times in more than a day are no fight', async () => {
  await using arena = await openArena([target, key('acme', { description: 'from Git' })]);
  for (let count = 1; count <= 6; count++)
    expect(await arena.round(describeAcme, 13 * HOUR_MS)).toContain('UpdateApiKey');
  expect(contested(arena)).toEqual([]);
});

test.each<[string, Document[], ConsoleChange, string]>([
  [
    'enabled: false',
    [target, key('acme', { enabled: false })],
    { patch: 'ApiKey/acme', path: '/enabled', value: 'true' },
    'UpdateApiKey',
  ],
  [
    'a key taken out of a plan',
    [target, key('acme'), gold([])],
    { attach: 'acme', plan: 'gold' },
    'DeleteUsagePlanKey',
  ],
  [
    'a limit that was lowered',
    [target, plan('gold', { throttle: { rateLimit: 5, burstLimit: 5 } })],
    { patch: 'UsagePlan/gold', path: '/throttle/rateLimit', value: '500' },
    'UpdateUsagePlan',
  ],
  [
    'a quota’s period',
    [target, plan('gold', { quota: { limit: 1000, period: 'MONTH' } })],
    { patch: 'UsagePlan/gold', path: '/quota/period', value: 'DAY' },
    'UpdateUsagePlan',
  ],
  [
    'a stage variable',
    [target, stage('residents', { stageName: 'production', variables: { host: 'ours' } })],
    { patch: 'Stage/residents-api:production', path: '/variables/host', value: 'theirs' },
    'UpdateStage',
  ],
  [
    'a key requirement',
    [target, key('acme'), gold(['acme']), requirement],
    { method: 'GET /residents', api: 'residents-api', apiKeyRequired: false },
    'UpdateMethod',
  ],
])('%s is enforced in every pass', async (_, documents, change, operation) => {
  await using arena = await openArena(documents);
  for (let count = 1; count <= 8; count++)
    expect(await arena.round(change), `round ${count}`).toContain(operation);
  expect(contested(arena)).toEqual([]);
});

test('a key that left Git and is enabled again by hand is disabled in every pass', async () => {
  await using arena = await openArena([target, key('acme'), key('beta')]);
  arena.tree.write([target, key('beta')]);
  await arena.process.pass({ trigger: 'schedule' });
  const enable: ConsoleChange = { patch: 'ApiKey/acme', path: '/enabled', value: 'true' };
  for (let count = 1; count <= 6; count++)
    expect(await arena.round(enable), `round ${count}`).toContain('UpdateApiKey');
  expect(contested(arena)).toEqual([]);
});

test('of two writers on one host the second refuses, and writes when the first is gone', async () => {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  using tree = createTree([target, key('acme')]);
  await using second = startProcess(account, tree.directory);
  {
    await using first = startProcess(account, tree.directory);
    await first.pass();
    tree.write([target, key('acme', { description: 'new' })]);
    account.core.clearRequests();
    const report = await second.pass();
    expect(report?.targets[0]?.error).toMatch(
      /^process \d+ on this host already writes to this owner, account and region \(.*\): nothing was written here; let that process do the work, or stop it$/,
    );
    expect(report?.state).toBe('skipped');
    expect((await second.pass({ trigger: 'once' }))?.state).toBe('skipped');
    expect(writesOf(account.core.requests)).toEqual([]);
    expect(second.events.map(({ event }) => event)).toContain('target.skipped');
  }
  expect((await second.pass())?.state).toBe('in-sync');
  expect(keyNamed(account, 'acme')?.description).toBe('new');
});

/** Two hosts share no lock. Each believes the other's writes to be drift. */
test('two writers without a common lock fight for three rounds, and then both give way', async () => {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  using mine = createTree([target, key('acme', { description: 'mine' })]);
  await using first = startProcess(account, mine.directory);
  await first.pass();
  // What the other host's process writes; its own war detector is the same as ours.
  const other: ConsoleChange = { patch: 'ApiKey/acme', path: '/description', value: 'theirs' };
  let writes = 0;
  for (let count = 1; count <= 10; count++) {
    account.clock.pass(10 * 60_000);
    await changeInConsole(account.hand, other);
    account.core.clearRequests();
    await first.pass({ trigger: 'schedule' });
    writes += writesOf(account.core.requests).filter(
      ({ operation }) => operation === 'UpdateApiKey',
    ).length;
  }
  expect(writes).toBe(3);
  expect(keyNamed(account, 'acme')).toMatchObject({
    description: 'theirs',
    tags: { 'apikeeper:owner': OWNER },
  });
  expect(
    [...account.core.state().apiKeys.values()].filter(({ name }) => name === 'acme'),
  ).toHaveLength(1);
});
