/** From a live object to the manifest that says what it is: the way back from the canonical form. */

import type { FieldRule, Rules } from '../model/field-rules.ts';
import { compareText, isMap, isUnset, type JsonMap, jsonEqual, mergeJson } from '../model/json.ts';
import { ALL_METHODS, type Json, type Spec } from '../model/model.ts';

/** How a manifest names the entry of a list: of an ApiKey its document or `{ id }`, of a Stage `{ stage }` or `{ restApi, stageName }`. `id`: the AWS id. */
export type ReferenceOf = (kind: string, id: string) => Json;

/**
 * The fields of a live object, as a manifest named `name` says them: adopting the object with it changes nothing. What tells which object it is, and what is
 * apikeeper's own policy, is not among them.
 *
 * | the live value | in the manifest |
 * | --- | --- |
 * | says none, is the default, or is the document's own name | left out, and so left alone |
 * | is `true`, the default or not | written: a key that somebody disables by hand is then seen |
 * | settings of a method | what the settings of all methods don't say already |
 */
export function manifestSpec(
  rules: Rules,
  live: Spec,
  name: string,
  refer: ReferenceOf,
): Record<string, Json> {
  return Object.fromEntries(
    Object.values(rules.fields).flatMap((rule) => {
      const value = live[rule.name];
      if (rule.role !== 'live' || rule.sensitive || isUnset(value) || value === undefined)
        return [];
      if (rule.defaultFrom ? value === name : value !== true && jsonEqual(value, rule.default))
        return [];
      const written = fieldOf(rule, value, refer);
      return isUnset(written) ? [] : [[rule.name, written]];
    }),
  );
}

function fieldOf(rule: FieldRule, value: Json, refer: ReferenceOf): Json {
  if (!isMap(value)) return value;
  if (rule.key === undefined) return rule.merge === 'per-key' ? value : partsOf(rule, value, refer);
  const written = rule.merge === 'per-key' ? withoutInherited(value) : value;
  const entries = Object.entries(written).map(([key, entry]) => entryOf(rule, key, entry, refer));
  return entries.toSorted((a, b) => compareText(orderOf(a), orderOf(b)));
}

/** Names before ids, each by text. */
function orderOf(entry: Json): string {
  return typeof entry === 'string' ? ` ${entry}` : JSON.stringify(entry);
}

/** An entry of a list, with its key and what it says beyond it. */
function entryOf(rule: FieldRule, key: string, entry: Json, refer: ReferenceOf): Json {
  const who = typeof rule.key === 'string' ? refer(rule.key, key) : named(rule.key ?? [], key);
  const about = isMap(entry) ? partsOf(rule, entry, refer) : {};
  return isMap(who) ? { ...who, ...about } : who;
}

/** `GET /residents` as `{ method: GET, path: /residents }`. */
function named([first = '', second = '']: readonly string[], key: string): JsonMap {
  const cut = key.indexOf(' ');
  return { [first]: key.slice(0, cut), [second]: key.slice(cut + 1) };
}

/** The parts of a value without what they are by default; settings of methods have been rid of that already. */
function partsOf(rule: FieldRule, value: JsonMap, refer: ReferenceOf): JsonMap {
  const parts = Object.entries(value).flatMap(([name, part]): [string, Json][] => {
    const own = rule.fields[name];
    if (rule.merge !== 'per-key' && (isUnset(part) || (own && jsonEqual(part, own.default))))
      return [];
    return [[name, own && rule.merge !== 'per-key' ? fieldOf(own, part, refer) : part]];
  });
  return Object.fromEntries(parts);
}

/** What the service has where nobody set anything (docs/api-gateway-facts.md#f12). */
const UNSET: JsonMap = {
  throttle: null,
  metricsEnabled: false,
  logging: { level: 'OFF', dataTrace: false },
  caching: {
    enabled: false,
    ttlInSeconds: 300,
    dataEncrypted: false,
    requireAuthorizationForCacheControl: true,
    unauthorizedCacheControlHeaderStrategy: 'SUCCEED_WITH_RESPONSE_HEADER',
  },
};

/**
 * Settings of methods without what they would have anyway. A manifest's `* /*` is written into every other entry of it that doesn't say otherwise, so an
 * entry must say where it differs from that, be it a default.
 */
function withoutInherited(settings: JsonMap): JsonMap {
  const all = beyond(settings[ALL_METHODS], UNSET);
  const base = mergeJson(UNSET, all);
  const entries = Object.entries(settings).flatMap(([key, entry]): [string, Json][] => {
    const own = key === ALL_METHODS ? all : beyond(entry, base);
    if (Object.keys(own).length > 0) return [[key, own]];
    // Being there is all that it says; an entry needs at least one setting.
    return key === ALL_METHODS || !isMap(entry) || entry.metricsEnabled === undefined
      ? []
      : [[key, { metricsEnabled: entry.metricsEnabled }]];
  });
  return Object.fromEntries(entries);
}

/** The leaves of `value` that `base` doesn't say. One that is null where the base has none says nothing. */
function beyond(value: Json | undefined, base: JsonMap): JsonMap {
  if (!isMap(value)) return {};
  const leaves = Object.entries(value).flatMap(([name, leaf]): [string, Json][] => {
    const below = base[name];
    if (jsonEqual(leaf, below) || (isUnset(leaf) && name !== 'throttle')) return [];
    if (name === 'throttle' || !isMap(leaf) || !isMap(below)) return [[name, leaf]];
    const inner = beyond(leaf, below);
    return Object.keys(inner).length > 0 ? [[name, inner]] : [];
  });
  return Object.fromEntries(leaves);
}
