import {
  APIGatewayClient,
  CreateApiKeyCommand,
  CreateUsagePlanCommand,
  CreateUsagePlanKeyCommand,
  DeleteApiKeyCommand,
  GetApiKeyCommand,
  GetApiKeysCommand,
  GetUsagePlanKeyCommand,
  GetUsagePlanKeysCommand,
  TagResourceCommand,
  UpdateApiKeyCommand,
  UpdateUsagePlanCommand,
} from '@aws-sdk/client-api-gateway';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, type FaultEffect, startEmulator } from '../../src/emulator/index.ts';
import { createBudget } from '../../src/gateway/budget.ts';
import { isGatewayError } from '../../src/gateway/errors.ts';
import { createLiveSecrets } from '../../src/gateway/redact.ts';
import { arrivedAt, readOnly, type Send } from '../../src/gateway/send.ts';
import { valueEquals } from '../../src/gateway/value.ts';
import { jumpingClock } from './clocks.ts';
import { openDoor } from './door.ts';

const VALUE = 'a-key-value-of-thirty-characters';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => {
  emulator.clearFaults();
  emulator.clearRequests();
  const state = emulator.state();
  state.apiKeys.clear();
  state.usagePlans.clear();
});

const keysLive = () => emulator.state().apiKeys.size;
const sent = (operation: string) =>
  emulator.requests.filter((request) => request.operation === operation).length;

async function error(call: Promise<unknown>): Promise<Error & { class?: string }> {
  return call.then(
    () => {
      throw new Error('it succeeded');
    },
    (thrown: Error) => thrown,
  );
}

async function key(send: Send, value?: string): Promise<string> {
  const { id = '' } = await send(new CreateApiKeyCommand({ name: 'acme', enabled: true, value }));
  return id;
}

describe('what is tried again', () => {
  it.each<[reason: string, fault: FaultEffect]>([
    ['throttled', { type: 'throttle' }],
    [
      'a failure of the service',
      { type: 'error', status: 500, code: 'InternalFailure', message: 'no' },
    ],
  ])('is nothing where the caller wants one try: %s', async (_, fault) => {
    using door = openDoor(emulator);
    const id = await key(door.send);
    emulator.inject({ operation: 'UpdateApiKey', fault });
    const command = new UpdateApiKeyCommand({ apiKey: id, patchOperations: [] });
    await error(door.send(command, { urgency: 0, attempts: 1 }));
    expect(sent('UpdateApiKey')).toBe(1);
  });

  it.each<{ reason: string; fault: FaultEffect }>([
    { reason: 'throttled without a time', fault: { type: 'throttle' } },
    { reason: 'throttled with a time', fault: { type: 'throttle', retryAfter: 3 } },
    {
      reason: 'down',
      fault: { type: 'error', status: 503, code: 'ServiceUnavailableException', message: 'down' },
    },
    {
      reason: 'concurrent modification',
      fault: {
        type: 'error',
        status: 409,
        code: 'ConflictException',
        message:
          'Unable to complete operation due to concurrent modification. Please try again later.',
      },
    },
    { reason: 'reset before', fault: { type: 'drop-before' } },
    { reason: 'reset after', fault: { type: 'drop-after' } },
    { reason: 'half an answer', fault: { type: 'malformed-json' } },
  ])('a write that does no harm twice: $reason', async ({ fault }) => {
    using door = openDoor(emulator);
    const apiKey = await key(door.send);
    emulator.inject({ operation: 'UpdateApiKey', times: 2, fault });
    const patchOperations = [{ op: 'replace' as const, path: '/enabled', value: 'false' }];
    await expect(
      door.send(new UpdateApiKeyCommand({ apiKey, patchOperations })),
    ).resolves.toMatchObject({ enabled: false });
    expect(sent('UpdateApiKey')).toBe(3);
    expect(
      door.calls
        .filter(({ operation }) => operation === 'UpdateApiKey')
        .map(({ attempt }) => attempt),
    ).toEqual([1, 2, 3]);
  });

  it.each<{ reason: string; fault: FaultEffect; live: number }>([
    { reason: 'reset before', fault: { type: 'drop-before' }, live: 0 },
    { reason: 'reset after', fault: { type: 'drop-after' }, live: 1 },
    { reason: 'half an answer', fault: { type: 'malformed-json' }, live: 1 },
    {
      reason: '5xx',
      fault: { type: 'error', status: 500, code: 'InternalFailure', message: 'oops' },
      live: 0,
    },
  ])('not a create whose answer was lost: $reason', async ({ fault, live }) => {
    using door = openDoor(emulator);
    emulator.inject({ operation: 'CreateApiKey', fault });
    const lost = await error(key(door.send));
    expect(isGatewayError(lost, 'answer-lost')).toBe(true);
    expect(sent('CreateApiKey')).toBe(1);
    expect(keysLive()).toBe(live);
  });

  it('not a create that got no answer in time', async () => {
    const client = new APIGatewayClient({
      endpoint: emulator.url,
      region: 'eu-west-2',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
      requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true },
    });
    using door = openDoor(emulator, { client });
    emulator.inject({ operation: 'CreateApiKey', times: 1, fault: { type: 'hang' } });
    expect(isGatewayError(await error(key(door.send)), 'answer-lost')).toBe(true);
    expect(sent('CreateApiKey')).toBe(1);
  });

  it('a create that was throttled: it was not carried out', async () => {
    using door = openDoor(emulator);
    emulator.inject({
      operation: 'CreateApiKey',
      times: 2,
      fault: { type: 'throttle', retryAfter: 1 },
    });
    await key(door.send);
    expect([sent('CreateApiKey'), keysLive()]).toEqual([3, 1]);
  });

  it('a create that found nobody listening', async () => {
    const closed = await startEmulator();
    await closed.close();
    using door = openDoor(closed, { retry: { attempts: 3 } });
    expect(isGatewayError(await error(key(door.send)), 'transient')).toBe(true);
    expect(door.calls).toHaveLength(3);
  });

  it('not a patch that adds or removes and whose answer was lost', async () => {
    using door = openDoor(emulator);
    const { id } = await door.send(
      new CreateUsagePlanCommand({ name: 'p', quota: { limit: 1, period: 'DAY' } }),
    );
    emulator.inject({ operation: 'UpdateUsagePlan', fault: { type: 'drop-after' } });
    const patchOperations = [{ op: 'remove' as const, path: '/quota' }];
    const lost = await error(
      door.send(new UpdateUsagePlanCommand({ usagePlanId: id, patchOperations })),
    );
    expect(isGatewayError(lost, 'answer-lost')).toBe(true);
    expect(sent('UpdateUsagePlan')).toBe(1);
  });

  it('not a full quota, although it comes as 429', async () => {
    using door = openDoor(emulator);
    const full = {
      type: 'error',
      status: 429,
      code: 'LimitExceededException',
      message: 'Maximum number of API keys has been reached.',
    } as const;
    emulator.inject({ operation: 'CreateApiKey', fault: full });
    expect(isGatewayError(await error(key(door.send)), 'quota-full')).toBe(true);
    expect(sent('CreateApiKey')).toBe(1);
  });
});

describe('throttling', () => {
  it('makes everybody wait as long as the service said', async () => {
    const clock = jumpingClock();
    const budget = createBudget({ requestsPerSecond: 100, burst: 100, clock });
    using door = openDoor(emulator, { clock, budget });
    emulator.inject({
      operation: 'GetApiKeys',
      times: 1,
      fault: { type: 'throttle', retryAfter: 7 },
    });
    const start = clock.now();
    await door.send(new GetApiKeysCommand({}));
    expect(clock.now() - start).toBeGreaterThanOrEqual(7000);
    expect(budget.share).toBeLessThan(1);
    expect(door.calls.at(-1)).toMatchObject({ code: 'OK', waitedMs: 7000 });
  });

  it('of an operation with its own quota makes that one wait, a whole period where nothing was said', async () => {
    const clock = jumpingClock();
    const budget = createBudget({ requestsPerSecond: 100, burst: 100, clock });
    using door = openDoor(emulator, { clock, budget });
    const { id } = await door.send(new CreateUsagePlanCommand({ name: 'p' }));
    emulator.inject({ operation: 'UpdateUsagePlan', times: 1, fault: { type: 'throttle' } });
    const patchOperations = [{ op: 'replace' as const, path: '/name', value: 'q' }];
    await door.send(new UpdateUsagePlanCommand({ usagePlanId: id, patchOperations }));
    expect(door.calls.at(-1)?.waitedMs).toBeGreaterThanOrEqual(20_000);
    expect(budget.share).toBe(1);
  });

  it('does not happen to a lone client that keeps the default budget', async () => {
    const clock = jumpingClock();
    await using limited = await startEmulator({ quotas: 'real', clock: () => clock.now() });
    const budget = createBudget({ requestsPerSecond: 5, burst: 20, clock });
    using door = openDoor(limited, { clock, budget });
    const { id } = await door.send(new CreateUsagePlanCommand({ name: 'p' }));
    const rename = (name: string) =>
      new UpdateUsagePlanCommand({
        usagePlanId: id,
        patchOperations: [{ op: 'replace', path: '/name', value: name }],
      });
    await Promise.all([
      ...Array.from({ length: 60 }, () => key(door.send)),
      ...Array.from({ length: 8 }, (_, count) => door.send(rename(`p${count}`))),
      ...Array.from({ length: 60 }, () => door.send(new GetApiKeysCommand({}))),
    ]);
    expect(door.calls.filter(({ code }) => code !== 'OK')).toEqual([]);
    expect(door.calls).toHaveLength(129);
  });
});

describe('key values', () => {
  it('are in no answer', async () => {
    using door = openDoor(emulator);
    const { send } = door;
    const made = await send(new CreateApiKeyCommand({ name: 'acme', value: VALUE }));
    const plan = await send(new CreateUsagePlanCommand({ name: 'p' }));
    const ids = { usagePlanId: plan.id, keyId: made.id };
    const answers = [
      made,
      await send(new GetApiKeyCommand({ apiKey: made.id })),
      await send(new GetApiKeysCommand({})),
      await send(new CreateUsagePlanKeyCommand({ ...ids, keyType: 'API_KEY' })),
      await send(new GetUsagePlanKeyCommand(ids)),
      await send(new GetUsagePlanKeysCommand({ usagePlanId: plan.id })),
    ];
    expect(answers.map(({ $metadata }) => $metadata.httpStatusCode)).toEqual([
      201, 200, 200, 201, 200, 200,
    ]);
    expect(JSON.stringify(answers)).not.toContain(VALUE);
    expect(JSON.stringify(answers)).not.toContain('"value"');
  });

  it('can be compared, and only that', async () => {
    using door = openDoor(emulator);
    const id = await key(door.send, VALUE);
    const readingDoor = readOnly(door.send);
    expect(await valueEquals(readingDoor, id, VALUE)).toBe(true);
    expect(await valueEquals(readingDoor, id, VALUE.toUpperCase())).toBe(false);
    await expect(valueEquals(door.send, 'gone', VALUE)).rejects.toMatchObject({
      class: 'not-found',
    });
    emulator.clearRequests();
    await expect(
      door.send(new GetApiKeyCommand({ apiKey: id, includeValue: true })),
    ).rejects.toThrow(/may not ask for key values/);
    await expect(door.send(new GetApiKeysCommand({ includeValues: true }))).rejects.toThrow(
      /may not ask for key values/,
    );
    expect(emulator.requests).toHaveLength(0);
  });

  it('are in no error, neither the one being sent nor the one being compared', async () => {
    using door = openDoor(emulator);
    const id = await key(door.send);
    const leak = (operation: string) =>
      emulator.inject({
        operation,
        fault: {
          type: 'error',
          status: 400,
          code: 'BadRequestException',
          message: `bad value ${VALUE}`,
        },
      });
    leak('CreateApiKey');
    leak('GetApiKey');
    for (const failed of [
      await error(key(door.send, VALUE)),
      await error(valueEquals(door.send, id, VALUE)),
    ]) {
      const cause = failed.cause as Error;
      expect(
        [
          failed.message,
          failed.stack,
          cause.message,
          cause.stack,
          JSON.stringify(failed),
          JSON.stringify(cause),
        ].join(),
      ).not.toContain(VALUE);
      expect(failed.message).toContain('bad value (sensitive)');
    }
  });

  it('are in no error while anybody holds them in play', async () => {
    const inPlay = createLiveSecrets();
    using door = openDoor(emulator, { inPlay });
    emulator.inject({
      operation: 'GetApiKeys',
      fault: { type: 'error', status: 400, code: 'BadRequestException', message: `bad ${VALUE}` },
    });
    const [first, second] = [inPlay.add(VALUE), inPlay.add(VALUE)];
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect((await error(door.send(new GetApiKeysCommand({})))).message).toContain(
      'bad (sensitive)',
    );
    second[Symbol.dispose]();
    expect(inPlay.scrub(VALUE)).toBe(VALUE);
  });

  it('are scrubbed in every spelling, longest first', () => {
    const inPlay = createLiveSecrets();
    inPlay.add('a "quoted" value');
    inPlay.add('a "quoted" value and more');
    inPlay.add('');
    const text =
      'a "quoted" value and more, a%20%22quoted%22%20value, {"value":"a \\"quoted\\" value"}';
    expect(inPlay.scrub(text)).toBe('(sensitive), (sensitive), {"value":"(sensitive)"}');
  });
});

describe('the reading door', () => {
  it('refuses everything but Get, before anything is sent', async () => {
    using door = openDoor(emulator);
    const send = readOnly(door.send);
    await expect(send(new GetApiKeysCommand({}))).resolves.toMatchObject({ items: [] });
    emulator.clearRequests();
    for (const command of [
      new CreateApiKeyCommand({}),
      new UpdateApiKeyCommand({ apiKey: 'a', patchOperations: [] }),
      new DeleteApiKeyCommand({ apiKey: 'a' }),
      new TagResourceCommand({ resourceArn: 'a', tags: {} }),
    ]) {
      await expect(send(command as CreateApiKeyCommand)).rejects.toThrow(/is for reading only/);
    }
    expect(emulator.requests).toHaveLength(0);
  });
});

describe('a call', () => {
  it('is told of with its name, code, time and request id', async () => {
    using door = openDoor(emulator);
    await error(door.send(new GetApiKeyCommand({ apiKey: 'gone' })));
    await door.send(new GetApiKeysCommand({}));
    expect(door.calls).toMatchObject([
      {
        operation: 'GetApiKey',
        code: 'NotFoundException',
        attempt: 1,
        requestId: expect.any(String),
      },
      {
        operation: 'GetApiKeys',
        code: 'OK',
        attempt: 1,
        waitedMs: 0,
        requestId: expect.any(String),
      },
    ]);
  });

  it('that waits is dropped by its signal, and one in flight finishes', async () => {
    const clock = jumpingClock();
    const budget = createBudget({ requestsPerSecond: 1, burst: 1, clock });
    using door = openDoor(emulator, { clock, budget });
    const stop = new AbortController();
    const inFlight = door.send(new CreateApiKeyCommand({ name: 'in flight' }), {
      signal: stop.signal,
    });
    const waiting = door.send(new CreateApiKeyCommand({ name: 'waiting' }), {
      signal: stop.signal,
    });
    stop.abort(new Error('superseded'));
    await expect(waiting).rejects.toThrow('superseded');
    await expect(inFlight).resolves.toMatchObject({ name: 'in flight' });
    expect(keysLive()).toBe(1);
  });

  it('has a time of arrival, by the door’s clock; so have the items of a list', async () => {
    const clock = jumpingClock(5_000);
    using door = openDoor(emulator, { clock });
    await key(door.send);
    const answer = await door.send(new GetApiKeysCommand({}));
    expect([answer, ...(answer.items ?? [])].map(arrivedAt)).toEqual([5_000, 5_000]);
    expect(arrivedAt({})).toBe(0);
  });
});
