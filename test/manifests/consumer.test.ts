import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Annotations, identity } from '../../src/core/model/model.ts';
import { load, type Tree } from '../../src/manifests/load.ts';
import { problemText } from '../../src/report/phrases.ts';
import { createWorkspace, stream, yaml } from './workspace.ts';

const consumer = (name: string, spec: object = {}, metadata: object = {}) =>
  yaml('Consumer', name, spec, metadata);
const stage = (name: string, metadata: object = {}, more: object = {}) =>
  yaml('Stage', name, { restApi: { name: 'residents-api' }, ...more }, metadata);
const annotated = (annotations: Readonly<Record<string, string>>) => ({
  annotations: Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`apikeeper.dev/${name}`, value]),
  ),
});
const throttle = { rateLimit: 50, burstLimit: 100 };
const quota = { limit: 1000, period: 'DAY' };
const methodThrottles = [{ method: 'GET', path: '/residents', rateLimit: 5, burstLimit: 10 }];
const plain = { adoptFrom: [], ignore: [], movedFrom: [] };

async function loadText(text: string): Promise<Tree> {
  await using space = await createWorkspace({ 'm.yaml': text });
  return await load(space.path);
}

const said = ({ problems, dangling }: Tree) => [...problems, ...dangling].map(problemText);
const expanded = ({ desired }: Tree) => desired.filter((one) => one.consumer !== undefined);
const specOf = (tree: Tree, who: string) => tree.desired.find((one) => identity(one) === who)?.spec;

describe('a Consumer expands to', () => {
  test('a key and a plan per stage, with the lines where they are written', async () => {
    const tree = await loadText(`# first
apiVersion: apikeeper.dev/v1
kind: Consumer
metadata: { name: acme, labels: { team: housing } }
spec:
  key: { description: Acme Ltd, tags: { team: housing } }
  access:
    - stage: s
      throttle: { rateLimit: 50, burstLimit: 100 }
    - restApi: { name: Repairs API (v2) }
      stageName: LIVE_2
      name: acme on repairs
---
${stage('s')}`);
    expect(said(tree)).toEqual([]);
    const shared = {
      namespace: 'default',
      annotations: plain,
      consumer: 'acme',
    };
    expect(expanded(tree)).toEqual([
      {
        kind: 'ApiKey',
        name: 'acme',
        spec: { description: 'Acme Ltd', tags: { team: 'housing' } },
        source: { file: 'm.yaml', line: 2 },
        ...shared,
      },
      {
        kind: 'UsagePlan',
        name: 'acme-repairs-api-v2-live-2',
        spec: {
          name: 'acme on repairs',
          stages: [{ restApi: { name: 'Repairs API (v2)' }, stageName: 'LIVE_2' }],
          keys: ['acme'],
        },
        source: { file: 'm.yaml', line: 10 },
        ...shared,
      },
      {
        kind: 'UsagePlan',
        name: 'acme-s',
        spec: { throttle, stages: [{ stage: 's' }], keys: ['acme'] },
        source: { file: 'm.yaml', line: 8 },
        ...shared,
      },
    ]);
    expect(tree.documents).toBe(2);
  });

  test.each<{ reason: string; spec: object; objects: readonly string[] }>([
    { reason: 'a key alone where it says nothing', spec: {}, objects: ['ApiKey/default/acme'] },
    {
      reason: 'a key alone where access is empty',
      spec: { key: {}, access: [] },
      objects: ['ApiKey/default/acme'],
    },
    {
      reason: 'a key alone where access is none',
      spec: { access: null },
      objects: ['ApiKey/default/acme'],
    },
    {
      reason: 'a plan named by the API’s id where there is no name',
      spec: { access: [{ restApi: { id: 'a1B2' }, stageName: 'v1' }] },
      objects: ['ApiKey/default/acme', 'UsagePlan/default/acme-a1b2-v1'],
    },
  ])('$reason', async ({ spec, objects }) => {
    const tree = await loadText(consumer('acme', spec));
    expect(said(tree)).toEqual([]);
    expect(tree.desired.map(identity)).toEqual(objects);
  });

  test.each<{ reason: string; defaults: object; access: object; plan: object }>([
    {
      reason: 'the defaults',
      defaults: { throttle, quota, description: 'x' },
      access: {},
      plan: { throttle, quota, description: 'x' },
    },
    {
      reason: 'its own throttle',
      defaults: { throttle, quota },
      access: { throttle: { rateLimit: 1, burstLimit: 2 } },
      plan: { throttle: { rateLimit: 1, burstLimit: 2 }, quota },
    },
    {
      reason: 'no quota where it says null',
      defaults: { throttle, quota },
      access: { quota: null },
      plan: { throttle, quota: null },
    },
    {
      reason: 'nothing where the defaults say null',
      defaults: { quota: null },
      access: {},
      plan: { quota: null },
    },
    {
      reason: 'tags put together',
      defaults: { tags: { a: '1', b: '2' } },
      access: { tags: { b: null, c: '3' } },
      plan: { tags: { a: '1', b: null, c: '3' } },
    },
    {
      reason: 'no tags where it says null',
      defaults: { tags: { a: '1' } },
      access: { tags: null },
      plan: { tags: null },
    },
    {
      reason: 'its own tags where the defaults say null',
      defaults: { tags: null },
      access: { tags: { a: '1' } },
      plan: { tags: { a: '1' } },
    },
    {
      reason: 'a deletion policy and a product',
      defaults: { deletionPolicy: 'Retain' },
      access: { productCode: 'p' },
      plan: { deletionPolicy: 'Retain', productCode: 'p' },
    },
  ])('a plan with $reason', async ({ defaults, access, plan }) => {
    const tree = await loadText(
      stream(stage('s'), consumer('acme', { defaults, access: [{ stage: 's', ...access }] })),
    );
    expect(said(tree)).toEqual([]);
    expect(specOf(tree, 'UsagePlan/default/acme-s')).toEqual({
      ...plan,
      stages: [{ stage: 's' }],
      keys: ['acme'],
    });
  });

  test.each<{ reason: string; defaults: object; access: object; expected: object }>([
    {
      reason: 'of the entry',
      defaults: {},
      access: { methodThrottles },
      expected: { methodThrottles },
    },
    {
      reason: 'of the defaults',
      defaults: { methodThrottles },
      access: {},
      expected: { methodThrottles },
    },
    {
      reason: 'none, said outright',
      defaults: { methodThrottles },
      access: { methodThrottles: [] },
      expected: { methodThrottles: [] },
    },
    {
      reason: 'none, by null',
      defaults: { methodThrottles },
      access: { methodThrottles: null },
      expected: { methodThrottles: null },
    },
    { reason: 'unsaid', defaults: {}, access: {}, expected: {} },
  ])('method throttles: $reason', async ({ defaults, access, expected }) => {
    const spec = { defaults: { throttle, ...defaults }, access: [{ stage: 's', ...access }] };
    const tree = await loadText(stream(stage('s'), consumer('acme', spec)));
    expect(said(tree)).toEqual([]);
    expect(specOf(tree, 'UsagePlan/default/acme-s')?.stages).toEqual([{ stage: 's', ...expected }]);
  });
});

describe('written out', () => {
  const limits = fc.option(fc.constantFrom(throttle, { rateLimit: 0, burstLimit: 0 }));
  /** Some of the settings of a plan: a field that is not drawn is not said. */
  const settings = fc.record(
    {
      throttle: limits,
      quota: fc.option(fc.constantFrom(quota, { limit: 5, period: 'MONTH', offset: 2 })),
      description: fc.option(fc.constantFrom('', 'x')),
      productCode: fc.option(fc.constant('p')),
      deletionPolicy: fc.constantFrom('Delete', 'Retain'),
    },
    { requiredKeys: [] },
  );
  const stages = fc.uniqueArray(fc.constantFrom('s', 't', 'u'));

  test('it says the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        stages,
        settings,
        fc.array(settings, { minLength: 3, maxLength: 3 }),
        async (names, defaults, entries) => {
          const access = names.map((name, index) => ({ stage: name, ...entries[index] }));
          const plans = names.map((name, index) =>
            yaml('UsagePlan', `acme-${name}`, {
              ...defaults,
              ...entries[index],
              stages: [{ stage: name }],
              keys: ['acme'],
            }),
          );
          const key = { description: 'Acme', enabled: false };
          const one = await loadText(
            stream(
              ...names.map((name) => stage(name)),
              consumer('acme', { key, defaults, access }),
            ),
          );
          const all = await loadText(
            stream(...names.map((name) => stage(name)), yaml('ApiKey', 'acme', key), ...plans),
          );
          expect([...said(one), ...said(all)]).toEqual([]);
          const essence = ({ desired }: Tree) =>
            desired.map(({ source: _, consumer: __, ...rest }) => rest);
          expect(essence(one)).toEqual(essence(all));
        },
      ),
      { numRuns: Number(process.env.FC_RUNS ?? 50) },
    );
  });
});

describe('annotations', () => {
  /** What the key, the plan of the stage `s`, and the plan of the API `r` are told. */
  async function annotationsOf(
    annotations: Readonly<Record<string, string>>,
    ...others: readonly string[]
  ): Promise<readonly Annotations[]> {
    const access = [{ stage: 's' }, { restApi: { name: 'R' }, stageName: 'live' }];
    const tree = await loadText(
      stream(stage('s'), consumer('acme', { access }, annotated(annotations)), ...others),
    );
    expect(said(tree)).toEqual([]);
    return ['ApiKey/default/acme', 'UsagePlan/default/acme-s', 'UsagePlan/default/acme-r-live'].map(
      (who) => {
        const found = tree.desired.find((one) => identity(one) === who);
        return found?.annotations as Annotations;
      },
    );
  }

  test.each<{
    reason: string;
    annotations: Record<string, string>;
    key?: object;
    s?: object;
    r?: object;
  }>([
    {
      reason: 'mode and adopt-from are for all',
      annotations: { mode: 'observe', 'adopt-from': 'cloudformation, ack' },
      ...Object.fromEntries(
        ['key', 's', 'r'].map((part) => [
          part,
          { mode: 'observe', adoptFrom: ['cloudformation', 'ack'] },
        ]),
      ),
    },
    {
      reason: 'by-name is for all',
      annotations: { adopt: 'by-name' },
      key: { adopt: 'by-name' },
      s: { adopt: 'by-name' },
      r: { adopt: 'by-name' },
    },
    { reason: 'an id is the key’s', annotations: { adopt: 'k1' }, key: { adopt: 'k1' } },
    {
      reason: 'ids of plans are given by stage',
      annotations: { adopt: 'k1, s=p1,r-live=p2' },
      key: { adopt: 'k1' },
      s: { adopt: 'p1' },
      r: { adopt: 'p2' },
    },
    {
      reason: 'a plan alone may be adopted',
      annotations: { adopt: 'r-live=p2' },
      r: { adopt: 'p2' },
    },
    {
      reason: 'ignored fields are found where they are in the key and the plans',
      annotations: {
        ignore:
          '/spec/key/tags/a~1b, /spec/access/s/throttle/rateLimit, /spec/access/r-live/methodThrottles, /spec/access/s/methodThrottles/GET ~1a',
      },
      key: { ignore: ['/spec/tags/a~1b'] },
      s: { ignore: ['/spec/throttle/rateLimit', '/spec/stages/s/methodThrottles/GET ~1a'] },
      r: { ignore: ['/spec/stages/R:live/methodThrottles'] },
    },
  ])('$reason', async ({ annotations, key, s, r }) => {
    expect(await annotationsOf(annotations)).toEqual([
      { ...plain, ...key },
      { ...plain, ...s },
      { ...plain, ...r },
    ]);
  });

  const names = (...all: readonly string[]) =>
    all.map((one) => ({ namespace: one.split('/')[0] ?? '', name: one.split('/')[1] ?? '' }));

  test('an old name of the Consumer is one of its key and of its plans', async () => {
    const [key, s, r] = await annotationsOf({ 'moved-from': 'acme-ltd' });
    expect(key?.movedFrom).toEqual(names('default/acme-ltd'));
    expect(s?.movedFrom).toEqual(names('default/acme-ltd-s'));
    expect(r?.movedFrom).toEqual(names('default/acme-ltd-r-live'));
  });

  test('so it is in another namespace', async () => {
    const [key, s] = await annotationsOf({ 'moved-from': 'staging/acme' });
    expect(key?.movedFrom).toEqual(names('staging/acme'));
    expect(s?.movedFrom).toEqual(names('staging/acme-s'));
  });

  test('a plan that was called otherwise is named by its stage', async () => {
    const [key, s, r] = await annotationsOf({
      'moved-from': 'acme-key, s=acme-50rps, r-live=staging/acme-x',
    });
    expect([key?.movedFrom, s?.movedFrom, r?.movedFrom]).toEqual([
      names('default/acme-key'),
      names('default/acme-50rps'),
      names('staging/acme-x'),
    ]);
  });

  test.each<{
    reason: string;
    stageWas: string;
    consumerWas?: string;
    more?: string;
    plan: readonly string[];
  }>([
    { reason: 'the stage was renamed', stageWas: 'old', plan: names('default/acme-old') as never },
    {
      reason: 'and the Consumer too',
      stageWas: 'old',
      consumerWas: 'ltd',
      plan: names('default/acme-old', 'default/ltd-old', 'default/ltd-s') as never,
    },
    {
      reason: 'the stage came from another namespace, where no such Consumer was',
      stageWas: 'staging/old',
      plan: [],
    },
    {
      reason: 'both came from another namespace',
      stageWas: 'staging/old',
      consumerWas: 'staging/ltd',
      plan: names('staging/ltd-old', 'staging/ltd-s') as never,
    },
    {
      reason: 'a plan that is written out bears that name',
      stageWas: 'old',
      more: yaml('UsagePlan', 'acme-old'),
      plan: [],
    },
  ])('old names of a plan: $reason', async ({ stageWas, consumerWas, more, plan }) => {
    const tree = await loadText(
      stream(
        stage('s', annotated({ 'moved-from': stageWas })),
        consumer(
          'acme',
          { access: [{ stage: 's' }] },
          consumerWas ? annotated({ 'moved-from': consumerWas }) : {},
        ),
        ...(more ? [more] : []),
      ),
    );
    expect(said(tree)).toEqual([]);
    expect(tree.desired.find(({ name }) => name === 'acme-s')?.annotations.movedFrom).toEqual(plan);
  });
});

describe('what is wrong is said at the Consumer, where it is written', () => {
  const HEAD = 'apiVersion: apikeeper.dev/v1\nkind: Consumer\n';
  const written = (spec: string, annotations = '{}') =>
    `${HEAD}metadata: { name: acme, annotations: ${annotations} }\nspec:\n${spec}`;

  test.each<{ reason: string; text: string; more?: string; says: readonly string[] }>([
    {
      reason: 'a misspelt field of the key has its one likely meaning there',
      text: written('  key: { enabeld: false }\n'),
      says: ['m.yaml:5:10: Consumer/acme: /spec/key/enabeld: unknown field; did you mean enabled?'],
    },
    {
      reason: 'a plan’s field outside of its entry is none of a Consumer’s',
      text: written('  throttle: { rateLimit: 1, burstLimit: 1 }\n'),
      says: [
        'm.yaml:5:3: Consumer/acme: /spec/throttle: unknown field; allowed are key, defaults, access',
      ],
    },
    {
      reason: 'a stage is named, or its API and itself',
      text: written('  access:\n    - throttle: null\n'),
      says: [
        'm.yaml:6:7: Consumer/acme: /spec/access/0: incomplete; write either stage, or restApi and stageName',
      ],
    },
    {
      reason: 'limits have the rules of a usage plan',
      text: written(
        '  access:\n    - { stage: s, quota: { limit: 10, period: DAY, offset: 3 } }\n',
      ),
      says: [
        'm.yaml:6:60: Consumer/acme: /spec/access/0/quota/offset: 3 is not allowed; write 0 where the period is DAY',
      ],
    },
    {
      reason: 'method throttles need a throttle',
      text: written(
        '  access:\n    - stage: s\n      methodThrottles: [{ method: GET, path: /a, rateLimit: 1, burstLimit: 1 }]\n',
      ),
      says: [
        'm.yaml:7:24: Consumer/acme: /spec/access/0/methodThrottles: method throttles need a throttle on the plan; add throttle, with rateLimit and burstLimit',
      ],
    },
    {
      reason: 'what is wrong with the defaults is said once',
      text: written(
        '  defaults: { methodThrottles: [{ method: GET, path: /a, rateLimit: 1, burstLimit: 1 }] }\n  access:\n    - stage: s\n    - stage: t\n',
      ),
      more: stage('t'),
      says: [
        'm.yaml:5:32: Consumer/acme: /spec/defaults/methodThrottles: method throttles need a throttle on the plan; add throttle, with rateLimit and burstLimit',
      ],
    },
    {
      reason: 'a stage that no document declares',
      text: written('  access:\n    - stage: ss\n'),
      says: [
        'm.yaml:6:14: Consumer/acme: /spec/access/0/stage: no Stage document of namespace default has the name ss; did you mean s?',
      ],
    },
    {
      reason: 'one stage twice',
      text: written('  access:\n    - stage: s\n    - stage: s\n'),
      says: [7, 6].map(
        (other, index) =>
          `m.yaml:${6 + index}:7: Consumer/acme: /spec/access/${index}: this and the entry in line ${other} would both be UsagePlan/acme-s; keep one, or, where they are different stages, declare one as a Stage document and write stage: <its name>`,
      ),
    },
    {
      reason: 'one stage three times',
      text: written('  access: [{ stage: s },\n    { stage: s },\n    { stage: s }]\n'),
      says: ['5:12', '6:5', '7:5'].map((place, index) => {
        const others = [5, 6, 7].filter((line) => line !== 5 + index).join(', ');
        return `m.yaml:${place}: Consumer/acme: /spec/access/${index}: this and the entries in lines ${others} would all be UsagePlan/acme-s; keep one, or, where they are different stages, declare one as a Stage document and write stage: <its name>`;
      }),
    },
    {
      reason: 'one stage in two ways of writing',
      text: written(
        '  access:\n    - stage: s\n    - { restApi: { name: residents-api }, stageName: s }\n',
      ),
      says: [
        'm.yaml:6:7: Consumer/acme: /spec/access/0: acme reaches the stage s through UsagePlan/acme-residents-api-s of Consumer/acme (m.yaml:7) too; a key may be in one plan per stage, so take it out of all but one',
        'm.yaml:7:7: Consumer/acme: /spec/access/1: acme reaches the stage s through UsagePlan/acme-s of Consumer/acme (m.yaml:6) too; a key may be in one plan per stage, so take it out of all but one',
      ],
    },
    {
      reason: 'an API whose name leaves nothing for a plan’s',
      text: written('  access:\n    - { restApi: { name: 住民 }, stageName: live }\n'),
      says: [
        'm.yaml:6:7: Consumer/acme: /spec/access/0: its usage plan would be named acme--live, which says little; declare the stage as a Stage document with a name that fits, and write stage: <that name>',
      ],
    },
    {
      reason: 'a name that is too long once it is put together',
      text: written(
        `  access:\n    - { restApi: { name: ${'a'.repeat(200)} }, stageName: live }\n`,
      ),
      says: [
        `m.yaml:6:7: Consumer/acme: /spec/access/0: its usage plan would be named acme-${'a'.repeat(200)}-live: 210 characters; at most 192 are allowed; write lower-case letters, digits, '-' and '.', at most 192 characters, each part beginning and ending with a letter or digit; declare the stage as a Stage document with a name that fits, and write stage: <that name>`,
      ],
    },
    {
      reason: 'tags that are too many once they are put together',
      text: written(
        `  defaults: { tags: { ${Array.from({ length: 40 }, (_, n) => `a${n}: x`).join(', ')} } }\n  access:\n    - stage: s\n      tags: { b: x, c: x, d: x, e: x, f: x }\n`,
      ),
      says: ['m.yaml:8:13: Consumer/acme: /spec/access/0/tags: 45 entries; at most 44 are allowed'],
    },
    {
      reason: 'a document with the name of the key',
      text: written('  access: []\n'),
      more: yaml('ApiKey', 'acme'),
      says: [
        'm.yaml:3:19: Consumer/acme: /metadata/name: expands to ApiKey/acme, which is declared twice, also by ApiKey/acme (m.yaml:9); keep one, or rename one',
        'm.yaml:9:69: ApiKey/acme: /metadata/name: declared twice, also by ApiKey/acme of Consumer/acme (m.yaml:1); keep one, or rename one',
      ],
    },
    {
      reason: 'a document with the name of a plan',
      text: written('  access:\n    - stage: s\n'),
      more: yaml('UsagePlan', 'acme-s'),
      says: [
        'm.yaml:6:7: Consumer/acme: /spec/access/0: expands to UsagePlan/acme-s, which is declared twice, also by UsagePlan/acme-s (m.yaml:10); keep one, or rename one',
        'm.yaml:10:72: UsagePlan/acme-s: /metadata/name: declared twice, also by UsagePlan/acme-s of Consumer/acme (m.yaml:6); keep one, or rename one',
      ],
    },
    {
      reason: 'two Consumers of one name are one mistake',
      text: written('  access: [{ stage: s }]\n'),
      more: consumer('acme', { access: [{ stage: 's' }] }),
      says: [
        'm.yaml:3:19: Consumer/acme: /metadata/name: declared twice, also by Consumer/acme (m.yaml:9); keep one, or rename one',
        'm.yaml:9:71: Consumer/acme: /metadata/name: declared twice, also by Consumer/acme (m.yaml:1); keep one, or rename one',
      ],
    },
    {
      reason: 'two plans for one key and stage',
      text: written('  access:\n    - stage: s\n'),
      more: yaml('UsagePlan', 'other', { keys: ['acme'], stages: [{ stage: 's' }] }),
      says: [
        'm.yaml:6:7: Consumer/acme: /spec/access/0: acme reaches the stage s through UsagePlan/other (m.yaml:10) too; a key may be in one plan per stage, so take it out of all but one',
        'm.yaml:10:97: UsagePlan/other: /spec/keys/0: acme reaches the stage s through UsagePlan/acme-s of Consumer/acme (m.yaml:6) too; a key may be in one plan per stage, so take it out of all but one',
      ],
    },
    {
      reason: 'a stage that adopt does not know',
      text: written(
        '  access: [{ stage: residents-production }]\n',
        '{ apikeeper.dev/adopt: "k1, residents-prod=p1" }',
      ),
      more: stage('residents-production', {}, { stageName: 'p' }),
      says: [
        'm.yaml:3:61: Consumer/acme: /metadata/annotations/apikeeper.dev~1adopt: residents-prod is no stage in access; did you mean residents-production?',
      ],
    },
    {
      reason: 'two ids for one key',
      text: written('  access: []\n', '{ apikeeper.dev/adopt: "k1, k2" }'),
      says: [
        'm.yaml:3:61: Consumer/acme: /metadata/annotations/apikeeper.dev~1adopt: the key is written twice; keep one',
      ],
    },
    {
      reason: 'an id of a stage where there is none',
      text: written('  access: []\n', '{ apikeeper.dev/adopt: s=p1 }'),
      says: [
        'm.yaml:3:61: Consumer/acme: /metadata/annotations/apikeeper.dev~1adopt: s is no stage in access, which has none',
      ],
    },
    {
      reason: 'something else than ids',
      text: written('  access: []\n', '{ apikeeper.dev/adopt: by-name=k1; }'),
      says: [
        'm.yaml:3:61: Consumer/acme: /metadata/annotations/apikeeper.dev~1adopt: "by-name=k1;" is not allowed; write by-name, or ids, comma-separated: the key\'s alone and each plan\'s as <stage>=<plan id>, as in a1b2c3d4e5, residents-production=p1q2r3',
      ],
    },
    {
      reason: 'an ignored field that a plan does not have',
      text: written('  access: [{ stage: s }]\n', '{ apikeeper.dev/ignore: /spec/access/s/keys }'),
      says: [
        'm.yaml:3:62: Consumer/acme: /metadata/annotations/apikeeper.dev~1ignore: keys is no field of a plan; allowed are name, throttle, quota, methodThrottles, description, productCode, tags, deletionPolicy',
      ],
    },
    {
      reason: 'an ignored field that is not one part’s',
      text: written(
        '  access: [{ stage: s }]\n',
        '{ apikeeper.dev/ignore: /spec/defaults/throttle }',
      ),
      says: [
        'm.yaml:3:62: Consumer/acme: /metadata/annotations/apikeeper.dev~1ignore: "/spec/defaults/throttle" is not allowed; write JSON pointers to fields below /spec/key or /spec/access/<stage>, comma-separated, as in /spec/access/residents-production/throttle',
      ],
    },
    {
      reason: 'nothing moves from itself',
      text: written('  access: [{ stage: s }]\n', '{ apikeeper.dev/moved-from: "acme, s=acme-s" }'),
      says: [
        'm.yaml:3:66: Consumer/acme: /metadata/annotations/apikeeper.dev~1moved-from: names the document itself; write its old name, or remove the annotation',
      ],
    },
    {
      reason: 'an old name that a key still bears',
      text: written('  access: []\n', '{ apikeeper.dev/moved-from: old }'),
      more: yaml('ApiKey', 'old'),
      says: [
        'm.yaml:3:66: Consumer/acme: /metadata/annotations/apikeeper.dev~1moved-from: the old name is still borne by ApiKey/old (m.yaml:9); remove that document, or this annotation (once the move is done it does nothing)',
        'm.yaml:9:69: ApiKey/old: /metadata/name: Consumer/acme (m.yaml:1) says that it moved from this name; remove its moved-from annotation, or this document',
      ],
    },
  ])('$reason', async ({ text, more, says }) => {
    const tree = await loadText(
      `${text}---\n${stage('s')}${more === undefined ? '' : `---\n${more}`}`,
    );
    expect(said(tree)).toEqual(says);
  });

  test('eleven stages are too many for one key', async () => {
    const all = Array.from({ length: 11 }, (_, n) => `s${n}`);
    const tree = await loadText(
      stream(
        ...all.map((name) => stage(name)),
        consumer('acme', { access: all.map((name) => ({ stage: name })) }),
      ),
    );
    expect(said(tree)).toHaveLength(11);
    expect(said(tree)[3]).toMatch(
      /Consumer\/acme: \/spec\/access\/3: acme is in 11 plans; at most 10 are allowed/,
    );
  });

  test.each([
    { reason: 'as the value', value: 's3cr3t-s3cr3t-s3cr3t-s3cr3t' },
    { reason: 'in braces, which makes it a field', value: '{ s3cr3t-s3cr3t-s3cr3t-s3cr3t }' },
    { reason: 'as a source', value: '{ fromEnv: "s3cr3t-s3cr3t-s3cr3t-s3cr3t" }' },
    { reason: 'in a list', value: '[s3cr3t-s3cr3t-s3cr3t-s3cr3t]' },
  ])('a key value written $reason is refused, and in no message', async ({ value }) => {
    const messages = said(await loadText(written(`  key:\n    value: ${value}\n`)));
    expect(messages).toHaveLength(1);
    expect(messages.join()).toMatch(/^m\.yaml:6:\d+: Consumer\/acme: \/spec\/key\/value/);
    expect(messages.join()).not.toContain('s3cr3t');
  });
});

test('what blocks its callers is said where the Consumer says it, and once', async () => {
  const zero = { rateLimit: 0, burstLimit: 0 };
  const access = [{ stage: 's' }, { stage: 't' }, { stage: 'u', throttle: zero }];
  const tree = await loadText(
    stream(
      ...['s', 't', 'u'].map((name) => stage(name)),
      consumer('acme', { defaults: { throttle: zero }, access }),
      consumer('birch'),
    ),
  );
  expect(
    tree.warnings.map(({ code, kind, name, path }) => `${code} ${kind}/${name} ${path}`),
  ).toEqual([
    'LIMIT_ZERO Consumer/acme /spec/defaults/throttle',
    'LIMIT_ZERO Consumer/acme /spec/access/2/throttle',
    'CONSUMER_WITHOUT_ACCESS Consumer/birch /spec/access',
  ]);
});

describe('what is wrong with one part', () => {
  test('leaves the others alone: a revoked key is not held up by a plan', async () => {
    const spec = {
      key: { enabled: false },
      access: [{ stage: 's' }, { stage: 't', methodThrottles }],
    };
    const tree = await loadText(stream(stage('s'), stage('t'), consumer('acme', spec)));
    expect(expanded(tree).map(identity)).toEqual([
      'ApiKey/default/acme',
      'UsagePlan/default/acme-s',
    ]);
    expect(tree.invalid.map(identity)).toEqual([
      'Consumer/default/acme',
      'UsagePlan/default/acme-t',
    ]);
    expect(tree.incompleteNamespaces).toEqual(['default']);
  });

  test.each<{ reason: string; spec: object; invalid: readonly string[] }>([
    {
      reason: 'its key',
      spec: { key: { enabled: 1 }, access: [{ stage: 's' }] },
      invalid: ['ApiKey/default/acme', 'Consumer/default/acme', 'UsagePlan/default/acme-s'],
    },
    {
      reason: 'an entry, whose stage can be told',
      spec: {
        access: [
          { stage: 's', throttle: 5 },
          { restApi: { name: 'r' }, stageName: 'live', x: 1 },
        ],
      },
      invalid: [
        'ApiKey/default/acme',
        'Consumer/default/acme',
        'UsagePlan/default/acme-r-live',
        'UsagePlan/default/acme-s',
      ],
    },
    {
      reason: 'entries whose stage can’t',
      spec: {
        access: [
          5,
          null,
          { stage: 5 },
          { restApi: 5, stageName: 's' },
          { restApi: { name: 5 }, stageName: 's' },
          { restApi: { name: 'r' } },
          { stage: 's' },
        ],
      },
      invalid: ['ApiKey/default/acme', 'Consumer/default/acme', 'UsagePlan/default/acme-s'],
    },
    {
      reason: 'access, which is no list',
      spec: { access: 's' },
      invalid: ['ApiKey/default/acme', 'Consumer/default/acme'],
    },
  ])('of an invalid document nothing has left Git: $reason', async ({ spec, invalid }) => {
    const tree = await loadText(stream(stage('s'), consumer('acme', spec)));
    expect(tree.invalid.map(identity)).toEqual(invalid);
    expect(expanded(tree)).toEqual([]);
    expect(tree.incompleteNamespaces).toEqual(['default']);
  });

  test('a spec that is no mapping expands to the key alone', async () => {
    const tree = await loadText(
      '{"apiVersion":"apikeeper.dev/v1","kind":"Consumer","metadata":{"name":"acme"},"spec":[]}',
    );
    expect(tree.invalid.map(identity)).toEqual(['ApiKey/default/acme', 'Consumer/default/acme']);
  });

  test('other documents may refer to its key all the same', async () => {
    const tree = await loadText(
      stream(
        consumer('acme', { key: { enabled: 1 } }),
        yaml('UsagePlan', 'other', { keys: ['acme'] }),
      ),
    );
    expect(tree.dangling).toEqual([]);
  });
});

describe('a plan whose stage may have been called otherwise is left as it is', () => {
  const acme = consumer('acme', { access: [{ stage: 's' }] });
  const moved = annotated({ 'moved-from': 'old' });
  const nameless = '{"apiVersion":"apikeeper.dev/v1","kind":"Stage","metadata":{},"spec":{}}\n';

  test.each<{ reason: string; documents: readonly string[]; isPlanned: boolean }>([
    { reason: 'its document is valid', documents: [stage('s', moved), acme], isPlanned: true },
    {
      reason: 'its document is invalid, and its annotations are not',
      documents: [stage('s', moved, { stageName: 5 }), acme],
      isPlanned: true,
    },
    {
      reason: 'its document’s annotations are invalid',
      documents: [stage('s', annotated({ 'moved-form': 'old' })), acme],
      isPlanned: false,
    },
    { reason: 'no document bears its name', documents: [acme], isPlanned: true },
    {
      reason: 'no document bears its name, and one may',
      documents: [acme, nameless],
      isPlanned: false,
    },
    {
      reason: 'no document bears its name, and one can’t be read',
      documents: [acme, 'a: ['],
      isPlanned: false,
    },
  ])('$reason: $isPlanned', async ({ documents, isPlanned }) => {
    await using space = await createWorkspace({
      'target.yaml': yaml('Target', 'here', { region: 'eu-west-2', accountId: '123456789012' }),
    });
    const here = (document: string) =>
      document.replace('"metadata":{', '"metadata":{"namespace":"here",').replace(',}', '}');
    for (const [index, document] of documents.entries())
      await space.write(`${index}.yaml`, here(document));
    const tree = await load(space.path);
    expect(expanded(tree).map(identity)).toEqual([
      'ApiKey/here/acme',
      ...(isPlanned ? ['UsagePlan/here/acme-s'] : []),
    ]);
    expect(tree.invalid.map(identity).includes('UsagePlan/here/acme-s')).toBe(!isPlanned);
    if (!isPlanned)
      expect(tree.complete && !tree.incompleteNamespaces.includes('here')).toBe(false);
  });

  test('the old name is known from an invalid document too', async () => {
    const tree = await loadText(stream(stage('s', moved, { stageName: 5 }), acme));
    expect(tree.desired.find(({ name }) => name === 'acme-s')?.annotations.movedFrom).toEqual([
      { namespace: 'default', name: 'acme-old' },
    ]);
  });
});
