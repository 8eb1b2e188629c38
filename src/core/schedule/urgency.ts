/** What can't wait, and what can (docs/contract.md#plan). */
import type { Json } from '../model/model.ts';
import type { Change } from '../model/plan.ts';

/** Lower goes first. */
export const URGENCY = { revoke: 0, restore: 1, tighten: 2, attach: 3, rest: 4 } as const;
export type Urgency = (typeof URGENCY)[keyof typeof URGENCY];

/**
 * | change | urgency |
 * | --- | --- |
 * | access taken away | revoke |
 * | access that somebody else took away comes back | restore |
 * | a limit lowered, or put where none was | tighten |
 * | access given | attach |
 */
export function urgencyOf(change: Change | undefined): Urgency {
  if (!change) return URGENCY.attach;
  const { field, keys, desired, live, cause } = change;
  const hand = cause === 'live' || cause === 'both';
  const access =
    field === 'enabled' ||
    (field === 'keys' && keys.length === 1) ||
    (field === 'stages' && keys.length === 1);
  if (access && (desired === false || desired === undefined)) return URGENCY.revoke;
  if (access) return hand ? URGENCY.restore : URGENCY.attach;
  if (isTighter(field, keys, desired, live)) return URGENCY.tighten;
  return URGENCY.rest;
}

function isTighter(
  field: string,
  keys: readonly string[],
  desired: Json | undefined,
  live: Json | undefined,
): boolean {
  const limits =
    field === 'throttle' ||
    field === 'quota' ||
    keys.includes('methodThrottles') ||
    keys.includes('throttle');
  if (!limits || desired === undefined || desired === null) return false;
  if (live === undefined || live === null) return true;
  return typeof desired === 'number' && typeof live === 'number' && desired < live;
}
