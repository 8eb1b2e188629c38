import { describe, expect, test } from 'vitest';
import { load } from '../../src/manifests/load.ts';
import { problemText } from '../../src/report/phrases.ts';
import { createWorkspace } from './workspace.ts';

/** What is said about one file, line by line. */
async function said(text: string): Promise<string[]> {
  await using space = await createWorkspace({ 'm.yaml': text });
  const { problems, dangling } = await load(space.path);
  return [...problems, ...dangling].map(problemText);
}

function document(kind: string, spec: string, name = 'acme'): string {
  return `apiVersion: apikeeper.dev/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

interface Case {
  readonly reason: string;
  readonly text: string;
  readonly says: readonly string[];
}

describe.each<{ what: string; cases: readonly Case[] }>([
  {
    what: 'YAML',
    cases: [
      {
        reason: 'a syntax error has its place',
        text: 'a: [1\n',
        says: ['m.yaml:2:1: not valid YAML: deficient indentation'],
      },
      {
        reason: 'the later of two keys must not win silently',
        text: 'a: 1\na: 2\n',
        says: ['m.yaml:2:1: the same field is written twice; keep one of them'],
      },
      {
        reason: 'an alias may be a key value that begins with *',
        text: 'a: *s3cr3t\n',
        says: ['m.yaml:1:5: unknown alias; text that begins with * needs quotes'],
      },
      {
        reason: 'a tag may be a key value that begins with !',
        text: 'a: !s3cr3t x\n',
        says: ['m.yaml:1:4: unknown tag; text that begins with ! needs quotes'],
      },
      {
        reason: 'tabs look like spaces',
        text: 'a:\n\t- 1\n',
        says: ["m.yaml:2:1: tabs can't indent YAML; use spaces"],
      },
      {
        reason: 'a NUL byte is no text',
        text: 'a: "\0"\n',
        says: ['m.yaml:1:5: a NUL byte; save the file as UTF-8 text'],
      },
      {
        reason: 'a document may contain itself',
        text: 'a: &x [*x]\n',
        says: [
          'm.yaml:1:1: aliases make this document more than 100000 values large, or part of itself; write it out',
        ],
      },
      {
        reason: 'JavaScript has its own idea of this key',
        text: '__proto__: { a: 1 }\n',
        says: ['m.yaml:1:1: __proto__ is not allowed as a field name'],
      },
      {
        reason: 'an escaped spelling of it is the same key',
        text: '"\\x5f_proto__": { a: 1 }\n',
        says: ['m.yaml:1:1: __proto__ is not allowed as a field name'],
      },
      {
        reason: 'deep nesting is an attack',
        text: `a: ${'['.repeat(60)}${']'.repeat(60)}\n`,
        says: ['m.yaml:1:53: nested more than 50 deep'],
      },
    ],
  },
  {
    what: 'the frame of a document',
    cases: [
      {
        reason: 'a list is not a document',
        text: '- a\n',
        says: [
          'm.yaml:1:1: a document is a list; write a mapping with apiVersion, kind, metadata and spec',
        ],
      },
      {
        reason: 'other tools live in the same repositories',
        text: 'apiVersion: v1\nkind: ConfigMap\n',
        says: [
          'm.yaml:1:13: ConfigMap: /apiVersion: "v1" is not apikeeper\'s; every document here must be apikeeper.dev/v1; name files of other tools in .apikeeperignore',
        ],
      },
      {
        reason: 'an old or mistyped version is ours',
        text: 'apiVersion: apikeeper.dev/v1alpha1\nkind: ApiKey\nmetadata: { name: acme }\nspec: {}\n',
        says: [
          'm.yaml:1:13: ApiKey/acme: /apiVersion: "apikeeper.dev/v1alpha1" is not apikeeper\'s; write apikeeper.dev/v1',
        ],
      },
      {
        reason: 'a mistyped kind has one likely meaning',
        text: document('ApiKy', '{}'),
        says: ['m.yaml:2:7: ApiKy/acme: /kind: unknown kind "ApiKy"; did you mean ApiKey?'],
      },
      {
        reason: 'names become tags and references',
        text: document('ApiKey', '{}', 'Acme'),
        says: [
          "m.yaml:3:19: ApiKey/Acme: /metadata/name: \"Acme\" is not allowed; write lower-case letters, digits, '-' and '.', at most 192 characters, each part beginning and ending with a letter or digit",
        ],
      },
      {
        reason: 'an annotation of ours that nobody knows would do nothing',
        text: 'apiVersion: apikeeper.dev/v1\nkind: ApiKey\nmetadata:\n  name: acme\n  annotations: { apikeeper.dev/adpt: x, other.dev/x: "1" }\nspec: {}\n',
        says: [
          'm.yaml:5:18: ApiKey/acme: /metadata/annotations/apikeeper.dev~1adpt: unknown field; did you mean apikeeper.dev/adopt?',
        ],
      },
      {
        reason: 'an ignored field that does not exist would ignore nothing',
        text: 'apiVersion: apikeeper.dev/v1\nkind: ApiKey\nmetadata:\n  name: acme\n  annotations: { apikeeper.dev/ignore: /spec/descripton }\nspec: {}\n',
        says: [
          'm.yaml:5:40: ApiKey/acme: /metadata/annotations/apikeeper.dev~1ignore: /spec/descripton is no field of a ApiKey; did you mean description?',
        ],
      },
    ],
  },
  {
    what: 'fields',
    cases: [
      {
        reason: 'a misspelt required field is one mistake, not two',
        text: document('UsagePlan', '{ throttle: { ratelimit: 5, burstLimit: 1 } }'),
        says: [
          'm.yaml:4:21: UsagePlan/acme: /spec/throttle/ratelimit: unknown field; did you mean rateLimit?',
        ],
      },
      {
        reason: 'a spec that may be empty is left out',
        text: 'apiVersion: apikeeper.dev/v1\nkind: ApiKey\nmetadata: { name: acme }\n',
        says: [
          'm.yaml:1:1: ApiKey/acme: /spec: missing; write spec: {}, or a mapping with name, description, enabled, customerId, value, tags, deletionPolicy',
        ],
      },
      {
        reason: 'a spec that may be empty, and is so without a sign',
        text: 'apiVersion: apikeeper.dev/v1\nkind: Consumer\nmetadata: { name: acme }\nspec:\n',
        says: [
          'm.yaml:4:1: Consumer/acme: /spec: empty; write spec: {}, or a mapping with key, defaults, access',
        ],
      },
      {
        reason: 'a spec that must say something',
        text: 'apiVersion: apikeeper.dev/v1\nkind: KeyRequirement\nmetadata: { name: acme }\n',
        says: [
          'm.yaml:1:1: KeyRequirement/acme: /spec: missing; write a mapping with restApi, apiKeySource, apiKeyRequired, methods, redeploy',
        ],
      },
      {
        reason: 'a switch where a mapping belongs',
        text: document('KeyRequirement', '{ restApi: { name: residents-api }, redeploy: true }'),
        says: [
          'm.yaml:4:53: KeyRequirement/acme: /spec/redeploy: true is not allowed; write a mapping with stages or null',
        ],
      },
      {
        reason: 'one entry twice',
        text: document(
          'KeyRequirement',
          '{ restApi: { name: residents-api }, redeploy: { stages: [a, b, a] } }',
        ),
        says: [
          'm.yaml:4:63: KeyRequirement/acme: /spec/redeploy/stages: entries 0 and 2, counted from 0, are the same; write the names of stages of this API',
        ],
      },
      {
        reason: 'both limits or neither',
        text: document('UsagePlan', '{ throttle: { rateLimit: 5 } }'),
        says: [
          'm.yaml:4:19: UsagePlan/acme: /spec/throttle/burstLimit: missing; write a whole number of requests, 0 or more; for no limit write throttle: null',
        ],
      },
      {
        reason: '-1 means "no limit" elsewhere',
        text: document('UsagePlan', '{ throttle: { rateLimit: -1, burstLimit: 0 } }'),
        says: [
          'm.yaml:4:32: UsagePlan/acme: /spec/throttle/rateLimit: -1 is not allowed; write requests per second, 0 or more; 0 blocks every request; for no limit write throttle: null',
        ],
      },
      {
        reason: 'the offset depends on the period',
        text: document('UsagePlan', '{ quota: { limit: 10, period: DAY, offset: 3 } }'),
        says: [
          'm.yaml:4:50: UsagePlan/acme: /spec/quota/offset: 3 is not allowed; write 0 where the period is DAY',
        ],
      },
      {
        reason: 'YAML reads an id as a number, and its text shows what to quote',
        text: document('Target', '{ region: eu-west-2, accountId: 012345678901 }'),
        says: [
          'm.yaml:4:39: Target/acme: /spec/accountId: 012345678901 is a number; quote it: "012345678901"',
        ],
      },
      {
        reason: 'variables are text',
        text: document('Stage', '{ restApi: { name: a }, variables: { port: 8080 } }'),
        says: ['m.yaml:4:50: Stage/acme: /spec/variables/port: 8080 is a number; quote it: "8080"'],
      },
      {
        reason: 'YAML 1.1 took yes for true',
        text: document('ApiKey', '{ enabled: yes }'),
        says: [
          'm.yaml:4:18: ApiKey/acme: /spec/enabled: "yes" is text; write true or false, without quotes',
        ],
      },
      {
        reason: 'a name and an id can disagree',
        text: document('UsagePlan', '{ stages: [{ stage: a, restApi: { name: b } }] }'),
        says: [
          'm.yaml:4:30: UsagePlan/acme: /spec/stages/0/restApi: one too many; write either stage, or restApi and stageName',
        ],
      },
      {
        reason: "a throttle of every method is the plan's own",
        text: document(
          'UsagePlan',
          '{ throttle: { rateLimit: 1, burstLimit: 1 }, stages: [{ restApi: { id: a1 }, stageName: b, methodThrottles: [{ method: GET, path: /a/, rateLimit: 1, burstLimit: 1 }] }] }',
        ),
        says: [
          'm.yaml:4:137: UsagePlan/acme: /spec/stages/0/methodThrottles/0/path: "/a/" is not allowed; write the path of a resource: a leading slash, no trailing slash, no wildcard, as in /residents/{id}',
        ],
      },
      {
        reason: '* goes with /*, and nothing else',
        text: document(
          'Stage',
          '{ restApi: { name: a }, methodSettings: [{ method: GET, path: /*, metricsEnabled: true }] }',
        ),
        says: [
          'm.yaml:4:69: Stage/acme: /spec/methodSettings/0/path: "/*" is not allowed; write a resource\'s path, unless the method is * too',
        ],
      },
      {
        reason: "a dot is legal in metadata.name and not in a stage's",
        text: document('Stage', '{ restApi: { name: a } }', 'a.b'),
        says: [
          'm.yaml:4:7: Stage/a.b: /spec/stageName: missing, and metadata.name can\'t stand for it, since a stage\'s name has no "."; write stageName',
        ],
      },
      {
        reason: 'pruning by the default owner would prune other trees of the account',
        text: document('Target', '{ region: eu-west-2, accountId: "123456789012", prune: true }'),
        says: [
          'm.yaml:4:62: Target/acme: /spec/prune: prune needs a written owner, so that no other tree of the account is pruned; add owner: <name of this tree>',
        ],
      },
      {
        reason: 'a role of another account can never pass the account check',
        text: document(
          'Target',
          '{ region: eu-west-2, accountId: "123456789012", roleArn: "arn:aws:iam::210987654321:role/x" }',
        ),
        says: [
          'm.yaml:4:64: Target/acme: /spec/roleArn: the role is of account 210987654321, and accountId says 123456789012; correct one of them',
        ],
      },
      {
        reason: 'a Target has no namespace: it is one',
        text: 'apiVersion: apikeeper.dev/v1\nkind: Target\nmetadata: { name: a, namespace: b }\nspec: { region: eu-west-2, accountId: "123456789012" }\n',
        says: [
          'm.yaml:3:22: Target/a: /metadata/namespace: unknown field; allowed are name, labels, annotations',
        ],
      },
      {
        reason: 'a reference to nothing is said with the nearest name',
        text: `${document('ApiKey', '{}')}---\n${document('UsagePlan', '{ keys: [amce] }', 'plan')}`,
        says: [
          'm.yaml:9:16: UsagePlan/plan: /spec/keys/0: no ApiKey document of namespace default has the name amce; did you mean acme?',
        ],
      },
    ],
  },
])('$what', ({ cases }) => {
  test.each(cases)('$reason', async ({ text, says }) => {
    expect(await said(text)).toEqual(says);
  });
});

describe('a key value', () => {
  const SECRET = 's3cr3t-s3cr3t-s3cr3t-s3cr3t';

  test.each([
    { reason: 'written as the value', value: SECRET },
    { reason: 'written as a number', value: '12345678901234567890' },
    { reason: 'in braces, which makes it a field', value: `{ ${SECRET} }` },
    { reason: 'as a source', value: `{ fromEnv: "${SECRET}" }` },
    { reason: 'as a source that is a number', value: '{ fromFile: 12345678901234567890 }' },
    { reason: 'in a list', value: `[${SECRET}]` },
    { reason: 'as an alias', value: `*${SECRET}` },
    { reason: 'as a tag', value: `!${SECRET}` },
    { reason: 'as a tag with a handle', value: `!x!${SECRET} y` },
    { reason: 'with an unclosed quote', value: `"${SECRET}` },
    { reason: 'twice', value: `{ ${SECRET}: 1, ${SECRET}: 2 }` },
    { reason: 'with a stray colon', value: `${SECRET}: ${SECRET}: x` },
  ])('$reason is refused, and in no message', async ({ value }) => {
    const messages = await said(document('ApiKey', `\n  value: ${value}`));
    expect(messages).not.toEqual([]);
    expect(messages.join('\n')).not.toContain('s3cr3t');
    expect(messages.join('\n')).not.toContain('1234567890');
  });

  test('the message says why, and what to write instead', async () => {
    expect(await said(document('ApiKey', `\n  value: ${SECRET}`))).toEqual([
      "m.yaml:5:10: ApiKey/acme: /spec/value: a key's value is never written in a manifest, since everybody who can read the repository could use it; write where it comes from, { fromEnv: <variable> } or { secretsManager: <name> } for instance, or leave it out and AWS generates one",
    ]);
  });

  test('a misspelt source is still named', async () => {
    expect(await said(document('ApiKey', '{ value: { formEnv: X } }'))).toEqual([
      'm.yaml:4:18: ApiKey/acme: /spec/value/formEnv: unknown field; did you mean fromEnv?',
    ]);
  });
});
