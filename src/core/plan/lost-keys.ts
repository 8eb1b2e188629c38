/** A key that a plan was written with, and that is live no more: it was deleted by hand, and its value is gone. */

import { decodeApplied } from '../compare/last-applied.ts';
import { claimedName } from '../compare/member-names.ts';
import { isMap, keysOf, listOf } from '../model/json.ts';
import { type Desired, identity, type Json, type Live, TAG } from '../model/model.ts';
import { fieldText } from '../model/three-way.ts';
import type { PlanningContext } from './planning-context.ts';

/**
 * Proves it from the fingerprint that a live plan of ours has of its list of keys, in which the key stands by
 * name. These lists are tried, each with the key's own name and with its names in `moved-from`:
 *
 * - the list of the plan's document, as it is now, the others by their names or by their old ones;
 * - the live members and this key: another key came or went in the same commit;
 * - the live members and every declared key that is not live.
 *
 * It proves nothing where the key left the plan's document in the same commit, where several members were
 * deleted and others came in the same commit, and where 0.1.0 wrote the fingerprint, by ids.
 */
export function wasMember(object: PlanningContext): boolean {
  const { desired, input, world } = object;
  if (desired.kind !== 'ApiKey') return false;
  const rule = input.rules.find(({ kind }) => kind === 'UsagePlan')?.fields.keys;
  if (!rule) return false;
  const listing = input.desired.filter(
    (plan) => plan.kind === 'UsagePlan' && listOf(plan.spec.keys).includes(desired.name),
  );
  return listing.some((plan) =>
    meantBy(plan, object).some((live) => {
      const written = decodeApplied(live.tags[TAG.applied]).get('keys');
      if (written === undefined) return false;
      const isWritten = (names: readonly string[]) =>
        input.fingerprint(
          fieldText(rule, Object.fromEntries(names.map((name) => [name, true]))),
        ) === written;
      return listsOf(plan, live, object).some(isWritten);
    }),
  );

  function meantBy(plan: Desired, { world: index }: PlanningContext): readonly Live[] {
    const origins = plan.annotations.movedFrom.map((from) => identity({ ...plan, ...from }));
    return [identity(plan), ...origins].flatMap(index.byOwner);
  }

  function listsOf(plan: Desired, live: Live, context: PlanningContext): string[][] {
    const keys = keyDocuments(context);
    const left = input.detached?.get(live.id) ?? [];
    const members = [...keysOf(live.spec.keys), ...left].map(claimedName(world));
    const gone = [...keys.values()].filter((key) => !isLive(key, context));
    const entries = listOf(plan.spec.keys);
    return namesOf(desired).flatMap((own) => {
      const one = (name: string) => (key: Desired | undefined, entry: Json) =>
        key === desired ? name : nameOf(key, entry, context);
      const declared = entries.map((entry) => one(own)(keys.get(entry), entry));
      const before = entries.map((entry) => {
        const key = keys.get(entry);
        return key && key !== desired
          ? (namesOf(key)[1] ?? nameOf(key, entry, context))
          : one(own)(key, entry);
      });
      const others = gone.filter((key) => key !== desired).map((key) => namesOf(key)[0] ?? '');
      return [declared, before, [...members, own], [...members, ...others, own]];
    });
  }
}

/** The documents of keys of this namespace, by name, as a plan refers to them. */
function keyDocuments({ desired, input }: PlanningContext): ReadonlyMap<Json, Desired> {
  const keys = input.desired.filter(({ kind }) => kind === desired.kind);
  return new Map(keys.map((key) => [key.name, key]));
}

/** Its name now, and the names that it had. */
function namesOf({ namespace, name, annotations }: Desired): string[] {
  return [{ namespace, name }, ...annotations.movedFrom].map(
    (one) => `${one.namespace}/${one.name}`,
  );
}

function nameOf(
  key: Desired | undefined,
  entry: Json,
  { desired, world }: PlanningContext,
): string {
  if (key) return namesOf(key)[0] ?? '';
  if (isMap(entry)) return claimedName(world)(String(entry.id));
  return `${desired.namespace}/${String(entry)}`;
}

function isLive(key: Desired, { world }: PlanningContext): boolean {
  const origins = key.annotations.movedFrom.map((from) => identity({ ...key, ...from }));
  return [identity(key), ...origins].some((who) => world.byOwner(who).length > 0);
}
