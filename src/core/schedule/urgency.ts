/** What can't wait, and what can (docs/contract.md#plan). */
import { isMap } from '../model/json.ts';

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
 * | a limit lowered (a quota's: per day), or put where none was | tighten |
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
  if (field === 'quota') return isTighterQuota(keys[0], desired, live);
  return typeof desired === 'number' && typeof live === 'number' && desired < live;
}

/** How many days a quota's limit is for. */
const DAYS: Readonly<Record<string, number>> = { DAY: 1, WEEK: 7, MONTH: 30 };

/**
 * A quota is tighter where it allows less per day. A change of one part says nothing of the other,
 * which then counts as the same on both sides.
 */
function isTighterQuota(part: string | undefined, desired: Json, live: Json): boolean {
  const wanted = perDay(part, desired);
  const found = perDay(part, live);
  return wanted !== undefined && found !== undefined && wanted < found;
}

function perDay(part: string | undefined, value: Json): number | undefined {
  const quota = part === undefined ? value : { limit: 1, period: 'DAY', [part]: value };
  if (!isMap(quota)) return undefined;
  const { limit, period } = quota;
  const days = typeof period === 'string' ? DAYS[period] : undefined;
  return typeof limit === 'number' && days !== undefined ? limit / days : undefined;
}
