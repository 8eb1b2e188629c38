/** The app on a port. */
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

export interface Listening extends AsyncDisposable {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
}

const WAY_OUT: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken: stop what listens there, or choose another one with --http-port',
  EACCES: 'this user may not listen on that port: choose one above 1023 with --http-port',
  EADDRNOTAVAIL: 'this machine does not have that address: see --http-host',
  ENOTFOUND: 'no such host: see --http-host',
};

/** Port 0 takes any free one. Rejects with what is wrong and the way out. */
export async function listen(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new Error(
          `cannot listen on ${at(host, port)}: ${WAY_OUT[error.code ?? ''] ?? error.message}`,
          { cause: error },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${at(host, bound)}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        // A browser's idle connection would keep the process waiting.
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

function at(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
