/**
 * One pass over one account and region: read what is live, compare it with what Git declares, carry the
 * difference out, and report. Revocations go first (revoke-first.ts). The engine reads the manifests
 * (engine.ts); the queue of passes decides when a pass begins (daemon/pass-queue.ts).
 */

import { lintLive, lintStanding } from '../../core/lint/live-lint.ts';
import type { Plan, Step } from '../../core/model/plan.ts';
import type { TargetReport } from '../../core/model/report.ts';
import type { Result } from '../../core/plan/summarize.ts';
import type { Operation } from '../../core/schedule/operation.ts';
import { operations } from '../../core/schedule/operations.ts';
import { apply } from '../apply/apply.ts';
import type { OperationResult } from '../apply/apply-state.ts';
import { type ObservedState, observe } from '../observe/observe.ts';
import { afterApply, type CachedState, cacheState, refresh } from '../observe/refresh.ts';
import type { PermanentFailure } from '../state/memory.ts';
import {
  deniedLast,
  isFinal,
  permanentFailures,
  recordPermanentFailures,
} from '../state/permanent-failures.ts';
import { applyOptions, tellingOf } from './carry-out.ts';
import { emitPlan, emitResult, emitWarnings } from './emit-events.ts';
import { plansFrom, RULES } from './inputs.ts';
import { type AccountPass, documentsOf, type Member, observing, writingSignal } from './pass.ts';
import { remember } from './remember.ts';
import { createRevokeFirst, type RevokeFirst } from './revoke-first.ts';
import { asksForSecondLook } from './second-look.ts';
import { reportOf } from './target-report.ts';

/** A process's first creates of a kind wait so long after the first list for a second: a predecessor may have created and died (docs/contract.md#ownership). */
const SECOND_LIST_MS = 5_000;

/** What a pass leaves behind. */
export interface ReconcileResult {
  /** One for each Target of the pass, in its order; empty where it gave way to a newer commit. */
  readonly reports: readonly TargetReport[];
  /** Something was not done that may well be when it is tried again soon. */
  readonly retryable: boolean;
  /** A newer commit arrived before anything of this one was written; what was read is kept. */
  readonly superseded: boolean;
}

const SUPERSEDED: ReconcileResult = { reports: [], retryable: false, superseded: true };

/** Rejects where keys, usage plans or APIs can't be read. Revocations that were known by then are done. */
export async function reconcile(pass: AccountPass): Promise<ReconcileResult> {
  const { request } = pass;

  // The values that manifests pin are in play until the last call of the pass: any error may echo one.
  using held = new DisposableStack();
  using first = createRevokeFirst(pass);
  using writing = writingSignal(request);

  first.onKept();
  let snapshot = await look(pass, first);
  let plans = await plansFrom(snapshot, pass, held);
  if (mayCreate(pass) && plans.some(hasFirstCreate) && !pass.account.memory.listedTwice) {
    if (!(await waitForSecondList(pass, writing))) return SUPERSEDED;
    snapshot = await lookAtAll(pass, first);
    plans = await plansFrom(snapshot, pass, held);
  }
  if (await wasProven(plans, pass)) plans = await plansFrom(snapshot, pass, held);
  if (request.newer?.hasArrived) return SUPERSEDED;

  eachPlan(plans, pass, (plan, member) => emitPlan(plan, tellingOf(member.target, pass)));
  const steps = plans.flatMap((plan) => plan.steps);
  const todo = operations(steps, RULES);
  const planned = reportsOf({ plans, todo, snapshot }, pass);
  if (!request.write || !(await pass.mayWrite(planned))) {
    remember(steps, undefined, { before: snapshot, after: snapshot }, pass);
    tellWarnings(planned, pass);
    return { reports: planned, retryable: false, superseded: false };
  }
  return await carryOut({ plans, todo, snapshot }, first, writing, pass);
}

/** Reads the directory again where plans wait for that and no daemon does it; then they are to be made anew. */
async function wasProven(plans: readonly Plan[], pass: AccountPass): Promise<boolean> {
  const at = asksForSecondLook(plans, pass);
  if (at === undefined || pass.request.onUnproven) return false;
  await pass.manifests.lookAgain(at, pass.request.signal);
  return true;
}

/** What a pass found, and is to do. */
interface Found {
  readonly plans: readonly Plan[];
  readonly todo: readonly Operation[];
  readonly snapshot: ObservedState;
}

async function carryOut(
  { plans, todo, snapshot }: Found,
  first: RevokeFirst,
  writing: AbortSignal,
  pass: AccountPass,
): Promise<ReconcileResult> {
  const { account, request } = pass;
  const { memory } = account;
  const steps = plans.flatMap((plan) => plan.steps);
  const failedForGood = request.skipPermanentFailures
    ? permanentFailures(steps, memory)
    : new Map<Step, PermanentFailure>();
  // From here on a newer commit ends this pass, and its revocations begin the next.
  first[Symbol.dispose]();
  const toldBefore = new Set(todo.filter(({ id }) => first.failed.has(id)).map(({ step }) => step));

  const { results, live, operationResults } = await apply(steps, deniedLast(todo, memory), {
    ...applyOptions(pass),
    signal: writing,
    permanentFailures: failedForGood,
    failedBefore: first.failed,
    // A newer commit may revoke: what steps owe in tags is found and written by the next pass.
    finishesTags: () => !request.newer?.hasArrived,
    onResult(step, result) {
      const isTold = failedForGood.has(step) || toldBefore.has(step);
      if (!isTold || result.outcome !== 'failed') emitResult(step, result, tellingOf(step, pass));
    },
  });

  const after = afterApply(snapshot, steps, live);
  const doubts = inDoubt(todo, operationResults, writing);
  account.kept = cacheState(after, documentsOf(pass), doubts);
  const told = first.include(plans, results);
  remember(steps, results, { before: snapshot, after }, pass);
  recordPermanentFailures(steps, results, memory);
  const reports = reportsOf({ ...told, todo, snapshot, after, written: live }, pass);
  tellWarnings(reports, pass);
  return { reports, retryable: isRetryable(results, snapshot, writing), superseded: false };
}

/** A change of the files touches little: what it doesn't touch is taken as it was last read. */
async function look(pass: AccountPass, first: RevokeFirst): Promise<ObservedState> {
  const { account, request } = pass;
  const { kept } = account;
  if (!kept || !(request.trigger === 'change' || request.keepsReading))
    return lookAtAll(pass, first);
  await first.settled();
  return keep(await refresh(account.kept ?? kept, observing(pass)), pass);
}

async function lookAtAll(pass: AccountPass, first: RevokeFirst): Promise<ObservedState> {
  const { memory } = pass.account;
  await first.onReading();
  try {
    const snapshot = await observe({
      ...observing(pass),
      onKeys: first.onKeys,
      onPlans: first.onPlans,
    });
    memory.firstListedAt ??= snapshot.listedAt;
    if (snapshot.listedAt >= memory.firstListedAt + SECOND_LIST_MS) memory.listedTwice = true;
    await first.settled();
    const live = first.corrected(snapshot.live);
    const read = cacheState({ ...snapshot, live }, documentsOf(pass), { doubtful: first.unsure });
    return keep(first.unsure.size === 0 ? read : await refresh(read, observing(pass)), pass);
  } finally {
    await first.settled();
  }
}

/** Keeps a reading for the passes that follow. */
function keep(read: CachedState, { account }: AccountPass): ObservedState {
  account.kept = read;
  return read.snapshot;
}

/** Before a question nothing is created: what it shows is read again when the lock is taken. */
function mayCreate({ request, members }: AccountPass): boolean {
  const isQuestion = request.confirm && members.every(({ session }) => !session.lock);
  return request.write && !isQuestion;
}

/** Of a stage the service itself takes only one; of all else it takes two of the same name. */
function hasFirstCreate({ steps }: Plan): boolean {
  return steps.some((step) => step.action === 'create' && step.fixedId === undefined);
}

/** Whether the wait came to its end: a newer commit ends it. Rejects where the process is to stop. */
async function waitForSecondList(pass: AccountPass, writing: AbortSignal): Promise<boolean> {
  const { account, surroundings, request } = pass;
  const { clock } = surroundings;
  const until = (account.memory.firstListedAt ?? 0) + SECOND_LIST_MS;
  try {
    await clock.sleep(until - clock.now(), writing);
    return true;
  } catch (error) {
    if (!request.newer?.hasArrived || request.signal?.aborted) throw error;
    return false;
  }
}

/** The objects on which a call ended nobody knows how, and the kinds of which one may have been made. */
function inDoubt(
  todo: readonly Operation[],
  results: ReadonlyMap<string, OperationResult>,
  { aborted }: AbortSignal,
): { readonly doubtful: Set<string>; readonly relisted: Set<string> } {
  const doubtful = new Set<string>();
  const relisted = new Set<string>();
  for (const one of todo) {
    const result = results.get(one.id);
    const isOpen = result?.is === 'failed' && !(result.errorClass && isFinal(result.errorClass));
    // An operation that a newer commit kept from beginning has changed nothing.
    if (!isOpen && (aborted || result?.is !== 'superseded')) continue;
    const steps = one.type === 'move' ? [...one.to, ...one.from] : [one.step];
    for (const { kind, live } of steps)
      if (live) doubtful.add(`${kind} ${live.id}`);
      else relisted.add(kind);
  }
  return { doubtful, relisted };
}

function isRetryable(
  results: ReadonlyMap<Step, Result>,
  { unread }: ObservedState,
  writing: AbortSignal,
): boolean {
  const all = [...results.values()];
  const isOpen = all.some(({ errorClass }) => errorClass !== undefined && !isFinal(errorClass));
  const isOutdated = !writing.aborted && all.some(({ reason }) => reason === 'superseded');
  return isOpen || isOutdated || unread.some(({ retryable }) => retryable);
}

function eachPlan<T>(
  plans: readonly Plan[],
  { members }: AccountPass,
  act: (plan: Plan, member: Member) => T,
): T[] {
  return members.flatMap((member, index) => {
    const plan = plans[index];
    return plan ? [act(plan, member)] : [];
  });
}

function reportsOf(
  found: Found & {
    readonly results?: ReadonlyMap<Step, Result>;
    readonly after?: ObservedState;
    readonly written?: ReadonlyMap<Step, Step['live'] & object>;
  },
  pass: AccountPass,
): TargetReport[] {
  const { plans, todo, snapshot, results, after, written } = found;
  return eachPlan(plans, pass, (plan, member) => {
    const { steps } = plan;
    const warnings =
      after && written
        ? lintLive({ ...after, steps, written })
        : lintStanding({ ...snapshot, steps });
    return reportOf(member, { plan, todo, results, warnings }, snapshot, pass);
  });
}

function tellWarnings(reports: readonly TargetReport[], pass: AccountPass): void {
  for (const { namespace, warnings = [] } of reports)
    emitWarnings(warnings, tellingOf({ namespace }, pass));
}
