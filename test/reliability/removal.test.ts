/** A removal changes a key, and a return puts back exactly what the removal changed (docs/contract.md#safety). */
import { expect, test } from 'vitest';
import { type Account as Furniture, seed } from '../kit/seed.ts';
import { type ConsoleChange, changeInConsole } from '../scenarios/history.ts';
import {
  type Account,
  type Around,
  createAccount,
  createTree,
  type Document,
  startProcess,
  writesOf,
} from './account.ts';
import { passOf } from './crash-matrix.ts';
import { gold, key, OWNER, on, plan, STRANGERS, target } from './crash-scenarios.ts';

const DAY_MS = 24 * 3600_000;
const OMITS_ENABLED = key('acme', {}, { adopt: 'live1' });
const pruneOff: Document = { ...target, spec: { ...(target.spec as object), prune: false } };

async function begin(live: Furniture = {}): Promise<Account> {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  await seed(account.hand, live);
  return account;
}

const acmeLive = (enabled = true): Furniture => {
  return { keys: [{ id: 'live1', name: 'acme', enabled }] };
};
const keyOf = ({ core }: Account, id: string) => core.state().apiKeys.get(id);
const keyNamed = ({ core }: Account, name: string) =>
  [...core.state().apiKeys.values()].find((one) => one.name === name);
const byHand = ({ hand }: Account, change: ConsoleChange) => changeInConsole(hand, change);

/** Answers 403 to every call of one kind: `POST /tags` is TagResource. */
const denying =
  (method: string, path: RegExp): Around =>
  async (carryOut, request) =>
    request.method === method && path.test(request.path)
      ? {
          statusCode: 403,
          headers: { 'x-amzn-errortype': 'AccessDeniedException', 'x-amzn-requestid': 'r1' },
          body: Buffer.from('{"message":"User is not authorized to perform: apigateway:PUT"}'),
        }
      : carryOut();
const TAG_RESOURCE = denying('PUT', /^\/tags/);

test('a removal killed at any call is undone by its revert, also where Git omits `enabled`', async () => {
  for (let call = 1; ; call++) {
    for (const when of ['before', 'after'] as const) {
      const account = await begin(acmeLive());
      await passOf(account, [target, OMITS_ENABLED, key('beta')]);
      const { report } = await passOf(account, [target, key('beta')], { crash: { call, when } });
      if (report) {
        expect(call).toBeGreaterThan(4);
        return;
      }
      await passOf(account, [target, OMITS_ENABLED, key('beta')]);
      expect(keyOf(account, 'live1')?.enabled, `died ${when} call ${call}`).toBe(true);
    }
  }
});

test('a return killed at any call is finished by the next process', async () => {
  for (let call = 1; ; call++) {
    for (const when of ['before', 'after'] as const) {
      const account = await begin(acmeLive());
      const documents = [target, OMITS_ENABLED, key('beta')];
      await passOf(account, documents);
      await passOf(account, [target, key('beta')]);
      expect(keyOf(account, 'live1')?.enabled).toBe(false);
      const { report } = await passOf(account, documents, { crash: { call, when } });
      if (report) return;
      await passOf(account, documents);
      expect(keyOf(account, 'live1'), `died ${when} call ${call}`).toMatchObject({ enabled: true });
      expect(keyOf(account, 'live1')?.tags).not.toHaveProperty('apikeeper:delete-after');
    }
  }
});

test('a key whose tag is refused is disabled all the same, and a revert enables it again', async () => {
  const account = await begin(acmeLive());
  const documents = [target, OMITS_ENABLED, key('beta')];
  using tree = createTree(documents);
  let deny = false;
  await using process = startProcess(account, tree.directory, {
    interfere: (carryOut, request) => (deny ? TAG_RESOURCE(carryOut, request) : carryOut()),
  });
  await process.pass();

  deny = true;
  tree.write([target, key('beta')]);
  await process.pass();
  expect(keyOf(account, 'live1')?.enabled).toBe(false);
  expect(process.events).toContainEqual(
    expect.objectContaining({
      event: 'step.failed',
      fields: expect.objectContaining({ kind: 'ApiKey', name: 'acme' }),
    }),
  );

  deny = false;
  await process.pass();
  expect(keyOf(account, 'live1')?.tags).toMatchObject({
    'apikeeper:delete-after': expect.stringMatching(/Z\/on$/),
  });
  tree.write(documents);
  await process.pass();
  expect(keyOf(account, 'live1')?.enabled).toBe(true);
});

test('a tag that is still owed when the commit is reverted does not keep the key off', async () => {
  const account = await begin(acmeLive());
  const documents = [target, OMITS_ENABLED, key('beta')];
  using tree = createTree(documents);
  let deny = false;
  await using process = startProcess(account, tree.directory, {
    interfere: (carryOut, request) => (deny ? TAG_RESOURCE(carryOut, request) : carryOut()),
  });
  await process.pass();
  deny = true;
  tree.write([target, key('beta')]);
  await process.pass();
  tree.write(documents);
  await process.pass();
  expect(keyOf(account, 'live1')?.enabled).toBe(true);
});

test('a key that was disabled before it was adopted leaves Git and comes back disabled', async () => {
  const account = await begin(acmeLive(false));
  const documents = [target, OMITS_ENABLED, key('beta')];
  await passOf(account, documents);
  await passOf(account, [target, key('beta')]);
  expect(keyOf(account, 'live1')?.tags?.['apikeeper:delete-after']).toMatch(/Z\/off$/);
  await passOf(account, documents);
  await passOf(account, documents);
  expect(keyOf(account, 'live1')?.enabled).toBe(false);
  expect(keyOf(account, 'live1')?.tags).not.toHaveProperty('apikeeper:delete-after');
});

test('a revert enables a key whose `enabled` is ignored, and ignores it from then on', async () => {
  const account = await begin();
  const documents = [target, key('acme', {}, { ignore: '/spec/enabled' }), key('beta')];
  await passOf(account, documents);
  await passOf(account, [target, key('beta')]);
  expect(keyNamed(account, 'acme')?.enabled).toBe(false);
  await passOf(account, documents);
  expect(keyNamed(account, 'acme')?.enabled).toBe(true);
  await byHand(account, { patch: 'ApiKey/acme', path: '/enabled', value: 'false' });
  await passOf(account, documents);
  expect(keyNamed(account, 'acme')?.enabled).toBe(false);
});

test('a key kept by deletionPolicy: Disable comes back as it left, whatever Git omits', async () => {
  const account = await begin(acmeLive());
  const adopted = key('acme', { deletionPolicy: 'Disable' }, { adopt: 'live1' });
  await passOf(account, [target, adopted, key('beta')]);
  await passOf(account, [target, key('beta')]);
  expect(keyOf(account, 'live1')).toMatchObject({
    enabled: false,
    tags: { 'apikeeper:delete-after': 'never/on' },
  });
  account.clock.pass(100 * DAY_MS);
  await passOf(account, [target, key('beta')]);
  await passOf(account, [target, adopted, key('beta')]);
  expect(keyOf(account, 'live1')?.enabled).toBe(true);
});

const suspended = key('acme', {}, { mode: 'suspend' });

test.each<[name: string, back: readonly Document[], left: readonly Document[]]>([
  ['came back suspended', [target, suspended, key('beta')], [target, key('beta')]],
  ['stayed away without prune', [pruneOff, key('beta')], [target, key('beta')]],
])('a key that %s while its grace ran out gets a new grace', async (_, back, left) => {
  const account = await begin();
  await passOf(account, [target, key('acme'), key('beta')]);
  await passOf(account, left);
  expect(keyNamed(account, 'acme')?.enabled).toBe(false);
  account.clock.pass(DAY_MS);
  await passOf(account, back);
  account.clock.pass(30 * DAY_MS);
  await passOf(account, left);
  await passOf(account, left);
  expect(keyNamed(account, 'acme')).toBeDefined();

  account.clock.pass(13 * DAY_MS);
  await passOf(account, left);
  expect(keyNamed(account, 'acme')).toBeDefined();
  account.clock.pass(2 * DAY_MS);
  await passOf(account, left);
  expect(keyNamed(account, 'acme')).toBeUndefined();
});

test('a key that came back suspended, left again and came back enforced is enabled', async () => {
  const account = await begin(acmeLive());
  const without = [target, key('beta')];
  await passOf(account, [target, OMITS_ENABLED, key('beta')]);
  await passOf(account, without);
  await passOf(account, [target, suspended, key('beta')]);
  expect(keyOf(account, 'live1')?.tags?.['apikeeper:delete-after']).toBe('0/on');
  await passOf(account, without);
  expect(keyOf(account, 'live1')?.tags?.['apikeeper:delete-after']).toMatch(/Z\/on$/);
  await passOf(account, [target, OMITS_ENABLED, key('beta')]);
  expect(keyOf(account, 'live1')?.enabled).toBe(true);
});

const claim = (name: string) => {
  return {
    'apikeeper:owner': OWNER,
    'apikeeper:resource': `production/${name}`,
    'apikeeper:on-remove': 'Delete',
  };
};

test('a key and a plan that were tagged as ours by hand are not deleted before a grace', async () => {
  const account = await begin({
    keys: [{ id: 'theirs', name: 'theirs' }],
    plans: [{ id: 'theirplan', name: 'theirs', keys: ['theirs'] }],
  });
  const documents = [target, key('acme'), gold(['acme'])];
  await passOf(account, documents);
  await byHand(account, { tag: 'ApiKey/theirs', tags: claim('theirs') });
  await byHand(account, { tag: 'UsagePlan/theirs', tags: claim('theirs') });
  await passOf(account, documents);
  await byHand(account, {
    tag: 'ApiKey/theirs',
    tags: { 'apikeeper:delete-after': '2020-01-01T00:00:00Z' },
  });
  for (let day = 0; day < 12; day++) {
    await passOf(account, documents);
    account.clock.pass(DAY_MS);
  }
  expect(keyOf(account, 'theirs')).toBeDefined();
  expect(account.core.state().usagePlans.has('theirplan')).toBe(true);
});

test('an orphan that this process never saw declared is told by name before it is disabled', async () => {
  const account = await begin({ keys: [{ id: 'theirs', name: 'theirs', tags: claim('theirs') }] });
  using tree = createTree([target, key('acme'), key('beta')]);
  await using process = startProcess(account, tree.directory);
  const told = () =>
    process.events
      .filter(({ event }) => event === 'orphan.unknown')
      .map(({ fields }) => fields.name);
  await process.pass();
  await process.pass();
  expect(told()).toEqual(['theirs']);
  const order = process.events.map(({ event }) => event);
  expect(order.indexOf('orphan.unknown')).toBeLessThan(order.indexOf('object.disabled'));
  tree.write([target, key('acme')]);
  await process.pass();
  expect(told()).toEqual(['theirs']);
});

test('a host whose clock is ten minutes fast deletes nothing, and says so', async () => {
  const account = await begin();
  await passOf(account, [target, key('acme'), key('beta')]);
  await passOf(account, [target, key('beta')]);
  account.clock.pass(15 * DAY_MS);
  const slow: Around = async (carryOut) => {
    const answer = await carryOut();
    const date = new Date(account.clock.now() - 10 * 60_000).toUTCString();
    return { ...answer, headers: { ...answer.headers, date } };
  };
  const { events } = await passOf(account, [target, key('beta')], { interfere: slow });
  expect(keyNamed(account, 'acme')).toBeDefined();
  expect(events).toContainEqual({
    event: 'step.held',
    fields: expect.objectContaining({
      name: 'acme',
      wants: 'delete',
      message: expect.stringContaining('10 min ahead'),
    }),
  });
  await passOf(account, [target, key('beta')]);
  expect(keyNamed(account, 'acme')).toBeUndefined();
});

test('a key that was updated lately is deleted a grace later, and its plan waits for it', async () => {
  const account = await begin();
  const staging = plan('acme-staging', { stages: [on('staging')], keys: ['acme'] });
  await passOf(account, [target, key('acme'), key('beta'), staging]);
  const without = [target, key('beta')];
  await passOf(account, without);
  account.clock.pass(13 * DAY_MS);
  await byHand(account, { patch: 'ApiKey/acme', path: '/description', value: 'seen' });
  account.clock.pass(2 * DAY_MS);
  await passOf(account, without);
  expect(keyNamed(account, 'acme')).toBeDefined();
  expect([...account.core.state().usagePlans.values()].map(({ name }) => name)).toContain(
    'acme-staging',
  );
  account.clock.pass(12 * DAY_MS);
  await passOf(account, without);
  expect(keyNamed(account, 'acme')).toBeUndefined();
});

test('guests of a plan that leaves with its key are in it when both return', async () => {
  const account = await begin();
  const staging = plan('acme-staging', {
    stages: [on('staging')],
    keys: ['acme'],
    membership: 'additive',
  });
  const documents = [target, key('acme'), key('beta'), staging];
  await passOf(account, documents);
  await byHand(account, { attach: 'stranger2', plan: 'acme-staging' });
  await passOf(account, [target, key('beta')]);
  account.clock.pass(DAY_MS);
  await passOf(account, [target, key('beta')]);
  await passOf(account, documents);
  const { usagePlans, planKeys } = account.core.state();
  const id = [...usagePlans.values()].find(({ name }) => name === 'acme-staging')?.id ?? '';
  expect([...(planKeys.get(id) ?? [])].sort()).toEqual(
    [keyNamed(account, 'acme')?.id, 'stranger2'].sort(),
  );
});

test('a damaged applied tag is told once, and written anew', async () => {
  const account = await begin();
  const documents = [target, key('acme', { description: 'Acme' }), gold(['acme'])];
  using tree = createTree(documents);
  await using process = startProcess(account, tree.directory);
  await process.pass();
  const damaged = () =>
    process.events.filter(({ event }) => event === 'object.damaged').map(({ fields }) => fields);
  expect(damaged()).toEqual([]);
  await byHand(account, { tag: 'ApiKey/acme', tags: { 'apikeeper:applied': null } });
  await byHand(account, { tag: 'UsagePlan/gold', tags: { 'apikeeper:applied': 'rubbish' } });
  await process.pass();
  expect(damaged()).toMatchObject([
    { kind: 'ApiKey', name: 'acme' },
    { kind: 'UsagePlan', name: 'gold' },
  ]);
  expect(keyNamed(account, 'acme')?.tags?.['apikeeper:applied']).toContain('description:');
  await process.pass();
  expect(damaged()).toHaveLength(2);
});

const lost = (events: readonly { event: string; fields: Readonly<Record<string, unknown>> }[]) =>
  events.filter(({ event }) => event === 'key.lost').map(({ fields }) => fields.name);

test('a process of its own says key.lost of a key that a plan was written with', async () => {
  const account = await begin();
  const documents = [target, key('acme'), key('beta'), gold(['acme', 'beta']), key('gamma')];
  await passOf(account, documents);
  await byHand(account, { delete: 'ApiKey/acme' });
  account.core.clearRequests();
  const { events, report } = await passOf(account, [...documents, key('delta')]);
  expect(lost(events)).toEqual(['acme']);
  const goldStep = report?.targets[0]?.objects.find(({ name }) => name === 'gold');
  expect(goldStep).toMatchObject({ cause: 'live', outcome: 'updated' });
  expect(lost((await passOf(account, [...documents, key('delta')])).events)).toEqual([]);
});

test('a key that was deleted by hand is told as lost although the commit changes its plan', async () => {
  const account = await begin();
  await passOf(account, [target, key('acme'), key('beta'), key('gamma'), gold(['acme', 'beta'])]);
  await byHand(account, { delete: 'ApiKey/acme' });
  const { events } = await passOf(account, [
    target,
    key('acme'),
    key('beta'),
    key('gamma'),
    gold(['acme', 'gamma']),
  ]);
  expect(lost(events)).toEqual(['acme']);
});

const renamed = [
  target,
  key('acme-ltd', { name: 'acme' }, { 'moved-from': 'acme' }),
  key('beta'),
  gold(['acme-ltd', 'beta']),
];

test('a key deleted by hand is told as lost in the commit that renames it', async () => {
  const account = await begin();
  await passOf(account, [target, key('acme'), key('beta'), gold(['acme', 'beta'])]);
  await byHand(account, { delete: 'ApiKey/acme' });
  expect(lost((await passOf(account, renamed)).events)).toEqual(['acme-ltd']);
});

test('a key deleted between the tag writes of its move is told as lost', async () => {
  for (let call = 1; ; call++) {
    const account = await begin();
    await passOf(account, [target, key('acme'), key('beta'), gold(['acme', 'beta'])]);
    const { report } = await passOf(account, renamed, { crash: { call, when: 'after' } });
    if (report) return;
    await byHand(account, { delete: 'ApiKey/acme' });
    expect(lost((await passOf(account, renamed)).events), `died after ${call}`).toEqual([
      'acme-ltd',
    ]);
  }
});

test('a key that left Git, and whose name comes back, was never lost', async () => {
  const account = await begin();
  const documents = [target, key('acme'), key('beta'), gold(['acme', 'beta'])];
  await passOf(account, documents);
  await passOf(account, [target, key('beta'), gold(['beta'])]);
  account.clock.pass(15 * DAY_MS);
  await passOf(account, [target, key('beta'), gold(['beta'])]);
  expect(keyNamed(account, 'acme')).toBeUndefined();
  account.core.clearRequests();
  expect(lost((await passOf(account, documents)).events)).toEqual([]);
  expect(writesOf(account.core.requests).length).toBeGreaterThan(0);
});

test('a commit that changes the keys of a plan is no drift, although the old key goes first', async () => {
  const account = await begin();
  await passOf(account, [target, key('acme'), key('beta'), gold(['acme'])]);
  // A call takes time: what was read before a write is older than the write.
  const interfere: Around = async (carryOut) => {
    account.clock.pass(10);
    return carryOut();
  };
  const documents = [target, key('acme'), key('beta'), gold(['beta'])];
  const { events } = await passOf(account, documents, { interfere });
  expect(events.map(({ event }) => event)).not.toContain('drift.detected');
});
