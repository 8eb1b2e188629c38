/** A target for as long as it is declared: its loop, its schedule, its newest report. */
import type { Clock } from '../../core/model/clock.ts';
import type { Target } from '../../core/model/model.ts';
import type { TargetReport } from '../../core/model/report.ts';
import type { Schedule, StartSchedule } from '../reconcile/cron.ts';
import type { TargetResult } from '../reconcile/engine.ts';
import { time } from '../state/hash-and-time.ts';
import { hasCommitted, mergePending, type PendingCommit } from './commit-latency.ts';
import {
  createPassQueue,
  type DaemonTrigger,
  type PassCause,
  type PassQueue,
} from './pass-queue.ts';

/** A target is no longer ready when so many of its scheduled times have come since a pass went through it. */
const MISSED_TIMES = 3;

export interface TargetLoop extends Omit<PassQueue, 'request'> {
  /** `since`: when there was a first hint of what there is to see; milliseconds since the epoch. */
  request(cue: DaemonTrigger, since: number): void;
  /** Takes the target as it is declared now. */
  update(target: Target): void;
  /** As the last pass left it. */
  readonly report: TargetReport | undefined;
  /** Why nobody should rely on it, as a sentence; undefined where one can. */
  readonly unready: string | undefined;
}

export interface TargetLoopOptions {
  readonly clock: Clock;
  /** Outranks the target's own. */
  readonly schedule?: string | undefined;
  readonly startSchedule: StartSchedule;
  readonly onTime: (namespace: string) => void;
  /** One pass over the target; undefined where it has to begin anew. */
  readonly pass: (
    target: Target,
    occasion: PassCause,
    signal: AbortSignal,
  ) => Promise<TargetResult | undefined>;
  /** There is a new report. */
  readonly onReport: (cue: DaemonTrigger, startedAt: number) => void;
  /** What was committed is live, so long after the first hint of it; what is held apart. */
  readonly onLive: (namespace: string, durationMs: number) => void;
}

export function createTargetLoop(declared: Target, options: TargetLoopOptions): TargetLoop {
  const { clock, startSchedule } = options;
  const expressionOf = (one: Target) => options.schedule ?? one.schedule;
  let target = declared;
  let schedule = start();
  let report: TargetReport | undefined;
  let isSeen = false;
  let missed = 0;
  let pending: PendingCommit | undefined;
  let closed = false;

  function start(): Schedule {
    return startSchedule(expressionOf(target), () => {
      missed += 1;
      options.onTime(target.namespace);
    });
  }

  const loop = createPassQueue(async (occasion, signal) => {
    const startedAt = clock.now();
    const change = pending;
    pending = undefined;
    const passed = await options.pass(target, occasion, signal);
    const isBegun = change?.isBegun || hasCommitted(passed?.report.objects ?? []);
    const isOver = passed && !passed.superseded && !passed.retryable && !signal.aborted;
    if (change && !isOver) pending = mergePending({ ...change, isBegun }, pending);
    if (change && isOver && isBegun) options.onLive(target.namespace, clock.now() - change.since);
    if (!passed) return { superseded: false, retryable: false };
    if (passed.superseded) return passed;
    report = passed.report;
    if (report.error === undefined && !signal.aborted) {
      isSeen = true;
      missed = 0;
    }
    options.onReport(occasion === 'retry' ? 'schedule' : occasion, startedAt);
    return passed;
  }, clock);

  return {
    request(cue, since) {
      pending = mergePending(pending, { since, isBegun: false });
      loop.request(cue);
    },
    get isRunning() {
      return loop.isRunning;
    },
    update(now) {
      const before = expressionOf(target);
      target = now;
      if (expressionOf(now) === before) return;
      schedule[Symbol.dispose]();
      schedule = start();
    },
    get report() {
      const next = closed ? undefined : schedule.next();
      return report && next !== undefined ? { ...report, nextRunAt: time.format(next) } : report;
    },
    get unready() {
      if (!isSeen) return `no pass has gone through target ${target.namespace} yet`;
      if (missed >= MISSED_TIMES)
        return `no pass has gone through target ${target.namespace} for ${missed} of its scheduled times`;
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      schedule[Symbol.dispose]();
      await loop[Symbol.asyncDispose]();
    },
  };
}
