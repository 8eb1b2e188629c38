/** One document against its live object: which fields are ours, what differs and why, and what nobody claims (docs/contract.md#manifests). */

import type { FieldRule, Rules } from '../model/field-rules.ts';
import { compareText, isMap, isUnset, type JsonMap, jsonEqual, pointer } from '../model/json.ts';
import { type Desired, type Json, type Live, type Spec, TAG } from '../model/model.ts';
import type { Cause, Change, Difference, HoldReason } from '../model/plan.ts';
import { causeOf, differences, type Fingerprint, fieldText } from '../model/three-way.ts';
import { type Canonical, defaultOf, type Unresolved } from './canonicalize.ts';
import { decodeApplied } from './last-applied.ts';
import type { LiveIndex } from './live-index.ts';
import { byId, claimedName, declaredNames, type NameOf, named } from './member-names.ts';
import { claimOf } from './ownership.ts';
import { labelOf } from './references.ts';

export interface Context {
  readonly world: LiveIndex;
  readonly rules: Rules;
  readonly fingerprint: Fingerprint;
  /** The spec with which this process last saw the object in sync. */
  readonly lastSeen: Spec | undefined;
  /** Names of the Stage documents, by natural id. */
  readonly stageNames: ReadonlyMap<string, string>;
  /** Live objects that a held document may mean. */
  readonly doubtful: ReadonlySet<Live>;
  /** Keys that this process took out of the plan since its tag was written: a commit did that. */
  readonly detached: readonly string[];
}

/** Changes that are held together, while the rest of the object goes on. */
export interface Held {
  readonly reason: HoldReason;
  readonly message: string;
  readonly changes: readonly Change[];
}

export interface Comparison {
  readonly owned: Spec;
  readonly changes: readonly Change[];
  readonly held: readonly Held[];
  readonly unclaimed: readonly string[];
  /** For people: what they should know of the changes. */
  readonly message?: string;
  /** For people: what stages serve otherwise than the document says, and go on serving. */
  readonly unserved?: string;
}

/** Whether the document leaves a field alone: `path` is a JSON pointer, lists addressed by key. */
export function isIgnored({ annotations }: Desired, path: string): boolean {
  return annotations.ignore.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}

/**
 * | field in the manifest | written by us before | then |
 * | --- | --- | --- |
 * | named | | ours, at that value |
 * | omitted | yes | ours, at its default |
 * | omitted | no | left as it is, and shown as unclaimed where it says something |
 * | ignored | | neither compared nor shown |
 */
export function compare(
  desired: Desired,
  canonical: Canonical,
  live: Live,
  context: Context,
): Comparison {
  const written = decodeApplied(live.tags[TAG.applied]);
  const owned: Record<string, Json> = {};
  const changes: Change[] = [];
  const unclaimed: string[] = [];
  const held: Held[] = [];

  for (const rule of Object.values(context.rules.fields)) {
    if ((rule.role !== 'live' && rule.role !== 'createOnly') || rule.sensitive) continue;
    const named = canonical.named[rule.name];
    const value =
      named === undefined && written.has(rule.name) && rule.role === 'live'
        ? defaultOf(rule, desired)
        : named;
    if (named === undefined || rule.merge === 'per-key')
      unclaimed.push(...unclaimedIn(rule, value, desired, live));
    if (value === undefined) continue;
    owned[rule.name] = value;
    const lastApplied = { written: written.get(rule.name), seen: context.lastSeen?.[rule.name] };
    const concerned = onlyManagedMembers(rule, value, live.spec[rule.name], desired, context);
    const cause = causeIn(rule, { value, live: concerned, lastApplied }, desired, {
      ...context,
      canonical,
    });
    const found = differences(rule, value, concerned)
      .map((difference) => changeOf(difference, cause, canonical, rule, context))
      .toSorted((a, b) => compareText(a.path, b.path));
    const split = splitUnresolved(rule.name, found, canonical, context);
    changes.push(...split.free);
    held.push(...split.held);
  }
  changes.push(...ownChanges(desired, live, context));
  const ignored = (path: string) => isIgnored(desired, path);
  return {
    owned: Object.fromEntries(
      Object.entries(owned).filter(([field]) => !ignored(pointer(['spec', field]))),
    ),
    changes: changes.filter((change) => !ignored(change.path)),
    held: held.map((one) => ({
      ...one,
      changes: one.changes.filter((change) => !ignored(change.path)),
    })),
    unclaimed: unclaimed.filter((path) => !ignored(path)),
  };
}

interface Sides {
  readonly value: Json;
  readonly live: Json | undefined;
  readonly lastApplied: Parameters<typeof causeOf>[3];
}

/**
 * Who made a field differ. Members are compared by name; where the fingerprint is not one of these names,
 * it may be from before a rename, or by ids, as 0.1.0 wrote it.
 */
function causeIn(
  rule: FieldRule,
  { value, live, lastApplied }: Sides,
  desired: Desired,
  { fingerprint, world, canonical, detached }: Context & { readonly canonical: Canonical },
): Cause {
  if (rule.key !== 'ApiKey') return causeOf(rule, value, live, lastApplied, fingerprint);
  const { written, seen } = lastApplied;
  const before = isMap(live) ? withMembers(live, detached) : live;
  const isWritten = (side: Json | undefined, nameOf: NameOf) =>
    side !== undefined && fingerprint(fieldText(rule, named(side, nameOf))) === written;
  const today = declaredNames(desired, canonical, world);
  const nameOf =
    [today, claimedName(world), byId].find(
      (names) => isWritten(value, names) || isWritten(before, names),
    ) ?? today;
  const [wanted, found] = [named(value, nameOf), named(before, nameOf)];
  // Another key of the same name: a document settled on it.
  if (jsonEqual(wanted, found) && !jsonEqual(value, before)) return 'git';
  return causeOf(rule, wanted, found, { written, seen: named(seen, nameOf) }, fingerprint);
}

function withMembers(live: JsonMap, keys: readonly string[]): JsonMap {
  return { ...live, ...Object.fromEntries(keys.map((key) => [key, true])) };
}

function changeOf(
  difference: Difference,
  cause: Cause,
  canonical: Canonical,
  rule: FieldRule,
  context: Context,
): Change {
  const { field, keys } = difference;
  const needs = keys[0] === undefined ? undefined : canonical.pending.get(field)?.get(keys[0]);
  return {
    ...difference,
    path: pathOf(rule, keys, canonical, context),
    cause,
    ...(needs && { needs: [needs] }),
  };
}

/** The place of a difference in the manifest: entries that refer to other objects by the name that people know. */
function pathOf(
  rule: FieldRule,
  keys: readonly string[],
  canonical: Canonical,
  context: Context,
): string {
  const [first, ...rest] = keys;
  if (first === undefined || typeof rule.key !== 'string')
    return pointer(['spec', rule.name, ...keys]);
  return pointer(['spec', rule.name, labelFor(rule, first, canonical, context), ...rest]);
}

function labelFor(
  rule: FieldRule,
  key: string,
  canonical: Canonical | undefined,
  { world, stageNames }: Context,
): string {
  const given = canonical?.labels.get(rule.name)?.get(key);
  if (given !== undefined) return given;
  const stage = rule.key === 'Stage' ? stageNames.get(key) : undefined;
  if (stage !== undefined) return stage;
  const live = world.byId(String(rule.key), key);
  if (rule.key === 'Stage')
    return labelOf(
      live ?? { kind: 'Stage', id: key, name: '', spec: {}, tags: {}, observedAt: 0 },
      key,
      world,
    );
  const label = labelOf(live, key, world);
  const taken = [
    ...(canonical?.labels.get(rule.name)?.values() ?? []),
    ...(canonical?.unresolved ?? []).map((one) => one.label),
  ];
  return taken.includes(label) ? key : label;
}

/** With `membership: additive`, live members are ours only where the manifest, our tag or a Stage document says so. */
function onlyManagedMembers(
  rule: FieldRule,
  value: Json,
  live: Json | undefined,
  desired: Desired,
  context: Context,
): Json | undefined {
  if (desired.spec.membership !== 'additive' || typeof rule.key !== 'string' || !isMap(live))
    return live;
  const isOurs = (key: string) =>
    (isMap(value) && key in value) || isKnownMember(rule.key, key, context);
  return Object.fromEntries(Object.entries(live).filter(([key]) => isOurs(key)));
}

/** The entry that is asked for and can't be resolved. */
export function unresolvedEntry({ field, label, message, reason }: Unresolved): Held {
  const entry: Change = {
    field,
    keys: [label],
    path: pointer(['spec', field, label]),
    desired: true,
    live: undefined,
    cause: 'git',
  };
  return { reason, message, changes: [entry] };
}

/** An entry that can't be resolved is held, and with it the removal of live entries that might be it. */
function splitUnresolved(
  field: string,
  found: readonly Change[],
  canonical: Canonical,
  context: Context,
): { free: readonly Change[]; held: readonly Held[] } {
  const unresolved = canonical.unresolved.filter((one) => one.field === field);
  if (unresolved.length === 0) return { free: found, held: [] };
  const kind = context.rules.fields[field]?.key;
  const maybeIt = ({ desired, keys: [id = '', ...deeper] }: Change) =>
    desired === undefined && deeper.length === 0 && !isKnownMember(kind, id, context);
  const held = unresolved.map((one, index): Held => {
    const { changes, ...why } = unresolvedEntry(one);
    return { ...why, changes: [...changes, ...(index === 0 ? found.filter(maybeIt) : [])] };
  });
  return { free: found.filter((change) => !maybeIt(change)), held };
}

/** Whether a live member is known to be something that this tree speaks of, or once did. */
function isKnownMember(
  kind: FieldRule['key'],
  id: string,
  { world, stageNames, doubtful }: Context,
): boolean {
  if (kind === 'Stage') return stageNames.has(id);
  const live = world.byId(String(kind), id);
  return live !== undefined && claimOf(live, world.owner) !== undefined && !doubtful.has(live);
}

/** Our tags give the object another identity: it is to bear this one. */
export function renaming(desired: Desired, live: Live, { owner }: LiveIndex): Change[] {
  const claim = claimOf(live, owner);
  if (!claim || (claim.namespace === desired.namespace && claim.name === desired.name)) return [];
  const [was, is] = [`${claim.namespace}/${claim.name}`, `${desired.namespace}/${desired.name}`];
  return [
    { field: 'metadata', keys: [], path: '/metadata/name', desired: is, live: was, cause: 'git' },
  ];
}

/** What our own tags say of the object: where it belongs, and what becomes of it when it leaves Git. */
function ownChanges(desired: Desired, live: Live, { world, rules }: Context): Change[] {
  const changes = renaming(desired, live, world);
  const claim = claimOf(live, world.owner);
  const policy = desired.spec.deletionPolicy ?? rules.fields.deletionPolicy?.default ?? null;
  const recorded = live.tags[TAG.onRemove];
  if (claim && recorded !== policy && (desired.kind !== 'Stage' || recorded !== undefined)) {
    changes.push({
      field: 'deletionPolicy',
      keys: [],
      path: '/spec/deletionPolicy',
      desired: policy,
      live: recorded,
      cause: recorded === undefined ? 'live' : 'git',
    });
  }
  return changes;
}

/** Whether a change is one of the live object itself, and not of our tags alone. */
export function isLiveChange(change: Difference, rules: Rules): boolean {
  const role = rules.fields[change.field]?.role;
  return role === 'live' || role === 'createOnly';
}

function unclaimedIn(
  rule: FieldRule,
  value: Json | undefined,
  desired: Desired,
  live: Live,
): string[] {
  const found = live.spec[rule.name];
  if (isUnset(found) || rule.role === 'createOnly') return [];
  if (rule.merge === 'per-key') {
    if (value === null) return [];
    const claimed = isMap(value) ? value : {};
    const keys = isMap(found) ? Object.keys(found).filter((key) => claimed[key] === undefined) : [];
    return keys.sort().map((key) => pointer(['spec', rule.name, key]));
  }
  if (value !== undefined || jsonEqual(found, defaultOf(rule, desired))) return [];
  return [pointer(['spec', rule.name])];
}
