/** What UpdateUsagePlan is sent. Pure. */
import type { PatchOperation, ThrottleSettings } from '@aws-sdk/client-api-gateway';
import { compareText, isMap, isUnset, type JsonMap, jsonEqual } from '../core/model/json.ts';
import type { Json, Spec } from '../core/model/model.ts';
import { throttleKey } from './method-key.ts';
import { add, asMap, differs, remove, replace, replaceFields } from './patch.ts';

/**
 * Turns a plan that is `live` into `next`, in one call: UpdateUsagePlan is allowed once in 20 s (docs/api-gateway-facts.md#f21).
 * Operations apply in order, and method throttles are refused without a plan throttle (docs/api-gateway-facts.md#f7): it comes before them, and goes after them.
 * What stays is never removed and added again: that would cut its consumers off in between.
 */
export function usagePlanPatch(live: Spec, next: Spec): PatchOperation[] {
  const throttleGoes = differs(live, next, 'throttle') && isUnset(next.throttle);
  return [
    ...replaceFields(live, next, ['name', 'description', 'productCode']),
    ...(throttleGoes ? [] : replaceWhole(live, next, 'throttle', ['rateLimit', 'burstLimit'])),
    ...replaceWhole(live, next, 'quota', ['limit', 'period', 'offset']),
    ...stagesPatch(asMap(live.stages), next.stages),
    ...(throttleGoes ? [remove(['throttle'])] : []),
  ];
}

/** Takes a plan out of all its stages: a plan that is in one can't be deleted. */
export function detachStages(live: Spec): PatchOperation[] {
  return stagesPatch(asMap(live.stages), {});
}

/** A plan's method throttles as the service writes them. */
export function throttleMap(methodThrottles: Json | undefined): Record<string, ThrottleSettings> {
  return Object.fromEntries(
    Object.entries(asMap(methodThrottles)).map(([key, limits]) => [
      throttleKey(key),
      limits as ThrottleSettings,
    ]),
  );
}

/** Fields that belong together are sent together: what the service makes of one alone is not known (docs/api-gateway-facts.md#f8). */
function replaceWhole(
  live: Spec,
  next: Spec,
  field: string,
  parts: readonly string[],
): PatchOperation[] {
  if (!differs(live, next, field)) return [];
  const value = next[field];
  if (!isMap(value) || isUnset(value)) return [remove([field])];
  return parts
    .filter((part) => value[part] !== undefined)
    .map((part) => replace([field, part], value[part]));
}

/** The stage stands in the value, not in the path (boto3#2629); removing it takes its throttles along. */
function stagesPatch(live: JsonMap, next: Json | undefined): PatchOperation[] {
  if (next === undefined) return [];
  const wanted = asMap(next);
  const keys = (map: JsonMap) => Object.keys(map).sort(compareText);
  const gone = keys(live).filter((key) => wanted[key] === undefined);
  const added = keys(wanted).filter((key) => live[key] === undefined);
  return [
    ...gone.map((key) => remove(['apiStages'], key)),
    ...added.map((key) => add(['apiStages'], key)),
    ...keys(wanted).flatMap((key) =>
      throttlesPatch(key, asMap(live[key]).methodThrottles, asMap(wanted[key]).methodThrottles),
    ),
  ];
}

/** The whole map at once: how a single path would have to be escaped is not known (docs/api-gateway-facts.md#f6). */
function throttlesPatch(
  stage: string,
  live: Json | undefined,
  next: Json | undefined,
): PatchOperation[] {
  if (next === undefined || jsonEqual(live, next)) return [];
  const path = ['apiStages', stage, 'throttle'];
  return isUnset(next) ? [remove(path)] : [replace(path, throttleMap(next) as JsonMap)];
}
