/** Which live object a document means. Tags decide; a stage is what its API and name say (docs/contract.md#ownership). */

import { REQUIREMENT } from '../compare/key-requirement.ts';
import type { LiveIndex } from '../compare/live-index.ts';
import { claimOf, isRetired, otherManager } from '../compare/ownership.ts';
import { apiOf, stageId } from '../compare/references.ts';
import { compact } from '../model/compact.ts';
import { type Desired, identity, type Live, TAG } from '../model/model.ts';
import type { HoldReason, Incident, State } from '../model/plan.ts';
import { claimantsOf, type Known, moveKey } from './claimants.ts';
import { adoptText, movedText, nameField } from './remediation.ts';

export type Match =
  | {
      readonly is: 'live';
      readonly live: Live;
      /** Not ours yet: take it over. */
      readonly adopt: boolean;
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
      readonly incident?: Incident;
      /** Live objects that seem to have left Git, of which one may be it: none is removed until that is settled. */
      readonly suspects?: readonly Live[];
    };

/**
 * | claimants of ours | annotation `adopt` | the same name on | match |
 * | --- | --- | --- | --- |
 * | one | absent, or that one | | live |
 * | any | one of them, a retired one too | | that one; the others have left Git |
 * | one | another | | held: ambiguous |
 * | several | absent | | held: ambiguous |
 * | one, renamed too long ago | absent | | held: ambiguous |
 * | none | an id, or `by-name` with one match | | adopted, unless another manager's tags forbid it |
 * | none | absent, and `moved-from` finds nothing while others left Git | | held: ambiguous |
 * | none | absent | one or more | held: not-owned or foreign |
 * | none | absent | none | missing |
 */
export function matchDocument(desired: Desired, world: LiveIndex, known: Known = NOTHING): Match {
  if (desired.kind === 'Stage') return matchStage(desired, world);
  if (desired.kind === REQUIREMENT) return matchRequirement(desired, world);
  const { live: ours, choices, isDoubtful } = claimantsOf(desired, world, known);
  const { adopt } = desired.annotations;
  const [first] = ours;

  const chosen = choices.find((live) => live.id === adopt);
  if (chosen) return { is: 'live', live: chosen, adopt: false };
  if (first && ours.length === 1 && isDoubtful) return heldRenamed(desired, first, world);
  if (ours.length > 1) return heldSeveral(desired, ours);

  // Once it is done the annotation does no harm, not even when what it names is gone.
  const isSettled = adopt === undefined || adopt === 'by-name' || !world.byId(desired.kind, adopt);
  if (first && isSettled) return { is: 'live', live: first, adopt: false };
  if (adopt !== undefined && adopt !== 'none') return matchAdopted(desired, adopt, first, world);
  return matchByName(desired, world);
}

/** For a caller who plans nothing. */
export const NOTHING: Known = {
  lastSeen: new Map(),
  movesDone: new Set(),
  seenAs: new Map(),
  now: 0,
  graceMs: Number.POSITIVE_INFINITY,
  time: { format: String, parse: () => 0 },
};

function heldSeveral(desired: Desired, candidates: readonly Live[]): Match {
  const ids = candidates.map((live) => live.id).join(', ');
  const message = `${candidates.length} live objects (${ids}) claim this identity: say which is meant with the annotation ${adoptText(desired, '<id>')}; the others then leave Git`;
  return { ...HELD_AMBIGUOUS, wants: 'update', message, candidates };
}

/** It was renamed too long ago to take the rename back without a word. */
function heldRenamed(desired: Desired, live: Live, world: LiveIndex): Match {
  const now = world.claimOf(live) ?? { namespace: '', name: '' };
  const message = `${live.id} was renamed from this to ${now.namespace}/${now.name}, longer ago than the delete grace: take it back with ${movedText(desired, now)}, or make a new one with ${adoptText(desired, 'none')}`;
  return { ...HELD_AMBIGUOUS, wants: 'create', message, candidates: [live] };
}

const HELD_AMBIGUOUS = { is: 'held', reason: 'ambiguous', state: 'ambiguous' } as const;

/** An invalid document says that the object is its own. */
export function heldOfInvalid(live: Live): Match {
  const message = `an invalid document declares ${live.id}, or says that it moved from it: mend the problem reported, or remove that document; until then ${live.id} is not adopted`;
  return { ...HELD_AMBIGUOUS, wants: 'adopt', message, live };
}

/** What decides whether a `moved-from` is misspelt. */
export interface MoveSurroundings extends Pick<Known, 'movesDone'> {
  readonly world: LiveIndex;
  /** Another document means it. */
  isTaken(live: Live): boolean;
  /** This pass would take access from it. */
  isLosing(live: Live): boolean;
  /** The identity that an object has in the tree, whichever Target's owner it bears. */
  claimOf(live: Live): { readonly namespace: string; readonly name: string } | undefined;
}

/**
 * A name in `moved-from` that finds nothing may be misspelt. Then the object that is meant seems to have left
 * Git, in one of the namespaces that the document names: neither is it removed nor another one made.
 * A move that this process saw done is not misspelt.
 */
export function holdMisspeltMove(
  desired: Desired,
  found: Match,
  { movesDone, isTaken, isLosing, claimOf: claimed, world }: MoveSurroundings,
): Match {
  const { annotations, kind } = desired;
  const movedFrom = annotations.movedFrom.filter(
    (from) => !movesDone.has(moveKey(identity(desired), identity({ kind, ...from }))),
  );
  if (found.is !== 'missing' || movedFrom.length === 0 || annotations.adopt === 'none')
    return found;
  const namespaces = new Set([desired, ...movedFrom].map(({ namespace }) => namespace));
  const left = world.live.filter((live) => {
    if (live.kind !== desired.kind || isRetired(live) || isTaken(live)) return false;
    const claim = claimed(live);
    if (!claim || !namespaces.has(claim.namespace)) return false;
    return !world.declared.has(identity({ kind: live.kind, ...claim })) && isLosing(live);
  });
  if (left.length === 0) return found;
  const names = left.map((live) => {
    const { namespace = '', name = '' } = claimed(live) ?? {};
    return `${namespace}/${name} (${live.id})`;
  });
  const [first] = left;
  const nearest = (first && claimed(first)) ?? desired;
  const message = `no live ${desired.kind} bears a name in moved-from, and ${names.join(', ')} would leave Git with this commit: correct the name, as in ${movedText(desired, nearest)}; or remove moved-from, to have a new one made and these removed`;
  return { ...HELD_AMBIGUOUS, wants: 'create', message, suspects: left };
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
  return foreignHold(desired, live, 'adopt', world) ?? { is: 'live', live, adopt: true };
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
  return foreignHold(desired, live, 'update', world) ?? { is: 'live', live, adopt: false };
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
  return foreignHold(desired, live, 'update', world) ?? { is: 'live', live, adopt: false };
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
