/** Waits that end: by the caller's signal, or by the time-out of a call. */

/** What the promise gives, or the signal's reason where it aborts first: nobody waits any longer, and what was begun goes on alone. */
export async function orAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (!signal) return promise;
  const aborted = Promise.withResolvers<never>();
  const leave = () => aborted.reject(signal.reason);
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** How long one call may take: connection, headers and the whole body. */
export const CALL_TIMEOUT_MS = 30_000;

/** Aborts with a TimeoutError after the time, or with the given signal's reason before. */
export function timeLimit(
  ms: number,
  given: AbortSignal | undefined,
): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController();
  const late = new Error(`no whole answer within ${ms} ms`);
  late.name = 'TimeoutError';
  const timer = setTimeout(() => stop.abort(late), ms);
  // The connection keeps the process alive as long as there is something to wait for.
  timer.unref();
  const leave = () => stop.abort(given?.reason);
  if (given?.aborted) leave();
  given?.addEventListener('abort', leave, { once: true });
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      given?.removeEventListener('abort', leave);
    },
  };
}
