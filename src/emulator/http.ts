import { randomUUID } from 'node:crypto';
import type { ServiceError } from './errors.ts';

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

export const jsonAnswer = (
  status: number,
  body: string,
  headers: Record<string, string> = {},
): EmulatorResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), ...headers },
  body,
});

export const xmlAnswer = (status: number, body: string): EmulatorResponse => ({
  status,
  headers: { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() },
  body,
});

export function errorAnswer({ status, name, message, retryAfter }: ServiceError): EmulatorResponse {
  const headers = {
    'x-amzn-errortype': name,
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  };
  // A full quota is told from throttling by this null alone (TF#37605).
  const body =
    name === 'LimitExceededException' ? { message, retryAfterSeconds: null } : { message };
  return jsonAnswer(status, JSON.stringify(body), headers);
}
