/** The three-way comparison: what differs, and who made the difference. */

import type { FieldRule } from './field-rules.ts';
import { isMap, isUnset, type JsonMap, jsonEqual, normalText, withValue } from './json.ts';
import type { Json, Spec } from './model.ts';
import type { Cause, Difference } from './plan.ts';

/** A short text that differs where values do, such as the beginning of a hash. */
export type Fingerprint = (text: string) => string;

/**
 * What differs in one field.
 *
 * | merge | compared |
 * | --- | --- |
 * | `whole` | the parts that the manifest names, or whether there is a value at all |
 * | `per-key` | the keys that the manifest names; null there says: none; null for the whole: no key at all |
 * | `exact` | every entry: one that is only live is a removal |
 */
export function differences(rule: FieldRule, desired: Json, live: Json | undefined): Difference[] {
  return compare(rule, [], desired, live).map((found) => ({ field: rule.name, ...found }));
}

type Found = Omit<Difference, 'field'>;

function compare(
  rule: FieldRule | undefined,
  keys: readonly string[],
  desired: Json,
  live: Json | undefined,
): Found[] {
  if (rule?.merge === 'exact')
    return compareEntries(rule, keys, isMap(desired) ? desired : {}, isMap(live) ? live : {});
  if (rule?.merge === 'per-key')
    return compareNamed(
      undefined,
      keys,
      isMap(desired) ? desired : allNone(live),
      isMap(live) ? live : {},
    );
  if (isMap(desired) && isMap(live) && !isUnset(desired) && !isUnset(live))
    return compareNamed(rule, keys, desired, live);
  return jsonEqual(desired, live) ? [] : [{ keys, desired, live }];
}

function compareNamed(
  rule: FieldRule | undefined,
  keys: readonly string[],
  desired: JsonMap,
  live: JsonMap,
): Found[] {
  return Object.keys(desired)
    .sort()
    .flatMap((key) => compare(rule?.fields[key], [...keys, key], desired[key] ?? null, live[key]));
}

function allNone(live: Json | undefined): JsonMap {
  return isMap(live) ? Object.fromEntries(Object.keys(live).map((key) => [key, null])) : {};
}

function compareEntries(
  rule: FieldRule,
  keys: readonly string[],
  desired: JsonMap,
  live: JsonMap,
): Found[] {
  const all = [...new Set([...Object.keys(desired), ...Object.keys(live)])].sort();
  return all.flatMap((key): Found[] => {
    const wanted = desired[key];
    const found = live[key];
    if (wanted === undefined || found === undefined)
      return [{ keys: [...keys, key], desired: wanted, live: found }];
    return isMap(wanted) && isMap(found) ? compareNamed(rule, [...keys, key], wanted, found) : [];
  });
}

/** The live spec as it is once the differences are gone. */
export function applied(live: Spec, changes: readonly Difference[]): Spec {
  return changes.reduce<Spec>((spec, { field, keys, desired }) => {
    // A key of a map that is to say none goes; what is below it, or a field as a whole, says null.
    const value = keys.length === 1 && desired === null ? undefined : desired;
    return withValue(spec, [field, ...keys], value);
  }, live);
}

/** What `live` has of the parts that `desired` names: the rest isn't ours. */
function ownView(rule: FieldRule, desired: Json, live: Json | undefined): Json {
  if (rule.merge === 'exact' || !isMap(desired) || !isMap(live)) return live ?? null;
  return restricted(desired, live);
}

function restricted(desired: JsonMap, live: JsonMap): JsonMap {
  const out: Record<string, Json> = {};
  for (const [key, wanted] of Object.entries(desired)) {
    const found = live[key];
    if (found === undefined || isUnset(found)) continue;
    out[key] = isMap(wanted) && isMap(found) ? restricted(wanted, found) : found;
  }
  return out;
}

/** The text of a field's value from which its fingerprint is made. Of a map whose keys are owned one by one, naming none is not the same as wanting none. */
export function fieldText(rule: FieldRule, value: Json): string {
  return rule.merge === 'per-key' && isMap(value) && isUnset(value) ? '{}' : normalText(value);
}

/**
 * Who made a field differ. `written` is the fingerprint of what we last wrote (the tag `applied`), `seen` the value with which this process last saw it in sync.
 *
 * | live is what we wrote | desired is what we wrote | cause |
 * | --- | --- | --- |
 * | yes | no | `git` |
 * | no | yes | `live` |
 * | no | no | `both` |
 * | never written, never seen | | `unknown` |
 *
 * Of a map whose keys are ours one by one, a fingerprint can't tell which of the live keys we wrote: nobody is said to have changed it who wasn't seen to.
 */
export function causeOf(
  rule: FieldRule,
  desired: Json,
  live: Json | undefined,
  lastApplied: { readonly written?: string | undefined; readonly seen?: Json | undefined },
  fingerprint: Fingerprint,
): Cause {
  const view = ownView(rule, desired, live);
  const seen =
    lastApplied.seen === undefined ? undefined : ownView(rule, desired, lastApplied.seen);
  if (lastApplied.written !== undefined) {
    const isWritten = (value: Json) => fingerprint(fieldText(rule, value)) === lastApplied.written;
    if (isWritten(desired)) return 'live';
    if (rule.merge === 'per-key')
      return seen === undefined || jsonEqual(view, seen) ? 'git' : 'both';
    // A part that a commit takes out is still live: then it is the whole of the live value that we wrote.
    return isWritten(view) || isWritten(live ?? null) ? 'git' : 'both';
  }
  if (seen === undefined) return 'unknown';
  if (jsonEqual(view, seen)) return 'git';
  return jsonEqual(desired, seen) ? 'live' : 'both';
}
