/** An account and region for as long as a Target of it is declared: one pass at a time, over all its Targets. */
import type { Clock } from '../../core/model/clock.ts';
import type { Target } from '../../core/model/model.ts';
import type { ReconcileResult } from '../reconcile/reconcile.ts';
import {
  createPassQueue,
  type DaemonTrigger,
  type PassCause,
  type PassControl,
  type PassQueue,
} from './pass-queue.ts';
import { createTargetWatch, type TargetWatch, type TargetWatchOptions } from './target-watch.ts';

export interface AccountLoop extends Omit<PassQueue, 'request'> {
  /** `since`: the first hint of what there is to see; milliseconds since the epoch. */
  request(cue: DaemonTrigger, since: number): void;
  /** Takes the Targets as they are declared now. */
  update(targets: readonly Target[]): void;
  readonly watches: readonly TargetWatch[];
}

export interface AccountLoopOptions extends TargetWatchOptions {
  readonly clock: Clock;
  /** One pass over the Targets; undefined where it has to begin anew. */
  readonly pass: (
    targets: readonly Target[],
    occasion: PassCause,
    control: PassControl,
  ) => Promise<ReconcileResult | undefined>;
  /** There are new reports. */
  readonly onReport: (cue: DaemonTrigger, startedAt: number) => void;
}

export function createAccountLoop(options: AccountLoopOptions): AccountLoop {
  const { clock } = options;
  const watches = new Map<string, TargetWatch>();

  const queue = createPassQueue(async (occasion, control) => {
    const startedAt = clock.now();
    const begun = [...watches.values()].map((watch) => ({ watch, end: watch.begin() }));
    const passed = await options.pass(
      begun.map(({ watch }) => watch.target),
      occasion,
      control,
    );
    const isCut = control.signal.aborted || control.newer.hasArrived;
    const isOver = passed !== undefined && !passed.superseded && !passed.retryable && !isCut;
    for (const { watch, end } of begun) {
      const { namespace } = watch.target;
      const report = passed?.superseded
        ? undefined
        : passed?.reports.find((one) => one.namespace === namespace);
      end({ report, isOver, isCut });
    }
    if (!passed) return { superseded: false, retryable: false };
    if (!passed.superseded)
      options.onReport(occasion === 'retry' ? 'schedule' : occasion, startedAt);
    return passed;
  }, clock);

  return {
    request(cue, since) {
      for (const watch of watches.values()) watch.expect(since);
      queue.request(cue);
    },
    update(targets) {
      for (const [namespace, watch] of watches) {
        if (targets.some((target) => target.namespace === namespace)) continue;
        watch[Symbol.dispose]();
        watches.delete(namespace);
      }
      for (const target of targets) {
        const known = watches.get(target.namespace);
        if (known) known.update(target);
        else watches.set(target.namespace, createTargetWatch(target, options));
      }
    },
    get isRunning() {
      return queue.isRunning;
    },
    get watches() {
      return [...watches.values()];
    },
    async [Symbol.asyncDispose]() {
      for (const watch of watches.values()) watch[Symbol.dispose]();
      await queue[Symbol.asyncDispose]();
    },
  };
}
