/** A report for terminals and logs. Problems come first; what is in sync is counted, not listed. */
import { styleText } from 'node:util';
import type {
  OverallState,
  Report,
  ReportChange,
  ReportObject,
  TargetReport,
} from '../core/model/report.ts';
import { type ConsumerGroup, groupByConsumer } from './group-by-consumer.ts';
import {
  CAUSE_TEXT,
  isApplied,
  isHeldInPart,
  isSettled,
  problemText,
  type Row,
  rowOf,
  summaryText,
  targetText,
  warningGroups,
} from './phrases.ts';
import { count, duration, sanitize, valueText } from './sanitize.ts';

export interface TextOptions {
  readonly colour: boolean;
  /** `outcomes`: after an apply whose plan was shown already, the changes of fields are not repeated. */
  readonly detail?: 'full' | 'outcomes';
}

type Colour = Parameters<typeof styleText>[0];
type Paint = (colour: Colour, text: string) => string;

const ROW_STYLE: Readonly<
  Record<Row, readonly [symbol: string, planned: string, done: string, colour: Colour]>
> = {
  create: ['+', 'create', 'created', 'green'],
  adopt: ['>', 'adopt', 'adopted', 'cyan'],
  update: ['~', 'update', 'updated', 'yellow'],
  disable: ['/', 'disable', 'disabled', 'red'],
  release: ['<', 'release', 'released', 'cyan'],
  delete: ['-', 'delete', 'deleted', 'red'],
  failed: ['x', 'failed', 'failed', ['red', 'bold']],
  held: ['!', 'held', 'held', 'magenta'],
  chosen: ['.', 'held by choice', 'held by choice', 'dim'],
  skipped: ['.', 'skipped', 'skipped', 'dim'],
  unserved: ['!', 'not served as declared', 'not served as declared', 'yellow'],
  stranded: ['?', 'stranded', 'stranded', 'yellow'],
  'in-sync': ['=', 'in sync', 'in sync', 'dim'],
  unmanaged: ['?', 'unmanaged', 'unmanaged', 'dim'],
  kept: ['=', 'kept', 'kept', 'dim'],
};

const STATE_COLOUR: Readonly<Record<OverallState, Colour>> = {
  failing: 'red',
  held: 'magenta',
  drifted: 'yellow',
  skipped: 'cyan',
  'in-sync': 'green',
};

export function renderText(report: Report, options: TextOptions): string {
  const paint: Paint = options.colour
    ? (colour, text) => styleText(colour, text, { validateStream: false })
    : (_, text) => text;
  const applied = isApplied(report);
  const blocks = [
    problems(report, paint),
    ...report.targets.map((target) =>
      targetBlock(withoutNews(target, report.startedAt), applied, options.detail ?? 'full', paint),
    ),
    [paint('bold', closing(report, applied))],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** Since when is worth a word only where it is longer than this report. */
function withoutNews(target: TargetReport, startedAt: string): TargetReport {
  const isOld = ({ driftedSince = '' }: ReportObject) =>
    driftedSince.slice(0, 19) < startedAt.slice(0, 19);
  const objects = target.objects.map(({ driftedSince, ...object }) => ({
    ...object,
    ...(driftedSince && isOld({ ...object, driftedSince }) && { driftedSince }),
  }));
  return { ...target, objects };
}

function problems(report: Report, paint: Paint): string[] {
  if (report.problems.length === 0) return [];
  const heading = `${count(report.problems.length, 'problem')} in the manifests:`;
  return [
    paint(['red', 'bold'], heading),
    ...report.problems.map((problem) => `  ${problemText(problem)}`),
  ];
}

function closing({ targets }: Report, applied: boolean): string {
  if (targets.length === 0) return 'Nothing was compared: the manifests have to be valid first.';
  return `${applied ? 'Applied' : 'Plan'}: ${summaryText(targets, applied)}.`;
}

function targetBlock(
  target: TargetReport,
  applied: boolean,
  detail: 'full' | 'outcomes',
  paint: Paint,
): string[] {
  // What a new commit asks for is no drift.
  const isDrift = target.objects.some(({ changes }) =>
    changes.some(({ cause }) => cause === 'live' || cause === 'both'),
  );
  const state = paint(
    STATE_COLOUR[target.state],
    target.state === 'drifted' && !applied && !isDrift ? 'differs' : target.state,
  );
  const listed = target.objects.filter(isListed);
  const quiet = (object: ReportObject) => rowOf(object) === 'chosen';
  const ordered = [...listed.filter((object) => !quiet(object)), ...listed.filter(quiet)];
  return [
    `${paint('bold', sanitize(target.namespace))} (${targetText(target)}): ${state}`,
    ...(target.error ? [paint('red', `  x ${sanitize(target.error)}`)] : []),
    ...saidOnce(groupByConsumer(ordered, target)).flatMap((fold) =>
      foldLines(fold, applied, detail, paint),
    ),
    ...warnings(target, paint),
    ...(detail === 'full' ? unclaimed(target, paint) : []),
    ...effort(target, applied),
  ];
}

/** What a row says in the same words as the row before is not said again: a guard holds many keys for one reason. */
function saidOnce(folds: readonly ConsumerGroup[]): ConsumerGroup[] {
  let last: string | undefined;
  const short = (object: ReportObject): ReportObject => {
    const isRepeated = object.message !== undefined && object.message === last;
    last = object.message;
    return isRepeated ? { ...object, message: 'as above' } : object;
  };
  return folds.map((fold) => ({ ...fold, objects: fold.objects.map(short) }));
}

/** What is settled is counted; a word about it is worth a line all the same. */
function isListed(object: ReportObject): boolean {
  return !isSettled(object) || object.message !== undefined;
}

function foldLines(
  { consumer, objects }: ConsumerGroup,
  applied: boolean,
  detail: 'full' | 'outcomes',
  paint: Paint,
): string[] {
  const lines = objects.flatMap((object) => objectLines(object, applied, detail, paint));
  if (!consumer) return lines;
  const place = consumer.source
    ? paint('dim', sanitize(`  ${consumer.source.file}:${consumer.source.line}`))
    : '';
  return [
    `  ${paint('bold', sanitize(`Consumer/${consumer.name}`))}${place}`,
    ...lines.map((line) => `  ${line}`),
  ];
}

function objectLines(
  object: ReportObject,
  applied: boolean,
  detail: 'full' | 'outcomes',
  paint: Paint,
): string[] {
  const row = rowOf(object);
  const [symbol, planned, done, colour] = ROW_STYLE[row];
  const what = [applied ? done : planned, ...(object.wants ? [`would ${object.wants}`] : [])].join(
    ', ',
  );
  const inPart = isHeldInPart(object);
  const why = [...(object.reason && !inPart ? [object.reason] : []), ...causeText(object)].join(
    ', ',
  );
  const head = `  ${symbol} ${sanitize(`${object.kind}/${object.name}`)}  ${what}${why && ` (${why})`}`;
  const place = origin(object);
  return [
    `${paint(colour, head)}${place && paint('dim', `  ${place}`)}`,
    ...(object.message && !inPart
      ? [paint(row === 'chosen' ? 'dim' : [], `      ${sanitize(object.message)}`)]
      : []),
    ...(detail === 'full' || row === 'failed' ? changeLines(object, paint) : []),
    ...(inPart
      ? [
          paint(
            ROW_STYLE.held[3],
            `    ! held in part (${object.reason})${object.message ? `: ${sanitize(object.message)}` : ''}`,
          ),
        ]
      : []),
  ];
}

/** That what is missing is asked for in Git goes without saying. */
function causeText({ cause, state }: ReportObject): string[] {
  return cause === undefined || (cause === 'git' && state === 'missing') ? [] : [CAUSE_TEXT[cause]];
}

/** Where the object is written, and which live one it is. */
function origin(object: ReportObject): string {
  const parts = [
    ...(object.source ? [`${object.source.file}:${object.source.line}`] : []),
    ...(object.awsId ? [object.awsId] : []),
    ...(object.driftedSince ? [`drifted since ${object.driftedSince}`] : []),
    ...(object.deleteAfter ? [`may be deleted after ${object.deleteAfter}`] : []),
  ];
  return sanitize(parts.join(', '));
}

function changeLines(object: ReportObject, paint: Paint): string[] {
  const fresh = object.state === 'missing';
  const cells = object.changes.map((change) => ({
    path: sanitize(change.path),
    old: fresh ? '' : valueText(change.live),
    next: valueText(change.desired),
    cause: causeOf(change, object),
  }));
  const pathWidth = widest(cells.map((cell) => cell.path));
  const oldWidth = widest(cells.map((cell) => cell.old));
  const tone: Colour = rowOf(object) === 'chosen' ? 'dim' : [];
  return cells.map(({ path, old, next, cause }) => {
    const values = fresh ? next : `${old.padEnd(oldWidth)} → ${next}`;
    return `${paint(tone, `      ${path.padEnd(pathWidth)}  ${values}`)}${cause && paint('dim', `  ${cause}`)}`;
  });
}

/** The cause of a field is said where the object's own doesn't cover it. */
function causeOf(change: ReportChange, object: ReportObject): string {
  return object.state === 'missing' || change.cause === object.cause
    ? ''
    : CAUSE_TEXT[change.cause];
}

/** The width to align to: one very long entry does not push all the others away. */
function widest(cells: readonly string[]): number {
  return Math.max(0, ...cells.map((cell) => cell.length).filter((length) => length <= 60));
}

function warnings(target: TargetReport, paint: Paint): string[] {
  const groups = warningGroups(target);
  if (groups.length === 0) return [];
  const lines = groups.flatMap(({ severity, code, message, objects }) => [
    paint(severity === 'warning' ? 'yellow' : [], `      ${severity} ${code}: ${message}`),
    ...objects.map(
      ({ name, place }) =>
        `          ${name}${place === undefined ? '' : paint('dim', `  ${place}`)}`,
    ),
  ]);
  return ['  Warnings (of what is live; no step waits for them):', ...lines];
}

function unclaimed(target: TargetReport, paint: Paint): string[] {
  const bearers = target.objects.filter((object) => (object.unclaimed?.length ?? 0) > 0);
  if (bearers.length === 0) return [];
  const lines = bearers.map(
    (object) =>
      `      ${sanitize(`${object.kind}/${object.name}: ${object.unclaimed?.join(', ')}`)}`,
  );
  return ['  Unclaimed (set live, named by no manifest, left as it is):', ...lines].map((line) =>
    paint('dim', line),
  );
}

function effort(target: TargetReport, applied: boolean): string[] {
  if (!applied)
    return target.estimate?.text ? [`  Applying takes ${sanitize(target.estimate.text)}.`] : [];
  const calls = Object.values(target.calls).reduce((sum, calls) => sum + calls, 0);
  const waited =
    target.waitedMs >= 1000 ? `, which waited ${duration(target.waitedMs)} for the budget` : '';
  return [`  ${count(calls, 'call')}${waited}.`];
}
