/** Each fault on each kind of call: what is repeated, what fails, what is said, and that all is well when it ends. */
import { beforeAll, describe, expect, test } from 'vitest';
import { faultCases } from './fault-cases.ts';
import { expectSaid } from './fault-law.ts';
import { type Staged, stages, suffer } from './fault-matrix.ts';
import { figure, thorough } from './figures.ts';

/** Not all that the scenarios use, so that `npm test` stays quick: `npm run reliability` takes every one. */
const OPERATIONS = {
  memory: [
    'GetCallerIdentity',
    'GetUsagePlanKeys',
    'GetStages',
    'GetApiKey',
    'CreateApiKey',
    'UpdateApiKey',
    'DeleteApiKey',
    'CreateUsagePlan',
    'UpdateUsagePlan',
    'DeleteUsagePlan',
    'CreateUsagePlanKey',
    'DeleteUsagePlanKey',
    'CreateStage',
    'UpdateStage',
    'UntagResource',
  ],
  socket: ['CreateStage', 'UpdateUsagePlan', 'DeleteApiKey', 'UntagResource'],
};

let staged: ReadonlyMap<string, Staged>;
beforeAll(async () => {
  staged = await stages();
});
const stageOf = (operation: string) =>
  staged.get(operation) ?? expect.fail(`no scenario calls ${operation}`);

describe.each(faultCases)('$name', (fault) => {
  const { sent } = fault;
  test.each([
    ['a read', 'GetApiKeys', 1, sent.read],
    ['a detach', 'DeleteUsagePlanKey', 2, sent.detach],
    ['a create', 'CreateApiKey', 2, sent.create],
    ['an attach', 'CreateUsagePlanKey', 4, sent.attach],
  ])('%s is sent as often as the table says', async (_, operation, objects, times) => {
    const { requests } = await suffer(stageOf(operation), fault, { operation });
    const calls = requests.filter((request) => request.operation === operation).length;
    expect(calls).toBe(Math.min(objects, fault.most ?? objects) * times);
  });

  test.each(OPERATIONS[fault.socket ? 'socket' : 'memory'])(
    'on %s is said, and over when it ends',
    async (operation) => {
      expectSaid(await suffer(stageOf(operation), fault, { operation }), fault, operation);
      figure('faults on single operations, got over', 1);
    },
  );

  test('once is no harm where the call can be repeated', async () => {
    const { report, recovered } = await suffer(stageOf('CreateApiKey'), fault, {
      operation: 'CreateApiKey',
      times: 1,
    });
    expect(report.state).toBe(sent.create > 1 || fault.absorbed ? 'in-sync' : 'failing');
    expect(recovered.passes).toBeLessThanOrEqual(1);
  });

  if (!thorough) return;
  test('on every operation, once and for the whole pass', async () => {
    for (const [operation, staging] of staged) {
      expectSaid(await suffer(staging, fault, { operation }), fault, operation);
      const { recovered } = await suffer(staging, fault, { operation, times: 1 });
      expect(recovered.passes, operation).toBeLessThanOrEqual(2);
      figure('faults on single operations, got over', 2);
    }
  });
});
