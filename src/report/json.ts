import type { Report } from '../core/report.ts';

/** The report as schemas/report.schema.json describes it. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
