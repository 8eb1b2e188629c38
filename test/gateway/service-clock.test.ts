import { APIGatewayClient, GetAccountCommand, GetApiKeyCommand } from '@aws-sdk/client-api-gateway';
import { expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { followServiceClock } from '../../src/gateway/service-clock.ts';
import { jumpingClock } from './clocks.ts';
import { openDoor } from './door.ts';

const MINUTE_MS = 60_000;

it.each<[reason: string, aheadMs: number]>([
  ['the host is right', 0],
  ['the host is ahead', 10 * MINUTE_MS],
  ['the host is behind', -10 * MINUTE_MS],
])('%s, as the service’s answers say, refusals included', async (_, aheadMs) => {
  const clock = jumpingClock();
  let service = 1_700_000_000_000;
  await using emulator = await startEmulator({ clock: () => service });
  const client = new APIGatewayClient({
    endpoint: emulator.url,
    region: 'eu-west-2',
    credentials: { accessKeyId: 'AKIA123456789012TEST', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  using door = openDoor(emulator, { client, clock });
  const followed = followServiceClock(client, { ...clock, now: () => 1_700_000_000_000 + aheadMs });
  expect(followed.aheadMs).toBeUndefined();
  await door.send(new GetAccountCommand({}));
  expect(followed.aheadMs).toBe(aheadMs);
  service += MINUTE_MS;
  await expect(door.send(new GetApiKeyCommand({ apiKey: 'unknown' }))).rejects.toThrow();
  expect(followed.aheadMs).toBe(aheadMs - MINUTE_MS);
});
