/** The table of docs/contract.md#ownership: which of our objects a document means, over time. */
import { describe, expect, it } from 'vitest';
import { type Annotations, type Desired, type Live, TAG } from '../../../src/core/model/model.ts';
import { desired, linesOf, live, members, NOW, ours, planOf, stages } from '../build.ts';

const DAY = 24 * 3600_000;
const at = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
const LEFT = { [TAG.deleteAfter]: `${at(NOW + 10 * DAY)}/on` };
const LEFT_LATER = { [TAG.deleteAfter]: `${at(NOW + 12 * DAY)}/on` };
const renamedAgo = (days: number, name = 'acme') => ({
  [TAG.formerly]: `${at(NOW - days * DAY)}/default/${name}`,
});

const key = (id: string, name: string, tags = {}, enabled = true): Live => ({
  ...live('ApiKey', id, { name, enabled }, ours(name, tags)),
  updatedAt: NOW,
});
const left = (id: string, name: string, tags = LEFT) => key(id, name, tags, false);
const acme = (annotations: Partial<Annotations> = {}, spec = {}): Desired =>
  desired('ApiKey', 'acme', spec, annotations);
const movedFrom = (...names: string[]) => ({
  movedFrom: names.map((name) => ({ namespace: 'default', name })),
});
const seen = (id: string) => new Map([['ApiKey/default/acme', { id }]]);

type Row = [
  why: string,
  document: Desired,
  found: readonly Live[],
  lines: readonly string[],
  more?: Parameters<typeof planOf>[0],
];

describe('a document means', () => {
  it.each<Row>([
    [
      'the one with its name, though a removed one of an old name waits for its end',
      acme(movedFrom('old')),
      [key('k1', 'acme'), left('k2', 'old')],
      ['keep ApiKey/acme', 'hold delete ApiKey/old (grace)'],
    ],
    [
      'the one of its old name, though a removed one bears its own',
      acme(movedFrom('old')),
      [left('k1', 'acme'), key('k2', 'old')],
      ['update ApiKey/acme /metadata/name', 'hold delete ApiKey/acme (grace)'],
    ],
    [
      'the newest of two removed ones: the removal was reverted',
      acme(movedFrom('old')),
      [left('k1', 'acme'), left('k2', 'old', LEFT_LATER)],
      ['update ApiKey/acme /metadata/name /spec/enabled', 'hold delete ApiKey/acme (grace)'],
    ],
    [
      'either of two live ones: neither is touched until adopt says which',
      acme(movedFrom('old')),
      [key('k1', 'acme'), key('k2', 'old')],
      ['hold update ApiKey/acme (ambiguous)'],
    ],
    [
      'the one that adopt names; the other has left Git',
      acme({ ...movedFrom('old'), adopt: 'k2' }),
      [key('k1', 'acme'), key('k2', 'old')],
      ['update ApiKey/acme /metadata/name', 'disable ApiKey/acme /spec/enabled'],
    ],
    [
      'the one of its name, where adopt names that; the other has left Git',
      acme({ ...movedFrom('old'), adopt: 'k1' }),
      [key('k1', 'acme'), key('k2', 'old')],
      ['keep ApiKey/acme', 'disable ApiKey/old /spec/enabled'],
    ],
    [
      'the one of its name, where this process saw the move done: the other is a new one, and left Git',
      acme(movedFrom('old')),
      [key('k1', 'acme'), key('k2', 'old')],
      ['keep ApiKey/acme', 'disable ApiKey/old /spec/enabled'],
      { movesDone: new Set(['ApiKey/default/acme ApiKey/default/old']) },
    ],
    [
      'one of several of its name only as adopt says',
      acme(),
      [key('k1', 'acme'), key('k2', 'acme')],
      ['hold update ApiKey/acme (ambiguous)'],
    ],
    [
      'one of several of its old name only as adopt says',
      acme(movedFrom('old', 'older')),
      [key('k1', 'old'), key('k2', 'older')],
      ['hold update ApiKey/acme (ambiguous)'],
    ],
    [
      'a removed one that adopt names, before a live one',
      acme({ adopt: 'k1' }),
      [left('k1', 'acme'), key('k2', 'acme')],
      ['update ApiKey/acme /spec/enabled', 'disable ApiKey/acme /spec/enabled'],
    ],
    [
      'none, and makes a new one, with adopt: none; the removed one keeps its end',
      acme({ adopt: 'none' }),
      [left('k1', 'acme')],
      ['create ApiKey/acme /spec/name /spec/enabled', 'hold delete ApiKey/acme (grace)'],
    ],
    [
      'its own, whatever adopt: none says, once it is there',
      acme({ adopt: 'none' }),
      [key('k1', 'acme')],
      ['keep ApiKey/acme'],
    ],
    [
      'the one that was renamed from it: the rename was reverted',
      acme(),
      [key('k1', 'other', renamedAgo(1))],
      ['update ApiKey/acme /metadata/name'],
    ],
    [
      'that one only as a person says, where the rename is older than the grace',
      acme(),
      [key('k1', 'other', renamedAgo(20))],
      ['hold create ApiKey/acme (ambiguous)'],
    ],
    [
      'none of it, where the renamed one is declared under its new name',
      acme(),
      [key('k1', 'declared', renamedAgo(1))],
      ['create ApiKey/acme /spec/name /spec/enabled', 'keep ApiKey/declared'],
      { neighbours: [] },
    ],
    [
      'none of it, where the renamed one has left Git since',
      acme(),
      [left('k1', 'other', { ...LEFT, ...renamedAgo(1) })],
      ['create ApiKey/acme /spec/name /spec/enabled', 'hold delete ApiKey/other (grace)'],
    ],
    [
      'a new one with adopt: none; the renamed one has left Git',
      acme({ adopt: 'none' }),
      [key('k1', 'other', renamedAgo(1))],
      ['create ApiKey/acme /spec/name /spec/enabled', 'disable ApiKey/other /spec/enabled'],
    ],
    [
      'that which this process saw as it, though nothing in its tags says so',
      acme(),
      [key('k1', 'other')],
      ['update ApiKey/acme /metadata/name'],
      { lastSeen: seen('k1') },
    ],
    [
      'nothing by a misspelt moved-from: neither is one made nor the other removed',
      acme(movedFrom('olt')),
      [key('k1', 'old')],
      ['hold create ApiKey/acme (ambiguous)', 'hold disable ApiKey/old (ambiguous) /spec/enabled'],
    ],
    [
      'a new one, where moved-from finds nothing and nothing left Git',
      acme(movedFrom('old')),
      [],
      ['create ApiKey/acme /spec/name /spec/enabled'],
    ],
    [
      'a new one, where what left Git did so before',
      acme(movedFrom('old')),
      [left('k1', 'other')],
      ['create ApiKey/acme /spec/name /spec/enabled', 'hold delete ApiKey/other (grace)'],
    ],
  ])('%s', (_why, document, found, lines, more) => {
    const others = found.some(({ name }) => name === 'declared')
      ? [desired('ApiKey', 'declared')]
      : [];
    const plan = planOf({ ...more, desired: [document, ...others], live: found });
    expect(linesOf(plan)).toEqual(lines);
  });

  it('no object that this process saw as another document’s: its tags were changed by hand', () => {
    const documents = [acme(), desired('ApiKey', 'birch')];
    const lastSeen = new Map([
      ['ApiKey/default/acme', { id: 'k1' }],
      ['ApiKey/default/birch', { id: 'k2' }],
    ]);
    // The tags of birch's key were changed to name acme.
    const found = [key('k1', 'acme'), key('k2', 'acme')];
    expect(linesOf(planOf({ desired: documents, live: found, lastSeen }))).toEqual([
      'keep ApiKey/acme',
      'hold update ApiKey/birch (not-owned)',
    ]);
  });
});

describe('a revocation', () => {
  it('is done to every key that claims the identity, the one last known first', () => {
    const { steps } = planOf({
      desired: [acme({}, { enabled: false })],
      live: [key('a-decoy', 'acme'), key('real', 'acme')],
      lastSeen: seen('real'),
    });
    expect(linesOf({ steps })).toEqual([
      'hold update ApiKey/acme (ambiguous)',
      'update ApiKey/acme /spec/enabled',
      'update ApiKey/acme /spec/enabled',
    ]);
    expect(steps.slice(1).map((one) => one.live?.id)).toEqual(['real', 'a-decoy']);
  });

  it('counts for the guards from the second claimant on', () => {
    const plan = planOf({
      desired: [acme({}, { enabled: false })],
      live: [key('a-decoy', 'acme'), key('real', 'acme')],
      lastSeen: seen('real'),
      policy: { maxKeys: 0 },
    });
    expect(linesOf(plan)).toEqual([
      'hold update ApiKey/acme (ambiguous)',
      'update ApiKey/acme /spec/enabled',
      'hold update ApiKey/acme (guard) /spec/enabled',
    ]);
  });

  it('takes every claimant of a name out of a list that the name has left', () => {
    const plan = desired('UsagePlan', 'gold', {
      keys: [],
      stages: [{ restApi: { name: 'residents-api' }, stageName: 's1' }],
    });
    const found = [
      key('k1', 'acme'),
      key('k2', 'acme'),
      live('Stage', 'api1:s1'),
      live(
        'UsagePlan',
        'p1',
        { name: 'gold', keys: members('k1', 'k2'), stages: stages('api1:s1') },
        ours('gold'),
      ),
    ];
    const [main] = planOf({ desired: [acme(), plan], live: found }).steps.filter(
      ({ kind }) => kind === 'UsagePlan',
    );
    expect(main?.changes.map(({ keys }) => keys[0]).sort()).toEqual(['k1', 'k2']);
  });
});

it('a rename writes the old name and the time, once', () => {
  const document = acme(movedFrom('old'));
  const [step] = planOf({ desired: [document], live: [key('k1', 'old')] }).steps;
  expect(step?.tags.set[TAG.formerly]).toBe(`${at(NOW)}/default/old`);
  const [done] = planOf({
    desired: [document],
    live: [key('k1', 'acme', renamedAgo(3, 'old'))],
  }).steps;
  expect(done?.tags.set).not.toHaveProperty(TAG.formerly);
});
