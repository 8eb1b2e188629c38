/** Which methods demand a key, as templates and Terraform say it. Of Serverless: `serverless.test.ts`. */
import { describe, expect, test } from 'vitest';
import type { Imported } from '../../src/importers/common/model.ts';
import { cloudformation } from './cases.ts';
import { terraform, terraformFile } from './terraform-cases.ts';

/** The specs of the documents, and every finding's code, in order. */
function demandsIn({ documents, findings }: Imported) {
  return {
    specs: documents.filter(({ kind }) => kind === 'KeyRequirement').map(({ spec }) => spec),
    codes: findings
      .map(({ code }) => code)
      .filter((code) => !['REQUIRED_WITHOUT_KEY', 'STAGE_OF_DEPLOYMENT'].includes(code)),
  };
}

const closed = (method: string, path: string) => ({ method, path, apiKeyRequired: true });
const open = (method: string, path: string) => ({ method, path, apiKeyRequired: false });

describe('CloudFormation', () => {
  const read = (...lines: readonly string[]) =>
    demandsIn(cloudformation(`Resources:\n${lines.map((line) => `  ${line}\n`).join('')}`));
  const api = (id: string, properties: string) =>
    `${id}: { Type: "AWS::ApiGateway::RestApi", Properties: { ${properties} } }`;
  const method = (id: string, verb: string, properties: string) =>
    `${id}: { Type: "AWS::ApiGateway::Method", Properties: { HttpMethod: ${verb}, ${properties} } }`;
  const ofApi = 'RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId';
  const API = api('Api', 'Name: books');

  test('a method that says nothing is left to the API, one that says no is not', () => {
    const result = read(
      API,
      method('A', 'GET', `${ofApi}, ApiKeyRequired: true`),
      method('B', 'POST', `${ofApi}, ApiKeyRequired: "false"`),
      method('C', 'PUT', ofApi),
    );
    expect(result).toEqual({
      specs: [{ restApi: { name: 'books' }, methods: [closed('GET', '/'), open('POST', '/')] }],
      codes: [],
    });
  });

  test('an API of which no method demands a key has no document', () => {
    expect(read(API, method('A', 'GET', `${ofApi}, ApiKeyRequired: false`))).toEqual({
      specs: [],
      codes: ['NOTHING_FOUND'],
    });
  });

  test('where the key is looked for belongs to it', () => {
    const [spec] = read(
      api('Api', 'Name: books, ApiKeySourceType: AUTHORIZER'),
      method('A', 'GET', `${ofApi}, ApiKeyRequired: true`),
    ).specs;
    expect(spec).toMatchObject({ apiKeySource: 'AUTHORIZER' });
  });

  test('each API of another stack is one of its own, and one that is not known stays a finding', () => {
    const at = (restApi: string, path: string) =>
      `RestApiId: ${restApi}, ResourcePath: ${path}, ApiKeyRequired: true`;
    const result = read(
      method('A', 'GET', at('abc1234567', '/a')),
      method('B', 'GET', at('def1234567', '/b')),
      method('C', 'GET', at('!ImportValue one', '/c')),
      method('D', 'GET', at('!ImportValue two', '/d')),
      method('E', 'GET', at('abc1234567', '/e')),
    );
    expect(result.specs).toEqual([
      { restApi: { id: 'abc1234567' }, methods: [closed('GET', '/a'), closed('GET', '/e')] },
      { restApi: { id: 'def1234567' }, methods: [closed('GET', '/b')] },
    ]);
    expect(result.codes).toEqual(['KEY_REQUIRED', 'UNRESOLVED', 'KEY_REQUIRED', 'UNRESOLVED']);
  });

  test('of two APIs of one name neither is guessed', () => {
    const result = read(
      API,
      api('Other', 'Name: books'),
      method('A', 'GET', `${ofApi}, ApiKeyRequired: true`),
    );
    expect(result).toEqual({ specs: [], codes: ['AMBIGUOUS_API', 'KEY_REQUIRED'] });
  });

  test('a preflight that demands a key stays where it is', () => {
    const imported = cloudformation(`Resources:
  ${API}
  ${method('A', 'GET', `${ofApi}, ApiKeyRequired: true`)}
  ${method('B', 'OPTIONS', `${ofApi}, ApiKeyRequired: true`)}
`);
    expect(demandsIn(imported).specs).toEqual([
      { restApi: { name: 'books' }, methods: [closed('GET', '/')] },
    ]);
    expect(imported.findings.find(({ code }) => code === 'NOT_TRANSLATED')).toMatchObject({
      line: 4,
    });
  });

  test('a condition that is not known leaves the method out', () => {
    const result = read(
      API,
      method('A', 'GET', `${ofApi}, ApiKeyRequired: !If [IsClosed, true, false]`),
      method('B', 'PUT', `${ofApi}, ApiKeyRequired: true`),
    );
    expect(result).toEqual({
      specs: [{ restApi: { name: 'books' }, methods: [closed('PUT', '/')] }],
      codes: ['UNRESOLVED'],
    });
  });

  test('a path that no resource can have is left out, and named once', () => {
    const result = read(
      API,
      method('A', 'GET', 'RestApiId: !Ref Api, ResourcePath: "/a b", ApiKeyRequired: true'),
      method('B', 'PUT', `${ofApi}, ApiKeyRequired: true`),
    );
    expect(result).toEqual({
      specs: [{ restApi: { name: 'books' }, methods: [closed('PUT', '/')] }],
      codes: ['NOT_ALLOWED'],
    });
  });

  test.each<[what: string, head: object]>([
    [
      'version 2',
      {
        swagger: '2.0',
        securityDefinitions: {
          k: { type: 'apiKey', name: 'x-api-key', in: 'header' },
          a: { type: 'apiKey', name: 'Authorization', in: 'header' },
        },
      },
    ],
    [
      'version 3',
      {
        openapi: '3.0.1',
        components: {
          securitySchemes: {
            k: { type: 'apiKey', name: 'X-API-Key', in: 'header' },
            a: { type: 'oauth2' },
          },
        },
      },
    ],
  ])('an OpenAPI body of %s', (_, head) => {
    const paths = {
      '/a': { get: { security: [{ k: [] }] }, post: { security: [{ a: [] }] }, parameters: [] },
      '/{proxy+}': { 'x-amazon-apigateway-any-method': { security: [{ k: [], a: [] }] } },
    };
    const read = (rest: object) =>
      demandsIn(
        cloudformation(
          JSON.stringify({
            Resources: {
              Api: {
                Type: 'AWS::ApiGateway::RestApi',
                Properties: { Body: { ...head, ...rest, info: { title: 'books' }, paths } },
              },
            },
          }),
        ),
      ).specs;
    const both = [closed('GET', '/a'), closed('ANY', '/{proxy+}')];
    expect(read({})).toEqual([{ restApi: { name: 'books' }, methods: both }]);
    // Against a rule for all, a security of its own is a word.
    expect(read({ security: [{ k: [] }] })).toEqual([
      { restApi: { name: 'books' }, methods: [both[0], open('POST', '/a'), both[1]] },
    ]);
  });

  test.each<[what: string, api: string]>([
    [
      'a body in S3',
      'Api: { Type: "AWS::ApiGateway::RestApi", Properties: { Name: books, BodyS3Location: { Bucket: b, Key: k } } }',
    ],
    [
      'a body that is included',
      'Api: { Type: "AWS::ApiGateway::RestApi", Properties: { Name: books, Body: { "Fn::Transform": { Name: "AWS::Include" } } } }',
    ],
    [
      'a file of SAM',
      'Api: { Type: "AWS::Serverless::Api", Properties: { Name: books, StageName: live, DefinitionUri: api.yaml } }',
    ],
    [
      'paths by a function',
      'Api: { Type: "AWS::ApiGateway::RestApi", Properties: { Name: books, Body: { paths: !ImportValue paths } } }',
    ],
  ])('%s can not be looked into, and is named', (_, api) => {
    expect(read(api)).toEqual({ specs: [], codes: ['NOT_TRANSLATED'] });
  });

  test.each<
    [reason: string, globals: string, auth: string, event: string, spec: object | undefined]
  >([
    ['the default of an API', '', 'ApiKeyRequired: true', '', { apiKeyRequired: true }],
    ['the default of all APIs', 'Auth: { ApiKeyRequired: true }', '', '', { apiKeyRequired: true }],
    [
      'an exception',
      '',
      'ApiKeyRequired: true',
      'Auth: { ApiKeyRequired: false }',
      { apiKeyRequired: true, methods: [open('GET', '/a')] },
    ],
    [
      'a single method',
      '',
      '',
      'Auth: { ApiKeyRequired: true }',
      { methods: [closed('GET', '/a')] },
    ],
    [
      'what the default says needs no second word',
      '',
      'ApiKeyRequired: true',
      'Auth: { ApiKeyRequired: true }',
      { apiKeyRequired: true },
    ],
    ['nothing', '', '', '', undefined],
  ])('SAM: %s', (_, globals, auth, event, spec) => {
    const { documents } = cloudformation(`
Globals: { Api: { Name: books, ${globals} } }
Resources:
  Api: { Type: AWS::Serverless::Api, Properties: { StageName: live, Auth: { ${auth} } } }
  F: { Type: AWS::Serverless::Function, Properties: { Events: { Get: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /a, Method: get, ${event} } } } } }
`);
    expect(documents.map((document) => document.spec)).toEqual(
      spec ? [{ restApi: { name: 'books' }, ...spec }] : [],
    );
  });

  test.each<[auth: string, codes: readonly string[]]>([
    ['ApiKeyRequired: true', ['NOT_TRANSLATED']],
    ['ApiKeyRequired: true, AddApiKeyRequiredToCorsPreflight: false', []],
    ['AddApiKeyRequiredToCorsPreflight: true', ['NOTHING_FOUND']],
  ])('SAM: preflights, with %s', (auth, codes) => {
    const api = `Api: { Type: "AWS::Serverless::Api", Properties: { Name: books, StageName: live, Cors: "'*'", Auth: { ${auth} } } }`;
    expect(read(api).codes).toEqual(codes);
  });

  test('SAM: a default that is not known is named', () => {
    const result = read(
      'Api: { Type: "AWS::Serverless::Api", Properties: { StageName: live, Name: books, Auth: { ApiKeyRequired: !Ref Closed } } }',
    );
    expect(result).toEqual({ specs: [], codes: ['UNRESOLVED'] });
  });
});

describe('Terraform', () => {
  const body = `
resource "aws_api_gateway_rest_api" "books" {
  name = "books"
}
resource "aws_api_gateway_resource" "a" {
  rest_api_id = aws_api_gateway_rest_api.books.id
  parent_id   = aws_api_gateway_rest_api.books.root_resource_id
  path_part   = "a"
}
`;
  const method = (name: string, rest: string, api = 'aws_api_gateway_rest_api.books.id') => `
resource "aws_api_gateway_method" "${name}" {
  rest_api_id = ${api}
  resource_id = aws_api_gateway_resource.a.id
  http_method = "${name.toUpperCase()}"
  ${rest}
}
`;

  test('a method that says nothing is left to the API, one that says no is not', async () => {
    const text = [
      body,
      method('get', 'api_key_required = true'),
      method('put', 'api_key_required = false'),
      method('post', ''),
    ].join('');
    expect(demandsIn(await terraform({ 'main.tf': text }))).toEqual({
      specs: [{ restApi: { name: 'books' }, methods: [closed('GET', '/a'), open('PUT', '/a')] }],
      codes: [],
    });
  });

  test('one block for several methods', async () => {
    const each = method('verb', 'api_key_required = each.value')
      .replace('"VERB"', 'each.key')
      .replace('rest_api_id', 'for_each = { GET = true, PUT = false }\n  rest_api_id');
    expect(demandsIn(await terraform({ 'main.tf': body + each })).specs).toMatchObject([
      { methods: [closed('GET', '/a'), open('PUT', '/a')] },
    ]);
  });

  test('an API of another state stays a finding', async () => {
    const text = `${body}${method('get', 'api_key_required = true', 'data.terraform_remote_state.base.outputs.api')}`;
    const { specs, codes } = demandsIn(await terraform({ 'main.tf': text }));
    expect(specs).toEqual([]);
    expect(codes).toEqual(['KEY_REQUIRED', 'UNRESOLVED']);
  });

  test('an API that a data source finds by its name', async () => {
    const data = 'data "aws_api_gateway_rest_api" "shared" {\n  name = "shared"\n}\n';
    const text = `${body}${data}${method('get', 'api_key_required = true', 'data.aws_api_gateway_rest_api.shared.id')}`;
    expect(demandsIn(await terraform({ 'main.tf': text })).specs).toEqual([
      { restApi: { name: 'shared' }, methods: [closed('GET', '/a')] },
    ]);
  });

  test('one name in two regions is two APIs, of which a namespace can have one', async () => {
    const inRegion = (name: string, region: string) => `
provider "aws" {
  alias  = "${name}"
  region = "${region}"
}
module "${name}" {
  source    = "./api"
  providers = { aws = aws.${name} }
}
`;
    const files = {
      'main.tf': inRegion('london', 'eu-west-2') + inRegion('dublin', 'eu-west-1'),
      'api/main.tf': `${body}${method('get', 'api_key_required = true')}`,
    };
    const { documents, findings } = await terraform(files);
    expect(documents.map(({ kind, name, comments }) => [kind, name, comments[0]])).toEqual([
      ['KeyRequirement', 'books', 'provider aws.dublin, region eu-west-1'],
    ]);
    expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      {
        code: 'KEY_REQUIRED',
        message: expect.stringMatching(/^module\.london\..* another region or account/),
      },
    ]);
  });

  test('state names the API by its id, and its defaults are nobody’s word', async () => {
    const of = (type: string, name: string, attributes: object) => ({
      mode: 'managed',
      type: `aws_api_gateway_${type}`,
      name,
      instances: [{ attributes }],
    });
    const methodOf = (verb: string, required: boolean) =>
      of('method', verb, {
        id: verb,
        rest_api_id: 'abc1234567',
        resource_id: 'res001',
        http_method: verb,
        api_key_required: required,
      });
    const state = {
      version: 4,
      terraform_version: '1.9.0',
      resources: [
        of('rest_api', 'books', {
          id: 'abc1234567',
          name: 'books',
          api_key_source: 'HEADER',
          root_resource_id: 'root01',
        }),
        of('resource', 'a', { id: 'res001', rest_api_id: 'abc1234567', path: '/a' }),
        methodOf('GET', true),
        methodOf('PUT', false),
      ],
    };
    const imported = await terraformFile('terraform.tfstate', JSON.stringify(state));
    expect(demandsIn(imported)).toEqual({
      specs: [{ restApi: { id: 'abc1234567' }, methods: [closed('GET', '/a')] }],
      codes: [],
    });
    expect(imported.documents[0]).toMatchObject({ name: 'books' });
    expect(imported.documents[0]?.manager).toBeUndefined();
  });
});
