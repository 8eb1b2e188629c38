/** A plan was written with a key that is live no more: the fingerprint of its list proves it, by names. */
import { describe, expect, it } from 'vitest';
import { type Desired, type Live, TAG } from '../../../src/core/model/model.ts';
import { fieldText } from '../../../src/core/model/three-way.ts';
import { fingerprint } from '../../../src/engine/state/hash-and-time.ts';
import { desired, linesOf, live, members, ours, planOf, rulesOf } from '../build.ts';

const RULE = rulesOf('UsagePlan').fields.keys;
const print = (...names: readonly string[]) =>
  `keys:${RULE && fingerprint(fieldText(RULE, members(...names)))}`;
const names = (...all: readonly string[]) => print(...all.map((name) => `default/${name}`));

const plan = (applied: string, keys: readonly string[], name = 'gold') =>
  live('UsagePlan', 'p1', { name, keys: members(...keys) }, ours(name, { [TAG.applied]: applied }));
const key = (id: string, name: string) => live('ApiKey', id, { name }, ours(name));
const gold = (...keys: readonly string[]) => desired('UsagePlan', 'gold', { keys: [...keys] });
const acme = desired('ApiKey', 'acme');
const bolt = desired('ApiKey', 'bolt');
const cord = desired('ApiKey', 'cord');
const from = (name: string) => ({ movedFrom: [{ namespace: 'default', name }] });
const renamed = desired('ApiKey', 'acme', {}, from('old'));
const renamedBolt = desired('ApiKey', 'bolt', {}, from('older'));

describe('a key that is not live', () => {
  it.each<[reason: string, documents: readonly Desired[], found: readonly Live[], lost: string[]]>([
    ['in no plan: it is new', [acme], [], []],
    ['its plan is new', [acme, gold('acme')], [], []],
    ['its plan was written with it', [acme, gold('acme')], [plan(names('acme'), [])], ['acme']],
    [
      'its plan was written with others: it joins them',
      [acme, bolt, gold('acme', 'bolt')],
      [plan(names('bolt'), ['k2']), key('k2', 'bolt')],
      [],
    ],
    [
      'its plan was written with it and others',
      [acme, bolt, gold('acme', 'bolt')],
      [plan(names('acme', 'bolt'), ['k2']), key('k2', 'bolt')],
      ['acme'],
    ],
    [
      'both were deleted',
      [acme, bolt, gold('acme', 'bolt')],
      [plan(names('acme', 'bolt'), [])],
      ['acme', 'bolt'],
    ],
    [
      'the same commit adds another',
      [acme, bolt, gold('acme', 'bolt')],
      [plan(names('acme'), []), key('k2', 'bolt')],
      ['acme'],
    ],
    [
      'the same commit takes another out',
      [acme, bolt, gold('acme')],
      [plan(names('acme', 'bolt'), ['k2']), key('k2', 'bolt')],
      ['acme'],
    ],
    ['the same commit renames it', [renamed, gold('acme')], [plan(names('old'), [])], ['acme']],
    [
      'the commit before renamed it, and the plan says so',
      [renamed, gold('acme')],
      [plan(names('acme'), [])],
      ['acme'],
    ],
    [
      'the same commit renames another too',
      [renamed, renamedBolt, gold('acme', 'bolt')],
      [plan(names('old', 'older'), ['k2']), key('k2', 'older')],
      ['acme'],
    ],
    [
      'its plan is renamed',
      [acme, desired('UsagePlan', 'silver', { keys: ['acme'] }, from('gold'))],
      [plan(names('acme'), [])],
      ['acme'],
    ],
    [
      'all were deleted, and another joins',
      [acme, bolt, cord, gold('acme', 'bolt', 'cord')],
      [plan(names('acme', 'bolt'), []), key('k3', 'cord')],
      ['acme', 'bolt'],
    ],
    ['0.1.0 wrote ids, which prove nothing', [acme, gold('acme')], [plan(print('k1'), [])], []],
    ['the tag is damaged', [acme, gold('acme')], [plan('rubbish', [])], []],
  ])('%s', (_, documents, found, lost) => {
    const { steps } = planOf({ desired: documents, live: found });
    const told = steps.filter(({ incident }) => incident === 'key.lost');
    expect(told.map(({ name }) => name)).toEqual(lost);
  });

  it('was not lost where its live object goes on under another name', () => {
    const { steps } = planOf({
      desired: [acme, bolt],
      live: [key('k1', 'bolt')],
      lastSeen: new Map([
        ['ApiKey/default/acme', { id: 'k1' }],
        ['ApiKey/default/bolt', { id: 'k1' }],
      ]),
    });
    expect(steps.map(({ incident }) => incident)).toEqual([undefined, undefined]);
  });
});

describe('who changed the keys of a plan', () => {
  const document = gold('acme');
  const made = key('k9', 'acme');

  it.each<
    [reason: string, found: readonly Live[], documents: readonly Desired[], causes: string[]]
  >([
    [
      'a key that is made again is no commit',
      [plan(names('acme'), [])],
      [acme, document],
      ['live'],
    ],
    ['nor once it is there', [plan(names('acme'), []), made], [acme, document], ['live']],
    ['a key that joins is one', [plan(names(), []), made], [acme, document], ['git']],
    [
      'by the ids of 0.1.0 too',
      [plan(print('k2'), ['k2']), made, key('k2', 'bolt')],
      [acme, bolt, document],
      ['git', 'git'],
    ],
    [
      'a hand took it out, by the ids of 0.1.0',
      [plan(print('k9'), []), made],
      [acme, document],
      ['live'],
    ],
    [
      'a key is renamed, and another joins',
      [plan(names('old'), ['k9']), key('k9', 'old'), key('k2', 'bolt')],
      [renamed, bolt, gold('acme', 'bolt')],
      ['git'],
    ],
    [
      'somebody put a guest in',
      [plan(names('acme'), ['k9', 'k3']), made, live('ApiKey', 'k3', { name: 'guest' })],
      [acme, document],
      ['live'],
    ],
  ])('%s', (_, found, documents, causes) => {
    const { steps } = planOf({ desired: documents, live: found });
    const step = steps.find(({ kind }) => kind === 'UsagePlan');
    const changes = step?.changes.filter(({ field }) => field === 'keys') ?? [];
    expect(changes.map(({ cause }) => cause)).toEqual(causes);
  });

  it('renews a fingerprint of ids in passing', () => {
    const { steps } = planOf({
      desired: [acme, document],
      live: [plan(print('k9'), ['k9']), made],
    });
    expect(linesOf({ steps })).toEqual(['keep ApiKey/acme', 'keep UsagePlan/gold']);
    expect(steps[1]?.tags.set).toEqual({ [TAG.applied]: names('acme') });
  });
});
