/** `demo`: the emulator, the example manifests, the daemon and its page in one process, and somebody who changes things by hand. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Emit } from '../../core/model/events.ts';
import { startDaemon } from '../../engine/daemon/daemon.ts';
import { createEngine, type Engine } from '../../engine/reconcile/engine.ts';
import type { Daemon, Settings } from '../../engine/state/settings.ts';
import { kinds } from '../../kinds/index.ts';
import { load } from '../../manifests/load.ts';
import { count } from '../../report/sanitize.ts';
import { createMetrics } from '../../server/metrics.ts';
import { emulatorEnvironment, start } from '../emulator.ts';
import { ExpectedError } from '../errors.ts';
import { EXIT } from '../exit.ts';
import type { FlagValues } from '../flags.ts';
import { onStop, type ProcessIo } from '../io.ts';
import { serve } from '../serve.ts';
import { surroundingsOf } from '../settings.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { createOperator, type ManualChange, type Operator } from './operator.ts';

/** Found from `src` and from `dist` alike: both lie beside it. */
const MANIFESTS = fileURLToPath(new URL('../../../manifests', import.meta.url));
/** Between one change by hand and the next. */
const PAUSE_MS = 4000;
/** How long a change by hand may take to be put right before the story goes on without it. */
const PATIENCE_MS = 15_000;

export async function demo(
  _: string,
  flags: FlagValues<'demo'>,
  world: ProcessIo,
): Promise<number> {
  const stop = new AbortController();
  using _stopping = onStop(world, () => stop.abort(new Error('stopped')));
  const narrator = createNarrator(world);
  const events = createEvents();
  const metrics = createMetrics({
    version: world.version,
    kinds: kinds.map(({ rules }) => rules.kind),
    budget: (namespace) => engine.budget(namespace),
  });
  const emit: Emit = (event, fields) => {
    metrics.onEvent(event, fields);
    narrator.event(event, fields);
    events.emit(event, fields);
  };

  await using emulator = await orAnyPort((port) => start({ port }), flags.port);
  const hand = createOperator(emulator.url);
  const settings = settingsFor(world);
  const surroundings = surroundingsOf(
    emit,
    { ...world, env: emulatorEnvironment(emulator.url) },
    metrics.onCall,
  );
  await using engine = createEngine(settings, surroundings);
  try {
    await introduce(narrator, hand, emulator.url);
    await planAndApply(narrator, engine, stop.signal);

    let daemon: Daemon | undefined;
    const options = { host: '127.0.0.1', daemon: () => daemon, metrics, version: world.version };
    await using server = await orAnyPort((port) => serve({ ...options, port }), flags['http-port']);
    await using started = await startDaemon(
      engine,
      settings,
      { schedule: '*/2 * * * * *', quietPeriodMs: 300 },
      surroundings,
    );
    daemon = started;
    narrator.daemonStarted(server.url, relative('.', MANIFESTS) || '.');
    await meddle(narrator, hand, events, world, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  narrator.farewell();
  return EXIT.done;
}

function settingsFor({ version }: ProcessIo): Settings {
  return {
    directory: MANIFESTS,
    namespaces: [],
    mode: 'enforce',
    deleteGraceMs: 60_000,
    owner: 'apikeeper-demo',
    // The emulator has no quotas; with the real ones, a change of a usage plan may wait for 20 s.
    operationQuotas: false,
    requestsPerSecond: 50,
    burst: 100,
    valuesEnvPrefix: 'APIKEEPER_VALUE_',
    valuesSecrets: 'apikeeper/',
    version,
  };
}

/** A taken port is no reason not to see a demo. */
async function orAnyPort<T>(attempt: (port: number) => Promise<T>, port: number): Promise<T> {
  try {
    return await attempt(port);
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== 'EADDRINUSE')
      throw error;
    return attempt(0);
  }
}

async function introduce(narrator: Narrator, hand: Operator, url: string): Promise<void> {
  await hand.buildApi();
  const { documents, files, desired, problems } = await load(MANIFESTS);
  if (problems.length > 0 || documents === 0)
    throw new ExpectedError(
      `the example manifests in ${MANIFESTS} are not usable; try "apikeeper validate ${MANIFESTS}"`,
    );
  const kindCounts = kinds
    .map(
      ({ rules: { kind } }) => [kind, desired.filter((one) => one.kind === kind).length] as const,
    )
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => count(number, kind));
  narrator.introduction(
    url,
    `${count(documents, 'document')} in ${count(files, 'file')}: ${kindCounts.join(', ')}`,
    relative('.', MANIFESTS) || '.',
  );
}

async function planAndApply(
  narrator: Narrator,
  engine: Engine,
  signal: AbortSignal,
): Promise<void> {
  narrator.plan(
    await engine.reconcile({ trigger: 'command', write: false, unsetMode: 'enforce', signal }),
  );
  narrator.applying();
  narrator.applied(
    await engine.reconcile({ trigger: 'command', write: true, unsetMode: 'enforce', signal }),
  );
}

/** Changes things by hand, one after the other, each when the one before has been put right. Each object is spared a third time: then it would be contested. */
async function meddle(
  narrator: Narrator,
  hand: Operator,
  events: Events,
  { clock }: ProcessIo,
  signal: AbortSignal,
): Promise<void> {
  const round: readonly (() => Promise<ManualChange | undefined>)[] = [
    () => hand.disableKey('acme'),
    () => hand.raiseLimit('acme-residents-production'),
    () => hand.deletePlan('birch-residents-staging'),
    () => hand.openMethod('residents', 'residents-api', '/residents'),
    () => hand.disableKey('cedar'),
    () => hand.raiseLimit('birch-residents-development'),
    () => hand.deletePlan('acme-residents-development'),
  ];
  for (const act of [...round, ...round]) {
    await clock.sleep(PAUSE_MS, signal);
    const deed = await act();
    if (!deed) continue;
    const healed = events.next(
      (event, fields) =>
        event === 'drift.resolved' && fields.kind === deed.kind && fields.name === deed.name,
    );
    narrator.deed(deed);
    await deed.act();
    await Promise.race([healed, clock.sleep(PATIENCE_MS, signal)]);
  }
  narrator.handsOff();
  await clock.sleep(2 ** 31 - 1, signal);
}

type Events = ReturnType<typeof createEvents>;

/** Lets one wait for an event. */
function createEvents() {
  const waiting = new Set<Emit>();
  return {
    emit: (...emission: Parameters<Emit>) => {
      for (const listener of waiting) listener(...emission);
    },
    next: (matches: (...emission: Parameters<Emit>) => boolean) =>
      new Promise<void>((resolve) => {
        const listener: Emit = (...emission) => {
          if (!matches(...emission)) return;
          waiting.delete(listener);
          resolve();
        };
        waiting.add(listener);
      }),
  };
}
