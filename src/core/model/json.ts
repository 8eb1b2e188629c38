/** Equality, normal form and paths of JSON values, as the service means them: what is unset, empty or null is none. */
import type { Json } from './model.ts';

export type JsonMap = { readonly [key: string]: Json };

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The keys of a map; none of anything else. */
export function keysOf(value: Json | undefined): string[] {
  return isMap(value) ? Object.keys(value) : [];
}

/** The items of a list; none of anything else. */
export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a value says "none". The service leaves out what is unset, or answers "" or {} (docs/api-gateway-facts.md#f5); 0 and false are values. */
export function isUnset(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isMap(value) && Object.keys(value).length === 0;
}

/** One text per value: keys sorted, everything that means none written `null`. */
export function normalText(value: Json | undefined): string {
  if (isUnset(value)) return 'null';
  if (Array.isArray(value)) return `[${value.map(normalText).join(',')}]`;
  if (!isMap(value)) return JSON.stringify(value);
  const parts = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${normalText(value[key])}`);
  return `{${parts.join(',')}}`;
}

export function jsonEqual(a: Json | undefined, b: Json | undefined): boolean {
  return normalText(a) === normalText(b);
}

/** A JSON pointer (RFC 6901) of the given segments. */
export function pointer(segments: readonly string[]): string {
  return segments
    .map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

/** `object` with the value at `path` set, or taken out where it is undefined. Leaves the original alone. */
export function withValue(
  object: JsonMap,
  path: readonly string[],
  value: Json | undefined,
): JsonMap {
  const [head, ...rest] = path;
  if (head === undefined) return object;
  const copy: Record<string, Json> = { ...object };
  if (rest.length > 0) {
    const inner = copy[head];
    copy[head] = withValue(isMap(inner) ? inner : {}, rest, value);
  } else if (value === undefined) delete copy[head];
  else copy[head] = value;
  return copy;
}

/** `above` laid over `below`: where both have a map, its members one by one. */
export function mergeJson(below: JsonMap, above: JsonMap): JsonMap {
  const out: Record<string, Json> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const base = out[key];
    out[key] = isMap(base) && isMap(value) ? mergeJson(base, value) : value;
  }
  return out;
}

/** Text order that is the same everywhere: by code unit. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
