/** What holds for every fault, whatever call it hits. */
import { expect } from 'vitest';
import type { FaultCase } from './fault-cases.ts';
import type { Suffered } from './fault-matrix.ts';

/** Lists of one API. */
const PER_API = /^Get(Stages|Resources|Deployment)$/;
const ELSEWHERE = /(ApiKey|UsagePlan|UsagePlanKey|TagResource|UntagResource)$/;
const REVOKING = /^(UpdateApiKey|DeleteUsagePlanKey|UpdateUsagePlan)$/;

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
  // Unreadable is not absent: a list that fails lets nothing through but revocations, and what needs no API's stages where only these failed.
  if (events.includes('target.failed')) {
    const isAllowed = PER_API.test(operation) ? ELSEWHERE : REVOKING;
    const others = writes.filter((write) => !isAllowed.test(write.operation));
    expect(others, operation).toEqual([]);
  }
  expect(recovered.passes, operation).toBeLessThanOrEqual(2);
}
