/** A claim to a lock: a Unix socket of its own, which says who made it for as long as its process runs. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';

/** The line that a claim answers to each connection. */
export interface Speaker {
  readonly pid: number;
  readonly host: string;
  /** As the process calls its user. */
  readonly user: string;
  readonly version: string;
  /** RFC 3339, UTC. */
  readonly started: string;
  /** False while the process still asks the others. */
  readonly held: boolean;
}

export interface Claim {
  readonly path: string;
  /** From now on it answers that it has the lock. */
  hold(): void;
  /** False once the socket was removed, or another file lies in its place. */
  isInPlace(): boolean;
  withdraw(): Promise<void>;
}

/** Of sockets that do not answer yet. */
export const DRAFT = '.new';

const STARTED = new Date(Date.now() - process.uptime() * 1000).toISOString();

/** The socket answers before it gets its name, so that a refused connection always means that its process is gone. */
export async function publishClaim(
  directory: string,
  prefix: string,
  version: string,
): Promise<Claim> {
  const path = join(directory, `${prefix}${randomBytes(8).toString('hex')}`);
  let held = false;
  const server = createServer((socket) => answer(socket, { ...SELF, version, held }));
  await listen(server, path + DRAFT);
  try {
    await rename(path + DRAFT, path);
  } catch (error) {
    server.close();
    throw error;
  }
  const own = inodeOf(path);
  return {
    path,
    hold() {
      held = true;
    },
    isInPlace: () => own !== undefined && inodeOf(path) === own,
    async withdraw() {
      if (inodeOf(path) === own) await rm(path, { force: true });
      server.close();
    },
  };
}

const SELF = { pid: process.pid, host: hostname(), user: userName(), started: STARTED };

/** All users may ask. The server keeps no process alive. */
async function listen(server: Server, path: string): Promise<void> {
  server.listen({ path, readableAll: true, writableAll: true });
  await once(server, 'listening');
  // A connection that cannot be accepted is the asker's loss: it asks again.
  server.on('error', () => {});
  server.unref();
}

function answer(socket: Socket, speaker: Speaker): void {
  socket.on('error', () => {});
  socket.end(`${JSON.stringify(speaker)}\n`, () => socket.destroy());
}

function inodeOf(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}

/** Users of containers need not have a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
