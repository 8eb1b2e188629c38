import { describe, expect, it } from 'vitest';
import { type Desired, type Live, TAG } from '../../../src/core/model/model.ts';
import { planAccount } from '../../../src/core/plan/planner.ts';
import { operations } from '../../../src/core/schedule/operations.ts';
import { desired, inputOf, linesOf, live, members, ours, RULES, stages } from '../build.ts';

const S1 = 'api1:s1';
const S2 = 'api1:s2';
const restApi = { name: 'residents-api' };
const acme = desired('ApiKey', 'acme');
const revoked = desired('ApiKey', 'acme', { enabled: false });
const observe = { mode: 'observe' } as const;
const suspend = { mode: 'suspend' } as const;
const there = [
  live('ApiKey', 'k1', { name: 'acme' }, ours('acme')),
  live('Stage', S1),
  live('Stage', S2),
];

const usagePlan = (name: string, keys: readonly string[], namespace = 'default'): Desired =>
  desired(
    'UsagePlan',
    name,
    { keys: keys.map((id) => ({ id })), stages: [{ restApi, stageName: 's1' }] },
    {},
    namespace,
  );
const planLive = (
  name: string,
  keys: readonly string[],
  { namespace = 'default', on = [S1] as readonly string[], tags = {} } = {},
): Live =>
  live(
    'UsagePlan',
    `id-${name}`,
    { name, keys: members(...keys), stages: stages(...on) },
    ours(name, tags, namespace),
  );
const saying = (document: Desired, annotations: object): Desired => ({
  ...document,
  annotations: { ...document.annotations, ...annotations },
});

describe('a key that leaves a usage plan', () => {
  const held = 'hold update UsagePlan/a (dependency) /spec/keys/acme';

  it.each<
    [why: string, documents: readonly Desired[], plans: readonly Live[], lines: readonly string[]]
  >([
    [
      'stays while the other usage plan is suspended',
      [acme, usagePlan('a', []), saying(usagePlan('b', ['k1']), suspend)],
      [planLive('a', ['k1']), planLive('b', [])],
      ['keep ApiKey/acme', held, 'hold update UsagePlan/b (suspended)'],
    ],
    [
      'stays while the other usage plan is observed',
      [acme, usagePlan('a', []), saying(usagePlan('b', ['k1']), observe)],
      [planLive('a', ['k1']), planLive('b', [])],
      ['keep ApiKey/acme', held, 'hold update UsagePlan/b (observe) /spec/keys/acme'],
    ],
    [
      'stays while a live usage plan that is not ours has the name of the new one',
      [acme, usagePlan('a', []), usagePlan('b', ['k1'])],
      [planLive('a', ['k1']), { ...planLive('b', []), tags: {} }],
      ['keep ApiKey/acme', held, 'hold create UsagePlan/b (not-owned)'],
    ],
    [
      'moves where both usage plans are written',
      [acme, usagePlan('a', []), usagePlan('b', ['k1'])],
      [planLive('a', ['k1']), planLive('b', [])],
      [
        'keep ApiKey/acme',
        'update UsagePlan/a /spec/keys/acme',
        'update UsagePlan/b /spec/keys/acme',
      ],
    ],
    [
      'leaves where no document names it for that stage',
      [acme, usagePlan('a', []), saying(usagePlan('b', []), suspend)],
      [planLive('a', ['k1']), planLive('b', [])],
      [
        'keep ApiKey/acme',
        'update UsagePlan/a /spec/keys/acme',
        'hold update UsagePlan/b (suspended)',
      ],
    ],
    [
      'leaves where it is revoked: it is let in nowhere',
      [revoked, usagePlan('a', []), saying(usagePlan('b', ['k1']), suspend)],
      [planLive('a', ['k1']), planLive('b', [])],
      [
        'update ApiKey/acme /spec/enabled',
        'update UsagePlan/a /spec/keys/acme',
        'hold update UsagePlan/b (suspended)',
      ],
    ],
    [
      'stays in a usage plan that left Git, while the new one is suspended',
      [acme, saying(usagePlan('b', ['k1']), suspend)],
      [planLive('a', ['k1']), planLive('b', [])],
      [
        'keep ApiKey/acme',
        'hold delete UsagePlan/a (dependency)',
        'hold update UsagePlan/b (suspended)',
      ],
    ],
  ])('%s', (_why, documents, plans, lines) => {
    const [only] = planAccount([inputOf({ desired: documents, live: [...there, ...plans] })]);
    expect(linesOf(only ?? { steps: [] })).toEqual(lines);
  });
});

describe('a key that goes from a usage plan of one Target to a usage plan of another', () => {
  const documents = [usagePlan('a', []), usagePlan('b', ['k1'], 'other')];
  const all = [...there, planLive('a', ['k1']), planLive('b', [], { namespace: 'other' })];
  const own = { desired: [acme, documents[0] as Desired], live: all };
  const other = { desired: [documents[1] as Desired], live: all };

  it('is one move where both are planned', () => {
    const plans = planAccount([
      inputOf({ ...own, neighbours: other.desired }),
      inputOf({ ...other, neighbours: own.desired, target: { namespace: 'other' } }),
    ]);
    const steps = plans.flatMap((plan) => plan.steps);
    expect(steps.map(({ namespace, action }) => `${namespace} ${action}`)).toEqual([
      'default keep',
      'default update',
      'other update',
    ]);
    const [move, ...more] = operations(steps, RULES).filter(({ type }) => type !== 'tag');
    expect(move).toMatchObject({ type: 'move', key: 'k1' });
    expect(more).toEqual([]);
  });

  it('stays while the other Target is not planned: not chosen, or not connected', () => {
    const [only] = planAccount([inputOf({ ...own, neighbours: other.desired })]);
    expect(linesOf(only ?? { steps: [] })).toEqual([
      'keep ApiKey/acme',
      'hold update UsagePlan/a (dependency) /spec/keys/acme',
    ]);
  });

  it('is matched by the tags of its own Target’s owner', () => {
    const tags = { ...ours('b', {}, 'other'), [TAG.owner]: 'theirs' };
    const theirs = all.map((one) => (one.id === 'id-b' ? { ...one, tags } : one));
    const plans = planAccount([
      inputOf({ ...own, live: theirs, neighbours: other.desired }),
      inputOf({
        ...other,
        live: theirs,
        neighbours: own.desired,
        target: { namespace: 'other', owner: 'theirs' },
      }),
    ]);
    expect(plans.flatMap(linesOf)).toEqual([
      'keep ApiKey/acme',
      'update UsagePlan/a /spec/keys/acme',
      'update UsagePlan/b /spec/keys/k1',
    ]);
  });
});
