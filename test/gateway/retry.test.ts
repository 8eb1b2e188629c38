import { describe, expect, it } from 'vitest';
import { type ErrorClass, GatewayError } from '../../src/gateway/errors.ts';
import { backoff, retrying } from '../../src/gateway/retry.ts';
import { jumpingClock, virtualClock } from './clocks.ts';

const failure = (errorClass: ErrorClass, retryAfterMs?: number) =>
  new GatewayError({
    class: errorClass,
    operation: 'GetApiKeys',
    code: errorClass,
    message: errorClass,
    retryAfterMs,
  });

/** Fails with each of these in turn, and then succeeds. */
function failing(...errors: readonly Error[]): {
  attempt: () => Promise<string>;
  count: () => number;
} {
  let count = 0;
  return {
    async attempt() {
      const error = errors[count++];
      if (error) throw error;
      return 'done';
    },
    count: () => count,
  };
}

describe('retrying', () => {
  it.each<ErrorClass>(['throttled', 'transient', 'conflict-concurrent'])(
    'tries again after %s',
    async (errorClass) => {
      const { attempt, count } = failing(failure(errorClass), failure(errorClass));
      await expect(retrying(attempt, { clock: jumpingClock() })).resolves.toBe('done');
      expect(count()).toBe(3);
    },
  );

  it.each<ErrorClass>([
    'answer-lost',
    'conflict',
    'not-found',
    'denied',
    'quota-full',
    'invalid',
    'unknown',
  ])('gives up at once after %s', async (errorClass) => {
    const { attempt, count } = failing(failure(errorClass));
    await expect(retrying(attempt, { clock: jumpingClock() })).rejects.toThrow(errorClass);
    expect(count()).toBe(1);
  });

  it('gives up at once after an error that is not the door’s', async () => {
    const { attempt, count } = failing(new Error('a defect'));
    await expect(retrying(attempt, { clock: jumpingClock() })).rejects.toThrow('a defect');
    expect(count()).toBe(1);
  });

  it('ends after so many attempts, with the last error', async () => {
    const { attempt, count } = failing(
      failure('transient'),
      failure('transient'),
      failure('conflict-concurrent'),
    );
    await expect(
      retrying(attempt, { clock: jumpingClock(), options: { attempts: 3 } }),
    ).rejects.toThrow('conflict-concurrent');
    expect(count()).toBe(3);
  });

  it('ends after so long', async () => {
    const clock = jumpingClock();
    const start = clock.now();
    const { attempt, count } = failing(...Array.from({ length: 100 }, () => failure('transient')));
    const options = { attempts: 100, minDelayMs: 1000, maxDelayMs: 1000, maxElapsedMs: 10_000 };
    await expect(retrying(attempt, { clock, options })).rejects.toThrow('transient');
    expect(clock.now() - start).toBeLessThan(10_000);
    expect(count()).toBeGreaterThan(9);
  });

  it('waits as the service said', async () => {
    const clock = jumpingClock();
    const start = clock.now();
    await retrying(failing(failure('conflict-concurrent', 7000)).attempt, { clock });
    expect(clock.now() - start).toBe(7000);
  });

  it('leaves waiting for a throttled call to the budget', async () => {
    const clock = virtualClock();
    await expect(retrying(failing(failure('throttled', 7000)).attempt, { clock })).resolves.toBe(
      'done',
    );
  });

  it('ends a wait when the signal aborts, with its reason', async () => {
    const clock = virtualClock();
    const stop = new AbortController();
    const result = retrying(failing(failure('transient')).attempt, { clock, signal: stop.signal });
    await clock.advance(0);
    stop.abort(new Error('stopped'));
    await expect(result).rejects.toThrow('stopped');
  });

  it('keeps the result of an attempt that was under way when the signal aborted', async () => {
    const stop = new AbortController();
    const attempt = async () => {
      stop.abort();
      return 'made';
    };
    await expect(retrying(attempt, { clock: virtualClock(), signal: stop.signal })).resolves.toBe(
      'made',
    );
  });

  it('tells the error of an attempt that was under way when the signal aborted', async () => {
    const stop = new AbortController();
    const attempt = async () => {
      stop.abort();
      throw failure('transient');
    };
    await expect(retrying(attempt, { clock: virtualClock(), signal: stop.signal })).rejects.toThrow(
      'transient',
    );
  });
});

describe('the back-off', () => {
  it('doubles, up to a cap, and half of it is random', () => {
    const options = { minDelayMs: 100, maxDelayMs: 1000 };
    for (const [attempt, whole] of [100, 200, 400, 800, 1000, 1000].entries()) {
      const waits = Array.from({ length: 50 }, () => backoff(attempt + 1, options));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(whole / 2);
      expect(Math.max(...waits)).toBeLessThanOrEqual(whole);
      expect(new Set(waits).size).toBeGreaterThan(1);
    }
  });
});
