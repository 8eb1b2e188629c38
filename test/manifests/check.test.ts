import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identity } from '../../src/core/model/model.ts';
import { load, type Tree } from '../../src/manifests/load.ts';
import { createWorkspace, stream, yaml } from './workspace.ts';

const IN = (namespace: string, annotations: Record<string, string> = {}) => ({
  namespace,
  annotations,
});
const TARGET = { region: 'eu-west-2', accountId: '123456789012' };
const target = (name: string, spec: object = {}) => yaml('Target', name, { ...TARGET, ...spec });
const key = (name: string, spec: object = {}, metadata: object = {}) =>
  yaml('ApiKey', name, spec, metadata);
const plan = (name: string, spec: object, metadata: object = {}) =>
  yaml('UsagePlan', name, spec, metadata);
const stage = (name: string, spec: object = {}, metadata: object = {}) =>
  yaml('Stage', name, { restApi: { name: 'residents-api' }, ...spec }, metadata);
const consumer = (name: string, spec: object = {}, metadata: object = {}) =>
  yaml('Consumer', name, spec, metadata);
const requirement = (name: string, spec: object = {}, metadata: object = {}) =>
  yaml('KeyRequirement', name, { restApi: { name: 'residents-api' }, ...spec }, metadata);
const annotated = (name: string, value: string) => ({
  annotations: { [`apikeeper.dev/${name}`]: value },
});
const MOVED_FROM_A = { 'apikeeper.dev/moved-from': 'a/acme' };
const throttle = { rateLimit: 1, burstLimit: 1 };
const METHOD = { method: 'GET', path: '/a', apiKeyRequired: true };
const get = { method: 'GET', path: '/a', ...throttle };

/** Every document in a file of its own, in this order. */
async function loadAll(documents: readonly string[]): Promise<Tree> {
  await using space = await createWorkspace();
  for (const [index, document] of documents.entries())
    await space.write(`${String(index).padStart(3, '0')}.yaml`, document);
  return await load(space.path);
}

interface Case {
  readonly reason: string;
  readonly documents: readonly string[];
  readonly invalid: readonly string[];
  readonly says?: string;
}

const CASES: readonly Case[] = [
  {
    reason: 'one identity belongs to one document',
    documents: [key('acme'), key('acme', { enabled: false }), key('birch')],
    invalid: ['ApiKey/default/acme'],
    says: 'declared twice, also by ApiKey/acme (000.yaml:1)',
  },
  {
    reason: 'a name may be used once per kind',
    documents: [key('acme'), plan('acme', {}), stage('acme')],
    invalid: [],
  },
  {
    reason: 'a name may be used once per namespace',
    documents: [
      target('a'),
      target('b', { region: 'eu-west-1' }),
      key('acme', {}, IN('a')),
      key('acme', {}, IN('b')),
    ],
    invalid: [],
  },
  {
    reason: 'an invalid document still bears its identity',
    documents: [key('acme'), yaml('ApiKey', 'acme', { enabled: 1 })],
    invalid: ['ApiKey/default/acme'],
    says: 'declared twice',
  },
  {
    reason: 'a namespace has one Target',
    documents: [target('a'), target('a'), key('acme', {}, IN('a'))],
    invalid: ['Target/a/a'],
    says: 'a namespace has one Target',
  },
  {
    reason: 'a namespace that no Target bears is nowhere',
    documents: [target('production'), key('acme', {}, IN('prodution'))],
    invalid: ['ApiKey/prodution/acme'],
    says: 'no Target is named prodution; did you mean production?',
  },
  {
    reason: 'without a Target there is one namespace',
    documents: [key('acme', {}, IN('production'))],
    invalid: ['ApiKey/production/acme'],
    says: 'declare a Target named production, or leave namespace out',
  },
  {
    reason: 'with a Target the default is nowhere, unless it is one',
    documents: [target('production'), key('acme')],
    invalid: ['ApiKey/default/acme'],
    says: 'write the namespace that is meant, one of production',
  },
  {
    reason: 'an API has one requirement',
    documents: [
      requirement('one'),
      requirement('two'),
      requirement('other', { restApi: { id: 'a1b2c3d4e5' } }),
    ],
    invalid: ['KeyRequirement/default/one', 'KeyRequirement/default/two'],
    says: 'the requirement of the same API is declared by KeyRequirement/two (001.yaml:1); merge the documents',
  },
  {
    reason: 'an API of another account is another API',
    documents: [
      target('a'),
      target('b', { region: 'eu-west-1' }),
      requirement('one', {}, IN('a')),
      requirement('one', {}, IN('b')),
    ],
    invalid: [],
  },
  {
    reason: 'a method is named once',
    documents: [
      requirement('one', { methods: [{ ...METHOD }, { ...METHOD, apiKeyRequired: false }] }),
    ],
    invalid: ['KeyRequirement/default/one'],
    says: 'GET /a is written twice in this list, first as entry 0; keep one',
  },
  {
    reason: 'a stage that a document keeps on one deployment is not moved to another',
    documents: [
      stage('production', { deployment: { id: 'a1b2c3' } }),
      requirement('one', { redeploy: { stages: ['staging', 'production'] } }),
    ],
    invalid: ['KeyRequirement/default/one', 'Stage/default/production'],
    says: 'Stage/production (000.yaml:1) keeps this stage on one deployment',
  },
  {
    reason: 'a stage that was only made from the latest deployment may be moved',
    documents: [
      stage('production', { deployment: 'latest' }),
      requirement('one', { redeploy: { stages: ['production'] } }),
    ],
    invalid: [],
  },
  {
    reason: 'a key may be in one plan per stage',
    documents: [
      key('acme'),
      stage('s'),
      plan('a', { keys: ['acme'], stages: [{ stage: 's' }] }),
      plan('b', { keys: ['acme'], stages: [{ stage: 's' }] }),
    ],
    invalid: ['UsagePlan/default/a', 'UsagePlan/default/b'],
    says: 'acme reaches the stage s through UsagePlan/b (003.yaml:1) too',
  },
  {
    reason: 'a stage by name and by API is one stage',
    documents: [
      key('acme'),
      stage('s', { stageName: 'production' }),
      plan('a', { keys: ['acme'], stages: [{ stage: 's' }] }),
      plan('b', {
        keys: ['acme'],
        stages: [{ restApi: { name: 'residents-api' }, stageName: 'production' }],
      }),
    ],
    invalid: ['UsagePlan/default/a', 'UsagePlan/default/b'],
  },
  {
    reason: 'a key by name and by adopted id is one key',
    documents: [
      key('acme', {}, annotated('adopt', 'abc123')),
      stage('s'),
      plan('a', { keys: ['acme'], stages: [{ stage: 's' }] }),
      plan('b', { keys: [{ id: 'abc123' }], stages: [{ stage: 's' }] }),
    ],
    invalid: ['UsagePlan/default/a', 'UsagePlan/default/b'],
  },
  {
    reason: 'namespaces of one account and region share their stages',
    documents: [
      target('a'),
      target('b'),
      plan(
        'p',
        { keys: [{ id: 'k1' }], stages: [{ restApi: { id: 'r1' }, stageName: 's' }] },
        IN('a'),
      ),
      plan(
        'p',
        { keys: [{ id: 'k1' }], stages: [{ restApi: { id: 'r1' }, stageName: 's' }] },
        IN('b'),
      ),
    ],
    invalid: ['UsagePlan/a/p', 'UsagePlan/b/p'],
  },
  {
    reason: 'another region is another stage',
    documents: [
      target('a'),
      target('b', { region: 'eu-west-1' }),
      plan(
        'p',
        { keys: [{ id: 'k1' }], stages: [{ restApi: { id: 'r1' }, stageName: 's' }] },
        IN('a'),
      ),
      plan(
        'p',
        { keys: [{ id: 'k1' }], stages: [{ restApi: { id: 'r1' }, stageName: 's' }] },
        IN('b'),
      ),
    ],
    invalid: [],
  },
  {
    reason: 'a key may be in several plans of different stages, ten at most',
    documents: [
      key('acme'),
      ...Array.from({ length: 10 }, (_, i) => plan(`p${i}`, { keys: ['acme'] })),
    ],
    invalid: [],
  },
  {
    reason: 'eleven plans are too many for one key',
    documents: [
      key('acme'),
      ...Array.from({ length: 11 }, (_, i) => plan(`p${i}`, { keys: ['acme'] })),
    ],
    invalid: Array.from({ length: 11 }, (_, i) => `UsagePlan/default/p${i}`).sort(),
    says: 'acme is in 11 plans; at most 10 are allowed',
  },
  {
    reason: 'the service refuses method throttles without a plan throttle',
    documents: [stage('s'), plan('p', { stages: [{ stage: 's', methodThrottles: [get] }] })],
    invalid: ['UsagePlan/default/p'],
    says: 'method throttles need a throttle on the plan',
  },
  {
    reason: 'a throttle of null is none',
    documents: [
      stage('s'),
      plan('p', { throttle: null, stages: [{ stage: 's', methodThrottles: [get] }] }),
    ],
    invalid: ['UsagePlan/default/p'],
  },
  {
    reason: 'with a plan throttle they are legal',
    documents: [
      stage('s'),
      plan('p', { throttle, stages: [{ stage: 's', methodThrottles: [get] }] }),
    ],
    invalid: [],
  },
  {
    reason: 'twenty method throttles per stage are legal, in each of two stages',
    documents: [
      stage('s'),
      stage('t'),
      plan('p', {
        throttle,
        stages: ['s', 't'].map((name) => ({
          stage: name,
          methodThrottles: Array.from({ length: 20 }, (_, i) => ({ ...get, path: `/${i}` })),
        })),
      }),
    ],
    invalid: [],
  },
  {
    reason: 'twenty-one are not',
    documents: [
      stage('s'),
      plan('p', {
        throttle,
        stages: [
          {
            stage: 's',
            methodThrottles: Array.from({ length: 21 }, (_, i) => ({ ...get, path: `/${i}` })),
          },
        ],
      }),
    ],
    invalid: ['UsagePlan/default/p'],
    says: '21 entries; at most 20 are allowed',
  },
  {
    reason: 'one method has one throttle',
    documents: [
      stage('s'),
      plan('p', {
        throttle,
        stages: [{ stage: 's', methodThrottles: [get, { ...get, rateLimit: 2 }] }],
      }),
    ],
    invalid: ['UsagePlan/default/p'],
    says: 'GET /a is written twice in this list',
  },
  {
    reason: 'one method has one setting',
    documents: [
      stage('s', {
        methodSettings: [1, 2].map((n) => ({
          method: 'GET',
          path: '/a',
          throttle: { rateLimit: n, burstLimit: n },
        })),
      }),
    ],
    invalid: ['Stage/default/s'],
  },
  {
    reason: 'a key is once in a plan',
    documents: [key('acme'), plan('p', { keys: ['acme', 'acme'] })],
    invalid: ['UsagePlan/default/p'],
    says: 'acme is twice in this list',
  },
  {
    reason: 'a stage is once in a plan, however it is written',
    documents: [
      stage('s'),
      plan('p', {
        stages: [{ stage: 's' }, { restApi: { name: 'residents-api' }, stageName: 's' }],
      }),
    ],
    invalid: ['UsagePlan/default/p'],
  },
  {
    reason: 'key values are unique per account and region',
    documents: [
      key('a', { value: { fromEnv: 'X' } }),
      key('b', { value: { fromEnv: 'X' } }),
      key('c', { value: { fromEnv: 'Y' } }),
    ],
    invalid: ['ApiKey/default/a', 'ApiKey/default/b'],
    says: "two keys can't have one value",
  },
  {
    reason: 'one live object is adopted by one document',
    documents: [
      key('a', {}, annotated('adopt', 'abc')),
      key('b', {}, annotated('adopt', 'abc')),
      plan('c', {}, annotated('adopt', 'abc')),
    ],
    invalid: ['ApiKey/default/a', 'ApiKey/default/b'],
    says: 'abc is also adopted by ApiKey/b',
  },
  {
    reason: 'by-name names nothing in writing',
    documents: [
      key('a', {}, annotated('adopt', 'by-name')),
      key('b', {}, annotated('adopt', 'by-name')),
    ],
    invalid: [],
  },
  {
    reason: 'a live stage is declared once',
    documents: [stage('a', { stageName: 's' }), stage('s')],
    invalid: ['Stage/default/a', 'Stage/default/s'],
    says: 'the same stage of the same API is declared by Stage/s',
  },
  {
    reason: 'a document moves between namespaces of one account and region',
    documents: [target('a'), target('b'), key('acme', {}, IN('b', MOVED_FROM_A))],
    invalid: [],
  },
  {
    reason: 'no object moves to another region',
    documents: [
      target('a', { region: 'eu-west-1' }),
      target('b'),
      key('acme', {}, IN('b', MOVED_FROM_A)),
    ],
    invalid: ['ApiKey/b/acme'],
    says: 'namespace a is account 123456789012, eu-west-1',
  },
  {
    reason: 'no object moves to another account, nor does a Consumer',
    documents: [
      target('a', { accountId: '210987654321' }),
      target('b'),
      consumer('acme', { access: [{ stage: 's' }] }, IN('b', MOVED_FROM_A)),
      stage('s', {}, IN('b')),
    ],
    invalid: ['ApiKey/b/acme', 'Consumer/b/acme', 'UsagePlan/b/acme-s'],
    says: 'an object cannot change its account or region',
  },
  {
    reason: 'a Target carries over a namespace that no Target bears',
    documents: [
      yaml('Target', 'b', TARGET, annotated('moved-from', 'a')),
      key('acme', {}, IN('b')),
    ],
    invalid: [],
  },
  {
    reason: 'a Target carries over no namespace that a Target still bears, which goes on as it is',
    documents: [
      target('a'),
      yaml('Target', 'b', TARGET, annotated('moved-from', 'a')),
      key('acme', {}, IN('a')),
    ],
    invalid: ['Target/b/b'],
    says: 'the old name is still borne by Target/a (000.yaml:1)',
  },
  {
    reason: 'of two Targets neither carries over the same namespace',
    documents: [
      yaml('Target', 'b', TARGET, annotated('moved-from', 'a')),
      yaml('Target', 'c', TARGET, annotated('moved-from', 'a')),
    ],
    invalid: ['Target/b/b', 'Target/c/c'],
    says: 'the same old name is claimed by',
  },
  {
    reason: 'a Target that is called so already carries nothing over',
    documents: [yaml('Target', 'b', TARGET, annotated('moved-from', 'b'))],
    invalid: ['Target/b/b'],
    says: 'names the document itself',
  },
  {
    reason: 'the place of a namespace that no Target bears is not known',
    documents: [target('b'), key('acme', {}, IN('b', MOVED_FROM_A))],
    invalid: [],
  },
  {
    reason: 'an old name that is still borne leaves two claims on one object',
    documents: [key('old'), key('new', {}, annotated('moved-from', 'old'))],
    invalid: ['ApiKey/default/new', 'ApiKey/default/old'],
    says: 'the old name is still borne by ApiKey/old (000.yaml:1)',
  },
  {
    reason: 'one object moves to one place',
    documents: [
      key('a', {}, annotated('moved-from', 'old')),
      key('b', {}, annotated('moved-from', 'default/old')),
    ],
    invalid: ['ApiKey/default/a', 'ApiKey/default/b'],
  },
  {
    reason: 'nothing moves from itself',
    documents: [key('a', {}, annotated('moved-from', 'a'))],
    invalid: ['ApiKey/default/a'],
  },
  {
    reason: 'what a Consumer expands to has an identity',
    documents: [
      consumer('acme', { access: [{ stage: 's' }, { stage: 't' }] }),
      stage('s'),
      stage('t'),
      key('acme'),
      plan('acme-t', {}),
    ],
    invalid: ['ApiKey/default/acme', 'Consumer/default/acme', 'UsagePlan/default/acme-t'],
    says: 'expands to ApiKey/acme, which is declared twice, also by ApiKey/acme (003.yaml:1)',
  },
  {
    reason: 'two Consumers may expand to one name',
    documents: [
      consumer('a', { access: [{ stage: 'b-c' }] }),
      consumer('a-b', { access: [{ stage: 'c' }] }),
      stage('b-c'),
      stage('c'),
    ],
    invalid: ['Consumer/default/a', 'Consumer/default/a-b', 'UsagePlan/default/a-b-c'],
    says: 'expands to UsagePlan/a-b-c, which is declared twice, also by UsagePlan/a-b-c of Consumer/a (000.yaml:1)',
  },
  {
    reason: 'a Consumer is declared once',
    documents: [
      consumer('acme', { access: [{ stage: 's' }] }),
      consumer('acme', { access: [{ stage: 't' }] }),
      stage('s'),
      stage('t'),
    ],
    invalid: [
      'ApiKey/default/acme',
      'Consumer/default/acme',
      'UsagePlan/default/acme-s',
      'UsagePlan/default/acme-t',
    ],
  },
  {
    reason: 'a live plan is adopted by one of a Consumer’s',
    documents: [
      consumer('acme', { access: [{ stage: 's' }] }, annotated('adopt', 's=p1')),
      stage('s'),
      plan('other', {}, annotated('adopt', 'p1')),
    ],
    invalid: ['Consumer/default/acme', 'UsagePlan/default/acme-s', 'UsagePlan/default/other'],
    says: 'p1 is also adopted by UsagePlan/acme-s of Consumer/acme (000.yaml:1)',
  },
  {
    reason: 'a Consumer’s key has a value of its own',
    documents: [
      consumer('acme', { key: { value: { ssm: '/apikeeper/x' } } }),
      key('b', { value: { ssm: '/apikeeper/x' } }),
    ],
    invalid: ['ApiKey/default/acme', 'ApiKey/default/b', 'Consumer/default/acme'],
    says: 'the same source is the value of ApiKey/acme of Consumer/acme (000.yaml:1)',
  },
  {
    reason: 'one Consumer moves to one place',
    documents: [
      consumer('a', {}, annotated('moved-from', 'old')),
      consumer('b', {}, annotated('moved-from', 'old')),
    ],
    invalid: ['ApiKey/default/a', 'ApiKey/default/b', 'Consumer/default/a', 'Consumer/default/b'],
    says: 'the same old name is claimed by Consumer/b (001.yaml:1)',
  },
  {
    reason: 'a Consumer whose old name another still bears',
    documents: [consumer('new', {}, annotated('moved-from', 'old')), consumer('old')],
    invalid: [
      'ApiKey/default/new',
      'ApiKey/default/old',
      'Consumer/default/new',
      'Consumer/default/old',
    ],
    says: 'the old name is still borne by ApiKey/old of Consumer/old (001.yaml:1)',
  },
  {
    reason: 'two stages of one name may have been called anything',
    documents: [
      consumer('acme', { access: [{ stage: 's' }] }),
      stage('s', {}, annotated('moved-from', 'a')),
      stage('s', { stageName: 't' }, annotated('moved-from', 'b')),
    ],
    invalid: ['Stage/default/s'],
  },
  {
    reason: 'a move that is done is harmless',
    documents: [key('new', {}, annotated('moved-from', 'old'))],
    invalid: [],
  },
];

test.each(CASES)('$reason', async ({ documents, invalid, says }) => {
  const tree = await loadAll(documents);
  expect(tree.invalid.map(identity)).toEqual(invalid);
  if (says) expect(tree.problems.map(({ message }) => message).join('\n')).toContain(says);
  else if (invalid.length === 0) expect(tree.problems).toEqual([]);
});

const withoutPlaces = (text = '') => text.replaceAll(/\([^)]*\)/g, '');

/** Everything about a tree but the places. */
function essence(tree: Tree) {
  const messages = [...tree.problems, ...tree.dangling].map(
    ({ kind, name, path, message }) => `${kind} ${name} ${path} ${withoutPlaces(message)}`,
  );
  return {
    desired: tree.desired.map(({ source, disputed, ...rest }) => [rest, withoutPlaces(disputed)]),
    targets: tree.targets.map(({ source, unusable, ...rest }) => [rest, withoutPlaces(unusable)]),
    invalid: tree.invalid,
    incomplete: tree.incompleteNamespaces,
    messages: messages.sort(),
  };
}

describe('the order of files and documents', () => {
  test('changes nothing, for every violation', async () => {
    for (const { documents, reason } of CASES) {
      const there = essence(await loadAll(documents));
      const back = essence(await loadAll(documents.toReversed()));
      expect(back, reason).toEqual(there);
    }
  });

  test('changes nothing, however all of them are spread over files', async () => {
    const documents = CASES.flatMap((one) => one.documents).filter(
      (document) => !document.includes('"Target"'),
    );
    const expected = essence(await loadAll(documents));
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(documents, { minLength: documents.length }),
        fc.integer({ min: 1, max: 5 }),
        async (shuffled, files) => {
          await using space = await createWorkspace();
          for (let file = 0; file < files; file++) {
            await space.write(
              `deep/${file}/m.yaml`,
              stream(...shuffled.filter((_, index) => index % files === file)),
            );
          }
          const { incomplete, invalid, desired, targets } = essence(await load(space.path));
          expect({ incomplete, invalid, desired, targets }).toEqual({
            incomplete: expected.incomplete,
            invalid: expected.invalid,
            desired: expected.desired,
            targets: expected.targets,
          });
        },
      ),
      { numRuns: Number(process.env.FC_RUNS ?? 20) },
    );
  });
});
