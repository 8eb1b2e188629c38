/** Real processes of apikeeper on an emulator in this one, which sees each of their calls before it is carried out, and can kill the caller there and then. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Around, type Core, carry, type HttpRequest } from './account.ts';

export interface Server extends AsyncDisposable {
  readonly url: string;
  /** Where its clients keep their locks: nobody else's processes are in their way. */
  readonly scratch: string;
  /** Stands between callers and the account, until it is replaced. */
  around: Around;
}

export async function serve(core: Core): Promise<Server> {
  const state: { around: Around } = { around: (carryOut) => carryOut() };
  const server = createServer(async (incoming, outgoing) => {
    const request = await read(incoming);
    const { statusCode, headers, body } = await state.around(() => carry(core, request), request);
    outgoing.writeHead(statusCode, headers).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const scratch = mkdtempSync(join(tmpdir(), 'apikeeper-processes-'));
  return Object.assign(state, {
    scratch,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(scratch, { recursive: true, force: true });
    },
  });
}

async function read(incoming: IncomingMessage): Promise<HttpRequest> {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://emulator');
  const query = Object.fromEntries(
    [...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name)]),
  );
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
  );
  const body = Buffer.concat(await Array.fromAsync(incoming));
  return { method: incoming.method ?? 'GET', path: pathname, query, headers, body };
}

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const FAST = ['--operation-quotas', 'off', '--requests-per-second', '1000', '--burst', '1000'];

export interface Child {
  readonly process: ChildProcess;
  /** What it wrote to stderr, once it is over. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: string | null;
    readonly log: string;
  }>;
}

/** `apikeeper <words>` as the system starts it. */
export function start(
  words: readonly string[],
  { url, scratch }: Pick<Server, 'url' | 'scratch'>,
): Child {
  const child = spawn(process.execPath, [CLI, ...words, ...FAST], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      TMPDIR: scratch,
      AWS_ENDPOINT_URL: url,
      AWS_REGION: 'eu-west-2',
      AWS_ACCESS_KEY_ID: 'AKIA123456789012',
      AWS_SECRET_ACCESS_KEY: 'secret',
    },
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, log }));
  return { process: child, ended };
}

/** Starts a process that is killed with SIGKILL at the `call`-th call that `counts`; resolves when it is gone. Rejects where it ends before. */
export async function startAndKill(
  words: readonly string[],
  server: Server,
  {
    call,
    when,
    counts = () => true,
  }: {
    readonly call: number;
    readonly when: 'before' | 'after';
    readonly counts?: (request: HttpRequest) => boolean;
  },
): Promise<void> {
  const child = start(words, server);
  let count = 0;
  server.around = async (carryOut, request) => {
    if (!counts(request) || ++count !== call) return carryOut();
    if (when === 'after') await carryOut();
    child.process.kill('SIGKILL');
    return new Promise(() => {});
  };
  const { signal, code, log } = await child.ended;
  server.around = (carryOut) => carryOut();
  if (signal !== 'SIGKILL')
    throw new Error(`it ended by itself, with ${code}, before call ${call}:\n${log}`);
}
