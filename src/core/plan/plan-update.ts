/** The steps of a document that has a live object: what is changed of it, and what is held. */

import { compare, type Held } from '../compare/compare-fields.ts';
import { compareRequirement } from '../compare/compare-key-requirement.ts';
import { formerlyTag } from '../compare/formerly.ts';
import { REQUIREMENT } from '../compare/key-requirement.ts';
import { appliedTag } from '../compare/last-applied.ts';
import { withNames } from '../compare/member-names.ts';
import { claimOf, isRetired } from '../compare/ownership.ts';
import { unsettledBy } from '../compare/pending-redeploys.ts';
import { compact } from '../model/compact.ts';
import { identity, type Live, TAG } from '../model/model.ts';
import type { Change, Step } from '../model/plan.ts';
import type { Pinned } from '../model/plan-input.ts';
import { damageOf } from './damage.ts';
import type { Match } from './match.ts';
import {
  heldSteps,
  memberNames,
  ourTags,
  type PlanningContext,
  stepBase,
} from './planning-context.ts';
import { asLeft, putBack } from './returns.ts';
import { recreation } from './stage-recreation.ts';
import { isDrift } from './summarize.ts';

export function planUpdate(object: PlanningContext, found: Extract<Match, { is: 'live' }>): Step[] {
  const {
    desired,
    rules,
    world,
    stageNames,
    doubtful,
    input,
    creating: making,
    canonical: form,
  } = object;
  const { live } = found;
  const seen = input.lastSeen.get(identity(desired));
  const comparisonContext = {
    world,
    rules,
    fingerprint: input.fingerprint,
    lastSeen: seen?.id === live.id ? seen.spec : undefined,
  };
  const result =
    desired.kind === REQUIREMENT
      ? compareRequirement(desired, live, { ...comparisonContext, making })
      : compare(desired, form, live, {
          ...comparisonContext,
          stageNames,
          doubtful,
          detached: [...(input.detached?.get(live.id) ?? [])],
        });
  const compared = [...asLeft(result, live, input), ...putBack(result, live, input)];
  const { changes, held: fought } = yieldContestedFields(object, compared);
  const news = recreation({ desired, form, stageNames, world }, live, seen);
  const changed = changes.length > 0;
  // Without a difference there is no call whose end it must wait for: a stale tag is renewed in passing.
  const heldBack = [...result.held, ...fought];
  const unsettled = new Set(heldBack.flatMap((one) => one.changes.map(unsettledBy)));
  const names = memberNames(object, result.owned);
  const says = changed
    ? ''
    : appliedTag(
        { live },
        withNames(result.owned, names.memberNames),
        unsettled,
        rules,
        input.fingerprint,
      );
  const renewed = says === '' ? {} : { [TAG.applied]: says };
  const message = [comesBack(live), result.message, result.unserved]
    .filter((one) => one !== undefined)
    .join('; ');
  const main: Step = compact({
    ...stepBase(object),
    ...actionAndState(found.adopt, changed, result.unserved !== undefined),
    live,
    ...(message !== '' && { message }),
    unserved: result.unserved,
    damaged: found.adopt ? undefined : damageOf(object, live, result),
    changes,
    unclaimed: result.unclaimed,
    owned: result.owned,
    ...names,
    tags: tagChanges({ ...ourTags(object, live), ...renamed(object, live), ...renewed }, live),
    ...news,
  });
  const pinned = input.pinned.get(identity(desired));
  return [main, ...heldSteps(object, live, heldBack), ...pinnedSteps(object, live, pinned)];
}

/**
 * The only places that are left to another writer, as field and keys; `*` is any key. What lies
 * below a place is left with it. Everything else is enforced in every pass: none of these opens
 * access, loosens a limit, or shows or moves what callers send.
 */
const YIELDING: readonly (readonly string[])[] = [
  ['name'],
  ['description'],
  ['customerId'],
  ['productCode'],
  ['tags'],
  ['tracingEnabled'],
  ['cacheCluster'],
  ['methodSettings', '*', 'metricsEnabled'],
  ['methodSettings', '*', 'logging', 'level'],
];

/** Whether a contested change may be left to the other writer. */
export function mayYield({ field, keys }: Pick<Change, 'field' | 'keys'>): boolean {
  const place = [field, ...keys];
  return YIELDING.some((pattern) =>
    pattern.every((part, index) => index in place && (part === '*' || part === place[index])),
  );
}

/** A contested field that may yield is left to the other writer. The others are enforced. */
function yieldContestedFields(
  { desired, input }: PlanningContext,
  changes: readonly Change[],
): { readonly changes: readonly Change[]; readonly held: readonly Held[] } {
  const isFought = (change: Change) =>
    input.contested.has(`${identity(desired)} ${change.path}`) &&
    isDrift(change) &&
    mayYield(change);
  const fought = changes.filter(isFought);
  if (fought.length === 0) return { changes, held: [] };
  const message =
    'somebody set it back three times in 24 hours: find out who, and either stop them or change the manifest; any commit to this document starts anew';
  return {
    changes: changes.filter((change) => !isFought(change)),
    held: [{ reason: 'contested', message, changes: fought }],
  };
}

/** The name that the object had until now, so that a revert of the commit finds it again. */
function renamed({ desired, input, world }: PlanningContext, live: Live): Record<string, string> {
  const claim = claimOf(live, world.owner);
  if (!claim || (claim.namespace === desired.namespace && claim.name === desired.name)) return {};
  return formerlyTag(live, { ...claim, at: input.time.format(input.now) });
}

function comesBack(live: Live): string | undefined {
  if (live.kind !== 'ApiKey' || !isRetired(live)) return undefined;
  return 'the removed key comes back, with its value; the annotation apikeeper.dev/adopt: none makes a new one';
}

function tagChanges(wanted: Readonly<Record<string, string>>, live: Live): Step['tags'] {
  return {
    set: Object.fromEntries(
      Object.entries(wanted).filter(([key, value]) => live.tags[key] !== value),
    ),
    remove: TAG.deleteAfter in live.tags ? [TAG.deleteAfter] : [],
  };
}

/** A key's value can't be changed (docs/api-gateway-facts.md#f2): a pinned one that differs is held, and no other field waits for it. */
function pinnedSteps(object: PlanningContext, live: Live, pinned: Pinned | undefined): Step[] {
  if (pinned === undefined || pinned === 'same') return [];
  const value: Change = {
    field: 'value',
    keys: [],
    path: '/spec/value',
    desired: '(sensitive)',
    live: '(sensitive)',
    cause: 'unknown',
  };
  if (typeof pinned === 'object')
    return heldSteps(object, live, [
      { reason: 'dependency', message: pinned.unreadable, changes: [] },
    ]);
  const message =
    'the live key has another value than the manifest pins, and a value cannot be changed: rotate it, with a second ApiKey that gets the new value, and remove this one when its consumers have moved';
  return heldSteps(object, live, [{ reason: 'immutable-field', message, changes: [value] }]);
}

function actionAndState(
  isAdopted: boolean,
  hasChanged: boolean,
  isUnserved: boolean,
): Pick<Step, 'action' | 'state'> {
  if (isAdopted) return { action: 'adopt', state: 'unmanaged' };
  if (hasChanged) return { action: 'update', state: 'changed' };
  return { action: 'keep', state: isUnserved ? 'unserved' : 'in-sync' };
}
