import { describe, expect, it } from 'vitest';
import { type Desired, type Live, TAG } from '../../../src/core/model/model.ts';
import { desired, linesOf, live, members, NOW, ours, planOf, stages } from '../build.ts';

const S1 = 'api1:s1';
const S2 = 'api1:s2';
const restApi = { name: 'residents-api' };
const on = (...names: readonly string[]) => names.map((stageName) => ({ restApi, stageName }));
const KEYS = ['acme', 'bolt', 'cord'];
const keyLive = (name: string, tags = ours(name)): Live => live('ApiKey', name, { name }, tags);
const planLive = (name: string, keys: readonly string[], ...on: readonly string[]): Live =>
  live('UsagePlan', name, { name, keys: members(...keys), stages: stages(...on) }, ours(name));
const key = (name: string, spec = {}): Desired => desired('ApiKey', name, spec);
const plan = (name: string, keys: readonly string[], ...names: readonly string[]): Desired =>
  desired('UsagePlan', name, { keys: [...keys], stages: on(...names) });
const all = KEYS.map((name) => key(name));
const found = [...KEYS.map((name) => keyLive(name)), live('Stage', S1), live('Stage', S2)];

/** With a guard that lets nobody lose anything: the keys that it counts. */
function counted(documents: readonly Desired[], there: readonly Live[]): number {
  const { steps } = planOf({ desired: documents, live: there, policy: { maxKeys: 0 } });
  const [guard] = steps.filter(({ reason }) => reason === 'guard');
  return Number(/^(\d+) of/.exec(guard?.message ?? '0 of')?.[1]);
}

describe('what the guards count', () => {
  it.each<[why: string, documents: readonly Desired[], there: readonly Live[], keys: number]>([
    ['nothing changes', [...all, plan('p', KEYS, 's1')], [...found, planLive('p', KEYS, S1)], 0],
    ['keys that left Git', [key('acme')], found, 2],
    [
      'keys that left a list',
      [...all, plan('p', ['acme'], 's1')],
      [...found, planLive('p', KEYS, S1)],
      2,
    ],
    ['keys whose plan left Git', all, [...found, planLive('p', KEYS, S1)], 3],
    [
      'keys whose stage left a plan',
      [...all, plan('p', KEYS, 's1')],
      [...found, planLive('p', KEYS, S1, S2)],
      3,
    ],
    [
      'each key once',
      [key('acme'), plan('p', [], 's1')],
      [...found, planLive('p', KEYS, S1, S2)],
      3,
    ],
    [
      'keys whose stage is deleted',
      [...all, plan('p', KEYS)],
      [
        ...KEYS.map((name) => keyLive(name)),
        live('Stage', S1, {}, ours('s1')),
        planLive('p', KEYS, S1),
      ],
      3,
    ],
    [
      'a move is none',
      [...all, plan('p', [], 's1'), plan('q', KEYS, 's1')],
      [...found, planLive('p', KEYS, S1)],
      0,
    ],
    [
      'a move that leaves a stage behind is one',
      [...all, plan('p', [], 's1', 's2'), plan('q', ['acme'], 's1')],
      [...found, planLive('p', ['acme'], S1, S2)],
      1,
    ],
    [
      'enabled: false said outright is none',
      [key('acme', { enabled: false }), key('bolt'), key('cord')],
      found,
      0,
    ],
    [
      'a key that could not pass before loses nothing',
      [...all, plan('p', [], 's1')],
      [
        ...found.slice(1),
        live('ApiKey', 'acme', { enabled: false }, ours('acme')),
        planLive('p', ['acme'], S1),
      ],
      0,
    ],
    [
      'nor does one in a plan without stages',
      [...all, plan('p', [])],
      [...found, planLive('p', KEYS)],
      0,
    ],
    [
      'what is to be retained keeps its access',
      [key('acme'), key('bolt')],
      [
        keyLive('acme'),
        keyLive('bolt'),
        keyLive('cord', ours('cord', { [TAG.onRemove]: 'Retain' })),
      ],
      0,
    ],
    [
      'a key whose grace is over was counted before',
      [key('acme'), key('bolt')],
      [
        keyLive('acme'),
        keyLive('bolt'),
        live(
          'ApiKey',
          'cord',
          { enabled: false },
          ours('cord', { [TAG.deleteAfter]: '2026-01-01T00:00:00Z' }),
        ),
      ],
      0,
    ],
  ])('%s', (_, documents, there, keys) => {
    expect(counted(documents, there)).toBe(keys);
  });
});

describe('what the guards hold', () => {
  const many = Array.from({ length: 12 }, (_, index) => `key-${index}`);
  const leaving = (count: number, policy: object, target: object = {}) =>
    planOf({
      target,
      desired: many.slice(count).map((name) => key(name)),
      live: many.map((name) => keyLive(name)),
      policy,
    }).steps.filter(({ state }) => state === 'orphaned');

  it.each<[why: string, count: number, policy: object, action: string]>([
    ['as many as are allowed', 3, { maxKeys: 3 }, 'disable'],
    ['one more holds all of them', 4, { maxKeys: 3 }, 'hold'],
    ['a share that is allowed', 3, { maxPercent: 25 }, 'disable'],
    ['a share that is not', 4, { maxPercent: 25 }, 'hold'],
  ])('%s', (_, count, policy, action) => {
    expect(leaving(count, policy).map((step) => step.action)).toEqual(Array(count).fill(action));
  });

  const allowLoss = (keys: number, until: number) => ({ allowLoss: { keys, until } });
  const GUARDS = { maxKeys: 3, maxPercent: 25 };

  it.each<[why: string, target: object, action: string]>([
    ['without a word from Git', {}, 'hold'],
    ['as many as Git allows, and the share does not count', allowLoss(4, NOW + 1), 'disable'],
    ['one more than Git allows', allowLoss(3, NOW + 1), 'hold'],
    ['the time is over', allowLoss(4, NOW), 'hold'],
  ])('%s: 4 of 12 keys', (_, target, action) => {
    const steps = leaving(4, GUARDS, target);
    expect(steps.map((step) => step.action)).toEqual(Array(4).fill(action));
  });

  it('an annotation allows no less than the guards do', () => {
    const steps = leaving(3, { maxKeys: 3 }, allowLoss(1, NOW + 1));
    expect(steps.map((step) => step.action)).toEqual(Array(3).fill('disable'));
  });

  it.each<[why: string, target: object, says: string]>([
    [
      'a line for Git, and a command',
      {},
      'annotate the Target default in Git with apikeeper.dev/allow-loss: "4 until 2026-01-17T00:00Z"; ' +
        "where no daemon runs, run once: apikeeper apply 'my manifests' -n default --max-keys 4",
    ],
    [
      'without a Target there is no place for the line',
      { implicit: true },
      "run once, while no daemon runs: apikeeper apply 'my manifests' -n default --max-keys 4; " +
        'or declare a Target, which can allow it in Git',
    ],
  ])('the message says the way out: %s', (_, target, says) => {
    const [step] = leaving(4, { ...GUARDS, directory: 'my manifests' }, target);
    expect(step?.message).toContain(`if that is meant, ${says}`);
  });

  it('counts no share among fewer than ten keys', () => {
    const { steps } = planOf({
      desired: [],
      live: many.slice(0, 9).map((name) => keyLive(name)),
      policy: { maxPercent: 1 },
    });
    expect(new Set(steps.map(({ action }) => action))).toEqual(new Set(['disable']));
  });

  it('lets the rest of a plan go on, and says what to type', () => {
    const documents = [
      ...all,
      desired('UsagePlan', 'p', { keys: ['acme'], stages: on('s1'), description: 'new' }),
    ];
    const planned = planOf({
      desired: documents,
      live: [...found, planLive('p', KEYS, S1)],
      policy: { maxKeys: 1 },
    });
    expect(linesOf(planned).filter((line) => line.includes('UsagePlan'))).toEqual([
      'update UsagePlan/p /spec/description',
      'hold update UsagePlan/p (guard) /spec/keys/bolt /spec/keys/cord',
    ]);
    expect(planned.steps.find(({ reason }) => reason === 'guard')?.message).toContain(
      'apikeeper apply manifests -n default --max-keys 2',
    );
  });

  it('holds nothing of what disables a key outright', () => {
    const documents = [key('acme', { enabled: false })];
    const lines = linesOf(planOf({ desired: documents, live: found, policy: { maxKeys: 0 } }));
    expect(lines).toContain('update ApiKey/acme /spec/enabled');
    expect(lines.filter((line) => line.includes('(guard)'))).toHaveLength(2);
  });
});

describe('what left Git', () => {
  const disabled = (tags: Record<string, string>) =>
    live('ApiKey', 'acme', { name: 'acme', enabled: false }, ours('acme', tags));
  const at = (days: number) =>
    new Date(NOW + days * 24 * 3600_000).toISOString().replace('.000Z', 'Z');

  it.each<
    [
      why: string,
      there: readonly Live[],
      more: Parameters<typeof planOf>[0],
      lines: readonly string[],
    ]
  >([
    ['a key is disabled', [keyLive('acme')], {}, ['disable ApiKey/acme /spec/enabled']],
    ['a disabled one gets its time', [disabled({})], {}, ['disable ApiKey/acme']],
    [
      'waits for it',
      [disabled({ [TAG.deleteAfter]: at(1) })],
      {},
      ['hold delete ApiKey/acme (grace)'],
    ],
    [
      'is deleted when it is over',
      [disabled({ [TAG.deleteAfter]: at(0) })],
      {},
      ['delete ApiKey/acme'],
    ],
    [
      'a time that nobody can read is given anew',
      [disabled({ [TAG.deleteAfter]: 'soon' })],
      {},
      ['disable ApiKey/acme'],
    ],
    [
      'Disable never deletes',
      [keyLive('acme', ours('acme', { [TAG.onRemove]: 'Disable' }))],
      {},
      ['disable ApiKey/acme /spec/enabled'],
    ],
    [
      'Retain lets go',
      [keyLive('acme', ours('acme', { [TAG.onRemove]: 'Retain' }))],
      {},
      ['release ApiKey/acme'],
    ],
    [
      'a stage that somebody else made is let go',
      [live('Stage', S1, {}, ours('s1', { [TAG.onRemove]: '' }))],
      {},
      ['release Stage/s1'],
    ],
    [
      'prune is off',
      [keyLive('acme')],
      { policy: { prune: false } },
      ['hold disable ApiKey/acme (prune-disabled) /spec/enabled'],
    ],
    [
      'not everything was read',
      [keyLive('acme')],
      { complete: false },
      ['hold disable ApiKey/acme (incomplete-manifests) /spec/enabled'],
    ],
    [
      'its document is invalid',
      [keyLive('acme')],
      { invalid: new Set(['ApiKey/default/acme']) },
      ['hold update ApiKey/acme (incomplete-manifests)'],
    ],
    [
      'somebody suspended it',
      [keyLive('acme', ours('acme', { [TAG.suspend]: '' }))],
      {},
      ['hold disable ApiKey/acme (suspended) /spec/enabled'],
    ],
    [
      'only observing',
      [keyLive('acme')],
      { policy: { mode: 'observe' } },
      ['hold disable ApiKey/acme (observe) /spec/enabled'],
    ],
    [
      'a stack may still want it',
      [live('UsagePlan', 'p', {}, ours('p', { 'aws:cloudformation:stack-name': 's' }))],
      {},
      ['hold delete UsagePlan/p (foreign)'],
    ],
    [
      'in a namespace that this tree doesn’t declare',
      [keyLive('acme', ours('acme', {}, 'elsewhere'))],
      {},
      [],
    ],
    ['of another owner', [keyLive('acme', { ...ours('acme'), [TAG.owner]: 'others' })], {}, []],
  ])('%s', (_, there, more, lines) => {
    expect(linesOf(planOf({ ...more, live: there }))).toEqual(lines);
  });

  it('a plan waits for its keys, and lets the others out', () => {
    const planned = planOf({
      desired: [key('bolt')],
      live: [
        keyLive('acme'),
        keyLive('bolt'),
        planLive('p', ['acme', 'bolt'], S1),
        live('Stage', S1),
      ],
    });
    expect(linesOf(planned)).toEqual([
      'disable ApiKey/acme /spec/enabled',
      'keep ApiKey/bolt',
      'update UsagePlan/p /spec/keys/bolt',
      'hold delete UsagePlan/p (grace)',
    ]);
  });

  it('more than a share of what was live is gone at once: nothing is made again', () => {
    const names = ['acme', 'bolt', 'cord', 'dent'];
    const seen = new Map(names.map((name) => [`ApiKey/default/${name}`, { id: name }]));
    const options = {
      desired: names.map((name) => key(name)),
      lastSeen: seen,
      policy: { maxPercent: 30 },
    };
    const gone = (count: number) =>
      linesOf(planOf({ ...options, live: names.slice(count).map((name) => keyLive(name)) })).filter(
        (line) => line.startsWith('hold'),
      );
    expect(gone(1)).toEqual([]);
    expect(gone(2)).toHaveLength(2);
    expect(gone(2)[0]).toContain('(mass-missing)');
  });
});
