/** A running daemon on a port. */
import type { Daemon, Health } from '../engine/state/settings.ts';
import { createApp } from '../server/app.ts';
import { type Listening, listen } from '../server/listen.ts';
import type { Metrics } from '../server/metrics.ts';
import { ExpectedError } from './errors.ts';

const STARTING: Health = { live: true, ready: false, reasons: ['starting'] };

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined while it starts: the server is there first, so that a taken port stops everything. */
  readonly daemon: () => Daemon | undefined;
  readonly metrics: Metrics;
  readonly token?: string;
  readonly version: string;
}

/** Rejects with Failure where the port cannot be had; its cause is the system's error. */
export async function serve({ host, port, daemon, ...options }: ServeOptions): Promise<Listening> {
  const app = createApp({
    ...options,
    report: () => daemon()?.report(),
    health: () => daemon()?.health() ?? STARTING,
    request: () => daemon()?.request('request'),
  });
  try {
    return await listen(app, { host, port });
  } catch (error) {
    throw new ExpectedError((error as Error).message, { cause: (error as Error).cause });
  }
}
