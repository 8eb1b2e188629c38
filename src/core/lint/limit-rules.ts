/** Limits that let nobody through, or do something else than they seem to. Absent is not 0: "no limit" is the opposite of "none at all". */

import { type Warning, warning } from '../model/warning.ts';
import type { Limit, Limited } from './inventory.ts';

export function lintLimits({ subject, limits }: Limited): Warning[] {
  const burst =
    limits.find(({ method, throttle }) => method === undefined && throttle)?.throttle?.burstLimit ??
    undefined;
  return limits.flatMap((limit) => {
    const { path, quota } = limit;
    const zeros = zerosOf(limit).map((message) => warning('LIMIT_ZERO', subject, message, path));
    const halves = halvesOf(limit).map((message) => warning('LIMIT_HALF', subject, message, path));
    const low = quota && burst !== undefined ? quotaBelow(burst, quota) : [];
    return [
      ...zeros,
      ...halves,
      ...low.map((message) => warning('QUOTA_BELOW_BURST', subject, message, path)),
    ];
  });
}

function zerosOf({ method, callers, throttle, quota }: Limit): string[] {
  const calls = `every call${method === undefined ? '' : ` of ${method}`}${callers === 'keys' ? " with the plan's keys" : ', whoever calls,'} gets 429`;
  const burst = throttle?.burstLimit === 0 ? 'burst' : undefined;
  const zero = throttle?.rateLimit === 0 ? 'rate' : burst;
  const none = method === undefined ? 'write throttle: null' : 'take it out';
  return [
    ...(zero === undefined
      ? []
      : [`a ${zero} of 0 lets no request through: ${calls}; where no limit is meant, ${none}`]),
    ...(quota?.limit === 0
      ? [
          `a quota of 0 lets no request through: ${calls}; where no quota is meant, write quota: null`,
        ]
      : []),
  ];
}

function halvesOf({ throttle, quota }: Limit): string[] {
  const half = (has: string, lacks: string) =>
    `it has a ${has} without a ${lacks}, and what callers get then is not known; write both`;
  const isHalf =
    throttle !== undefined && (throttle.rateLimit === null) !== (throttle.burstLimit === null);
  return [
    ...(isHalf
      ? [
          throttle.rateLimit === null
            ? half('burst limit', 'rate limit')
            : half('rate limit', 'burst limit'),
        ]
      : []),
    ...(quota && quota.limit !== null && quota.period === null ? [half('quota', 'period')] : []),
  ];
}

function quotaBelow(burst: number, { limit, period }: NonNullable<Limit['quota']>): string[] {
  if (limit === null || limit === 0 || limit >= burst) return [];
  const whole = `the quota of a whole ${period?.toLowerCase() ?? 'period'}, ${limit}, is lower than the burst, ${burst}`;
  return [
    `${whole}: one burst may use it up, and then every call gets 429 until the next period; raise the quota, or lower the burst`,
  ];
}
