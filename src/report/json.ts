import type { IamPolicy } from '../core/iam/policy.ts';
import type { Report } from '../core/model/report.ts';

/** The report as schemas/report.schema.json describes it. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** A policy as IAM takes it, lists of one on one line. */
export function renderPolicy(policy: IamPolicy): string {
  return `${JSON.stringify(policy, null, 2).replaceAll(/\[\s+("[^"]*")\s+\]/g, '[$1]')}\n`;
}
