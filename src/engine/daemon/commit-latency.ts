/** How long a change of the manifests takes until it is live: from the first hint of it to the end of the pass that carried it out. */
import type { ReportObject } from '../../core/model/report.ts';

/** Changes that are not yet live. */
export interface PendingCommit {
  /** When the first of them was heard of: milliseconds since the epoch. */
  readonly since: number;
  /** A pass that gave way, or will be repeated, has done some of what they ask for. */
  readonly isBegun: boolean;
}

export function mergePending(
  one: PendingCommit | undefined,
  other: PendingCommit | undefined,
): PendingCommit | undefined {
  if (!one || !other) return one ?? other;
  return { since: Math.min(one.since, other.since), isBegun: one.isBegun || other.isBegun };
}

/** Whether a pass did what Git asks for, and not only put right what somebody had changed. */
export function hasCommitted(objects: readonly ReportObject[]): boolean {
  return objects.some(({ outcome, changes, deleteAfter }) => {
    if (outcome === undefined || !DONE.has(outcome)) return false;
    // What leaves Git has no changes; a key that is deleted when its grace is over left long ago.
    if (changes.length === 0)
      return outcome !== 'updated' && !(outcome === 'deleted' && deleteAfter !== undefined);
    return changes.some(({ cause }) => cause !== 'live');
  });
}

const DONE: ReadonlySet<string> = new Set([
  'created',
  'adopted',
  'updated',
  'disabled',
  'released',
  'deleted',
] satisfies ReportObject['outcome'][]);
