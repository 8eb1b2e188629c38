/** The only concurrency of a target: one pass at a time, which gives way to what is newer; what arrives meanwhile becomes one more. */
import type { Clock } from '../../core/model/clock.ts';
import type { Trigger } from '../../core/model/report.ts';
import { backoff } from '../../gateway/retry.ts';

/** Between passes that failed for reasons that pass. */
const RETRY = { minDelayMs: 5_000, maxDelayMs: 300_000 };

/** What makes a loop turn. */
export type DaemonTrigger = Extract<Trigger, 'schedule' | 'change' | 'signal' | 'request'>;

/** Why a pass begins; `retry`: because the one before failed. */
export type PassCause = DaemonTrigger | 'retry';

export interface PassEnd {
  /** It gave way before it had read everything. */
  readonly superseded: boolean;
  /** Something failed that may well succeed when it is tried again. */
  readonly retryable: boolean;
}

/** Disposing: the pass that runs gives way, and no other begins; resolves when it is over. */
export interface PassQueue extends AsyncDisposable {
  request(cue: DaemonTrigger): void;
  readonly isRunning: boolean;
}

/**
 * | while a pass runs | that pass | then |
 * | --- | --- | --- |
 * | a change, a signal or a request arrives | gives way: its signal aborts | the next one begins at once; reading that was cut short is done again after it |
 * | a schedule's time comes | goes on | one more, in which everything is read |
 * | it fails for a reason that passes | is over | one more, after a while, unless another one begins before |
 */
export function createPassQueue(
  pass: (occasion: PassCause, signal: AbortSignal) => Promise<PassEnd>,
  clock: Clock,
): PassQueue {
  const urgent = new Set<DaemonTrigger>();
  let patient: PassCause | undefined;
  let running: Promise<void> | undefined;
  let current = new AbortController();
  let backingOff = new AbortController();
  let failures = 0;
  let closed = false;

  function next(): PassCause | undefined {
    if (closed) return undefined;
    const occasion =
      (['request', 'signal', 'change'] as const).find((one) => urgent.has(one)) ?? patient;
    urgent.clear();
    // All but a change read everything.
    if (occasion !== 'change') patient = undefined;
    return occasion;
  }

  async function drain(): Promise<void> {
    for (let occasion = next(); occasion; occasion = next()) {
      backingOff.abort();
      current = new AbortController();
      const { superseded, retryable } = await pass(occasion, current.signal);
      if (superseded && occasion !== 'change') patient ??= occasion;
      if (superseded) continue;
      failures = retryable ? failures + 1 : 0;
      if (retryable && !closed) retryLater();
    }
    running = undefined;
  }

  function retryLater(): void {
    backingOff = new AbortController();
    clock.sleep(backoff(failures, RETRY), backingOff.signal).then(
      () => begin('retry'),
      () => {
        // Another pass began before.
      },
    );
  }

  function begin(occasion: PassCause): void {
    patient = occasion === 'retry' ? (patient ?? occasion) : occasion;
    running ??= drain();
  }

  return {
    request(cue) {
      if (closed) return;
      if (cue === 'schedule') return begin(cue);
      urgent.add(cue);
      current.abort(new Error('something newer arrived before its turn'));
      running ??= drain();
    },
    get isRunning() {
      return running !== undefined;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      backingOff.abort();
      current.abort(new Error('apikeeper stopped before its turn'));
      await running;
    },
  };
}
