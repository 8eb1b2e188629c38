/** What manifests alone tell of states in which callers are blocked, or not stopped. */
import { describe, expect, test } from 'vitest';
import { load } from '../../src/manifests/load.ts';
import { warningText } from '../../src/report/phrases.ts';
import { createWorkspace, stream, yaml } from './workspace.ts';

const RESIDENTS = { name: 'residents-api' };
const IN = (namespace: string) => ({ namespace });
const annotated = (name: string, value: string) => ({
  annotations: { [`apikeeper.dev/${name}`]: value },
});
const target = (name: string, spec: object = {}) =>
  yaml('Target', name, { region: 'eu-west-2', accountId: '123456789012', ...spec });
const key = (name: string, spec: object = {}, metadata: object = {}) =>
  yaml('ApiKey', name, spec, metadata);
const plan = (name: string, spec: object, metadata: object = {}) =>
  yaml('UsagePlan', name, spec, metadata);
const stage = (name: string, spec: object = {}) =>
  yaml('Stage', name, { restApi: RESIDENTS, ...spec });
const requirement = (spec: object, metadata: object = {}) =>
  yaml('KeyRequirement', 'residents', { restApi: RESIDENTS, ...spec }, metadata);
const prod = { restApi: RESIDENTS, stageName: 'prod' };
const get = (apiKeyRequired: boolean) => ({ method: 'GET', path: '/residents', apiKeyRequired });

async function said(...documents: readonly string[]): Promise<string[]> {
  await using space = await createWorkspace({ 'm.yaml': stream(...documents) });
  const { problems, warnings } = await load(space.path);
  return [
    ...problems.map(({ message }) => message),
    ...warnings.map(({ code, kind, name, path }) => `${code} ${kind}/${name} ${path}`),
  ];
}

interface Case {
  readonly reason: string;
  readonly documents: readonly string[];
  readonly found: readonly string[];
}

const acme = [key('acme'), plan('p', { keys: ['acme'], stages: [prod] })];

const tagged = (count: number, gone = 0) => {
  const tags = Array.from({ length: count }, (_, index) => [
    `t${index}`,
    index < gone ? null : 'x',
  ]);
  return { tags: Object.fromEntries(tags) };
};

const CASES: readonly Case[] = [
  {
    reason: 'a key may have 40 tags of its own',
    documents: [key('acme', tagged(40)), plan('p', { keys: ['acme'], stages: [prod] })],
    found: [],
  },
  {
    reason: 'tags that are to go do not count',
    documents: [key('acme', tagged(44, 4)), plan('p', { keys: ['acme'], stages: [prod] })],
    found: [],
  },
  {
    reason: 'from 41 tags on, apikeeper has no room left on a key',
    documents: [key('acme', tagged(41)), plan('p', { keys: ['acme'], stages: [prod] })],
    found: ['TAGS_TOO_MANY ApiKey/acme /spec/tags'],
  },
  {
    reason: 'a usage plan has room for 44',
    documents: [key('acme'), plan('p', { keys: ['acme'], stages: [prod], ...tagged(44) })],
    found: [],
  },
  {
    reason: 'a key that passes where one is demanded is fine',
    documents: [...acme, requirement({ apiKeyRequired: true })],
    found: [],
  },
  {
    reason: 'a stage that only a Stage document names is a stage of the API',
    documents: [...acme, stage('dev'), requirement({ apiKeyRequired: true })],
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents /spec/apiKeyRequired'],
  },
  {
    reason: 'a stage that is to be redeployed is a stage of the API',
    documents: [...acme, requirement({ methods: [get(true)], redeploy: { stages: ['dev'] } })],
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents /spec/methods'],
  },
  {
    reason:
      'a plan may name its stage by a Stage document, and its key by the id that a document adopts',
    documents: [
      key('acme', { enabled: false }, annotated('adopt', 'k1k2k3k4k5')),
      plan('p', { keys: [{ id: 'k1k2k3k4k5' }], stages: [{ stage: 'prod' }] }),
      stage('prod'),
      requirement({ apiKeyRequired: true }),
    ],
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents /spec/apiKeyRequired'],
  },
  {
    reason: 'a live key of which only the id is known may be enabled',
    documents: [
      plan('p', { keys: [{ id: 'k1k2k3k4k5' }], stages: [prod] }),
      requirement({ apiKeyRequired: true }),
    ],
    found: [],
  },
  {
    reason: 'an API by its id may be the one by its name',
    documents: [
      key('acme'),
      plan('p', { keys: ['acme'], stages: [{ restApi: { id: 'a1b2c3d4e5' }, stageName: 'prod' }] }),
      requirement({ apiKeyRequired: true }),
    ],
    found: [],
  },
  {
    reason: 'keys that a plan does not name are unknown, not absent',
    documents: [plan('p', { stages: [prod] }), key('acme'), requirement({ apiKeyRequired: true })],
    found: [],
  },
  {
    reason: 'stages that a plan does not name are unknown, not absent',
    documents: [key('acme'), plan('p', { keys: ['acme'] }), requirement({ apiKeyRequired: true })],
    found: [],
  },
  {
    reason: 'a list that is left to others is unknown',
    documents: [
      plan('p', { keys: [], stages: [] }, annotated('ignore', '/spec/keys,/spec/stages')),
    ],
    found: [],
  },
  {
    reason: 'a plan that says none has none',
    documents: [plan('p', { keys: [], stages: null })],
    found: [
      'PLAN_WITHOUT_KEY UsagePlan/p /spec/keys',
      'PLAN_WITHOUT_STAGE UsagePlan/p /spec/stages',
    ],
  },
  {
    reason: 'a plan that leaves in what others add may have some',
    documents: [plan('p', { keys: [], stages: [], membership: 'additive' })],
    found: [],
  },
  {
    reason: 'a key in no plan opens nothing',
    documents: [key('acme')],
    found: ['KEY_WITHOUT_PLAN ApiKey/acme '],
  },
  {
    reason: 'a plan of another account has no key of this one',
    documents: [
      target('a'),
      target('b', { accountId: '210987654321' }),
      key('acme', {}, IN('a')),
      plan('p', { stages: [prod] }, IN('b')),
    ],
    found: ['KEY_WITHOUT_PLAN ApiKey/acme '],
  },
  {
    reason: 'a plan of another namespace of the same account and region may have it',
    documents: [
      target('a'),
      target('b'),
      key('acme', {}, IN('a')),
      plan('p', { stages: [prod] }, IN('b')),
    ],
    found: [],
  },
  {
    reason: 'nothing is said of what is required where no document tells',
    documents: acme,
    found: [],
  },
  {
    reason: 'an API of which nothing demands a key has no use for one',
    documents: [...acme, requirement({ apiKeyRequired: false })],
    found: ['KEY_WITHOUT_REQUIREMENT ApiKey/acme '],
  },
  {
    reason: 'of methods that are not named, nothing is known',
    documents: [...acme, requirement({ methods: [get(false)] })],
    found: [],
  },
  {
    reason: 'one method that demands a key is enough',
    documents: [...acme, requirement({ apiKeyRequired: false, methods: [get(true)] })],
    found: [],
  },
  {
    reason: 'limits of 0 block: of the plan, of a method, of a stage',
    documents: [
      key('acme'),
      plan('p', {
        throttle: { rateLimit: 0, burstLimit: 1 },
        quota: { limit: 0, period: 'DAY' },
        keys: ['acme'],
        stages: [
          {
            ...prod,
            methodThrottles: [{ method: 'GET', path: '/a', rateLimit: 1, burstLimit: 0 }],
          },
        ],
      }),
      stage('dev', {
        methodSettings: [{ method: '*', path: '/*', throttle: { rateLimit: 0, burstLimit: 0 } }],
      }),
    ],
    found: [
      'LIMIT_ZERO UsagePlan/p /spec/quota',
      'LIMIT_ZERO UsagePlan/p /spec/stages/0/methodThrottles/0',
      'LIMIT_ZERO UsagePlan/p /spec/throttle',
      'LIMIT_ZERO Stage/dev /spec/methodSettings/0/throttle',
    ],
  },
  {
    reason: 'a consumer without access has a key that opens nothing',
    documents: [yaml('Consumer', 'acme', { access: [] })],
    found: ['CONSUMER_WITHOUT_ACCESS Consumer/acme /spec/access'],
  },
  {
    reason: 'what a consumer says of all its plans is said once, and where it is written',
    documents: [
      yaml('Consumer', 'acme', {
        defaults: { throttle: { rateLimit: 0, burstLimit: 1 } },
        access: [prod, { ...prod, stageName: 'dev', quota: { limit: 0, period: 'DAY' } }],
      }),
    ],
    found: [
      'LIMIT_ZERO Consumer/acme /spec/access/1/quota',
      'LIMIT_ZERO Consumer/acme /spec/defaults/throttle',
    ],
  },
  {
    reason: 'a consumer whose key is disabled does not pass',
    documents: [
      yaml('Consumer', 'acme', { key: { enabled: false }, access: [prod] }),
      requirement({ apiKeyRequired: true }),
    ],
    found: ['REQUIRED_WITHOUT_KEY KeyRequirement/residents /spec/apiKeyRequired'],
  },
  {
    reason: 'no limit is not 0',
    documents: [
      key('acme'),
      plan('p', { throttle: null, quota: null, keys: ['acme'], stages: [prod] }),
    ],
    found: [],
  },
];

describe('a warning', () => {
  test.each(CASES)('$reason', async ({ documents, found }) => {
    expect((await said(...documents)).toSorted()).toEqual(found.toSorted());
  });

  test('says where, what happens to callers, and the way out', async () => {
    await using space = await createWorkspace({
      'm.yaml': stream(
        plan('trial', {
          throttle: { rateLimit: 100, burstLimit: 200 },
          quota: { limit: 50, period: 'DAY' },
          keys: [],
          stages: [],
        }),
        requirement({ apiKeyRequired: true }),
      ),
    });
    const { warnings } = await load(space.path);
    const texts = warnings.map(warningText);
    for (const text of texts)
      expect(text).toMatch(
        /^m\.yaml:\d+:\d+: (warning|info): \w+\/\w+: \/spec\/\w+: .*(403|429|nobody calls).*; .* \[[A-Z_]+\]$/,
      );
    expect(texts.at(-1)).toBe(
      'm.yaml:4:150: warning: KeyRequirement/residents: /spec/apiKeyRequired: residents-api demands a key, and none can pass, since no usage plan of these manifests is on any of its stages: once that is deployed, every call to such a method gets 403; put the stage into the plan of a key, or demand none [REQUIRED_WITHOUT_KEY]',
    );
  });
});

describe('where not everything could be read', () => {
  const zero = plan('p', { throttle: { rateLimit: 0, burstLimit: 1 } });

  test.each<[reason: string, files: Readonly<Record<string, string>>]>([
    [
      'a file that cannot be parsed may have held the plan',
      {
        'a.yaml': stream(target('a'), key('acme', {}, IN('a'))),
        'b.yaml': plan('p', { throttle: { rateLimit: 0, burstLimit: 1 } }, IN('a')),
        'c.yaml': 'kind: [',
      },
    ],
    [
      'an invalid document may have been the plan',
      { 'a.yaml': key('acme'), 'b.yaml': zero, 'c.yaml': plan('q', { kyes: ['acme'] }) },
    ],
    [
      'an invalid Target may be of the same account',
      {
        'a.yaml': stream(
          target('a'),
          key('acme', {}, IN('a')),
          plan('p', { throttle: { rateLimit: 0, burstLimit: 1 } }, IN('a')),
        ),
        'b.yaml': stream(target('b', { regoin: 'x' }), plan('q', { keys: [] }, IN('b'))),
      },
    ],
  ])('%s: only what a document says itself is told', async (_, files) => {
    await using space = await createWorkspace(files);
    const { warnings } = await load(space.path);
    expect(warnings.map(({ code }) => code)).toEqual(['LIMIT_ZERO']);
  });

  test('a single file is not the tree', async () => {
    await using space = await createWorkspace({ 'a.yaml': stream(key('acme'), zero) });
    const { warnings } = await load(`${space.path}/a.yaml`);
    expect(warnings.map(({ code }) => code)).toEqual(['LIMIT_ZERO']);
  });
});
