import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerAdmin, isAdmin } from './admin.ts';
import { seededRandom } from './context.ts';
import { notEmulated, ServiceError } from './errors.ts';
import { errorOf, type Fault, type FaultEffect, maimed, newFaults } from './faults.ts';
import { type Answer, type EmulatorRequest, type EmulatorResponse, errorAnswer, jsonAnswer, xmlAnswer } from './http.ts';
import { DEFAULT_ACCOUNT, DEFAULT_REGION, type Identity, identify } from './identity.ts';
import { isList, operations } from './operations.ts';
import { newQuotas, type QuotaMode } from './quotas.ts';
import { findRoute, type Match } from './routes.ts';
import { type AccountState, newState } from './state.ts';
import { answerSts, newSts, type Sts, stsError } from './sts.ts';

export interface EmulatorOptions {
  /** 0 or omitted: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Control-plane quotas: `off` (default), `real`, or a factor (2: twice as many calls are allowed). */
  readonly quotas?: QuotaMode;
  /** Milliseconds since the epoch; default Date.now. */
  readonly clock?: () => number;
  /** Makes ids and generated values reproducible. */
  readonly seed?: number;
}

/** One control-plane call. `status` is 0 while there is no answer, and where a fault kept it back; `errorCode` then names the fault. */
export interface RequestRecord {
  readonly operation: string;
  readonly account: string;
  readonly region: string;
  /** Milliseconds since the epoch, by the emulator's clock. */
  readonly at: number;
  status: number;
  errorCode?: string;
  /** The ids in the path, with `/` between them; of a create, the id of what was made. */
  id?: string;
}

/** The emulator without a socket. */
export interface EmulatorCore {
  /** Every control-plane call, oldest first; the last 100,000 at least. */
  readonly requests: readonly RequestRecord[];
  readonly sts: Sts;
  handle(request: EmulatorRequest): Promise<Answer>;
  /** The live state; default account 123456789012, region eu-west-2. */
  state(account?: string, region?: string): AccountState;
  inject(fault: Fault): void;
  clearFaults(): void;
  clearRequests(): void;
  /** Forgets all state, faults, requests, sessions and quota use. */
  reset(): void;
}

const MAX_REQUESTS = 200_000;

/** A call once it is known which operation it is for. */
interface Call {
  readonly operation: string;
  readonly identity: Identity;
  /** Carries it out. Throws ServiceError. */
  readonly act: (record: RequestRecord, effects: readonly FaultEffect[]) => EmulatorResponse;
  readonly refuse: (error: ServiceError) => EmulatorResponse;
}

export function createEmulator(options: EmulatorOptions = {}): EmulatorCore {
  const { clock = Date.now, quotas: mode = 'off', seed = randomInt(2 ** 32) } = options;
  const random = seededRandom(seed);
  const quotas = newQuotas(mode);
  const faults = newFaults();
  const sts = newSts();
  const states = new Map<string, AccountState>();
  const requests: RequestRecord[] = [];

  const stateOf = (account = DEFAULT_ACCOUNT, region = DEFAULT_REGION): AccountState => {
    const name = `${account} ${region}`;
    const existing = states.get(name);
    if (existing) return existing;
    const state = newState(account, region);
    states.set(name, state);
    faults.remember(state, clock());
    return state;
  };

  const newRecord = ({ operation, identity: { account, region } }: Call): RequestRecord => {
    if (requests.length >= MAX_REQUESTS) requests.splice(0, MAX_REQUESTS / 2);
    const record = { operation, account, region, at: clock(), status: 0 };
    requests.push(record);
    return record;
  };

  /** Carries out a call under the faults that hit it, and records it. */
  const perform = async (call: Call): Promise<Answer> => {
    const record = newRecord(call);
    const effects = faults.take(call.operation, call.identity.account, isList(call.operation));
    try {
      const kept = await keptBack(effects);
      if (kept) return dropped(record, kept, kept === 'hang' ? 'hang' : 'reset');
      const response = call.act(record, effects);
      if (effects.some(({ type }) => type === 'drop-after')) return dropped(record, 'drop-after', 'reset');
      record.status = response.status;
      return effects.some(({ type }) => type === 'malformed-json') ? cut(response) : response;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      record.status = error.status;
      record.errorCode = error.name;
      return call.refuse(error);
    }
  };

  const control = (request: EmulatorRequest, identity: Identity, { route, labels }: Match): Call => ({
    operation: route.operation,
    identity,
    act(record, effects) {
      const { account, region } = identity;
      if (!/^(Create|Generate)/.test(route.operation)) named(record, Object.values(labels).join('/'));
      quotas.take(`${account} ${region}`, route.operation, clock(), () => !/"(REGIONAL|PRIVATE)"/.test(request.body));
      const input = route.read({ labels, query: request.query, body: request.body });
      const handler = operations.get(route.operation);
      if (!handler) throw notEmulated(route.operation);
      const state = stateOf(account, region);
      const now = clock();
      const output = handler(input, { state: isList(route.operation) ? faults.seen(state, effects, now) : state, now, random });
      if (request.method !== 'GET') faults.remember(state, now);
      named(record, idOf(output));
      const body = maimed(route.write(output), effects);
      return jsonAnswer(route.status, body === undefined ? '' : JSON.stringify(body));
    },
    refuse: errorAnswer,
  });

  const security = (request: EmulatorRequest, identity: Identity): Call => {
    const parameters = request.method === 'POST' ? new URLSearchParams(request.body) : request.query;
    return {
      operation: parameters.get('Action') ?? 'Unknown',
      identity,
      act: () => xmlAnswer(200, answerSts({ sts, identity, parameters, now: clock(), random })),
      refuse: (error) => xmlAnswer(error.status, stsError(error)),
    };
  };

  const core: EmulatorCore = {
    requests,
    sts,
    async handle(request) {
      if (isAdmin(request)) return answerAdmin(request, core);
      const { authorization } = request.headers;
      const identity = identify(typeof authorization === 'string' ? authorization : undefined);
      if (request.path === '/') return perform(security(request, identity));
      const match = findRoute(request.method, request.path, request.query);
      if (match) return perform(control(request, identity, match));
      return errorAnswer(new ServiceError(404, 'UnknownOperationException', `No operation at ${request.method} ${request.path}`));
    },
    state: stateOf,
    inject: (fault) => faults.inject(fault, states.values(), clock()),
    clearFaults: faults.clear,
    clearRequests() {
      requests.length = 0;
    },
    reset() {
      states.clear();
      sts.roles.clear();
      sts.sessions.clear();
      faults.clear();
      quotas.clear();
      requests.length = 0;
    },
  };
  return core;
}

/** Lets the effects happen that come before a call is carried out. Throws ServiceError; answers with the fault that keeps the call back, if one does. */
async function keptBack(effects: readonly FaultEffect[]): Promise<'drop-before' | 'hang' | undefined> {
  for (const effect of effects) {
    // Not referenced: a closed emulator lets the process end.
    if (effect.type === 'delay') await sleep(effect.ms, undefined, { ref: false });
    if (effect.type === 'drop-before' || effect.type === 'hang') return effect.type;
    const error = errorOf(effect);
    if (error) throw error;
  }
  return undefined;
}

function dropped(record: RequestRecord, fault: string, answer: 'reset' | 'hang'): Answer {
  record.errorCode = fault;
  return answer;
}

const cut = (response: EmulatorResponse): EmulatorResponse => ({ ...response, body: response.body.slice(0, response.body.length / 2) });

function named(record: RequestRecord, id: string | undefined): void {
  if (id) record.id ??= id;
}

function idOf(output: unknown): string | undefined {
  const { id, stageName, clientCertificateId } = (output ?? {}) as { id?: string; stageName?: string; clientCertificateId?: string };
  return id ?? stageName ?? clientCertificateId;
}
