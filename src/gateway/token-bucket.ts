/** The two kinds of limits under a budget. Times are milliseconds since its beginning, and never go back. */

/** At most `requests` in any `perSeconds`. */
export interface Quota {
  readonly requests: number;
  readonly perSeconds: number;
}

/** Where halving the share ends. */
const LEAST_SHARE = 0.1;
/** What a second gives back: from a half to the whole in 50 s. */
const RECOVERY_PER_SECOND = 0.01;

/** A pause keeps a hurried call no longer. */
export const HURRIED_PAUSE_MS = 2_000;

/** Until when nothing is sent, because the service refused a call. */
function createPause() {
  let until = 0;
  let hurriedUntil = 0;

  return {
    until: (hurried: boolean): number => (hurried ? hurriedUntil : until),
    begin(now: number, end: number): void {
      // A further refusal does not prolong the pause of hurried calls.
      if (now >= hurriedUntil) hurriedUntil = Math.min(end, now + HURRIED_PAUSE_MS);
      until = Math.max(until, end);
    },
  };
}

/** The account's token bucket. It counts calls when they are sent, so it should hold less than the service's own (10 per second, burst 40). */
export function createBucket(firstPerSecond: number, firstBurst: number) {
  let perSecond = firstPerSecond;
  let burst = firstBurst;
  let tokens = burst;
  let share = 1;
  let at = 0;
  const paused = createPause();

  function advance(now: number): void {
    const seconds = (now - at) / 1000;
    tokens = Math.min(burst, tokens + seconds * perSecond * share);
    share = Math.min(1, share + seconds * RECOVERY_PER_SECOND);
    at = now;
  }

  return {
    freeAt(now: number, hurried: boolean): number {
      advance(now);
      // The tolerance is for what adding fractions loses.
      const missing = tokens >= 1 - 1e-9 ? 0 : ((1 - tokens) / (perSecond * share)) * 1000;
      return Math.max(now + missing, paused.until(hurried));
    },
    take(): void {
      tokens -= 1;
    },
    setPace(now: number, nextPerSecond: number, nextBurst: number): void {
      advance(now);
      perSecond = nextPerSecond;
      // A larger burst is there at once, as for a bucket that begins with it.
      tokens = Math.min(nextBurst, tokens + Math.max(0, nextBurst - burst));
      burst = nextBurst;
    },
    pause(now: number, until: number): void {
      advance(now);
      // Calls in flight are throttled together: one throttling halves once.
      if (now >= paused.until(false)) share = Math.max(LEAST_SHARE, share / 2);
      tokens = Math.min(tokens, 1);
      paused.begin(now, until);
    },
    tokens(now: number): number {
      advance(now);
      return tokens;
    },
    share(now: number): number {
      advance(now);
      return share;
    },
  };
}

/**
 * One operation's own quota: at most `requests` calls were answered in the last `perSeconds`, or are in flight.
 * Since the service counts a call before it answers, this stays within the quota whether it counts by window or by bucket, and however long calls take on the way.
 */
export function createLane(quota: Quota | undefined) {
  const answered: { readonly at: number; readonly refused: boolean }[] = [];
  const paused = createPause();
  let inFlight = 0;

  function quotaFreeAt(now: number, hurried: boolean): number {
    if (!quota) return now;
    const period = quota.perSeconds * 1000;
    while (answered[0] !== undefined && answered[0].at + period <= now) answered.shift();
    const counted = hurried ? answered.filter(({ refused }) => !refused) : answered;
    const tooMany = inFlight + counted.length - quota.requests;
    if (tooMany < 0) return now;
    const leaves = counted[tooMany];
    return leaves === undefined ? Number.POSITIVE_INFINITY : leaves.at + period;
  }

  return {
    freeAt: (now: number, hurried: boolean): number =>
      Math.max(quotaFreeAt(now, hurried), paused.until(hurried)),
    begin(): void {
      inFlight += 1;
    },
    /** A refused call does not count for hurried calls. */
    end(now: number, refused: boolean): void {
      inFlight -= 1;
      if (quota) answered.push({ at: now, refused });
    },
    pause: paused.begin,
  };
}

export type Lane = ReturnType<typeof createLane>;
