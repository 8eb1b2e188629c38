/** The daemon: each event only says "look again"; the manifests are then read once for all, and every account and region has a loop of its own. */

import { compareText } from '../../core/model/json.ts';
import type { Target } from '../../core/model/model.ts';
import type { Report } from '../../core/model/report.ts';
import type { Tree } from '../../manifests/load.ts';
import { watch } from '../../manifests/watch.ts';
import { type StartSchedule, scheduleProblem, startCron } from '../reconcile/cron.ts';
import { chosen, type Engine, Outdated } from '../reconcile/engine.ts';
import { groupByPlace } from '../reconcile/place.ts';
import type { ReconcileResult } from '../reconcile/reconcile.ts';
import type { Daemon, DaemonSettings, EngineDeps, Health, Settings } from '../state/settings.ts';
import { type AccountLoop, createAccountLoop } from './account-loop.ts';
import { createCoalescer } from './coalesce.ts';
import { createDebounce } from './debounce.ts';
import type { DaemonTrigger, PassCause, PassControl } from './pass-queue.ts';

/** Work that has got nowhere for so long stands still: no wait for a call, a quota, a 429 or a lock lasts longer than 90 s. */
const STUCK_MS = 3 * 60_000;
/** How often that is looked at when no probe asks. */
const PROGRESS_MS = 60_000;

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

  /** By account and region. */
  const loops = new Map<string, AccountLoop>();
  /** Loops of places without a Target: a call of theirs may still be under way. */
  const ending = new Set<Promise<void>>();
  /** The documents that each place was told of last. */
  const toldOf = new Map<string, string>();
  let tree: Tree | undefined;
  let report: Report | undefined;
  let progressedAt = clock.now();
  let stopped: Promise<void> | undefined;
  let isToldStuck = false;
  const closing = new AbortController();
  /** Second looks to come, by namespace and time. */
  const secondLooks = new Set<string>();

  const looks = createCoalescer<Look>(async (batch) => {
    const startedAt = clock.now();
    progressedAt = startedAt;
    const read = await engine.load();
    if (stopped) return;
    const declared = targetsOf(read);
    if (!tree) announce(declared);
    tree = read;
    follow(
      read,
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
    read: Tree,
    declared: readonly Target[],
    batch: readonly (Look & { readonly since: number })[],
  ): void {
    const places = groupByPlace(declared, surroundings.env);
    for (const [place, loop] of loops) if (!places.has(place)) end(place, loop);
    for (const [place, targets] of places) {
      const loop = loops.get(place) ?? begin(place);
      loop.update(targets);
      const text = textOf(read, targets);
      const isChanged = toldOf.get(place) !== text;
      toldOf.set(place, text);
      const isMeant = ({ cue, namespace }: Look) =>
        namespace === undefined
          ? cue !== 'change'
          : targets.some((target) => target.namespace === namespace);
      const meant = batch.filter(isMeant);
      // A change of the files concerns the places whose documents changed, whatever made us read.
      const since = Math.min(...batch.map((one) => one.since));
      const isCovered = meant.length > 0 && !loop.isRunning;
      if (isChanged && !isCovered) loop.request('change', since);
      for (const one of meant) loop.request(one.cue, one.since);
    }
  }

  function begin(place: string): AccountLoop {
    const loop = createAccountLoop({
      clock,
      schedule: daemon.schedule,
      startSchedule,
      onTime: (namespace) => look({ cue: 'schedule', namespace }),
      pass,
      onReport: (cue, startedAt) => tree && publish(tree, cue, startedAt),
      onLive: (namespace, durationMs) => emit('commit.live', { namespace, durationMs }),
    });
    loops.set(place, loop);
    return loop;
  }

  function end(place: string, loop: AccountLoop): void {
    loops.delete(place);
    toldOf.delete(place);
    const over = Promise.resolve(loop[Symbol.asyncDispose]()).finally(() => ending.delete(over));
    ending.add(over);
  }

  async function pass(
    targets: readonly Target[],
    occasion: PassCause,
    { signal, newer }: PassControl,
  ): Promise<ReconcileResult | undefined> {
    const startedAt = clock.now();
    const cue = occasion === 'retry' ? 'schedule' : occasion;
    const isAgain = occasion === 'retry' || occasion === 'change';
    await Promise.all(ending);
    if (!tree) return undefined;
    progressedAt = clock.now();
    try {
      return await engine.reconcileAccount(tree, targets, {
        trigger: cue,
        write: true,
        unsetMode: 'observe',
        signal,
        newer,
        newest: () => tree,
        keepsReading: isAgain,
        skipPermanentFailures: isAgain,
        onUnproven: (at) => lookAgain(targets, { at, since: startedAt }),
      });
    } catch (error) {
      if (!(error instanceof Outdated)) throw error;
      for (const { namespace } of targets.slice(0, 1)) look({ cue, namespace });
      return undefined;
    } finally {
      progressedAt = clock.now();
    }
  }

  /** The second look at the directory, for removals that one reading does not prove. */
  function lookAgain(
    [target]: readonly Target[],
    { at, since }: { readonly at: number; readonly since: number },
  ): void {
    const namespace = target?.namespace;
    const key = `${namespace} ${at}`;
    if (namespace === undefined || secondLooks.has(key)) return;
    secondLooks.add(key);
    clock.sleep(at - clock.now(), closing.signal).then(
      () => {
        secondLooks.delete(key);
        look({ cue: 'change', namespace, since });
      },
      () => {
        // The daemon stops.
      },
    );
  }

  function publish(read: Tree, trigger: DaemonTrigger, startedAt: number): void {
    report = engine.reportOf(read, reports(), { trigger, startedAt });
  }

  function reports() {
    const found = watches().flatMap(({ report }) => report ?? []);
    return found.sort((a, b) => compareText(a.namespace, b.namespace));
  }

  function watches() {
    return [...loops.values()].flatMap((loop) => loop.watches);
  }

  /** Tells once that the work stands still, and once that it goes on. */
  function tellProgress(stillMs: number): boolean {
    const isStuck = stillMs > STUCK_MS;
    if (isStuck !== isToldStuck) {
      isToldStuck = isStuck;
      const durationMs = Math.round(stillMs);
      emit(isStuck ? 'controller.stuck' : 'controller.resumed', isStuck ? { durationMs } : {});
    }
    return isStuck;
  }

  function health(): Health {
    const isWorking = looks.isWorking || [...loops.values()].some(({ isRunning }) => isRunning);
    const stillMs = isWorking ? clock.now() - Math.max(progressedAt, engine.lastCallAt) : 0;
    const stuck = tellProgress(stillMs)
      ? [`nothing has come of the work under way for ${Math.round(stillMs / 60_000)} minutes`]
      : [];
    const unready = watches().flatMap(({ unready }) => unready ?? []);
    const nothing =
      loops.size === 0 ? [`no Target in ${settings.directory} can be reconciled`] : [];
    const reasons = [...stuck, ...nothing, ...unready];
    return { live: stuck.length === 0, ready: reasons.length === 0, reasons };
  }

  const progress = setInterval(health, PROGRESS_MS);
  progress.unref();

  async function release(): Promise<void> {
    clearInterval(progress);
    closing.abort(new Error('apikeeper stopped before its turn'));
    quiet[Symbol.dispose]();
    const disposing = [watcher, looks, ...loops.values()].map((one) => one[Symbol.asyncDispose]());
    await Promise.all([...disposing, ...ending]);
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

/** The documents and Targets of one place as a text: whether it changed, and nothing else. */
function textOf(tree: Tree, targets: readonly Target[]): string {
  const namespaces = new Set(targets.map(({ namespace }) => namespace));
  const isHere = ({ namespace }: { readonly namespace: string }) => namespaces.has(namespace);
  const documents = tree.desired
    .filter(isHere)
    .map(({ kind, namespace, name, spec, annotations }) => [
      kind,
      namespace,
      name,
      spec,
      annotations,
    ]);
  const incomplete = tree.incompleteNamespaces.filter((namespace) => namespaces.has(namespace));
  const declared = targets.map(({ source: _, ...target }) => target);
  return JSON.stringify([
    declared,
    documents,
    tree.invalid.filter(isHere),
    tree.heldRemovals.filter(isHere),
    incomplete,
    tree.complete,
  ]);
}
