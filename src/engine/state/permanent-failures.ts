/** What a failure means for the passes that follow (docs/contract.md#daemon). */
import { identity } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import type { Result } from '../../core/plan/summarize.ts';
import type { Operation } from '../../core/schedule/operation.ts';
import { type ErrorClass, GatewayError } from '../../gateway/errors.ts';
import type { Memory, PermanentFailure } from './memory.ts';

const FINAL: ReadonlySet<string> = new Set([
  'denied',
  'untried',
  'quota-full',
  'invalid',
] satisfies ErrorClass[]);

/** Whether the same call would fail again: then it wasn't carried out either. */
export function isFinal(errorClass: string): boolean {
  return FINAL.has(errorClass);
}

/** The class of the door's error, also where another one is wrapped around it. */
export function classOf(error: unknown): ErrorClass {
  if (error instanceof GatewayError) return error.class;
  return error instanceof Error && error.cause !== undefined ? classOf(error.cause) : 'unknown';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The steps that failed for good, as long as neither what is asked for nor the live object has changed since. */
export function permanentFailures(
  steps: readonly Step[],
  memory: Memory,
): Map<Step, PermanentFailure> {
  const found = new Map<Step, PermanentFailure>();
  for (const step of steps) {
    const known = memory.permanentFailures.get(keyOf(step));
    if (known?.seen === seenBy(step)) found.set(step, known);
  }
  return found;
}

/** `steps`: all that were planned; of others nothing is remembered. */
export function recordPermanentFailures(
  steps: readonly Step[],
  results: ReadonlyMap<Step, Result>,
  memory: Memory,
): void {
  const planned = new Set(steps.map(keyOf));
  for (const key of memory.permanentFailures.keys())
    if (!planned.has(key)) memory.permanentFailures.delete(key);
  for (const [step, { outcome, reason, message = '', errorClass }] of results) {
    const hasFailed = outcome === 'failed' && errorClass !== undefined && isFinal(errorClass);
    if (hasFailed)
      memory.permanentFailures.set(keyOf(step), {
        message,
        errorClass: errorClass as ErrorClass,
        seen: seenBy(step),
      });
    else if (reason !== 'superseded') memory.permanentFailures.delete(keyOf(step));
  }
}

/** The operations with what was denied last time at the end of its equals: its turn doesn't keep others from theirs. */
export function deniedLast(todo: readonly Operation[], memory: Memory): Operation[] {
  const wasDenied = ({ step }: Operation) =>
    Number(memory.permanentFailures.get(keyOf(step))?.errorClass === 'denied');
  return todo.toSorted((a, b) => a.urgency - b.urgency || wasDenied(a) - wasDenied(b));
}

/** A held part of a step is a step of its own. */
function keyOf(step: Step): string {
  return `${identity(step)} ${step.action}`;
}

function seenBy({ desired, changes, live }: Step): string {
  return JSON.stringify([desired?.spec, desired?.annotations, changes, live?.spec, live?.tags]);
}
