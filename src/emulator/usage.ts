import type { GetUsageRequest, UpdateUsageRequest, Usage } from '@aws-sdk/client-api-gateway';
import type { Operation } from './context.ts';
import { badRequest, notFound } from './errors.ts';
import { page } from './pages.ts';
import { type Grammar, patched, replace, toNumber } from './patch.ts';
import type { KeyUsage, UsagePlan } from './state.ts';
import { DAY, isoDay, remaining, setRemaining, usageOf } from './usage-counters.ts';
import { findUsagePlan } from './usage-plans.ts';

const DATE = /^\d{4}-\d{2}-\d{2}$/;

function parseDay(text: string): number {
  const at = DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(at))
    throw badRequest(`Invalid date ${text} specified. The format is YYYY-MM-DD`);
  return at;
}

const unused: KeyUsage = { days: new Map(), extra: new Map() };

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
export const getUsage: Operation<GetUsageRequest, Usage> = (
  { usagePlanId, startDate, endDate, keyId, ...paging },
  { state },
) => {
  const plan = findUsagePlan(state, usagePlanId);
  const days = daysBetween(startDate, endDate);
  const attached = [...(state.planKeys.get(usagePlanId) ?? [])].filter(
    (id) => keyId === undefined || id === keyId,
  );
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
export const updateUsage: Operation<UpdateUsageRequest, Usage> = (
  { usagePlanId, keyId, patchOperations },
  { state, now },
) => {
  const plan = findUsagePlan(state, usagePlanId);
  if (!state.planKeys.get(usagePlanId)?.has(keyId))
    throw notFound('Invalid Usage Plan Key identifier specified');
  if (!plan.quota) throw badRequest('Usage Plan has no quota');
  const usage = usageOf(state, usagePlanId, keyId);
  const current = { remaining: remaining(plan, usage, now) ?? 0 };
  setRemaining(
    plan.quota,
    usage,
    patched(current, patchOperations, grammar, 'updateUsageInput').remaining,
    now,
  );
  const today = isoDay(now);
  return {
    usagePlanId,
    startDate: today,
    endDate: today,
    items: { [keyId]: [dayOf(plan, usage, parseDay(today))] },
  };
};
