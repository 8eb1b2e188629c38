import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createCoalescer } from '../../src/engine/daemon/coalesce.ts';
import { createDebounce } from '../../src/engine/daemon/debounce.ts';
import {
  createPassQueue,
  type PassCause,
  type PassControl,
  type PassEnd,
} from '../../src/engine/daemon/pass-queue.ts';
import { virtualClock } from '../gateway/clocks.ts';

const GOOD: PassEnd = { superseded: false, retryable: false };
const FAILED: PassEnd = { superseded: false, retryable: true };
const CUT_SHORT: PassEnd = { superseded: true, retryable: false };

/** A loop whose passes last until the test ends them. */
function loopByHand() {
  const clock = virtualClock();
  const passes: {
    readonly occasion: PassCause;
    readonly control: PassControl;
    end(how?: PassEnd): Promise<void>;
  }[] = [];
  let running = 0;
  let most = 0;
  const loop = createPassQueue(async (occasion, control) => {
    const { promise, resolve } = Promise.withResolvers<PassEnd>();
    const end = async (how = GOOD) => {
      resolve(how);
      await nextTurn();
    };
    passes.push({ occasion, control, end });
    most = Math.max(most, ++running);
    try {
      return await promise;
    } finally {
      running--;
    }
  }, clock);
  return {
    clock,
    loop,
    passes,
    get last() {
      const last = passes.at(-1);
      if (!last) throw new Error('no pass has begun');
      return last;
    },
    get occasions() {
      return passes.map(({ occasion }) => occasion);
    },
    get mostAtOnce() {
      return most;
    },
  };
}

describe('a loop', () => {
  test('makes one pass at a time, and one more of all that came meanwhile', async () => {
    const hand = loopByHand();
    hand.loop.request('schedule');
    hand.loop.request('schedule');
    expect(hand.occasions).toEqual(['schedule']);
    for (const cue of ['change', 'schedule', 'signal', 'change', 'request'] as const)
      hand.loop.request(cue);
    await hand.last.end();
    expect(
      hand.occasions,
      'the one that was asked for by a person reads everything, so it stands for all',
    ).toEqual(['schedule', 'request']);
    await hand.last.end();
    expect(hand.passes).toHaveLength(2);
    expect(hand.mostAtOnce).toBe(1);
    expect(hand.loop.isRunning).toBe(false);
  });

  test.each([
    ['change', true],
    ['signal', true],
    ['request', true],
    ['schedule', false],
  ] as const)('a running pass is told of a %s: %s', async (cue, isTold) => {
    const hand = loopByHand();
    hand.loop.request('schedule');
    let told = 0;
    using _ = hand.last.control.newer.listen(() => told++);
    hand.loop.request(cue);
    hand.loop.request(cue);
    expect(hand.last.control.newer.hasArrived).toBe(isTold);
    expect(told, 'each arrival may bring a revocation').toBe(isTold ? 2 : 0);
    expect(hand.last.control.signal.aborted, 'its reading goes on').toBe(false);
    await hand.last.end();
    expect(hand.last.occasion).toBe(cue);
    expect(hand.last.control.newer.hasArrived).toBe(false);
    await hand.last.end();
  });

  test.each([
    {
      first: 'schedule',
      interruptedBy: 'change',
      next: ['change'],
      reason: 'the reading was finished and kept, and is not made again',
    },
    {
      first: 'signal',
      interruptedBy: 'change',
      next: ['change'],
      reason: 'the reading that was asked for is there',
    },
    {
      first: 'schedule',
      interruptedBy: 'signal',
      next: ['signal'],
      reason: 'which reads everything itself',
    },
    {
      first: 'change',
      interruptedBy: 'change',
      next: ['change'],
      reason: 'a change reads only what changed',
    },
  ] as const)(
    'a pass for a $first that gives way to a $interruptedBy: $reason',
    async ({ first, interruptedBy, next }) => {
      const hand = loopByHand();
      hand.loop.request(first);
      hand.loop.request(interruptedBy);
      await hand.last.end(CUT_SHORT);
      for (const _ of next) await hand.last.end();
      expect(hand.occasions).toEqual([first, ...next]);
      expect(hand.loop.isRunning).toBe(false);
    },
  );

  test('what failed for a reason that passes is tried again, later and later, five minutes apart at most', async () => {
    const hand = loopByHand();
    hand.loop.request('change');
    await hand.last.end(FAILED);
    const waits: number[] = [];
    for (let retry = 1; retry <= 9; retry++) {
      const since = hand.clock.now();
      while (hand.passes.length <= retry) await hand.clock.advance(500);
      waits.push(hand.clock.now() - since);
      expect(hand.last.occasion).toBe('retry');
      await hand.last.end(FAILED);
    }
    for (const [index, wait] of waits.entries()) {
      const whole = Math.min(300_000, 5_000 * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(whole / 2);
      expect(wait).toBeLessThanOrEqual(whole + 500);
    }
  });

  test('a pass that begins before takes the place of the retry', async () => {
    const hand = loopByHand();
    hand.loop.request('schedule');
    await hand.last.end(FAILED);
    hand.loop.request('schedule');
    await hand.last.end(GOOD);
    await hand.clock.advance(3_600_000);
    expect(hand.occasions).toEqual(['schedule', 'schedule']);
  });

  test('a success begins the waits anew', async () => {
    const hand = loopByHand();
    hand.loop.request('schedule');
    for (const end of [FAILED, FAILED, FAILED, GOOD]) {
      await hand.last.end(end);
      await hand.clock.advance(60_000);
    }
    hand.loop.request('change');
    await hand.last.end(FAILED);
    await hand.clock.advance(5_000);
    expect(hand.last.occasion).toBe('retry');
    await hand.last.end();
  });

  test('it ends with the pass that runs, and begins no other', async () => {
    const hand = loopByHand();
    hand.loop.request('schedule');
    hand.loop.request('schedule');
    let over = false;
    const ending = hand.loop[Symbol.asyncDispose]().then(() => {
      over = true;
    });
    expect(hand.last.control.signal.reason).toEqual(new Error('apikeeper stopped before its turn'));
    await nextTurn();
    expect(over).toBe(false);
    await hand.last.end(FAILED);
    await ending;
    hand.loop.request('request');
    await hand.clock.advance(3_600_000);
    expect(hand.passes).toHaveLength(1);
  });
});

describe('batches', () => {
  test('one turn is one batch, and what comes meanwhile is the next', async () => {
    const seen: string[][] = [];
    const batches = createCoalescer<string>(async (batch) => {
      seen.push([...batch]);
      if (seen.length === 1) for (const late of ['c', 'd']) void batches.add(late);
      await nextTurn();
    });
    void batches.add('a');
    await batches.add('b');
    expect(seen).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(batches.isWorking).toBe(false);
  });

  test('who adds learns of a failure, and the next batch is worked off all the same', async () => {
    let failures = 1;
    const batches = createCoalescer<string>(async () => {
      if (failures-- > 0) throw new Error('unreadable');
    });
    await expect(batches.add('a')).rejects.toThrow('unreadable');
    await expect(batches.add('b')).resolves.toBeUndefined();
  });
});

describe('quiet', () => {
  test('comes once, so long after the last thing that was heard', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const quiet: number[] = [];
    using ear = createDebounce(500, clock, () => quiet.push(clock.now() - start));
    for (let step = 0; step < 3; step++) {
      ear.heard();
      await clock.advance(400);
    }
    await clock.advance(10_000);
    expect(quiet).toEqual([1_300]);
  });

  test('is not waited for forever', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const quiet: number[] = [];
    using ear = createDebounce(500, clock, () => quiet.push(clock.now() - start));
    for (let step = 0; step < 60; step++) {
      ear.heard();
      await clock.advance(400);
    }
    expect(quiet).toEqual([10_000, 20_000]);
  });

  test('what waits when it ends, is not called', async () => {
    const clock = virtualClock();
    let calls = 0;
    const ear = createDebounce(500, clock, () => calls++);
    ear.heard();
    ear[Symbol.dispose]();
    await clock.advance(10_000);
    expect(calls).toBe(0);
  });
});
