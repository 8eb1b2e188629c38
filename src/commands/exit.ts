/** Exit codes: an interface (docs/contract.md#command-line). */
import { CHOSEN_HOLDS } from '../core/model/plan.ts';
import type { Report, ReportObject, TargetReport } from '../core/model/report.ts';
import { isHeld } from '../report/phrases.ts';

export const EXIT = { done: 0, failed: 1, changes: 2, held: 3, usage: 64 } as const;

/**
 * | code | command | when |
 * | --- | --- | --- |
 * | 1 | all | a manifest is invalid, a target could not be read, a step failed, or was begun too late to be done |
 * | 1 | all | another user's process holds the lock of a target |
 * | 1 | `apply` | any other process holds the lock of a target |
 * | 2 | `plan --detailed-exitcode` | there is a step other than `keep` and the holds that somebody chose |
 * | 3 | `apply`, `run` (once) | nothing failed, and something that Git asks for was held |
 * | 0 | all | none of these |
 */
export function exitCode(
  command: 'plan' | 'apply' | 'run' | 'status',
  report: Report,
  flags: { readonly detailedExitcode?: boolean } = {},
): number {
  const objects = report.targets.flatMap((target) => target.objects);
  const isLocked = ({ lockedBy }: TargetReport) =>
    lockedBy !== undefined && (command === 'apply' || !lockedBy.trusted);
  const isFailed =
    report.problems.length > 0 ||
    report.targets.some((target) => target.state === 'failing' || isLocked(target));
  if (isFailed || objects.some(({ outcome }) => outcome === 'failed')) return EXIT.failed;
  if (command === 'status') return EXIT.done;
  if (command === 'plan')
    return flags.detailedExitcode && objects.some(isStep) ? EXIT.changes : EXIT.done;
  if (objects.some(({ outcome, reason }) => outcome === 'skipped' && reason !== 'dependency'))
    return EXIT.failed;
  return objects.some(isHeld) ? EXIT.held : EXIT.done;
}

function isStep({ action, reason }: ReportObject): boolean {
  if (action === 'hold') return !CHOSEN_HOLDS.has(reason as never);
  return action !== 'keep';
}
