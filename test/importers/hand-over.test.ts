/** What is printed for the old tool, done to its file: the first step protects everything that is let go, the second leaves the key requirements. */
import { dump, load } from 'js-yaml';
import { expect, test } from 'vitest';
import type { Imported } from '../../src/importers/common/model.ts';
import { cloudformation, serverless } from './cases.ts';

type Tree = Record<string, unknown>;

const RETAIN = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

/** A mapping laid over another, at every depth. */
function laidOver(under: unknown, over: unknown): unknown {
  if (!isTree(under) || !isTree(over)) return over;
  return {
    ...under,
    ...Object.fromEntries(
      Object.entries(over).map(([name, value]) => [name, laidOver(under[name], value)]),
    ),
  };
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function documentsOf({ documents }: Imported) {
  return documents.map(({ kind, name, spec }) => ({ kind, name, spec }));
}

const TEMPLATE = {
  Resources: {
    Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'books' } },
    Get: {
      Type: 'AWS::ApiGateway::Method',
      Properties: {
        RestApiId: { Ref: 'Api' },
        ResourceId: { 'Fn::GetAtt': 'Api.RootResourceId' },
        HttpMethod: 'GET',
        ApiKeyRequired: true,
      },
    },
    Key: { Type: 'AWS::ApiGateway::ApiKey', Properties: { Name: 'acme' } },
    Plan: {
      Type: 'AWS::ApiGateway::UsagePlan',
      Properties: { UsagePlanName: 'acme', ApiStages: [{ ApiId: { Ref: 'Api' }, Stage: 'live' }] },
    },
    Link: {
      Type: 'AWS::ApiGateway::UsagePlanKey',
      Properties: { KeyId: { Ref: 'Key' }, UsagePlanId: { Ref: 'Plan' } },
    },
  },
};

test('a template', () => {
  const before = cloudformation(dump(TEMPLATE));
  const patch = load(before.handOver ?? '') as Tree;
  expect(patch).toEqual({ Resources: { Key: RETAIN, Plan: RETAIN, Link: RETAIN } });

  const first = laidOver(TEMPLATE, patch);
  expect(documentsOf(cloudformation(dump(first)))).toEqual(documentsOf(before));

  const { Api, Get } = TEMPLATE.Resources;
  const second = cloudformation(dump({ Resources: { Api, Get } }));
  expect(documentsOf(second)).toEqual(
    documentsOf(before).filter(({ kind }) => kind === 'KeyRequirement'),
  );
  expect(second.handOver).toBeUndefined();
});

const SERVICE = {
  service: 'books',
  frameworkVersion: '3.40.0',
  provider: {
    name: 'aws',
    apiGateway: {
      apiKeys: [{ free: ['a', 'b'] }, { paid: ['c'] }],
      usagePlan: [{ free: {} }, { paid: { quota: { limit: 9, period: 'DAY' } } }],
    },
  },
  functions: {
    f: { handler: 'f', events: [{ http: { path: '/a', method: 'get', private: true } }] },
  },
  resources: {
    Resources: { Own: { Type: 'AWS::ApiGateway::ApiKey', Properties: { Name: 'own' } } },
  },
};

test('a Serverless file', () => {
  const before = serverless(dump(SERVICE));
  const patch = load(before.handOver ?? '') as { resources: Tree };
  const ids = [
    'ApiKeyFree1',
    'ApiKeyFree2',
    'ApiKeyPaid1',
    'UsagePlanFree',
    'UsagePlanPaid',
    'UsagePlanKeyFree1',
    'UsagePlanKeyFree2',
    'UsagePlanKeyPaid1',
  ];
  expect(patch).toEqual({
    resources: {
      extensions: Object.fromEntries(ids.map((id) => [`ApiGateway${id}`, RETAIN])),
      Resources: { Own: RETAIN },
    },
  });

  // A list of templates is joined by the framework, so the patch may be one more of them.
  for (const resources of [
    laidOver(SERVICE.resources, patch.resources),
    [SERVICE.resources, { extensions: patch.resources.extensions }],
  ]) {
    const first = serverless(dump({ ...SERVICE, resources }));
    expect(documentsOf(first)).toEqual(documentsOf(before));
    expect(first.findings).toEqual(
      before.findings.map((finding) =>
        expect.objectContaining({ code: finding.code, message: finding.message }),
      ),
    );
  }

  const second = serverless(
    dump({ ...SERVICE, provider: { name: 'aws' }, resources: undefined }, { skipInvalid: true }),
  );
  expect(documentsOf(second)).toEqual(
    documentsOf(before).filter(({ kind }) => kind === 'KeyRequirement'),
  );
  expect(second.handOver).toBeUndefined();
});
