/** Which live object a document means, case by case. */
import { describe, expect, test } from 'vitest';
import type { Live, Spec } from '../../src/core/model/model.ts';
import type { ManifestDocument } from '../../src/importers/common/model.ts';
import type { LiveAccount } from '../../src/importers/live/account.ts';
import { matchLive } from '../../src/importers/live/match.ts';
import { api, live, members, stages } from '../core/build.ts';

const source = { file: 'file.yml', line: 1 };

function document(
  kind: ManifestDocument['kind'],
  name: string,
  more: Partial<ManifestDocument> = {},
): ManifestDocument {
  return { kind, name, adopt: 'by-name', spec: {}, source, address: name, comments: [], ...more };
}

/** One whose name the source does not know. */
function nameless(
  kind: ManifestDocument['kind'],
  name: string,
  more: Partial<ManifestDocument> = {},
): ManifestDocument {
  const { adopt: _, ...rest } = document(kind, name, more);
  return rest;
}

const key = (id: string, name: string, tags = {}, spec: Spec = {}) =>
  live('ApiKey', id, { name, ...spec }, tags);
const plan = (id: string, name: string, spec: Spec = {}, tags = {}) =>
  live('UsagePlan', id, { name, keys: {}, ...spec }, tags);
const ofStack = (stack: string, logicalId: string) => ({
  'aws:cloudformation:stack-name': stack,
  'aws:cloudformation:logical-id': logicalId,
});
const at = { restApi: { name: 'residents-api' }, stageName: 'production' };

const account = (objects: readonly Live[]): LiveAccount => ({
  region: 'eu-west-2',
  apis: [api('api1', 'residents-api'), api('api2', 'twice'), api('api3', 'twice')],
  live: objects,
});

/** `acme: k1`, or why not. */
function matched(
  documents: readonly ManifestDocument[],
  objects: readonly Live[],
  stackName?: string,
): string[] {
  const matches = matchLive(
    { documents, findings: [], ...(stackName !== undefined && { stackName }) },
    account(objects),
  );
  return [...matches].map(([{ name }, match]) => {
    if (match.is === 'live') return `${name}: ${match.live.id}`;
    return `${name}: ${match.is}${match.is === 'doubtful' ? ` ${match.candidates.map(({ id }) => id).join(' ')}` : ''}`;
  });
}

describe('a key or a plan', () => {
  test.each<
    [
      reason: string,
      documents: readonly ManifestDocument[],
      objects: readonly Live[],
      stack: string | undefined,
      expected: readonly string[],
    ]
  >([
    [
      'an id is an id, whatever the name is',
      [document('ApiKey', 'acme', { adopt: { id: 'k1' } })],
      [key('k1', 'other')],
      undefined,
      ['acme: k1'],
    ],
    [
      'an id that is gone is not looked for by name',
      [document('ApiKey', 'acme', { adopt: { id: 'k1' } })],
      [key('k2', 'acme')],
      undefined,
      ['acme: absent'],
    ],
    [
      'the stack made it',
      [document('ApiKey', 'acme')],
      [key('k1', 'acme', ofStack('s', 'acme')), key('k2', 'acme')],
      's',
      ['acme: k1'],
    ],
    [
      'the stack made it, under a name that nobody wrote',
      [nameless('ApiKey', 'users-key', { address: 'UsersKey' })],
      [key('k1', 's-Users-1', ofStack('s', 'UsersKey'))],
      's',
      ['users-key: k1'],
    ],
    [
      'in a stack the name counts more than the place in a list',
      [document('ApiKey', 'b', { address: 'Key1' }), document('ApiKey', 'c', { address: 'Key2' })],
      [
        key('k1', 'a', ofStack('s', 'Key1')),
        key('k2', 'b', ofStack('s', 'Key2')),
        key('k3', 'c', ofStack('s', 'Key3')),
      ],
      's',
      ['b: k2', 'c: k3'],
    ],
    [
      "another stack's is another one",
      [document('ApiKey', 'acme')],
      [key('k1', 'acme', ofStack('t', 'acme'))],
      's',
      ['acme: doubtful k1'],
    ],
    [
      'the stack is not known, and the logical id is the same',
      [document('ApiKey', 'acme')],
      [key('k1', 'acme', ofStack('t', 'acme'))],
      undefined,
      ['acme: k1'],
    ],
    [
      'the stack is not known, and the logical id is another',
      [document('ApiKey', 'acme')],
      [key('k1', 'acme', ofStack('t', 'Other'))],
      undefined,
      ['acme: doubtful k1'],
    ],
    [
      'a name alone is not enough',
      [document('ApiKey', 'acme')],
      [key('k1', 'acme')],
      undefined,
      ['acme: doubtful k1'],
    ],
    [
      'a name and the same text',
      [document('ApiKey', 'acme', { spec: { description: 'Acme Ltd' } })],
      [key('k1', 'acme', {}, { description: 'Acme Ltd' })],
      undefined,
      ['acme: k1'],
    ],
    [
      'a name and the same tags',
      [document('ApiKey', 'acme', { spec: { tags: { team: 'a' } } })],
      [key('k1', 'acme', {}, { tags: { team: 'a', more: 'b' } })],
      undefined,
      ['acme: k1'],
    ],
    [
      'its region is another one, where the same may be called the same',
      [document('ApiKey', 'acme', { region: 'eu-west-1', spec: { description: 'x' } })],
      [key('k1', 'acme', {}, { description: 'x' })],
      undefined,
      ['acme: absent'],
    ],
    [
      'nothing of the name',
      [document('ApiKey', 'acme')],
      [key('k1', 'other')],
      undefined,
      ['acme: absent'],
    ],
    [
      'two of one name, although one is in the plan',
      [
        document('UsagePlan', 'p', { spec: { stages: [at], keys: ['acme'] } }),
        document('ApiKey', 'acme'),
      ],
      [
        plan('p1', 'p', { stages: stages('api1:production'), keys: members('k1') }),
        key('k1', 'acme'),
        key('k2', 'acme'),
      ],
      undefined,
      ['p: p1', 'acme: doubtful k1 k2'],
    ],
    [
      'two documents of one name',
      [
        document('ApiKey', 'acme', { address: 'a', spec: { description: 'x' } }),
        document('ApiKey', 'acme-2', { address: 'b', spec: { name: 'acme', description: 'x' } }),
      ],
      [key('k1', 'acme', {}, { description: 'x' })],
      undefined,
      ['acme: doubtful k1', 'acme-2: doubtful k1'],
    ],
    [
      'a plan that is open for the stage',
      [document('UsagePlan', 'p', { spec: { stages: [at] } })],
      [plan('p1', 'p', { stages: stages('api1:production', 'api2:x') })],
      undefined,
      ['p: p1'],
    ],
    [
      'a plan that is open for another stage',
      [document('UsagePlan', 'p', { spec: { stages: [at] } })],
      [plan('p1', 'p', { stages: stages('api1:staging') })],
      undefined,
      ['p: doubtful p1'],
    ],
    [
      'a plan without stages, here and there',
      [document('UsagePlan', 'p')],
      [plan('p1', 'p')],
      undefined,
      ['p: p1'],
    ],
    [
      'a key in the plan that has it',
      [
        document('ApiKey', 'acme'),
        document('UsagePlan', 'p', { spec: { stages: [at], keys: ['acme'] } }),
      ],
      [
        key('k1', 'acme'),
        plan('p1', 'p', { stages: stages('api1:production'), keys: members('k1') }),
      ],
      undefined,
      ['p: p1', 'acme: k1'],
    ],
    [
      'a key that nobody named: what the plan has besides',
      [
        nameless('ApiKey', 'users-key'),
        document('UsagePlan', 'p', { spec: { stages: [at], keys: ['users-key', 'acme'] } }),
        document('ApiKey', 'acme'),
      ],
      [
        key('k1', 'acme'),
        key('k2', 'x'),
        key('k3', 'y'),
        plan('p1', 'p', { stages: stages('api1:production'), keys: members('k1', 'k2') }),
      ],
      undefined,
      ['p: p1', 'users-key: doubtful k1 k2', 'acme: k1'],
    ],
    [
      'what apikeeper manages already',
      [document('ApiKey', 'acme', { adopt: { id: 'k1' } })],
      [key('k1', 'acme', { 'apikeeper:owner': 'apikeeper', 'apikeeper:resource': 'default/acme' })],
      undefined,
      ['acme: owned'],
    ],
  ])('%s', (_, documents, objects, stack, expected) => {
    expect(matched(documents, objects, stack)).toEqual(expected);
  });
});

describe('a stage', () => {
  const stage = (name: string) =>
    nameless('Stage', 'stage', { spec: { restApi: { name }, stageName: 'production' } });
  test.each<
    [
      reason: string,
      name: string,
      objects: readonly Live[],
      stack: string | undefined,
      expected: string,
    ]
  >([
    [
      'is its API and its name',
      'residents-api',
      [live('Stage', 'api1:production'), live('Stage', 'api1:staging')],
      undefined,
      'stage: api1:production',
    ],
    [
      'that is not there',
      'residents-api',
      [live('Stage', 'api1:staging')],
      undefined,
      'stage: absent',
    ],
    [
      'of an API that is not there',
      'other',
      [live('Stage', 'api1:production')],
      undefined,
      'stage: absent',
    ],
    [
      'of two APIs',
      'twice',
      [live('Stage', 'api2:production'), live('Stage', 'api3:production')],
      undefined,
      'stage: doubtful api2:production api3:production',
    ],
    [
      'of two APIs of which one has it',
      'twice',
      [live('Stage', 'api3:production')],
      undefined,
      'stage: api3:production',
    ],
    [
      'of two APIs, one of the stack',
      'twice',
      [live('Stage', 'api2:production'), live('Stage', 'api3:production', {}, ofStack('s', 'x'))],
      's',
      'stage: api3:production',
    ],
  ])('%s', (_, name, objects, stack, expected) => {
    expect(matched([stage(name)], objects, stack)).toEqual([expected]);
  });

  test('of two APIs, the one that a plan of the file opens', () => {
    const plans = document('UsagePlan', 'p', { spec: { stages: [{ stage: 'stage' }] } });
    const objects = [
      live('Stage', 'api2:production'),
      live('Stage', 'api3:production'),
      plan('p1', 'p', { stages: stages('api3:production') }),
    ];
    expect(matched([stage('twice'), plans], objects)).toEqual(['p: p1', 'stage: api3:production']);
  });
});
