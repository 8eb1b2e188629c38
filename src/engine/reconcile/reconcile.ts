/**
 * One pass over one target, which is what apikeeper does: read what is live, compare it with what Git declares, carry the difference out, and say so.
 * Manifests are read once for all targets, by the engine (engine.ts); the queue of passes decides when a pass begins (daemon/pass-queue.ts).
 */

import { REQUIREMENT } from '../../core/compare/key-requirement.ts';
import { lintLive, lintStanding } from '../../core/lint/live-lint.ts';
import { compact } from '../../core/model/compact.ts';
import { type Desired, identity, type Live, type Target } from '../../core/model/model.ts';
import type { Plan, Step } from '../../core/model/plan.ts';
import type { LastSeen, Pinned, PlanInput } from '../../core/model/plan-input.ts';
import type { TargetReport } from '../../core/model/report.ts';
import type { Warning } from '../../core/model/warning.ts';
import { plan } from '../../core/plan/planner.ts';
import { madeAt } from '../../core/plan/stage-recreation.ts';
import {
  coverage,
  type Findings,
  type Result,
  reportObjects,
  stateOf,
  summarize,
} from '../../core/plan/summarize.ts';
import { estimate } from '../../core/schedule/estimate.ts';
import type { Operation } from '../../core/schedule/operation.ts';
import { operations } from '../../core/schedule/operations.ts';
import { OPERATION_QUOTAS } from '../../gateway/budget.ts';
import { breakOnDenied } from '../../gateway/circuit-breaker.ts';
import { readOnly } from '../../gateway/send.ts';
import { kinds } from '../../kinds/index.ts';
import type { Tree } from '../../manifests/load.ts';
import { apply } from '../apply/apply.ts';
import { resolveHiddenMembers, resolveStageMembers } from '../observe/hidden-members.ts';
import { type ObservedState, observe, recordLive } from '../observe/observe.ts';
import { afterApply, cacheState, refresh } from '../observe/refresh.ts';
import { fingerprint, time } from '../state/hash-and-time.ts';
import type { PermanentFailure } from '../state/memory.ts';
import {
  deniedLast,
  isFinal,
  permanentFailures,
  recordPermanentFailures,
} from '../state/permanent-failures.ts';
import { comparePinned } from '../state/pinned-values.ts';
import { contestedFields, recordReverts } from '../state/reverts.ts';
import type { EngineDeps, ReconcileRequest, Settings } from '../state/settings.ts';
import { emitPlan, emitResult, emitWarnings } from './emit-events.ts';
import { pace, type Session } from './sessions.ts';

/** A process's first creates of a kind wait so long after the first list for a second: a predecessor may have created and died (docs/contract.md#ownership). */
const SECOND_LIST_MS = 5_000;

export interface ReconcileOptions {
  readonly target: Target;
  readonly tree: Tree;
  readonly session: Session;
  readonly settings: Settings;
  readonly surroundings: EngineDeps;
  readonly request: ReconcileRequest;
  /** Asked with the plan, before the first write. */
  readonly mayWrite: (planned: TargetReport) => Promise<boolean>;
}

/** What a pass leaves behind. */
export interface ReconcileResult {
  readonly report: TargetReport;
  /** Something was not done that may well be when it is tried again soon. */
  readonly retryable: boolean;
}

/** Rejects where the live state can't be read in full: then nothing was written. */
export async function reconcile(options: ReconcileOptions): Promise<ReconcileResult> {
  const { session, surroundings, request } = options;

  // The values that manifests pin are in play until the last call of the pass: any error may echo one.
  using held = new DisposableStack();
  let snapshot = await look(options);
  let planned = await planFrom(snapshot, options, held);
  if (request.write && planned.steps.some(isFirstCreate) && !session.memory.listedTwice) {
    await surroundings.clock.sleep(
      (session.memory.firstListedAt ?? 0) + SECOND_LIST_MS - surroundings.clock.now(),
      request.signal,
    );
    snapshot = await lookAtAll(options);
    planned = await planFrom(snapshot, options, held);
  }
  session.kept = cacheState(snapshot, documentsOf(options.tree, options.target));
  emitPlan(planned, session.memory, surroundings.clock.now(), surroundings.emit);

  const todo = operations(planned.steps, rules);
  const asIs = lintStanding({ ...snapshot, steps: planned.steps });
  if (
    !request.write ||
    !(await options.mayWrite({
      ...reportOf(planned, snapshot, todo, undefined, options),
      ...some(asIs),
    }))
  ) {
    updateMemory(planned, undefined, { before: snapshot, after: snapshot }, options);
    emitWarnings(asIs, session.memory, surroundings.emit);
    return {
      report: { ...reportOf(planned, snapshot, todo, undefined, options), ...some(asIs) },
      retryable: false,
    };
  }
  const failedForGood = request.skipPermanentFailures
    ? permanentFailures(planned.steps, session.memory)
    : new Map<Step, PermanentFailure>();
  const surrounding = observing(options);
  const { results, live } = await apply(planned.steps, deniedLast(todo, session.memory), {
    ...surrounding,
    send: breakOnDenied(surrounding.send),
    region: session.connection.region,
    fingerprint,
    ownQuota: new Set(options.settings.operationQuotas ? Object.keys(OPERATION_QUOTAS) : []),
    valueOf: (step) => session.values.valueOf(step.desired),
    signal: request.signal,
    permanentFailures: failedForGood,
    onResult(step, result) {
      if (!failedForGood.has(step) || result.outcome !== 'failed')
        emitResult(step, result, session.memory, surroundings.clock.now(), surroundings.emit);
    },
  });
  const isOpen = [...results.values()].some(
    ({ errorClass }) => errorClass !== undefined && !isFinal(errorClass),
  );
  const after = afterApply(snapshot, planned.steps, live);
  // Whether such a call was carried out, and what else has changed, only reading tells.
  if (isOpen) delete session.kept;
  else session.kept = cacheState(after, documentsOf(options.tree, options.target));
  updateMemory(planned, results, { before: snapshot, after }, options);
  recordPermanentFailures(planned.steps, results, session.memory);
  const asLeft = lintLive({ ...after, steps: planned.steps, written: live });
  emitWarnings(asLeft, session.memory, surroundings.emit);
  const isOutdated =
    !request.signal?.aborted && [...results.values()].some(({ reason }) => reason === 'superseded');
  return {
    report: { ...reportOf(planned, snapshot, todo, results, options), ...some(asLeft) },
    retryable: isOpen || isOutdated,
  };
}

function some(warnings: readonly Warning[]): Pick<TargetReport, 'warnings'> {
  return warnings.length > 0 ? { warnings } : {};
}

const rules = kinds.map((kind) => kind.rules);

/** A change of the files touches little: what it doesn't touch is taken as it was last read. */
async function look(options: ReconcileOptions): Promise<ObservedState> {
  const { kept } = options.session;
  return options.request.trigger === 'change' && kept
    ? refresh(kept, observing(options))
    : lookAtAll(options);
}

async function lookAtAll(options: ReconcileOptions): Promise<ObservedState> {
  const { memory } = options.session;
  const snapshot = await observe(observing(options));
  memory.firstListedAt ??= snapshot.listedAt;
  if (snapshot.listedAt >= memory.firstListedAt + SECOND_LIST_MS) memory.listedTwice = true;
  return snapshot;
}

/** Of a stage the service itself takes only one; of all else it takes two of the same name. */
function isFirstCreate(step: Step): boolean {
  return step.action === 'create' && step.fixedId === undefined;
}

function observing({ target, tree, session, surroundings, request }: ReconcileOptions) {
  const { memory } = session;
  const door = request.write ? session.send : readOnly(session.send);
  const send: typeof door = (command, more) => door(command, { signal: request.signal, ...more });
  return {
    send,
    kinds,
    desired: documentsOf(tree, target),
    owner: target.owner,
    memory,
    clock: surroundings.clock,
  };
}

function documentsOf(tree: Tree, target: Target): Desired[] {
  return tree.desired.filter((one) => one.namespace === target.namespace);
}

async function planFrom(
  snapshot: ObservedState,
  options: ReconcileOptions,
  held: DisposableStack,
): Promise<Plan> {
  const { target, tree, session, surroundings } = options;
  const desired = documentsOf(tree, target);
  const input: PlanInput = {
    target,
    desired,
    neighbours: neighbours(tree, target),
    namespaces: new Set(tree.targets.map((one) => one.namespace)),
    invalid: new Set(tree.invalid.map(identity)),
    complete: tree.complete && !tree.incompleteNamespaces.includes(target.namespace),
    live: snapshot.live,
    apis: snapshot.apis,
    rules,
    policy: policyOf(options),
    contested: contestedFields(session.memory, desired, surroundings.clock.now()),
    lastSeen: session.memory.lastSeen,
    pinned: new Map<string, Pinned>(),
    fingerprint,
    now: surroundings.clock.now(),
    time,
  };
  const first = plan(input);
  const { send } = observing(options);
  const pinned = await comparePinned(first.steps, {
    send,
    values: session.values,
    inPlay: session.inPlay,
    held,
  });
  const live = await resolveStageMembers(
    first.steps,
    await resolveHiddenMembers(first.steps, snapshot.live, kinds, send),
    kinds,
    send,
  );
  return pinned.size === 0 && live === snapshot.live ? first : plan({ ...input, pinned, live });
}

/** Documents of other targets in the same account and region: they may mean the same live objects. */
function neighbours(tree: Tree, target: Target): Desired[] {
  const same = (other: Target) =>
    other !== target && other.accountId === target.accountId && other.region === target.region;
  const namespaces = new Set(tree.targets.filter(same).map((other) => other.namespace));
  return tree.desired.filter((one) => namespaces.has(one.namespace));
}

/** The command line outranks the Target. The implicit target never prunes. */
function policyOf({ target, settings, request }: ReconcileOptions): PlanInput['policy'] {
  const percent =
    settings.maxPercent ?? (settings.maxKeys === undefined ? target.guards.maxPercent : 100);
  return compact({
    mode: settings.mode,
    unsetMode: request.unsetMode,
    prune: !target.implicit && (settings.prune ?? target.prune),
    deleteGraceMs: settings.deleteGraceMs,
    maxKeys: settings.maxKeys ?? target.guards.maxKeys,
    maxPercent: percent,
  });
}

/** What the next pass may know of this one. */
function updateMemory(
  planned: Plan,
  results: ReadonlyMap<Step, Result> | undefined,
  { before, after }: { readonly before: ObservedState; readonly after: ObservedState },
  options: ReconcileOptions,
): void {
  const { target, session } = options;
  const { memory } = session;
  recordLive(memory, before.live, target.owner, target.namespace);
  if (results) recordReverts(memory, results, options.surroundings.clock.now());
  const declared = new Set(documentsOf(options.tree, target).map(identity));
  const live = new Set(before.live.map((one) => `${one.kind} ${one.id}`));
  const stages = new Map(
    after.live.flatMap((one) => (one.kind === 'Stage' ? [[one.id, one] as const] : [])),
  );
  const seenAs = (one: Live): LastSeen => ({
    id: one.id,
    spec: one.spec,
    stages: madeAt(one, stages),
  });
  for (const [who, seen] of memory.lastSeen) {
    if (!declared.has(who) && !live.has(`${who.split('/')[0]} ${seen.id}`))
      memory.lastSeen.delete(who);
  }
  for (const step of planned.steps) {
    const who = identity(step);
    // The name belongs to another live object now.
    if (step.state === 'orphaned' && declared.has(who)) continue;
    const outcome = results?.get(step);
    const written =
      outcome?.awsId === undefined
        ? undefined
        : memory.written.get(`${step.kind} ${outcome.awsId}`);
    if (outcome?.outcome === 'deleted' || outcome?.outcome === 'released')
      memory.lastSeen.delete(who);
    else if (written && outcome?.outcome !== 'failed') memory.lastSeen.set(who, seenAs(written));
    else if (step.action === 'keep' && step.live) memory.lastSeen.set(who, seenAs(step.live));
  }
}

function reportOf(
  planned: Plan,
  snapshot: ObservedState,
  todo: readonly Operation[],
  results: ReadonlyMap<Step, Result> | undefined,
  options: ReconcileOptions,
): TargetReport {
  const { target, session, settings, request } = options;
  const { memory, connection } = session;
  const driftedSince = new Map([...memory.drift].map(([who, { since }]) => [who, since]));
  const findings: Findings = compact({ plan: planned, driftedSince, results });
  const calls = todo.flatMap((one) => one.calls);
  const quotas = settings.operationQuotas ? OPERATION_QUOTAS : {};
  return compact({
    namespace: target.namespace,
    accountId: connection.accountId,
    region: connection.region,
    owner: target.owner,
    mode: settings.mode ?? target.mode ?? request.unsetMode,
    state: stateOf(findings),
    coverage: coverage(
      planned,
      snapshot.live,
      rules.map((one) => one.kind).filter((kind) => kind !== REQUIREMENT),
      target.owner,
    ),
    calls: {},
    waitedMs: 0,
    ...(calls.length > 0 &&
      !results && { estimate: estimate(calls, { ...pace(target, settings), quotas }) }),
    objects: reportObjects(findings),
    summary: summarize(findings),
  });
}
