/** The words that every rendering of a report shares, so that the terminal, the comment and the page say the same. */
import type { Problem } from '../core/model/model.ts';
import { type Action, type Cause, CHOSEN_HOLDS } from '../core/model/plan.ts';
import type { Outcome, Report, ReportObject, TargetReport } from '../core/model/report.ts';
import type { Warning } from '../core/model/warning.ts';
import { count, sanitize } from './sanitize.ts';

export const CAUSE_TEXT: Readonly<Record<Cause, string>> = {
  git: 'changed in Git',
  live: 'changed live',
  both: 'changed in Git and live',
  unknown: 'not written by apikeeper before',
};

/** What a row of a report is: the outcome where there is one, else the action, with the holds that somebody chose set apart. */
export type Row =
  | Exclude<Action, 'keep' | 'hold'>
  | 'held'
  | 'chosen'
  | 'failed'
  | 'skipped'
  | 'unserved'
  | 'stranded'
  | 'in-sync'
  | 'unmanaged'
  | 'kept';

const OUTCOME_ROW: Partial<Record<Outcome, Row>> = {
  created: 'create',
  adopted: 'adopt',
  updated: 'update',
  disabled: 'disable',
  released: 'release',
  deleted: 'delete',
  failed: 'failed',
  skipped: 'skipped',
};

export function rowOf(object: ReportObject): Row {
  const row = object.outcome && OUTCOME_ROW[object.outcome];
  if (row) return row;
  if (object.action === 'hold' || object.outcome === 'held')
    return isChosen(object) ? 'chosen' : 'held';
  if (object.action !== 'keep') return object.action;
  if (object.state === 'in-sync' || object.state === 'unserved' || object.state === 'stranded')
    return object.state;
  return object.state === 'unmanaged' || object.state === 'foreign' ? 'unmanaged' : 'kept';
}

function isChosen({ reason }: ReportObject): boolean {
  return CHOSEN_HOLDS.has(reason as never);
}

/** Whether there is nothing to do about it, and nothing was done. */
export function isSettled(object: ReportObject): boolean {
  const row = rowOf(object);
  return (row === 'in-sync' || row === 'unmanaged' || row === 'kept') && !isHeld(object);
}

/** A row in one or two words: the outcome where there is one. */
export function stepText(object: ReportObject): string {
  if (isSettled(object)) return '-';
  const row = rowOf(object);
  return row === 'chosen' ? 'held by choice' : (object.outcome ?? row);
}

/** Whether something that Git asks for is not done, and nobody chose that: of the whole object, or of a part of it (docs/contract.md#plan). */
export function isHeld(object: ReportObject): boolean {
  if (isChosen(object)) return false;
  if (object.action === 'hold') return true;
  return (
    object.reason !== undefined && object.reason !== 'superseded' && object.reason !== 'orphaned'
  );
}

/** Whether the object's step goes on, but for a field or an entry. */
export function isHeldInPart(object: ReportObject): boolean {
  const row = rowOf(object);
  return row !== 'held' && row !== 'skipped' && isHeld(object);
}

/** Whether a report tells what was done, and not only what is to be done. */
export function isApplied(report: Report): boolean {
  return report.targets.some((target) =>
    target.objects.some((object) => object.outcome !== undefined),
  );
}

/** One line per row kind: before and after an apply. */
const SUMMARY: readonly (readonly [row: Row, planned: string, done: string])[] = [
  ['create', 'to create', 'created'],
  ['adopt', 'to adopt', 'adopted'],
  ['update', 'to update', 'updated'],
  ['disable', 'to disable', 'disabled'],
  ['release', 'to release', 'released'],
  ['delete', 'to delete', 'deleted'],
  ['failed', 'failed', 'failed'],
  ['held', 'held', 'held'],
  ['chosen', 'held by choice', 'held by choice'],
  ['skipped', 'skipped', 'skipped'],
  ['unserved', 'not served as declared', 'not served as declared'],
  ['stranded', 'stranded', 'stranded'],
];

/** How many rows there are of each kind. */
export function rows(targets: readonly TargetReport[]): Map<Row, number> {
  const counts = new Map<Row, number>();
  for (const object of targets.flatMap((target) => target.objects)) {
    const row = rowOf(object);
    counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  return counts;
}

/** `2 to create, 1 held; 12 in sync, 3 unmanaged` */
export function summaryText(targets: readonly TargetReport[], applied: boolean): string {
  const counts = rows(targets);
  const steps = SUMMARY.flatMap(([row, planned, done]) => {
    const number = counts.get(row) ?? 0;
    return number > 0 ? [`${number} ${applied ? done : planned}`] : [];
  });
  const unmanaged = targets.reduce((sum, target) => sum + target.summary.unmanaged, 0);
  const inPart = targets.flatMap((target) => target.objects).filter(isHeldInPart).length;
  if (inPart > 0) steps.push(`${inPart} held in part`);
  const unread = targets.filter(({ error }) => error !== undefined).length;
  if (unread > 0) steps.push(`${count(unread, 'target')} not reconciled`);
  const inSync = counts.get('in-sync') ?? 0;
  const warnings = warningsOf(targets).filter(({ severity }) => severity === 'warning').length;
  const rest = [
    ...(inSync > 0 ? [`${inSync} in sync`] : []),
    ...(unmanaged > 0 ? [`${unmanaged} unmanaged`] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ];
  return [steps.join(', ') || 'nothing to do', ...(rest.length > 0 ? [rest.join(', ')] : [])].join(
    '; ',
  );
}

/** `account 123456789012, eu-west-2, owner residents-platform, mode enforce` */
export function targetText(target: TargetReport): string {
  const account = target.accountId ? [`account ${target.accountId}`] : [];
  return sanitize(
    [...account, target.region, `owner ${target.owner}`, `mode ${target.mode}`].join(', '),
  );
}

/** `file:line:col: Kind/name: field: what is wrong, and the way out` (docs/contract.md#command-line). */
export function problemText(problem: Problem): string {
  return placedText(problem, [problem.message]);
}

/** `file:line:col: warning: Kind/name: field: what happens to callers, and the way out [CODE]`. */
export function warningText(warning: Problem & Pick<Warning, 'code' | 'severity'>): string {
  const { severity, message, code } = warning;
  return placedText(warning, [`${message} [${code}]`], [severity]);
}

/** Warnings that say the same of several objects. */
export interface WarningGroup extends Pick<Warning, 'severity' | 'code' | 'message'> {
  /** Where it is written is absent where nobody knows. */
  readonly objects: readonly { readonly name: string; readonly place?: string }[];
}

/** What is said of many objects is said once. */
export function warningGroups({ warnings = [] }: TargetReport): WarningGroup[] {
  const groups = Map.groupBy(warnings, ({ code, message }) => `${code} ${message}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const objects = group.map(({ kind, name, path, source }) => ({
      name: sanitize([`${kind}/${name}`, ...(path === undefined ? [] : [path])].join(' ')),
      ...(source && { place: sanitize(`${source.file}:${source.line}`) }),
    }));
    return first
      ? [{ severity: first.severity, code: first.code, message: sanitize(first.message), objects }]
      : [];
  });
}

function warningsOf(targets: readonly TargetReport[]): readonly Warning[] {
  return targets.flatMap(({ warnings = [] }) => warnings);
}

function placedText(
  problem: Problem,
  after: readonly string[],
  before: readonly string[] = [],
): string {
  const kindAndName = [problem.kind, problem.kind && problem.name].filter(Boolean).join('/');
  const object = kindAndName === '' ? [] : [kindAndName];
  const field = problem.path ? [problem.path] : [];
  // Of the directory itself there is no line to name.
  const place = problem.file === '.' ? [] : [`${problem.file}:${problem.line}:${problem.column}`];
  return sanitize([...place, ...before, ...object, ...field, ...after].join(': '));
}
