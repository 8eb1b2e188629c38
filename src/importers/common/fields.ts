/** Reading the fields of what a source declares: each by the type that it should have, and each failure a finding with its place. */

import { isMap, type JsonMap } from '../../core/model/json.ts';
import type { Json } from '../../core/model/model.ts';
import { numberOf } from './limits.ts';
import { type Finding, type FindingCode, finding, type Position } from './model.ts';
import type { Path, Source } from './source.ts';
import { isNeverRead, isUnresolved, targetOf, unresolvedIn } from './unresolved.ts';

/** A mapping of the source, whose expressions were resolved as far as they can be. */
export interface Fields {
  /** `the ApiKey UsersKey`: begins messages. */
  readonly what: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly at: (...path: Path) => Position;
  /** A value that is resolved throughout; undefined where it is absent, and, with a finding, where it is not resolved. */
  readonly known: (name: string) => unknown;
  readonly text: (name: string) => string | undefined;
  readonly boolean: (name: string) => boolean | undefined;
  readonly number: (name: string) => number | undefined;
  readonly map: (name: string) => JsonMap | undefined;
  /** A mapping further in. */
  readonly within: (value: unknown, ...path: Path) => Fields;
  readonly report: (code: FindingCode, message: string, ...path: Path) => void;
}

/** The fields of a mapping at `path`. What is no mapping has no fields. `address`: of the resource that they are of. */
export function createFields(
  source: Source,
  path: Path,
  value: unknown,
  what: string,
  address: string,
  findings: Finding[],
): Fields {
  const values = isRecord(value) ? value : {};
  const at = (...rest: Path): Position => ({ ...source.at([...path, ...rest]), address });
  const report: Fields['report'] = (code, message, ...rest) => {
    findings.push(finding(code, at(...rest), `${what}: ${message}`));
  };
  const known = (name: string) => {
    const field = values[name];
    const missing = unresolvedIn(field);
    if (missing.length === 0) return field ?? undefined;
    report('UNRESOLVED', `${name} is left out; ${missing.join('; ')}`, name);
    return undefined;
  };
  const typed = <T>(
    name: string,
    read: (value: unknown) => T | undefined,
    wanted: string,
  ): T | undefined => {
    const field = known(name);
    if (field === undefined) return undefined;
    const result = read(field);
    if (result === undefined)
      report('NOT_ALLOWED', `${name} is left out, since it is no ${wanted}`, name);
    return result;
  };
  return {
    what,
    values,
    at,
    known,
    report,
    within: (inner, ...rest) =>
      createFields(source, [...path, ...rest], inner, what, address, findings),
    text: (name) => typed(name, textOf, 'text'),
    boolean: (name) => typed(name, booleanOf, 'true or false'),
    number: (name) => typed(name, numberOf, 'number'),
    map: (name) =>
      typed(name, (field) => (isRecord(field) ? (field as JsonMap) : undefined), 'mapping'),
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return isMap(value as never) && !isUnresolved(value);
}

/** Numbers and truth values stand for the text that they are written as; a resource for its id, where that was given. */
export function textOf(value: unknown): string | undefined {
  const id = targetOf(value)?.id;
  if (id !== undefined) return id;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

const TRUE = new Set(['true', 'yes', 'on']);
const FALSE = new Set(['false', 'no', 'off']);

/** As YAML 1.1 knows them, which CloudFormation reads. */
export function booleanOf(value: unknown): boolean | undefined {
  const word = String(value).toLowerCase();
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : undefined;
}

/** A spec's fields, without those that the source doesn't have. */
export function defined(fields: Readonly<Record<string, Json | undefined>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );
}

/** The fields of a spec whose values the source marks as secret. `names`: what the source calls the fields. */
export function withheldIn(
  { values }: Fields,
  names: Readonly<Record<string, string>>,
): { readonly withheld?: readonly string[] } {
  const withheld = Object.entries(names).flatMap(([field, name]) => {
    const value = onlyOne(values[name]);
    if (!isRecord(value)) return isNeverRead(value) ? [field] : [];
    return Object.keys(value).flatMap((key) =>
      isNeverRead(value[key]) ? [`${field}/${key}`] : [],
    );
  });
  return withheld.length > 0 ? { withheld } : {};
}

/** Terraform has a block as a list of one. */
function onlyOne(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

/** A list of `{ Key, Value }` as a mapping; AWS's own tags are nobody's to write. */
export function tagsOf(fields: Fields): Json | undefined {
  const list = fields.known('Tags');
  if (!Array.isArray(list)) return undefined;
  const tags = list.flatMap((tag: unknown) =>
    isRecord(tag) ? [[String(tag.Key), textOf(tag.Value) ?? ''] as const] : [],
  );
  return Object.fromEntries(tags.filter(([key]) => !key.startsWith('aws:')));
}
