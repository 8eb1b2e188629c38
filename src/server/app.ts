/** What the daemon serves, as a function of the request: health, metrics, the report, the status page. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import type { Report } from '../core/model/report.ts';
import { renderJson } from '../report/json.ts';
import type { Health } from './health.ts';
import type { Metrics } from './metrics.ts';
import { renderPage } from './page.ts';

export interface AppOptions {
  /** The newest report; undefined before the first pass. */
  readonly report: () => Report | undefined;
  readonly health: () => Health;
  readonly metrics: Pick<Metrics, 'render' | 'contentType'>;
  /** Whoever bears it may ask for a pass; without one, nobody may. */
  readonly token?: string;
  /** "Look again": returns at once. */
  readonly request: () => void;
  readonly version: string;
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

export function createApp({ report, health, metrics, token, request, version }: AppOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
  });
  app.get('/livez', (context) => {
    const { live, reasons } = health();
    return context.text(healthText(live, reasons), live ? 200 : 503);
  });
  app.get('/readyz', (context) => {
    const { ready, reasons } = health();
    return context.text(healthText(ready, reasons), ready ? 200 : 503);
  });
  app.get('/metrics', async (context) =>
    context.body(await metrics.render(report()), 200, { 'Content-Type': metrics.contentType }),
  );
  app.get('/api/v1/report', (context) => {
    const newest = report();
    if (newest)
      return context.body(renderJson(newest), 200, {
        'Content-Type': 'application/json; charset=utf-8',
      });
    return context.json({ error: 'no report yet: the first pass has not finished' }, 503, {
      'Retry-After': '5',
    });
  });
  app.get('/', (context) =>
    context.html(
      renderPage({
        report: report(),
        health: health(),
        version,
        refresh: context.req.query('refresh') !== 'off',
      }),
    ),
  );
  if (token !== undefined) {
    app.post('/-/reconcile', (context) => {
      if (!bears(context.req.header('Authorization'), token)) {
        return context.text(
          'needs the header Authorization: Bearer <the token of --http-token-file>\n',
          401,
          {
            'WWW-Authenticate': 'Bearer',
          },
        );
      }
      request();
      return context.text('looking again\n', 202);
    });
  }
  app.notFound((context) =>
    context.text('not here; there are /, /api/v1/report, /metrics, /livez and /readyz\n', 404),
  );
  return app;
}

function healthText(good: boolean, reasons: readonly string[]): string {
  if (good) return 'ok\n';
  return `${reasons.length > 0 ? reasons.join('\n') : 'not ok'}\n`;
}

/** Compares digests: they have one length, and how long it takes tells nothing of the token. */
function bears(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token)) && given !== '';
}
