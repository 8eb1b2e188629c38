/** How long a plan takes, from the numbers by which the budget paces it (docs/contract.md#plan). */
import type { Estimate } from '../model/plan.ts';

export interface Pace {
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** Operations with a quota of their own: so many calls in so many seconds. Empty where those quotas are off. */
  readonly quotas: Readonly<
    Record<string, { readonly requests: number; readonly perSeconds: number }>
  >;
}

/** @param calls the operations that the plan takes, one entry per call. */
export function estimate(calls: readonly string[], pace: Pace): Estimate {
  const counts: Record<string, number> = {};
  for (const call of [...calls].sort()) counts[call] = (counts[call] ?? 0) + 1;
  const total = Math.max(0, (calls.length - pace.burst) / pace.requestsPerSecond);
  let binding = { operation: 'total', seconds: total };
  for (const [operation, count] of Object.entries(counts)) {
    const quota = pace.quotas[operation];
    if (!quota) continue;
    // The first calls of a quiet account wait for nothing.
    const seconds = (Math.ceil(count / quota.requests) - 1) * quota.perSeconds;
    if (seconds > binding.seconds) binding = { operation, seconds };
  }
  return {
    calls: counts,
    seconds: Math.round(binding.seconds * 10) / 10,
    binding: binding.operation,
    text: textOf(calls.length, binding, counts, pace),
  };
}

function textOf(
  total: number,
  binding: { readonly operation: string; readonly seconds: number },
  counts: Readonly<Record<string, number>>,
  pace: Pace,
): string {
  const quota = pace.quotas[binding.operation];
  const all = `${total} ${total === 1 ? 'call' : 'calls'}`;
  if (binding.seconds < 1) return `${all}, at once`;
  if (!quota)
    return `${all} at ${pace.requestsPerSecond} per second ≈ ${duration(binding.seconds)}`;
  const every = quota.perSeconds === 1 ? 'second' : `${quota.perSeconds} s`;
  return `${all}; ${counts[binding.operation]} × ${binding.operation} at ${quota.requests} per ${every} ≈ ${duration(binding.seconds)}`;
}

/** `4 min 40 s`, `1 h 39 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes > 0) return rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`;
  return `${rest} s`;
}
