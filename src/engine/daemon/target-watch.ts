/** A Target for as long as it is declared: its schedule, its newest report, and the commits that are not yet live. */
import type { Clock } from '../../core/model/clock.ts';
import type { Target } from '../../core/model/model.ts';
import type { TargetReport } from '../../core/model/report.ts';
import type { Schedule, StartSchedule } from '../reconcile/cron.ts';
import { time } from '../state/hash-and-time.ts';
import { hasCommitted, mergePending, type PendingCommit } from './commit-latency.ts';

/** A target is no longer ready when so many of its scheduled times have come since a pass went through it. */
const MISSED_TIMES = 3;

export interface TargetWatchOptions {
  readonly clock: Clock;
  /** Outranks the Target's own. */
  readonly schedule?: string | undefined;
  readonly startSchedule: StartSchedule;
  readonly onTime: (namespace: string) => void;
  /** A commit is live, so long after the first hint of it; held steps apart. */
  readonly onLive: (namespace: string, durationMs: number) => void;
}

/** How a pass over the Target's account ended. */
export interface WatchedPass {
  /** Undefined where the pass gave way to a newer commit, or had to begin anew. */
  readonly report: TargetReport | undefined;
  /** Neither cut short nor to be repeated. */
  readonly isOver: boolean;
  /** It was cut short by the end of the process, or by something newer. */
  readonly isCut: boolean;
}

export interface TargetWatch extends Disposable {
  /** As it is declared now. */
  readonly target: Target;
  /** Takes the Target as it is declared now. */
  update(target: Target): void;
  /** There is something to see; `since`: the first hint of it, milliseconds since the epoch. */
  expect(since: number): void;
  /** A pass begins: tell it how it ended. */
  begin(): (pass: WatchedPass) => void;
  /** As the last pass left it. */
  readonly report: TargetReport | undefined;
  /** Why nobody should rely on it, as a sentence; undefined where one can. */
  readonly unready: string | undefined;
}

export function createTargetWatch(declared: Target, options: TargetWatchOptions): TargetWatch {
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

  return {
    get target() {
      return target;
    },
    update(now) {
      const before = expressionOf(target);
      target = now;
      if (expressionOf(now) === before) return;
      schedule[Symbol.dispose]();
      schedule = start();
    },
    expect(since) {
      pending = mergePending(pending, { since, isBegun: false });
    },
    begin() {
      const change = pending;
      pending = undefined;
      return (pass) => {
        const isBegun = change?.isBegun || hasCommitted(pass.report?.objects ?? []);
        if (change && !pass.isOver) pending = mergePending({ ...change, isBegun }, pending);
        if (change && pass.isOver && isBegun)
          options.onLive(target.namespace, clock.now() - change.since);
        if (!pass.report) return;
        report = pass.report;
        if (report.error !== undefined || pass.isCut) return;
        isSeen = true;
        missed = 0;
      };
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
    [Symbol.dispose]() {
      closed = true;
      schedule[Symbol.dispose]();
    },
  };
}
