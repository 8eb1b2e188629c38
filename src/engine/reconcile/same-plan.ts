/** Compares two plans: the one that was agreed to, and the one that was made after the lock was taken. */
import { isDeepStrictEqual } from 'node:util';
import type { ReportObject, TargetReport } from '../../core/model/report.ts';

/** Steps and changes decide; times and messages may differ. Targets that are no longer planned do not count. */
export function isSamePlan(
  agreed: readonly TargetReport[],
  planned: readonly TargetReport[],
): boolean {
  return planned.every(({ namespace, objects }) => {
    const before = agreed.find((one) => one.namespace === namespace);
    return isDeepStrictEqual(before?.objects.map(decisive), objects.map(decisive));
  });
}

function decisive(object: ReportObject) {
  const { kind, namespace, name, awsId, action, wants, reason, changes } = object;
  return { kind, namespace, name, awsId, action, wants, reason, changes };
}
