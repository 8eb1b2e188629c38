import type { AccountState, KeyUsage, UsagePlan } from './state.ts';

export const DAY = 24 * 3600 * 1000;

/** The UTC date of an instant, `YYYY-MM-DD`. */
export const isoDay = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** The counters of a key in a plan, for writing: made when they are not there. */
export function usageOf(state: AccountState, planId: string, keyId: string): KeyUsage {
  const plan = state.usage.get(planId) ?? new Map<string, KeyUsage>();
  state.usage.set(planId, plan);
  const usage = plan.get(keyId) ?? { days: new Map(), extra: new Map() };
  plan.set(keyId, usage);
  return usage;
}

type Quota = NonNullable<UsagePlan['quota']>;

/**
 * The first day (ms, UTC) of the quota period that `at` falls into. That periods begin at midnight UTC, weeks on Sunday and months on the 1st, each
 * `offset` days later, is UNCONFIRMED (docs/api-gateway-facts.md#f27).
 */
function periodStart({ period, offset = 0 }: Quota, at: number): number {
  const day = at - (at % DAY);
  if (period === 'WEEK') return day - ((new Date(day).getUTCDay() - offset + 7) % 7) * DAY;
  if (period !== 'MONTH') return day;
  const shifted = new Date(day - offset * DAY);
  return Date.UTC(shifted.getUTCFullYear(), shifted.getUTCMonth(), 1) + offset * DAY;
}

/** Of the period that `at` falls into, up to then. */
function used(quota: Quota, { days }: KeyUsage, at: number): number {
  let sum = 0;
  for (let day = periodStart(quota, at); day <= at; day += DAY) sum += days.get(isoDay(day)) ?? 0;
  return sum;
}

/** What is left of the quota at the end of the day `at`; undefined when the plan has none. */
export function remaining({ quota }: UsagePlan, usage: KeyUsage, at: number): number | undefined {
  if (quota?.limit === undefined) return undefined;
  const extra = usage.extra.get(isoDay(periodStart(quota, at))) ?? 0;
  return Math.max(0, quota.limit + extra - used(quota, usage, at));
}

/** Makes `left` what is left of the quota in the period that `at` falls into. */
export function setRemaining(quota: Quota, usage: KeyUsage, left: number, at: number): void {
  usage.extra.set(
    isoDay(periodStart(quota, at)),
    left + used(quota, usage, at) - (quota.limit ?? 0),
  );
}

/** Counts one request of a key. False, and nothing counted, when its quota of the period is used up. */
export function spend(state: AccountState, plan: UsagePlan, keyId: string, now: number): boolean {
  const usage = usageOf(state, plan.id, keyId);
  if (remaining(plan, usage, now) === 0) return false;
  const today = isoDay(now);
  usage.days.set(today, (usage.days.get(today) ?? 0) + 1);
  return true;
}
