/** The daemon, three accounts on the emulator at the service's own quotas, and the clock that they share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as realSleep } from 'node:timers/promises';
import type { Clock } from '../../src/core/model/clock.ts';
import type { Emit, EventName } from '../../src/core/model/events.ts';
import type { Report } from '../../src/core/model/report.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { startDaemon } from '../../src/engine/daemon/daemon.ts';
import type { StartSchedule } from '../../src/engine/reconcile/cron.ts';
import { createEngine, type Engine } from '../../src/engine/reconcile/engine.ts';
import type { Call, Daemon, EngineDeps, Settings } from '../../src/engine/state/settings.ts';
import { kinds } from '../../src/kinds/index.ts';
import { createMetrics, type Metrics } from '../../src/server/metrics.ts';
import { virtualClock } from '../clock.ts';
import { REGION } from './declared.ts';

/** Waited for by nobody else, so that it can be seen when the daemon has noticed a change: other waits are whole milliseconds, or longer. */
const QUIET_MS = 499.5;
/** In real time; the operating system tells of a changed file within some milliseconds. */
const NOTICED_MS = 10_000;

export interface SentCall extends Call {
  readonly sentAt: number;
}

/** Disposing stops the daemon, and its engine. */
export interface Running extends AsyncDisposable {
  readonly daemon: Daemon;
}

export interface World extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly clock: Clock;
  readonly directory: string;
  readonly owner: string;
  readonly metrics: Metrics;
  /** How often each event was told. */
  readonly told: ReadonlyMap<EventName, number>;
  /** The objects, `<kind>/<namespace>/<name>`, that were told to be contested. */
  readonly contested: ReadonlySet<string>;
  /** Those of the daemon, with the time when each was sent. */
  readonly calls: SentCall[];
  /** No time passes until it is disposed of. */
  hold(): Disposable;
  start(): Promise<Running>;
  /** Changes files, and waits until the daemon has noticed, unless none was changed. Rejects where it doesn't notice. */
  noticed(change: () => number): Promise<void>;
  /** What a process that remembers nothing would do. */
  planAnew(): Promise<Report>;
}

/** `tell`: every event, as it comes. */
export async function createWorld(seed: number, tell: Emit = () => {}): Promise<World> {
  let emulator: Emulator | undefined;
  let pulse = 0;
  let held = 0;
  const hold = () => {
    held++;
    return { [Symbol.dispose]: () => void held-- };
  };
  const told = new Map<EventName, number>();
  const contested = new Set<string>();
  const calls: SentCall[] = [];
  let noticed = 0;

  const clock = virtualClock(
    () => (held > 0 ? ++pulse : pulse + (emulator?.requests.length ?? 0)),
    Date.now(),
  );
  const started = await startEmulator({ quotas: 'real', clock: clock.now, seed });
  emulator = started;
  const directory = mkdtempSync(join(tmpdir(), 'apikeeper-soak-'));
  const owner = `soak-${process.pid}`;
  const settings = { ...SETTINGS, directory, owner };
  const metrics = createMetrics({
    version: settings.version,
    kinds: kinds.map(({ rules }) => rules.kind),
  });

  const emit: Emit = (event, fields) => {
    pulse++;
    told.set(event, (told.get(event) ?? 0) + 1);
    if (event === 'step.contested')
      contested.add(`${fields.kind}/${fields.namespace}/${fields.name}`);
    metrics.onEvent(event, fields);
    tell(event, fields);
  };
  const onCall = (call: Call) => {
    calls.push({ ...call, sentAt: clock.now() - call.durationMs });
    metrics.onCall(call);
  };
  const env = {
    AWS_ENDPOINT_URL: started.url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'AKIA999999999999',
    AWS_SECRET_ACCESS_KEY: 'soak',
  };
  const attentive: Clock = {
    now: clock.now,
    sleep(ms, signal) {
      if (ms === QUIET_MS) noticed++;
      return clock.sleep(ms, signal);
    },
  };
  const surroundings: EngineDeps = { clock: attentive, env, emit, onCall };

  return {
    emulator: started,
    clock,
    directory,
    owner,
    metrics,
    told,
    contested,
    calls,
    hold,
    async start() {
      const engine = createEngine(settings, surroundings);
      const daemon = await startDaemon(
        reading(engine, hold),
        settings,
        DAEMON,
        surroundings,
        scheduleOn(clock),
      );
      return {
        daemon,
        async [Symbol.asyncDispose]() {
          await daemon.stop();
          await engine[Symbol.asyncDispose]();
        },
      };
    },
    async noticed(change) {
      using _ = hold();
      const before = noticed;
      if (change() === 0) return;
      for (const since = performance.now(); noticed === before; await realSleep(1)) {
        if (performance.now() - since > NOTICED_MS)
          throw new Error('the daemon has not noticed a change of the files');
      }
    },
    async planAnew() {
      await using engine = createEngine(settings, { clock, env, emit: () => {} });
      return await engine.reconcile({ trigger: 'command', write: false, unsetMode: 'enforce' });
    },
    async [Symbol.asyncDispose]() {
      clock[Symbol.dispose]();
      await started.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const SETTINGS: Omit<Settings, 'directory' | 'owner'> = {
  namespaces: [],
  deleteGraceMs: 2 * 3_600_000,
  operationQuotas: true,
  valuesEnvPrefix: 'APIKEEPER_VALUE_',
  valuesSecrets: 'apikeeper/',
  version: 'soak',
};

const DAEMON = { quietPeriodMs: QUIET_MS };

/** Reading files takes real time, and no other. */
function reading(engine: Engine, hold: () => Disposable): Engine {
  return {
    ...engine,
    get lastCallAt() {
      return engine.lastCallAt;
    },
    async load() {
      using _ = hold();
      return await engine.load();
    },
  };
}

/** Cron by the clock of the soak: every so many minutes, which is all that its targets ask for. */
function scheduleOn(clock: Clock): StartSchedule {
  return (expression, onTick) => {
    const minutes = Number(/^\*\/(\d+) \* \* \* \*$/.exec(expression)?.[1]);
    if (!minutes)
      throw new Error(`${expression} is no schedule for a soak: write "*/<minutes> * * * *"`);
    const period = minutes * 60_000;
    const end = new AbortController();
    const next = () => (Math.floor(clock.now() / period) + 1) * period;
    const tick = async () => {
      for (;;) {
        await clock.sleep(next() - clock.now(), end.signal);
        onTick();
      }
    };
    tick().catch((error) => {
      if (!end.signal.aborted) throw error;
    });
    return { next, [Symbol.dispose]: () => end.abort() };
  };
}
