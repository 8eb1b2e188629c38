/** What a pass has to tell, each thing once per episode. */

import { compact } from '../../core/model/compact.ts';
import type { Emit, EventName } from '../../core/model/events.ts';
import { identity } from '../../core/model/model.ts';
import { CHOSEN_HOLDS, causeOfStep, type Plan, type Step } from '../../core/model/plan.ts';
import type { Warning } from '../../core/model/warning.ts';
import { hasDrifted, isDrift, type Result, reportChange } from '../../core/plan/summarize.ts';
import { time } from '../state/hash-and-time.ts';
import { type Memory, namespaceOf } from '../state/memory.ts';

/** Where events of one Target go, and what was told of it before. */
export interface Telling {
  readonly namespace: string;
  readonly memory: Memory;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly emit: Emit;
}

/** Tells of drift that began or ended, of holds, and of what happened to objects; remembers what was told. */
export function emitPlan(plan: Plan, telling: Telling): void {
  const { namespace, memory, emit } = telling;
  const drifting = emitDrift(plan.steps, telling);
  const over = [...memory.drift.keys()].filter(
    (who) => namespaceOf(who) === namespace && !drifting.has(who),
  );
  for (const who of over) {
    const lasted = endDrift(who, telling);
    const step = plan.steps.find((one) => identity(one) === who);
    if (step) emit('drift.resolved', { ...about(step), ...lasted });
  }
  announceStranded(plan, telling);
  announceHolds(plan, telling);
  announceUnserved(plan, telling);
}

/** Tells of drift that began, and gives the identities that drift. */
export function emitDrift(
  steps: readonly Step[],
  { memory, now, emit }: Telling,
): ReadonlySet<string> {
  const drifting = new Set<string>();
  for (const step of steps) {
    const who = identity(step);
    if (!hasDrifted(step) || drifting.has(who)) continue;
    drifting.add(who);
    const known = memory.drift.get(who);
    const signature = JSON.stringify(
      step.changes.filter(isDrift).map((change) => [change.path, change.live ?? null]),
    );
    if (known?.signature === signature) continue;
    memory.drift.set(who, { since: known?.since ?? time.format(now), signature });
    if (step.changes.some(isDrift))
      emit('drift.detected', {
        ...detailed(step),
        changes: step.changes.filter(isDrift).map(reportChange),
      });
    if (step.incident) emit(step.incident, detailed(step));
  }
  return drifting;
}

/** That what is required is not what is served is told once, and again when it is about other methods or stages. */
function announceUnserved(plan: Plan, { namespace, memory, emit }: Telling): void {
  const standing = new Map(
    plan.steps
      .filter(({ unserved }) => unserved !== undefined)
      .map((step) => [identity(step), step]),
  );
  for (const who of memory.reportedUnserved.keys())
    if (namespaceOf(who) === namespace && !standing.has(who)) memory.reportedUnserved.delete(who);
  for (const [who, step] of standing) {
    const { unserved = '' } = step;
    if (memory.reportedUnserved.get(who) === unserved) continue;
    memory.reportedUnserved.set(who, unserved);
    emit('requirement.unserved', { ...detailed(step), message: unserved });
  }
}

/** Each stranded object once, until it is none any more. */
function announceStranded({ stranded }: Plan, telling: Telling): void {
  const { memory, emit } = telling;
  const all = new Map(
    stranded.map((one) => [`${telling.namespace} ${one.live.kind} ${one.live.id}`, one]),
  );
  for (const told of memory.reportedStranded)
    if (told.startsWith(`${telling.namespace} `) && !all.has(told))
      memory.reportedStranded.delete(told);
  for (const [key, { live, namespace, name, message }] of all) {
    if (memory.reportedStranded.has(key)) continue;
    memory.reportedStranded.add(key);
    emit('object.stranded', { kind: live.kind, namespace, name, awsId: live.id, message });
  }
}

function announceHolds(plan: Plan, { namespace, memory, emit }: Telling): void {
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
  forgetOthers(memory.reportedHolds, standing, namespace);
}

/** Each warning once, until it is gone and comes back. What is only good to know is in the report. */
export function emitWarnings(
  warnings: readonly Warning[],
  { namespace, memory, emit }: Telling,
): void {
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
  forgetOthers(memory.reportedWarnings, standing, namespace);
}

/** Forgets what no longer stands of a namespace, so that it is told again when it comes back. */
function forgetOthers(told: Set<string>, standing: ReadonlySet<string>, namespace: string): void {
  for (const one of told)
    if (namespaceOf(one) === namespace && !standing.has(one)) told.delete(one);
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
export function emitResult(step: Step, result: Result, telling: Telling): void {
  const { emit } = telling;
  const event = EVENT_OF[result.outcome];
  const awsId = result.awsId === undefined ? {} : { awsId: result.awsId };
  if (event)
    emit(event, {
      ...detailed(step),
      ...awsId,
      ...(result.outcome === 'failed' && failureOf(result)),
    });
  const settled = event !== undefined && result.outcome !== 'failed';
  const lasted = settled && endDrift(identity(step), telling);
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
  { memory, now }: Telling,
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
