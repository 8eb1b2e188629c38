/** One document against the schema of its kind, in words that a person can act on. */

import type { ErrorObject } from 'ajv/dist/2020.js';
import { isMap } from '../core/model/json.ts';
import { escapeSegment, segmentsOf } from './problem.ts';
import {
  API_VERSION,
  type FieldSchema,
  fieldSchema,
  KINDS,
  resolve,
  schemaErrors,
} from './schemas.ts';
import { didYouMean, suggest } from './suggest.ts';

/** What is wrong, and where in the document. */
export interface Finding {
  /** A JSON pointer into the document. */
  readonly path: string;
  readonly message: string;
  /** The field's name is wrong, and not its value. */
  readonly atKey?: boolean;
}

/** How a plain value stands in the file, where that is known: YAML reads `012` as 12. */
export type TextOf = (pointer: string) => string | undefined;

/** One finding per mistake; none where the document is valid. The value of a sensitive field is in no message. */
export function validate(document: unknown, textOf: TextOf): readonly Finding[] {
  if (!isMap(document)) {
    return [
      {
        path: '',
        message: `a document is ${typeWord(document)}; write a mapping with apiVersion, kind, metadata and spec`,
      },
    ];
  }
  const { apiVersion, kind } = document;
  if (apiVersion !== undefined && apiVersion !== API_VERSION) return [wrongVersion(apiVersion)];
  if (typeof kind !== 'string' || !KINDS.includes(kind)) return [wrongKind(kind)];
  return explain(kind, schemaErrors(kind, document), textOf);
}

function wrongVersion(apiVersion: unknown): Finding {
  const near =
    typeof apiVersion === 'string' &&
    (apiVersion.startsWith('apikeeper') || suggest(apiVersion, [API_VERSION]));
  const wayOut = near
    ? `write ${API_VERSION}`
    : `every document here must be ${API_VERSION}; name files of other tools in .apikeeperignore`;
  return { path: '/apiVersion', message: `${show(apiVersion)} is not apikeeper's; ${wayOut}` };
}

function wrongKind(kind: unknown): Finding {
  const allowed = `one of ${KINDS.join(', ')}`;
  if (kind === undefined) return { path: '/kind', message: `missing; write ${allowed}` };
  const meant = typeof kind === 'string' ? didYouMean(kind, KINDS) : '';
  return { path: '/kind', message: `unknown kind ${show(kind)}${meant || `; write ${allowed}`}` };
}

/** Turns the validator's errors into findings. */
function explain(kind: string, errors: readonly ErrorObject[], textOf: TextOf): readonly Finding[] {
  const findings = new Map<string, Finding>();
  const meant = new Set<string>();
  const add = (finding: Finding) => {
    // The first error of a field is the one about its type; what follows from it is no second mistake.
    if (!findings.has(finding.path)) findings.set(finding.path, finding);
  };
  for (const error of errors) {
    if (error.keyword !== 'additionalProperties') continue;
    const name = String(error.params.additionalProperty);
    const known = Object.keys((error.parentSchema as FieldSchema).properties ?? {});
    const word = suggest(name, known);
    if (word) meant.add(`${error.instancePath}/${word}`);
    add(unknownField(kind, error, name, word, known));
  }
  for (const error of errors) {
    if (
      error.keyword === 'additionalProperties' ||
      error.keyword === 'if' ||
      error.keyword === 'propertyNames'
    )
      continue;
    if (error.keyword !== 'required') add(wrongValue(kind, error, textOf));
    else if (!meant.has(`${error.instancePath}/${error.params.missingProperty}`))
      add(missingField(error));
  }
  return [...findings.values()];
}

function unknownField(
  kind: string,
  error: ErrorObject,
  name: string,
  word: string | undefined,
  known: readonly string[],
): Finding {
  const allowed = known.length > 0 ? `; allowed are ${known.join(', ')}` : '';
  const wayOut = word ? `; did you mean ${word}?` : allowed;
  // `value: {…}` around a bare key value makes that value a field's name.
  if (isSensitive(kind, error.instancePath) && !word)
    return { path: error.instancePath, message: `unknown field${wayOut}` };
  return {
    path: `${error.instancePath}/${escapeSegment(name)}`,
    message: `unknown field${wayOut}`,
    atKey: true,
  };
}

function missingField(error: ErrorObject): Finding {
  const name = String(error.params.missingProperty);
  const parent = error.parentSchema as FieldSchema;
  if (parent['x-allowed'])
    return { path: error.instancePath, message: `incomplete; write ${parent['x-allowed']}` };
  const field = parent.properties?.[name];
  const path = `${error.instancePath}/${name}`;
  const words =
    typeof field === 'object' ? `${orNothing(path, field)}${allowedWords(field)}` : 'a value';
  return { path, message: `missing; write ${words}` };
}

function wrongValue(kind: string, error: ErrorObject, textOf: TextOf): Finding {
  const schema = error.parentSchema as FieldSchema;
  const allowed = allowedWords(schema);
  if (error.propertyName !== undefined) {
    const path = `${error.instancePath}/${escapeSegment(error.propertyName)}`;
    return { path, message: `not a name that is allowed; write ${allowed}`, atKey: true };
  }
  const path = error.instancePath;
  const sensitive = isSensitive(kind, path);
  if (error.keyword === 'type' && error.data === null && !schema['x-apikeeper']?.sensitive)
    return { path, message: `empty; write ${orNothing(path, schema)}${allowed}` };
  if (error.keyword === 'type')
    return {
      path,
      message: wrongType(error.data, schema, sensitive ? undefined : textOf(path), sensitive),
    };
  if (error.keyword === 'not')
    return { path, message: `one too many; write ${allowed}`, atKey: true };
  const size = sizeWords(error);
  if (size) return { path, message: schema['x-allowed'] ? `${size}; write ${allowed}` : size };
  const meant =
    schema.enum && typeof error.data === 'string' ? didYouMean(error.data, schema.enum) : '';
  return {
    path,
    message: `${sensitive ? 'this' : show(error.data)} is not allowed; write ${allowed}${meant}`,
  };
}

function wrongType(
  value: unknown,
  schema: FieldSchema,
  text: string | undefined,
  sensitive: boolean,
): string {
  const allowed = allowedWords(schema);
  if (schema['x-apikeeper']?.sensitive) {
    return `a key's value is never written in a manifest, since everybody who can read the repository could use it; write where it comes from, { fromEnv: <variable> } or { secretsManager: <name> } for instance, or leave it out and AWS generates one`;
  }
  const types = [schema.type ?? []].flat();
  const written = text ?? show(value);
  if (types.includes('string') && ['number', 'boolean'].includes(typeof value)) {
    return sensitive
      ? `${typeWord(value)}; write ${allowed}`
      : `${written} is ${typeWord(value)}; quote it: "${written}"`;
  }
  if (typeof value === 'number' && types.includes('integer'))
    return `${written} is no whole number; write ${allowed}`;
  if (typeof value === 'string' && types.includes('boolean'))
    return `${show(value)} is text; write true or false, without quotes`;
  const isNumeric =
    typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
  if (isNumeric && (types.includes('number') || types.includes('integer')))
    return `${show(value)} is text; write ${value} without quotes`;
  if (typeof value === 'boolean' && !sensitive)
    return `${written} is not allowed; write ${allowed}`;
  return `${sensitive || isStructure(value) ? '' : `${show(value)} is `}${typeWord(value)}; write ${allowed}`;
}

/** Where a spec may say nothing at all, that is most often what is meant by none. */
function orNothing(path: string, field: FieldSchema): string {
  const { required = [] } = resolve(field);
  return path === '/spec' && required.length === 0 ? 'spec: {}, or ' : '';
}

/** Too many, too few, too long: without the value, which may be long. */
function sizeWords(error: ErrorObject): string | undefined {
  const limit = String(error.params.limit);
  if (error.keyword === 'maxLength')
    return `${String(error.data).length} characters; at most ${limit} are allowed`;
  if (error.keyword === 'minLength')
    return `at least ${limit === '1' ? 'one character is' : `${limit} characters are`} needed`;
  if (error.keyword === 'maxItems')
    return `${(error.data as unknown[]).length} entries; at most ${limit} are allowed`;
  if (error.keyword === 'maxProperties')
    return `${Object.keys(error.data as object).length} entries; at most ${limit} ${limit === '1' ? 'is' : 'are'} allowed`;
  if (error.keyword === 'minProperties') return 'incomplete';
  if (error.keyword === 'uniqueItems')
    return `entries ${error.params.j} and ${error.params.i}, counted from 0, are the same`;
  return undefined;
}

/** What a field takes, in words. */
function allowedWords(field: FieldSchema): string {
  const schema = resolve(field);
  if (schema['x-allowed']) return schema['x-allowed'];
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  const fields = Object.keys(schema.properties ?? {});
  const words = [schema.type ?? []]
    .flat()
    .map((type) =>
      type === 'object' && fields.length > 0
        ? `a mapping with ${fields.join(', ')}`
        : (TYPE_WORDS[type] ?? type),
    );
  return words.join(' or ') || 'something else';
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'a mapping',
  array: 'a list',
  null: 'null',
};

function typeWord(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return (
    { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as 'string'] ??
    typeof value
  );
}

/** A value as a person wrote it, cut where it is long. */
function show(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return typeof value === 'string' ? `"${short}"` : short;
}

/** Whether a pointer leads to a sensitive field, or into one. */
function isSensitive(kind: string, pointer: string): boolean {
  const names = segmentsOf(pointer);
  return names.some(
    (_, index) =>
      fieldSchema(kind, ...names.slice(0, index + 1))?.['x-apikeeper']?.sensitive === true,
  );
}

function isStructure(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
