/** What becomes of a document once its live object is known, case by case. */
import { describe, expect, test } from 'vitest';
import type { Live, Spec } from '../../src/core/model/model.ts';
import {
  type FindingCode,
  finding,
  type Imported,
  type ManifestDocument,
} from '../../src/importers/common/model.ts';
import { importLive } from '../../src/importers/live/live.ts';
import { api, live, members, stages } from '../core/build.ts';

const SECRET = 'canary-value-that-nobody-may-see-4711';
const at = { restApi: { name: 'residents-api' }, stageName: 'production' };

function document(
  kind: ManifestDocument['kind'],
  name: string,
  spec: Spec,
  more: Partial<ManifestDocument> = {},
): ManifestDocument {
  const source = { file: 'file.yml', line: 1, address: `the ${name}` };
  const isNamed = kind === 'ApiKey' || kind === 'UsagePlan';
  return {
    kind,
    name,
    ...(isNamed && { adopt: { id: `${name}1` } }),
    spec,
    source,
    address: `the ${name}`,
    comments: [],
    ...more,
  };
}

function imported(
  documents: readonly ManifestDocument[],
  objects: readonly Live[],
  more: Partial<Imported> = {},
): Imported {
  const account = { region: 'eu-west-2', apis: [api('api1', 'residents-api')], live: objects };
  return importLive({ documents, findings: [], ...more }, account);
}

const codes = ({ findings }: Imported) => findings.map(({ code }) => code);
const specOf = ({ documents }: Imported, name: string) =>
  documents.find((one) => one.name === name)?.spec;

describe('a plan', () => {
  const plan = (spec: Spec) => live('UsagePlan', 'plan1', { name: 'plan', keys: {}, ...spec });

  test('what is no longer in the account stays in the plan, unnamed', () => {
    const object = plan({
      keys: members('key1', 'gone1'),
      stages: stages('api1:production', 'api9:old'),
    });
    const result = imported(
      [document('UsagePlan', 'plan', {})],
      [object, live('ApiKey', 'key1'), live('Stage', 'api1:production')],
    );
    expect(specOf(result, 'plan')).toEqual({
      stages: [at],
      keys: [{ id: 'key1' }],
      membership: 'additive',
    });
    expect(result.documents[0]?.comments).toContainEqual(
      expect.stringContaining('keys: gone1 is in the plan and nowhere else'),
    );
  });

  test('a limit of 0 is said of what is live', () => {
    const file = document('UsagePlan', 'plan', { throttle: { rateLimit: 5, burstLimit: 5 } });
    const result = imported([file], [plan({ throttle: { rateLimit: 0, burstLimit: 0 } })]);
    expect(specOf(result, 'plan')).toEqual({ throttle: { rateLimit: 0, burstLimit: 0 } });
    expect(codes(result)).toEqual(expect.arrayContaining(['LIMIT_ZERO', 'LIVE_DIFFERS']));
  });

  test('a key that another manager holds alone is named by its id, which needs no adoption', () => {
    const tags = { 'aws:cloudformation:stack-name': 's', 'aws:cloudformation:logical-id': 'Key' };
    const objects = [
      plan({ keys: members('key1') }),
      live('ApiKey', 'key1', { name: 'key' }, tags),
    ];
    const result = imported(
      [document('ApiKey', 'key', {}), document('UsagePlan', 'plan', { keys: ['key'] })],
      objects,
    );
    expect(specOf(result, 'plan')).toEqual({ keys: [{ id: 'key1' }] });
    expect(result.documents.map(({ manager }) => manager)).toEqual(['cloudformation', undefined]);
  });
});

describe('a stage', () => {
  const stage = (spec: Spec) => live('Stage', 'api1:production', spec);

  test('what the file claims, and is the default, stays claimed', () => {
    const result = imported(
      [document('Stage', 'stage', { ...at, tracingEnabled: false, description: '' })],
      [stage({})],
    );
    expect(specOf(result, 'stage')).toEqual({ ...at, tracingEnabled: false, description: '' });
    expect(codes(result)).toEqual([]);
  });

  test('what the file claims, and is not live, goes', () => {
    const result = imported(
      [document('Stage', 'stage', { ...at, tracingEnabled: true, variables: { port: '80' } })],
      [stage({})],
    );
    expect(specOf(result, 'stage')).toEqual(at);
    expect(codes(result)).toEqual(['LIVE_DIFFERS', 'LIVE_DIFFERS']);
  });

  test.each<
    [
      reason: string,
      variables: Spec,
      more: Partial<ManifestDocument>,
      expected: Spec,
      found: readonly FindingCode[],
    ]
  >([
    [
      'what the file hides stays hidden',
      { port: '80', token: 'abc' },
      { withheld: ['variables/token'] },
      { port: '80' },
      [],
    ],
    ['all that the file hides', { port: '80' }, { withheld: ['variables'] }, {}, []],
    ['a key value', { port: '80', key: `x-${SECRET}` }, {}, { port: '80' }, ['NOT_TRANSLATED']],
    [
      'what only forces deployments',
      { port: '80', deployedAt: 'x' },
      {},
      { port: '80' },
      ['REDEPLOY_VARIABLE'],
    ],
  ])('%s', (_, variables, more, expected, found) => {
    const file = document('Stage', 'stage', { ...at, variables: { port: '80' } }, more);
    const result = imported([file], [stage({ variables })], { secrets: new Set([SECRET]) });
    expect(specOf(result, 'stage')).toEqual({
      ...at,
      ...(Object.keys(expected).length > 0 && { variables: expected }),
    });
    expect(codes(result).filter((code) => code !== 'LIVE_DIFFERS')).toEqual(found);
    expect(JSON.stringify(result)).not.toContain(SECRET);
  });
});

describe('a key requirement', () => {
  const requiring = (
    methods: Readonly<Record<string, boolean>>,
    apiKeySource = 'HEADER',
  ): Live => ({
    ...live('KeyRequirement', 'api1'),
    spec: {
      apiKeySource,
      methods: Object.fromEntries(
        Object.entries(methods).map(([key, apiKeyRequired]) => [
          key,
          { apiKeyRequired, resource: 'r' },
        ]),
      ),
    },
  });
  const method = (written: string, apiKeyRequired: boolean) => {
    const [verb = '', path = ''] = written.split(' ');
    return { method: verb, path, apiKeyRequired };
  };

  test.each<
    [
      reason: string,
      spec: Spec,
      methods: Readonly<Record<string, boolean>>,
      expected: Spec,
      differs: boolean,
    ]
  >([
    [
      'as the file says',
      { methods: [method('GET /a', true)] },
      { 'GET /a': true, 'GET /b': false },
      { methods: [method('GET /a', true)] },
      false,
    ],
    [
      'a method that somebody opened',
      { methods: [method('GET /a', true)] },
      { 'GET /a': false },
      { methods: [method('GET /a', false)] },
      true,
    ],
    [
      'a method that somebody closed',
      { methods: [method('GET /a', true)] },
      { 'GET /a': true, 'GET /b': true },
      { methods: [method('GET /a', true), method('GET /b', true)] },
      true,
    ],
    [
      'a method that is gone',
      { methods: [method('GET /a', true), method('GET /b', true)] },
      { 'GET /a': true },
      { methods: [method('GET /a', true)] },
      true,
    ],
    [
      'every method',
      { apiKeyRequired: true },
      { 'GET /a': true, 'OPTIONS /a': false },
      { apiKeyRequired: true },
      false,
    ],
    [
      'every method but one',
      { apiKeyRequired: true },
      { 'GET /a': true, 'GET /b': false },
      { apiKeyRequired: true, methods: [method('GET /b', false)] },
      true,
    ],
    [
      'a preflight that demands a key can not be said',
      { methods: [method('GET /a', true)] },
      { 'GET /a': true, 'OPTIONS /a': true },
      { methods: [method('GET /a', true)] },
      false,
    ],
  ])('%s', (_, spec, methods, expected, differs) => {
    const { restApi } = at;
    const result = imported(
      [document('KeyRequirement', 'api', { restApi, ...spec })],
      [requiring(methods)],
    );
    expect(specOf(result, 'api')).toEqual({ restApi, ...expected });
    expect(codes(result)).toEqual(differs ? ['LIVE_DIFFERS'] : []);
  });

  test('where the API looks for the key', () => {
    const { restApi } = at;
    const result = imported(
      [
        document('KeyRequirement', 'api', {
          restApi,
          apiKeySource: 'HEADER',
          apiKeyRequired: true,
        }),
      ],
      [requiring({}, 'AUTHORIZER')],
    );
    expect(specOf(result, 'api')).toEqual({
      restApi,
      apiKeyRequired: true,
      apiKeySource: 'AUTHORIZER',
    });
  });
});

describe('what the file could not tell', () => {
  const place = { file: 'file.yml', line: 1, address: 'the key' };
  test.each<
    [
      reason: string,
      code: FindingCode,
      message: string,
      objects: readonly Live[],
      expected: readonly FindingCode[],
    ]
  >([
    [
      'is told by the live object',
      'UNRESOLVED',
      'description is left out',
      [live('ApiKey', 'key1', { name: 'key' })],
      ['KEY_WITHOUT_PLAN'],
    ],
    [
      'a name, too',
      'KEY_WITHOUT_NAME',
      'no name',
      [live('ApiKey', 'key1', { name: 'key' })],
      ['KEY_WITHOUT_PLAN'],
    ],
    [
      'but not what it keeps secret',
      'UNRESOLVED',
      'it is never read here',
      [live('ApiKey', 'key1', { name: 'key' })],
      ['KEY_WITHOUT_PLAN', 'UNRESOLVED'],
    ],
    [
      'nor anything of what is not live',
      'UNRESOLVED',
      'description is left out',
      [],
      ['NOT_LIVE', 'UNRESOLVED'],
    ],
  ])('%s', (_, code, message, objects, expected) => {
    const result = imported([document('ApiKey', 'key', {})], objects, {
      findings: [finding(code, place, message)],
    });
    expect(codes(result)).toEqual(expected);
  });
});
