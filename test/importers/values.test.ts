/** Key values in sources: never in a manifest, a finding or an error, whatever else is wrong with the file. */
import { describe, expect, test } from 'vitest';
import type { Imported } from '../../src/importers/common/model.ts';
import { renderManifests } from '../../src/manifest-writer/render.ts';
import { run } from '../commands/io.ts';
import { createWorkspace } from '../manifests/workspace.ts';
import { cloudformation, serverless } from './cases.ts';

const CANARY = 'C4n4ry-0123456789-abcdefghij';

/** Everything that an import gives, as one text. */
function all(imported: Imported): string {
  return `${JSON.stringify(imported)}\n${renderManifests(imported)}`;
}

const service = (apiKeys: string, rest = '') =>
  `service: books\nprovider:\n  name: aws\n  apiGateway:\n    apiKeys: ${apiKeys}\nfunctions: { f: { events: [{ http: { path: /a, method: get, private: true } }] } }\n${rest}`;
const template = (value: string, rest = '') =>
  `${rest}Resources:\n  Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: acme, Value: ${value} } }\n`;

describe('a value in a Serverless file', () => {
  test.each<[where: string, text: string, code: string, value: unknown]>([
    [
      'beside its name',
      service(`[{ name: acme, value: ${CANARY} }]`),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      'alone',
      service(`[{ value: ${CANARY} }]`),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_API_GATEWAY_API_KEY1' },
    ],
    [
      'in a tier',
      service(`[{ free: [{ name: acme, value: ${CANARY} }] }]`),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      'below custom',
      service('[{ name: acme, value: "${self:custom.v}" }]', `custom: { v: ${CANARY} }`),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      'with all keys, below custom',
      service('"${self:custom.keys}"', `custom: { keys: [{ name: acme, value: ${CANARY} }] }`),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      'as a fallback',
      service(`[{ name: acme, value: "\${env:V, '${CANARY}'}" }]`),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      'as a parameter of the file',
      service('[{ name: acme, value: "${param:v}" }]', `params: { default: { v: ${CANARY} } }`),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      'in another file',
      service('[{ name: acme, value: "${file(keys.yml):one}" }]'),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      'in SSM, by another file',
      service('[{ name: acme, value: "${file(keys.yml):ssm}" }]'),
      'VALUE_FROM_SECRET',
      { ssm: '/apikeeper/acme' },
    ],
    [
      'in the environment, with all keys in another file',
      service('"${file(keys.yml):list}"'),
      'VALUE_FROM_SECRET',
      undefined,
    ],
    [
      'in SSM',
      service('[{ name: acme, value: "${ssm:/apikeeper/acme~true}" }]'),
      'VALUE_FROM_SECRET',
      { ssm: '/apikeeper/acme' },
    ],
    [
      'in SSM, with options',
      service('[{ name: acme, value: "${ssm(eu-west-1, raw):/apikeeper/acme}" }]'),
      'VALUE_FROM_SECRET',
      { ssm: '/apikeeper/acme' },
    ],
    [
      'in Secrets Manager',
      service('[{ name: acme, value: "${ssm:/aws/reference/secretsmanager/apikeeper/acme}" }]'),
      'VALUE_FROM_SECRET',
      { secretsManager: 'apikeeper/acme' },
    ],
    [
      'in a variable that refers to itself',
      service('[{ name: acme, value: "${self:custom.v}" }]', 'custom: { v: "${self:custom.v}" }'),
      'VALUE_FROM_SECRET',
      undefined,
    ],
    [
      'in the environment',
      service('[{ name: acme, value: "${env:ACME_KEY}" }]'),
      'VALUE_FROM_SECRET',
      undefined,
    ],
    [
      'without quotes in a variable',
      service(`[{ name: acme, value: "\${env:V, ${CANARY}}" }]`),
      'VALUE_FROM_SECRET',
      undefined,
    ],
    [
      "in the file's own resources",
      service(
        '[]',
        `resources:\n  Resources:\n    Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: acme, Value: ${CANARY} } }`,
      ),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      "in SSM, in the file's own resources",
      service(
        '[]',
        'resources:\n  Resources:\n    Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: acme, Value: "${ssm:/apikeeper/acme}" } }',
      ),
      'VALUE_FROM_SECRET',
      { ssm: '/apikeeper/acme' },
    ],
  ])('%s', (_, text, code, value) => {
    const read = () =>
      `one: ${CANARY}\nssm: "\${ssm:/apikeeper/acme}"\nlist: [{ name: acme, value: "\${env:V}" }]`;
    const imported = serverless(text, { env: { V: CANARY }, params: { v: CANARY }, read });
    expect(all(imported)).not.toContain(CANARY.slice(0, 12));
    expect(imported.findings.map((finding) => finding.code)).toContain(code);
    expect(imported.documents.find(({ kind }) => kind === 'ApiKey')?.spec.value).toEqual(value);
  });

  test.each<[what: string, text: string]>([
    ['a value in a place of another shape', service(`{ acme: ${CANARY} }`)],
    ['a value as a tier', service(`[{ acme: ${CANARY} }]`)],
    ['a syntax error in the same line', service(`[{ name: acme, value: "${CANARY} }]`)],
    ['a field twice', service(`[{ name: acme, value: ${CANARY}, value: ${CANARY} }]`)],
    ['an alias', service(`[{ name: acme, value: *${CANARY} }]`)],
    ['a missing comma', service(`[{ name: acme value: ${CANARY} }]`)],
    ['a directive', `%${CANARY}\n---\nprovider: 1`],
    ['bad indentation', `service: a\n  provider: ${CANARY}: ${CANARY}`],
  ])('%s is in no message', (_, text) => {
    expect(all(serverless(text))).not.toContain(CANARY.slice(0, 12));
  });
});

describe('a value in a template', () => {
  test.each<[where: string, text: string, code: string, value: unknown]>([
    ['literal', template(CANARY), 'VALUE_IN_SOURCE', { fromEnv: 'APIKEEPER_VALUE_ACME' }],
    [
      'in a function',
      template(`!Join ["", [${CANARY}, x]]`),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      "as a parameter's default",
      template('!Ref Pin', `Parameters: { Pin: { Type: String, Default: ${CANARY} } }\n`),
      'VALUE_IN_SOURCE',
      { fromEnv: 'APIKEEPER_VALUE_ACME' },
    ],
    [
      'as a parameter',
      template('!Ref Pin', 'Parameters: { Pin: { Type: String, NoEcho: true } }\n'),
      'VALUE_FROM_SECRET',
      undefined,
    ],
    [
      'in Secrets Manager',
      template('"{{resolve:secretsmanager:apikeeper/acme}}"'),
      'VALUE_FROM_SECRET',
      { secretsManager: 'apikeeper/acme' },
    ],
    [
      'in Secrets Manager, whole',
      template('"{{resolve:secretsmanager:apikeeper/acme:SecretString}}"'),
      'VALUE_FROM_SECRET',
      { secretsManager: 'apikeeper/acme' },
    ],
    [
      'in a part of a secret',
      template('"{{resolve:secretsmanager:apikeeper/acme:SecretString:key}}"'),
      'VALUE_FROM_SECRET',
      undefined,
    ],
    [
      'in a secret by its ARN',
      template(
        '"{{resolve:secretsmanager:arn:aws:secretsmanager:eu-west-2:123456789012:secret:a}}"',
      ),
      'VALUE_FROM_SECRET',
      undefined,
    ],
    [
      'in SSM',
      template('"{{resolve:ssm-secure:/apikeeper/acme:3}}"'),
      'VALUE_FROM_SECRET',
      { ssm: '/apikeeper/acme' },
    ],
    ['in another stack', template('!ImportValue acme'), 'VALUE_FROM_SECRET', undefined],
  ])('%s', (_, text, code, value) => {
    const imported = cloudformation(text, { Pin: CANARY });
    expect(all(imported)).not.toContain(CANARY.slice(0, 12));
    expect(imported.findings.map((finding) => finding.code)).toContain(code);
    expect(imported.documents[0]?.spec.value).toEqual(value);
  });

  test('a secret parameter ends up in no name', () => {
    const text = `Parameters: { Pin: { Type: String, NoEcho: true, Default: ${CANARY} } }\nResources:\n  Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: !Sub "a-\${Pin}", Description: !Ref Pin } }`;
    expect(all(cloudformation(text, { Pin: CANARY }))).not.toContain(CANARY.slice(0, 12));
  });

  test.each([
    `{ Name: acme, Value: "${CANARY} }`,
    `{ Name: acme, Value: ${CANARY}, Value: ${CANARY} }`,
    `{ Name: acme, Value: *${CANARY} }`,
  ])('broken: %s', (properties) => {
    const imported = cloudformation(
      `Resources:\n  Key: { Type: "AWS::ApiGateway::ApiKey", Properties: ${properties} }`,
    );
    expect(imported.findings).toMatchObject([{ code: 'UNREADABLE' }]);
    expect(all(imported)).not.toContain(CANARY.slice(0, 12));
  });
});

test('a value on the command line is in no complaint', async () => {
  await using space = await createWorkspace({
    'serverless.yml': service(`[{ name: acme, value: ${CANARY} }]`),
  });
  const file = `${space.path}/serverless.yml`;
  for (const words of [
    ['import', 'serverless', file, '--env', `KEY=${CANARY}`, '--env', 'OTHER'],
    ['import', 'serverless', file, '--env', `=${CANARY}`],
    ['import', 'cloudformation', file, '--env', `KEY=${CANARY}`],
    ['import', 'serverless', file, '--env', `KEY=${CANARY}`, '-o', 'json'],
    ['import', 'serverless', file, '--param', `KEY=${CANARY}`, '--hand-over'],
  ]) {
    const { stdout, stderr } = await run(words);
    expect(stdout + stderr).not.toContain(CANARY.slice(0, 12));
  }
});
