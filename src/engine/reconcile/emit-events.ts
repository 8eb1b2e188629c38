/** What a pass has to tell, each thing once per episode. */

import { compact } from '../../core/model/compact.ts';
import type { Emit, EventName } from '../../core/model/events.ts';
import { identity, type Live } from '../../core/model/model.ts';
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
  announce(plan.steps, 'unserved', {
    namespace,
    told: memory.reportedUnserved,
    tell: (step, message) => emit('requirement.unserved', { ...detailed(step), message }),
  });
  announce(plan.steps, 'damaged', {
    namespace,
    told: memory.reportedDamage,
    tell: (step, message) => emit('object.damaged', { ...detailed(step), message }),
  });
  announceOrphans(plan.steps, telling);
}

/** An orphan that no document of this process ever meant may have got our tags by hand: it is named, once, before it is touched. */
export function announceOrphans(steps: readonly Step[], { memory, emit }: Telling): void {
  rememberDeclared(steps, memory);
  for (const step of steps.filter(isRemoval)) {
    const object = objectOf(step.live);
    if (memory.everDeclared.has(object) || memory.reportedOrphans.has(object)) continue;
    memory.reportedOrphans.add(object);
    emit('orphan.unknown', detailed(step));
  }
}

/** Remembers the live objects that documents mean. */
export function rememberDeclared(steps: readonly Step[], { everDeclared }: Memory): void {
  for (const { desired, live } of steps) if (desired && live) everDeclared.add(objectOf(live));
}

function objectOf({ kind, id }: Pick<Live, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}

function isRemoval(step: Step): step is Step & { readonly live: Live } {
  const { action, state, live } = step;
  const isTouched = action === 'disable' || action === 'delete';
  return live !== undefined && state === 'orphaned' && isTouched;
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

/** What stands is told once, and again when it says something else. */
function announce(
  steps: readonly Step[],
  field: 'unserved' | 'damaged',
  { namespace, told, tell }: Standing,
): void {
  const standing = new Map(
    steps.filter((step) => step[field] !== undefined).map((step) => [identity(step), step]),
  );
  for (const who of told.keys())
    if (namespaceOf(who) === namespace && !standing.has(who)) told.delete(who);
  for (const [who, step] of standing) {
    const message = step[field] ?? '';
    if (told.get(who) === message) continue;
    told.set(who, message);
    tell(step, message);
  }
}

interface Standing {
  readonly namespace: string;
  /** By identity. */
  readonly told: Map<string, string>;
  readonly tell: (step: Step, message: string) => void;
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
  if (result.outcome === 'created' && result.awsId !== undefined)
    telling.memory.everDeclared.add(objectOf({ kind: step.kind, id: result.awsId }));
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
