/**
 * The names by which the tag `applied` of a plan remembers its keys: `<namespace>/<name>`, and the id of a key
 * that no document means. A key that is made again has another id and the same name, so it is no change of Git's.
 */

import { isMap, listOf } from '../model/json.ts';
import type { Desired, Json, Spec } from '../model/model.ts';
import type { Canonical } from './canonicalize.ts';
import type { LiveIndex } from './live-index.ts';
import { claimOf } from './ownership.ts';

/** The name of a member, by its id, or by what stands for it until it is made. */
export type NameOf = (key: string) => string;

/** As the documents name it now; else as its own tags do. */
export function declaredNames(
  desired: Pick<Desired, 'namespace' | 'spec'>,
  { labels }: Pick<Canonical, 'labels'>,
  world: LiveIndex,
): NameOf {
  const entries = new Set(listOf(desired.spec.keys));
  const names = labels.get('keys');
  return (key) => {
    const label = names?.get(key);
    if (label !== undefined && entries.has(label)) return `${desired.namespace}/${label}`;
    return claimedName(world)(key);
  };
}

/** As its own tags name it: after a rename, until the tags are written, the old name. */
export function claimedName(world: LiveIndex): NameOf {
  return (key) => {
    const live = world.byId('ApiKey', key);
    const claim = live && claimOf(live, world.owner);
    return claim ? `${claim.namespace}/${claim.name}` : key;
  };
}

/** 0.1.0 remembered ids. */
export const byId: NameOf = (key) => key;

/** A list of members by name. */
export function named<Value extends Json | undefined>(value: Value, nameOf: NameOf): Value | Json {
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [nameOf(key), entry]));
}

/** A spec in which the keys of a plan stand under their names. */
export function withNames(spec: Spec, names: Readonly<Record<string, string>> = {}): Spec {
  return spec.keys === undefined
    ? spec
    : { ...spec, keys: named(spec.keys, (key) => names[key] ?? key) };
}
