import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FindingCode } from '../../src/importers/common/model.ts';
import { renderManifests } from '../../src/manifest-writer/render.ts';
import { cloudformation, findingText } from './cases.ts';

/** A template in which one key's description is the value of a function, and what becomes of it. */
function descriptionFrom(expression: string, parameters: Readonly<Record<string, string>> = {}) {
  const text = `
Parameters:
  Env: { Type: String, Default: staging }
  Team: { Type: String }
  Pair: { Type: CommaDelimitedList, Default: "one, two" }
  FromSsm: { Type: "AWS::SSM::Parameter::Value<String>", Default: /books/name }
Mappings:
  Names: { staging: { short: st }, live: { short: li } }
Conditions:
  IsLive: !Equals [!Ref Env, live]
  IsStaging: !Not [!Condition IsLive]
  IsEither: !Or [!Condition IsLive, !Equals [!Ref Team, archive]]
  IsBoth: !And [!Condition IsLive, !Equals [!Ref Team, archive]]
  IsLoop: !Condition IsLoop
Resources:
  Api: { Type: "AWS::ApiGateway::RestApi", Properties: { Name: books } }
  Stage: { Type: "AWS::ApiGateway::Stage", Properties: { RestApiId: !Ref Api, StageName: !Ref Env } }
  Key:
    Type: AWS::ApiGateway::ApiKey
    Properties:
      Name: acme
      Description: ${expression}
`;
  const { documents, findings } = cloudformation(text, parameters);
  const description = documents.find(({ kind }) => kind === 'ApiKey')?.spec.description;
  return (
    description ??
    findings
      .filter(({ code }) => code === 'UNRESOLVED')
      .map(({ message }) => message.replace(/^.*?; /, ''))
  );
}

describe('functions', () => {
  test.each<[expression: string, value: unknown, parameters?: Record<string, string>]>([
    ['plain', 'plain'],
    ['12', '12'],
    ['!Ref Env', 'staging'],
    ['!Ref Env', 'live', { Env: 'live' }],
    ['{ Ref: Team }', 'archive', { Team: 'archive' }],
    ['!Sub "${Env}-${!Literal}-${Team}"', 'staging-${Literal}-archive', { Team: 'archive' }],
    ['!Sub ["${A}/${Env}", { A: !Ref Team }]', 'archive/staging', { Team: 'archive' }],
    ['!Sub "${AWS::Region}"', 'eu-west-2', { 'AWS::Region': 'eu-west-2' }],
    ['!Sub "on ${Stage}"', 'on staging'],
    ['!Sub "of ${Api}"', 'of abc123', { Api: 'abc123' }],
    ['!Join ["-", [a, !Ref Env, 3]]', 'a-staging-3'],
    ['!Join ["+", !Ref Pair]', 'one+two'],
    ['!Select [1, !Ref Pair]', 'two'],
    ['!Select ["0", !Split [".", x.y]]', 'x'],
    ['!FindInMap [Names, !Ref Env, short]', 'st'],
    ['!If [IsLive, a, b]', 'b'],
    ['!If [IsStaging, a, b]', 'a'],
    ['!If [IsEither, a, b]', 'a', { Env: 'live' }],
    ['!If [IsBoth, a, b]', 'b'],
    ['!If [IsLive, a, !Sub "${Env}!"]', 'staging!'],
  ])('%s is %j', (expression, value, parameters) => {
    expect(descriptionFrom(expression, parameters)).toEqual(value);
  });

  test.each<[expression: string, message: string]>([
    ['!Ref Team', 'the parameter Team has no default: give --parameter Team=<value>'],
    ['!Ref FromSsm', 'the parameter FromSsm is read from SSM: give --parameter FromSsm=<value>'],
    ['!Ref AWS::AccountId', 'AWS::AccountId: give --parameter AWS::AccountId=<value>'],
    ['!Ref Api', 'the id of Api is known to the account alone: give --parameter Api=<id>'],
    ['!GetAtt Api.RootResourceId', 'Api.RootResourceId is known to the account alone'],
    [
      '!ImportValue shared-key',
      "the export shared-key is another stack's: write its value in its place",
    ],
    ['!If [IsEither, a, b]', 'the parameter Team has no default: give --parameter Team=<value>'],
    ['!If [IsLoop, a, b]', 'the condition IsLoop is not declared'],
    ['!If [Absent, a, b]', 'the condition Absent is not declared'],
    ['!FindInMap [Names, none, short]', 'Mappings has no Names.none.short'],
    ['!Select [7, !Ref Pair]', 'Fn::Select takes entry 7 of 2'],
    ['!Base64 x', 'Fn::Base64 has no value in the template alone'],
    ['!Transform { Name: M }', 'Fn::Transform has no value in the template alone'],
    [
      '"{{resolve:ssm:/books/name}}"',
      'a dynamic reference is read when the stack is deployed: write the value in its place',
    ],
    [
      '!Sub "${Team} and ${AWS::Region}"',
      'the parameter Team has no default: give --parameter Team=<value>; AWS::Region: give --parameter AWS::Region=<value>',
    ],
  ])('%s has no value: %s', (expression, message) => {
    expect(descriptionFrom(expression)).toEqual([message]);
  });
});

const API = 'Api: { Type: "AWS::ApiGateway::RestApi", Properties: { Name: books } }';

function resources(...lines: readonly string[]) {
  const { documents, findings } = cloudformation(
    `Resources:\n${lines.map((line) => `  ${line}\n`).join('')}`,
  );
  return {
    specs: Object.fromEntries(documents.map(({ kind, name, spec }) => [`${kind} ${name}`, spec])),
    codes: findings.map(({ code }) => code),
    findings,
  };
}

describe('stages', () => {
  const stage = (properties: string) =>
    `Stage: { Type: "AWS::ApiGateway::Stage", Properties: { RestApiId: !Ref Api, StageName: live, ${properties} } }`;
  const specOf = (properties: string) =>
    resources(API, stage(properties)).specs['Stage books-live'];

  test('every setting has its field', () => {
    expect(
      specOf(`
      Description: d, TracingEnabled: yes, CacheClusterEnabled: true, CacheClusterSize: 0.5, ClientCertificateId: abc123, DocumentationVersion: v1,
      Variables: { port: 8080 }, Tags: [{ Key: team, Value: archive }, { Key: "aws:x", Value: y }],
      AccessLogSetting: { DestinationArn: "arn:aws:logs:eu-west-2:123456789012:log-group:books:*", Format: "$context.requestId" },
      MethodSettings: [{ HttpMethod: "*", ResourcePath: "/*", ThrottlingRateLimit: 5, ThrottlingBurstLimit: 6, MetricsEnabled: true, LoggingLevel: info, DataTraceEnabled: no,
        CachingEnabled: true, CacheTtlInSeconds: 60, CacheDataEncrypted: true }]`),
    ).toEqual({
      restApi: { name: 'books' },
      stageName: 'live',
      description: 'd',
      tracingEnabled: true,
      cacheCluster: { enabled: true, size: '0.5' },
      clientCertificateId: 'abc123',
      variables: { port: '8080' },
      tags: { team: 'archive' },
      accessLog: {
        destinationArn: 'arn:aws:logs:eu-west-2:123456789012:log-group:books',
        format: '$context.requestId',
      },
      methodSettings: [
        {
          method: '*',
          path: '/*',
          throttle: { rateLimit: 5, burstLimit: 6 },
          metricsEnabled: true,
          logging: { level: 'INFO', dataTrace: false },
          caching: { enabled: true, ttlInSeconds: 60, dataEncrypted: true },
        },
      ],
    });
  });

  test.each<[written: string, path: string]>([
    ['/~1books~1{id}', '/books/{id}'],
    ['/books/{id}', '/books/{id}'],
    ['/~1', '/'],
    ['/', '/'],
    ['/*', '/*'],
  ])('the path %s is %s', (written, path) => {
    const method = written === '/*' ? '*' : 'GET';
    expect(
      specOf(
        `MethodSettings: [{ HttpMethod: "${method}", ResourcePath: "${written}", MetricsEnabled: true }]`,
      )?.methodSettings,
    ).toEqual([{ method, path, metricsEnabled: true }]);
  });

  test.each<[reason: string, properties: string, code: FindingCode]>([
    [
      'a variable that only forces a deployment',
      'Variables: { deployedAt: "1" }',
      'REDEPLOY_VARIABLE',
    ],
    [
      'a checksum, whatever it is called',
      `Variables: { marker: "${'a1'.repeat(32)}" }`,
      'REDEPLOY_VARIABLE',
    ],
    ['a variable that API Gateway refuses', 'Variables: { path: "a b" }', 'NOT_ALLOWED'],
    ['a canary', 'CanarySetting: { PercentTraffic: 5 }', 'NOT_TRANSLATED'],
    [
      'a log group of the template',
      'AccessLogSetting: { DestinationArn: !GetAtt Logs.Arn, Format: "$context.requestId" }',
      'UNRESOLVED',
    ],
    ['a word where a boolean belongs', 'TracingEnabled: perhaps', 'NOT_ALLOWED'],
  ])('%s is left out and named', (_, properties, code) => {
    const { specs, codes } = resources(API, stage(`${properties}, Description: d`));
    expect(specs['Stage books-live']).toEqual({
      restApi: { name: 'books' },
      stageName: 'live',
      description: 'd',
    });
    expect(codes).toEqual([code]);
  });

  test("a deployment's stage", () => {
    const deployment =
      'D: { Type: "AWS::ApiGateway::Deployment", Properties: { RestApiId: !Ref Api, StageName: live, StageDescription: { Variables: { port: "80" }, ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 } } }';
    const { specs, codes } = resources(API, deployment);
    expect(specs['Stage books-live']).toEqual({
      restApi: { name: 'books' },
      stageName: 'live',
      variables: { port: '80' },
      methodSettings: [{ method: '*', path: '/*', throttle: { rateLimit: 1, burstLimit: 2 } }],
    });
    expect(codes).toEqual(['STAGE_OF_DEPLOYMENT']);
  });
});

describe('what API Gateway refuses is left out', () => {
  const key = 'Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: acme } }';
  const plan = (name: string, properties: string) =>
    `${name}: { Type: "AWS::ApiGateway::UsagePlan", Properties: { UsagePlanName: ${name}, ApiStages: [{ ApiId: !Ref Api, Stage: live, ${properties} }] } }`;
  const link = (name: string, to: string) =>
    `${name}: { Type: "AWS::ApiGateway::UsagePlanKey", Properties: { KeyId: !Ref Key, UsagePlanId: !Ref ${to} } }`;

  test('a method throttle without a throttle of the plan', () => {
    const { specs, codes } = resources(
      API,
      plan('p', 'Throttle: { /a/GET: { RateLimit: 1, BurstLimit: 1 } }'),
    );
    expect(specs['UsagePlan p']?.stages).toEqual([
      { restApi: { name: 'books' }, stageName: 'live' },
    ]);
    expect(codes).toContain('NOT_ALLOWED');
  });

  test('one key in two plans of a stage', () => {
    const { specs, findings } = resources(
      API,
      key,
      plan('p', ''),
      plan('q', ''),
      link('a', 'p'),
      link('b', 'q'),
    );
    expect([specs['UsagePlan p']?.keys, specs['UsagePlan q']?.keys]).toEqual([
      undefined,
      undefined,
    ]);
    expect(findings.filter(({ code }) => code === 'NOT_ALLOWED')).toHaveLength(2);
  });

  test('a stage that two plans name by different means is one', () => {
    const stage =
      'Stage: { Type: "AWS::ApiGateway::Stage", Properties: { RestApiId: !Ref Api, StageName: live, Description: d } }';
    const { specs } = resources(API, stage, plan('p', ''));
    expect(specs['UsagePlan p']?.stages).toEqual([{ stage: 'books-live' }]);
  });
});

describe('names', () => {
  test('two keys of one name have documents of their own, and neither is found by it', () => {
    const { specs, codes } = resources(
      ...['A', 'B'].map(
        (id) => `${id}: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: Acme Ltd. } }`,
      ),
    );
    expect(specs).toMatchObject({
      'ApiKey acme-ltd': { name: 'Acme Ltd.' },
      'ApiKey acme-ltd-2': { name: 'Acme Ltd.' },
    });
    expect(codes.filter((code) => code === 'AMBIGUOUS_NAME')).toHaveLength(2);
  });

  test('a line break in a name ends no comment', () => {
    const { documents } = cloudformation(
      'Resources:\n  "A\\nkind: Evil": { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: "a\\nkind: Evil" } }',
    );
    expect(renderManifests({ documents })).not.toMatch(/^kind: Evil/m);
  });
});

describe('SAM', () => {
  const api = (id: string, wish: string) =>
    `  ${id}: { Type: AWS::Serverless::Api, Properties: { Name: ${id}, StageName: live, Auth: { UsagePlan: { CreateUsagePlan: ${wish} } } } }\n`;
  const link = (id: string, key: string, plan: string) =>
    `  ${id}: { Type: "AWS::ApiGateway::UsagePlanKey", Properties: { KeyId: !Ref ${key}, UsagePlanId: !Ref ${plan} } }\n`;

  test('a key of the template in a plan that SAM makes', () => {
    const { documents, findings } = cloudformation(
      `Resources:\n${api('One', 'PER_API')}${api('Two', 'SHARED')}${link('A', 'Key', 'One.UsagePlan')}${link('B', 'Key', 'Two.UsagePlan')}  Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: acme } }\n`,
    );
    const plans = documents
      .filter(({ kind }) => kind === 'UsagePlan')
      .map(({ address, spec }) => [address, spec.keys]);
    expect(plans).toEqual([
      ['OneUsagePlan', ['acme', 'one-api-key']],
      ['ServerlessUsagePlan', ['acme', 'serverless-api-key']],
    ]);
    expect(findings.map(({ code }) => code)).not.toContain('NOT_TRANSLATED');
  });

  test('a plan for each that wants one, one for all that share, none for who wants none', () => {
    const { documents } = cloudformation(
      `Resources:\n${api('One', 'PER_API')}${api('Two', 'SHARED')}${api('Three', 'SHARED')}${api('Four', 'NONE')}`,
    );
    const plans = documents
      .filter(({ kind }) => kind === 'UsagePlan')
      .map(({ address, spec }) => [address, spec.stages]);
    const at = (name: string) => ({ restApi: { name }, stageName: 'live' });
    expect(plans).toEqual([
      ['OneUsagePlan', [at('One')]],
      ['ServerlessUsagePlan', [at('Two'), at('Three')]],
    ]);
  });
});

test('a parameter that the template lacks is pointed out', () => {
  const text =
    'Parameters: { Env: { Type: String } }\nResources: { Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: acme } } }';
  const { findings } = cloudformation(text, {
    Env: 'live',
    Key: 'keyid00001',
    Envv: 'live',
    'AWS::Region': 'eu-west-2',
  });
  expect(findings.filter(({ code }) => code === 'NOT_DECLARED')).toMatchObject([
    { message: expect.stringContaining('--parameter Envv:') },
  ]);
});

describe('what is no template', () => {
  test.each<[what: string, text: string, code: FindingCode]>([
    ['nothing', '', 'UNSUPPORTED_SOURCE'],
    ['a list', '- a', 'UNSUPPORTED_SOURCE'],
    ['a mapping without Resources', 'a: 1', 'UNSUPPORTED_SOURCE'],
    ['broken YAML', 'a: [1', 'UNREADABLE'],
    ['a field twice', 'Resources:\n  A: !Ref B\n  A: 1', 'UNREADABLE'],
    [
      'a template of something else',
      'Resources: { B: { Type: "AWS::S3::Bucket" } }',
      'NOTHING_FOUND',
    ],
    [
      'aliases that multiply',
      `a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`).join(', ')}]`).join('\n')}`,
      'UNREADABLE',
    ],
    ['a value within itself', 'Resources: &r { A: *r }', 'UNREADABLE'],
  ])('%s', (_, text, code) => {
    expect(cloudformation(text)).toMatchObject({ documents: [], findings: [{ code }] });
  });
});

test('the order of resources decides nothing but the lines', () => {
  const entries = [
    API,
    'Stage: { Type: "AWS::ApiGateway::Stage", Properties: { RestApiId: !Ref Api, StageName: live, Description: d } }',
    'Plan: { Type: "AWS::ApiGateway::UsagePlan", Properties: { UsagePlanName: p, ApiStages: [{ ApiId: !Ref Api, Stage: !Ref Stage }] } }',
    'Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: k } }',
    'Link: { Type: "AWS::ApiGateway::UsagePlanKey", Properties: { KeyId: !Ref Key, UsagePlanId: !Ref Plan } }',
    'Book: { Type: "AWS::ApiGateway::Resource", Properties: { ParentId: !GetAtt Api.RootResourceId, PathPart: book } }',
    'Get: { Type: "AWS::ApiGateway::Method", Properties: { RestApiId: !Ref Api, ResourceId: !Ref Book, HttpMethod: GET, ApiKeyRequired: true } }',
  ];
  const said = (lines: readonly string[]) => {
    const { documents, findings } = cloudformation(
      `Resources:\n${lines.map((line) => `  ${line}\n`).join('')}`,
    );
    const withoutLines = (text: string) => text.replaceAll(/(template\.yml):\d+/g, '$1');
    return [
      withoutLines(renderManifests({ documents })),
      findings.map(findingText).map(withoutLines).sort(),
    ];
  };
  const usual = said(entries);
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
      expect(said(shuffled)).toEqual(usual);
    }),
  );
});
