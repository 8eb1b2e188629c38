import type { APIGateway } from '@aws-sdk/client-api-gateway';
import { afterEach } from 'vitest';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.ts';
import { clientOf } from '../conformance/harness.ts';

const open: (() => unknown)[] = [];

/** Closes what `start` opened, after each test of the file. */
export function closeAfterEach(): void {
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });
}

export async function start(
  options: EmulatorOptions = {},
): Promise<{ emulator: Emulator; gateway: APIGateway }> {
  const emulator = await startEmulator(options);
  const gateway = clientOf(emulator);
  open.push(() => gateway.destroy(), emulator.close);
  return { emulator, gateway };
}

/** The promise's rejection; undefined when it was fulfilled. */
export const failure = (
  call: Promise<unknown>,
): Promise<(Error & { code?: string; $metadata?: { httpStatusCode?: number } }) | undefined> =>
  call.then(
    () => undefined,
    (reason) => reason,
  );
