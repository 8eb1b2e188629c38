/** A door to an emulator, for tests. */
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import type { Clock } from '../../src/core/model/clock.ts';
import type { Emulator } from '../../src/emulator/index.ts';
import { createBudget } from '../../src/gateway/budget.ts';
import { createSend, type Send, type SendSettings, type SentCall } from '../../src/gateway/send.ts';
import { jumpingClock } from './clocks.ts';

export interface Door extends Disposable {
  readonly send: Send;
  /** Every attempt, in order. */
  readonly calls: SentCall[];
  readonly clock: Clock;
}

/** Without quotas of its own, unless a budget is given. */
export function openDoor(
  emulator: Pick<Emulator, 'url'>,
  settings: Partial<SendSettings> = {},
): Door {
  const clock = settings.clock ?? jumpingClock();
  const client =
    settings.client ??
    new APIGatewayClient({
      endpoint: emulator.url,
      region: 'eu-west-2',
      credentials: { accessKeyId: 'AKIA123456789012TEST', secretAccessKey: 'secret' },
      maxAttempts: 1,
    });
  const calls: SentCall[] = [];
  const budget =
    settings.budget ??
    createBudget({ requestsPerSecond: 1000, burst: 1000, clock, operationQuotas: false });
  const send = createSend({
    ...settings,
    client,
    budget,
    clock,
    onCall: (call) => calls.push(call),
  });
  return { send, calls, clock, [Symbol.dispose]: () => client.destroy() };
}
