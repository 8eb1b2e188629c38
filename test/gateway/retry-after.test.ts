import {
  CreateUsagePlanCommand,
  GetApiKeysCommand,
  UpdateUsagePlanCommand,
} from '@aws-sdk/client-api-gateway';
import { describe, expect, it } from 'vitest';
import { URGENCY } from '../../src/core/schedule/urgency.ts';
import { startEmulator } from '../../src/emulator/index.ts';
import { createBudget, MOST_URGENT } from '../../src/gateway/budget.ts';
import { jumpingClock, virtualClock } from './clocks.ts';
import { openDoor } from './door.ts';
import { answerWith, startLoopback } from './loopback.ts';

/** Refuses so many calls with this `Retry-After`, and then answers. */
const refusing = (retryAfter: string, times = 1, status = 429) =>
  startLoopback((response, before) => {
    if (before >= times) return answerWith(response, '{"item": []}');
    const name = status === 429 ? 'TooManyRequestsException' : 'ServiceUnavailableException';
    const headers = { 'x-amzn-errortype': name, 'retry-after': retryAfter };
    answerWith(response, '{"message": "no"}', { status, headers });
  });

/** A door with room for every call, and how long a call took by its clock. */
function timed(server: { readonly url: string }) {
  const clock = jumpingClock();
  const budget = createBudget({ requestsPerSecond: 100, burst: 100, clock });
  const door = openDoor(server, { clock, budget });
  return {
    door,
    async read(urgency?: number): Promise<number> {
      const start = clock.now();
      await door.send(new GetApiKeysCommand({}), { urgency });
      return clock.now() - start;
    },
    [Symbol.dispose]: () => door[Symbol.dispose](),
  };
}

describe('Retry-After', () => {
  it.each(['61', '99999999', '1e300', `1${'0'.repeat(400)}`])(
    'of %s seconds counts as a minute at most',
    async (retryAfter) => {
      for (const status of [429, 503]) {
        await using server = await refusing(retryAfter, 1, status);
        using call = timed(server);
        expect(await call.read()).toBeLessThanOrEqual(60_000);
      }
    },
  );

  it('of a hundred years waits a minute', async () => {
    await using server = await refusing('3153600000');
    using call = timed(server);
    expect(await call.read()).toBe(60_000);
  });

  it.each(['soon', '-5', 'Wed, 21 Oct 2099 07:28:00 GMT', '2099-10-21T07:28:00Z', '12 minutes'])(
    'of %j counts for nothing: the back-off does',
    async (retryAfter) => {
      for (const status of [429, 503]) {
        await using server = await refusing(retryAfter, 1, status);
        using call = timed(server);
        const waited = await call.read();
        expect(waited).toBeGreaterThanOrEqual(125);
        expect(waited).toBeLessThanOrEqual(251);
      }
    },
  );
});

describe('a revocation', () => {
  it('has the urgency that the gateway knows as the most urgent', () => {
    expect(MOST_URGENT).toBe(URGENCY.revoke);
  });

  it('is tried again after 2 s, whatever the service says, and others wait as told', async () => {
    for (const [urgency, waited] of [
      [URGENCY.revoke, 2000],
      [URGENCY.restore, 30_000],
      [undefined, 30_000],
    ] as const) {
      await using server = await refusing('30');
      using call = timed(server);
      expect(await call.read(urgency)).toBe(waited);
    }
  });

  it('waits no longer than the service says', async () => {
    await using server = await refusing('1');
    using call = timed(server);
    expect(await call.read(URGENCY.revoke)).toBe(1000);
  });

  it('does not use up its tries before the time that the service said is over', async () => {
    await using server = await refusing('60', 30);
    using call = timed(server);
    expect(await call.read(URGENCY.revoke)).toBe(60_000);
    expect(call.door.calls).toHaveLength(31);
  });

  it.each(['0', '0.001', '1'])(
    'counts its tries where the service says %s s',
    async (retryAfter) => {
      await using server = await refusing(retryAfter, 1000);
      using call = timed(server);
      await expect(call.read(URGENCY.revoke)).rejects.toMatchObject({ class: 'throttled' });
      expect(call.door.calls).toHaveLength(8);
    },
  );

  it('gives up after 5 minutes', async () => {
    await using server = await refusing('60', 1000);
    using call = timed(server);
    await expect(call.read(URGENCY.revoke)).rejects.toMatchObject({ class: 'throttled' });
    expect(call.door.calls.length).toBeLessThanOrEqual(152);
  });

  it('does not wait for the quota of its operation after it was refused', async () => {
    await using emulator = await startEmulator();
    const clock = jumpingClock();
    const budget = createBudget({ requestsPerSecond: 100, burst: 100, clock });
    using door = openDoor(emulator, { clock, budget });
    const { id: usagePlanId } = await door.send(new CreateUsagePlanCommand({ name: 'p' }));
    emulator.inject({ operation: 'UpdateUsagePlan', times: 1, fault: { type: 'throttle' } });
    const patchOperations = [{ op: 'replace' as const, path: '/name', value: 'q' }];
    const urgency = URGENCY.revoke;
    await door.send(new UpdateUsagePlanCommand({ usagePlanId, patchOperations }), { urgency });
    expect(door.calls.at(-1)).toMatchObject({ code: 'OK', waitedMs: 2000 });
    // The call that was carried out counts.
    await door.send(new UpdateUsagePlanCommand({ usagePlanId, patchOperations }), { urgency });
    expect(door.calls.at(-1)).toMatchObject({ code: 'OK', waitedMs: 20_000 });
  });
});

describe('a pause', () => {
  it('does not keep a revocation behind a read that waits', async () => {
    const clock = virtualClock();
    const budget = createBudget({ requestsPerSecond: 10, burst: 10, clock });
    const start = clock.now();
    const log: [string, number][] = [];
    const take = async (name: string, urgency?: number) => {
      using _turn = await budget.take('GetApiKeys', { urgency });
      log.push([name, clock.now() - start]);
    };
    budget.pause(30_000);
    const all = [take('read'), take('attach', URGENCY.attach), take('revoke', URGENCY.revoke)];
    await clock.advance(1500);
    // A further pause does not begin the 2 s anew.
    budget.pause(30_000);
    await clock.advance(60_000);
    await Promise.all(all);
    expect(log).toEqual([
      ['revoke', 2000],
      ['read', 31_500],
      ['attach', 31_500],
    ]);
  });
});
