/** Clocks for tests: none of them waits. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/core/model/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export interface VirtualClock extends Clock {
  /** Lets so much time pass, waking sleepers in order. */
  advance(ms: number): Promise<void>;
}

/** Time stands still until it is told to pass. */
export function virtualClock(start = 1_000_000): VirtualClock {
  const { clock, sleepers, set } = sleeping(start);
  return {
    ...clock,
    async advance(ms) {
      const end = clock.now() + ms;
      await nextTurn();
      for (let next = earliest(sleepers); next && next.at <= end; next = earliest(sleepers)) {
        sleepers.delete(next);
        set(next.at);
        next.wake();
        await nextTurn();
      }
      set(end);
    },
  };
}

/** Time jumps to the next waking as soon as nothing else is to be done: for work that also waits for answers. */
export function jumpingClock(start = 1_000_000): Clock {
  const { clock, sleepers, set } = sleeping(start);
  return {
    now: clock.now,
    async sleep(ms, signal) {
      const woken = clock.sleep(ms, signal);
      setImmediate(() => {
        const next = earliest(sleepers);
        if (!next) return;
        sleepers.delete(next);
        set(Math.max(clock.now(), next.at));
        next.wake();
      });
      await woken;
    },
  };
}

function sleeping(start: number) {
  let now = start;
  const sleepers = new Set<Sleeper>();
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const leave = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper: Sleeper = {
          at: now + ms,
          wake() {
            signal?.removeEventListener('abort', leave);
            resolve();
          },
        };
        signal?.addEventListener('abort', leave, { once: true });
        sleepers.add(sleeper);
      }),
  };
  const set = (time: number) => {
    now = time;
  };
  return { clock, sleepers, set };
}

const earliest = (sleepers: ReadonlySet<Sleeper>): Sleeper | undefined =>
  [...sleepers].sort((a, b) => a.at - b.at)[0];
