import { describe, expect, it } from 'vitest';
import { canonicalize, type Resolve } from '../../../src/core/compare/canonicalize.ts';
import type { FieldRule } from '../../../src/core/model/field-rules.ts';
import { jsonEqual, normalText, withValue } from '../../../src/core/model/json.ts';
import type { Json } from '../../../src/core/model/model.ts';
import { causeOf, differences } from '../../../src/core/model/three-way.ts';
import { desired, rulesOf } from '../build.ts';

function ruleOf(kind: string, field: string): FieldRule {
  const rule = rulesOf(kind).fields[field];
  if (!rule) throw new Error(`${kind} has no field ${field}`);
  return rule;
}

describe('values', () => {
  it.each<[why: string, a: Json | undefined, b: Json | undefined, equal: boolean]>([
    ['unset is null', undefined, null, true],
    ['the service leaves out or answers ""', '', null, true],
    ['an empty map is none', {}, null, true],
    ['an empty list is none', [], {}, true],
    ['0 is a value: it blocks', 0, null, false],
    ['false is a value', false, null, false],
    ['a number is no text', 1, '1', false],
    ['the order of keys says nothing', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['the order of a list does', [1, 2], [2, 1], false],
    ['none inside of a map is a part that is named', { a: null }, {}, false],
  ])('%s', (_, a, b, equal) => {
    expect(jsonEqual(a, b)).toBe(equal);
    expect(normalText(a) === normalText(b)).toBe(equal);
  });

  it('sets and removes a value deep down, and leaves the original alone', () => {
    const before = { a: { b: 1, c: 2 } };
    expect(withValue(before, ['a', 'b'], 3)).toEqual({ a: { b: 3, c: 2 } });
    expect(withValue(before, ['a', 'b'], undefined)).toEqual({ a: { c: 2 } });
    expect(withValue({}, ['a', 'b'], 1)).toEqual({ a: { b: 1 } });
    expect(before).toEqual({ a: { b: 1, c: 2 } });
  });
});

describe('what differs', () => {
  it.each<[why: string, kind: string, field: string, wanted: Json, live: Json, found: string[]]>([
    ['a field that is one value', 'ApiKey', 'description', 'new', 'old', ['']],
    ['"" and null are one', 'ApiKey', 'description', null, '', []],
    [
      '0 is a limit',
      'UsagePlan',
      'quota',
      { limit: 0, period: 'DAY', offset: 0 },
      { limit: 5, period: 'DAY', offset: 0 },
      ['limit'],
    ],
    [
      'no limit is not the limit 0',
      'UsagePlan',
      'throttle',
      { rateLimit: 0, burstLimit: 0 },
      null,
      [''],
    ],
    [
      'a part of a value, by its name',
      'UsagePlan',
      'throttle',
      { rateLimit: 1, burstLimit: 2 },
      { rateLimit: 1, burstLimit: 3 },
      ['burstLimit'],
    ],
    [
      'a value that goes as a whole',
      'UsagePlan',
      'throttle',
      null,
      { rateLimit: 1, burstLimit: 3 },
      [''],
    ],
    [
      'an exact list: what is only live goes',
      'UsagePlan',
      'keys',
      { a: true },
      { a: true, b: true },
      ['b'],
    ],
    [
      'an exact list: what is only wanted comes',
      'UsagePlan',
      'keys',
      { a: true, b: true },
      { a: true },
      ['b'],
    ],
    ['an exact list: none at all', 'UsagePlan', 'keys', null, { a: true }, ['a']],
    [
      'an exact list in an exact list',
      'UsagePlan',
      'stages',
      { s: { methodThrottles: { 'GET /': { rateLimit: 1, burstLimit: 1 } } } },
      { s: { methodThrottles: {} } },
      ['s/methodThrottles/GET /'],
    ],
    [
      'a method throttle that nobody wants',
      'UsagePlan',
      'stages',
      { s: { methodThrottles: {} } },
      { s: { methodThrottles: { 'GET /': { rateLimit: 1, burstLimit: 1 } } } },
      ['s/methodThrottles/GET /'],
    ],
    ['a map per key: others are left alone', 'ApiKey', 'tags', { a: '1' }, { a: '1', b: '2' }, []],
    ['a map per key: null takes one off', 'ApiKey', 'tags', { a: null }, { a: '1', b: '2' }, ['a']],
    ['a map per key: null for what is not there', 'ApiKey', 'tags', { a: null }, {}, []],
    ['a map per key: none at all', 'ApiKey', 'tags', null, { a: '1', b: '2' }, ['a', 'b']],
    ['a map per key: naming none takes none', 'ApiKey', 'tags', {}, { a: '1' }, []],
    [
      'settings: only what the entry names',
      'Stage',
      'methodSettings',
      { '* /*': { metricsEnabled: true } },
      { '* /*': { metricsEnabled: false, logging: { level: 'INFO' } } },
      ['* /*/metricsEnabled'],
    ],
    [
      'settings: a part of a part',
      'Stage',
      'methodSettings',
      { '* /*': { logging: { level: 'OFF' } } },
      { '* /*': { logging: { level: 'INFO', dataTrace: true } } },
      ['* /*/logging/level'],
    ],
    [
      'settings: no throttle of its own',
      'Stage',
      'methodSettings',
      { '* /*': { throttle: null } },
      { '* /*': { throttle: { rateLimit: 1, burstLimit: 1 } } },
      ['* /*/throttle'],
    ],
  ])('%s', (_, kind, field, wanted, live, found) => {
    expect(
      differences(ruleOf(kind, field), wanted, live).map(({ keys }) => keys.join('/')),
    ).toEqual(found);
  });
});

describe('who made the difference', () => {
  const print = (text: string) => `#${text}`;
  const text = ruleOf('ApiKey', 'description');
  const cluster = ruleOf('Stage', 'cacheCluster');
  const tags = ruleOf('ApiKey', 'tags');
  const keys = ruleOf('UsagePlan', 'keys');
  const written = (value: Json) => ({ written: print(normalText(value)) });

  it.each<
    [
      why: string,
      rule: FieldRule,
      wanted: Json,
      live: Json,
      third: Parameters<typeof causeOf>[3],
      cause: string,
    ]
  >([
    ['live is what we wrote', text, 'new', 'old', written('old'), 'git'],
    ['desired is what we wrote', text, 'old', 'by hand', written('old'), 'live'],
    ['neither is', text, 'new', 'by hand', written('old'), 'both'],
    ['never written, never seen', text, 'new', 'old', {}, 'unknown'],
    ['without a tag, seen in sync as it is live', text, 'new', 'old', { seen: 'old' }, 'git'],
    [
      'without a tag, seen in sync as it is desired',
      text,
      'old',
      'by hand',
      { seen: 'old' },
      'live',
    ],
    ['without a tag, seen as neither', text, 'new', 'by hand', { seen: 'old' }, 'both'],
    ['a hand removed what we wrote', text, 'old', '', written('old'), 'live'],
    ['a hand set what we wrote to none', text, null, 'by hand', written(null), 'live'],
    [
      'a commit takes out a part of a value',
      cluster,
      { enabled: false },
      { enabled: true, size: '0.5' },
      written({ enabled: true, size: '0.5' }),
      'git',
    ],
    [
      'a hand added an entry to an exact list',
      keys,
      { a: true },
      { a: true, b: true },
      written({ a: true }),
      'live',
    ],
    [
      'a commit took an entry out of an exact list',
      keys,
      { a: true },
      { a: true, b: true },
      written({ a: true, b: true }),
      'git',
    ],
    [
      'a hand changed a tag of ours',
      tags,
      { team: 'a' },
      { team: 'b', theirs: 'x' },
      written({ team: 'a' }),
      'live',
    ],
    [
      'a commit changed a tag of ours',
      tags,
      { team: 'b' },
      { team: 'a', theirs: 'x' },
      written({ team: 'a' }),
      'git',
    ],
    [
      'a commit names one tag more, which is live with another value',
      tags,
      { team: 'a', tier: 'gold' },
      { team: 'a', tier: 'tin' },
      written({ team: 'a' }),
      'git',
    ],
    [
      'a commit takes off a tag that it had merely left out',
      tags,
      { team: null },
      { team: 'a' },
      { written: print('{}') },
      'git',
    ],
    [
      'a commit takes off all tags, of which none was named',
      tags,
      null,
      { team: 'a' },
      { written: print('{}') },
      'git',
    ],
    [
      'a hand put a tag back that we had taken off',
      tags,
      { team: null },
      { team: 'a' },
      written({ team: null }),
      'live',
    ],
    [
      'a commit and a hand, as this process saw',
      tags,
      { team: 'c' },
      { team: 'b' },
      { ...written({ team: 'a' }), seen: { team: 'a' } },
      'both',
    ],
    [
      'a commit alone, as this process saw',
      tags,
      { team: 'c', tier: 'x' },
      { team: 'a', tier: 'y' },
      { ...written({ team: 'a' }), seen: { team: 'a', tier: 'y' } },
      'git',
    ],
  ])('%s: %#', (_, rule, wanted, live, third, cause) => {
    expect(causeOf(rule, wanted, live, third, print)).toBe(cause);
  });
});

describe('the canonical form', () => {
  const resolve: Resolve = (kind, entry) => ({
    key: `${kind}!${JSON.stringify(entry)}`,
    label: 'label',
  });
  const named = (kind: string, spec: { [field: string]: Json }) =>
    canonicalize(rulesOf(kind), desired(kind, 'one', spec), resolve).named;

  it.each<[why: string, kind: string, spec: { [field: string]: Json }, form: Json]>([
    ['names what is named, and nothing else', 'ApiKey', { description: 'x' }, { description: 'x' }],
    [
      'null stays: it says none',
      'ApiKey',
      { description: null, tags: null },
      { description: null, tags: null },
    ],
    [
      'never has a value, an identity or a policy',
      'ApiKey',
      { value: { fromEnv: 'A' }, deletionPolicy: 'Retain' },
      {},
    ],
    [
      'fills in what is missing inside of a value',
      'UsagePlan',
      { quota: { limit: 1, period: 'DAY' } },
      { quota: { limit: 1, period: 'DAY', offset: 0 } },
    ],
    ['makes lists maps', 'UsagePlan', { keys: ['a'] }, { keys: { 'ApiKey!"a"': true } }],
    ['an empty exact list is an empty map', 'UsagePlan', { keys: [] }, { keys: {} }],
    [
      'an entry has the defaults of its parts',
      'UsagePlan',
      { stages: [{ stage: 's' }] },
      { stages: { 'Stage!{"stage":"s"}': { methodThrottles: {} } } },
    ],
    [
      'a list in a list is a map too',
      'UsagePlan',
      {
        stages: [
          {
            stage: 's',
            methodThrottles: [{ method: 'GET', path: '/', rateLimit: 1, burstLimit: 2 }],
          },
        ],
      },
      {
        stages: {
          'Stage!{"stage":"s","methodThrottles":[{"method":"GET","path":"/","rateLimit":1,"burstLimit":2}]}':
            {
              methodThrottles: { 'GET /': { rateLimit: 1, burstLimit: 2 } },
            },
        },
      },
    ],
    ['deployment: latest says nothing', 'Stage', { deployment: 'latest' }, {}],
    ['deployment: { id } is kept', 'Stage', { deployment: { id: 'd1' } }, { deployment: 'd1' }],
    ['no settings at all says none', 'Stage', { methodSettings: [] }, { methodSettings: null }],
    [
      'settings keep to what they name',
      'Stage',
      { methodSettings: [{ method: 'GET', path: '/', metricsEnabled: true }] },
      { methodSettings: { 'GET /': { metricsEnabled: true } } },
    ],
    [
      'what the entry of all methods names, the others inherit',
      'Stage',
      {
        methodSettings: [
          { method: '*', path: '/*', metricsEnabled: true, logging: { level: 'INFO' } },
          { method: 'GET', path: '/', logging: { dataTrace: false } },
        ],
      },
      {
        methodSettings: {
          '* /*': { metricsEnabled: true, logging: { level: 'INFO' } },
          'GET /': { metricsEnabled: true, logging: { level: 'INFO', dataTrace: false } },
        },
      },
    ],
    [
      'wherever it stands in the list; an entry’s own words win, null included',
      'Stage',
      {
        methodSettings: [
          { method: 'GET', path: '/', throttle: null },
          { method: '*', path: '/*', throttle: { rateLimit: 1, burstLimit: 1 } },
        ],
      },
      {
        methodSettings: {
          'GET /': { throttle: null },
          '* /*': { throttle: { rateLimit: 1, burstLimit: 1 } },
        },
      },
    ],
  ])('%s', (_, kind, spec, form) => {
    expect(named(kind, spec)).toEqual(form);
  });

  it('leaves out what leads nowhere, and says so', () => {
    const form = canonicalize(
      rulesOf('UsagePlan'),
      desired('UsagePlan', 'p', { keys: ['a', 'b'] }),
      (_, entry) =>
        entry === 'a'
          ? { key: 'k1', label: 'a', pending: 'ApiKey/default/a' }
          : { label: 'b', unresolved: 'no such key', reason: 'unresolved-reference' },
    );
    expect(form.named).toEqual({ keys: { k1: true } });
    expect(form.pending.get('keys')).toEqual(new Map([['k1', 'ApiKey/default/a']]));
    expect(form.unresolved).toEqual([
      { field: 'keys', label: 'b', message: 'no such key', reason: 'unresolved-reference' },
    ]);
  });
});
