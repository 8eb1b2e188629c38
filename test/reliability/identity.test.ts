/** Histories of names: which key a document means after renames, reverts, removals and forged tags. */
import { describe, expect, test } from 'vitest';
import { load } from '../../src/manifests/load.ts';
import { seed } from '../kit/seed.ts';
import { type Account, createAccount, createTree, type Document, startProcess } from './account.ts';
import { passOf } from './crash-matrix.ts';
import { gold, key, OWNER, on, plan, STRANGERS, target } from './crash-scenarios.ts';

const DAY_MS = 24 * 3600_000;

async function begin(): Promise<Account> {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  return account;
}

const keysNamed = ({ core }: Account, name: string) =>
  [...core.state().apiKeys.values()].filter((one) => one.name === name);
const named = (name: string, spec: object): Document => ({
  ...target,
  metadata: { name },
  spec: Object.assign({}, target.spec, spec),
});
const movedTo = (namespace: string, document: Document): Document => ({
  ...document,
  metadata: Object.assign({}, document.metadata, { namespace }),
});
const decoys = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `0decoy${index}`,
    name: `decoy-${index}`,
    tags: { 'apikeeper:owner': OWNER, 'apikeeper:resource': 'production/acme' },
  }));

describe('a revocation', () => {
  test('is carried out where the rename of the key is reverted after the grace', async () => {
    const account = await begin();
    await passOf(account, [target, key('acme')]);
    const [made] = keysNamed(account, 'acme');
    await passOf(account, [target, key('acme-new', {}, { 'moved-from': 'acme' })]);
    account.clock.pass(20 * DAY_MS);
    await passOf(account, [target, key('acme', { enabled: false })]);
    expect(account.core.state().apiKeys.get(made?.id ?? '')?.enabled).toBe(false);
  });

  test('reaches the real key among more decoys than the guards allow', async () => {
    const account = await begin();
    const guarded = named('production', { guards: { maxKeys: 2, maxPercent: 100 } });
    const documents = (enabled: boolean) => [guarded, key('acme', { enabled }), key('beta')];
    await passOf(account, documents(true));
    await seed(account.hand, { keys: decoys(7) });
    await passOf(account, documents(false));
    expect(keysNamed(account, 'acme').map(({ enabled }) => enabled)).toEqual([false]);
  });

  test('takes no more claimants than the guards allow, pass after pass', async () => {
    const account = await begin();
    const guarded = named('production', { guards: { maxKeys: 0, maxPercent: 100 } });
    const documents = (enabled: boolean) => [guarded, key('acme', { enabled })];
    await passOf(account, documents(true));
    await seed(account.hand, { keys: decoys(5) });
    for (let pass = 1; pass <= 3; pass++) await passOf(account, documents(false));
    const off = [...account.core.state().apiKeys.values()].filter(
      ({ id, enabled }) => !enabled && !id.startsWith('stranger'),
    );
    expect(off.map(({ name }) => name)).toEqual(['acme']);
  });
});

describe('adopt: none', () => {
  test('may be said by two documents', async () => {
    using tree = createTree([
      target,
      key('acme', {}, { adopt: 'none' }),
      key('beta', {}, { adopt: 'none' }),
      gold(['acme']),
      plan('silver', { stages: [on('production')], keys: ['beta'] }),
    ]);
    expect((await load(tree.directory)).problems).toEqual([]);
  });

  test('makes a new key in the process that saw the removed one, and calls it no lost one', async () => {
    const account = await begin();
    using tree = createTree([target, key('acme'), key('beta'), gold(['acme'])]);
    await using process = startProcess(account, tree.directory);
    await process.pass();
    tree.write([target, key('beta'), gold([])]);
    await process.pass();
    tree.write([target, key('acme', {}, { adopt: 'none' }), key('beta'), gold(['acme'])]);
    await process.pass();
    expect(
      keysNamed(account, 'acme')
        .map(({ enabled }) => enabled)
        .sort(),
    ).toEqual([false, true]);
    expect(process.events.map(({ event }) => event)).not.toContain('key.lost');
  });
});

describe('a moved-from that finds nothing', () => {
  test.each([
    ['names a namespace of another owner', 'production/acme'],
    ['is misspelt, in a namespace of another owner', 'production/acmee'],
  ])('%s: the key keeps its access, and no other is made', async (_why, from) => {
    const account = await begin();
    const targets = [target, named('other', { owner: `${OWNER}-2` })];
    await passOf(account, [...targets, key('acme'), key('beta')]);
    const renamed = movedTo('other', key('acme-b', {}, { 'moved-from': from }));
    await passOf(account, [...targets, renamed, key('beta')]);
    expect(keysNamed(account, 'acme').map(({ enabled }) => enabled)).toEqual([true]);
    expect(keysNamed(account, 'acme-b')).toEqual([]);
  });

  test('holds no create where prune is off, and no list loses a key', async () => {
    const account = await begin();
    const off = named('production', { prune: false });
    await passOf(account, [off, key('acme'), key('beta')]);
    await passOf(account, [off, key('beta')]);
    await passOf(account, [off, key('gamma', {}, { 'moved-from': 'nothing' }), key('beta')]);
    expect(keysNamed(account, 'gamma')).toHaveLength(1);
  });
});
