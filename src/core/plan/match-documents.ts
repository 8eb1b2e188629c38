/** Which live object each document of an account means: the match of each, made consistent with all others. */

import { createLiveIndex, type LiveIndex } from '../compare/live-index.ts';
import { claimOf } from '../compare/ownership.ts';
import { compact } from '../model/compact.ts';
import { hasFixedIdentity } from '../model/field-rules.ts';
import { keysOf } from '../model/json.ts';
import { type Desired, identity, type Live, TAG } from '../model/model.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { type Known, seenNames } from './claimants.ts';
import {
  heldOfInvalid,
  holdMisspeltMove,
  type Match,
  matchDocument,
  NOTHING,
  sharedClaims,
} from './match.ts';
import { detectLostTags, heldAmbiguous } from './sanity.ts';

/** The account as the owner of each namespace sees it. */
export function worldsOf(
  inputs: readonly PlanInput[],
  first: PlanInput,
): (namespace: string) => LiveIndex {
  const declared = new Set(documentsOf(inputs).map(identity));
  const owners = new Map([
    ...inputs.flatMap(({ owners = new Map<string, string>() }) => [...owners]),
    ...inputs.map(({ target }) => [target.namespace, target.owner] as const),
  ]);
  const { apis, live, unread } = first;
  const carriedOver = new Map(
    inputs.flatMap(({ target: { movedFrom, namespace } }) =>
      movedFrom === undefined ? [] : [[movedFrom, namespace] as const],
    ),
  );
  const indexes = new Map<string, LiveIndex>();
  return (namespace) => {
    const owner = owners.get(namespace) ?? first.target.owner;
    const index =
      indexes.get(owner) ??
      createLiveIndex(
        { namespace, owner, apis, live, ...compact({ declared, unread }) },
        carriedOver,
      );
    indexes.set(owner, index);
    return { ...index, namespace };
  };
}

/** All documents of the account: those to be planned, and those of its other Targets. */
function documentsOf(inputs: readonly PlanInput[]): Desired[] {
  const all = inputs.flatMap(({ desired, neighbours }) => [...desired, ...neighbours]);
  return [...new Set(all)];
}

function knownBy([first]: readonly PlanInput[]): Known {
  if (!first) return NOTHING;
  const { lastSeen, movesDone = new Set(), now, time, policy } = first;
  const seenAs = seenNames(lastSeen);
  return { lastSeen, movesDone, seenAs, now, time, graceMs: policy.deleteGraceMs };
}

/**
 * The match of each document. Of several documents that mean the same live object, the one that its tags
 * name goes on; where they name none, none of them gets it.
 */
export function matchesOf(
  inputs: readonly PlanInput[],
  worldOf: (namespace: string) => LiveIndex,
): ReadonlyMap<Desired, Match> {
  const known = knownBy(inputs);
  const matches = new Map(
    documentsOf(inputs).map((desired): [Desired, Match] => [
      desired,
      matchDocument(desired, worldOf(desired.namespace), known),
    ]),
  );
  const isTagged = isToldByTags(inputs);
  for (const [desired, found] of matches)
    if (isTagged(desired))
      matches.set(desired, detectLostTags(desired, found, worldOf(desired.namespace), known));
  for (const [desired, others] of sharedClaims(matches))
    if (!isNamedByTags(desired, matches.get(desired), worldOf(desired.namespace)))
      matches.set(desired, heldAmbiguous(others, matches.get(desired)));

  const isMeant = (found: Match) => found.is === 'held' || (found.is === 'live' && !found.adopt);
  const taken = new Set(
    [...matches.values()].flatMap((found) =>
      isMeant(found) && found.is !== 'missing' ? (found.live ?? []) : [],
    ),
  );
  for (const [desired, found] of matches)
    matches.set(
      desired,
      holdMisspeltMove(desired, found, {
        movesDone: known.movesDone,
        world: worldOf(desired.namespace),
        isTaken: (live) => taken.has(live),
        isLosing: (live) => isLosing(live, inputs),
        claimOf: (live) => claimIn(live, worldOf),
      }),
    );
  holdAdoptedSuspects(matches, inputs);
  return matches;
}

/** The identity that an object has in the tree, by the owner of the Target whose namespace it names. */
function claimIn(live: Live, worldOf: (namespace: string) => LiveIndex) {
  const claim = claimOf(live, live.tags[TAG.owner] ?? '');
  return claim && worldOf(claim.namespace).claimOf(live);
}

/** Leaving Git would take access from it: with prune, and without it where a list of keys loses it. */
function isLosing(live: Live, inputs: readonly PlanInput[]): boolean {
  const { namespace } = claimOf(live, live.tags[TAG.owner] ?? '') ?? {};
  const input = inputs.find(({ target }) => target.namespace === namespace);
  const isMember = inputs.some((one) =>
    one.live.some(({ kind, spec }) => kind === 'UsagePlan' && keysOf(spec.keys).includes(live.id)),
  );
  if (live.kind === 'ApiKey' && isMember) return true;
  const isRemoved = ['Delete', 'Disable'].includes(live.tags[TAG.onRemove] ?? '');
  return isRemoved && (input?.policy.prune ?? true);
}

/** A document that adopts what another document may mean waits until that is settled. */
function holdAdoptedSuspects(matches: Map<Desired, Match>, [first]: readonly PlanInput[]): void {
  const suspects = new Map(
    [...matches].flatMap(([desired, found]) =>
      found.is === 'held' ? inDoubt(found).map((live) => [live, desired] as const) : [],
    ),
  );
  for (const [desired, found] of matches) {
    if (found.is !== 'live' || !found.adopt) continue;
    const other = suspects.get(found.live);
    if (other) matches.set(desired, heldAmbiguous([other], found));
    else if (isOfAnyInvalid(found.live, first)) matches.set(desired, heldOfInvalid(found.live));
  }
}

/** An invalid document declares the object, or says that it moved from it, whichever owner that has. */
function isOfAnyInvalid(live: Live, input: PlanInput | undefined): boolean {
  const claim = claimOf(live, live.tags[TAG.owner] ?? '');
  if (!input || !claim) return false;
  const who = identity({ kind: live.kind, ...claim });
  return input.invalid.has(who) || (input.isMoved?.(who) ?? false);
}

/** The live objects of which a held document may mean one. */
export function inDoubt({
  candidates = [],
  suspects = [],
}: Extract<Match, { is: 'held' }>): Live[] {
  return [...candidates, ...suspects];
}

/** The live objects that a document means, or may mean. */
export function maybeMeant(found: Match): readonly Live[] {
  if (found.is === 'missing') return [];
  return [found.live ?? [], found.is === 'held' ? inDoubt(found) : []].flat();
}

/** Stages and requirements are told by what they are, whatever tags they bear. */
function isToldByTags([first]: readonly PlanInput[]): (desired: Desired) => boolean {
  const fixed = new Set(first?.rules.filter(hasFixedIdentity).map(({ kind }) => kind));
  return ({ kind }) => !fixed.has(kind);
}

function isNamedByTags(desired: Desired, found: Match | undefined, world: LiveIndex): boolean {
  const claim = found?.is === 'live' && !found.adopt ? world.claimOf(found.live) : undefined;
  return claim?.namespace === desired.namespace && claim.name === desired.name;
}
