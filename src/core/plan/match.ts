/** Which live object a document means. Tags decide; a stage is what its API and name say (docs/contract.md#ownership). */

import { departureOf } from '../compare/delete-after.ts';
import { REQUIREMENT } from '../compare/key-requirement.ts';
import type { LiveIndex } from '../compare/live-index.ts';
import { claimOf, isRetired, otherManager } from '../compare/ownership.ts';
import { apiOf, stageId } from '../compare/references.ts';
import { compact } from '../model/compact.ts';
import { compareText } from '../model/json.ts';
import { type Desired, identity, type Live, TAG } from '../model/model.ts';
import type { HoldReason, State } from '../model/plan.ts';
import { adoptText, movedText, nameField } from './remediation.ts';

export type Match =
  | {
      readonly is: 'live';
      readonly live: Live;
      /** Not ours yet: take it over. */
      readonly adopt: boolean;
      /** Others that claim the same identity and lose it. */
      readonly disclaims: readonly Live[];
    }
  | { readonly is: 'missing'; readonly fixedId?: string }
  | {
      readonly is: 'held';
      readonly reason: HoldReason;
      readonly state: State;
      readonly wants: 'create' | 'adopt' | 'update';
      readonly message: string;
      readonly live?: Live;
      /** The id of a stage that could not be read. */
      readonly fixedId?: string;
      /** Live objects of which one may be it: none of them is anything else until that is settled. */
      readonly candidates?: readonly Live[];
    };

/**
 * | our tags on | annotation `adopt` | the same name on | match |
 * | --- | --- | --- | --- |
 * | one object | absent, or that one | | live |
 * | one object | another | | held: ambiguous |
 * | several | one of them | | live, the others lose our tags |
 * | several | absent | | held: ambiguous |
 * | none | an id, or `by-name` with one match | | adopted, unless another manager's tags forbid it |
 * | none | absent | one or more | held: not-owned or foreign |
 * | none | absent | none | missing |
 */
export function matchDocument(desired: Desired, world: LiveIndex): Match {
  if (desired.kind === 'Stage') return matchStage(desired, world);
  if (desired.kind === REQUIREMENT) return matchRequirement(desired, world);
  const ours = claimants(desired, world);
  const { adopt } = desired.annotations;
  const [first] = ours;

  if (ours.length > 1) {
    const chosen = ours.find((live) => live.id === adopt);
    if (chosen)
      return {
        is: 'live',
        live: chosen,
        adopt: false,
        disclaims: ours.filter((live) => live !== chosen),
      };
    const ids = ours.map((live) => live.id).join(', ');
    const message = `${ours.length} live objects (${ids}) claim this identity: say which is meant with the annotation ${adoptText(desired, '<id>')}`;
    return {
      is: 'held',
      reason: 'ambiguous',
      state: 'ambiguous',
      wants: 'update',
      message,
      candidates: ours,
    };
  }
  // Once it is done the annotation does no harm, not even when what it names is gone.
  const isSettled =
    adopt === undefined ||
    adopt === 'by-name' ||
    adopt === first?.id ||
    !world.byId(desired.kind, adopt);
  if (first && isSettled) return { is: 'live', live: first, adopt: false, disclaims: [] };
  if (adopt !== undefined) return matchAdopted(desired, adopt, first, world);
  return matchByName(desired, world);
}

/**
 * The live objects whose tags say that they are this document's. A retired object left Git and waits for its end.
 *
 * | bears its name | bears a name in `moved-from` | the document means |
 * | --- | --- | --- |
 * | not retired | any | the object of its name |
 * | none, or retired | not retired | the object from `moved-from` |
 * | only retired in either column | | the newest: the removal was reverted |
 *
 * A name in `moved-from` that another document declares is left to that document where a retired object can come back.
 */
function claimants(desired: Desired, world: LiveIndex): readonly Live[] {
  const { kind, annotations } = desired;
  const now = world.byOwner(identity(desired));
  const origins = annotations.movedFrom.map((from) => identity({ kind, ...from }));
  const moved = origins.flatMap(world.byOwner);
  const active = now.filter((live) => !isRetired(live));
  if (active.length > 0) return active;

  const movedActive = moved.filter((live) => !isRetired(live));
  const free = origins.filter((origin) => !world.declared.has(origin)).flatMap(world.byOwner);
  const freeActive = free.filter((live) => !isRetired(live));
  if (freeActive.length > 0) return freeActive;

  const newest = [...now, ...free].filter(isRetired).toSorted(byRetirement).slice(0, 1);
  return newest.length > 0 ? newest : movedActive;
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

function matchAdopted(
  desired: Desired,
  adopt: string,
  owned: Live | undefined,
  world: LiveIndex,
): Match {
  const name = nameOf(desired);
  const byId = world.byId(desired.kind, adopt);
  const found =
    adopt === 'by-name'
      ? world.byName(desired.kind, name)
      : [byId].filter((live) => live !== undefined);
  const [live] = found;
  if (!live) {
    const [what, allowed] =
      adopt === 'by-name'
        ? [`named ${name}`, '']
        : [`with the id ${adopt}`, ', which takes an id or by-name'];
    return held(
      'unresolved-reference',
      'missing',
      'adopt',
      `there is no ${desired.kind} ${what} to adopt: correct the annotation apikeeper.dev/adopt${allowed}, or remove it to have one created`,
    );
  }
  if (found.length > 1) {
    const ids = found.map((one) => one.id).join(', ');
    return held(
      'ambiguous',
      'ambiguous',
      'adopt',
      `${found.length} live objects are named ${name} (${ids}): adopt one by its id`,
    );
  }
  if (owned) {
    const message = `this identity is ${owned.id} already, and the manifest adopts ${live.id}: remove the annotation, or the tag ${TAG.resource} from the one that is not meant`;
    return {
      is: 'held',
      reason: 'ambiguous',
      state: 'ambiguous',
      wants: 'adopt',
      message,
      live,
      candidates: [owned, live],
    };
  }
  const claim = claimOf(live, world.owner);
  if (claim) {
    return held(
      'ambiguous',
      'ambiguous',
      'adopt',
      `${live.id} is ${claim.namespace}/${claim.name} already: say ${movedText(desired, claim)} to carry it over`,
      live,
    );
  }
  return (
    foreignHold(desired, live, 'adopt', world) ?? { is: 'live', live, adopt: true, disclaims: [] }
  );
}

function matchByName(desired: Desired, world: LiveIndex): Match {
  const namesakes = world
    .byName(desired.kind, nameOf(desired))
    .filter((live) => !claimOf(live, world.owner));
  const [live] = namesakes;
  if (!live) return { is: 'missing' };
  const foreign = foreignHold(
    { ...desired, annotations: { ...desired.annotations, adoptFrom: [] } },
    live,
    'create',
    world,
  );
  if (foreign) return foreign;
  const way =
    namesakes.length > 1
      ? `adopt one by its id (${namesakes.map((one) => one.id).join(', ')})`
      : `adopt it with the annotation ${adoptText(desired, live.id)}`;
  return held(
    'not-owned',
    'unmanaged',
    'create',
    `${namesakes.length > 1 ? 'live objects of this name exist' : `${live.id} has this name`} and nobody owns it: ${way}, or give ${nameField(desired)} another value`,
    live,
  );
}

/** The name that the live object has, or is to have. */
function nameOf(desired: Desired): string {
  return String(desired.spec.name ?? desired.name);
}

/** A stage's pipeline may strip its tags, so tags don't decide; only another manager's stand in the way. */
function matchStage(desired: Desired, world: LiveIndex): Match {
  const id = stageId(desired, world.apis);
  if ('unresolved' in id) return held('unresolved-reference', 'unknown', 'update', id.unresolved);
  const [apiId = ''] = id.found.split(':');
  if (world.unread.has(apiId)) return { ...unread(apiId), fixedId: id.found };
  const live = world.byId('Stage', id.found);
  if (!live) return { is: 'missing', fixedId: id.found };
  return (
    foreignHold(desired, live, 'update', world) ?? { is: 'live', live, adopt: false, disclaims: [] }
  );
}

/** An API is never missing: whoever has one makes it, and its methods. */
function matchRequirement(desired: Desired, world: LiveIndex): Match {
  const id = apiOf(desired.spec.restApi, world.apis);
  if ('unresolved' in id) return held('unresolved-reference', 'unknown', 'update', id.unresolved);
  if (world.unread.has(id.found)) return unread(id.found);
  const live = world.byId(REQUIREMENT, id.found);
  if (!live)
    return held(
      'unresolved-reference',
      'unknown',
      'update',
      `no REST API has the id ${id.found} in this account and region`,
    );
  return (
    foreignHold(desired, live, 'update', world) ?? { is: 'live', live, adopt: false, disclaims: [] }
  );
}

/** A list that failed says nothing: a stage that it does not show may exist. */
function unread(apiId: string): Extract<Match, { is: 'held' }> {
  const message = `API ${apiId} could not be read in this pass: see the error of the target; it is tried again by itself`;
  return { is: 'held', reason: 'dependency', state: 'unknown', wants: 'update', message };
}

/** Another manager's tags: held, unless the document says that it takes over from that one. Once adopted, our tag outranks theirs. */
function foreignHold(
  desired: Desired,
  live: Live,
  wants: 'create' | 'adopt' | 'update',
  world: LiveIndex,
): Match | undefined {
  const manager = otherManager(live, world.owner);
  if (!manager || claimOf(live, world.owner) || desired.annotations.adoptFrom.includes(manager))
    return undefined;
  const way =
    desired.kind === 'Stage' || desired.kind === REQUIREMENT
      ? `annotation apikeeper.dev/adopt-from: ${manager}`
      : `annotations ${adoptText(desired, live.id)} and apikeeper.dev/adopt-from: ${manager}`;
  return held(
    'foreign',
    'foreign',
    wants,
    `${live.id} bears the tags of ${manager}: to take it over, add the ${way}`,
    live,
  );
}

function held(
  reason: HoldReason,
  state: State,
  wants: 'create' | 'adopt' | 'update',
  message: string,
  live?: Live,
): Match {
  return compact({ is: 'held', reason, state, wants, message, live });
}

/** Documents that mean the same live object: each is named with the others. */
export function sharedClaims(
  matches: ReadonlyMap<Desired, Match>,
): ReadonlyMap<Desired, readonly Desired[]> {
  const byLive = new Map<string, Desired[]>();
  for (const [desired, found] of matches) {
    const id = idOf(found);
    if (id === undefined) continue;
    const key = `${desired.kind} ${id}`;
    byLive.set(key, [...(byLive.get(key) ?? []), desired]);
  }
  const shared = new Map<Desired, readonly Desired[]>();
  for (const claimers of byLive.values()) {
    if (claimers.length > 1)
      for (const one of claimers)
        shared.set(
          one,
          claimers.filter((other) => identity(other) !== identity(one) || other !== one),
        );
  }
  return shared;
}

/** The id of the live object that a document means, or is going to make under a fixed id. */
function idOf(found: Match): string | undefined {
  if (found.is === 'live') return found.live.id;
  return found.is === 'missing' ? found.fixedId : undefined;
}
