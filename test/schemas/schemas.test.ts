import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import apiKey from '../../schemas/api-key.schema.json' with { type: 'json' };
import all from '../../schemas/apikeeper.schema.json' with { type: 'json' };
import common from '../../schemas/common.schema.json' with { type: 'json' };
import consumer from '../../schemas/consumer.schema.json' with { type: 'json' };
import keyRequirement from '../../schemas/key-requirement.schema.json' with { type: 'json' };
import stage from '../../schemas/stage.schema.json' with { type: 'json' };
import target from '../../schemas/target.schema.json' with { type: 'json' };
import usagePlan from '../../schemas/usage-plan.schema.json' with { type: 'json' };
import { type Rules, readRules } from '../../src/core/model/field-rules.ts';

interface Node {
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Node | boolean>>;
  readonly items?: Node;
  readonly then?: Node;
  readonly else?: Node;
  readonly 'x-apikeeper'?: Readonly<Record<string, unknown>>;
}

const KINDS = [
  target,
  apiKey,
  usagePlan,
  stage,
  keyRequirement,
  consumer,
] as readonly object[] as readonly Node[];
const MARKS: Readonly<Record<string, readonly unknown[]>> = {
  role: ['identity', 'policy', 'createOnly'],
  merge: ['per-key', 'exact'],
  immutable: [true],
  sensitive: [true],
  defaultFrom: ['metadata.name'],
};

const ajv = new Ajv2020({
  strict: true,
  allErrors: true,
  discriminator: true,
  keywords: ['x-apikeeper', 'x-allowed'],
});
ajv.addSchema([common, target, apiKey, usagePlan, stage, keyRequirement, consumer, all]);

function resolve(node: Node): Node {
  if (!node.$ref) return node;
  const [file, pointer = ''] = node.$ref.split('#/');
  let found: unknown = [common, ...KINDS].find(({ $id }) =>
    $id?.endsWith(`/${file || 'common.schema.json'}`),
  );
  for (const name of pointer.split('/')) found = (found as Record<string, unknown>)[name];
  return { ...resolve(found as Node), ...node };
}

/** Every field at or below a node, with its path. */
function fieldsOf(node: Node, path: string): { path: string; field: Node; own: Node }[] {
  const { properties, items } = resolve(node);
  const own = Object.entries(properties ?? {}).flatMap(([name, field]) => {
    if (typeof field === 'boolean') return [];
    return [
      { path: `${path}.${name}`, field: resolve(field), own: field },
      ...fieldsOf(field, `${path}.${name}`),
    ];
  });
  const parts = items ? fieldsOf(items, `${path}[]`) : [];
  const branches = [node.then, node.else].filter((branch) => branch?.type === 'object');
  return [
    ...own,
    ...parts,
    ...branches.flatMap((branch) => (branch ? fieldsOf(branch, path) : [])),
  ];
}

function specFields(kind: Node) {
  return fieldsOf(kind.properties?.spec as Node, 'spec');
}

test('all schemas compile under strict mode, the union included', () => {
  for (const { $id } of [target, apiKey, usagePlan, stage, keyRequirement, consumer, all])
    expect(ajv.getSchema($id), $id).toBeTypeOf('function');
});

test('the union tells its kinds apart, and knows all of them', () => {
  const validate = ajv.getSchema(all.$id);
  const key = {
    apiVersion: 'apikeeper.dev/v1',
    kind: 'ApiKey',
    metadata: { name: 'acme' },
    spec: {},
  };
  expect(validate?.(key)).toBe(true);
  expect(validate?.({ ...key, kind: 'Stage' })).toBe(false);
  expect(all.properties.kind.enum).toEqual(KINDS.map(({ title }) => title));
});

describe.each(KINDS)('$title', (kind) => {
  test('describes itself and every field', () => {
    expect(kind.description).toBeTruthy();
    for (const { path, field } of specFields(kind)) expect(field.description, path).toBeTruthy();
  });

  test('gives two different examples for every field, and every one is valid', () => {
    for (const { path, field, own } of specFields(kind)) {
      const { examples = [] } = field;
      expect(
        new Set(examples.map((example) => JSON.stringify(example))).size,
        path,
      ).toBeGreaterThanOrEqual(2);
      expect(examples[0], `${path}: the first example is a change`).not.toEqual(field.default);
      // Of two values that there are, one is the default.
      const isBinary = field.type === 'boolean' || field.enum?.length === 2;
      if (!isBinary && own['x-apikeeper']?.role !== 'policy')
        expect(examples, path).not.toContainEqual(field.default);
      const isValid = compile(own);
      for (const example of examples)
        expect(isValid(example), `${path}: ${JSON.stringify(example)}`).toBe(true);
    }
  });

  test('has defaults that are valid', () => {
    for (const { path, field, own } of specFields(kind)) {
      if (field.default !== undefined) expect(compile(own)(field.default), path).toBe(true);
    }
  });

  test('carries only marks that the rules know', () => {
    const kinds = KINDS.map(({ title }) => title);
    for (const { path, own } of specFields(kind)) {
      for (const [mark, value] of Object.entries(own['x-apikeeper'] ?? {})) {
        if (mark !== 'key') expect(MARKS[mark], `${path}: ${mark}`).toContain(value);
        else if (typeof value === 'string') expect(kinds, path).toContain(value);
        else
          for (const part of value as string[])
            expect(resolve(own).items?.properties, path).toHaveProperty(part);
      }
    }
  });
});

/** A part of a schema as one of its own; references stay what they are. */
function compile(node: Node) {
  const at = (_: string, file = 'common.schema.json') =>
    `"${common.$id.replace('common.schema.json', file)}#/`;
  const absolute = JSON.parse(
    JSON.stringify(node).replaceAll(/"([a-z-]+\.schema\.json)?#\//g, at),
  ) as object;
  return ajv.compile(absolute);
}

describe('the rules that the planner reads', () => {
  const names = (rules: Rules, choose: (field: Rules['fields'][string]) => boolean) =>
    Object.values(rules.fields)
      .filter(choose)
      .map(({ name }) => name);

  test.each([
    {
      schema: apiKey,
      identity: [],
      policy: ['deletionPolicy'],
      birth: ['value'],
      perKey: ['tags'],
      exact: [],
      named: ['name'],
    },
    {
      schema: usagePlan,
      identity: [],
      policy: ['membership', 'deletionPolicy'],
      birth: [],
      perKey: ['tags'],
      exact: ['stages', 'keys'],
      named: ['name'],
    },
    {
      schema: stage,
      identity: ['restApi', 'stageName'],
      policy: ['deletionPolicy'],
      birth: ['deployment'],
      perKey: ['variables', 'methodSettings', 'tags'],
      exact: [],
      named: ['stageName'],
    },
    {
      schema: keyRequirement,
      identity: ['restApi'],
      policy: ['apiKeyRequired', 'redeploy'],
      birth: [],
      perKey: ['methods'],
      exact: [],
      named: [],
    },
  ])('$schema.title', ({ schema, identity, policy, birth, perKey, exact, named }) => {
    const rules = readRules(schema);
    expect(names(rules, ({ role }) => role === 'identity')).toEqual(identity);
    expect(names(rules, ({ role }) => role === 'policy')).toEqual(policy);
    expect(names(rules, ({ role }) => role === 'createOnly')).toEqual(birth);
    expect(names(rules, ({ merge }) => merge === 'per-key')).toEqual(perKey);
    expect(names(rules, ({ merge }) => merge === 'exact')).toEqual(exact);
    expect(names(rules, ({ defaultFrom }) => defaultFrom === 'metadata.name')).toEqual(named);
    expect(names(rules, ({ sensitive }) => sensitive)).toEqual(schema === apiKey ? ['value'] : []);
  });

  test('every live field has a default to go back to', () => {
    for (const schema of KINDS.filter(({ title }) => title !== 'Target')) {
      for (const [name, field] of Object.entries(
        resolve(schema.properties?.spec as Node).properties ?? {},
      )) {
        if (
          typeof field === 'boolean' ||
          field['x-apikeeper']?.role ||
          field['x-apikeeper']?.defaultFrom
        )
          continue;
        expect(field, `${schema.title}.${name}`).toHaveProperty('default');
      }
    }
  });
});
