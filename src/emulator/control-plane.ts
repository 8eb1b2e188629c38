import { notEmulated } from './errors.ts';
import { type FaultEffect, type Faults, maimed } from './faults.ts';
import { type EmulatorRequest, type EmulatorResponse, jsonAnswer } from './http.ts';
import type { Identity } from './identity.ts';
import { isList, operations } from './operations.ts';
import type { Quotas } from './quotas.ts';
import type { Random } from './random.ts';
import type { Match } from './routes.ts';
import type { AccountState } from './state.ts';

/** What the calls of the control plane share. */
export interface ControlPlane {
  readonly clock: () => number;
  readonly random: Random;
  readonly quotas: Quotas;
  readonly faults: Faults;
  readonly state: (account: string, region: string) => AccountState;
}

interface ControlCall {
  readonly request: EmulatorRequest;
  readonly identity: Identity;
  readonly match: Match;
  readonly effects: readonly FaultEffect[];
  /** Told the id of what the call made. */
  readonly onCreated: (id: string) => void;
}

/** Carries out one call: quotas, input, operation, output. Throws ServiceError. */
export function answerControl(
  plane: ControlPlane,
  { request, identity, match, effects, onCreated }: ControlCall,
): EmulatorResponse {
  const { route, labels } = match;
  const { account, region } = identity;
  const now = plane.clock();
  plane.quotas.take(
    `${account} ${region}`,
    route.operation,
    now,
    () => !/"(REGIONAL|PRIVATE)"/.test(request.body),
  );
  const input = route.read({ labels, query: request.query, body: request.body });
  const operation = operations.get(route.operation);
  if (!operation) throw notEmulated(route.operation);

  const state = plane.state(account, region);
  const seen = isList(route.operation) ? plane.faults.seen(state, effects, now) : state;
  const output = operation(input, { state: seen, now, random: plane.random });
  if (request.method !== 'GET') plane.faults.remember(state, now);

  const id = idOf(output);
  if (id !== undefined && creates(route.operation)) onCreated(id);
  const body = maimed(route.write(output), effects);
  return jsonAnswer(route.status, body === undefined ? '' : JSON.stringify(body));
}

const creates = (operation: string): boolean => /^(Create|Generate)/.test(operation);

/** The ids in the path, with `/` between them; undefined for a create, whose object has none yet, and for an operation without any. */
export const addressed = ({ route, labels }: Match): string | undefined =>
  creates(route.operation) ? undefined : Object.values(labels).join('/') || undefined;

function idOf(output: unknown): string | undefined {
  const { id, stageName, clientCertificateId } = (output ?? {}) as {
    id?: string;
    stageName?: string;
    clientCertificateId?: string;
  };
  return id ?? stageName ?? clientCertificateId;
}
