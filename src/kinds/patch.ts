/** Patch operations, as the service takes them (docs/api-gateway-facts.md#f1). */
import type { PatchOperation } from '@aws-sdk/client-api-gateway';
import { compact } from '../core/model/compact.ts';
import { isMap, isUnset, type JsonMap, jsonEqual, pointer } from '../core/model/json.ts';
import type { Json, Spec } from '../core/model/model.ts';

/** The service takes only texts, and the SDK doesn't make them: numbers and booleans written out, maps as JSON, none as "". */
export function text(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function replace(path: readonly string[], value: Json | undefined): PatchOperation {
  return { op: 'replace', path: pointer(path), value: text(value) };
}

export function add(path: readonly string[], value: string): PatchOperation {
  return { op: 'add', path: pointer(path), value };
}

export function remove(path: readonly string[], value?: string): PatchOperation {
  return compact({ op: 'remove', path: pointer(path), value });
}

/** Whether `next` says something about a field that `live` isn't: an absent field says nothing. */
export function differs(live: Spec, next: Spec, field: string): boolean {
  return next[field] !== undefined && !jsonEqual(live[field], next[field]);
}

/** Fields that are one text, number or boolean each, and that "" clears. */
export function replaceFields(live: Spec, next: Spec, fields: readonly string[]): PatchOperation[] {
  return fields
    .filter((field) => differs(live, next, field))
    .map((field) => replace([field], next[field]));
}

/** What is sent where none may be left out: undefined for everything that means none. */
export function given<Value extends Json>(
  value: Value | undefined,
): Exclude<Value, null> | undefined {
  return isUnset(value) ? undefined : (value as Exclude<Value, null>);
}

/** A map, empty where there is none. Without a prototype: a variable may well be called `constructor`. */
export function asMap(value: Json | undefined): JsonMap {
  return Object.assign(Object.create(null), isMap(value) ? value : undefined);
}
