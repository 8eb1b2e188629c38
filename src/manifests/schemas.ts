/** The JSON Schemas of the kinds, and their validators: compiled when first used, and once. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import apiKey from '../../schemas/api-key.schema.json' with { type: 'json' };
import common from '../../schemas/common.schema.json' with { type: 'json' };
import consumer from '../../schemas/consumer.schema.json' with { type: 'json' };
import keyRequirement from '../../schemas/key-requirement.schema.json' with { type: 'json' };
import stage from '../../schemas/stage.schema.json' with { type: 'json' };
import target from '../../schemas/target.schema.json' with { type: 'json' };
import usagePlan from '../../schemas/usage-plan.schema.json' with { type: 'json' };
import type { Json } from '../core/model/model.ts';
import { segmentsOf } from './problem.ts';

export const API_VERSION: string = common.$defs.apiVersion.const;

/** As much of a JSON Schema as messages and rules are made of. */
export interface FieldSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly const?: Json;
  readonly pattern?: string;
  readonly default?: Json;
  readonly properties?: Readonly<Record<string, FieldSchema | boolean>>;
  readonly required?: readonly string[];
  readonly items?: FieldSchema;
  /** What is allowed here, in words: where a pattern or a limit alone would tell a person too little. */
  readonly 'x-allowed'?: string;
  readonly 'x-apikeeper'?: { readonly sensitive?: boolean };
}

const SCHEMAS: ReadonlyMap<string, FieldSchema> = new Map(
  [target, apiKey, usagePlan, stage, keyRequirement, consumer].map((schema) => [
    schema.title,
    schema as FieldSchema,
  ]),
);

/** By the name of the file, as references between them say it. */
const FILES: ReadonlyMap<string, object> = new Map(
  [common, ...SCHEMAS.values()].map((schema) => [
    String((schema as { readonly $id?: string }).$id)
      .split('/')
      .at(-1) ?? '',
    schema,
  ]),
);

/** The kinds that a document may have. */
export const KINDS: readonly string[] = [...SCHEMAS.keys()];

/** The schema of a field of a kind, by its names from the root: `fieldSchema('Stage', 'spec', 'stageName')`. */
export function fieldSchema(kind: string, ...names: readonly string[]): FieldSchema | undefined {
  let schema = SCHEMAS.get(kind);
  for (const name of names) {
    const next = schema && resolve(schema).properties?.[name];
    schema = typeof next === 'object' ? next : undefined;
  }
  return schema && resolve(schema);
}

/** A schema with what it refers to, in its own file or another; its own words win. */
export function resolve(schema: FieldSchema): FieldSchema {
  if (schema.$ref === undefined) return schema;
  const [file, pointer = ''] = schema.$ref.split('#');
  // Only the shared shapes refer to one another without naming their file.
  let found: unknown = file ? FILES.get(file) : common;
  for (const name of segmentsOf(pointer))
    found = (found as Readonly<Record<string, unknown>> | undefined)?.[name];
  return { ...(found !== undefined && resolve(found as FieldSchema)), ...schema };
}

const ajv = new Ajv2020({
  strict: true,
  allErrors: true,
  verbose: true,
  keywords: ['x-apikeeper', 'x-allowed'],
});
ajv.addSchema(common);
for (const [kind, schema] of SCHEMAS) ajv.addSchema(schema, kind);

/** What JSON Schema finds wrong with a document of a known kind. */
export function schemaErrors(kind: string, document: unknown): readonly ErrorObject[] {
  const validator = ajv.getSchema(kind);
  if (!validator) throw new Error(`no schema for the kind ${kind}`);
  return validator(document) ? [] : (validator.errors ?? []);
}
