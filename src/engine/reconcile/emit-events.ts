/** What a pass has to tell, each thing once per episode. */

import { compact } from '../../core/model/compact.ts';
import type { Emit, EventName } from '../../core/model/events.ts';
import { identity } from '../../core/model/model.ts';
import { CHOSEN_HOLDS, causeOfStep, type Plan, type Step } from '../../core/model/plan.ts';
import type { Warning } from '../../core/model/warning.ts';
import { hasDrifted, isDrift, type Result, reportChange } from '../../core/plan/summarize.ts';
import { time } from '../state/hash-and-time.ts';
import type { Memory } from '../state/memory.ts';

/** Tells of drift that began or ended, of holds, and of what happened to objects; remembers what was told. */
export function emitPlan(plan: Plan, memory: Memory, now: number, emit: Emit): void {
  const drifting = new Set<string>();
  for (const step of plan.steps) {
    const who = identity(step);
    if (hasDrifted(step) && !drifting.has(who)) {
      drifting.add(who);
      const known = memory.drift.get(who);
      const signature = JSON.stringify(
        step.changes.filter(isDrift).map((change) => [change.path, change.live ?? null]),
      );
      if (known?.signature !== signature) {
        memory.drift.set(who, { since: known?.since ?? time.format(now), signature });
        if (step.changes.some(isDrift))
          emit('drift.detected', {
            ...detailed(step),
            changes: step.changes.filter(isDrift).map(reportChange),
          });
        if (step.incident) emit(step.incident, detailed(step));
      }
    }
  }
  for (const who of [...memory.drift.keys()].filter((one) => !drifting.has(one))) {
    const lasted = endDrift(who, memory, now);
    const step = plan.steps.find((one) => identity(one) === who);
    if (step) emit('drift.resolved', { ...about(step), ...lasted });
  }
  announceHolds(plan, memory, emit);
  announceUnserved(plan, memory, emit);
}

/** That what is required is not what is served is told once, and again when it is about other methods or stages. */
function announceUnserved(plan: Plan, memory: Memory, emit: Emit): void {
  const standing = new Map(
    plan.steps
      .filter(({ unserved }) => unserved !== undefined)
      .map((step) => [identity(step), step]),
  );
  for (const who of memory.reportedUnserved.keys())
    if (!standing.has(who)) memory.reportedUnserved.delete(who);
  for (const [who, step] of standing) {
    const { unserved = '' } = step;
    if (memory.reportedUnserved.get(who) === unserved) continue;
    memory.reportedUnserved.set(who, unserved);
    emit('requirement.unserved', { ...detailed(step), message: unserved });
  }
}

function announceHolds(plan: Plan, memory: Memory, emit: Emit): void {
  const standing = new Set<string>();
  for (const step of plan.steps.filter((one) => one.action === 'hold')) {
    const hold = `${identity(step)} ${step.reason} ${step.wants}`;
    if (standing.has(hold)) continue;
    standing.add(hold);
    // Being observed is what the mode says, and the report shows it; telling it for each object would drown the rest.
    if (step.reason === 'observe' || memory.reportedHolds.has(hold)) continue;
    memory.reportedHolds.add(hold);
    if (step.reason === 'contested') {
      emit('step.contested', detailed(step));
      continue;
    }
    const chosen =
      step.reason !== undefined && CHOSEN_HOLDS.has(step.reason) && step.reason !== 'suspended';
    emit('step.held', compact({ ...detailed(step), wants: step.wants, chosen }));
  }
  for (const hold of [...memory.reportedHolds].filter((one) => !standing.has(one)))
    memory.reportedHolds.delete(hold);
}

/** Each warning once, until it is gone and comes back. What is only good to know is in the report. */
export function emitWarnings(warnings: readonly Warning[], memory: Memory, emit: Emit): void {
  const standing = new Set<string>();
  for (const { severity, ...warning } of warnings) {
    if (severity !== 'warning') continue;
    const { code, path = '', message } = warning;
    const text = [identity(warning), code, path, message].join(' ');
    standing.add(text);
    if (memory.reportedWarnings.has(text)) continue;
    memory.reportedWarnings.add(text);
    emit('warning.raised', warning);
  }
  for (const text of [...memory.reportedWarnings].filter((one) => !standing.has(one)))
    memory.reportedWarnings.delete(text);
}

const EVENT_OF: Partial<Record<Result['outcome'], EventName>> = {
  created: 'object.created',
  adopted: 'object.adopted',
  updated: 'object.updated',
  disabled: 'object.disabled',
  released: 'object.released',
  deleted: 'object.deleted',
  failed: 'step.failed',
};

/** Tells what became of a step; drift that it put right is over. */
export function emitResult(
  step: Step,
  result: Result,
  memory: Memory,
  now: number,
  emit: Emit,
): void {
  const event = EVENT_OF[result.outcome];
  const awsId = result.awsId === undefined ? {} : { awsId: result.awsId };
  if (event)
    emit(event, {
      ...detailed(step),
      ...awsId,
      ...(result.outcome === 'failed' && failureOf(result)),
    });
  const settled = event !== undefined && result.outcome !== 'failed';
  const lasted = settled && endDrift(identity(step), memory, now);
  if (lasted) emit('drift.resolved', { ...about(step), ...awsId, ...lasted });
  if (result.reason === 'dependency') {
    emit(
      'step.held',
      compact({
        ...detailed(step),
        reason: 'dependency',
        message: result.message,
      }),
    );
  }
}

/** How long it stood, as far as this process has seen, to the second. */
function endDrift(
  who: string,
  memory: Memory,
  now: number,
): { readonly durationMs: number } | undefined {
  const since = memory.drift.get(who)?.since;
  memory.drift.delete(who);
  return since === undefined
    ? undefined
    : { durationMs: Math.max(0, now - (time.parse(since) ?? now)) };
}

function failureOf({ message = 'unknown', errorClass = 'unknown' }: Result) {
  return { error: message, class: errorClass };
}

/** Which object it is. */
function about(step: Step) {
  const { kind, namespace, name, source, live } = step;
  const consumer = step.desired?.consumer;
  return compact({
    kind,
    namespace,
    name,
    consumer,
    awsId: live?.id,
    source,
  });
}

/** Which object it is, and what of it differs, with the cause and the reason. */
function detailed(step: Step) {
  const { reason, message } = step;
  const cause = causeOfStep(step.changes);
  return compact({
    ...about(step),
    reason,
    message,
    cause,
    ...(step.changes.length > 0 && { changes: step.changes.map(reportChange) }),
  });
}
