/** The status page: the report, for people. One document without scripts; everything from outside is escaped by `html`. */
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { Report, ReportObject, TargetReport } from '../core/model/report.ts';
import { type ConsumerGroup, groupByConsumer } from '../report/group-by-consumer.ts';
import {
  CAUSE_TEXT,
  isApplied,
  isSettled,
  problemText,
  rowOf,
  stepText,
  summaryText,
  targetText,
  warningGroups,
} from '../report/phrases.ts';
import { count, duration, sanitize, valueText } from '../report/sanitize.ts';
import type { Health } from './health.ts';
import { STYLE } from './style.ts';

export interface PageOptions {
  readonly report: Report | undefined;
  readonly health: Health;
  readonly version: string;
  /** Whether the page loads itself again. */
  readonly refresh: boolean;
}

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

const REFRESH_SECONDS = 15;

export function renderPage({ report, health, version, refresh }: PageOptions): Html {
  const state = report?.state ?? 'starting';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh ? html`<meta http-equiv="refresh" content="${REFRESH_SECONDS}">` : ''}
<title>${state} · apikeeper</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>apikeeper ${badge(state)}</h1>
${report ? overview(report) : html`<p>The first pass has not finished yet.</p>`}
${health.reasons.map((reason) => html`<p class="note">Not ready: ${sanitize(reason)}</p>`)}
</header>
<main>
${report && report.problems.length > 0 ? problems(report) : ''}
${report?.targets.map(targetSection)}
</main>
<footer>
<p>apikeeper ${version} · <a href="/api/v1/report">report as JSON</a> · <a href="/metrics">metrics</a> ·
${refresh ? html`loads itself again every ${REFRESH_SECONDS} s (<a href="/?refresh=off">stop</a>)` : html`<a href="/">load again by itself</a>`}</p>
</footer>
</body>
</html>
`;
}

function badge(state: string): Html {
  return html`<span class="badge ${state}">${state}</span>`;
}

function overview(report: Report): Html {
  return html`<p class="summary">${summaryText(report.targets, isApplied(report))}</p>
<dl>
<dt>Last pass</dt><dd>${time(report.startedAt)}, ${duration(report.durationMs)}, started by ${report.trigger}</dd>
<dt>Revision</dt><dd>${report.revision ? html`<code>${sanitize(report.revision)}</code>` : 'unknown'}</dd>
</dl>`;
}

function time(stamp: string): Html {
  return html`<time datetime="${stamp}">${stamp.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}</time>`;
}

function problems(report: Report): Html {
  return html`<section>
<h2>Problems in the manifests</h2>
<ul>${report.problems.map((problem) => html`<li><code>${problemText(problem)}</code></li>`)}</ul>
</section>`;
}

function targetSection(target: TargetReport): Html {
  const open = target.objects.filter((object) => !isSettled(object));
  const rest = target.objects.filter(isSettled);
  const nothing = target.error ? '' : html`<p>Nothing to do.</p>`;
  return html`<section>
<h2>${sanitize(target.namespace)} ${badge(target.state)}</h2>
<p class="note">${targetText(target)}${target.nextRunAt ? html`, looks again at ${time(target.nextRunAt)}` : ''}</p>
${target.error ? html`<p class="error">${sanitize(target.error)}</p>` : ''}
${coverage(target)}
${warnings(target)}
${open.length > 0 ? table(groupByConsumer(open, target)) : nothing}
${rest.length > 0 ? html`<details><summary>${count(rest.length, open.length > 0 ? 'more object' : 'object')}</summary>${table(groupByConsumer(rest, target))}</details>` : ''}
</section>`;
}

function warnings(target: TargetReport): Html {
  const groups = warningGroups(target);
  if (groups.length === 0) return html``;
  return html`<h3>Warnings</h3>
<ul class="warnings">${groups.map(
    ({
      severity,
      code,
      message,
      objects,
    }) => html`<li><span class="${severity}">${severity}</span> <code>${code}</code> ${message}
<br><small>${objects.map(({ name, place }) => (place === undefined ? name : `${name} (${place})`)).join(', ')}</small></li>`,
  )}</ul>`;
}

function coverage(target: TargetReport): Html {
  const shares = Object.entries(target.coverage);
  if (shares.length === 0) return html``;
  return html`<p class="coverage">Under management: ${shares.map(([kind, share]) => html`<span>${kind} <meter value="${share}"></meter> ${Math.floor(share * 100)} %</span>`)}</p>`;
}

function table(folds: readonly ConsumerGroup[]): Html {
  return html`<table>
<thead><tr><th>Step</th><th>Object</th><th>Why</th><th>Differences</th></tr></thead>
${folds.map(tableBody)}
</table>`;
}

function tableBody({ consumer, objects }: ConsumerGroup): Html {
  if (!consumer) return html`<tbody>${objects.map(tableRow)}</tbody>`;
  const place = consumer.source
    ? html` <small>${sanitize(`${consumer.source.file}:${consumer.source.line}`)}</small>`
    : '';
  return html`<tbody class="consumer">
<tr><th colspan="4" scope="rowgroup">${sanitize(`Consumer/${consumer.name}`)}${place}</th></tr>
${objects.map(tableRow)}
</tbody>`;
}

function tableRow(object: ReportObject): Html {
  const row = rowOf(object);
  const step = [stepText(object), ...(object.wants ? [`would ${object.wants}`] : [])];
  const why = [
    ...(object.reason ? [object.reason] : []),
    ...(object.cause ? [CAUSE_TEXT[object.cause]] : []),
  ];
  return html`<tr class="${row}">
<td>${step.join(', ')}</td>
<td><b>${sanitize(`${object.kind}/${object.name}`)}</b>${place(object)}</td>
<td>${why.join(', ')}${object.message ? html`<p>${sanitize(object.message)}</p>` : ''}</td>
<td>${object.changes.length > 0 ? changeList(object) : ''}${unclaimed(object)}</td>
</tr>`;
}

function place(object: ReportObject): Html {
  const parts = [
    ...(object.source ? [`${object.source.file}:${object.source.line}`] : []),
    ...(object.awsId ? [object.awsId] : []),
    ...(object.driftedSince ? [`drifted since ${object.driftedSince}`] : []),
    ...(object.deleteAfter ? [`may be deleted after ${object.deleteAfter}`] : []),
  ];
  return html`${parts.map((part) => html`<br><small>${sanitize(part)}</small>`)}`;
}

function changeList(object: ReportObject): Html {
  return html`<ul>${object.changes.map(
    (change) =>
      html`<li><code>${sanitize(change.path)}</code><br>${valueText(change.live)} → ${valueText(change.desired)}</li>`,
  )}</ul>`;
}

function unclaimed(object: ReportObject): Html {
  if (!object.unclaimed?.length) return html``;
  return html`<p><small>Unclaimed: ${sanitize(object.unclaimed.join(', '))}</small></p>`;
}
