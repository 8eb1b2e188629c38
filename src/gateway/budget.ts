/** Who may send when: within what the account allows for everybody, and what single operations allow (docs/api-gateway-facts.md#f21). */

import type { Clock } from '../core/model/clock.ts';
import { createBucket, createLane, type Lane, type Quota } from './token-bucket.ts';

/** Operations with a quota of their own, which nobody can raise; all others share the account's (docs/api-gateway-facts.md#f21). */
export const OPERATION_QUOTAS: Readonly<Record<string, Quota>> = {
  CreateApiKey: { requests: 5, perSeconds: 1 },
  DeleteApiKey: { requests: 5, perSeconds: 1 },
  UpdateUsagePlan: { requests: 1, perSeconds: 20 },
  CreateDeployment: { requests: 1, perSeconds: 5 },
  GetResources: { requests: 5, perSeconds: 2 },
};

/** URGENCY.revoke. A call of this urgency is hurried: no pause keeps it over 2 s. */
export const MOST_URGENT = 0;

export interface Pace {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

export interface BudgetOptions extends Pace {
  readonly clock: Clock;
  /** False only for emulators: then only the account's bucket counts. Default true. */
  readonly operationQuotas?: boolean;
}

export interface TakeOptions {
  /** Lower goes first. Default 0, but only a call that says 0 is hurried. */
  readonly urgency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Leave to send one call. Dispose of it when the answer is there: an operation's own quota is counted from answers. */
export interface Turn extends Disposable {
  readonly waitedMs: number;
  /** The service refused the call, as one too many. */
  refused(): void;
}

export interface Budget {
  /** Waits until the call may be sent. Rejects with the signal's reason when it aborts first. */
  take(operation: string, options?: TakeOptions): Promise<Turn>;
  /** No call (of that operation, where one is given) for so long. Pausing everybody also lowers the share. */
  pause(ms: number, operation?: string): void;
  /** Takes another pace from now on. */
  setPace(pace: Pace): void;
  /** How long calls waited so far, added up; milliseconds. */
  readonly waitedMs: number;
  /** The part of `requestsPerSecond` that is used: throttling halves it, time brings it back. 0.1 to 1. */
  readonly share: number;
  /** How many calls could be sent at once, as far as the account's bucket goes: up to `burst`. */
  readonly tokens: number;
}

export function createBudget({
  requestsPerSecond,
  burst,
  clock,
  operationQuotas = true,
}: BudgetOptions): Budget {
  const time = forward(clock);
  const account = createBucket(requestsPerSecond, Math.max(1, burst));
  const operations = new Map<string, Lane>();
  const waiting: Waiter[] = [];
  let waitedMs = 0;
  let timer: AbortController | undefined;

  function laneOf(operation: string): Lane {
    let lane = operations.get(operation);
    if (!lane) {
      lane = createLane(operationQuotas ? OPERATION_QUOTAS[operation] : undefined);
      operations.set(operation, lane);
    }
    return lane;
  }

  /** Grants what can be granted, most urgent first; one that waits for its own operation keeps nobody else. */
  function serve(): void {
    timer?.abort();
    timer = undefined;
    const now = time();
    let next = Number.POSITIVE_INFINITY;
    for (const waiter of [...waiting]) {
      const { hurried } = waiter;
      // Calls that a pause holds may stand before a hurried call: the account is asked for each.
      const free = Math.max(
        account.freeAt(now, hurried),
        laneOf(waiter.operation).freeAt(now, hurried),
      );
      if (free > now) next = Math.min(next, free);
      else grant(waiter, now);
    }
    if (next === Number.POSITIVE_INFINITY) return;
    timer = new AbortController();
    clock.sleep(Math.ceil(next - now), timer.signal).then(serve, () => {
      // Somebody came or went meanwhile, and the wait was reckoned anew.
    });
  }

  function grant(waiter: Waiter, now: number): void {
    waiting.splice(waiting.indexOf(waiter), 1);
    account.take();
    const lane = laneOf(waiter.operation);
    lane.begin();
    const waited = now - waiter.since;
    waitedMs += waited;
    let refused = false;
    waiter.grant({
      waitedMs: waited,
      refused() {
        refused = true;
      },
      [Symbol.dispose]() {
        lane.end(time(), refused);
        if (waiting.length > 0) serve();
      },
    });
  }

  return {
    take(operation, { urgency, signal } = {}) {
      return new Promise<Turn>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const waiter: Waiter = {
          operation,
          urgency: urgency ?? MOST_URGENT,
          hurried: urgency === MOST_URGENT,
          since: time(),
          grant(turn) {
            signal?.removeEventListener('abort', leave);
            resolve(turn);
          },
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(waiter), 1);
          // A wait for nobody would keep a process that ends from ending.
          if (waiting.length === 0) timer?.abort();
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', leave, { once: true });
        const behind = waiting.findIndex((other) => other.urgency > waiter.urgency);
        waiting.splice(behind < 0 ? waiting.length : behind, 0, waiter);
        serve();
      });
    },
    pause(ms, operation) {
      const now = time();
      if (operation === undefined) account.pause(now, now + ms);
      else laneOf(operation).pause(now, now + ms);
    },
    setPace(pace) {
      account.setPace(time(), pace.requestsPerSecond, Math.max(1, pace.burst));
      serve();
    },
    get waitedMs() {
      return waitedMs;
    },
    get share() {
      return account.share(time());
    },
    get tokens() {
      return account.tokens(time());
    },
  };
}

/** Milliseconds that passed; a clock that is set back stands still. */
function forward(clock: Clock): () => number {
  let last = clock.now();
  let passed = 0;
  return () => {
    const now = clock.now();
    passed += Math.max(0, now - last);
    last = now;
    return passed;
  };
}

interface Waiter {
  readonly operation: string;
  readonly urgency: number;
  readonly hurried: boolean;
  readonly since: number;
  grant(turn: Turn): void;
}
