/** An account in memory, and processes that work on it without a socket: each may die at any call, and the account stays. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APIGateway } from '@aws-sdk/client-api-gateway';
import type { Clock } from '../../src/core/model/clock.ts';
import type { Report, Trigger } from '../../src/core/model/report.ts';
import {
  type AccountState,
  createEmulator,
  type Fault,
  type RequestRecord,
  startEmulator,
} from '../../src/emulator/index.ts';
import { createEngine } from '../../src/engine/reconcile/engine.ts';
import type { EngineDeps, Settings } from '../../src/engine/state/settings.ts';
import type { RequestHandler } from '../../src/gateway/client.ts';
import type { Console } from '../kit/seed.ts';

export type Document = Readonly<Record<string, unknown>>;
export type Core = ReturnType<typeof createEmulator>;

/** A clock that stands, until somebody sleeps. */
export interface HandClock extends Clock {
  pass(ms: number): void;
}

export function handClock(start = Date.parse('2026-01-15T09:00:00Z')): HandClock {
  let now = start;
  return {
    now: () => now,
    pass: (ms) => {
      now += ms;
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      now += Math.max(0, ms);
    },
  };
}

export interface Account {
  readonly core: Pick<Core, 'requests' | 'state' | 'inject' | 'clearFaults' | 'clearRequests'>;
  readonly clock: HandClock;
  readonly hand: Console;
  /** How a process gets there. */
  reach(around: Around): Pick<EngineDeps, 'requestHandler' | 'env'>;
}

interface Past {
  /** Ids come from it: a state that goes on needs another one. */
  readonly seed: number;
  readonly from?: AccountState;
  /** Milliseconds since the epoch. */
  readonly at?: number;
}

/** A new account, or one that goes on from a saved state. */
export function createAccount({ seed, from, at }: Past): Account & { readonly core: Core } {
  const clock = handClock(at);
  const core = createEmulator({ seed, clock: clock.now });
  if (from) Object.assign(core.state(), structuredClone(from));
  const gateway = new APIGateway({ ...CLIENT, requestHandler: direct(core) });
  return {
    core,
    clock,
    hand: { gateway, state: core.state() },
    reach: (around) => ({ requestHandler: direct(core, around), env: ENV }),
  };
}

/** The same behind a real socket, for what only sockets do. Calls take real time: one without an answer is given up after 100 ms. */
export async function openAccount({ seed, from, at }: Past): Promise<Account & AsyncDisposable> {
  const clock = handClock(at);
  const emulator = await startEmulator({ seed, clock: clock.now });
  if (from) Object.assign(emulator.state(), structuredClone(from));
  const requestHandler = { requestTimeout: 100, throwOnRequestTimeout: true };
  const gateway = new APIGateway({ ...CLIENT, endpoint: emulator.url, requestHandler });
  return {
    core: emulator,
    clock,
    hand: { gateway, state: emulator.state() },
    reach: () => ({ requestHandler, env: { ...ENV, AWS_ENDPOINT_URL: emulator.url } }),
    async [Symbol.asyncDispose]() {
      gateway.destroy();
      await emulator.close();
    },
  };
}

const ENV = {
  AWS_REGION: 'eu-west-2',
  AWS_ACCESS_KEY_ID: 'AKIA123456789012',
  AWS_SECRET_ACCESS_KEY: 'secret',
};
const CLIENT = {
  region: 'eu-west-2',
  credentials: { accessKeyId: 'AKIA123456789012', secretAccessKey: 'secret' },
  maxAttempts: 1,
};

/** Decides what becomes of a request: lets it through, answers itself, or never comes back. */
export type Around = (carryOut: () => Promise<Answered>, request: HttpRequest) => Promise<Answered>;

/** A request as the SDK hands it over. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Carries requests to an emulator in this process. */
function direct(core: Core, around: Around = (carryOut) => carryOut()): RequestHandler {
  const handle = async (request: HttpRequest) => ({
    response: await around(() => carry(core, request), request),
  });
  return { handle } as unknown as RequestHandler;
}

export interface Answered {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What the emulator answers, in the words of the SDK's handlers. */
export async function carry(
  core: Core,
  { method, path, query = {}, headers, body = '' }: HttpRequest,
): Promise<Answered> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of [value].flat()) parameters.append(name, one ?? '');
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const answer = await core.handle({ method, path, query: parameters, headers, body: text });
  if (answer === 'hang') return new Promise(() => {});
  if (answer === 'reset') throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  return { statusCode: answer.status, headers: answer.headers, body: Buffer.from(answer.body) };
}

/** Before the call of this number (from 1) is carried out, or after: the process is gone, and nobody gets an answer. */
export interface CrashPoint {
  readonly call: number;
  readonly when: 'before' | 'after';
}

interface Interference {
  readonly crash?: CrashPoint;
  /** Stands between the process and the account. */
  readonly interfere?: Around;
}

export interface Process extends AsyncDisposable {
  /** Undefined: it died. */
  pass(request?: {
    readonly write?: boolean;
    readonly trigger?: Trigger;
  }): Promise<Report | undefined>;
  /** Calls that were sent so far, those with no answer included. */
  readonly sent: number;
  readonly events: readonly {
    readonly event: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
}

/** A process: nothing of an earlier one is left in it. */
export function startProcess(
  account: Account,
  directory: string,
  {
    crash,
    interfere = (carryOut) => carryOut(),
    ...settings
  }: Partial<Settings> & Interference = {},
): Process {
  const { clock } = account;
  const death = Promise.withResolvers<undefined>();
  const never = new Promise<never>(() => {});
  const events: { event: string; fields: Record<string, unknown> }[] = [];
  let sent = 0;
  let dead = false;
  const die = () => {
    dead = true;
    death.resolve(undefined);
    return never;
  };
  const reached = account.reach(async (carryOut, request) => {
    if (dead) return never;
    const mine = ++sent;
    if (crash?.call === mine && crash.when === 'before') return die();
    const answer = await interfere(carryOut, request);
    return dead || (crash?.call === mine && crash.when === 'after') ? die() : answer;
  });
  const engine = createEngine(
    { ...SETTINGS, ...settings, directory },
    {
      clock: { now: clock.now, sleep: (ms, signal) => (dead ? never : clock.sleep(ms, signal)) },
      emit: (event, fields) => void events.push({ event, fields: { ...fields } }),
      ...reached,
    },
  );
  return {
    async pass({ write = true, trigger = 'command' } = {}) {
      return Promise.race([
        engine.reconcile({ trigger, write, unsetMode: 'enforce' }),
        death.promise,
      ]);
    },
    get sent() {
      return sent;
    },
    events,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

const SETTINGS: Omit<Settings, 'directory'> = {
  namespaces: [],
  deleteGraceMs: 14 * 24 * 3600_000,
  owner: 'apikeeper',
  operationQuotas: false,
  requestsPerSecond: 1000,
  burst: 1000,
  valuesEnvPrefix: 'APIKEEPER_VALUE_',
  valuesSecrets: 'apikeeper/',
  version: '0.0.0',
};

export interface Tree extends Disposable {
  readonly directory: string;
  /** JSON is YAML: one file with all documents, in their order. */
  write(documents: readonly Document[]): void;
}

/** A directory of manifests. */
export function createTree(documents: readonly Document[] = []): Tree {
  const directory = mkdtempSync(join(tmpdir(), 'apikeeper-reliability-'));
  const write = (all: readonly Document[]) =>
    writeFileSync(
      join(directory, 'tree.yaml'),
      all.map((one) => JSON.stringify(one)).join('\n---\n'),
    );
  write(documents);
  return {
    directory,
    write,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** What is written is whatever doesn't begin with Get; STS is not the account's. */
export function writesOf(requests: readonly RequestRecord[]): RequestRecord[] {
  return requests.filter(({ operation }) => !/^(Get|Assume)/.test(operation));
}

export type { Fault };
