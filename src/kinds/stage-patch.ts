/** What UpdateStage is sent. Pure. */
import type { PatchOperation } from '@aws-sdk/client-api-gateway';
import { compareText, isMap, isUnset, type JsonMap, jsonEqual } from '../core/model/json.ts';
import type { Json, Spec } from '../core/model/model.ts';
import { readMethodKey, settingKey } from './method-key.ts';
import { asMap, differs, remove, replace, replaceFields, text } from './patch.ts';

/**
 * Turns a stage that is `live` into `next`, in one call.
 * `rawSettings`: the keys of the live method settings as the service spells them; where it isn't given, all are taken to be spelled as we write them.
 */
export function stagePatch(
  live: Spec,
  next: Spec,
  rawSettings: readonly string[] = [],
): PatchOperation[] {
  return [
    ...deploymentPatch(live, next),
    ...replaceFields(live, next, ['description', 'tracingEnabled', 'clientCertificateId']),
    ...variablesPatch(asMap(live.variables), next.variables),
    ...accessLogPatch(live, next),
    ...cacheClusterPatch(asMap(live.cacheCluster), next.cacheCluster),
    ...settingsPatch(live, next, rawSettings),
  ];
}

/** The methods whose settings `next` wants otherwise. `* /*` sorts first, as it must: a new entry starts as a copy of it (docs/api-gateway-facts.md#f12). */
export function changedSettings(live: Spec, next: Spec): string[] {
  if (next.methodSettings === undefined) return [];
  const before = asMap(live.methodSettings);
  const after = asMap(next.methodSettings);
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(compareText);
  return keys.filter(
    (key) =>
      leafChanges(before[key], after[key]).length > 0 ||
      isUnset(before[key]) !== isUnset(after[key]),
  );
}

function deploymentPatch(live: Spec, next: Spec): PatchOperation[] {
  // `latest` is what a missing stage is created from, and nothing to compare.
  if (
    next.deployment === 'latest' ||
    isUnset(next.deployment) ||
    !differs(live, next, 'deployment')
  )
    return [];
  return [replace(['deploymentId'], next.deployment)];
}

/** Variables are replaced also where they are new: `add` isn't supported (docs/api-gateway-facts.md#f11). */
function variablesPatch(live: JsonMap, next: Json | undefined): PatchOperation[] {
  if (next === undefined) return [];
  const wanted = asMap(next);
  const names = [...new Set([...Object.keys(live), ...Object.keys(wanted)])].sort(compareText);
  return names
    .filter((name) => !jsonEqual(live[name], wanted[name]))
    .map((name) =>
      isUnset(wanted[name])
        ? remove(['variables', name])
        : replace(['variables', name], wanted[name]),
    );
}

/** Turned off only as a whole: its parts can't be removed (docs/api-gateway-facts.md#f11). */
function accessLogPatch(live: Spec, next: Spec): PatchOperation[] {
  if (!differs(live, next, 'accessLog')) return [];
  const log = asMap(next.accessLog);
  if (isUnset(log)) return [remove(['accessLogSettings'])];
  return ['destinationArn', 'format'].map((part) =>
    replace(['accessLogSettings', part], log[part]),
  );
}

/** A size means nothing without a cluster. */
function cacheClusterPatch(live: JsonMap, next: Json | undefined): PatchOperation[] {
  if (next === undefined) return [];
  const { enabled = false, size } = asMap(next);
  const turned = enabled !== (live.enabled ?? false);
  return [
    ...(turned ? [replace(['cacheClusterEnabled'], enabled)] : []),
    ...(enabled === true && size !== undefined && (turned || !jsonEqual(size, live.size))
      ? [replace(['cacheClusterSize'], size)]
      : []),
  ];
}

function settingsPatch(live: Spec, next: Spec, rawSettings: readonly string[]): PatchOperation[] {
  const before = asMap(live.methodSettings);
  const after = asMap(next.methodSettings);
  return changedSettings(live, next).flatMap((key) => {
    const otherSpellings = rawSettings.filter(
      (raw) => readMethodKey(raw) === key && raw !== settingKey(key),
    );
    const removals = otherSpellings.map(removeSetting);
    const isThere =
      before[key] !== undefined &&
      (otherSpellings.length === 0 || rawSettings.includes(settingKey(key)));
    if (isUnset(after[key]))
      return [...removals, ...(isThere ? [removeSetting(settingKey(key))] : [])];
    // An entry in another spelling makes room for one in ours, which is written whole, so that what `next` leaves out stays as it was.
    const wanted = isThere ? after[key] : overlaid(asMap(before[key]), asMap(after[key]));
    return [
      ...removals,
      ...leafChanges(isThere ? before[key] : undefined, wanted).map((leaf) =>
        replaceSetting(key, leaf),
      ),
    ];
  });
}

function removeSetting(raw: string): PatchOperation {
  return { op: 'remove', path: `/${raw}` };
}

function replaceSetting(key: string, { suffix, value }: LeafChange): PatchOperation {
  return { op: 'replace', path: `/${settingKey(key)}/${suffix}`, value: text(value) };
}

interface LeafChange {
  readonly suffix: string;
  readonly value: Json;
}

/** The end of the path by which each part of an entry is set (docs/api-gateway-facts.md#f13). `loglevel` really is all lower case. */
const SUFFIXES: readonly (readonly [path: readonly [string, string?], suffix: string])[] = [
  [['metricsEnabled'], 'metrics/enabled'],
  [['logging', 'level'], 'logging/loglevel'],
  [['logging', 'dataTrace'], 'logging/dataTrace'],
  [['caching', 'enabled'], 'caching/enabled'],
  [['caching', 'ttlInSeconds'], 'caching/ttlInSeconds'],
  [['caching', 'dataEncrypted'], 'caching/dataEncrypted'],
  [
    ['caching', 'requireAuthorizationForCacheControl'],
    'caching/requireAuthorizationForCacheControl',
  ],
  [
    ['caching', 'unauthorizedCacheControlHeaderStrategy'],
    'caching/unauthorizedCacheControlHeaderStrategy',
  ],
];

/** The parts that `next` says otherwise than `live`; all that it says, where there is no entry yet. */
function leafChanges(live: Json | undefined, next: Json | undefined): LeafChange[] {
  const before = asMap(live);
  const after = asMap(next);
  const changes = SUFFIXES.flatMap(([path, suffix]) => {
    const value = leaf(after, path);
    return isUnset(value) || jsonEqual(value, leaf(before, path))
      ? []
      : [{ suffix, value: value ?? null }];
  });
  const { throttle } = after;
  if (throttle === undefined || (live !== undefined && jsonEqual(throttle, before.throttle)))
    return changes;
  // -1 says: no limit of its own (docs/api-gateway-facts.md#f13).
  const { rateLimit = -1, burstLimit = -1 } = asMap(throttle);
  return [
    ...changes,
    { suffix: 'throttling/rateLimit', value: rateLimit },
    { suffix: 'throttling/burstLimit', value: burstLimit },
  ];
}

function leaf(entry: JsonMap, [head, rest]: readonly [string, string?]): Json | undefined {
  const value = entry[head];
  return rest === undefined ? value : asMap(value)[rest];
}

/** `below` with what `above` says. */
function overlaid(below: JsonMap, above: JsonMap): JsonMap {
  const entries = Object.entries(above).map(([key, value]): [string, Json] => {
    const under = below[key];
    return [
      key,
      key !== 'throttle' && isMap(under) && isMap(value) ? overlaid(under, value) : value,
    ];
  });
  return { ...below, ...Object.fromEntries(entries) };
}
