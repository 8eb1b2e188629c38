/** What a running daemon knows, as a table: one line per object, for eyes and for `grep`. */
import type { Report, ReportObject, TargetReport } from '../core/model/report.ts';
import {
  CAUSE_TEXT,
  isApplied,
  problemText,
  stepText,
  summaryText,
  targetText,
  warningGroups,
} from './phrases.ts';
import { duration, sanitize } from './sanitize.ts';

const HEADINGS = ['NAMESPACE', 'KIND', 'NAME', 'STATE', 'STEP', 'WHY'] as const;

export function renderStatus(report: Report): string {
  const objects = report.targets.flatMap((target) => target.objects);
  const blocks = [
    [
      `${report.state}: ${summaryText(report.targets, isApplied(report))}`,
      lastPass(report),
      ...report.targets.map(targetLine),
    ],
    report.problems.map(problemText),
    report.targets.flatMap(warnings),
    objects.length > 0 ? columns([HEADINGS, ...objects.map(cells)]) : [],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

function lastPass({ startedAt, durationMs, trigger, revision }: Report): string {
  return sanitize(
    `last pass ${startedAt}, ${duration(durationMs)}, started by ${trigger}, revision ${revision ?? 'unknown'}`,
  );
}

function targetLine(target: TargetReport): string {
  const next = target.nextRunAt ? `, looks again at ${target.nextRunAt}` : '';
  const error = target.error ? `: ${sanitize(target.error)}` : '';
  return `${sanitize(target.namespace)} (${targetText(target)}${next}): ${target.state}${error}`;
}

function warnings(target: TargetReport): string[] {
  return warningGroups(target).map(({ severity, code, message, objects }) => {
    const names = objects.map(({ name }) => name).join(', ');
    return `${severity} ${code} in ${sanitize(target.namespace)}: ${message}: ${names}`;
  });
}

function cells(object: ReportObject): readonly string[] {
  const why = [object.reason, object.cause && CAUSE_TEXT[object.cause], object.message].filter(
    (part) => part !== undefined,
  );
  return [
    object.namespace,
    object.kind,
    object.name,
    object.state,
    stepText(object),
    why.join('; ') || '-',
  ].map(sanitize);
}

/** Two spaces between columns; the last one is ragged. */
function columns(lines: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines.map((line) =>
    line
      .map((cell, column) =>
        column === HEADINGS.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
      )
      .join('  '),
  );
}
