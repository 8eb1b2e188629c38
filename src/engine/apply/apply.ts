/** Carries a plan out: the most urgent call that may begin goes first, and one that waits for its own quota keeps nobody else waiting. */

import { REQUIREMENT } from '../../core/compare/key-requirement.ts';
import { unsettledBy } from '../../core/compare/pending-redeploys.ts';
import { compact } from '../../core/model/compact.ts';
import type { Live } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import type { Outcome } from '../../core/model/report.ts';
import { applied } from '../../core/model/three-way.ts';
import type { Result } from '../../core/plan/summarize.ts';
import { isFirstPart } from '../../core/schedule/dependencies.ts';
import { type Operation, stepsOf } from '../../core/schedule/operation.ts';
import { URGENCY } from '../../core/schedule/urgency.ts';
import { isGatewayError } from '../../gateway/errors.ts';
import type { Send } from '../../gateway/send.ts';
import { messageOf } from '../state/permanent-failures.ts';
import {
  type ApplyOptions,
  type ApplyState,
  kindOf,
  type OperationFailure,
  type OperationResult,
  operationFailure,
  recordWrite,
} from './apply-state.ts';
import { executeOperation } from './execute.ts';
import { withoutMembers } from './membership.ts';
import { runByPriority } from './scheduler.ts';

/** What an apply leaves behind. */
export interface Applied {
  /** By the id of the operation. */
  readonly operationResults: ReadonlyMap<string, OperationResult>;
  readonly results: ReadonlyMap<Step, Result>;
  /** Every object that a step was about, as the last call left it; what is gone is absent. */
  readonly live: ReadonlyMap<Step, Live>;
}

export async function apply(
  steps: readonly Step[],
  all: readonly Operation[],
  options: ApplyOptions,
): Promise<Applied> {
  const empty = {
    current: new Map(),
    created: new Map(),
    operationResults: new Map(),
    notApplied: new Map(),
    results: new Map<Step, Result>(),
  };
  const run: ApplyState = { ...options, ...empty, steps, work: workOf(all) };
  for (const step of steps) {
    if (step.live) run.current.set(step, step.live);
    if (!run.work.has(step)) conclude(step, run);
  }
  await runOperations(all, run);
  for (const one of all) if (isHalfExchange(one, all, run)) await putBack(one, run);
  return { operationResults: run.operationResults, results: run.results, live: run.current };
}

function workOf(all: readonly Operation[]): Map<Step, Operation[]> {
  const work = new Map<Step, Operation[]>();
  for (const one of all)
    for (const step of stepsOf(one)) work.set(step, [...(work.get(step) ?? []), one]);
  return work;
}

async function runOperations(all: readonly Operation[], run: ApplyState): Promise<void> {
  const begun = new Set<Operation>();
  const isAtWork = (one: Operation) =>
    begun.has(one) && (run.operationResults.get(one.id)?.is ?? 'done') === 'done';
  // A step that has written gets its tags all the same: they tell the next pass what it wrote.
  const finishes = (one: Operation) =>
    one.type === 'tag' && (run.work.get(one.step)?.some(isAtWork) ?? false);
  await runByPriority(all, {
    signal: run.signal,
    queueOf: (one) => one.calls.find((call) => run.ownQuota.has(call)) ?? 'other',
    async perform(one) {
      begun.add(one);
      settle(one, await perform(one, run));
    },
    drop(one) {
      if (!run.signal || ((run.finishesTags?.() ?? true) && finishes(one))) return false;
      settle(one, superseded(run.signal));
      return true;
    },
  });

  function settle(one: Operation, result: OperationResult): void {
    run.operationResults.set(one.id, result);
    if (result.is !== 'done') recordNotApplied(one, run);
    for (const step of stepsOf(one)) {
      if (run.work.get(step)?.every(({ id }) => run.operationResults.has(id))) conclude(step, run);
    }
  }
}

/** Tells whether a usage plan gave its stages up for another that then could not take them. */
function isHalfExchange(
  one: Operation,
  all: readonly Operation[],
  run: ApplyState,
): one is Extract<Operation, { type: 'update' }> {
  if (one.type !== 'update' || !isFirstPart(one.id)) return false;
  if (run.operationResults.get(one.id)?.is !== 'done') return false;
  const isRefused = (other: Operation) =>
    other.dependsOn.includes(one.id) && run.operationResults.get(other.id)?.is === 'failed';
  return all.some(isRefused);
}

/** Gives a usage plan its stages again. The step has failed already; a failure here changes nothing of that. */
async function putBack(
  { step, changes, urgency }: Extract<Operation, { type: 'update' }>,
  run: ApplyState,
): Promise<void> {
  const kind = kindOf(step, run);
  const live = run.current.get(step);
  if (!live) return;
  const before = changes.map((change) => ({ ...change, desired: change.live }));
  const next = withoutMembers(applied(live.spec, before), kind);
  try {
    const send: Send = (command, options) => run.sendOf(step)(command, { urgency, ...options });
    recordWrite(step, await kind.update(send, live, next), run);
  } catch (error) {
    // The next pass finds what is missing.
    if (!isGatewayError(error)) throw error;
  }
}

async function perform(one: Operation, run: ApplyState): Promise<OperationResult> {
  const failed = run.failedBefore?.get(one.id);
  if (failed) return failed;
  const known = run.permanentFailures.get(one.step);
  // Whose access ends is tried in every pass.
  if (known && one.urgency !== URGENCY.revoke) return { is: 'failed', ...known };
  try {
    return (await executeOperation(one, run)) ?? { is: 'done' };
  } catch (error) {
    if (run.signal?.aborted && error === run.signal.reason) return superseded(run.signal);
    return operationFailure(error);
  }
}

function superseded({ reason }: AbortSignal): OperationFailure {
  return { is: 'superseded', message: messageOf(reason) };
}

function recordNotApplied(one: Operation, run: ApplyState): void {
  const mark = (step: Step, fields: readonly string[]) => {
    const known = run.notApplied.get(step) ?? new Set();
    for (const field of fields) known.add(field);
    run.notApplied.set(step, known);
  };
  if (one.type === 'update')
    mark(
      one.step,
      one.changes.map((change) => change.field),
    );
  // What could not be required is still to be deployed.
  if (one.type === 'update' && one.step.kind === REQUIREMENT) mark(one.step, ['redeploy']);
  if (one.type === 'deploy')
    mark(
      one.step,
      one.stages.map((stage) => unsettledBy({ field: 'redeploy', keys: [stage] })),
    );
  if (one.type === 'attach' || one.type === 'detach' || one.type === 'move')
    for (const step of stepsOf(one)) mark(step, ['keys']);
}

function conclude(step: Step, run: ApplyState): void {
  const result = resultOf(step, run);
  run.results.set(step, result);
  run.onResult?.(step, result);
}

const OUTCOMES: Readonly<Record<Step['action'], Outcome>> = {
  create: 'created',
  adopt: 'adopted',
  update: 'updated',
  disable: 'disabled',
  release: 'released',
  delete: 'deleted',
  keep: 'kept',
  hold: 'held',
};

const FAILED_OUTCOMES: Readonly<Record<OperationFailure['is'], Outcome>> = {
  failed: 'failed',
  dependency: 'held',
  superseded: 'skipped',
};

function resultOf(step: Step, run: ApplyState): Result {
  const awsId = run.current.get(step)?.id;
  const settled = (run.work.get(step) ?? [])
    .flatMap((one) => run.operationResults.get(one.id) ?? [])
    .filter((one): one is OperationFailure => one.is !== 'done');
  const worst =
    settled.find((one) => one.is === 'failed') ??
    settled.find((one) => one.is === 'dependency') ??
    settled[0];
  const who = awsId !== undefined && { awsId };
  if (!worst) return { outcome: OUTCOMES[step.action], ...who };
  const outcome = FAILED_OUTCOMES[worst.is];
  const { is, message, errorClass } = worst;
  return compact({
    outcome,
    message,
    ...(is !== 'failed' && { reason: is }),
    errorClass,
    ...who,
  });
}
