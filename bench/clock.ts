/** Time that passes only while nothing else happens: what would take hours at the service's quotas takes seconds here, and says so. */
import type { Clock } from '../src/core/model/clock.ts';

interface Sleeper {
  readonly at: number;
  wake(): void;
}

export interface VirtualClock extends Clock, Disposable {}

/** @param activity a number that changes whenever something happens, such as the count of requests that were answered */
export function virtualClock(activity: () => number, start = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = start;
  const sleepers = new Set<Sleeper>();
  let seen = { activity: -1, sleepers: -1, rounds: 0 };

  // A call on loopback is answered within a millisecond or two: some quiet rounds mean that everybody waits for time.
  const timer = setInterval(() => {
    const quiet = seen.activity === activity() && seen.sleepers === sleepers.size;
    seen = { activity: activity(), sleepers: sleepers.size, rounds: quiet ? seen.rounds + 1 : 0 };
    if (seen.rounds < 3 || sleepers.size === 0) return;
    const next = [...sleepers].reduce((a, b) => (b.at < a.at ? b : a));
    sleepers.delete(next);
    now = Math.max(now, next.at);
    seen.rounds = 0;
    next.wake();
  }, 1);

  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const leave = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper: Sleeper = {
          at: now + Math.max(0, ms),
          wake() {
            signal?.removeEventListener('abort', leave);
            resolve();
          },
        };
        signal?.addEventListener('abort', leave, { once: true });
        sleepers.add(sleeper);
      }),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
