import type { GetUsageRequest, UpdateUsageRequest, Usage } from '@aws-sdk/client-api-gateway';
import type { Operation } from './context.ts';
import { badRequest, notFound } from './errors.ts';
import { page } from './pages.ts';
import { type Grammar, patched, replace, toNumber } from './patch.ts';
import type { AccountState, KeyUsage, UsagePlan } from './state.ts';
import { findUsagePlan } from './usage-plans.ts';

const DAY = 24 * 3600 * 1000;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

const isoDay = (at: number): string => new Date(at).toISOString().slice(0, 10);

function parseDay(text: string): number {
  const at = DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(at)) throw badRequest(`Invalid date ${text} specified. The format is YYYY-MM-DD`);
  return at;
}

const unused: KeyUsage = { days: new Map(), extra: new Map() };

/** The counters of a key in a plan, for writing: made when they are not there. */
function usageOf(state: AccountState, planId: string, keyId: string): KeyUsage {
  const plan = state.usage.get(planId) ?? new Map<string, KeyUsage>();
  state.usage.set(planId, plan);
  const usage = plan.get(keyId) ?? { days: new Map(), extra: new Map() };
  plan.set(keyId, usage);
  return usage;
}

/**
 * The first day (ms, UTC) of the quota period that `at` falls into. That periods begin at midnight UTC, weeks on Sunday and months on the 1st, each
 * `offset` days later, is UNCONFIRMED (facts section 6).
 */
function periodStart({ period, offset = 0 }: NonNullable<UsagePlan['quota']>, at: number): number {
  const day = at - (at % DAY);
  if (period === 'WEEK') return day - ((new Date(day).getUTCDay() - offset + 7) % 7) * DAY;
  if (period !== 'MONTH') return day;
  const shifted = new Date(day - offset * DAY);
  return Date.UTC(shifted.getUTCFullYear(), shifted.getUTCMonth(), 1) + offset * DAY;
}

/** What is left of the quota at the end of the day `at`; undefined when the plan has none. */
function remaining({ quota }: UsagePlan, usage: KeyUsage, at: number): number | undefined {
  if (quota?.limit === undefined) return undefined;
  const start = periodStart(quota, at);
  let used = 0;
  for (let day = start; day <= at; day += DAY) used += usage.days.get(isoDay(day)) ?? 0;
  return Math.max(0, quota.limit + (usage.extra.get(isoDay(start)) ?? 0) - used);
}

/** `[used, remaining]` of one day; -1 remaining stands for a plan without quota (UNCONFIRMED). */
const dayOf = (plan: UsagePlan, usage: KeyUsage, at: number): number[] => [
  usage.days.get(isoDay(at)) ?? 0,
  remaining(plan, usage, at) ?? -1,
];

function daysBetween(startDate: string, endDate: string): number[] {
  const [start, end] = [parseDay(startDate), parseDay(endDate)];
  if (end < start) throw badRequest('Invalid date range specified: endDate is before startDate');
  return Array.from({ length: (end - start) / DAY + 1 }, (_, index) => start + index * DAY);
}

/** By key id, one `[used, remaining]` per day [BC]. */
export const getUsage: Operation<GetUsageRequest, Usage> = ({ usagePlanId, startDate, endDate, keyId, ...paging }, { state }) => {
  const plan = findUsagePlan(state, usagePlanId);
  const days = daysBetween(startDate, endDate);
  const attached = [...(state.planKeys.get(usagePlanId) ?? [])].filter((id) => keyId === undefined || id === keyId);
  const { items, position } = page(attached, (id) => id, paging);
  const values = items.map((id): [string, number[][]] => [
    id,
    days.map((day) => dayOf(plan, state.usage.get(usagePlanId)?.get(id) ?? unused, day)),
  ]);
  return { usagePlanId, startDate, endDate, items: Object.fromEntries(values), position };
};

const grammar: Grammar<{ remaining: number }> = {
  rules: [
    replace('/remaining', (usage, patch) => {
      usage.remaining = toNumber(patch, { min: 0, integer: true });
    }),
  ],
};

/** Grants more, or less, of the current period's quota [PATCH]. */
export const updateUsage: Operation<UpdateUsageRequest, Usage> = ({ usagePlanId, keyId, patchOperations }, { state, now }) => {
  const plan = findUsagePlan(state, usagePlanId);
  if (!state.planKeys.get(usagePlanId)?.has(keyId)) throw notFound('Invalid Usage Plan Key identifier specified');
  if (!plan.quota) throw badRequest('Usage Plan has no quota');
  const usage = usageOf(state, usagePlanId, keyId);
  const before = remaining(plan, usage, now) ?? 0;
  const wanted = patched({ remaining: before }, patchOperations, grammar, 'updateUsageInput').remaining;
  const period = isoDay(periodStart(plan.quota, now));
  usage.extra.set(period, (usage.extra.get(period) ?? 0) + wanted - before);
  const today = isoDay(now);
  return { usagePlanId, startDate: today, endDate: today, items: { [keyId]: [dayOf(plan, usage, parseDay(today))] } };
};
