/** The live objects of ours that a document may mean, by the names in our tags (docs/contract.md#ownership). */

import { departureOf } from '../compare/delete-after.ts';
import { formerlyOf } from '../compare/formerly.ts';
import type { LiveIndex } from '../compare/live-index.ts';
import { isRetired } from '../compare/ownership.ts';
import { compareText } from '../model/json.ts';
import { type Desired, identity, type Live } from '../model/model.ts';
import type { LastSeen, TimeText } from '../model/plan-input.ts';

/** What decides beyond documents and tags. */
export interface Known {
  /** By identity, what this process saw. */
  readonly lastSeen: ReadonlyMap<string, LastSeen>;
  /** `<identity> <identity>`: moves of which this process saw the document live under its new name. */
  readonly movesDone: ReadonlySet<string>;
  /** By `<kind> <id>`, as which identities this process saw an object. */
  readonly seenAs: ReadonlyMap<string, readonly string[]>;
  readonly now: number;
  /** A rename is undone by itself for so long; milliseconds. */
  readonly graceMs: number;
  readonly time: TimeText;
}

export interface Claimants {
  /** The objects that it may mean: one, or several of which `adopt` names one. */
  readonly live: readonly Live[];
  /** Its own tags, or those of a rename too long ago, say so: only a person knows. */
  readonly isDoubtful?: boolean;
  /** Any of ours that bears one of its names, retired ones too: `adopt` may name it. */
  readonly choices: readonly Live[];
}

/**
 * Candidates are live objects of ours that no other document declares. A retired object left Git and waits
 * for its end.
 *
 * | bears its name | bears a name in `moved-from` | the document means |
 * | --- | --- | --- |
 * | one not retired | none, or retired ones | the one with its name |
 * | none, or retired ones | one not retired | the one from `moved-from` |
 * | only retired ones in either column | | the newest: the removal was reverted; with `adopt: none`, none |
 * | one not retired | one not retired | either: `adopt` decides |
 * | several not retired in one column | | any of them: `adopt` decides |
 * | none | none, and `formerly` names the document | that one; in doubt, where the rename is longer ago than the grace; with `adopt: none`, none |
 *
 * A name in `moved-from` under which this process saw the document arrive is done with, and counts no more.
 * An object that this process saw as another declared document's is no candidate: its tags were changed by hand.
 */
export function claimantsOf(desired: Desired, world: LiveIndex, known: Known): Claimants {
  const { kind, annotations } = desired;
  const who = identity(desired);
  const origins = annotations.movedFrom.map((from) => identity({ kind, ...from }));
  const isOurs = (live: Live) => !isAnothers(live, [who, ...origins], world, known);
  const ofName = (name: string) => world.byOwner(name).filter(isOurs);
  const free = origins.filter(
    (origin) => !world.declared.has(origin) && !known.movesDone.has(moveKey(who, origin)),
  );

  const named = ofName(who);
  const moved = free.flatMap(ofName);
  const choices = [...named, ...moved];
  const active = named.filter((live) => !isRetired(live));
  const movedActive = moved.filter((live) => !isRetired(live));

  if (active.length > 0) return { live: [...active, ...movedActive], choices };
  if (movedActive.length > 0) return { live: movedActive, choices };

  const wantsNew = annotations.adopt === 'none';
  const [newest] = choices.toSorted(byRetirement);
  if (newest) return { live: wantsNew ? [] : [newest], choices };

  const renamed = wantsNew ? [] : renamedFrom(desired, world, known);
  const young = renamed.filter((live) => !isLongAgo(live, desired, known));
  if (renamed.length > 0)
    return { live: renamed, choices: renamed, isDoubtful: young.length < renamed.length };

  // Both documents name it, and neither gets it.
  const contended = origins.flatMap(world.byOwner).filter((live) => !isRetired(live));
  return { live: contended, choices: contended };
}

/** Objects that the document lost by a rename, and that no document declares under their new name: the rename was reverted. */
function renamedFrom(desired: Desired, world: LiveIndex, { lastSeen }: Known): Live[] {
  const { kind } = desired;
  const seen = world.byId(kind, lastSeen.get(identity(desired))?.id ?? '');
  const before = world.byFormerly(identity(desired));
  return [...new Set([...before, ...(seen ? [seen] : [])])].filter((live) => {
    const claim = world.claimOf(live);
    return claim && !isRetired(live) && !world.declared.has(identity({ kind, ...claim }));
  });
}

function isLongAgo(live: Live, desired: Desired, { lastSeen, now, graceMs, time }: Known): boolean {
  if (lastSeen.get(identity(desired))?.id === live.id) return false;
  const at = time.parse(formerlyOf(live)?.at ?? '');
  return at === undefined || now - at > graceMs;
}

function isAnothers(
  { kind, id }: Live,
  names: readonly string[],
  { declared }: LiveIndex,
  { seenAs }: Known,
): boolean {
  const seen = seenAs.get(`${kind} ${id}`) ?? [];
  return seen.some((name) => declared.has(name)) && !seen.some((name) => names.includes(name));
}

/** A move, from the document's identity and the one that its `moved-from` names. */
export function moveKey(who: string, origin: string): string {
  return `${who} ${origin}`;
}

/** What this process saw, by object. */
export function seenNames(
  lastSeen: ReadonlyMap<string, LastSeen>,
): ReadonlyMap<string, readonly string[]> {
  const seen = [...lastSeen].map(([who, { id }]) => ({ who, key: `${who.split('/')[0]} ${id}` }));
  const byObject = Map.groupBy(seen, ({ key }) => key);
  return new Map([...byObject].map(([key, all]) => [key, all.map(({ who }) => who)]));
}

/** The newest retirement first; text order is time order. A tag that holds no such time counts as the oldest. */
function byRetirement(a: Live, b: Live): number {
  return compareText(retiredUntil(b), retiredUntil(a));
}

const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function retiredUntil(live: Live): string {
  const text = departureOf(live)?.until ?? '';
  return UTC_TIME.test(text) ? text : '';
}
