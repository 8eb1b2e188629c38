/** What holds for every fault, whatever call it hits. */
import { expect } from 'vitest';
import type { FaultCase } from './fault-cases.ts';
import type { Suffered } from './fault-matrix.ts';

export function expectSaid(
  { report, events, writes, recovered }: Suffered,
  { effect, absorbed }: FaultCase,
  operation: string,
): void {
  const isAbsorbed = absorbed?.test(operation) ?? false;
  expect(report.state, operation).toBe(isAbsorbed ? 'in-sync' : 'failing');
  if (!isAbsorbed)
    expect(events, operation).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(target|step)\.failed$/)]),
    );
  // STS is asked once per connection, by the SDK itself.
  if (effect.type === 'throttle' && operation !== 'GetCallerIdentity')
    expect(events, operation).toContain('api.throttled');
  // Unreadable is not absent.
  if (events.includes('target.failed')) expect(writes, operation).toEqual([]);
  expect(recovered.passes, operation).toBeLessThanOrEqual(2);
}
