import { describe, expect, it } from 'vitest';
import { createLiveIndex } from '../../../src/core/compare/live-index.ts';
import { apiOf, labelOf, stageId } from '../../../src/core/compare/references.ts';
import type { Annotations, Desired, Live } from '../../../src/core/model/model.ts';
import { api, desired, linesOf, live, members, OWNER, ours, planOf, stages } from '../build.ts';

const key = (id: string, tags: Record<string, string> = {}, name = 'acme') =>
  live('ApiKey', id, { name }, tags);
const acme = (annotations: Partial<Annotations> = {}, spec = {}) =>
  desired('ApiKey', 'acme', spec, annotations);
const retired = (id: string, name: string, deleteAfter: string) =>
  live(
    'ApiKey',
    id,
    { name: 'acme', enabled: false },
    ours(name, {
      'apikeeper:delete-after': deleteAfter,
      'apikeeper:applied': 'enabled:x',
    }),
  );
const STACK = { 'aws:cloudformation:stack-name': 'stack' };
const restApi = { name: 'residents-api' };

function plansTo(
  documents: readonly Desired[],
  found: readonly Live[],
  more: Parameters<typeof planOf>[0] = {},
): string[] {
  return linesOf(planOf({ ...more, desired: documents, live: found }));
}

describe('which live object a document means', () => {
  it('says what else the annotation takes, where somebody wrote a name into it', () => {
    const { steps } = planOf({ desired: [acme({ adopt: 'acme' })], live: [key('k1')] });
    expect(steps.map(({ message }) => message)).toEqual([
      'there is no ApiKey with the id acme to adopt: correct the annotation apikeeper.dev/adopt, which takes an id or by-name, or remove it to have one created',
    ]);
  });

  it.each<[why: string, document: Desired, found: readonly Live[], plan: readonly string[]]>([
    ['none of its name: it is made', acme(), [], ['create ApiKey/acme /spec/name /spec/enabled']],
    ['the one that bears its tags', acme(), [key('k1', ours('acme'))], ['keep ApiKey/acme']],
    [
      'that one, whatever it is called',
      acme(),
      [key('k1', ours('acme'), 'old name')],
      ['keep ApiKey/acme'],
    ],
    [
      'nobody’s of its name: not duplicated',
      acme(),
      [key('k1')],
      ['hold create ApiKey/acme (not-owned)'],
    ],
    [
      'another owner’s of its name',
      acme(),
      [key('k1', { ...ours('acme'), 'apikeeper:owner': 'others' })],
      ['hold create ApiKey/acme (foreign)'],
    ],
    ['a stack’s of its name', acme(), [key('k1', STACK)], ['hold create ApiKey/acme (foreign)']],
    [
      'nobody’s of another name',
      acme(),
      [key('k1', {}, 'bolt')],
      ['create ApiKey/acme /spec/name /spec/enabled'],
    ],
    [
      'the name that spec.name gives',
      acme({}, { name: 'bolt' }),
      [key('k1', {}, 'bolt')],
      ['hold create ApiKey/acme (not-owned)'],
    ],
    [
      'two that bear its tags',
      acme(),
      [key('k1', ours('acme')), key('k2', ours('acme'))],
      ['hold update ApiKey/acme (ambiguous)'],
    ],
    [
      'two, of which one is chosen',
      acme({ adopt: 'k2' }),
      [key('k1', ours('acme')), key('k2', ours('acme'))],
      ['keep ApiKey/acme', 'disable ApiKey/acme /spec/enabled'],
    ],
    [
      'adopted by its id',
      acme({ adopt: 'k1' }),
      [key('k1', {}, 'anything')],
      ['adopt ApiKey/acme'],
    ],
    ['adopted by its name', acme({ adopt: 'by-name' }), [key('k1')], ['adopt ApiKey/acme']],
    [
      'by a name that two bear',
      acme({ adopt: 'by-name' }),
      [key('k1'), key('k2')],
      ['hold adopt ApiKey/acme (ambiguous)'],
    ],
    [
      'by a name that none bears',
      acme({ adopt: 'by-name' }),
      [],
      ['hold adopt ApiKey/acme (unresolved-reference)'],
    ],
    [
      'by an id that there is not',
      acme({ adopt: 'k9' }),
      [],
      ['hold adopt ApiKey/acme (unresolved-reference)'],
    ],
    [
      'from a stack, which isn’t said',
      acme({ adopt: 'k1' }),
      [key('k1', STACK)],
      ['hold adopt ApiKey/acme (foreign)'],
    ],
    [
      'from a stack, which is said',
      acme({ adopt: 'k1', adoptFrom: ['cloudformation'] }),
      [key('k1', STACK)],
      ['adopt ApiKey/acme'],
    ],
    [
      'from another than is said',
      acme({ adopt: 'k1', adoptFrom: ['ack'] }),
      [key('k1', STACK)],
      ['hold adopt ApiKey/acme (foreign)'],
    ],
    [
      'what is another document’s',
      acme({ adopt: 'k1' }),
      [key('k1', ours('bolt'))],
      ['hold adopt ApiKey/acme (ambiguous)'],
    ],
    [
      'once adopted, the annotation does no harm',
      acme({ adopt: 'k1' }),
      [key('k1', ours('acme'))],
      ['keep ApiKey/acme'],
    ],
    [
      'nor does one whose object is gone',
      acme({ adopt: 'k9' }),
      [key('k1', ours('acme'))],
      ['keep ApiKey/acme'],
    ],
    [
      'once adopted, our tags outrank a stack’s',
      acme(),
      [key('k1', { ...ours('acme'), ...STACK })],
      ['keep ApiKey/acme'],
    ],
    [
      'the one that bears its former name',
      acme({ movedFrom: [{ namespace: 'default', name: 'old' }] }),
      [key('k1', ours('old'))],
      ['update ApiKey/acme /metadata/name'],
    ],
    [
      'the one of its own name before that',
      acme({ movedFrom: [{ namespace: 'default', name: 'old' }] }),
      [key('k1', ours('acme'))],
      ['keep ApiKey/acme'],
    ],
    [
      'the one that bears any of its former names',
      acme({ movedFrom: ['older', 'old'].map((name) => ({ namespace: 'default', name })) }),
      [key('k1', ours('old'))],
      ['update ApiKey/acme /metadata/name'],
    ],
    [
      'two that bear one former name each',
      acme({ movedFrom: ['older', 'old'].map((name) => ({ namespace: 'default', name })) }),
      [key('k1', ours('old')), key('k2', ours('older'))],
      ['hold update ApiKey/acme (ambiguous)'],
    ],
    [
      'the one that bears its former name, before a retired one of its own name',
      acme({ movedFrom: [{ namespace: 'default', name: 'old' }] }),
      [retired('k1', 'acme', '2036-01-20T00:00:00Z'), key('k2', ours('old'))],
      ['update ApiKey/acme /metadata/name', 'hold delete ApiKey/acme (grace)'],
    ],
    [
      'the one of its own name, and a retired one keeps its grace',
      acme(),
      [retired('k1', 'acme', '2036-01-20T00:00:00Z'), key('k2', ours('acme'))],
      ['keep ApiKey/acme', 'hold delete ApiKey/acme (grace)'],
    ],
    [
      'of retired ones the newest: the removal was reverted',
      acme({ movedFrom: [{ namespace: 'default', name: 'old' }] }),
      [retired('k1', 'acme', '2036-01-20T00:00:00Z'), retired('k2', 'old', '2036-01-21T00:00:00Z')],
      ['update ApiKey/acme /spec/enabled /metadata/name', 'hold delete ApiKey/acme (grace)'],
    ],
    [
      'of retired ones the one whose time can be read, before one whose time is damaged',
      acme({ movedFrom: [{ namespace: 'default', name: 'old' }] }),
      [retired('k1', 'acme', 'garbage'), retired('k2', 'old', '2036-01-21T00:00:00Z')],
      ['update ApiKey/acme /spec/enabled /metadata/name', 'disable ApiKey/acme'],
    ],
    [
      'one that somebody suspended',
      acme({}, { description: 'new' }),
      [key('k1', ours('acme', { 'apikeeper:suspend': '' }))],
      ['hold update ApiKey/acme (suspended)'],
    ],
  ])('%s', (_, document, found, plan) => {
    expect(plansTo([document], found)).toEqual(plan);
  });

  it.each<
    [
      why: string,
      spec: { description?: string; deployment?: 'latest' },
      annotations: Partial<Annotations>,
      found: readonly Live[],
      plan: string,
    ]
  >([
    [
      'a stage is what its API and name say, whoever made it',
      { description: 'new' },
      {},
      [live('Stage', 'api1:one')],
      'update Stage/one /spec/description',
    ],
    [
      'unless another manager’s tags are on it',
      { description: 'new' },
      {},
      [live('Stage', 'api1:one', {}, STACK)],
      'hold update Stage/one (foreign)',
    ],
    [
      'and the document doesn’t take it from that one',
      { description: 'new' },
      { adoptFrom: ['cloudformation'] },
      [live('Stage', 'api1:one', {}, STACK)],
      'update Stage/one /spec/description',
    ],
    [
      'a missing one is made where a deployment is said',
      { deployment: 'latest' },
      {},
      [],
      'create Stage/one /spec/deployment /spec/cacheCluster',
    ],
    ['and not where none is', {}, {}, [], 'hold create Stage/one (unresolved-reference)'],
  ])('%s', (_, spec, annotations, found, plan) => {
    expect(
      plansTo([desired('Stage', 'one', { ...spec, restApi }, annotations)], found)[0]?.replace(
        ' /spec/tracingEnabled',
        '',
      ),
    ).toBe(plan);
  });

  it('holds two documents that mean one live object, in other namespaces too', () => {
    const one = desired('Stage', 'one', { restApi, stageName: 'prod' });
    const two = desired('Stage', 'two', { restApi: { id: 'api1' }, stageName: 'prod' });
    const found = [live('Stage', 'api1:prod')];
    expect(plansTo([one, two], found)).toEqual([
      'hold update Stage/one (ambiguous)',
      'hold update Stage/two (ambiguous)',
    ]);
    expect(plansTo([one], found, { neighbours: [{ ...two, namespace: 'other' }] })).toEqual([
      'hold update Stage/one (ambiguous)',
    ]);
  });

  it('finds neither missing nor a stranger what was ours in the last pass and lacks our tags', () => {
    const seen = new Map([['ApiKey/default/acme', { id: 'k1' }]]);
    const { steps } = planOf({ desired: [acme()], live: [key('k1')], lastSeen: seen });
    expect(steps).toEqual([
      expect.objectContaining({ action: 'hold', reason: 'not-owned', incident: 'object.disowned' }),
    ]);
  });

  it('says what is lost when a key is made again', () => {
    const seen = new Map([['ApiKey/default/acme', { id: 'k1' }]]);
    expect(planOf({ desired: [acme()], lastSeen: seen }).steps).toEqual([
      expect.objectContaining({ action: 'create', incident: 'key.lost' }),
    ]);
  });
});

describe('what a name leads to', () => {
  const apis = [
    api('api1', 'residents-api'),
    api('api2', 'repairs-api'),
    api('api3', 'repairs-api'),
  ];

  it.each<[why: string, reference: Parameters<typeof apiOf>[0], found: unknown]>([
    ['the one API of that name', { name: 'residents-api' }, { found: 'api1' }],
    ['an id that there is', { id: 'api2' }, { found: 'api2' }],
    [
      'an id that there is not',
      { id: 'api9' },
      { unresolved: expect.stringContaining('correct the id') },
    ],
    [
      'a name that none bears',
      { name: 'parking-api' },
      { unresolved: expect.stringContaining('correct the name') },
    ],
    [
      'a name that two bear',
      { name: 'repairs-api' },
      { unresolved: expect.stringContaining('2 REST APIs are named repairs-api (api2, api3)') },
    ],
    ['nothing', undefined, { unresolved: expect.any(String) }],
  ])('%s', (_, reference, found) => {
    expect(apiOf(reference, apis)).toEqual(found);
  });

  it('an id is taken at its word where no API was listed', () => {
    expect(apiOf({ id: 'api9' }, undefined)).toEqual({ found: 'api9' });
    expect(stageId({ name: 'prod', spec: { restApi: { id: 'api9' } } }, undefined)).toEqual({
      found: 'api9:prod',
    });
  });

  it('people know ours by their documents’ names, and the others by their own', () => {
    const all = [
      key('k1', ours('acme')),
      key('k2', ours('acme', {}, 'other')),
      key('k3'),
      live('Stage', 'api2:prod'),
    ];
    const world = createLiveIndex({ namespace: 'default', owner: OWNER, apis, live: all });
    expect([
      ...all.map((one) => labelOf(one, one.id, world)),
      labelOf(undefined, 'k9', world),
    ]).toEqual(['acme', 'other/acme', 'k3', 'repairs-api:prod', 'k9']);
  });

  const members1 = { keys: members('k1'), stages: stages('api1:s1') };
  const plan = (spec: { keys?: string[]; stages?: object[] }) =>
    desired('UsagePlan', 'plan', spec as Desired['spec']);
  const planLive = (spec = {}) =>
    live('UsagePlan', 'p1', { name: 'plan', ...members1, ...spec }, ours('plan'));
  const stage1 = live('Stage', 'api1:s1');

  it.each<
    [why: string, documents: readonly Desired[], found: readonly Live[], plan: readonly string[]]
  >([
    [
      'a declared key that is live',
      [plan({ keys: ['acme'] }), acme()],
      [planLive(), key('k1', ours('acme')), stage1],
      ['keep UsagePlan/plan'],
    ],
    [
      'a key of ours that no document declares any more',
      [plan({ keys: ['acme'] })],
      [planLive(), key('k1', ours('acme')), stage1],
      ['keep UsagePlan/plan'],
    ],
    [
      'a key that is held as somebody else’s',
      [plan({ keys: ['acme'] }), acme()],
      [planLive({ keys: {} }), key('k1'), stage1],
      ['keep UsagePlan/plan', 'hold update UsagePlan/plan (dependency) /spec/keys/acme'],
    ],
    [
      'a key that nobody knows: live ones that may be it stay',
      [plan({ keys: ['nobody'] })],
      [planLive(), key('k1'), stage1],
      [
        'keep UsagePlan/plan',
        'hold update UsagePlan/plan (unresolved-reference) /spec/keys/nobody /spec/keys/k1',
      ],
    ],
    [
      'and those that are something else go',
      [plan({ keys: ['nobody'] }), acme()],
      [planLive(), key('k1', ours('acme')), stage1],
      [
        'update UsagePlan/plan /spec/keys/acme',
        'hold update UsagePlan/plan (unresolved-reference) /spec/keys/nobody',
      ],
    ],
    [
      'a stage that does not exist',
      [plan({ stages: [{ restApi, stageName: 'nowhere' }] })],
      [planLive(), key('k1', ours('acme')), stage1],
      [
        'keep UsagePlan/plan',
        'hold update UsagePlan/plan (unresolved-reference) /spec/stages/residents-api:nowhere /spec/stages/residents-api:s1',
      ],
    ],
    [
      'a suspended key is live all the same',
      [plan({ keys: ['acme'] }), acme({ mode: 'suspend' })],
      [planLive({ keys: {} }), key('k1', ours('acme')), stage1],
      ['update UsagePlan/plan /spec/keys/acme'],
    ],
  ])('%s', (_, documents, found, lines) => {
    const all = plansTo(documents, found, { policy: { prune: false } });
    expect(all.filter((line) => line.includes('UsagePlan'))).toEqual(lines);
  });
});
