/** The states that are valid and bad, over what is known; what is unknown keeps every one of them quiet. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  Demand,
  Inventory,
  InventoryKey,
  InventoryUsagePlan,
  Limit,
  Members,
  StageRef,
} from '../../../src/core/lint/inventory.ts';
import { lint } from '../../../src/core/lint/lint.ts';

const API = 'name residents-api';
const subject = (kind: string, name: string) => ({ kind, namespace: 'default', name });
const key = (name: string, more: Partial<InventoryKey> = {}): InventoryKey => ({
  id: name,
  subject: subject('ApiKey', name),
  ...more,
});
const on = (...stages: readonly string[]): Members<StageRef> => ({
  known: stages.map((stage) => ({ api: API, stage })),
  more: 'none',
});
const has = (...keys: readonly string[]): Members<string> => ({ known: keys, more: 'none' });
const unknown: Members<never> = { known: [], more: 'any' };
const plan = (
  name: string,
  keys: InventoryUsagePlan['keys'],
  stages: InventoryUsagePlan['stages'],
): InventoryUsagePlan => ({
  label: name,
  subject: subject('UsagePlan', name),
  keys,
  stages,
});
const demand = (
  demands: Demand['demands'],
  stages: readonly string[] = ['prod'],
  more: Partial<Demand> = {},
): Demand => ({
  subject: subject('KeyRequirement', 'residents'),
  api: API,
  label: 'residents-api',
  demands,
  stages,
  ...more,
});
const limits = (...all: readonly Partial<Limit>[]): Partial<Inventory> => ({
  limited: [
    {
      subject: subject('UsagePlan', 'p'),
      limits: all.map((one) => ({ path: '/spec/throttle', callers: 'keys', ...one })),
    },
  ],
});

interface Case {
  readonly reason: string;
  readonly estate: Partial<Inventory>;
  readonly found: readonly string[];
}

const fine = {
  keys: [key('acme')],
  plans: [plan('p', has('acme'), on('prod'))],
  demands: [demand('some')],
};

const CASES: readonly Case[] = [
  { reason: 'where a key passes, there is nothing to say', estate: fine, found: [] },
  {
    reason: 'a demanded key on a stage that no plan is on blocks every call',
    estate: { ...fine, demands: [demand('some', ['prod', 'dev'])] },
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents'],
  },
  {
    reason: 'a plan without keys lets nobody in',
    estate: { plans: [plan('p', has(), on('prod'))], demands: [demand('some')] },
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents', 'PLAN_WITHOUT_KEY UsagePlan/p'],
  },
  {
    reason: 'a disabled key lets nobody in',
    estate: { ...fine, keys: [key('acme', { enabled: false })] },
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents'],
  },
  {
    reason: 'one enabled key of any plan on the stage is enough',
    estate: {
      keys: [key('acme', { enabled: false }), key('birch', { enabled: true })],
      plans: [plan('p', has('acme'), on('prod')), plan('q', has('birch'), on('prod'))],
      demands: [demand('some')],
    },
    found: [],
  },
  {
    reason: 'a key of which only the id is known may be enabled',
    estate: { plans: [plan('p', has('k1k2k3k4k5'), on('prod'))], demands: [demand('some')] },
    found: [],
  },
  {
    reason: 'a plan whose keys are unknown may have one',
    estate: { plans: [plan('p', unknown, on('prod'))], demands: [demand('some')] },
    found: [],
  },
  {
    reason: 'a plan whose stages are unknown may be on the stage',
    estate: {
      keys: [key('acme')],
      plans: [plan('p', has('acme'), unknown)],
      demands: [demand('some')],
    },
    found: [],
  },
  {
    reason: 'a plan whose stages are unknown, and which certainly has no key, changes nothing',
    estate: { plans: [plan('p', has(), unknown)], demands: [demand('some')] },
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents', 'PLAN_WITHOUT_KEY UsagePlan/p'],
  },
  {
    reason: 'an API known by its name may be one that a plan knows by its id',
    estate: {
      keys: [key('acme')],
      plans: [
        plan('p', has('acme'), { known: [{ api: 'id a1b2c3d4e5', stage: 'prod' }], more: 'none' }),
      ],
      demands: [demand('some')],
    },
    found: [],
  },
  {
    reason: 'where no stage of the API is known, a plan on none of them lets nobody in',
    estate: {
      ...fine,
      demands: [demand('some', [], { api: 'name other-api', label: 'other-api' })],
    },
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents'],
  },
  {
    reason: 'what an API demands may be unknown',
    estate: { demands: [demand('unknown')] },
    found: [],
  },
  {
    reason: 'a key for an API that demands none protects nothing',
    estate: { ...fine, demands: [demand('none')] },
    found: ['KEY_WITHOUT_REQUIREMENT ApiKey/acme'],
  },
  {
    reason: 'a key for two APIs, one of which is unknown, may protect that one',
    estate: {
      ...fine,
      plans: [
        plan('p', has('acme'), {
          known: [
            { api: API, stage: 'prod' },
            { api: 'name other-api', stage: 'prod' },
          ],
          more: 'none',
        }),
      ],
      demands: [demand('none')],
    },
    found: [],
  },
  {
    reason: 'the API may be another one, known by its id, that demands a key',
    estate: {
      ...fine,
      demands: [
        demand('none'),
        demand('some', [], { api: 'id a1b2c3d4e5', subject: subject('KeyRequirement', 'other') }),
      ],
    },
    found: [],
  },
  {
    reason: 'a key that may be in another plan may be needed there',
    estate: {
      ...fine,
      plans: [...fine.plans, plan('q', unknown, on('prod'))],
      demands: [demand('none')],
    },
    found: [],
  },
  {
    reason: 'a disabled key is no way in that nobody needs',
    estate: { ...fine, keys: [key('acme', { enabled: false })], demands: [demand('none')] },
    found: [],
  },
  {
    reason: 'a key in no plan opens nothing',
    estate: { keys: [key('acme')] },
    found: ['KEY_WITHOUT_PLAN ApiKey/acme'],
  },
  {
    reason: 'a disabled key in no plan is closed on purpose',
    estate: { keys: [key('acme', { enabled: false })] },
    found: [],
  },
  {
    reason: 'a key may be in a plan whose keys are unknown',
    estate: { keys: [key('acme')], plans: [plan('p', unknown, on('prod'))] },
    found: [],
  },
  {
    reason: 'a plan that leaves strangers in has no key that it does not name',
    estate: {
      keys: [key('acme')],
      plans: [plan('p', { known: ['k1'], more: 'strangers' }, on('prod'))],
    },
    found: ['KEY_WITHOUT_PLAN ApiKey/acme'],
  },
  {
    reason: 'a stranger in a plan may pass',
    estate: {
      plans: [plan('p', { known: [], more: 'strangers' }, on('prod'))],
      demands: [demand('some')],
    },
    found: [],
  },
  {
    reason: 'a plan that leaves strangers in may be on some stage',
    estate: {
      keys: [key('acme')],
      plans: [plan('p', has('acme'), { known: [], more: 'strangers' })],
    },
    found: [],
  },
  {
    reason: 'a consumer whose key is in no plan has access to nothing',
    estate: { keys: [key('acme', { consumer: 'acme' })] },
    found: ['CONSUMER_WITHOUT_ACCESS Consumer/acme'],
  },
  { reason: "nothing is said of somebody else's key", estate: { keys: [{ id: 'k1' }] }, found: [] },
  {
    reason: 'a plan on no stage opens nothing',
    estate: { keys: [key('acme')], plans: [plan('p', has('acme'), on())] },
    found: ['PLAN_WITHOUT_STAGE UsagePlan/p'],
  },
  {
    reason: "nothing is said of somebody else's plan",
    estate: { keys: [key('acme')], plans: [{ label: 'p', keys: has('acme'), stages: on() }] },
    found: [],
  },
  {
    reason: 'a rate of 0 blocks',
    estate: limits({ throttle: { rateLimit: 0, burstLimit: 5 } }),
    found: ['LIMIT_ZERO UsagePlan/p'],
  },
  {
    reason: 'a burst of 0 blocks',
    estate: limits({ throttle: { rateLimit: 5, burstLimit: 0 } }),
    found: ['LIMIT_ZERO UsagePlan/p'],
  },
  {
    reason: 'a quota of 0 blocks',
    estate: limits({ quota: { limit: 0, period: 'DAY' } }),
    found: ['LIMIT_ZERO UsagePlan/p'],
  },
  { reason: 'an absent limit is not 0', estate: limits({}), found: [] },
  {
    reason: 'a fraction is not 0',
    estate: limits({ throttle: { rateLimit: 0.5, burstLimit: 1 } }),
    found: [],
  },
  {
    reason: 'a rate needs a burst',
    estate: limits({ throttle: { rateLimit: 5, burstLimit: null } }),
    found: ['LIMIT_HALF UsagePlan/p'],
  },
  {
    reason: 'a burst needs a rate',
    estate: limits({ throttle: { rateLimit: null, burstLimit: 5 } }),
    found: ['LIMIT_HALF UsagePlan/p'],
  },
  {
    reason: 'a quota needs a period',
    estate: limits({ quota: { limit: 5, period: null } }),
    found: ['LIMIT_HALF UsagePlan/p'],
  },
  {
    reason: 'a burst above the whole quota uses it up at once',
    estate: limits(
      { throttle: { rateLimit: 100, burstLimit: 200 } },
      { path: '/spec/quota', quota: { limit: 100, period: 'DAY' } },
    ),
    found: ['QUOTA_BELOW_BURST UsagePlan/p'],
  },
  {
    reason: 'a burst that the quota just allows is none above it',
    estate: limits(
      { throttle: { rateLimit: 100, burstLimit: 200 } },
      { path: '/spec/quota', quota: { limit: 200, period: 'DAY' } },
    ),
    found: [],
  },
  {
    reason: "a method's burst is not the plan's",
    estate: limits(
      { method: 'GET /a', throttle: { rateLimit: 1, burstLimit: 200 } },
      { quota: { limit: 100, period: 'DAY' } },
    ),
    found: [],
  },
];

function warn(estate: Partial<Inventory>, from: Inventory['from'] = 'manifests') {
  return lint({ from, keys: [], plans: [], demands: [], limited: [], ...estate });
}

describe('a bad state', () => {
  it.each(CASES)('$reason', ({ estate, found }) => {
    expect(warn(estate).map(({ code, kind, name }) => `${code} ${kind}/${name}`)).toEqual(found);
  });

  it('is told in the words of where it was read', () => {
    const estate = { keys: [key('acme')], plans: [plan('p', has(), on())] };
    const first = (from: Inventory['from']) =>
      warn(estate, from).map(({ message }) => message.split(/[:,]/)[0]);
    expect(first('manifests')).toEqual([
      'no plan of these manifests has it',
      'it has no key',
      'it names no stage',
    ]);
    expect(first('file')).toEqual([
      'no plan of this file has it',
      'it has no key that could be read here',
      'it names no stage that could be read here',
    ]);
    expect(first('live')).toEqual(['it is in no usage plan', 'it has no key', 'it is on no stage']);
  });

  it('says why no key passes', () => {
    const why = (plans: readonly InventoryUsagePlan[]) => {
      const [found] = warn({
        keys: [key('acme', { enabled: false })],
        plans,
        demands: [demand('some')],
      }).filter(({ kind }) => kind === 'KeyRequirement');
      return /since (.*?): /.exec(found?.message ?? '')?.[1];
    };
    expect(why([])).toBe('no usage plan of these manifests is on that stage');
    expect(why([plan('p', has(), on('prod'))])).toBe('p, the only plan there, has no key');
    expect(why([plan('p', has('acme'), on('prod')), plan('q', has(), on('prod'))])).toBe(
      'every key of p, q, the only plans there, is disabled',
    );
  });

  it('is one for each stage', () => {
    const found = warn({ demands: [demand('some', ['dev', 'prod'])] });
    expect(found.map(({ message }) => message.split(' ')[0])).toEqual([
      'residents-api:dev',
      'residents-api:prod',
    ]);
  });
});

describe('whatever is known', () => {
  const members = <T>(one: fc.Arbitrary<T>) =>
    fc.record({
      known: fc.uniqueArray(one, { maxLength: 3, selector: (value) => JSON.stringify(value) }),
      more: fc.constantFrom('none', 'strangers', 'any'),
    });
  const api = fc.constantFrom('id a1', 'id a2', 'name residents-api');
  const stage = fc.record({ api, stage: fc.constantFrom('dev', 'prod') });
  const estate = fc.record({
    keys: fc.uniqueArray(
      fc.record({
        id: fc.constantFrom('k1', 'k2', 'k3'),
        enabled: fc.constantFrom(true, false, undefined),
      }),
      {
        maxLength: 3,
        selector: ({ id }) => id,
      },
    ),
    plans: fc.array(
      fc.record({ keys: members(fc.constantFrom('k1', 'k2', 'k3', 'k4')), stages: members(stage) }),
      { maxLength: 3 },
    ),
    demands: fc.uniqueArray(
      fc.record({
        api,
        demands: fc.constantFrom('some', 'none', 'unknown'),
        stages: fc.uniqueArray(fc.constantFrom('dev', 'prod'), { maxLength: 2 }),
      }),
      { maxLength: 3, selector: (one) => one.api },
    ),
  });
  type Sketch = typeof estate extends fc.Arbitrary<infer T> ? T : never;

  /** Each warning that there is, as `<code> <kind>/<name> <message>`. */
  const found = ({ keys, plans, demands }: Sketch) =>
    warn({
      keys: keys.map(({ id, enabled }) => ({
        id,
        subject: subject('ApiKey', id),
        ...(enabled !== undefined && { enabled }),
      })),
      plans: plans.map((one, index) => ({
        label: `p${index}`,
        subject: subject('UsagePlan', `p${index}`),
        ...one,
      })) as InventoryUsagePlan[],
      demands: demands.map((one) => ({
        subject: subject('KeyRequirement', one.api),
        label: one.api,
        ...one,
      })) as Demand[],
    }).map(
      ({ code, kind, name, message }) =>
        `${code} ${kind}/${name}${code === 'REQUIRED_WITHOUT_KEY' ? ` ${message.split(' demands')[0]}` : ''}`,
    );

  it('knowing less of a plan makes no warning', () => {
    fc.assert(
      fc.property(estate, fc.nat(2), fc.constantFrom('keys', 'stages'), (all, at, what) => {
        const less: Sketch = {
          ...all,
          plans: all.plans.map((one, index) =>
            index === at ? { ...one, [what]: { ...one[what], more: 'any' } } : one,
          ),
        };
        expect(found(all)).toEqual(expect.arrayContaining(found(less)));
      }),
    );
  });

  it('the order in which it is known decides nothing', () => {
    fc.assert(
      fc.property(estate, ({ keys, plans, demands }) => {
        const reversed = { keys: keys.toReversed(), plans, demands: demands.toReversed() };
        expect(found(reversed)).toEqual(found({ keys, plans, demands }));
      }),
    );
  });
});
