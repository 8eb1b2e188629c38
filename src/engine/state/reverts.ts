/** Two writers that undo each other: after three rounds in a day we give way, and say so (docs/contract.md#daemon). */
import { type Desired, identity } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import { isDrift, type Result } from '../../core/plan/summarize.ts';
import type { Memory } from './memory.ts';

const ROUNDS = 3;
const WINDOW_MS = 24 * 60 * 60 * 1000;

/** The fields, as `<identity> <path>`, that we have set right often enough, until a commit changes the document. */
export function contestedFields(
  memory: Memory,
  desired: readonly Desired[],
  now: number,
): ReadonlySet<string> {
  const documents = new Map(desired.map((one) => [identity(one), textOf(one)]));
  const found = new Set<string>();
  for (const [field, { at, document }] of memory.reverts) {
    const who = field.slice(0, field.indexOf(' '));
    const isFought = at.length >= ROUNDS && Math.max(...at) - Math.min(...at) < WINDOW_MS;
    const isOver = !isFought && at.every((time) => now - time >= WINDOW_MS);
    if (isOver || documents.get(who) !== document) memory.reverts.delete(field);
    else if (isFought) found.add(field);
  }
  return found;
}

/** Remembers which fields a pass set right that somebody had changed. */
export function recordReverts(
  memory: Memory,
  results: ReadonlyMap<Step, Result>,
  now: number,
): void {
  for (const [step, { outcome }] of results) {
    if (outcome !== 'updated' || !step.desired) continue;
    for (const change of step.changes.filter(isDrift)) {
      const field = `${identity(step)} ${change.path}`;
      const before = memory.reverts.get(field)?.at ?? [];
      memory.reverts.set(field, {
        at: [...before, now].slice(-ROUNDS),
        document: textOf(step.desired),
      });
    }
  }
}

function textOf({ spec, annotations }: Desired): string {
  return JSON.stringify([spec, annotations]);
}
