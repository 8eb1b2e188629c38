/** From a directory of manifests to a report: manifests once, then every target on its own, side by side. */
import { randomUUID } from 'node:crypto';
import { compact } from '../../core/model/compact.ts';
import type { Emit } from '../../core/model/events.ts';
import type { Problem, Target } from '../../core/model/model.ts';
import type { Report, TargetReport, Trigger } from '../../core/model/report.ts';
import { worst } from '../../core/plan/summarize.ts';
import { orAborted } from '../../gateway/abort.ts';
import type { Budget } from '../../gateway/budget.ts';
import { isCurrent } from '../../manifests/files.ts';
import { load, type Tree } from '../../manifests/load.ts';
import { type Lock, LockTaken, takeLock, writerName } from '../state/lock.ts';
import { classOf, isFinal, messageOf } from '../state/permanent-failures.ts';
import type { Call, EngineDeps, ReconcileRequest, Settings } from '../state/settings.ts';
import { withoutUnusable } from './cron.ts';
import { type ReconcileResult, reconcile } from './reconcile.ts';
import { createSessions, type Session } from './sessions.ts';

export interface Engine extends AsyncDisposable {
  /** Reads the manifests. Problems are in the tree, never thrown; each is told once. */
  load(): Promise<Tree>;
  /** One pass over one target. Rejects with Outdated, and with nothing else: what keeps it from being reconciled is the report's `error`. */
  reconcileTarget(tree: Tree, target: Target, request: ReconcileRequest): Promise<TargetResult>;
  /** One pass over all targets. */
  reconcile(request: ReconcileRequest): Promise<Report>;
  /** When a call was last answered, or given up: milliseconds since the epoch; 0 before the first. */
  readonly lastCallAt: number;
  /** What is left of the pace of a namespace's account and region; undefined before it was connected. */
  budget(namespace: string): Pick<Budget, 'tokens' | 'share'> | undefined;
  /** Puts what the targets' passes gave into one report. */
  reportOf(
    tree: Tree,
    targets: readonly TargetReport[],
    about: { readonly trigger: Trigger; readonly startedAt: number },
  ): Report;
}

/** What became of one pass over one target. */
export interface TargetResult extends ReconcileResult {
  /** It was told to stop before it had a plan: the report says no more than that, and nothing is told of it. */
  readonly superseded: boolean;
}

/** The manifests changed between reading and the first write: everything begins anew. */
export class Outdated extends Error {}

const RESTARTS = 3;

export function createEngine(settings: Settings, surroundings: EngineDeps): Engine {
  const { clock } = surroundings;
  let lastCallAt = 0;
  const onCall = (call: Call) => {
    lastCallAt = clock.now();
    surroundings.onCall?.(call);
  };
  const sessions = createSessions(settings, { ...surroundings, onCall });
  const locks = new Map<string, Promise<Lock | undefined>>();
  const told = new Set<string>();

  async function loadTree(): Promise<Tree> {
    const tree = withoutUnusable(await load(settings.directory, { owner: settings.owner }));
    tellProblems(tree.problems, told, surroundings.emit);
    const { files, documents, revision } = tree;
    surroundings.emit(
      'manifests.loaded',
      compact({
        files,
        documents,
        problems: tree.problems.length,
        revision,
      }),
    );
    return tree;
  }

  /** Held until the engine ends: who writes once, may write again. */
  async function lock(target: Target, { connection }: Session): Promise<void> {
    const { accountId, region } = connection;
    const name = writerName(
      target.owner,
      compact({
        region,
        accountId,
        ...connection.endpoint('API_GATEWAY'),
      }),
    );
    // Several targets may share an account, and are reconciled side by side: the first to come takes the lock for all.
    const taking = locks.get(name) ?? takeLock(name);
    locks.set(name, taking);
    taking.catch(() => locks.get(name) === taking && locks.delete(name));
    await taking;
  }

  async function passTarget(
    tree: Tree,
    target: Target,
    request: ReconcileRequest,
  ): Promise<TargetResult> {
    const startedAt = clock.now();
    const { revision } = tree;
    const about = compact({
      reconcileID: randomUUID(),
      namespace: target.namespace,
      revision,
    });
    const emit: Emit = (event, fields) => surroundings.emit(event, { ...about, ...fields });
    let session: Session | undefined;
    let finished: ReconcileResult;
    try {
      session = await orAborted(sessions.open(target, revision), request.signal);
      if (request.write && isEnforced(target, tree, settings, request)) await lock(target, session);
      session.takeCalls();
      finished = await reconcile({
        target,
        tree,
        session,
        settings,
        surroundings: { ...surroundings, emit },
        request,
        async mayWrite(planned) {
          if (request.confirm && !(await confirmed(planned))) return false;
          if (!(await isCurrent(tree.resolved)))
            throw new Outdated('the manifests changed while they were being applied');
          return true;
        },
      });
    } catch (error) {
      if (error instanceof Outdated) throw error;
      const report = failed(target, settings, request, error, session);
      if (request.signal?.aborted) return { report, retryable: false, superseded: true };
      const errorClass = classOf(error);
      finished = { report, retryable: !isFinal(errorClass) };
      emit('target.failed', { error: messageOf(error), class: errorClass });
    }
    const spent = session?.takeCalls();
    const report = {
      ...finished.report,
      ...(spent && { calls: spent.calls, waitedMs: Math.round(spent.waitedMs) }),
    };
    const { state, summary, calls } = report;
    emit('reconcile.finished', {
      trigger: request.trigger,
      state,
      summary,
      calls,
      durationMs: clock.now() - startedAt,
    });
    return { report, retryable: finished.retryable, superseded: false };

    async function confirmed(planned: TargetReport): Promise<boolean> {
      return (
        (await request.confirm?.(
          reportOf(tree, [planned], { trigger: request.trigger, startedAt }),
        )) ?? true
      );
    }
  }

  async function passAll(request: ReconcileRequest): Promise<Report> {
    for (let attempt = 1; ; attempt++) {
      const startedAt = clock.now();
      const tree = await loadTree();
      try {
        const targets = await passTargets(tree, request);
        return reportOf(tree, targets, { trigger: request.trigger, startedAt });
      } catch (error) {
        if (!(error instanceof Outdated) || attempt === RESTARTS) throw error;
      }
    }
  }

  async function passTargets(tree: Tree, request: ReconcileRequest): Promise<TargetReport[]> {
    const targets = chosen(tree, settings.namespaces);
    const passOne = async (target: Target, how: ReconcileRequest) =>
      (await passTarget(tree, target, how)).report;
    if (!request.confirm) return Promise.all(targets.map((target) => passOne(target, request)));
    const question = oneQuestion(targets.length, request.confirm, (planned) =>
      reportOf(tree, planned, { trigger: request.trigger, startedAt: clock.now() }),
    );
    return Promise.all(
      targets.map(async (target) => {
        const report = await passOne(target, { ...request, confirm: question.ask });
        question.done(report);
        return report;
      }),
    );
  }

  function reportOf(
    tree: Tree,
    targets: readonly TargetReport[],
    about: { readonly trigger: Trigger; readonly startedAt: number },
  ): Report {
    const invalid = tree.problems.length > 0 ? (['failing'] as const) : [];
    return {
      formatVersion: 1,
      version: settings.version,
      reconcileID: randomUUID(),
      trigger: about.trigger,
      revision: tree.revision ?? null,
      startedAt: new Date(about.startedAt).toISOString(),
      durationMs: Math.max(0, clock.now() - about.startedAt),
      state: worst([...targets.map((target) => target.state), ...invalid]),
      targets,
      problems: tree.problems,
    };
  }

  return {
    load: loadTree,
    reconcileTarget: passTarget,
    reconcile: passAll,
    reportOf,
    get lastCallAt() {
      return lastCallAt;
    },
    budget: sessions.budget,
    async [Symbol.asyncDispose]() {
      sessions[Symbol.dispose]();
      for (const taken of await Promise.allSettled(locks.values()))
        if (taken.status === 'fulfilled') await taken.value?.[Symbol.asyncDispose]();
    },
  };
}

/** All plans are shown in one question: it is asked when the last target that is going to be planned has its plan, or has failed. */
function oneQuestion(
  count: number,
  confirm: (plan: Report) => Promise<boolean>,
  reportOf: (planned: TargetReport[]) => Report,
) {
  const planned: TargetReport[] = [];
  const answer = Promise.withResolvers<boolean>();
  const settle = () => {
    if (planned.length === count) confirm(reportOf(planned)).then(answer.resolve, answer.reject);
  };
  return {
    ask(plan: Report): Promise<boolean> {
      planned.push(...plan.targets);
      settle();
      return answer.promise;
    },
    /** A target that failed before it could ask. */
    done(report: TargetReport): void {
      if (planned.some((one) => one.namespace === report.namespace)) return;
      planned.push(report);
      settle();
    },
  };
}

/** The targets that the command line chose. Throws where it names one that there is not. */
export function chosen(tree: Tree, namespaces: readonly string[]): readonly Target[] {
  if (namespaces.length === 0) return tree.targets;
  const known = tree.targets.map((target) => target.namespace);
  const unknown = namespaces.find((namespace) => !known.includes(namespace));
  if (unknown !== undefined && tree.problems.length === 0) {
    throw new Error(
      `no Target is named ${unknown} in ${tree.directory}: there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ') || 'none'}`,
    );
  }
  return tree.targets.filter((target) => namespaces.includes(target.namespace));
}

/** Whether anything at all may be written to a target: an observer needs no lock. */
function isEnforced(
  target: Target,
  tree: Tree,
  settings: Settings,
  request: ReconcileRequest,
): boolean {
  if (settings.mode === 'observe') return false;
  if ((settings.mode ?? target.mode ?? request.unsetMode) === 'enforce') return true;
  return tree.desired.some(
    (one) => one.namespace === target.namespace && one.annotations.mode === 'enforce',
  );
}

function failed(
  target: Target,
  settings: Settings,
  request: ReconcileRequest,
  error: unknown,
  session: Session | undefined,
): TargetReport {
  const none = {
    create: 0,
    adopt: 0,
    update: 0,
    disable: 0,
    release: 0,
    delete: 0,
    keep: 0,
    hold: 0,
    failed: 0,
    unmanaged: 0,
  };
  const accountId = session?.connection.accountId ?? target.accountId;
  return compact({
    namespace: target.namespace,
    accountId,
    region: session?.connection.region ?? target.region ?? 'unknown',
    owner: target.owner,
    mode: settings.mode ?? target.mode ?? request.unsetMode,
    // Another writer at work is no failure of a cron job.
    state: error instanceof LockTaken && request.trigger === 'once' ? 'in-sync' : 'failing',
    error: messageOf(error),
    coverage: {},
    calls: {},
    waitedMs: 0,
    objects: [],
    summary: none,
  });
}

/** Each problem once, until it is gone and comes back. */
function tellProblems(problems: readonly Problem[], told: Set<string>, emit: Emit): void {
  const standing = new Set(problems.map((problem) => JSON.stringify(problem)));
  for (const one of told) if (!standing.has(one)) told.delete(one);
  for (const problem of problems) {
    const text = JSON.stringify(problem);
    if (told.has(text)) continue;
    told.add(text);
    const { file, line, kind, namespace, name, path, message } = problem;
    emit(
      'manifest.invalid',
      compact({
        source: { file, line },
        kind,
        namespace,
        name,
        path,
        message,
      }),
    );
  }
}
