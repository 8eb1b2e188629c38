import type { Problem } from '../core/model.ts';

/** `file:line:col: Kind/name: field: what is wrong, what is allowed`. */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const who = problem.kind && problem.name ? `${problem.kind}/${problem.name}` : problem.kind;
  return [place, who, fieldOf(problem.path), problem.message].filter(Boolean).join(': ');
}

/** A JSON pointer as people write a field: `/spec/stages/0/stageName` is `spec.stages[0].stageName`. */
function fieldOf(pointer: string | undefined): string {
  let field = '';
  for (const segment of segmentsOf(pointer ?? '')) {
    if (/^[0-9]+$/.test(segment)) field += `[${segment}]`;
    else if (!/^[\w-]+$/.test(segment)) field += `["${segment}"]`;
    else field += field === '' ? segment : `.${segment}`;
  }
  return field;
}

/** By file, line, column; then by text, so that the order never depends on how the problems were found. */
export function compareProblems(a: Problem, b: Problem): number {
  return compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(formatProblem(a), formatProblem(b));
}

/** By code units: the same order on every machine, whatever its language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A name as a segment of a JSON pointer (RFC 6901). */
export function escapeSegment(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The names in a JSON pointer. */
export function segmentsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}
