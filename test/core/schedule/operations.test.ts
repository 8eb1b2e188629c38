import { describe, expect, it } from 'vitest';
import type { Desired, Live } from '../../../src/core/model/model.ts';
import type { Change } from '../../../src/core/model/plan.ts';
import type { Operation } from '../../../src/core/schedule/operation.ts';
import { operations } from '../../../src/core/schedule/operations.ts';
import { URGENCY, urgencyOf } from '../../../src/core/schedule/urgency.ts';
import { desired, live, members, ours, planOf, RULES, stages } from '../build.ts';

const S1 = 'api1:s1';
const S2 = 'api1:s2';
const restApi = { name: 'residents-api' };
const on = (...names: readonly string[]) => names.map((stageName) => ({ restApi, stageName }));
const throttle = { rateLimit: 10, burstLimit: 20 };

const planLive = (name: string, keys: readonly string[], ...on: readonly string[]): Live =>
  live(
    'UsagePlan',
    `id-${name}`,
    { name, keys: members(...keys), stages: stages(...on) },
    ours(name),
  );
const keyLive = (name: string, spec = {}): Live =>
  live('ApiKey', `id-${name}`, { name, ...spec }, ours(name));
const plan = (name: string, keys: readonly string[], ...names: readonly string[]): Desired =>
  desired('UsagePlan', name, { keys: [...keys], stages: on(...names) });
const key = (name: string, spec = {}): Desired => desired('ApiKey', name, spec);
const STAGES = [live('Stage', S1), live('Stage', S2)];

function operationsOf(all: readonly Desired[], found: readonly Live[]): Operation[] {
  return operations(planOf({ desired: all, live: [...found, ...STAGES] }).steps, RULES);
}

/** In an order in which they may be carried out: whatever is ready goes in the order given, as an apply does it. */
function run(all: readonly Operation[]): string[] {
  const done: string[] = [];
  const waiting = [...all];
  while (waiting.length > 0) {
    const index = waiting.findIndex(({ dependsOn: after }) =>
      after.every((id) => done.includes(id)),
    );
    if (index < 0)
      throw new Error(`these wait for each other: ${waiting.map(({ id }) => id).join('; ')}`);
    done.push(...waiting.splice(index, 1).map(({ id }) => id));
  }
  return done;
}

const withoutTags = (ids: readonly string[]) =>
  ids.filter((id) => !id.startsWith('tag ')).map((id) => id.replaceAll('/default/', '/'));

describe('how urgent a change is', () => {
  const change = (more: Partial<Change>): Change => ({
    field: 'description',
    keys: [],
    path: '',
    desired: 'a',
    live: 'b',
    cause: 'git',
    ...more,
  });

  it.each<[why: string, more: Partial<Change>, urgency: keyof typeof URGENCY]>([
    ['disabling', { field: 'enabled', desired: false, live: true }, 'revoke'],
    [
      'disabling what a hand enabled',
      { field: 'enabled', desired: false, live: true, cause: 'live' },
      'revoke',
    ],
    ['detaching a key', { field: 'keys', keys: ['k'], desired: undefined, live: true }, 'revoke'],
    ['taking a stage out', { field: 'stages', keys: [S1], desired: undefined, live: {} }, 'revoke'],
    [
      'enabling what a hand disabled',
      { field: 'enabled', desired: true, live: false, cause: 'live' },
      'restore',
    ],
    [
      'attaching what a hand detached',
      { field: 'keys', keys: ['k'], desired: true, live: undefined, cause: 'both' },
      'restore',
    ],
    ['enabling as a commit says', { field: 'enabled', desired: true, live: false }, 'attach'],
    ['a new key', { field: 'keys', keys: ['k'], desired: true, live: undefined }, 'attach'],
    ['a lower limit', { field: 'throttle', keys: ['rateLimit'], desired: 1, live: 2 }, 'tighten'],
    ['a limit of 0', { field: 'quota', keys: ['limit'], desired: 0, live: 2 }, 'tighten'],
    ['a limit where none was', { field: 'throttle', desired: throttle, live: null }, 'tighten'],
    [
      'a method throttle where none was',
      {
        field: 'stages',
        keys: [S1, 'methodThrottles', 'GET /'],
        desired: throttle,
        live: undefined,
      },
      'tighten',
    ],
    [
      'a setting’s throttle lowered',
      { field: 'methodSettings', keys: ['* /*', 'throttle', 'rateLimit'], desired: 1, live: 2 },
      'tighten',
    ],
    ['a higher limit', { field: 'throttle', keys: ['rateLimit'], desired: 2, live: 1 }, 'rest'],
    ['no limit any more', { field: 'throttle', desired: null, live: throttle }, 'rest'],
    [
      'a method throttle that goes',
      {
        field: 'stages',
        keys: [S1, 'methodThrottles', 'GET /'],
        desired: undefined,
        live: throttle,
      },
      'rest',
    ],
    [
      'a longer period',
      { field: 'quota', keys: ['period'], desired: 'MONTH', live: 'DAY' },
      'tighten',
    ],
    [
      'a week for a day',
      { field: 'quota', keys: ['period'], desired: 'WEEK', live: 'DAY' },
      'tighten',
    ],
    [
      'a shorter period',
      { field: 'quota', keys: ['period'], desired: 'DAY', live: 'MONTH' },
      'rest',
    ],
    ['a higher quota', { field: 'quota', keys: ['limit'], desired: 2, live: 1 }, 'rest'],
    [
      'less per day, at a higher limit',
      {
        field: 'quota',
        keys: [],
        desired: { limit: 60, period: 'MONTH' },
        live: { limit: 3, period: 'DAY' },
      },
      'tighten',
    ],
    [
      'more per day, at a lower limit',
      {
        field: 'quota',
        keys: [],
        desired: { limit: 3, period: 'DAY' },
        live: { limit: 60, period: 'MONTH' },
      },
      'rest',
    ],
    [
      'the same per day',
      {
        field: 'quota',
        keys: [],
        desired: { limit: 7, period: 'WEEK' },
        live: { limit: 1, period: 'DAY' },
      },
      'rest',
    ],
    ['a text', {}, 'rest'],
  ])('%s', (_, more, urgency) => {
    expect(urgencyOf(change(more))).toBe(URGENCY[urgency]);
  });
});

describe('the order of operations', () => {
  it('revokes before anything else, and disables apart from what the service may refuse', () => {
    const all = operationsOf(
      [key('new'), key('acme', { enabled: false, description: 'gone' }), plan('p', [], 's1')],
      [keyLive('acme'), planLive('p', ['id-acme'], S1)],
    );
    expect(withoutTags(run(all))).toEqual([
      'detach UsagePlan/p id-acme',
      'update ApiKey/acme enabled',
      'update ApiKey/acme',
      'create ApiKey/new',
    ]);
  });

  it('makes what is referred to first: a key and a plan before the key joins', () => {
    const all = operationsOf([plan('p', ['acme'], 's1'), key('acme')], []);
    expect(withoutTags(run(all))).toEqual([
      'create ApiKey/acme',
      'create UsagePlan/p',
      'attach UsagePlan/p pending:ApiKey/acme',
    ]);
  });

  it('sets a plan’s limits before a key joins it, and tightens before it attaches', () => {
    const limited = desired('UsagePlan', 'p', { keys: ['acme'], stages: on('s1'), throttle });
    const all = operationsOf([limited, key('acme')], [keyLive('acme'), planLive('p', [], S1)]);
    expect(withoutTags(run(all))).toEqual(['update UsagePlan/p', 'attach UsagePlan/p id-acme']);
    expect(all.find(({ type }) => type === 'update')?.urgency).toBe(URGENCY.tighten);
  });

  it('raises what something urgent waits for', () => {
    const raised = desired('UsagePlan', 'p', {
      description: 'new',
      keys: ['acme'],
      stages: on('s1'),
    });
    const [first] = operationsOf(
      [raised, key('acme'), key('other')],
      [keyLive('acme'), planLive('p', [], S1)],
    );
    expect(first).toMatchObject({ type: 'update', urgency: URGENCY.attach });
  });

  it('takes a stage out of one plan before another gets it, with the same key', () => {
    const all = operationsOf(
      [plan('a', ['acme']), plan('b', ['acme'], 's1'), key('acme')],
      [keyLive('acme'), planLive('a', ['id-acme'], S1), planLive('b', ['id-acme'])],
    );
    expect(withoutTags(run(all))).toEqual(['update UsagePlan/a', 'update UsagePlan/b']);
  });

  it('lets plans exchange their stages: one gives its own up in a call of its own', () => {
    const all = operationsOf(
      [plan('a', ['acme'], 's2'), plan('b', ['acme'], 's1'), key('acme')],
      [keyLive('acme'), planLive('a', ['id-acme'], S1), planLive('b', ['id-acme'], S2)],
    );
    expect(withoutTags(run(all))).toEqual([
      'update UsagePlan/a first',
      'update UsagePlan/b',
      'update UsagePlan/a',
    ]);
  });

  it('deletes a plan after its keys are out of it', () => {
    const all = operationsOf([key('acme')], [keyLive('acme'), planLive('p', ['id-acme'], S1)]);
    expect(withoutTags(run(all))).toEqual([
      'detach UsagePlan/p id-p id-acme',
      'delete UsagePlan/p id-p',
    ]);
  });

  it('writes tags last: they speak of what was done', () => {
    const all = operationsOf(
      [plan('p', ['acme'], 's1'), key('acme', { enabled: false })],
      [keyLive('acme'), planLive('p', [], S1)],
    );
    const order = run(all);
    for (const one of all.filter(({ type }) => type === 'tag')) {
      const own = all.filter((other) => other.step === one.step && other !== one);
      expect(own.filter(({ id }) => order.indexOf(id) > order.indexOf(one.id))).toEqual([]);
    }
  });

  it('does nothing about what is held', () => {
    expect(operationsOf([key('acme')], [live('ApiKey', 'stranger', { name: 'acme' })])).toEqual([]);
  });
});

describe('a move', () => {
  const acme = [keyLive('acme')];

  it.each<
    [why: string, wanted: readonly Desired[], found: readonly Live[], calls: readonly string[]]
  >([
    [
      'from a plan to another on the same stage',
      [plan('a', [], 's1'), plan('b', ['acme'], 's1')],
      [planLive('a', ['id-acme'], S1), planLive('b', [], S1)],
      ['move UsagePlan/b id-acme'],
    ],
    [
      'to a plan that has yet to be made',
      [plan('a', [], 's1'), plan('b', ['acme'], 's1')],
      [planLive('a', ['id-acme'], S1)],
      ['create UsagePlan/b', 'move UsagePlan/b id-acme'],
    ],
    [
      'out of a plan that is deleted',
      [plan('b', ['acme'], 's1')],
      [planLive('a', ['id-acme'], S1)],
      ['create UsagePlan/b', 'move UsagePlan/b id-acme', 'delete UsagePlan/a id-a'],
    ],
    [
      'only once the new limits stand',
      [
        plan('a', [], 's1'),
        desired('UsagePlan', 'b', { keys: ['acme'], stages: on('s1'), throttle }),
      ],
      [planLive('a', ['id-acme'], S1), planLive('b', [], S1)],
      ['update UsagePlan/b', 'move UsagePlan/b id-acme'],
    ],
    [
      'out of one plan into two',
      [plan('a', []), plan('b', ['acme'], 's1'), plan('c', ['acme'], 's2')],
      [planLive('a', ['id-acme'], S1, S2), planLive('b', [], S1)],
      ['create UsagePlan/c', 'move UsagePlan/b id-acme', 'update UsagePlan/a'],
    ],
    [
      'out of two plans into one',
      [plan('a', [], 's1'), plan('b', [], 's2'), plan('c', ['acme'], 's1', 's2')],
      [planLive('a', ['id-acme'], S1), planLive('b', ['id-acme'], S2)],
      ['create UsagePlan/c', 'move UsagePlan/c id-acme'],
    ],
    [
      'is none where the stages have nothing in common',
      [plan('a', [], 's1'), plan('b', ['acme'], 's2')],
      [planLive('a', ['id-acme'], S1), planLive('b', [], S2)],
      ['detach UsagePlan/a id-acme', 'attach UsagePlan/b id-acme'],
    ],
  ])('%s', (_, wanted, found, calls) => {
    expect(withoutTags(run(operationsOf([key('acme'), ...wanted], [...acme, ...found])))).toEqual(
      calls,
    );
  });

  it('of two keys that change places waits for neither', () => {
    const all = operationsOf(
      [key('acme'), key('bolt'), plan('a', ['bolt'], 's1'), plan('b', ['acme'], 's1')],
      [...acme, keyLive('bolt'), planLive('a', ['id-acme'], S1), planLive('b', ['id-bolt'], S1)],
    );
    expect(withoutTags(run(all))).toEqual(['move UsagePlan/a id-bolt', 'move UsagePlan/b id-acme']);
  });

  it('takes as many calls as it has plans', () => {
    const all = operationsOf(
      [key('acme'), plan('b', ['acme'], 's1')],
      [...acme, planLive('a', ['id-acme'], S1), planLive('b', [], S1)],
    );
    expect(all.find(({ type }) => type === 'move')?.calls).toEqual([
      'DeleteUsagePlanKey',
      'CreateUsagePlanKey',
    ]);
  });
});
