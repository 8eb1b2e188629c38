import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import {
  APIGatewayClient,
  CreateApiKeyCommand,
  GetApiKeysCommand,
} from '@aws-sdk/client-api-gateway';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../../src/gateway/client.ts';
import { openDoor } from './door.ts';
import { answerWith, startLoopback } from './loopback.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Half a body, and then nothing. */
function stall(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"item": [');
}

/** Tells when the headers of the first answer have come. */
function watched(endpoint: string): { client: APIGatewayClient; headers: Promise<void> } {
  const client = new APIGatewayClient({
    endpoint,
    region: 'eu-west-2',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  const { promise: headers, resolve } = Promise.withResolvers<void>();
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = async (...request) => {
    const answer = await handle(...request);
    resolve();
    return answer;
  };
  return { client, headers };
}

describe('a body that stalls half-way', () => {
  it('ends after 30 s, closes the connection, and the read is tried again', async () => {
    const closed = Promise.withResolvers<void>();
    await using server = await startLoopback((response, before) => {
      if (before > 0) return answerWith(response, '{"item": [{"id": "k1"}]}');
      once(response, 'close').then(() => closed.resolve());
      stall(response);
    });
    const { client, headers } = watched(server.url);
    using door = openDoor(server, { client });
    const read = door.send(new GetApiKeysCommand({}));
    await headers;
    await vi.advanceTimersByTimeAsync(29_999);
    expect(door.calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await closed.promise;
    await expect(read).resolves.toMatchObject({ items: [{ id: 'k1' }] });
    expect(door.calls.map(({ code }) => code)).toEqual(['TimeoutError', 'OK']);
  });

  it('leaves the outcome of a create open', async () => {
    await using server = await startLoopback(stall);
    const { client, headers } = watched(server.url);
    using door = openDoor(server, { client });
    const made = expect(door.send(new CreateApiKeyCommand({ name: 'a' }))).rejects.toMatchObject({
      class: 'answer-lost',
      code: 'TimeoutError',
    });
    await headers;
    await vi.advanceTimersByTimeAsync(30_000);
    await made;
    expect(server.requests).toHaveLength(1);
  });

  it('of STS ends too', async () => {
    const asked = Promise.withResolvers<void>();
    await using server = await startLoopback((response) => {
      response.writeHead(200, { 'content-type': 'text/xml', 'content-length': '100' });
      response.write('<GetCallerIdentityResponse>');
      asked.resolve();
    });
    const connected = expect(
      connect({
        region: 'eu-west-2',
        accountId: '123456789012',
        implicit: false,
        env: { AWS_ENDPOINT_URL: server.url, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
      }),
    ).rejects.toMatchObject({ class: 'transient', code: 'TimeoutError' });
    await asked.promise;
    await vi.advanceTimersByTimeAsync(30_000);
    await connected;
  });
});

describe('a call without any answer', () => {
  it('ends after the time that the door was given', async () => {
    const asked = Promise.withResolvers<void>();
    await using server = await startLoopback(() => asked.resolve());
    using door = openDoor(server, { timeoutMs: 10, retry: { attempts: 1 } });
    const read = expect(door.send(new GetApiKeysCommand({}))).rejects.toMatchObject({
      class: 'transient',
      code: 'TimeoutError',
    });
    await asked.promise;
    await vi.advanceTimersByTimeAsync(10);
    await read;
  });

  it('ends even where the handler does not heed the signal', async () => {
    const asked = Promise.withResolvers<void>();
    const handle = () => {
      asked.resolve();
      return new Promise<never>(() => {});
    };
    const client = new APIGatewayClient({
      region: 'eu-west-2',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
      requestHandler: { handle } as never,
    });
    using door = openDoor({ url: '' }, { client, timeoutMs: 10, retry: { attempts: 1 } });
    const read = expect(door.send(new GetApiKeysCommand({}))).rejects.toMatchObject({
      code: 'TimeoutError',
    });
    await asked.promise;
    await vi.advanceTimersByTimeAsync(10);
    await read;
  });
});
