import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerAdmin, isAdmin } from './admin.ts';
import { addressed, answerControl, type ControlPlane } from './control-plane.ts';
import type { EmulatorCore, RequestRecord } from './core.ts';
import { addressOf, answerClient } from './data-plane.ts';
import { ServiceError } from './errors.ts';
import { errorOf, type FaultEffect, newFaults } from './faults.ts';
import {
  type Answer,
  type EmulatorRequest,
  type EmulatorResponse,
  errorAnswer,
  xmlAnswer,
} from './http.ts';
import { DEFAULT_ACCOUNT, DEFAULT_REGION, type Identity, identify } from './identity.ts';
import { isList } from './operations.ts';
import { newQuotas, type QuotaMode } from './quotas.ts';
import { seededRandom } from './random.ts';
import { findRoute, type Match } from './routes.ts';
import { answerStore, readStoreInput, storedName, storeError } from './secret-stores.ts';
import { type AccountState, newState } from './state.ts';
import { answerSts, newSts, stsError } from './sts.ts';
import { newBuckets } from './token-buckets.ts';

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

const MAX_REQUESTS = 200_000;

/** A call once it is known which operation it is for. */
interface Call {
  readonly operation: string;
  readonly identity: Identity;
  readonly id?: string | undefined;
  /** Carries it out. Throws ServiceError. */
  readonly act: (record: RequestRecord, effects: readonly FaultEffect[]) => EmulatorResponse;
  readonly refuse: (error: ServiceError) => EmulatorResponse;
}

export function createEmulator(options: EmulatorOptions = {}): EmulatorCore {
  const { clock = Date.now, quotas: mode = 'off', seed = randomInt(2 ** 32) } = options;
  const faults = newFaults();
  const sts = newSts();
  const states = new Map<string, AccountState>();
  const requests: RequestRecord[] = [];
  const buckets = newBuckets();

  const state = (account = DEFAULT_ACCOUNT, region = DEFAULT_REGION): AccountState => {
    const name = `${account} ${region}`;
    const existing = states.get(name);
    if (existing) return existing;
    const fresh = newState(account, region);
    states.set(name, fresh);
    faults.remember(fresh, clock());
    return fresh;
  };
  const plane: ControlPlane = {
    clock,
    random: seededRandom(seed),
    quotas: newQuotas(mode),
    faults,
    state,
  };

  const control = (request: EmulatorRequest, identity: Identity, match: Match): Call => ({
    operation: match.route.operation,
    identity,
    id: addressed(match),
    act(record, effects) {
      const onCreated = (id: string) => {
        record.id = id;
      };
      return answerControl(plane, { request, identity, match, effects, onCreated });
    },
    refuse: errorAnswer,
  });

  const security = (request: EmulatorRequest, identity: Identity): Call => {
    const parameters =
      request.method === 'POST' ? new URLSearchParams(request.body) : request.query;
    return {
      operation: parameters.get('Action') ?? 'Unknown',
      identity,
      act: () =>
        xmlAnswer(
          200,
          answerSts({ sts, identity, parameters, now: clock(), random: plane.random }),
        ),
      refuse: (error) => xmlAnswer(error.status, stsError(error)),
    };
  };

  const store = (request: EmulatorRequest, identity: Identity, target: string): Call => {
    const input = readStoreInput(request.body);
    const { account, region } = identity;
    return {
      operation: target.replace(/^.*\./, ''),
      identity,
      id: storedName(input),
      act: () =>
        answerStore(target, input, {
          state: state(account, region),
          now: clock(),
          random: plane.random,
        }),
      refuse: storeError,
    };
  };

  const perform = (request: EmulatorRequest, call: Call): Promise<Answer> => {
    const { operation, identity } = call;
    const record = remembered(requests, request, call, clock());
    return underFaults(call, record, faults.take(operation, identity.account, isList(operation)));
  };

  const core: EmulatorCore = {
    requests,
    sts,
    async handle(request) {
      if (isAdmin(request)) return answerAdmin(request, core);
      const client = addressOf(request.path);
      if (client)
        return answerClient(request, client, { states: states.values(), buckets, now: clock() });
      const { authorization, 'x-amz-target': target } = request.headers;
      const identity = identify(typeof authorization === 'string' ? authorization : undefined);
      if (request.path === '/')
        return perform(
          request,
          typeof target === 'string'
            ? store(request, identity, target)
            : security(request, identity),
        );
      const match = findRoute(request.method, request.path, request.query);
      if (match) return perform(request, control(request, identity, match));
      return errorAnswer(
        new ServiceError(
          404,
          'UnknownOperationException',
          `No operation at ${request.method} ${request.path}`,
        ),
      );
    },
    state,
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
      plane.quotas.clear();
      buckets.clear();
      requests.length = 0;
    },
  };
  return core;
}

function remembered(
  requests: RequestRecord[],
  { method, path }: EmulatorRequest,
  { operation, identity, id }: Call,
  at: number,
): RequestRecord {
  if (requests.length >= MAX_REQUESTS) requests.splice(0, MAX_REQUESTS / 2);
  const { account, region } = identity;
  const record: RequestRecord = {
    operation,
    method,
    path,
    account,
    region,
    at,
    status: 0,
    ...(id !== undefined && { id }),
  };
  requests.push(record);
  return record;
}

/** Carries out a call as the effects that hit it let it, and notes the outcome. */
async function underFaults(
  call: Call,
  record: RequestRecord,
  effects: readonly FaultEffect[],
): Promise<Answer> {
  const dropped = (fault: string, answer: 'reset' | 'hang' = 'reset'): Answer => {
    record.errorCode = fault;
    return answer;
  };
  try {
    for (const effect of effects) {
      // Not referenced: a closed emulator lets the process end.
      if (effect.type === 'delay') await sleep(effect.ms, undefined, { ref: false });
      if (effect.type === 'drop-before') return dropped(effect.type);
      if (effect.type === 'hang') return dropped(effect.type, 'hang');
      const error = errorOf(effect);
      if (error) throw error;
    }
    const response = call.act(record, effects);
    if (effects.some(({ type }) => type === 'drop-after')) return dropped('drop-after');
    record.status = response.status;
    const malformed = effects.some(({ type }) => type === 'malformed-json');
    return malformed
      ? { ...response, body: response.body.slice(0, response.body.length / 2) }
      : response;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const response = call.refuse(error);
    record.status = response.status;
    record.errorCode = error.name;
    return response;
  }
}
