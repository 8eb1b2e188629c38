import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codesOf, everything, fixturePath, terraformFile } from './terraform-cases.ts';

type Json = Record<string, unknown>;

interface StateResource {
  readonly module?: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly instances: readonly {
    readonly index_key?: string | number;
    readonly deposed?: string;
    readonly attributes: Json;
  }[];
}

const TEXT = readFileSync(fixturePath('library.tfstate'), 'utf8');
const STATE = JSON.parse(TEXT) as { resources: readonly StateResource[]; outputs: Json };

/** The same resources as `terraform show -json` prints them: in modules, and each instance on its own. */
function shown(): Json {
  const resources = STATE.resources.flatMap(({ module, mode, type, name, instances }) =>
    instances
      .filter(({ deposed }) => deposed === undefined)
      .map(({ index_key: index, attributes }) => {
        const own = `${mode === 'data' ? 'data.' : ''}${type}.${name}${index === undefined ? '' : `[${JSON.stringify(index)}]`}`;
        const marks =
          type === 'aws_api_gateway_stage' ? { variables: { backendToken: true }, tags: {} } : {};
        const address = module ? `${module}.${own}` : own;
        return {
          module,
          resource: {
            address,
            mode,
            type,
            name,
            index,
            provider_name: 'registry.terraform.io/hashicorp/aws',
            values: attributes,
            sensitive_values: marks,
          },
        };
      }),
  );
  const ofModule = (wanted: string | undefined) =>
    resources.filter(({ module }) => module === wanted).map(({ resource }) => resource);
  const address = 'module.consumers["north"]';
  const child = {
    address: 'module.consumers',
    resources: [],
    child_modules: [{ address, resources: ofModule(address) }],
  };
  return {
    outputs: STATE.outputs,
    root_module: { resources: ofModule(undefined), child_modules: [child] },
  };
}

const plain = async (file: string, value: unknown) => {
  const imported = await terraformFile(file, JSON.stringify(value));
  expect(everything(imported)).not.toContain('canary');
  return {
    imported,
    documents: imported.documents.map(({ source: _, comments: __, ...document }) => document),
  };
};

test('a state file, pretty or not, and what terraform show -json prints of it are the same documents', async () => {
  const pretty = await terraformFile('library.tfstate', TEXT);
  const documents = pretty.documents.map(({ source: _, comments: __, ...document }) => document);
  expect(documents).toHaveLength(6);
  expect((await plain('library.tfstate', STATE)).documents).toEqual(documents);
  const show = await plain('show.json', {
    format_version: '1.0',
    terraform_version: '1.11.4',
    values: shown(),
  });
  expect(show.documents).toEqual(documents);
  expect(show.imported.handOver).toBe(pretty.handOver);
});

test('adoption is by id, and every member that has no document is one by its id', async () => {
  const { documents } = await plain('library.tfstate', STATE);
  expect(documents.map(({ kind, adopt }) => [kind, adopt])).toEqual([
    ['Stage', undefined],
    ['Stage', undefined],
    ['ApiKey', { id: 'keyharvest' }],
    ['ApiKey', { id: 'keyreader1' }],
    ['UsagePlan', { id: 'planread01' }],
    ['KeyRequirement', undefined],
  ]);
  expect(documents.at(-2)?.spec.keys).toEqual(['reader-north', { id: 'keyforeign' }]);
});

describe('a plan', () => {
  const change = (address: string, actions: readonly string[], type = address.split('.')[0]) => ({
    address,
    mode: 'managed',
    type,
    change: { actions },
  });
  const plan = (more: Json) => ({
    format_version: '1.2',
    planned_values: { root_module: {} },
    ...more,
  });

  test('what was there before it is imported, and each change of it named', async () => {
    const { imported, documents } = await plain(
      'plan.json',
      plan({
        prior_state: { format_version: '1.0', values: shown() },
        resource_changes: [
          change('aws_api_gateway_usage_plan.readers', ['update']),
          change(
            'module.consumers["north"].aws_api_gateway_api_key.key["reader"]',
            ['delete', 'create'],
            'aws_api_gateway_api_key',
          ),
          change('aws_api_gateway_stage.production', ['no-op']),
          change('aws_s3_bucket.b', ['create']),
        ],
      }),
    );
    expect(documents).toHaveLength(6);
    const changes = imported.findings
      .filter(({ code }) => code === 'CHANGE_PENDING')
      .map(({ message }) => message.split(';')[0]);
    expect(changes).toEqual([
      'aws_api_gateway_usage_plan.readers: the plan would update it, and what is imported is what was there before',
      'module.consumers["north"].aws_api_gateway_api_key.key["reader"]: the plan would delete and create it, and what is imported is what was there before',
    ]);
  });

  test('without anything before it, it is refused', async () => {
    const { imported } = await plain(
      'plan.json',
      plan({ resource_changes: [change('aws_api_gateway_api_key.k', ['create'])] }),
    );
    expect(codesOf(imported)).toEqual(['CHANGE_PENDING', 'UNSUPPORTED_SOURCE']);
  });
});

const key = (more: Json, attributes: Json = {}) => ({
  version: 4,
  terraform_version: '1.11.4',
  resources: [
    {
      mode: 'managed',
      type: 'aws_api_gateway_api_key',
      name: 'k',
      provider: 'provider["registry.terraform.io/hashicorp/aws"]',
      instances: [{ attributes: { id: 'keyone', name: 'one', ...attributes }, ...more }],
    },
  ],
});

test('a tainted key would be replaced, and so lose its value', async () => {
  const { imported } = await plain('x.tfstate', key({ status: 'tainted' }));
  expect(codesOf(imported)).toEqual(['KEY_WITHOUT_PLAN', 'TAINTED']);
});

test('an object that a replacement left behind is none', async () => {
  const { imported } = await plain('x.tfstate', key({ deposed: '0a1b2c3d' }));
  expect(codesOf(imported)).toEqual(['NOTHING_FOUND']);
});

test('a whole field that is marked, by a mark that is not understood too', async () => {
  for (const mark of [
    [{ type: 'get_attr', value: 'tags' }],
    [
      { type: 'get_attr', value: 'tags' },
      { type: 'index', value: { value: 0, type: 'number' } },
    ],
  ]) {
    const { imported, documents } = await plain(
      'x.tfstate',
      key({ sensitive_attributes: [mark] }, { tags: { a: 'canary-in-a-tag' } }),
    );
    expect(documents[0]?.spec).toEqual({});
    expect(codesOf(imported)).toContain('UNRESOLVED');
  }
});

test('an empty state', async () => {
  expect(
    codesOf(
      (await plain('x.tfstate', { version: 4, terraform_version: '1.11.4', resources: [] }))
        .imported,
    ),
  ).toEqual(['NOTHING_FOUND']);
  expect(codesOf((await plain('show.json', { format_version: '1.0' })).imported)).toEqual([
    'NOTHING_FOUND',
  ]);
});

test('methods of an OpenAPI body', async () => {
  const body = JSON.stringify({
    securityDefinitions: { key: { type: 'apiKey', name: 'x-api-key', in: 'header' } },
    paths: { '/books': { get: { security: [{ key: [] }] }, post: {} } },
  });
  const state = {
    ...key({}),
    resources: [
      {
        ...key({}).resources[0],
        type: 'aws_api_gateway_rest_api',
        instances: [{ attributes: { id: 'apione', name: 'books', body } }],
      },
    ],
  };
  const { imported } = await plain('x.tfstate', state);
  const methods = [{ method: 'GET', path: '/books', apiKeyRequired: true }];
  expect(imported.documents).toMatchObject([
    { kind: 'KeyRequirement', spec: { restApi: { id: 'apione' }, methods } },
  ]);
  expect(imported.documents[0]?.comments[0]).toContain('keep `security`');
});
