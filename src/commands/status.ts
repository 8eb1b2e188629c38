/** `status`: asks a running daemon what it knows. */
import type { Report } from '../core/model/report.ts';
import { renderJson } from '../report/json.ts';
import { renderStatus } from '../report/status.ts';
import { ExpectedError } from './errors.ts';
import { exitCode } from './exit.ts';
import type { FlagValues } from './flags.ts';
import type { ProcessIo } from './io.ts';

const TIMEOUT_MS = 10_000;

export async function status(
  _: string,
  flags: FlagValues<'status'>,
  { stdout }: ProcessIo,
): Promise<number> {
  const report = await ask(flags.server ?? localServer(flags));
  stdout.write(flags.output === 'json' ? renderJson(report) : renderStatus(report));
  return exitCode('status', report);
}

/** Where this machine's daemon listens, by the same flags and variables that it reads; "any address" is reached at the loopback one. */
function localServer(flags: FlagValues<'status'>): string {
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[flags['http-host']] ?? flags['http-host'];
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${flags['http-port']}`;
}

async function ask(server: string): Promise<Report> {
  const response = await fetch(`${server}/api/v1/report`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error) => {
    const reason =
      error.name === 'TimeoutError'
        ? `no answer within ${TIMEOUT_MS / 1000} s`
        : ((error.cause as NodeJS.ErrnoException)?.code ?? error.message);
    throw new ExpectedError(
      `no daemon at ${server} (${reason}): start one with "apikeeper run", or name another one with --server`,
      {
        cause: error,
      },
    );
  });
  if (response.status === 503)
    throw new ExpectedError(
      `the daemon at ${server} has no report yet: its first pass has not finished`,
    );
  const report: unknown = await response.json().catch(() => undefined);
  if (response.ok && isReport(report)) return report;
  throw new ExpectedError(
    `what answers at ${server} (status ${response.status}) is no apikeeper of this version's report format`,
  );
}

function isReport(value: unknown): value is Report {
  return (
    typeof value === 'object' &&
    value !== null &&
    'formatVersion' in value &&
    value.formatVersion === 1
  );
}
