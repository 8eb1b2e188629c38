/** The only retry layer: the SDK's own is switched off. */
import pRetry from 'p-retry';
import type { Clock } from '../core/model/clock.ts';
import { type ErrorClass, isGatewayError } from './errors.ts';
import { HURRIED_PAUSE_MS } from './token-bucket.ts';

export interface RetryOptions {
  /** Tries in all, the first included. Default 8. */
  readonly attempts?: number;
  /** No new try so long after the first failure. Default 5 minutes. */
  readonly maxElapsedMs?: number;
  /** The first wait of an exponential back-off; half of each wait is random. Default 250 ms. */
  readonly minDelayMs?: number;
  /** Default 20 s. */
  readonly maxDelayMs?: number;
}

const RETRIED: readonly ErrorClass[] = ['throttled', 'transient', 'conflict-concurrent'];

/**
 * Calls `attempt` until it succeeds, fails for good, or has failed often or long enough; then rejects with its last error.
 * A throttled attempt is repeated at once: the budget makes it wait, and everybody else with it.
 * The signal ends waits. It never ends an attempt, nor takes back the result of one: a call that was sent may have made something.
 */
export async function retrying<Result>(
  attempt: (count: number) => Promise<Result>,
  settings: {
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
    readonly options?: RetryOptions | undefined;
    /** The call is hurried. Throttled attempts whose wait is cut short don't count as tries. */
    readonly hurried?: boolean;
  },
): Promise<Result> {
  const { clock, signal, options = {}, hurried = false } = settings;
  const { attempts = 8, maxElapsedMs = 300_000 } = options;
  let firstFailure: number | undefined;
  let delay = 0;
  return pRetry(
    async (count) => {
      if (delay > 0) await clock.sleep(delay, signal);
      return attempt(count);
    },
    {
      retries: attempts - 1,
      // p-retry would wait by the real clock; and given the signal, it would throw away a result that arrives after the abort.
      minTimeout: 0,
      shouldConsumeRetry: ({ error }) => !(hurried && isCutShort(error)),
      shouldRetry({ error, attemptNumber }) {
        if (signal?.aborted || !isGatewayError(error, ...RETRIED)) return false;
        firstFailure ??= clock.now();
        delay =
          error.class === 'throttled' ? 0 : (error.retryAfterMs ?? backoff(attemptNumber, options));
        return clock.now() + delay - firstFailure < maxElapsedMs;
      },
    },
  );
}

/** Whether a hurried call comes back sooner than others after this error. */
function isCutShort(error: Error): boolean {
  if (!isGatewayError(error, 'throttled')) return false;
  return error.retryAfterMs === undefined || error.retryAfterMs > HURRIED_PAUSE_MS;
}

/** How long to wait after the attempt of that number, counted from 1; milliseconds. */
export function backoff(
  attempt: number,
  { minDelayMs = 250, maxDelayMs = 20_000 }: RetryOptions = {},
): number {
  const whole = Math.min(maxDelayMs, minDelayMs * 2 ** (attempt - 1));
  return whole / 2 + (Math.random() * whole) / 2;
}
