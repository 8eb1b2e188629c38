/** A daemon in a test: on an emulator, with schedules that come when the test says so, and a clock in which only long waits last. */
import { randomUUID } from 'node:crypto';
import { setTimeout as realSleep } from 'node:timers/promises';
import { APIGateway } from '@aws-sdk/client-api-gateway';
import type { Clock } from '../../src/core/model/clock.ts';
import type { EventFields, EventName } from '../../src/core/model/events.ts';
import type { TargetReport, Trigger } from '../../src/core/model/report.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.ts';
import { startDaemon } from '../../src/engine/daemon/daemon.ts';
import type { StartSchedule } from '../../src/engine/reconcile/cron.ts';
import { createEngine, type Engine } from '../../src/engine/reconcile/engine.ts';
import type {
  Call,
  Daemon,
  DaemonSettings,
  EngineDeps,
  ReconcileRequest,
  Settings,
} from '../../src/engine/state/settings.ts';
import { createWorkspace, type Workspace } from '../manifests/workspace.ts';

/** Waits that tests wait for themselves: shorter than these are the 5 s between two lists, and a budget that is spent for a moment. */
const LONG_MS = 6_000;
/** Quiet periods are really waited for. */
const SHORT_MS = 100;

export interface PatientClock extends Clock {
  /** How many long waits are under way. */
  readonly waiting: number;
  /** Ends them, and from then on all waits at once. */
  hurry(): void;
  pass(ms: number): void;
}

function patientClock(): PatientClock {
  let skipped = 0;
  let hurries = false;
  const long = new Set<() => void>();
  return {
    now: () => Date.now() + skipped,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      if (ms <= SHORT_MS) return realSleep(Math.max(0, ms));
      if (!hurries && ms > LONG_MS) await until(signal);
      skipped += ms;
      // Others may use the time, too.
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    },
    get waiting() {
      return long.size;
    },
    hurry() {
      hurries = true;
      for (const wake of [...long]) wake();
    },
    pass: (ms) => {
      skipped += ms;
    },
  };

  function until(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const over = () => {
        long.delete(wake);
        signal?.removeEventListener('abort', leave);
      };
      const wake = () => {
        over();
        resolve();
      };
      const leave = () => {
        over();
        reject(signal?.reason);
      };
      long.add(wake);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}

export interface Bench extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly space: Workspace;
  readonly clock: PatientClock;
  readonly owner: string;
  /** What a process on this bench is made of. */
  readonly settings: Settings;
  readonly surroundings: EngineDeps;
  readonly events: readonly ({ readonly event: EventName } & EventFields)[];
  /** What somebody without apikeeper does; other accounts by their number. */
  console(account?: string): APIGateway;
  start(options?: StartOptions): Promise<Daemon>;
  /** A process that makes passes when it is told to. */
  engine(options?: EngineOptions): Engine;
  /** One pass that applies, by a process of its own. */
  apply(options?: EngineOptions): Promise<TargetReport>;
  /** The time of a running schedule comes. */
  tick(expression: string): void;
  /** The schedules that run. */
  schedules(): string[];
  /** Finished passes. */
  passes(namespace?: string): readonly EventFields[];
  /** Calls of an operation that were carried out, or refused. */
  calls(operation: string): number;
}

interface EngineOptions {
  readonly settings?: Partial<Settings>;
  /** Told of each call when its answer is there. */
  readonly onCall?: (operation: string) => void;
  readonly signal?: AbortSignal;
}

interface StartOptions {
  readonly directory?: string;
  readonly settings?: Partial<Settings>;
  readonly daemon?: Partial<DaemonSettings>;
  /** Stands between daemon and engine. */
  readonly around?: (engine: Engine) => Engine;
}

export const EVERY_TEN = '*/10 * * * *';
/** Of every schedule. */
export const NEXT_RUN = Date.parse('2030-01-01T00:00:00Z');

export async function createBench(
  files: Readonly<Record<string, string>>,
  options: EmulatorOptions = {},
): Promise<Bench> {
  const clock = patientClock();
  const emulator = await startEmulator({ clock: clock.now, ...options });
  const space = await createWorkspace(files);
  const owner = `bench-${randomUUID()}`;
  const events: ({ readonly event: EventName } & EventFields)[] = [];
  const ticks: { readonly expression: string; readonly onTick: () => void }[] = [];
  const stack = new AsyncDisposableStack();
  stack.use(emulator);
  stack.use(space);

  const startSchedule: StartSchedule = (expression, onTick) => {
    const one = { expression, onTick };
    ticks.push(one);
    return {
      next: () => NEXT_RUN,
      [Symbol.dispose]: () => void ticks.splice(ticks.indexOf(one), 1),
    };
  };
  const env = environment(emulator.url);
  const surroundings: EngineDeps = {
    clock,
    env,
    emit: (event, fields) => void events.push({ event, ...fields }),
  };
  const engine = ({ settings = {}, onCall }: EngineOptions = {}) => {
    const tell = onCall && { onCall: ({ operation }: Call) => onCall(operation) };
    return stack.use(
      createEngine(
        { ...SETTINGS, directory: space.path, owner, ...settings },
        { ...surroundings, ...tell },
      ),
    );
  };

  return {
    emulator,
    space,
    clock,
    owner,
    settings: { ...SETTINGS, directory: space.path, owner },
    surroundings,
    events,
    console: (account) =>
      stack.adopt(handOf(emulator.url, account), (gateway) => gateway.destroy()),
    async start({
      directory = space.path,
      settings = {},
      daemon = {},
      around = (engine: Engine) => engine,
    } = {}) {
      const all = { ...SETTINGS, directory, owner, ...settings };
      const engine = stack.use(createEngine(all, surroundings));
      const schedule = { quietPeriodMs: 10, ...daemon };
      return stack.use(
        await startDaemon(around(engine), all, schedule, surroundings, startSchedule),
      );
    },
    engine,
    async apply(options = {}) {
      await using process = engine(options);
      const { targets, problems } = await process.reconcile(passRequest('command', options.signal));
      const [target] = targets;
      if (!target || problems.length > 0)
        throw new Error(`the manifests are invalid: ${JSON.stringify(problems)}`);
      return target;
    },
    tick(expression) {
      const due = ticks.filter((one) => one.expression === expression);
      if (due.length === 0)
        throw new Error(
          `no schedule ${expression} runs; there are ${ticks.map((one) => one.expression).join(', ')}`,
        );
      for (const { onTick } of due) onTick();
    },
    schedules: () => ticks.map(({ expression }) => expression),
    passes: (namespace = 'default') =>
      events.filter((one) => one.event === 'reconcile.finished' && one.namespace === namespace),
    calls: (operation) => emulator.requests.filter((one) => one.operation === operation).length,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A pass that may write. */
export function passRequest(trigger: Trigger, signal?: AbortSignal): ReconcileRequest {
  return { trigger, write: true, unsetMode: 'enforce', ...(signal && { signal }) };
}

const SETTINGS = {
  namespaces: [],
  mode: 'enforce',
  deleteGraceMs: 14 * 86_400_000,
  operationQuotas: false,
  valuesEnvPrefix: 'APIKEEPER_VALUE_',
  valuesSecrets: 'apikeeper/',
  version: '0.0.0',
} as const;

/** Credentials of the emulator's, by account. */
function environment(url: string) {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-west-2',
    AWS_ACCESS_KEY_ID: 'emulator',
    AWS_SECRET_ACCESS_KEY: 'emulator',
  };
}

function handOf(endpoint: string, account = '123456789012'): APIGateway {
  const credentials = { accessKeyId: `AKIA${account}`, secretAccessKey: 'emulator' };
  return new APIGateway({ endpoint, region: 'eu-west-2', credentials, maxAttempts: 1 });
}

/** Waits until it gives something, and says where it waited in vain. */
export async function until<T>(
  look: () => T | false | undefined | Promise<T | false | undefined>,
): Promise<T> {
  const late = new Error('what was waited for did not come');
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await Promise.race([look(), realSleep(20_000, false as const, { ref: false })]);
    if (found !== false && found !== undefined) return found;
    if (Date.now() > deadline) throw late;
    await realSleep(5);
  }
}

export async function keyNamed(gateway: APIGateway, name: string) {
  const { items = [] } = await gateway.getApiKeys({ nameQuery: name, limit: 500 });
  return items.find((one) => one.name === name);
}

export async function planNamed(gateway: APIGateway, name: string) {
  const { items = [] } = await gateway.getUsagePlans({ limit: 500 });
  return items.find((one) => one.name === name);
}
