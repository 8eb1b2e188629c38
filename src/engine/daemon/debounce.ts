import type { Clock } from '../../core/model/clock.ts';

/** Writing that never pauses is looked at all the same, after so many quiet periods. */
const LONGEST = 20;

export interface Debounce extends Disposable {
  heard(): void;
}

/**
 * Calls `onQuiet` when nothing has been heard for `ms` milliseconds: what is written in several steps is read when the last is done.
 * `since`: when the first of it was heard, milliseconds since the epoch.
 */
export function createDebounce(
  ms: number,
  clock: Clock,
  onQuiet: (since: number) => void,
): Debounce {
  let waiting = new AbortController();
  let since: number | undefined;
  return {
    heard() {
      const now = clock.now();
      since ??= now;
      const first = since;
      waiting.abort();
      waiting = new AbortController();
      clock.sleep(Math.max(0, Math.min(ms, first + LONGEST * ms - now)), waiting.signal).then(
        () => {
          since = undefined;
          onQuiet(first);
        },
        () => {
          // More was heard.
        },
      );
    },
    [Symbol.dispose]: () => waiting.abort(),
  };
}
