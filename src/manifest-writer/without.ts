/** Removes a field from a spec, with everything that would be empty without it. */
import type { Json } from '../core/model/model.ts';
import type { ManifestDocument } from './document.ts';

/** A spec without what a pointer leads to, or without the nearest thing around it that is there; undefined where that is the spec itself. */
export function without(
  spec: ManifestDocument['spec'],
  segments: readonly string[],
): ManifestDocument['spec'] | undefined {
  const [first, ...rest] = segments;
  if (first === undefined || !(first in spec)) return undefined;
  const inner = removed(spec[first] as Json, rest);
  const { [first]: _, ...others } = spec;
  return inner === undefined ? others : { ...spec, [first]: inner };
}

/** A value without what the segments lead to; undefined where it has to go itself, or nothing is left of it: an empty list would say "none". */
function removed(value: Json, segments: readonly string[]): Json | undefined {
  const [first, ...rest] = segments;
  if (first === undefined || typeof value !== 'object' || value === null || !(first in value))
    return undefined;
  const inner = removed((value as Record<string, Json>)[first] as Json, rest);
  const entries = Object.entries(value).flatMap(([key, entry]) => {
    if (key !== first) return [[key, entry]];
    return inner === undefined ? [] : [[key, inner]];
  });
  if (entries.length === 0) return undefined;
  return Array.isArray(value)
    ? entries.map(([, entry]) => entry as Json)
    : Object.fromEntries(entries);
}
