import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerAdmin, isAdmin } from './admin.ts';
import { seededRandom } from './context.ts';
import { notEmulated, ServiceError } from './errors.ts';
import { errorOf, type Fault, type FaultEffect, maimed, newFaults } from './faults.ts';
import { DEFAULT_ACCOUNT, DEFAULT_REGION, type Identity, identify } from './identity.ts';
import { operations } from './operations.ts';
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

/** A call as it arrived. `path` is still percent-encoded; header names are in lower case. */
export interface EmulatorRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface EmulatorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `reset`: close the connection without an answer. `hang`: keep it open without one. */
export type Answer = EmulatorResponse | 'reset' | 'hang';

/** One control-plane call. `status` is 0 while there is no answer, and where a fault kept it back; `errorCode` then names the fault. */
export interface RequestRecord {
  readonly operation: string;
  readonly account: string;
  readonly region: string;
  readonly at: number;
  status: number;
  errorCode?: string;
  /** The ids in the path, with `/` between them, or those of what was created. */
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

interface Call {
  readonly match: Match;
  readonly request: EmulatorRequest;
  readonly identity: Identity;
  readonly effects: readonly FaultEffect[];
  readonly record: RequestRecord;
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

  const record = (operation: string, { account, region }: Identity): RequestRecord => {
    if (requests.length >= MAX_REQUESTS) requests.splice(0, MAX_REQUESTS / 2);
    const entry = { operation, account, region, at: clock(), status: 0 };
    requests.push(entry);
    return entry;
  };

  /** Carries out a call of the control plane and returns its wire body. Throws ServiceError. */
  const execute = ({ match, request, identity, effects, record: entry }: Call): unknown => {
    const { route, labels } = match;
    const input = route.read({ labels, query: request.query, body: request.body });
    const now = clock();
    const state = stateOf(identity.account, identity.region);
    const operation = operations.get(route.operation);
    if (!operation) throw notEmulated(route.operation);
    const shown = isList(route.operation) ? faults.seen(state, effects, now) : state;
    const output = operation(input, { state: shown, now, random });
    if (request.method !== 'GET') faults.remember(state, now);
    const created = createdId(output);
    if (created !== undefined) entry.id ??= created;
    return maimed(route.write(output ?? {}), effects);
  };

  const control = async (request: EmulatorRequest, identity: Identity, match: Match): Promise<Answer> => {
    const { operation, status } = match.route;
    const entry = record(operation, identity);
    const id = Object.values(match.labels).join('/');
    if (id !== '' && !/^(Create|Generate)/.test(operation)) entry.id = id;
    const effects = faults.take(operation, identity.account, isList(operation));
    const drop = (code: string, answer: 'reset' | 'hang' = 'reset') => {
      entry.errorCode = code;
      return answer;
    };
    try {
      for (const effect of effects) {
        if (effect.type === 'delay') await sleep(effect.ms);
        if (effect.type === 'drop-before') return drop('drop-before');
        if (effect.type === 'hang') return drop('hang', 'hang');
        const error = errorOf(effect);
        if (error) throw error;
      }
      quotas.take(`${identity.account} ${identity.region}`, operation, clock(), () => !/"(REGIONAL|PRIVATE)"/.test(request.body));
      const body = execute({ match, request, identity, effects, record: entry });
      if (effects.some(({ type }) => type === 'drop-after')) return drop('drop-after');
      entry.status = status;
      const text = body === undefined ? '' : JSON.stringify(body);
      return json(status, effects.some(({ type }) => type === 'malformed-json') ? text.slice(0, text.length / 2) : text);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      entry.status = error.status;
      entry.errorCode = error.name;
      return jsonError(error);
    }
  };

  const security = (request: EmulatorRequest, identity: Identity): Answer => {
    const parameters = request.method === 'POST' ? new URLSearchParams(request.body) : request.query;
    const entry = record(parameters.get('Action') ?? 'Unknown', identity);
    const [effect] = faults.take(entry.operation, identity.account, false);
    const headers = { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() };
    try {
      if (effect?.type === 'drop-before' || effect?.type === 'drop-after') return 'reset';
      const error = effect && errorOf(effect);
      if (error) throw error;
      const body = answerSts({ sts, identity, parameters, now: clock(), random });
      entry.status = 200;
      return { status: 200, headers, body };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      entry.status = error.status;
      entry.errorCode = error.name;
      return { status: error.status, headers, body: stsError(error) };
    }
  };

  const core: EmulatorCore = {
    requests,
    sts,
    async handle(request) {
      if (isAdmin(request)) return answerAdmin(request, core);
      const identity = identify(header(request, 'authorization'));
      if (request.path === '/') return security(request, identity);
      const match = findRoute(request.method, request.path, request.query);
      if (match) return control(request, identity, match);
      return jsonError(new ServiceError(404, 'UnknownOperationException', `No operation at ${request.method} ${request.path}`));
    },
    state: stateOf,
    inject: (fault) => faults.inject(fault, states.values(), clock()),
    clearFaults: () => faults.clear(),
    clearRequests: () => {
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

const header = ({ headers }: EmulatorRequest, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

const isList = (operation: string): boolean =>
  /^Get(ApiKeys|UsagePlans|UsagePlanKeys|RestApis|Resources|Deployments|Stages|ClientCertificates)$/.test(operation);

function createdId(output: unknown): string | undefined {
  const { id, stageName, clientCertificateId } = (output ?? {}) as { id?: string; stageName?: string; clientCertificateId?: string };
  return id ?? stageName ?? clientCertificateId;
}

export const json = (status: number, body: string, headers: Record<string, string> = {}): EmulatorResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), ...headers },
  body,
});

function jsonError({ status, name, message, retryAfter }: ServiceError): EmulatorResponse {
  const headers = { 'x-amzn-errortype': name, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) };
  return json(status, JSON.stringify({ message }), headers);
}
