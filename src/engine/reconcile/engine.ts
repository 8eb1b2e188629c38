/** From a directory of manifests to a report: manifests once, then every account and region on its own, side by side. */
import { randomUUID } from 'node:crypto';
import { compact } from '../../core/model/compact.ts';
import type { Emit } from '../../core/model/events.ts';
import { compareText } from '../../core/model/json.ts';
import type { Problem, Target } from '../../core/model/model.ts';
import type { Report, TargetReport, Trigger } from '../../core/model/report.ts';
import { worst } from '../../core/plan/summarize.ts';
import { orAborted } from '../../gateway/abort.ts';
import type { Budget } from '../../gateway/budget.ts';
import { isCurrent } from '../../manifests/files.ts';
import type { Tree } from '../../manifests/load.ts';
import { LockTaken } from '../lock/lock.ts';
import { classOf, isFinal, messageOf } from '../state/permanent-failures.ts';
import type { Call, EngineDeps, ReconcileRequest, Settings } from '../state/settings.ts';
import { createLocks } from './locks.ts';
import { createManifestReader } from './manifest-reader.ts';
import { createTargetPlaces } from './moved-target.ts';
import type { PassRequest } from './pass.ts';
import { groupByPlace, placeOf } from './place.ts';
import { type ReconcileResult, reconcile } from './reconcile.ts';
import { createSessions, pace, type Session } from './sessions.ts';
import { reconcileUnderLock } from './under-lock.ts';

export interface Engine extends AsyncDisposable {
  /** Reads the manifests. Problems are in the tree, never thrown; each is told once. */
  load(): Promise<Tree>;
  /**
   * One pass over Targets of one account and region. Rejects with Outdated, and with nothing else: what
   * keeps a Target from being reconciled is its report's `error`.
   */
  reconcileAccount(
    tree: Tree,
    targets: readonly Target[],
    request: PassRequest,
  ): Promise<ReconcileResult>;
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

/** The manifests changed between reading and the first write: everything begins anew. */
export class Outdated extends Error {}

const RESTARTS = 3;

export function createEngine(settings: Settings, surroundings: EngineDeps): Engine {
  const { clock, env } = surroundings;
  let lastCallAt = 0;
  const onCall = (call: Call) => {
    lastCallAt = clock.now();
    surroundings.onCall?.(call);
  };
  const sessions = createSessions(settings, { ...surroundings, onCall });
  const locks = createLocks(settings, surroundings);
  const told = new Set<string>();
  const manifests = createManifestReader(settings, clock);
  const places = createTargetPlaces();

  async function loadTree(): Promise<Tree> {
    const tree = await manifests.read();
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

  async function passAccount(
    tree: Tree,
    targets: readonly Target[],
    request: PassRequest,
  ): Promise<ReconcileResult> {
    const startedAt = clock.now();
    const emits = new Map(targets.map((target) => [target.namespace, emitFor(target, tree)]));
    const emitOf = ({ namespace }: Pick<Target, 'namespace'>) =>
      emits.get(namespace) ?? surroundings.emit;
    const reports = new Map<string, TargetReport>();
    const staying = targets.filter((target) => !isUnusable(target) && !holdMove(target));
    const opened = await Promise.all(staying.map((target) => open(target, tree, request)));
    const members = opened.flatMap(({ target, session }) =>
      session ? [{ target, session, emit: emitOf(target) }] : [],
    );
    let retryable = false;
    let superseded = false;

    const fail = (target: Target, error: unknown, session?: Session) => {
      reports.set(target.namespace, failed(target, settings, request, error, session));
      superseded ||= request.signal?.aborted ?? false;
      if (superseded) return;
      retryable ||= !isFinal(classOf(error));
      tellFailure(error, emitOf(target));
    };
    for (const { target, error } of opened) if (error !== undefined) fail(target, error);

    const [some] = members;
    if (some) {
      const { account } = some.session;
      account.budget.setPace(pace(targetsOfPlace(tree, some.target), settings));
      for (const { session } of members) session.takeCalls();
      try {
        const passed = await reconcileUnderLock({
          members,
          request,
          locks,
          needsLock: (target) => isEnforced(target, tree, settings, request),
          confirm: confirmed,
          async checkManifests() {
            if (!(await isCurrent(tree.resolved)))
              throw new Outdated('the manifests changed while they were being applied');
          },
          onTaken: ({ target, session }, error) => fail(target, error, session),
          pass: (part) =>
            reconcile({
              account,
              tree,
              manifests,
              settings,
              surroundings,
              lost: new Set(),
              ...part,
            }),
        });
        retryable ||= passed.retryable;
        superseded ||= passed.superseded;
        for (const report of passed.reports) {
          reports.set(report.namespace, report);
          const { error, namespace } = report;
          if (error !== undefined)
            emitOf({ namespace })('target.failed', { error, class: 'unreadable' });
        }
      } catch (error) {
        if (error instanceof Outdated) throw error;
        for (const { target, session } of members)
          if (!reports.has(target.namespace)) fail(target, error, session);
      }
    }
    for (const { target, session } of members) places.note(target, session.account.memory);
    const finished = targets.flatMap((target) => {
      const report = reports.get(target.namespace);
      const session = members.find((one) => one.target === target)?.session;
      const spent = session?.takeCalls();
      if (!report) return [];
      return {
        ...report,
        ...(spent && { calls: spent.calls, waitedMs: Math.round(spent.waitedMs) }),
      };
    });
    if (superseded) return { reports: finished, retryable: false, superseded };
    for (const report of finished) {
      const { state, summary, calls } = report;
      const durationMs = clock.now() - startedAt;
      const { trigger } = request;
      emitOf(report)('reconcile.finished', { trigger, state, summary, calls, durationMs });
    }
    return { reports: finished, retryable, superseded };

    function isUnusable(target: Target): boolean {
      const { namespace, unusable } = target;
      if (unusable === undefined) return false;
      reports.set(namespace, { ...unread(target, settings, request), error: unusable });
      return true;
    }

    /** A Target that has left its objects in another place: nothing of its namespace is asked or written. */
    function holdMove(target: Target): boolean {
      const move = places.heldMove(target);
      if (!move) return false;
      const { object, isNews } = move;
      const none = unread(target, settings, request);
      const summary = { ...none.summary, hold: 1 };
      reports.set(target.namespace, { ...none, state: 'held', objects: [object], summary });
      const { kind, name, reason, message, source } = object;
      if (isNews)
        emitOf(target)(
          'step.held',
          compact({ kind, name, reason, message, source, chosen: false }),
        );
      return true;
    }

    async function confirmed(planned: readonly TargetReport[]): Promise<boolean> {
      if (!request.confirm) return true;
      const about = { trigger: request.trigger, startedAt };
      // A Target that could not be connected is part of the answer.
      const all = [...reports.values(), ...planned];
      return request.confirm(reportOf(tree, all, about));
    }
  }

  function emitFor({ namespace }: Target, { revision }: Tree): Emit {
    const about = compact({ reconcileID: randomUUID(), namespace, revision });
    return (event, fields) => surroundings.emit(event, { ...about, ...fields });
  }

  function targetsOfPlace({ targets }: Tree, target: Target): readonly Target[] {
    return targets.filter((one) => placeOf(one, env) === placeOf(target, env));
  }

  /** A Target that can't be connected fails alone. */
  async function open(
    target: Target,
    tree: Tree,
    request: PassRequest,
  ): Promise<{ target: Target; session?: Session; error?: unknown }> {
    try {
      const session = await orAborted(sessions.open(target, tree.revision), request.signal);
      return { target, session };
    } catch (error) {
      return { target, error };
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
    const groups = [...groupByPlace(targets, env).values()];
    const question =
      request.confirm &&
      oneQuestion(targets.length, request.confirm, (planned) =>
        reportOf(tree, planned, { trigger: request.trigger, startedAt: clock.now() }),
      );
    const passed = await Promise.all(
      groups.map(async (group) => {
        const how = question ? { ...request, confirm: question.ask } : request;
        const { reports } = await passAccount(tree, group, how);
        question?.done(reports);
        return reports;
      }),
    );
    return passed.flat().toSorted((a, b) => compareText(a.namespace, b.namespace));
  }

  function reportOf(
    tree: Tree,
    targets: readonly TargetReport[],
    about: { readonly trigger: Trigger; readonly startedAt: number },
  ): Report {
    const invalid = tree.problems.length > 0 ? (['failing'] as const) : [];
    // A Target that is declared twice goes on as far as its copies agree, and is none to rely on.
    const twice = tree.problems.filter(({ kind }) => kind === 'Target');
    const isTwice = ({ namespace }: TargetReport) =>
      twice.some((problem) => problem.namespace === namespace);
    const all = targets.map((one) => (isTwice(one) ? { ...one, state: 'failing' as const } : one));
    return {
      formatVersion: 1,
      version: settings.version,
      reconcileID: randomUUID(),
      trigger: about.trigger,
      revision: tree.revision ?? null,
      startedAt: new Date(about.startedAt).toISOString(),
      durationMs: Math.max(0, clock.now() - about.startedAt),
      state: worst([...all.map((target) => target.state), ...invalid]),
      targets: all,
      problems: tree.problems,
    };
  }

  return {
    load: loadTree,
    reconcileAccount: passAccount,
    reconcile: passAll,
    reportOf,
    get lastCallAt() {
      return lastCallAt;
    },
    budget: sessions.budget,
    async [Symbol.asyncDispose]() {
      sessions[Symbol.dispose]();
      await locks[Symbol.asyncDispose]();
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
  let last: Promise<boolean> = answer.promise;
  const isKnown = ({ namespace }: TargetReport) =>
    planned.some((one) => one.namespace === namespace);
  const settle = () => {
    if (planned.length === count) confirm(reportOf(planned)).then(answer.resolve, answer.reject);
  };
  return {
    /** A plan that changed while the question was open is asked about on its own, one after another. */
    ask(plan: Report): Promise<boolean> {
      if (plan.targets.some(isKnown)) {
        last = last.then(() => confirm(plan));
        return last;
      }
      planned.push(...plan.targets);
      settle();
      return answer.promise;
    },
    /** Targets that failed before they could ask. */
    done(reports: readonly TargetReport[]): void {
      const failed = reports.filter((report) => !isKnown(report));
      if (failed.length === 0) return;
      planned.push(...failed);
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
  const accountId = session?.connection.accountId ?? target.accountId;
  const rival = error instanceof LockTaken ? error.rival : undefined;
  return compact({
    ...unread(target, settings, request),
    accountId,
    region: session?.connection.region ?? target.region ?? 'unknown',
    state: rival ? 'skipped' : 'failing',
    error: messageOf(error),
    lockedBy: rival && { pid: rival.pid, user: String(rival.uid), trusted: rival.trusted },
  });
}

/** The report of a Target of which nothing was read. */
function unread(target: Target, settings: Settings, request: ReconcileRequest): TargetReport {
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
  return compact({
    namespace: target.namespace,
    accountId: target.accountId,
    region: target.region ?? 'unknown',
    owner: target.owner,
    mode: settings.mode ?? target.mode ?? request.unsetMode,
    state: 'failing',
    coverage: {},
    calls: {},
    waitedMs: 0,
    objects: [],
    summary: none,
  });
}

/** Another writer at work is no failure; another user's may be there to keep us from writing. */
function tellFailure(error: unknown, emit: Emit): void {
  if (!(error instanceof LockTaken)) {
    emit('target.failed', { error: messageOf(error), class: classOf(error) });
    return;
  }
  const { pid, uid, user, trusted, path } = error.rival;
  const fields = { error: messageOf(error), path, pid, uid, user };
  emit(trusted ? 'target.skipped' : 'lock.foreign', fields);
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
