/** What is live of keys, plans and requirements, seen through the documents that it belongs to. */
import { describe, expect, it } from 'vitest';
import { lintLive, lintStanding } from '../../../src/core/lint/live-lint.ts';
import type { Desired, Json, Live } from '../../../src/core/model/model.ts';
import type { Step } from '../../../src/core/model/plan.ts';
import { desired, inputOf, live, members, NOW, ours, planOf, stages } from '../build.ts';

const restApi = { name: 'residents-api' };
const prod = 'api1:prod';
const acme = live('ApiKey', 'k1', { name: 'acme' }, ours('acme'));
const acmeDocument = desired('ApiKey', 'acme');
const planDocument = desired('UsagePlan', 'p', {
  keys: ['acme'],
  stages: [{ restApi, stageName: 'prod' }],
});
const planLive = (spec: { readonly [field: string]: Json } = {}) =>
  live(
    'UsagePlan',
    'p1',
    { name: 'p', keys: members('k1'), stages: stages(prod), ...spec },
    ours('p'),
  );
const stranger = (spec: { readonly [field: string]: Json } = {}) =>
  live('UsagePlan', 'p9', { name: 'theirs', ...spec });
const requirementDocument = desired('KeyRequirement', 'residents', { restApi });
const requirement = (served: {
  readonly [stage: string]: { readonly [method: string]: boolean };
}): Live => ({
  kind: 'KeyRequirement',
  id: 'api1',
  name: 'residents-api',
  spec: { apiKeySource: 'HEADER', methods: {}, served },
  tags: {},
  observedAt: NOW,
});

/** A document's live object, with nothing to be done. */
function kept(document: Desired, one: Live): Step {
  const { kind, namespace, name, source } = document;
  const nothing = {
    changes: [],
    unclaimed: [],
    owned: {},
    tags: { set: {}, remove: [] },
  };
  return {
    kind,
    namespace,
    name,
    source,
    action: 'keep',
    state: 'in-sync',
    desired: document,
    live: one,
    ...nothing,
  };
}

const { apis } = inputOf();
const found = (
  all: readonly { readonly code: string; readonly kind: string; readonly name: string }[],
) => all.map(({ code, kind, name }) => `${code} ${kind}/${name}`);

interface Case {
  readonly reason: string;
  readonly plans: readonly Live[];
  readonly served: Parameters<typeof requirement>[0];
  readonly key?: Live;
  readonly found: readonly string[];
}

const NO_KEY = 'REQUIRED_WITHOUT_KEY KeyRequirement/residents';

const CASES: readonly Case[] = [
  {
    reason: 'a key of a plan on the stage passes',
    plans: [planLive()],
    served: { prod: { 'GET /a': true } },
    found: [],
  },
  {
    reason: 'a served demand on a stage that no plan is on shuts everybody out',
    plans: [planLive()],
    served: { prod: { 'GET /a': true }, dev: { 'GET /a': true } },
    found: [NO_KEY],
  },
  {
    reason: 'a stage that demands no key lets everybody in',
    plans: [planLive()],
    served: { prod: { 'GET /a': true }, dev: { 'GET /a': false } },
    found: [],
  },
  {
    reason: 'a disabled key does not pass',
    plans: [planLive()],
    key: live('ApiKey', 'k1', { name: 'acme', enabled: false }, ours('acme')),
    served: { prod: { 'GET /a': true } },
    found: [NO_KEY],
  },
  {
    reason: "somebody else's key passes",
    plans: [planLive({ keys: {} }), stranger({ stages: stages(prod), keys: members('k9') })],
    served: { prod: { 'GET /a': true } },
    found: ['KEY_WITHOUT_PLAN ApiKey/acme', 'PLAN_WITHOUT_KEY UsagePlan/p'],
  },
  {
    reason: "a plan of somebody else's, whose keys were not listed, may have a key",
    plans: [
      planLive({ keys: {} }),
      { ...stranger(), spec: { name: 'theirs', stages: stages(prod) } },
    ],
    served: { prod: { 'GET /a': true } },
    found: ['PLAN_WITHOUT_KEY UsagePlan/p'],
  },
  {
    reason: 'a plan of which the keys were not listed is on another stage',
    plans: [
      planLive({ keys: {} }),
      { ...stranger(), spec: { name: 'theirs', stages: stages('api1:dev') } },
    ],
    served: { prod: { 'GET /a': true } },
    found: [NO_KEY, 'PLAN_WITHOUT_KEY UsagePlan/p'],
  },
  {
    reason: 'a key for an API that serves no demand protects nothing',
    plans: [planLive()],
    served: { prod: { 'GET /a': false } },
    found: ['KEY_WITHOUT_REQUIREMENT ApiKey/acme'],
  },
  {
    reason: 'a key for an API of which nothing is known may be needed',
    plans: [planLive({ stages: stages(prod, 'api2:prod') })],
    served: { prod: { 'GET /a': false } },
    found: [],
  },
];

describe('of what is live', () => {
  it.each(CASES)('$reason', ({ plans, served, key = acme, found: expected }) => {
    const demand = requirement(served);
    const steps = [
      kept(acmeDocument, key),
      ...plans.slice(0, 1).map((one) => kept(planDocument, one)),
      kept(requirementDocument, demand),
    ];
    expect(found(lintLive({ live: [key, ...plans, demand], apis, steps }))).toEqual(expected);
  });

  it('a half limit is told, and where', () => {
    const half = planLive({ throttle: { rateLimit: 5, burstLimit: null } });
    const steps = [kept(acmeDocument, acme), kept(planDocument, half)];
    expect(lintLive({ live: [acme, half], apis, steps })).toMatchObject([
      { code: 'LIMIT_HALF', path: '/spec/throttle', source: planDocument.source },
    ]);
  });

  it('places are those of the manifest', () => {
    const throttled = planLive({
      stages: { [prod]: { methodThrottles: { 'GET /a': { rateLimit: 0, burstLimit: 1 } } } },
    });
    const steps = [kept(acmeDocument, acme), kept(planDocument, throttled)];
    const [first] = lintLive({ live: [acme, throttled], apis, steps });
    expect(first?.path).toBe('/spec/stages/residents-api:prod/methodThrottles/GET ~1a');
  });

  it('what is held as not ours is nobody of ours', () => {
    const theirs = planLive({ stages: {} });
    const step = { ...kept(planDocument, theirs), action: 'hold', reason: 'not-owned' } as const;
    expect(lintLive({ live: [theirs], apis, steps: [step] })).toEqual([]);
  });
});

describe('of a plan, what its steps put right is left out', () => {
  const there = [acme, live('Stage', prod)];
  const undemanding: Live = {
    ...requirement({}),
    spec: {
      apiKeySource: 'HEADER',
      methods: { 'GET /a': { apiKeyRequired: false, resource: 'r1' } },
      served: { prod: { 'GET /a': false } },
      undeployed: { prod: [] },
      deployments: { prod: 'deploy1' },
      canaries: {},
      suspended: [],
    },
  };
  const warnings = (documents: readonly Desired[], objects: readonly Live[]) => {
    const all = [...there, ...objects];
    const { steps } = planOf({ desired: documents, live: all });
    return found(lintStanding({ live: all, apis, steps }));
  };

  it.each<
    [
      reason: string,
      documents: readonly Desired[],
      objects: readonly Live[],
      found: readonly string[],
    ]
  >([
    ['an attach gives the key a plan', [acmeDocument, planDocument], [planLive({ keys: {} })], []],
    ['a plan that is made has the key', [acmeDocument, planDocument], [], []],
    ['a stage is put back', [acmeDocument, planDocument], [planLive({ stages: {} })], []],
    ['nothing is done about it', [acmeDocument], [], ['KEY_WITHOUT_PLAN ApiKey/acme']],
    [
      'it is only observed',
      [
        acmeDocument,
        { ...planDocument, annotations: { ...planDocument.annotations, mode: 'observe' } },
      ],
      [planLive({ stages: {} })],
      ['PLAN_WITHOUT_STAGE UsagePlan/p'],
    ],
    [
      'a stage that is redeployed demands a key',
      [
        acmeDocument,
        planDocument,
        desired('KeyRequirement', 'residents', {
          restApi,
          apiKeyRequired: true,
          redeploy: { stages: ['prod'] },
        }),
      ],
      [planLive(), undemanding],
      [],
    ],
    [
      'a definition that nobody deploys demands nothing yet',
      [
        acmeDocument,
        planDocument,
        desired('KeyRequirement', 'residents', { restApi, apiKeyRequired: true }),
      ],
      [planLive(), undemanding],
      ['KEY_WITHOUT_REQUIREMENT ApiKey/acme'],
    ],
    [
      'a key that is made is in no way of another',
      [acmeDocument, desired('ApiKey', 'birch'), planDocument],
      [planLive()],
      [],
    ],
  ])('%s', (_, documents, objects, expected) => {
    expect(warnings(documents, objects)).toEqual(expected);
  });
});
