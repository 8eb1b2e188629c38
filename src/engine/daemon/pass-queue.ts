/** The only concurrency of an account: one pass at a time, which gives way to newer commits; what arrives meanwhile becomes one more. */
import type { Clock } from '../../core/model/clock.ts';
import type { Trigger } from '../../core/model/report.ts';
import { backoff } from '../../gateway/retry.ts';
import type { Newer } from '../reconcile/pass.ts';

/** Between passes that failed for reasons that pass. */
const RETRY = { minDelayMs: 5_000, maxDelayMs: 300_000 };

/** What makes a loop turn. */
export type DaemonTrigger = Extract<Trigger, 'schedule' | 'change' | 'signal' | 'request'>;

/** Why a pass begins; `retry`: because the one before failed. */
export type PassCause = DaemonTrigger | 'retry';

export interface PassEnd {
  /** It gave way before it wrote anything; what it read is kept. */
  readonly superseded: boolean;
  /** Something failed that may well succeed when it is tried again. */
  readonly retryable: boolean;
}

/** What tells a running pass to hurry. */
export interface PassControl {
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
  readonly newer: Newer;
}

/** Disposing: the pass that runs gives way, and no other begins; resolves when it is over. */
export interface PassQueue extends AsyncDisposable {
  request(cue: DaemonTrigger): void;
  readonly isRunning: boolean;
}

/**
 * | while a pass runs | that pass | then |
 * | --- | --- | --- |
 * | a change, a signal or a request arrives | is told: it revokes at once, finishes its reading, and writes no more of its own | the next one begins at once |
 * | a schedule's time comes | goes on | one more, in which everything is read |
 * | it fails for a reason that passes | is over | one more, after a while, unless another one begins before |
 */
export function createPassQueue(
  pass: (occasion: PassCause, control: PassControl) => Promise<PassEnd>,
  clock: Clock,
): PassQueue {
  const urgent = new Set<DaemonTrigger>();
  let patient: PassCause | undefined;
  let running: Promise<void> | undefined;
  let newer = createNewer();
  const stopping = new AbortController();
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
      newer = createNewer();
      const { superseded, retryable } = await pass(occasion, {
        signal: stopping.signal,
        newer,
      });
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
      newer.arrive();
      running ??= drain();
    },
    get isRunning() {
      return running !== undefined;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      backingOff.abort();
      stopping.abort(new Error('apikeeper stopped before its turn'));
      await running;
    },
  };
}

function createNewer(): Newer & { arrive(): void } {
  const listeners = new Set<() => void>();
  let hasArrived = false;
  return {
    get hasArrived() {
      return hasArrived;
    },
    arrive() {
      hasArrived = true;
      for (const listener of listeners) listener();
    },
    listen(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
  };
}
