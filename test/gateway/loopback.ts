/** An HTTP server on the loopback interface that answers as a test says. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Loopback extends AsyncDisposable {
  readonly url: string;
  /** Method and path of each request, in order. */
  readonly requests: readonly string[];
}

/** `answer` is told how many requests came before. */
export async function startLoopback(
  answer: (response: ServerResponse, before: number, request: IncomingMessage) => void,
): Promise<Loopback> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const before = requests.push(`${request.method} ${request.url}`) - 1;
    request.resume().on('end', () => answer(response, before, request));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Answers with this body. */
export function answerWith(
  response: ServerResponse,
  body: string,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}
