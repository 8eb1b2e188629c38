/** `run` without `--once`: the loop, and the server that tells of it. */
import { readFile } from 'node:fs/promises';
import { compact } from '../core/model/compact.ts';
import type { Emit } from '../core/model/events.ts';
import { startDaemon } from '../engine/daemon/daemon.ts';
import { scheduleProblem } from '../engine/reconcile/cron.ts';
import { createEngine } from '../engine/reconcile/engine.ts';
import type { Daemon } from '../engine/state/settings.ts';
import { kinds } from '../kinds/index.ts';
import { createMetrics } from '../server/metrics.ts';
import { UsageError } from './errors.ts';
import { EXIT } from './exit.ts';
import type { FlagValues } from './flags.ts';
import { onStop, type ProcessIo } from './io.ts';
import { serve } from './serve.ts';
import { checkNamespaces, logOf, settingsOf, surroundingsOf } from './settings.ts';

export async function runDaemon(
  directory: string,
  flags: FlagValues<'run'>,
  world: ProcessIo,
): Promise<number> {
  const { version, signals } = world;
  const problem = flags.schedule === undefined ? undefined : scheduleProblem(flags.schedule);
  if (problem !== undefined) throw new UsageError(`--schedule ${problem}`);
  const settings = settingsOf(directory, flags, world);
  await checkNamespaces(settings);
  const token = await readToken(flags['http-token-file']);
  const log = logOf(flags, world);
  const metrics = createMetrics({
    version,
    kinds: kinds.map(({ rules }) => rules.kind),
    budget: (namespace) => engine.budget(namespace),
  });
  const emit: Emit = (event, fields) => {
    metrics.onEvent(event, fields);
    log(event, event === 'controller.started' ? { ...fields, address: server.url } : fields);
  };

  const stop = Promise.withResolvers<void>();
  using _ = onStop(world, () => stop.resolve());
  let daemon: Daemon | undefined;
  const lookAgain = () => daemon?.request('signal');
  signals.on('SIGHUP', lookAgain);
  // Until the end: unheard, SIGHUP would kill a process that is finishing its last call.
  using _hearing = { [Symbol.dispose]: () => void signals.off('SIGHUP', lookAgain) };

  await using server = await serve(
    compact({
      host: flags['http-host'],
      port: flags['http-port'],
      daemon: () => daemon,
      metrics,
      token,
      version,
    }),
  );
  const surroundings = surroundingsOf(emit, world, metrics.onCall);
  await using engine = createEngine(settings, surroundings);
  const started = await startDaemon(engine, settings, daemonSettings(flags), surroundings);
  daemon = started;

  await stop.promise;
  const overdue = setTimeout(() => giveUp(world), flags['shutdown-timeout']).unref();
  await started.stop();
  clearTimeout(overdue);
  return EXIT.done;
}

function giveUp({ stderr, exit }: ProcessIo): void {
  stderr.write(
    'apikeeper: a call was still under way after --shutdown-timeout: whether it was carried out, the next start will see\n',
  );
  exit(EXIT.failed);
}

function daemonSettings(flags: FlagValues<'run'>) {
  return compact({
    schedule: flags.schedule,
    quietPeriodMs: flags['quiet-period'],
  });
}

/** The token, without the line's end that editors add. */
async function readToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  let token: string;
  try {
    token = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new UsageError(
      `--http-token-file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      { cause: error },
    );
  }
  if (!/^\S+$/.test(token))
    throw new UsageError(`--http-token-file ${file} must hold one word, the token`);
  return token;
}
