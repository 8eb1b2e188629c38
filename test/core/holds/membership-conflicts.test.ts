import { describe, expect, it } from 'vitest';
import { keysToProbe } from '../../../src/core/holds/membership-conflicts.ts';
import type { Desired, Live } from '../../../src/core/model/model.ts';
import { desired, linesOf, live, members, ours, planOf, stages } from '../build.ts';

const S1 = 'api1:s1';
const S2 = 'api1:s2';
const restApi = { name: 'residents-api' };
const key = desired('ApiKey', 'acme');
const there = [
  live('ApiKey', 'k1', { name: 'acme' }, ours('acme')),
  live('Stage', S1),
  live('Stage', S2),
];
const plan = (name: string, keys: readonly string[], ...names: readonly string[]): Desired =>
  desired('UsagePlan', name, {
    keys: [...keys],
    stages: names.map((stageName) => ({ restApi, stageName })),
  });
const planLive = (
  name: string,
  keys: readonly string[],
  on: readonly string[],
  tags = ours(name),
): Live =>
  live('UsagePlan', `id-${name}`, { name, keys: members(...keys), stages: stages(...on) }, tags);
const stranger = (keys: readonly string[], ...on: readonly string[]) =>
  planLive('stranger', keys, on, {});

describe('a key in two plans on one stage', () => {
  it.each<
    [why: string, documents: readonly Desired[], plans: readonly Live[], lines: readonly string[]]
  >([
    [
      'is held, where a stranger’s plan has it',
      [plan('a', ['acme'], 's1')],
      [planLive('a', [], [S1]), stranger(['k1'], S1)],
      ['keep UsagePlan/a', 'hold update UsagePlan/a (dependency) /spec/keys/acme'],
    ],
    [
      'is none on another stage',
      [plan('a', ['acme'], 's1')],
      [planLive('a', [], [S1]), stranger(['k1'], S2)],
      ['update UsagePlan/a /spec/keys/acme'],
    ],
    [
      'is held where a stage would bring it',
      [plan('a', ['acme'], 's1', 's2')],
      [planLive('a', ['k1'], [S1]), stranger(['k1'], S2)],
      ['keep UsagePlan/a', 'hold update UsagePlan/a (dependency) /spec/stages/residents-api:s2'],
    ],
    [
      'is none where our other plan gives it up',
      [plan('a', ['acme'], 's1'), plan('b', [], 's1')],
      [planLive('a', [], [S1]), planLive('b', ['k1'], [S1])],
      ['update UsagePlan/a /spec/keys/acme', 'update UsagePlan/b /spec/keys/acme'],
    ],
    [
      'is none where our other plan is deleted',
      [plan('a', ['acme'], 's1')],
      [planLive('a', [], [S1]), planLive('b', ['k1'], [S1])],
      ['update UsagePlan/a /spec/keys/acme', 'delete UsagePlan/b'],
    ],
    [
      'is held where our other plan is suspended',
      [
        plan('a', ['acme'], 's1'),
        {
          ...plan('b', [], 's1'),
          annotations: { adoptFrom: [], ignore: [], movedFrom: [], mode: 'suspend' },
        },
      ],
      [planLive('a', [], [S1]), planLive('b', ['k1'], [S1])],
      [
        'keep UsagePlan/a',
        'hold update UsagePlan/a (dependency) /spec/keys/acme',
        'hold update UsagePlan/b (suspended)',
      ],
    ],
  ])('%s', (_, documents, plans, lines) => {
    const found = linesOf(planOf({ desired: [key, ...documents], live: [...there, ...plans] }));
    expect(found.filter((line) => line.includes('UsagePlan'))).toEqual(lines);
  });

  it('a plan that has yet to be made is made without it', () => {
    const { steps } = planOf({
      desired: [key, plan('a', ['acme'], 's1')],
      live: [...there, stranger(['k1'], S1)],
    });
    const create = steps.find(({ action }) => action === 'create');
    expect(create?.owned.keys).toEqual({});
    expect(steps.find(({ reason }) => reason === 'dependency')?.message).toContain('id-stranger');
  });

  it('is asked about where a plan’s members were not listed, and only there', () => {
    const { keys: _, ...spec } = stranger([], S1).spec;
    const unread: Live = { ...stranger([], S1), spec };
    const doubts = (document: Desired, mine: Live) => {
      const all = [...there, mine, unread];
      return keysToProbe(planOf({ desired: [key, document], live: all }).steps, all);
    };
    expect(doubts(plan('a', ['acme'], 's1'), planLive('a', [], [S1]))).toEqual(['k1']);
    expect(doubts(plan('a', ['acme'], 's2'), planLive('a', [], [S2]))).toEqual([]);
    expect(doubts(plan('a', ['acme'], 's1'), planLive('a', ['k1'], [S1]))).toEqual([]);
  });
});
