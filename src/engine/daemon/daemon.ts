/** The daemon: whatever happens only says "look again"; the manifests are then read once for all, and every target has a loop of its own. */

import { compareText } from '../../core/model/json.ts';
import type { Target } from '../../core/model/model.ts';
import type { Report } from '../../core/model/report.ts';
import type { Tree } from '../../manifests/load.ts';
import { watch } from '../../manifests/watch.ts';
import { type StartSchedule, scheduleProblem, startCron } from '../reconcile/cron.ts';
import { chosen, type Engine, Outdated, type TargetResult } from '../reconcile/engine.ts';
import type { Daemon, DaemonSettings, EngineDeps, Health, Settings } from '../state/settings.ts';
import { createCoalescer } from './coalesce.ts';
import { createDebounce } from './debounce.ts';
import type { DaemonTrigger, PassCause } from './pass-queue.ts';
import { createTargetLoop, type TargetLoop } from './target-loop.ts';

/** Work that has got nowhere for so long is stuck: one call with all its tries takes five minutes at most (src/gateway/retry.ts). */
const STUCK_MS = 10 * 60_000;

/** Something to look at: one target, or all. */
interface Look {
  readonly cue: DaemonTrigger;
  readonly namespace?: string;
  /** When there was a first hint of what there is to see: milliseconds since the epoch. Absent: when it is read. */
  readonly since?: number;
}

/**
 * Resolves when the manifests are read and the first passes have begun. Rejects for a schedule in `daemon` that can't be run, and for a namespace in
 * `settings` that no Target bears. The engine stays the caller's.
 */
export async function startDaemon(
  engine: Engine,
  settings: Settings,
  daemon: DaemonSettings,
  surroundings: EngineDeps,
  startSchedule: StartSchedule = startCron,
): Promise<Daemon> {
  const { clock, emit } = surroundings;
  const problem = daemon.schedule === undefined ? undefined : scheduleProblem(daemon.schedule);
  if (problem !== undefined) throw new Error(problem);

  const loops = new Map<string, TargetLoop>();
  /** Loops of targets that are gone: a call of theirs may still be under way. */
  const ending = new Map<string, Promise<void>>();
  let tree: Tree | undefined;
  let report: Report | undefined;
  let progressedAt = clock.now();
  let stopped: Promise<void> | undefined;

  const looks = createCoalescer<Look>(async (batch) => {
    const startedAt = clock.now();
    progressedAt = startedAt;
    const read = await engine.load();
    if (stopped) return;
    const declared = targetsOf(read);
    if (!tree) announce(declared);
    tree = read;
    follow(
      declared,
      batch.map((one) => ({ since: startedAt, ...one })),
    );
    if (declared.length === 0 || report) publish(read, batch[0]?.cue ?? 'change', startedAt);
  });
  const look = (one: Look) => (stopped ? undefined : looks.add(one));
  const quiet = createDebounce(daemon.quietPeriodMs, clock, (since) =>
    look({ cue: 'change', since }),
  );

  /** Only at the start is it a mistake to name a namespace that isn't there: later it may come back. */
  function targetsOf(read: Tree): readonly Target[] {
    const { namespaces } = settings;
    return tree && namespaces.length > 0
      ? read.targets.filter(({ namespace }) => namespaces.includes(namespace))
      : chosen(read, namespaces);
  }

  function announce(targets: readonly Target[]): void {
    const { version, directory, mode } = settings;
    const each = (say: (target: Target) => string) => [...new Set(targets.map(say))].join(', ');
    emit('controller.started', {
      version,
      directory,
      targets: targets.map(({ namespace }) => namespace),
      schedule: daemon.schedule ?? each((target) => target.schedule),
      mode: mode ?? each((target) => target.mode ?? 'observe'),
    });
  }

  /** Targets appear, change and vanish between one reading of the manifests and the next. */
  function follow(
    declared: readonly Target[],
    batch: readonly (Look & { readonly since: number })[],
  ): void {
    for (const [namespace, loop] of loops)
      if (!declared.some((target) => target.namespace === namespace)) end(namespace, loop);
    for (const target of declared) {
      const { namespace } = target;
      const meant = batch.filter(
        (one) => one.namespace === undefined || one.namespace === namespace,
      );
      const known = loops.get(namespace);
      known?.update(target);
      const loop = known ?? begin(target);
      // A target that is new is looked at, whatever made us read.
      const looks =
        known || meant.length > 0 ? meant : [{ cue: 'change' as const, since: clock.now() }];
      for (const { cue, since } of looks) loop.request(cue, since);
    }
  }

  function begin(target: Target): TargetLoop {
    const loop = createTargetLoop(target, {
      clock,
      schedule: daemon.schedule,
      startSchedule,
      onTime: (namespace) => look({ cue: 'schedule', namespace }),
      pass,
      onReport: (cue, startedAt) => tree && publish(tree, cue, startedAt),
      onLive: (namespace, durationMs) => emit('commit.live', { namespace, durationMs }),
    });
    loops.set(target.namespace, loop);
    return loop;
  }

  function end(namespace: string, loop: TargetLoop): void {
    loops.delete(namespace);
    const over = Promise.all([ending.get(namespace), loop[Symbol.asyncDispose]()]).then(() => {
      if (ending.get(namespace) === over) ending.delete(namespace);
    });
    ending.set(namespace, over);
  }

  async function pass(
    target: Target,
    occasion: PassCause,
    signal: AbortSignal,
  ): Promise<TargetResult | undefined> {
    const { namespace } = target;
    const cue = occasion === 'retry' ? 'schedule' : occasion;
    const skipPermanentFailures = occasion === 'retry' || occasion === 'change';
    await ending.get(namespace);
    if (!tree) return undefined;
    progressedAt = clock.now();
    try {
      return await engine.reconcileTarget(tree, target, {
        trigger: cue,
        write: true,
        unsetMode: 'observe',
        signal,
        skipPermanentFailures,
      });
    } catch (error) {
      if (!(error instanceof Outdated)) throw error;
      look({ cue, namespace });
      return undefined;
    } finally {
      progressedAt = clock.now();
    }
  }

  function publish(read: Tree, trigger: DaemonTrigger, startedAt: number): void {
    report = engine.reportOf(read, reports(), { trigger, startedAt });
  }

  function reports() {
    const namespaces = [...loops.keys()].sort(compareText);
    return namespaces.flatMap((namespace) => loops.get(namespace)?.report ?? []);
  }

  function health(): Health {
    const isWorking = looks.isWorking || [...loops.values()].some(({ isRunning }) => isRunning);
    const stillMs = isWorking ? clock.now() - Math.max(progressedAt, engine.lastCallAt) : 0;
    const stuck =
      stillMs > STUCK_MS
        ? [`nothing has come of the work under way for ${Math.round(stillMs / 60_000)} minutes`]
        : [];
    const unready = [...loops.values()].flatMap((loop) => loop.unready ?? []);
    const nothing =
      loops.size === 0 ? [`no Target in ${settings.directory} can be reconciled`] : [];
    const reasons = [...stuck, ...nothing, ...unready];
    return { live: stuck.length === 0, ready: reasons.length === 0, reasons };
  }

  async function release(): Promise<void> {
    quiet[Symbol.dispose]();
    const disposing = [watcher, looks, ...loops.values()].map((one) => one[Symbol.asyncDispose]());
    await Promise.all([...disposing, ...ending.values()]);
  }

  async function stop(): Promise<void> {
    await release();
    emit('controller.stopped', { version: settings.version, directory: settings.directory });
  }

  // Before the first reading: what changes from here on is seen.
  const watcher = await watch(settings.directory, quiet.heard);
  try {
    await look({ cue: 'schedule' });
  } catch (error) {
    await release();
    throw error;
  }
  return {
    report: () => report && { ...report, targets: reports() },
    health,
    request: (cue) => void look({ cue }),
    stop: () => (stopped ??= stop()),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
    get state() {
      return report?.state;
    },
  };
}
