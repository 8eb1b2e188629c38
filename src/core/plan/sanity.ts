/** What is held because it can hardly be meant: two documents for one object, an object without our tags all of a sudden, many objects gone at once. */

import type { LiveIndex } from '../compare/live-index.ts';
import { claimOf } from '../compare/ownership.ts';
import { type Desired, identity, TAG } from '../model/model.ts';
import { held, type Step } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import type { Known } from './claimants.ts';
import type { Match } from './match.ts';
import { adoptText } from './remediation.ts';

export function heldAmbiguous(others: readonly Desired[], found: Match | undefined): Match {
  const places = others
    .map(
      (one) => `${one.kind}/${one.namespace}/${one.name} (${one.source.file}:${one.source.line})`,
    )
    .join(', ');
  return {
    is: 'held',
    reason: 'ambiguous',
    state: 'ambiguous',
    wants: 'update',
    message: `${places} means the same live object: keep one of the documents`,
    ...(found?.is === 'live' && { live: found.live, candidates: [found.live] }),
  };
}

/**
 * An object that this process saw as the document's, and that lost our tags or got those of another
 * document, is neither missing nor a stranger. Our own renames leave a name that is not declared.
 */
export function detectLostTags(
  desired: Desired,
  found: Match,
  world: LiveIndex,
  { lastSeen, seenAs }: Known,
): Match {
  const who = identity(desired);
  const seen = lastSeen.get(who);
  if (!seen || found.is === 'live') return found;
  const live = world.byId(desired.kind, seen.id);
  const claim = live && claimOf(live, world.owner);
  if (!live) return found;
  const isRetagged =
    claim !== undefined &&
    found.is === 'missing' &&
    identity({ kind: desired.kind, ...claim }) !== who &&
    world.declared.has(identity({ kind: desired.kind, ...claim })) &&
    (seenAs.get(`${live.kind} ${live.id}`) ?? []).length === 1;
  if (claim && !isRetagged) return found;

  const message = claim
    ? `${live.id} was this document's in the last pass, and its tags were changed to name ${claim.namespace}/${claim.name}: set its tag ${TAG.resource} back to ${desired.namespace}/${desired.name}`
    : `${live.id} was ours in the last pass, and somebody took our tags off: put them back with the annotation ${adoptText(desired, live.id)}`;
  return {
    is: 'held',
    reason: 'not-owned',
    state: 'unmanaged',
    wants: 'update',
    message,
    live,
    incident: 'object.disowned',
  };
}

/** Too many of what this process saw live are gone at once: more likely a wrong account or a broken list than so many hands. */
export function holdMassMissing(
  steps: readonly Step[],
  kind: string,
  input: PlanInput,
): readonly Step[] {
  const isLost = (step: Step) => step.action === 'create' && input.lastSeen.has(identity(step));
  const known = [...input.lastSeen.keys()].filter((id) => id.startsWith(`${kind}/`)).length;
  const gone = steps.filter(isLost).length;
  // One that is gone is no mass, however few there are.
  if (gone <= 1 || gone * 100 <= input.policy.maxPercent * known) return steps;
  const message = `more than ${input.policy.maxPercent} % of what was live in the last pass is gone at once: check the account and region, then restart apikeeper to have them created again`;
  return steps.map((step) => (isLost(step) ? held(step, 'mass-missing', message) : step));
}
