/** Limits as sources write them, which allow more than a manifest: halves, zeros, numbers as text. */
import type { Json } from '../../core/model/model.ts';
import { type Finding, finding, type Position } from './model.ts';

/** `value` is absent where there is no limit, or none that could be kept. */
export interface Limit {
  readonly value?: { readonly [field: string]: Json };
  readonly findings: readonly Finding[];
}

/** A rate and a burst. `what` begins the messages: `the plan residents`. */
export function readThrottle(rate: unknown, burst: unknown, at: Position, what: string): Limit {
  const rateLimit = numberOf(rate);
  const burstLimit = numberOf(burst);
  if (rateLimit === undefined && burstLimit === undefined) return { findings: [] };
  if (rateLimit === undefined || burstLimit === undefined) {
    const [has, lacks] = rateLimit === undefined ? ['burst', 'rate'] : ['rate', 'burst'];
    const message = `${what} has a ${has} limit without a ${lacks} limit; what is live then depends on the tool, so read what is live and write both`;
    return { findings: [finding('LIMIT_HALF', at, message)] };
  }
  const zero = rateLimit === 0 || burstLimit === 0;
  const message = `${what} has a limit of 0, which blocks every request and is kept as it is written; where no limit is meant, write throttle: null`;
  return {
    value: { rateLimit, burstLimit },
    findings: zero ? [finding('LIMIT_ZERO', at, message)] : [],
  };
}

/** A quota. */
export function readQuota(
  {
    limit,
    period,
    offset,
  }: { readonly limit?: unknown; readonly period?: unknown; readonly offset?: unknown },
  at: Position,
  what: string,
): Limit {
  const most = numberOf(limit);
  const first = numberOf(offset);
  if (most === undefined && period === undefined) return { findings: [] };
  if (most === undefined || typeof period !== 'string') {
    const lacks = most === undefined ? 'limit' : 'period';
    return {
      findings: [
        finding(
          'LIMIT_HALF',
          at,
          `${what} has a quota without a ${lacks}; read what is live and write both`,
        ),
      ],
    };
  }
  const message = `${what} has a quota of 0, which blocks every request and is kept as it is written; where no quota is meant, write quota: null`;
  return {
    value: { limit: most, period, ...(first !== undefined && first !== 0 && { offset: first }) },
    findings: most === 0 ? [finding('LIMIT_ZERO', at, message)] : [],
  };
}

/** A number, also where it is written as text. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const isNumber =
    typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
  return isNumber ? Number(value) : undefined;
}
