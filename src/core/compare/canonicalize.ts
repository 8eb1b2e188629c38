/** From a manifest's spec to the canonical form in which it is compared with what is live. */

import type { FieldRule, Rules } from '../model/field-rules.ts';
import { isMap, type JsonMap, mergeJson } from '../model/json.ts';
import { ALL_METHODS, type Desired, type Json, type Spec } from '../model/model.ts';

/** What a reference leads to. `pending`: the identity of an object that this plan is going to create. */
export type Resolution =
  | { readonly key: string; readonly label: string; readonly pending?: string }
  | {
      readonly label: string;
      readonly unresolved: string;
      readonly reason: 'unresolved-reference' | 'dependency';
    };

/** Resolves the entry of a list that refers to another kind. */
export type Resolve = (kind: string, entry: Json) => Resolution;

/** An entry that can't be resolved, and so is left out of the canonical spec. */
export interface Unresolved {
  readonly field: string;
  readonly label: string;
  readonly message: string;
  readonly reason: 'unresolved-reference' | 'dependency';
}

export interface Canonical {
  /** The fields that the manifest names. */
  readonly named: Spec;
  /** How people call the entries of a list: field → key → label. */
  readonly labels: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Entries that refer to what this plan creates: field → key → identity. */
  readonly pending: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly unresolved: readonly Unresolved[];
}

/** The canonical form of what a document names; nothing is filled in but the defaults inside of a value. */
export function canonicalize(rules: Rules, desired: Desired, resolve: Resolve): Canonical {
  const labels = new Map<string, Map<string, string>>();
  const pending = new Map<string, Map<string, string>>();
  const unresolved: Unresolved[] = [];

  function keyOf(field: string, rule: FieldRule, entry: Json): string | undefined {
    if (typeof rule.key !== 'string')
      return (rule.key ?? []).map((name) => (isMap(entry) ? String(entry[name]) : '')).join(' ');
    const found = resolve(rule.key, entry);
    if ('unresolved' in found) {
      unresolved.push({
        field,
        label: found.label,
        message: found.unresolved,
        reason: found.reason,
      });
      return undefined;
    }
    remember(labels, field, found.key, found.label);
    if (found.pending) remember(pending, field, found.key, found.pending);
    return found.key;
  }

  function value(field: string, rule: FieldRule, given: Json): Json {
    if (Array.isArray(given) && rule.key !== undefined) {
      const entries: Record<string, Json> = {};
      for (const entry of given) {
        const key = keyOf(field, rule, entry);
        if (key !== undefined) entries[key] = isMap(entry) ? entryOf(field, rule, entry) : true;
      }
      if (rule.merge !== 'per-key') return entries;
      return given.length === 0 ? null : inherit(entries);
    }
    if (isMap(given) && rule.merge === 'whole') return filled(field, rule, given);
    return given;
  }

  /** What an entry says beyond its key: `true` where that is nothing but being there. */
  function entryOf(field: string, rule: FieldRule, entry: JsonMap): Json {
    const about = Object.fromEntries(
      Object.entries(entry).filter(([name]) => !isKeyPart(rule, name)),
    );
    if (Object.keys(rule.fields).every((name) => isKeyPart(rule, name))) return true;
    return filled(field, rule, about);
  }

  /** A value with the defaults of its parts, where the whole of it is ours; what is compared part by part stays as named. */
  function filled(field: string, rule: FieldRule, given: JsonMap): JsonMap {
    const out: Record<string, Json> = { ...given };
    for (const part of Object.values(rule.fields)) {
      if (isKeyPart(rule, part.name)) continue;
      const said = given[part.name];
      if (said !== undefined) out[part.name] = value(field, part, said);
      else if (rule.merge !== 'per-key' && part.default !== null)
        out[part.name] = value(field, part, part.default);
    }
    return out;
  }

  const named: Record<string, Json> = {};
  for (const rule of Object.values(rules.fields)) {
    const given = desired.spec[rule.name];
    if (given === undefined || rule.role === 'identity' || rule.role === 'policy' || rule.sensitive)
      continue;
    if (rule.role === 'createOnly') {
      if (isMap(given) && typeof given.id === 'string') named[rule.name] = given.id;
    } else named[rule.name] = value(rule.name, rule, given);
  }
  return { named, labels, pending, unresolved };
}

/** The default of a field in canonical form: what it goes back to when it leaves the manifest. */
export function defaultOf(rule: FieldRule, desired: Pick<Desired, 'name'>): Json {
  if (rule.defaultFrom) return desired.name;
  return Array.isArray(rule.default) ? {} : rule.default;
}

function isKeyPart(rule: FieldRule, name: string): boolean {
  if (Array.isArray(rule.key)) return rule.key.includes(name);
  return typeof rule.key === 'string' && ['stage', 'restApi', 'stageName', 'id'].includes(name);
}

function inherit(entries: Record<string, Json>): Record<string, Json> {
  const all = entries[ALL_METHODS];
  if (!isMap(all)) return entries;
  return Object.fromEntries(
    Object.entries(entries).map(([key, entry]) => [
      key,
      key === ALL_METHODS || !isMap(entry) ? entry : mergeJson(all, entry),
    ]),
  );
}

function remember(
  map: Map<string, Map<string, string>>,
  field: string,
  key: string,
  value: string,
): void {
  const inner = map.get(field) ?? new Map<string, string>();
  inner.set(key, value);
  map.set(field, inner);
}
