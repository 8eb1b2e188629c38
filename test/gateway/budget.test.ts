import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newQuotas } from '../../src/emulator/quotas.ts';
import { createBudget, OPERATION_QUOTAS, type Turn } from '../../src/gateway/budget.ts';
import { type VirtualClock, virtualClock } from './clocks.ts';

/** Takes a turn, and notes when it came. */
function note(
  clock: VirtualClock,
  log: [string, number][],
  name: string,
  turn: Promise<Turn>,
  answerAfter = 0,
): Promise<void> {
  const start = clock.now();
  return turn.then(async (given) => {
    log.push([name, clock.now() - start]);
    if (answerAfter > 0) await clock.sleep(answerAfter);
    given[Symbol.dispose]();
  });
}

describe('the account bucket', () => {
  it('gives the burst at once, and then the rate', async () => {
    const clock = virtualClock();
    const budget = createBudget({ requestsPerSecond: 2, burst: 3, clock });
    const log: [string, number][] = [];
    for (let call = 0; call < 6; call++) note(clock, log, 'call', budget.take('GetApiKeys'));
    await clock.advance(10_000);
    expect(log.map(([, at]) => at)).toEqual([0, 0, 0, 500, 1000, 1500]);
    expect(budget.waitedMs).toBe(3000);
  });

  it('serves the urgent first, then who came first', async () => {
    const clock = virtualClock();
    const budget = createBudget({ requestsPerSecond: 1, burst: 1, clock });
    const log: [string, number][] = [];
    note(clock, log, 'first', budget.take('GetApiKeys'));
    note(clock, log, 'later a', budget.take('GetApiKeys', { urgency: 5 }));
    note(clock, log, 'later b', budget.take('GetApiKeys', { urgency: 5 }));
    note(clock, log, 'revoke', budget.take('UpdateApiKey', { urgency: 0 }));
    await clock.advance(10_000);
    expect(log.map(([name]) => name)).toEqual(['first', 'revoke', 'later a', 'later b']);
  });

  it('forgets a call whose signal aborts, with the reason, and serves the next', async () => {
    const clock = virtualClock();
    const budget = createBudget({ requestsPerSecond: 1, burst: 1, clock });
    const log: [string, number][] = [];
    const stop = new AbortController();
    note(clock, log, 'first', budget.take('GetApiKeys'));
    const dropped = budget.take('GetApiKeys', { signal: stop.signal });
    note(clock, log, 'last', budget.take('GetApiKeys'));
    stop.abort(new Error('superseded'));
    await expect(dropped).rejects.toThrow('superseded');
    await expect(budget.take('GetApiKeys', { signal: stop.signal })).rejects.toThrow('superseded');
    await clock.advance(1000);
    expect(log).toEqual([
      ['first', 0],
      ['last', 1000],
    ]);
  });

  it('stands still, and no more, while the clock is set back', async () => {
    const clock = virtualClock();
    let offset = 0;
    const budget = createBudget({
      requestsPerSecond: 1,
      burst: 1,
      clock: { now: () => clock.now() + offset, sleep: clock.sleep },
    });
    const log: [string, number][] = [];
    note(clock, log, 'first', budget.take('UpdateUsagePlan'));
    await clock.advance(0);
    offset = -3_600_000;
    note(clock, log, 'second', budget.take('UpdateUsagePlan'));
    await clock.advance(25_000);
    expect(log.map(([name]) => name)).toEqual(['first', 'second']);
  });
});

describe('quotas of single operations', () => {
  it.each(Object.entries(OPERATION_QUOTAS))(
    'keeps %s within its quota, counted from answers',
    async (operation, quota) => {
      const clock = virtualClock();
      const budget = createBudget({ requestsPerSecond: 100, burst: 100, clock });
      const log: [string, number][] = [];
      const latency = 40;
      for (let call = 0; call < quota.requests * 3; call++)
        note(clock, log, 'call', budget.take(operation), latency);
      await clock.advance(200_000);
      const period = quota.perSeconds * 1000 + latency;
      const rounds = [0, period, 2 * period];
      expect(log.map(([, at]) => at)).toEqual(
        rounds.flatMap((at) => Array(quota.requests).fill(at)),
      );
    },
  );

  it('keeps nobody else waiting', async () => {
    const clock = virtualClock();
    const budget = createBudget({ requestsPerSecond: 100, burst: 100, clock });
    const log: [string, number][] = [];
    for (const name of ['plan 1', 'plan 2'])
      note(clock, log, name, budget.take('UpdateUsagePlan', { urgency: 0 }));
    note(clock, log, 'key', budget.take('UpdateApiKey', { urgency: 9 }));
    await clock.advance(60_000);
    expect(log).toEqual([
      ['plan 1', 0],
      ['key', 0],
      ['plan 2', 20_000],
    ]);
  });

  it('can be switched off', async () => {
    const clock = virtualClock();
    const budget = createBudget({
      requestsPerSecond: 100,
      burst: 100,
      clock,
      operationQuotas: false,
    });
    const log: [string, number][] = [];
    for (let call = 0; call < 10; call++) note(clock, log, 'call', budget.take('UpdateUsagePlan'));
    await clock.advance(0);
    expect(log).toHaveLength(10);
  });
});

describe('a pause', () => {
  it('holds everybody, and halves the share, which comes back slowly', async () => {
    const clock = virtualClock();
    const budget = createBudget({ requestsPerSecond: 10, burst: 10, clock });
    const log: [string, number][] = [];
    budget.pause(2000);
    budget.pause(2000);
    expect(budget.share).toBe(0.5);
    for (let call = 0; call < 3; call++) note(clock, log, 'call', budget.take('GetApiKeys'));
    await clock.advance(1999);
    expect(log).toHaveLength(0);
    await clock.advance(1);
    expect(log.length).toBeGreaterThan(0);
    await clock.advance(8000);
    expect(budget.share).toBeCloseTo(0.6, 5);
    await clock.advance(60_000);
    expect(budget.share).toBe(1);
  });

  it('never lowers the share below a tenth', () => {
    const clock = virtualClock();
    const budget = createBudget({ requestsPerSecond: 10, burst: 10, clock });
    for (let round = 0; round < 10; round++) budget.pause(0);
    expect(budget.share).toBe(0.1);
  });

  it('of one operation holds that operation alone', async () => {
    const clock = virtualClock();
    const budget = createBudget({ requestsPerSecond: 10, burst: 10, clock });
    const log: [string, number][] = [];
    budget.pause(7000, 'UpdateUsagePlan');
    note(clock, log, 'plan', budget.take('UpdateUsagePlan'));
    note(clock, log, 'key', budget.take('UpdateApiKey'));
    await clock.advance(10_000);
    expect(log).toEqual([
      ['key', 0],
      ['plan', 7000],
    ]);
    expect(budget.share).toBe(1);
  });
});

describe('any traffic', () => {
  const operation = fc.constantFrom(...Object.keys(OPERATION_QUOTAS), 'GetApiKeys', 'UpdateApiKey');
  const call = fc.record({
    operation,
    startAt: fc.integer({ min: 0, max: 20_000 }),
    there: fc.integer({ min: 0, max: 1500 }),
    back: fc.integer({ min: 0, max: 1500 }),
    urgency: fc.integer({ min: 0, max: 3 }),
  });

  it("stays within the service's quotas, however long calls are on their way", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 80 }), async (calls) => {
        const clock = virtualClock();
        const budget = createBudget({ requestsPerSecond: 5, burst: 20, clock });
        const arrivals: { operation: string; at: number }[] = [];
        const all = calls.map(async ({ operation, startAt, there, back, urgency }) => {
          await clock.sleep(startAt);
          using _turn = await budget.take(operation, { urgency });
          await clock.sleep(there);
          arrivals.push({ operation, at: clock.now() });
          await clock.sleep(back);
        });
        await clock.advance(80 * 25_000);
        await Promise.all(all);
        const service = newQuotas('real');
        for (const { operation, at } of arrivals)
          service.take('account', operation, at, () => false);
        expect(arrivals).toHaveLength(calls.length);
      }),
      { numRuns: Number(process.env.APIKEEPER_TEST_RUNS ?? 30) },
    );
  });
});
