/** Notices that this process stood still: stopped, frozen with its container, or asleep with its machine. */

/** The monotonic clock stands still while the machine sleeps, and the wall clock may be set back: the longer time counts. */
const CLOCKS = [() => performance.now(), () => Date.now()] as const;

/** Looks in a time that was not watched: nine looks fit into the limit. */
const LOOKS = 9;

export interface Standstill extends Disposable {
  /** Looks at once. */
  check(): void;
}

/** Calls `onStandstill` with the seconds after each time in which nothing ran for longer than `limitMs`. */
export function watchStandstill(
  limitMs: number,
  onStandstill: (seconds: number) => void,
): Standstill {
  const read = () => CLOCKS.map((clock) => clock());
  let last = read();
  const check = () => {
    const now = read();
    const stoodMs = Math.max(...now.map((time, index) => time - (last[index] ?? time)));
    last = now;
    if (stoodMs > limitMs) onStandstill(Math.round(stoodMs / 1000));
  };
  const timer = setInterval(check, limitMs / LOOKS).unref();
  return { check, [Symbol.dispose]: () => clearInterval(timer) };
}
