import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/core/model/report.ts';
import { type AppOptions, createApp } from '../../src/server/app.ts';
import { listen } from '../../src/server/listen.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { sampleApplied, sampleInSync, samplePlan } from '../report/sample.ts';
import { assertReport } from '../report/schema.ts';

const KINDS = ['ApiKey', 'UsagePlan', 'Stage'];

function app(part: Partial<AppOptions> = {}) {
  return createApp({
    report: () => samplePlan,
    health: () => ({ live: true, ready: true, reasons: [] }),
    metrics: createMetrics({ version: '0.1.0', kinds: KINDS }),
    request: () => {},
    version: '0.1.0',
    ...part,
  });
}

const never = () => undefined;

describe('health', () => {
  test.each([
    ['/livez', { live: true, ready: false, reasons: ['no pass yet'] }, 200, 'ok\n'],
    [
      '/livez',
      { live: false, ready: false, reasons: ['the loop has not come round for 5 min'] },
      503,
      'the loop has not come round for 5 min\n',
    ],
    ['/readyz', { live: true, ready: true, reasons: [] }, 200, 'ok\n'],
    [
      '/readyz',
      { live: true, ready: false, reasons: ['production: denied', 'staging: no pass yet'] },
      503,
      'production: denied\nstaging: no pass yet\n',
    ],
    ['/readyz', { live: true, ready: false, reasons: [] }, 503, 'not ok\n'],
  ])('%s with %j answers %d', async (path, health, status, text) => {
    const response = await app({ health: () => health }).request(path);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(text);
  });
});

describe('the report', () => {
  test('is served as its schema says', async () => {
    const response = await app().request('/api/v1/report');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const served: unknown = await response.json();
    assertReport(served);
    expect(served).toEqual(samplePlan);
  });

  test('before the first pass there is none, and when to ask again', async () => {
    const response = await app({ report: never }).request('/api/v1/report');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toEqual({
      error: 'no report yet: the first pass has not finished',
    });
  });
});

describe('the page', () => {
  test('shows state, steps, holds with their way out, problems and errors', async () => {
    const page = await (await app().request('/')).text();
    for (const part of [
      '<title>failing · apikeeper</title>',
      'ApiKey/held-not-owned',
      'apikeeper.dev/adopt: k9',
      '5000 → 100',
      'consumers/acme.yaml:20',
      'AccessDeniedException',
      'did you mean enabled?',
      '<code>REQUIRED_WITHOUT_KEY</code>',
      'KeyRequirement/residents (residents/keys.yaml:3)',
      'http-equiv="refresh"',
    ]) {
      expect(page).toContain(part);
    }
  });

  test('what a Consumer expands to stands below it, apart from what there is nothing to do about', async () => {
    const page = await (await app().request('/')).text();
    const [, open = '', settled = ''] = page.split(
      'Consumer/birch <small>consumers/birch.yaml:3</small>',
    );
    const objects = (html: string) =>
      [...html.slice(0, html.indexOf('</tbody>')).matchAll(/<b>([^<]*)<\/b>/g)].map(
        ([, name]) => name,
      );
    expect(objects(open)).toEqual(['UsagePlan/birch-search', 'UsagePlan/birch-residents']);
    expect(objects(settled)).toEqual(['ApiKey/birch']);
  });

  test('after an apply it shows outcomes, and sums them up as what was done', async () => {
    const page = await (await app({ report: () => sampleApplied }).request('/')).text();
    expect(page).toMatch(/<td>failed<\/td>\s*<td><b>Stage\/residents-production/);
    expect(page).toMatch(/<p class="summary">.*\bcreated\b/);
    expect(page).not.toContain('to create');
  });

  test('nothing from outside becomes HTML, and no control character gets through', async () => {
    const page = await (await app().request('/')).text();
    expect(page).not.toMatch(/<(img|script|b>`this`)/);
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(page.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('allows no script, no frame and no guessing of types, and is not kept', async () => {
    const { headers } = await app().request('/');
    expect(headers.get('content-security-policy')).toMatch(
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test.each([
    ['before the first pass', never, 'The first pass has not finished yet.'],
    ['in sync', () => sampleInSync, 'Nothing to do.'],
  ] as [string, () => Report | undefined, string][])('%s', async (_, report, text) => {
    expect(await (await app({ report }).request('/')).text()).toContain(text);
  });

  test('stands still when asked to', async () => {
    expect(await (await app().request('/?refresh=off')).text()).not.toContain('http-equiv');
  });
});

describe('asking for a pass', () => {
  const ask = async (token: string | undefined, authorization?: string) => {
    let asked = 0;
    const options = { ...(token !== undefined && { token }), request: () => void asked++ };
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    const { status } = await app(options).request('/-/reconcile', { method: 'POST', headers });
    return { status, asked };
  };
  test.each([
    ['no token was set up: the path does not exist', undefined, 'Bearer s3cret', 404, 0],
    ['the right token', 's3cret', 'Bearer s3cret', 202, 1],
    ['the scheme in lower case', 's3cret', 'bearer s3cret', 202, 1],
    ['the wrong token', 's3cret', 'Bearer s3cre', 401, 0],
    ['a longer token', 's3cret', 'Bearer s3crets', 401, 0],
    ['another scheme', 's3cret', 'Basic s3cret', 401, 0],
    ['no header', 's3cret', undefined, 401, 0],
    ['an empty token matches nobody', '', 'Bearer ', 401, 0],
  ])('%s', async (_, token, authorization, status, asked) => {
    expect(await ask(token, authorization)).toEqual({ status, asked });
  });

  test('reading does not ask', async () => {
    expect((await app({ token: 's3cret' }).request('/-/reconcile')).status).toBe(404);
  });
});

describe('metrics', () => {
  const fresh = () => createMetrics({ version: '0.1.0', kinds: KINDS });
  const lines = async (metrics: ReturnType<typeof fresh>, report?: Report) =>
    (await metrics.render(report)).split('\n');

  test('are served in the format that Prometheus reads', async () => {
    const response = await app().request('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain(
      'apikeeper_resources{namespace="production",kind="UsagePlan",state="changed"} 3\n',
    );
  });

  test('every series of the counters exists before anything happened', async () => {
    const text = await lines(fresh());
    expect(text).toContain('apikeeper_passes_total{result="failing"} 0');
    expect(text).toContain('apikeeper_errors_total{class="quota-full"} 0');
    expect(text).toContain('apikeeper_changes_total{kind="Stage",action="release"} 0');
    expect(text.some((line) => line.startsWith('apikeeper_build_info{version="0.1.0"'))).toBe(true);
  });

  test('events and calls are counted', async () => {
    const metrics = fresh();
    metrics.onEvent('object.disabled', { kind: 'ApiKey', name: 'acme' });
    metrics.onEvent('step.failed', { class: 'denied' });
    metrics.onEvent('target.failed', { class: 'made up' });
    metrics.onEvent('manifest.invalid', {});
    metrics.onEvent('reconcile.finished', { state: 'held', durationMs: 1200 });
    metrics.onEvent('reconcile.finished', { state: 'failing', durationMs: 10 });
    metrics.onCall({ operation: 'GetApiKeys', code: 'OK', waitedMs: 1500 });
    metrics.onCall({ operation: 'GetApiKeys', code: 'TooManyRequestsException', waitedMs: 0 });
    const text = await lines(metrics);
    for (const line of [
      'apikeeper_changes_total{kind="ApiKey",action="disable"} 1',
      'apikeeper_errors_total{class="denied"} 1',
      'apikeeper_errors_total{class="unknown"} 1',
      'apikeeper_errors_total{class="manifest"} 1',
      'apikeeper_passes_total{result="held"} 1',
      'apikeeper_passes_total{result="failing"} 1',
      'apikeeper_pass_duration_seconds_count 2',
      'apikeeper_pass_duration_seconds_sum 1.21',
      'apikeeper_calls_total{operation="GetApiKeys",code="OK"} 1',
      'apikeeper_calls_total{operation="GetApiKeys",code="TooManyRequestsException"} 1',
      'apikeeper_limiter_wait_seconds_sum 1.5',
    ]) {
      expect(text).toContain(line);
    }
  });

  test('how long drift stood, and commits took, is counted in seconds', async () => {
    const metrics = fresh();
    const empty = await lines(metrics);
    for (const name of ['drift_duration', 'commit_to_live'])
      expect(empty).toContain(`apikeeper_${name}_seconds_count 0`);
    metrics.onEvent('drift.resolved', {
      namespace: 'production',
      kind: 'ApiKey',
      name: 'acme',
      durationMs: 90_000,
    });
    metrics.onEvent('commit.live', { namespace: 'production', durationMs: 1500 });
    const text = await lines(metrics);
    for (const line of [
      'apikeeper_drift_duration_seconds_sum 90',
      'apikeeper_drift_duration_seconds_bucket{le="60"} 0',
      'apikeeper_drift_duration_seconds_bucket{le="300"} 1',
      'apikeeper_commit_to_live_seconds_sum 1.5',
      'apikeeper_commit_to_live_seconds_bucket{le="2.5"} 1',
    ]) {
      expect(text).toContain(line);
    }
  });

  test('of open drift the oldest is told, and nothing where there is none', async () => {
    const [target] = sampleInSync.targets;
    const drifted = (...since: readonly string[]): Report => ({
      ...sampleInSync,
      targets: [
        {
          ...target!,
          objects: since.map((driftedSince) => ({ ...target!.objects[0]!, driftedSince })),
        },
        { ...target!, namespace: 'staging' },
      ],
    });
    const metrics = fresh();
    const text = await metrics.render(drifted('2026-01-01T00:01:00Z', '2026-01-01T00:00:00Z'));
    expect(text).toContain(
      `apikeeper_oldest_drift_timestamp_seconds{namespace="production"} ${Date.UTC(2026, 0, 1) / 1000}`,
    );
    expect(text).not.toContain('apikeeper_oldest_drift_timestamp_seconds{namespace="staging"}');
    expect(await metrics.render(drifted())).not.toContain(
      'apikeeper_oldest_drift_timestamp_seconds{',
    );
  });

  test('the budget is told as it is when it is asked for, where there is one', async () => {
    let tokens = 20;
    const budget = (namespace: string) =>
      namespace === 'production' ? { tokens, share: 0.5 } : undefined;
    const metrics = createMetrics({ version: '0.1.0', kinds: KINDS, budget });
    expect(await lines(metrics, samplePlan)).toContain(
      'apikeeper_budget_tokens{namespace="production"} 20',
    );
    tokens = 3.5;
    const text = await lines(metrics, samplePlan);
    expect(text).toContain('apikeeper_budget_tokens{namespace="production"} 3.5');
    expect(text).toContain('apikeeper_budget_share_ratio{namespace="production"} 0.5');
    expect(text.filter((line) => line.startsWith('apikeeper_budget_tokens{'))).toHaveLength(1);
  });

  test('a failing pass is an attempt, and no success', async () => {
    const metrics = fresh();
    metrics.onEvent('reconcile.finished', { namespace: 'production', state: 'failing' });
    metrics.onEvent('reconcile.finished', { namespace: 'staging', state: 'held' });
    const text = await metrics.render(undefined);
    expect(text).toMatch(
      /^apikeeper_last_attempt_timestamp_seconds\{namespace="production"\} 1\d{9}/m,
    );
    expect(text).not.toContain('apikeeper_last_success_timestamp_seconds{namespace="production"}');
    expect(text).toMatch(
      /^apikeeper_last_success_timestamp_seconds\{namespace="staging"\} 1\d{9}/m,
    );
  });

  test('whatever a stranger answers, the number of series is bounded and no name becomes a label', async () => {
    const metrics = fresh();
    for (let number = 0; number < 500; number++)
      metrics.onCall({ operation: 'GetApiKeys', code: `Error${number}`, waitedMs: 0 });
    metrics.onCall({ operation: 'GetApiKeys', code: 'with "quotes"\n', waitedMs: 0 });
    const calls = (await lines(metrics)).filter((line) =>
      line.startsWith('apikeeper_calls_total{'),
    );
    expect(calls).toHaveLength(61);
    expect(calls).toContain('apikeeper_calls_total{operation="GetApiKeys",code="other"} 441');
    expect(await metrics.render(samplePlan)).not.toContain('acme');
  });

  test('warnings are counted by their code', async () => {
    const text = await lines(fresh(), samplePlan);
    expect(text).toContain(
      'apikeeper_warnings{namespace="production",code="REQUIRED_WITHOUT_KEY"} 1',
    );
    expect(text).toContain('apikeeper_warnings{namespace="production",code="KEY_WITHOUT_PLAN"} 0');
    expect(text).toContain('apikeeper_warnings{namespace="staging",code="REQUIRED_WITHOUT_KEY"} 0');
  });

  test('what is gone from the report leaves no series', async () => {
    const metrics = fresh();
    metrics.onEvent('reconcile.finished', { namespace: 'staging', state: 'in-sync' });
    metrics.onEvent('reconcile.finished', { namespace: 'production', state: 'in-sync' });
    expect(await metrics.render(samplePlan)).toContain('namespace="staging"');
    const text = await metrics.render(sampleInSync);
    expect(text).not.toContain('namespace="staging"');
    expect(text).toContain('apikeeper_held_steps{namespace="production"} 0');
    expect(text).toContain(
      'apikeeper_warnings{namespace="production",code="REQUIRED_WITHOUT_KEY"} 0',
    );
    expect(text).toContain('apikeeper_coverage_ratio{namespace="production",kind="ApiKey"} 0.98');
  });
});

describe('listening', () => {
  test('serves on a free port, and stops while a connection is kept alive', async () => {
    const listening = await listen(app(), { host: '127.0.0.1', port: 0 });
    const response = await fetch(`${listening.url}/livez`);
    expect(await response.text()).toBe('ok\n');
    await listening[Symbol.asyncDispose]();
    await expect(fetch(`${listening.url}/livez`)).rejects.toThrow();
  });

  test('a taken port is said with the way out', async () => {
    await using first = await listen(app(), { host: '127.0.0.1', port: 0 });
    const port = Number(new URL(first.url).port);
    await expect(listen(app(), { host: '127.0.0.1', port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the port is taken: stop what listens there, or choose another one with --http-port`,
    );
  });

  test('an unknown path names those that exist', async () => {
    const response = await app().request('/status');
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('/api/v1/report');
  });
});
