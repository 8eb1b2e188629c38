import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmulatorCore, RequestRecord } from './core.ts';
import { createEmulator, type EmulatorOptions } from './emulator.ts';
import type { Fault } from './faults.ts';
import type { Answer, EmulatorRequest } from './http.ts';
import type { AccountState } from './state.ts';

export type { RequestRecord } from './core.ts';
export type { EmulatorOptions } from './emulator.ts';
export { createEmulator } from './emulator.ts';
export type { Fault, FaultEffect } from './faults.ts';
export type { AccountState } from './state.ts';

/** An Amazon API Gateway on a local port, with what STS, Secrets Manager and SSM are asked for next to it. What it does: BEHAVIOUR.md. */
export interface Emulator extends AsyncDisposable {
  /** `http://HOST:PORT`, for the SDK's `endpoint`. */
  readonly url: string;
  readonly port: number;
  /** Every call but those of the APIs' clients, oldest first; never a value. */
  readonly requests: readonly RequestRecord[];
  /** The live state, in process; default account 123456789012, region eu-west-2. */
  state(account?: string, region?: string): AccountState;
  inject(fault: Fault): void;
  clearFaults(): void;
  clearRequests(): void;
  close(): Promise<void>;
}

/** Rejects when the port cannot be had. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { port = 0, host = '127.0.0.1', clock = Date.now } = options;
  const core = createEmulator(options);
  const server = createServer((incoming, outgoing) => {
    outgoing.setHeader('date', new Date(clock()).toUTCString());
    return serve(core, incoming, outgoing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closing;
  };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    requests: core.requests,
    state: core.state,
    inject: core.inject,
    clearFaults: core.clearFaults,
    clearRequests: core.clearRequests,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function serve(
  core: EmulatorCore,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    send(await core.handle(await read(incoming)), outgoing);
  } catch (error) {
    // A client that went away, or a defect of the emulator: the latter must be seen by whoever tests on it.
    send(
      {
        status: 500,
        headers: { 'x-amzn-errortype': 'InternalFailure' },
        body: JSON.stringify({ message: String(error) }),
      },
      outgoing,
    );
  }
}

async function read(incoming: IncomingMessage): Promise<EmulatorRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://emulator');
  return {
    method: incoming.method ?? 'GET',
    path: pathname,
    query: searchParams,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function send(answer: Answer, outgoing: ServerResponse): void {
  if (answer === 'hang') return;
  if (answer === 'reset') {
    outgoing.socket?.resetAndDestroy();
    return;
  }
  outgoing.writeHead(answer.status, answer.headers);
  outgoing.end(answer.body);
}
