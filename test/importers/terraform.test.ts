import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { FindingCode } from '../../src/importers/common/model.ts';
import { readTerraform } from '../../src/importers/terraform/hcl.ts';
import { renderManifests } from '../../src/manifest-writer/render.ts';
import { load } from '../../src/manifests/load.ts';
import { createWorkspace } from '../manifests/workspace.ts';
import { goldenText, goldenUrl } from './cases.ts';
import {
  codesOf,
  everything,
  TERRAFORM_CASES,
  terraform,
  terraformFile,
} from './terraform-cases.ts';

describe.each(Object.entries(TERRAFORM_CASES))('%s', (name, run) => {
  test('becomes what the golden file says', async () => {
    expect(goldenText(await run())).toBe(readFileSync(goldenUrl(name), 'utf8'));
  });

  test('passes validate', async () => {
    const { documents } = await run();
    await using space = await createWorkspace({ 'imported.yaml': renderManifests({ documents }) });
    const { problems, dangling, desired } = await load(space.path);
    expect([...problems, ...dangling]).toEqual([]);
    expect(desired).toHaveLength(documents.length);
  });

  test('no value of a key, a secret or a marked field is anywhere in it', async () => {
    expect(everything(await run()).toLowerCase()).not.toContain('canary');
  });

  test('the removed blocks are what the parser of Terraform takes them for, without keys of instances', async () => {
    const { handOver = '' } = await run();
    const parsed = await readTerraform('removed.tf', handOver);
    if ('code' in parsed) throw new Error(parsed.message);
    expect(Object.keys(parsed.body)).toEqual(['removed']);
    const blocks = parsed.body.removed as readonly { readonly lifecycle: unknown }[];
    expect(blocks.map(({ lifecycle }) => lifecycle)).toEqual(
      blocks.map(() => [{ destroy: false }]),
    );
    const addresses = [...handOver.matchAll(/^ {2}from = (.*)$/gm)].map(([, address]) => address);
    expect(addresses).toHaveLength(blocks.length);
    expect(addresses.filter((address) => address?.includes('['))).toEqual([]);
    expect(new Set(addresses).size).toBe(addresses.length);
  });
});

const API = 'resource "aws_api_gateway_rest_api" "api" {\n  name = "books"\n}\n';
const STAGE = (more: string) =>
  `${API}resource "aws_api_gateway_stage" "s" {\n  rest_api_id = aws_api_gateway_rest_api.api.id\n  stage_name = "v1"\n${more}\n}\n`;
const KEY = (more: string) => `resource "aws_api_gateway_api_key" "k" {\n${more}\n}\n`;
const PLAN = (more: string) =>
  `resource "aws_api_gateway_usage_plan" "p" {\n  name = "p"\n${more}\n}\n`;

async function specs(text: string, variables: Record<string, string> = {}) {
  const imported = await terraform({ 'main.tf': text }, variables);
  return {
    codes: codesOf(imported),
    findings: imported.findings,
    names: imported.documents.map(({ spec, name }) => spec.name ?? name),
    specs: Object.fromEntries(
      imported.documents.map(({ kind, name, spec }) => [`${kind} ${name}`, spec]),
    ),
  };
}

describe('how many there are', () => {
  test.each<{ reason: string; text: string; names: readonly string[] }>([
    { reason: 'one', text: KEY('name = "a"'), names: ['a'] },
    {
      reason: 'a count',
      text: KEY('count = 3\nname = "a-${count.index}"'),
      names: ['a-0', 'a-1', 'a-2'],
    },
    { reason: 'a count of none', text: KEY('count = 0\nname = "a"'), names: [] },
    {
      reason: 'a switch',
      text: `variable "on" {\n default = true\n}\n${KEY('count = var.on ? 1 : 0\nname = "a"')}`,
      names: ['a'],
    },
    {
      reason: 'a set',
      text: KEY('for_each = toset(["a", "b", "a"])\nname = each.value'),
      names: ['a', 'b'],
    },
    {
      reason: 'a map',
      text: KEY('for_each = { x = "a", (lower("Y")) = "b" }\nname = "${each.key}-${each.value}"'),
      names: ['x-a', 'y-b'],
    },
    {
      reason: 'a for expression',
      text: KEY(
        'for_each = { for k, v in { x = 1, y = 2 } : upper(k) => v if v > 1 }\nname = each.key',
      ),
      names: ['Y'],
    },
    {
      reason: 'a count by length',
      text: `locals {\n names = ["q", "r"]\n}\n${KEY('count = length(local.names)\nname = local.names[count.index]')}`,
      names: ['q', 'r'],
    },
  ])('$reason', async ({ text, names }) => {
    expect((await specs(text)).names).toEqual(names);
  });

  test.each([
    {
      reason: 'a variable without a value',
      text: `variable "n" {}\n${KEY('count = var.n\nname = "a"')}`,
    },
    {
      reason: 'something that only the account knows',
      text: KEY('for_each = data.aws_regions.all.names\nname = each.key'),
    },
    {
      reason: 'a local value that refers to itself',
      text: `locals {\n a = local.b\n b = local.a\n}\n${KEY('for_each = local.a\nname = each.key')}`,
    },
    { reason: 'no number', text: KEY('count = "many"\nname = "a"') },
  ])('not known: $reason', async ({ text }) => {
    const { names, codes } = await specs(text);
    expect(names).toEqual([]);
    expect(codes).toEqual(['UNRESOLVED']);
  });

  test('a variable that is given outranks *.tfvars, and these the default', async () => {
    const main = `variable "a" {\n default = "default"\n}\nvariable "b" {\n default = "default"\n}\nvariable "c" {\n default = "default"\n}\n${KEY('name = "${var.a}-${var.b}-${var.c}"')}`;
    const files = {
      'main.tf': main,
      'terraform.tfvars': 'a = "file"\nb = "file"\n',
      'z.auto.tfvars': 'b = "auto"\n',
    };
    const { documents, findings } = await terraform(files, { a: 'given' });
    expect(documents.map(({ name }) => name)).toEqual(['given-auto-default']);
    expect(
      findings.filter(({ code }) => code === 'VARIABLE_DEFAULT').map(({ line }) => line),
    ).toEqual([7]);
  });
});

test.each<[what: string, consumer: string, spec: object]>([
  ['left out', '{ rate = 5 }', { enabled: true, tags: { team: 'archive' } }],
  [
    'null',
    '{ rate = 5, enabled = null, team = null }',
    { enabled: true, tags: { team: 'archive' } },
  ],
  [
    'written',
    '{ rate = 5, enabled = false, team = "books", note = "n" }',
    { enabled: false, tags: { team: 'books' }, description: 'n' },
  ],
])('the defaults of an optional attribute that is %s', async (_, consumer, spec) => {
  const main = `
variable "consumers" {
  type = map(object({
    rate    = number
    enabled = optional(bool, true)
    team    = optional(string, "archive")
    note    = optional(string)
    plans   = optional(list(object({ name = optional(string, "usual") })), [{}])
  }))
  default = { acme = ${consumer} }
}
resource "aws_api_gateway_api_key" "k" {
  for_each    = var.consumers
  name        = each.key
  enabled     = each.value.enabled
  description = each.value.note
  tags        = { team = each.value.team }
}
resource "aws_api_gateway_api_key" "of_plan" {
  name = "acme-\${var.consumers["acme"].plans[0].name}"
}
`;
  const { documents, findings } = await terraform({ 'main.tf': main });
  expect(documents.map((document) => [document.name, document.spec])).toEqual([
    ['acme', spec],
    ['acme-usual', {}],
  ]);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

describe('modules', () => {
  const MODULE =
    'variable "name" {}\nresource "aws_api_gateway_api_key" "k" {\n  name = var.name\n}\noutput "id" {\n  value = aws_api_gateway_api_key.k.id\n}\n';

  test('count, for_each, inputs, outputs and modules in modules', async () => {
    const main = `module "outer" {\n  source = "./outer"\n  for_each = toset(["a", "b"])\n  name = each.key\n}\n${PLAN('')}resource "aws_api_gateway_usage_plan_key" "m" {\n  key_id = module.outer["a"].id\n  usage_plan_id = aws_api_gateway_usage_plan.p.id\n}\n`;
    const outer =
      'variable "name" {}\nmodule "inner" {\n  source = "../inner"\n  count = 1\n  name = "${var.name}-key"\n}\noutput "id" {\n  value = module.inner[0].id\n}\n';
    const { documents, handOver } = await terraform({
      'main.tf': main,
      'outer/main.tf': outer,
      'inner/main.tf': MODULE,
    });
    expect(documents.map(({ address }) => address)).toEqual([
      'module.outer["a"].module.inner[0].aws_api_gateway_api_key.k',
      'module.outer["b"].module.inner[0].aws_api_gateway_api_key.k',
      'aws_api_gateway_usage_plan.p',
    ]);
    expect(documents.at(-1)?.spec.keys).toEqual(['a-key']);
    expect(handOver).toContain('from = module.outer.module.inner.aws_api_gateway_api_key.k\n');
  });

  test('one that calls itself ends', async () => {
    const imported = await terraform({
      'main.tf': 'module "m" {\n  source = "./m"\n}\n',
      'm/main.tf': 'module "m" {\n  source = "../m"\n}\n',
    });
    expect(codesOf(imported)).toEqual(['MODULE_NOT_READ']);
  });

  test.each(['registry/keys/aws', 'git::https://user:canary@example.org/keys.git', './missing'])(
    'one that is not there is named, and its source is not: %s',
    async (source) => {
      const imported = await terraform({ 'main.tf': `module "m" {\n  source = "${source}"\n}\n` });
      expect(codesOf(imported)).toEqual(['MODULE_NOT_READ']);
      expect(everything(imported)).not.toContain('canary');
      expect(imported.findings[0]).toMatchObject({ file: 'main.tf', line: 2 });
    },
  );
});

describe('stages', () => {
  test('every setting', async () => {
    const text = STAGE(`  description = "The books"
  xray_tracing_enabled = true
  cache_cluster_enabled = true
  cache_cluster_size = "0.5"
  client_certificate_id = "cert1a2b3c"
  variables = { port = 8080, empty = "" }
  tags = { team = "library" }`);
    const { specs: found, codes } = await specs(text);
    expect(codes).toEqual([]);
    expect(found['Stage books-v1']).toEqual({
      restApi: { name: 'books' },
      stageName: 'v1',
      deployment: 'latest',
      variables: { port: '8080' },
      description: 'The books',
      tracingEnabled: true,
      cacheCluster: { enabled: true, size: '0.5' },
      clientCertificateId: 'cert1a2b3c',
      tags: { team: 'library' },
    });
  });

  test.each([
    { path: '*/*', entry: { method: '*', path: '/*' } },
    { path: 'books/GET', entry: { method: 'GET', path: '/books' } },
    { path: '~1books~1{id}/get', entry: { method: 'GET', path: '/books/{id}' } },
    { path: 'books~1{id}/GET', entry: { method: 'GET', path: '/books/{id}' } },
    { path: '/GET', entry: { method: 'GET', path: '/' } },
    { path: '~1/GET', entry: { method: 'GET', path: '/' } },
    {
      path: 'books/{id}/GET',
      entry: { method: 'GET', path: '/books/{id}' },
      codes: ['METHOD_PATH'] as FindingCode[],
    },
  ])('the method path $path', async ({ path, entry, codes = [] }) => {
    const text = `${STAGE('')}resource "aws_api_gateway_method_settings" "m" {\n  rest_api_id = aws_api_gateway_rest_api.api.id\n  stage_name = aws_api_gateway_stage.s.stage_name\n  method_path = "${path}"\n  settings {\n    metrics_enabled = true\n    throttling_rate_limit = -1\n    throttling_burst_limit = -1\n  }\n}\n`;
    const found = await specs(text);
    expect(found.specs['Stage books-v1']?.methodSettings).toEqual([
      { ...entry, metricsEnabled: true },
    ]);
    expect(found.codes).toEqual(codes);
  });

  test('the stage of a deployment, and none where the deployment names none', async () => {
    const of = (name: string) =>
      `${API}resource "aws_api_gateway_deployment" "d" {\n  rest_api_id = aws_api_gateway_rest_api.api.id\n  ${name}\n  variables = { port = "1", redeploy = md5(file("api.tf")) }\n}\n`;
    const found = await specs(of('stage_name = "v1"'));
    expect(found.specs).toEqual({
      'Stage books-v1': { restApi: { name: 'books' }, stageName: 'v1', variables: { port: '1' } },
    });
    expect(found.codes).toEqual(['REDEPLOY_VARIABLE', 'STAGE_OF_DEPLOYMENT']);
    expect((await specs(of(''))).specs).toEqual({});
  });

  test('a deployment that names the stage of another resource is pointed out', async () => {
    const text = `${STAGE('')}resource "aws_api_gateway_deployment" "d" {\n  rest_api_id = aws_api_gateway_rest_api.api.id\n  stage_name = "v1"\n  variables = { port = "1" }\n}\n`;
    const found = await specs(text);
    expect(found.codes).toEqual(['NOT_TRANSLATED']);
    expect(found.specs['Stage books-v1']?.variables).toBeUndefined();
  });

  test('what has no place in a document is named', async () => {
    const { codes } = await specs(
      STAGE('  documentation_version = "1"\n  canary_settings {\n    percent_traffic = 10\n  }'),
    );
    expect(codes).toEqual(['NOT_TRANSLATED']);
  });
});

describe('plans', () => {
  const STAGES = 'api_stages {\n api_id = "abcdef1234"\n stage = "v1"\n}\n';

  test.each<{ reason: string; settings: string; spec: object; codes?: readonly FindingCode[] }>([
    {
      reason: 'both limits',
      settings: 'throttle_settings {\n rate_limit = 1.5\n burst_limit = 3\n}',
      spec: { throttle: { rateLimit: 1.5, burstLimit: 3 } },
    },
    { reason: 'none', settings: '', spec: {} },
    { reason: 'an empty block', settings: 'throttle_settings {}', spec: {} },
    {
      reason: 'half a limit',
      settings: 'throttle_settings {\n rate_limit = 5\n}',
      spec: {},
      codes: ['LIMIT_HALF'],
    },
    {
      reason: 'a zero',
      settings: 'throttle_settings {\n rate_limit = 5\n burst_limit = 0\n}',
      spec: { throttle: { rateLimit: 5, burstLimit: 0 } },
      codes: ['LIMIT_ZERO'],
    },
    {
      reason: 'a quota',
      settings: 'quota_settings {\n limit = 9\n period = "WEEK"\n offset = 2\n}',
      spec: { quota: { limit: 9, period: 'WEEK', offset: 2 } },
    },
    {
      reason: 'a quota of 0',
      settings: 'quota_settings {\n limit = 0\n period = "DAY"\n}',
      spec: { quota: { limit: 0, period: 'DAY' } },
      codes: ['LIMIT_ZERO'],
    },
    {
      reason: 'an offset that the service refuses',
      settings: 'quota_settings {\n limit = 9\n period = "DAY"\n offset = 2\n}',
      spec: {},
      codes: ['NOT_ALLOWED'],
    },
  ])('$reason', async ({ settings, spec, codes = [] }) => {
    const found = await specs(PLAN(`${STAGES}${settings}`));
    const { stages, membership, ...rest } = found.specs['UsagePlan p'] ?? {};
    expect(stages).toEqual([{ restApi: { id: 'abcdef1234' }, stageName: 'v1' }]);
    expect(membership).toBe('additive');
    if (codes[0] !== 'NOT_ALLOWED') expect(rest).toEqual(spec);
    expect(found.codes).toEqual([...codes, 'PLAN_WITHOUT_KEY'].toSorted());
  });

  test('dynamic blocks of a known list are written out', async () => {
    const dynamic =
      'dynamic "api_stages" {\n for_each = ["a", "b"]\n iterator = it\n content {\n api_id = "abcdef1234"\n stage = it.value\n}\n}';
    const found = await specs(PLAN(dynamic));
    expect(found.specs['UsagePlan p']?.stages).toEqual(
      ['a', 'b'].map((stageName) => ({ restApi: { id: 'abcdef1234' }, stageName })),
    );
  });

  test('a key of another stack is a member by its id, and one that is not known is named', async () => {
    const member = (name: string, key: string) =>
      `resource "aws_api_gateway_usage_plan_key" "${name}" {\n  key_id = ${key}\n  key_type = "API_KEY"\n  usage_plan_id = aws_api_gateway_usage_plan.p.id\n}\n`;
    const found = await specs(
      `${PLAN(STAGES)}${member('a', '"keyforeign"')}${member('b', 'data.aws_api_gateway_api_key.x.id')}`,
    );
    expect(found.specs['UsagePlan p']?.keys).toEqual([{ id: 'keyforeign' }]);
    expect(found.codes).toEqual(['UNRESOLVED']);
  });
});

describe('values', () => {
  const CANARY = 'canary-value-of-a-key-0001';

  test.each<{
    reason: string;
    files: Readonly<Record<string, string>>;
    variables?: Record<string, string>;
    code: FindingCode;
  }>([
    {
      reason: 'written',
      files: { 'main.tf': KEY(`name = "a"\nvalue = "${CANARY}"`) },
      code: 'VALUE_IN_SOURCE',
    },
    {
      reason: 'written in a local value',
      files: { 'main.tf': `locals {\n v = "${CANARY}"\n}\n${KEY('name = "a"\nvalue = local.v')}` },
      code: 'VALUE_IN_SOURCE',
    },
    {
      reason: 'the default of a sensitive variable',
      files: {
        'main.tf': `variable "v" {\n default = "${CANARY}"\n sensitive = true\n}\n${KEY('name = "a"\nvalue = var.v')}`,
      },
      code: 'VALUE_IN_SOURCE',
    },
    {
      reason: 'in a tfvars file',
      files: {
        'main.tf': `variable "v" {}\n${KEY('name = "a"\nvalue = var.v')}`,
        'terraform.tfvars': `v = "${CANARY}"\n`,
      },
      code: 'VALUE_IN_SOURCE',
    },
    {
      reason: 'given on the command line',
      files: { 'main.tf': `variable "v" {}\n${KEY('name = "a"\nvalue = var.v')}` },
      variables: { v: CANARY },
      code: 'VALUE_IN_SOURCE',
    },
    {
      reason: 'a member of for_each',
      files: {
        'main.tf': KEY(`for_each = { a = "${CANARY}" }\nname = each.key\nvalue = each.value`),
      },
      code: 'VALUE_IN_SOURCE',
    },
    {
      reason: 'the key of for_each, so in every address',
      files: { 'main.tf': KEY(`for_each = toset(["${CANARY}"])\nname = "a"\nvalue = each.key`) },
      code: 'VALUE_IN_SOURCE',
    },
    {
      reason: 'the name as well',
      files: { 'main.tf': KEY(`name = "${CANARY}"\nvalue = "${CANARY}"`) },
      code: 'KEY_WITHOUT_NAME',
    },
    {
      reason: 'within other text',
      files: {
        'main.tf': KEY(
          `name = "a"\ndescription = "is ${CANARY}"\ntags = { v = "${CANARY}" }\nvalue = "${CANARY}"`,
        ),
      },
      code: 'VALUE_IN_SOURCE',
    },
    {
      reason: 'made by a function',
      files: { 'main.tf': KEY(`name = "a"\nvalue = sha256("${CANARY}")`) },
      code: 'VALUE_FROM_SECRET',
    },
    {
      reason: 'of a secret store',
      files: {
        'main.tf': KEY(
          'name = "a"\nvalue = data.aws_secretsmanager_secret_version.s.secret_string',
        ),
      },
      code: 'VALUE_FROM_SECRET',
    },
    {
      reason: 'random',
      files: { 'main.tf': KEY('name = "a"\nvalue = random_password.r.result') },
      code: 'VALUE_FROM_SECRET',
    },
    {
      reason: 'where the file is broken',
      files: { 'main.tf': KEY(`name = "a"\nvalue = "${CANARY}`) },
      code: 'UNREADABLE',
    },
    {
      reason: 'in a broken expression',
      files: { 'main.tf': KEY(`name = "a"\nvalue = ["${CANARY}"`) },
      code: 'UNREADABLE',
    },
    {
      reason: 'in broken JSON',
      files: {
        'main.tf.json': `{"resource":{"aws_api_gateway_api_key":{"k":{"value":"${CANARY}" oops`,
      },
      code: 'UNREADABLE',
    },
    {
      reason: "in Terraform's JSON form",
      files: {
        'main.tf.json': JSON.stringify({
          resource: { aws_api_gateway_api_key: { k: { name: 'a', value: CANARY } } },
        }),
      },
      code: 'VALUE_IN_SOURCE',
    },
  ])('$reason', async ({ files, variables = {}, code }) => {
    const imported = await terraform(files, variables);
    expect(everything(imported).toLowerCase()).not.toContain('canary');
    expect(codesOf(imported)).toContain(code);
    for (const { spec } of imported.documents) expect(spec).not.toHaveProperty('value');
  });
});

describe('changes that Terraform ignores', () => {
  const IGNORING = (what: string) =>
    STAGE(
      `description = "d"\ndeployment_id = "x"\nvariables = { a = "1" }\nlifecycle {\n  ignore_changes = ${what}\n}`,
    );

  test.each<{ what: string; fields: readonly string[]; codes: readonly FindingCode[] }>([
    { what: '[deployment_id]', fields: ['deployment', 'variables', 'description'], codes: [] },
    { what: '[variables, tags]', fields: ['deployment', 'description'], codes: ['UNRESOLVED'] },
    { what: '["variables"]', fields: ['deployment', 'description'], codes: ['UNRESOLVED'] },
    { what: 'all', fields: ['deployment'], codes: ['UNRESOLVED'] },
  ])('$what', async ({ what, fields, codes }) => {
    const found = await specs(IGNORING(what));
    expect(Object.keys(found.specs['Stage books-v1'] ?? {})).toEqual([
      'restApi',
      'stageName',
      ...fields,
    ]);
    expect(found.codes).toEqual(codes);
  });
});

test('a dynamic block that Terraform ignores changes of', async () => {
  const text = PLAN(
    'dynamic "api_stages" {\n for_each = ["a"]\n content {\n api_id = "abcdef1234"\n stage = "a"\n}\n}\nlifecycle {\n  ignore_changes = [api_stages]\n}',
  );
  const found = await specs(text);
  expect(found.specs).toEqual({ 'UsagePlan p': {} });
  expect(found.codes).toContain('UNRESOLVED');
});

describe('what is refused or pointed out', () => {
  test.each<{ reason: string; text: string; codes: readonly FindingCode[] }>([
    {
      reason: 'Terraform 0.11',
      text: `terraform {\n  required_version = "~> 0.11.7"\n}\n${STAGE('')}`,
      codes: ['OLD_TERRAFORM'],
    },
    {
      reason: 'a later version',
      text: `terraform {\n  required_version = ">= 1.10.11"\n}\n${STAGE('')}`,
      codes: [],
    },
    {
      reason: 'a map as a block, as 0.11 had it',
      text: STAGE('variables {\n  port = "1"\n}'),
      codes: [],
    },
    {
      reason: 'a comment',
      text: `${STAGE('')}/*\n${KEY('name = "a"')}*/\n`,
      codes: ['COMMENTED_OUT'],
    },
    {
      reason: 'marks of comments in texts',
      text: `${STAGE('description = "https://x/*"')}`,
      codes: [],
    },
    {
      reason: 'a plan of another file',
      text: 'resource "aws_api_gateway_usage_plan_key" "m" {\n  key_id = "keya"\n  usage_plan_id = "plana"\n}\n',
      codes: ['NOT_TRANSLATED'],
    },
    { reason: 'nothing', text: 'resource "aws_s3_bucket" "b" {}\n', codes: ['NOTHING_FOUND'] },
  ])('$reason', async ({ text, codes }) => {
    expect((await specs(text)).codes).toEqual(codes);
  });

  test.each<{ reason: string; file: string; text: string; code: FindingCode }>([
    {
      reason: 'a plan as Terraform keeps it',
      file: 'tfplan',
      text: 'PK\u0003\u0004…',
      code: 'UNSUPPORTED_SOURCE',
    },
    {
      reason: 'state of version 3',
      file: 'old.tfstate',
      text: '{ "version": 3, "terraform_version": "0.11.14", "modules": [] }',
      code: 'UNSUPPORTED_SOURCE',
    },
    {
      reason: 'other JSON',
      file: 'package.json',
      text: '{ "name": "x" }',
      code: 'UNSUPPORTED_SOURCE',
    },
    {
      reason: 'broken JSON',
      file: 'x.tfstate',
      text: '{ "version": 4, "resources": [ { "value": "canary" oops',
      code: 'UNREADABLE',
    },
    {
      reason: 'what terraform show prints for people',
      file: 'show.txt',
      text: 'resource "aws_api_gateway_api_key" "a" {\n  value = (sensitive value)\n}\n',
      code: 'UNREADABLE',
    },
  ])('$reason', async ({ file, text, code }) => {
    const imported = await terraformFile(file, text);
    expect(codesOf(imported)).toEqual([code]);
    expect(everything(imported)).not.toContain('canary');
  });

  test('a directory without a file of Terraform', async () => {
    expect(codesOf(await terraform({}))).toEqual(['UNREADABLE']);
  });
});
