/** A report as a comment on a pull request: a table to glance at, and details to open. */
import type { Report, ReportChange, ReportObject, TargetReport } from '../core/model/report.ts';
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
import { count, sanitize, valueText } from './sanitize.ts';

/** GitHub refuses a comment beyond 65,536 characters; what doesn't fit is counted, and the caller's log has the rest. */
const LIMIT = 60_000;

const MARK: Readonly<Record<Row, readonly [planned: string, done: string]>> = {
  create: ['create', 'created'],
  adopt: ['adopt', 'adopted'],
  update: ['update', 'updated'],
  disable: ['**disable**', '**disabled**'],
  release: ['release', 'released'],
  delete: ['**delete**', '**deleted**'],
  failed: ['**failed**', '**failed**'],
  held: ['**held**', '**held**'],
  chosen: ['held by choice', 'held by choice'],
  skipped: ['skipped', 'skipped'],
  unserved: ['**not served as declared**', '**not served as declared**'],
  stranded: ['**stranded**', '**stranded**'],
  'in-sync': ['in sync', 'in sync'],
  unmanaged: ['unmanaged', 'unmanaged'],
  kept: ['kept', 'kept'],
};

export function renderMarkdown(report: Report): string {
  const applied = isApplied(report);
  const revision = report.revision ? ` at ${code(report.revision.slice(0, 12))}` : '';
  const head = [
    `### apikeeper: ${prose(summaryText(report.targets, applied))}`,
    `${applied ? 'Applied' : 'Planned'}${revision}.`,
  ];
  const blocks = [
    ...head,
    ...problemBlock(report),
    ...report.targets.flatMap((target) => targetBlocks(target, applied)),
  ];
  return `${fitting(blocks).join('\n\n')}\n`;
}

/** Whole blocks only: a cut inside a table or a details element would break everything after it. */
function fitting(blocks: readonly string[]): string[] {
  const kept: string[] = [];
  let length = 0;
  for (const block of blocks) {
    length += block.length + 2;
    if (length > LIMIT)
      return [
        ...kept,
        `_${blocks.length - kept.length} more blocks do not fit into a comment; the text or JSON output has them._`,
      ];
    kept.push(block);
  }
  return kept;
}

function problemBlock(report: Report): string[] {
  if (report.problems.length === 0) return [];
  return [
    [
      '**Problems in the manifests**',
      '',
      ...report.problems.map((problem) => `- ${code(problemText(problem))}`),
    ].join('\n'),
  ];
}

function targetBlocks(target: TargetReport, applied: boolean): string[] {
  const listed = target.objects.filter((object) => !isSettled(object));
  const head = `#### ${prose(target.namespace)}: ${target.state}\n\n${prose(targetText(target))}`;
  const estimate =
    !applied && target.estimate?.text ? [`Applying takes ${prose(target.estimate.text)}.`] : [];
  return [
    head,
    ...(target.error
      ? [`> **${target.state === 'skipped' ? 'Skipped' : 'Failed'}:** ${prose(target.error)}`]
      : []),
    ...(listed.length > 0 ? [table(groupByConsumer(listed, target), applied)] : []),
    ...estimate,
    ...messages(listed),
    ...warnings(target),
    ...listed.flatMap(details),
    ...unclaimed(target),
  ];
}

function table(folds: readonly ConsumerGroup[], applied: boolean): string {
  const lines = folds.flatMap(({ consumer, objects }) => {
    if (!consumer) return objects.map((object) => tableRow(object, applied, ''));
    const heading = `| | **${cell(`Consumer/${consumer.name}`)}** | | ${placeText(consumer.source)} |`;
    return [heading, ...objects.map((object) => tableRow(object, applied, '↳ '))];
  });
  return ['| step | object | why | written in |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

function tableRow(object: ReportObject, applied: boolean, indent: string): string {
  const [planned, done] = MARK[rowOf(object)];
  const what = [
    applied ? done : planned,
    ...(object.wants ? [`would ${object.wants}`] : []),
    ...(isHeldInPart(object) ? ['**held in part**'] : []),
  ];
  const why = [
    ...(object.reason ? [cell(object.reason)] : []),
    ...(object.cause ? [CAUSE_TEXT[object.cause]] : []),
  ];
  return `| ${what.join(', ')} | ${indent}${cell(nameOf(object))} | ${why.join(', ')} | ${placeText(object.source)} |`;
}

function placeText(source: ReportObject['source']): string {
  return source ? cell(`${source.file}:${source.line}`) : '';
}

/** What a person has to read or do, in the open. */
function messages(objects: readonly ReportObject[]): string[] {
  const lines = objects.flatMap((object) =>
    object.message ? [`- ${code(nameOf(object))}: ${prose(object.message)}`] : [],
  );
  return lines.length > 0 ? [lines.join('\n')] : [];
}

function warnings(target: TargetReport): string[] {
  const groups = warningGroups(target);
  if (groups.length === 0) return [];
  const lines = groups.map(({ severity, code: name, message, objects }) => {
    const about = objects.map(
      (object) =>
        `${code(object.name)}${object.place === undefined ? '' : ` (${code(object.place)})`}`,
    );
    return `- ${severity === 'warning' ? '**warning**' : severity} ${code(name)}: ${prose(message)}: ${about.join(', ')}`;
  });
  return [['**Warnings** (of what is live; no step waits for them)', '', ...lines].join('\n')];
}

function details(object: ReportObject): string[] {
  if (object.changes.length === 0) return [];
  const fields = count(object.changes.length, 'field');
  return [
    `<details><summary>${html(nameOf(object))}: ${fields}</summary>\n\n${changeTable(object.changes)}\n\n</details>`,
  ];
}

function nameOf(object: ReportObject): string {
  return `${object.kind}/${object.name}`;
}

function changeTable(changes: readonly ReportChange[]): string {
  const lines = changes.map(
    (change) =>
      `| ${cell(change.path)} | ${cell(valueText(change.live))} | ${cell(valueText(change.desired))} | ${CAUSE_TEXT[change.cause]} |`,
  );
  return ['| field | live | desired | cause |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

function unclaimed(target: TargetReport): string[] {
  const bearers = target.objects.filter((object) => (object.unclaimed?.length ?? 0) > 0);
  if (bearers.length === 0) return [];
  const lines = bearers.map(
    (object) =>
      `- ${code(nameOf(object))}: ${object.unclaimed?.map((path) => code(path)).join(', ')}`,
  );
  return [
    [
      '<details><summary>Unclaimed: set live, named by no manifest, left as it is</summary>',
      '',
      ...lines,
      '',
      '</details>',
    ].join('\n'),
  ];
}

/** A word joiner (U+2060) parts what GitHub would turn into a mention, an issue's link or a URL. */
function unlinked(text: string): string {
  return sanitize(text)
    .replace(/[@#](?=\w)/g, '$&\u2060')
    .replace(/:\/\//g, ':\u2060//')
    .replace(/\bwww\./gi, (start) => `${start.slice(0, 3)}\u2060.`);
}

/** Text inside an HTML element, where Markdown isn't read. */
function html(text: string): string {
  return unlinked(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Text inside a Markdown paragraph. */
function prose(text: string): string {
  return html(text.replace(/[\\`*_[\]|~$]/g, '\\$&'));
}

/** A code span, longer fenced than any run of backticks in it. */
function code(text: string): string {
  const shown = sanitize(text);
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** A code span in a table, where a bar ends the cell even inside the span. */
function cell(text: string): string {
  return code(text).replaceAll('|', '\\|');
}
