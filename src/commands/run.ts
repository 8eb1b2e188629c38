/** `run`: the daemon; with `--once` a single pass, for cron. */
import { createEngine } from '../engine/reconcile/engine.ts';
import { exitCode } from './exit.ts';
import type { FlagValues } from './flags.ts';
import { onStop, type ProcessIo } from './io.ts';
import { printReport } from './print.ts';
import { checkNamespaces, logOf, settingsOf, surroundingsOf } from './settings.ts';

export async function run(
  directory: string,
  flags: FlagValues<'run'>,
  world: ProcessIo,
): Promise<number> {
  if (flags.once) return runOnce(directory, flags, world);
  // A cron job needs neither server nor metrics.
  const { runDaemon } = await import('./daemon.ts');
  return runDaemon(directory, flags, world);
}

async function runOnce(
  directory: string,
  flags: FlagValues<'run'>,
  world: ProcessIo,
): Promise<number> {
  const abort = new AbortController();
  using _ = onStop(world, (signal) => abort.abort(new Error(`stopped by ${signal}`)));
  const settings = settingsOf(directory, flags, world);
  await checkNamespaces(settings);
  await using engine = createEngine(settings, surroundingsOf(logOf(flags, world), world));
  const report = await engine.reconcile({
    trigger: 'once',
    write: true,
    unsetMode: 'observe',
    signal: abort.signal,
  });
  printReport(report, flags.output, world);
  return exitCode('run', report);
}
