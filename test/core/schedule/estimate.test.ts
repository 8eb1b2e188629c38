import { describe, expect, it } from 'vitest';
import { duration, estimate, type Pace } from '../../../src/core/schedule/estimate.ts';

const PACE: Pace = {
  requestsPerSecond: 5,
  burst: 20,
  quotas: {
    UpdateUsagePlan: { requests: 1, perSeconds: 20 },
    CreateApiKey: { requests: 5, perSeconds: 1 },
  },
};
const calls = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).flatMap(([name, count]) => Array<string>(count).fill(name));

describe('how long a plan takes', () => {
  it.each<
    [
      why: string,
      counts: Record<string, number>,
      pace: Pace,
      seconds: number,
      binding: string,
      text: string,
    ]
  >([
    ['one call', { TagResource: 1 }, PACE, 0, 'total', '1 call, at once'],
    ['as many as the burst', { TagResource: 20 }, PACE, 0, 'total', '20 calls, at once'],
    [
      'more than the burst',
      { TagResource: 70 },
      PACE,
      10,
      'total',
      '70 calls at 5 per second ≈ 10 s',
    ],
    [
      'the first of a quiet account waits for nothing',
      { UpdateUsagePlan: 1 },
      PACE,
      0,
      'total',
      '1 call, at once',
    ],
    [
      'fourteen plans',
      { UpdateUsagePlan: 14, TagResource: 14 },
      PACE,
      260,
      'UpdateUsagePlan',
      '28 calls; 14 × UpdateUsagePlan at 1 per 20 s ≈ 4 min 20 s',
    ],
    [
      'several in each period',
      { CreateApiKey: 26 },
      { ...PACE, requestsPerSecond: 1000 },
      5,
      'CreateApiKey',
      '26 calls; 26 × CreateApiKey at 5 per second ≈ 5 s',
    ],
    [
      'the account’s own pace binds where it is slower',
      { UpdateUsagePlan: 2, TagResource: 998 },
      PACE,
      196,
      'total',
      '1000 calls at 5 per second ≈ 3 min 16 s',
    ],
    [
      'no quotas of operations',
      { UpdateUsagePlan: 14 },
      { ...PACE, quotas: {} },
      0,
      'total',
      '14 calls, at once',
    ],
  ])('%s', (_, counts, pace, seconds, binding, text) => {
    expect(estimate(calls(counts), pace)).toEqual({ calls: counts, seconds, binding, text });
  });

  it.each([
    [0, '0 s'],
    [59.4, '59 s'],
    [60, '1 min'],
    [280, '4 min 40 s'],
    [3600, '1 h'],
    [5940, '1 h 39 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
