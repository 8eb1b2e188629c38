/** What Prometheus reads. Labels are of bounded sets only; no name of an object and no key value is ever one. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Emit, EventFields, EventName } from '../core/model/events.ts';
import type { Action, State } from '../core/model/plan.ts';
import type { OverallState, Report } from '../core/model/report.ts';
import { WARNINGS, type WarningCode } from '../core/model/warning.ts';
import { isHeld } from '../report/phrases.ts';

/** One API Gateway call: its operation, `OK` or the error's name, and how long it waited for the budget. */
export interface MeasuredCall {
  readonly operation: string;
  readonly code: string;
  readonly waitedMs: number;
}

export interface Metrics {
  readonly onEvent: Emit;
  readonly onCall: (call: MeasuredCall) => void;
  /** In the Prometheus text format; the gauges of objects are those of the report given. */
  readonly render: (report: Report | undefined) => Promise<string>;
  readonly contentType: string;
}

const RESULTS: readonly OverallState[] = ['in-sync', 'skipped', 'drifted', 'held', 'failing'];
const CODES = Object.keys(WARNINGS) as readonly WarningCode[];
const STATES: readonly State[] = [
  'in-sync',
  'changed',
  'unserved',
  'missing',
  'orphaned',
  'stranded',
  'unmanaged',
  'foreign',
  'ambiguous',
  'unknown',
];
/** The classes that failed calls have, and those of failures without a call. */
const ERROR_CLASSES = [
  'throttled',
  'transient',
  'conflict-concurrent',
  'answer-lost',
  'conflict',
  'not-found',
  'denied',
  'untried',
  'quota-full',
  'invalid',
  'manifest',
  'unknown',
] as const;
const CHANGES: Partial<Record<EventName, Action>> = {
  'object.created': 'create',
  'object.adopted': 'adopt',
  'object.updated': 'update',
  'object.disabled': 'disable',
  'object.released': 'release',
  'object.deleted': 'delete',
};

export interface MetricsOptions {
  readonly version: string;
  /** Those that are managed, so that every series exists from the start and `rate()` sees the first increment. */
  readonly kinds: readonly string[];
  /** What is left of a namespace's pace; undefined before its first pass. */
  readonly budget?: (
    namespace: string,
  ) => { readonly tokens: number; readonly share: number } | undefined;
}

export function createMetrics({
  version,
  kinds,
  budget = () => undefined,
}: MetricsOptions): Metrics {
  const registry = new Registry();
  const meters = register(registry);
  meters.build.set({ version, node: process.versions.node }, 1);
  for (const result of RESULTS) meters.passes.inc({ result }, 0);
  for (const errorClass of ERROR_CLASSES) meters.errors.inc({ class: errorClass }, 0);
  for (const kind of kinds)
    for (const action of Object.values(CHANGES)) meters.changes.inc({ kind, action }, 0);

  const code = bounded(60);
  return {
    onEvent: (event, fields) => record(meters, kinds, event, fields),
    onCall: (call) => {
      meters.calls.inc({ operation: call.operation, code: code(call.code) });
      meters.wait.observe(call.waitedMs / 1000);
    },
    async render(report) {
      if (report) measure(meters, kinds, budget, report);
      if (report)
        await forget(
          [meters.attempt, meters.success],
          new Set(report.targets.map(({ namespace }) => namespace)),
        );
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** In seconds. */
const DURATIONS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 21_600];

type Meters = ReturnType<typeof register>;

function register(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `apikeeper_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `apikeeper_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `apikeeper_${name}`, help, buckets, registers });
  return {
    build: gauge('build_info', 'Always 1; the labels say what runs.', ['version', 'node']),
    passes: counter('passes_total', 'Finished passes, by the state that they found.', ['result']),
    duration: histogram('pass_duration_seconds', 'How long passes took.', DURATIONS),
    attempt: gauge(
      'last_attempt_timestamp_seconds',
      'When the last pass finished, however it went.',
      ['namespace'],
    ),
    success: gauge(
      'last_success_timestamp_seconds',
      'When the last pass without a failure finished.',
      ['namespace'],
    ),
    errors: counter(
      'errors_total',
      'Failed steps, targets and manifests, by the class of the error.',
      ['class'],
    ),
    changes: counter('changes_total', 'Changes made to live objects.', ['kind', 'action']),
    calls: counter('calls_total', 'Calls sent to API Gateway; code is OK or the error.', [
      'operation',
      'code',
    ]),
    wait: histogram(
      'limiter_wait_seconds',
      'How long calls waited for the budget.',
      [0.01, 0.1, 0.5, 1, 5, 20, 60, 300],
    ),
    resources: gauge('resources', 'Objects, as the newest report has them.', [
      'namespace',
      'kind',
      'state',
    ]),
    held: gauge(
      'held_steps',
      'Steps that are held, as the newest report has them; those that somebody chose are not among them.',
      ['namespace'],
    ),
    warnings: gauge(
      'warnings',
      'States in which callers are blocked, or not stopped, as the newest report has them, by code.',
      ['namespace', 'code'],
    ),
    driftDuration: histogram(
      'drift_duration_seconds',
      'How long drift that is over stood, since it was first seen.',
      DURATIONS,
    ),
    oldestDrift: gauge(
      'oldest_drift_timestamp_seconds',
      'Since when the oldest drift stands that the newest report has; absent without any.',
      ['namespace'],
    ),
    commitToLive: histogram(
      'commit_to_live_seconds',
      'From the first hint of a change of the manifests until it is live.',
      DURATIONS,
    ),
    tokens: gauge('budget_tokens', 'Calls that could be sent at once.', ['namespace']),
    share: gauge(
      'budget_share_ratio',
      'Part of the pace that is in use: throttling halves it, time brings it back.',
      ['namespace'],
    ),
    coverage: gauge('coverage_ratio', 'Share of the live objects that are under management.', [
      'namespace',
      'kind',
    ]),
  };
}

function record(
  meters: Meters,
  kinds: readonly string[],
  event: EventName,
  fields: EventFields,
): void {
  const action = CHANGES[event];
  if (action)
    meters.changes.inc({
      kind: fields.kind !== undefined && kinds.includes(fields.kind) ? fields.kind : 'other',
      action,
    });
  if (event === 'manifest.invalid') meters.errors.inc({ class: 'manifest' });
  if (event === 'step.failed' || event === 'target.failed')
    meters.errors.inc({ class: member(ERROR_CLASSES, fields.class, 'unknown') });
  const seconds = (fields.durationMs ?? 0) / 1000;
  if (event === 'drift.resolved') meters.driftDuration.observe(seconds);
  if (event === 'commit.live') meters.commitToLive.observe(seconds);
  if (event !== 'reconcile.finished') return;
  const result = member(RESULTS, fields.state, 'failing');
  meters.passes.inc({ result });
  if (fields.durationMs !== undefined) meters.duration.observe(seconds);
  const namespace = fields.namespace ?? '';
  meters.attempt.setToCurrentTime({ namespace });
  if (result !== 'failing') meters.success.setToCurrentTime({ namespace });
}

/** Sets the gauges that speak of the report anew. */
function measure(
  meters: Meters,
  kinds: readonly string[],
  budget: NonNullable<MetricsOptions['budget']>,
  report: Report,
): void {
  const { resources, held, warnings, oldestDrift, tokens, share, coverage } = meters;
  for (const gauge of [resources, held, warnings, oldestDrift, tokens, share, coverage])
    gauge.reset();
  for (const { namespace, objects, coverage: shares, warnings: found = [] } of report.targets) {
    for (const kind of kinds)
      for (const state of STATES) resources.set({ namespace, kind, state }, 0);
    for (const { kind, state } of objects) resources.inc({ namespace, kind, state });
    for (const code of CODES)
      warnings.set({ namespace, code }, found.filter((one) => one.code === code).length);
    held.set({ namespace }, objects.filter(isHeld).length);
    const since = objects.flatMap(({ driftedSince }) =>
      driftedSince === undefined ? [] : Date.parse(driftedSince) / 1000,
    );
    if (since.length > 0) oldestDrift.set({ namespace }, Math.min(...since));
    const left = budget(namespace);
    if (left) tokens.set({ namespace }, left.tokens);
    if (left) share.set({ namespace }, left.share);
    for (const [kind, ratio] of Object.entries(shares)) coverage.set({ namespace, kind }, ratio);
  }
}

/** A namespace that is gone leaves no series behind: nothing would ever move it again. */
async function forget(
  gauges: readonly Gauge<'namespace'>[],
  standing: ReadonlySet<string>,
): Promise<void> {
  for (const gauge of gauges) {
    for (const { labels } of (await gauge.get()).values)
      if (!standing.has(String(labels.namespace))) gauge.remove(labels);
  }
}

function member<T extends string>(members: readonly T[], value: unknown, otherwise: T): T {
  return members.find((known) => known === value) ?? otherwise;
}

/** Lets the first `limit` different values through; whoever answers in the service's place could invent more. */
function bounded(limit: number): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (!/^\w{1,80}$/.test(value)) return 'other';
    if (seen.size < limit) seen.add(value);
    return seen.has(value) ? value : 'other';
  };
}
