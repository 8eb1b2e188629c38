import { CreateApiKeyCommand, type GetApiKeysCommand } from '@aws-sdk/client-api-gateway';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import {
  listApiKeys,
  listDeployments,
  listRestApis,
  listUsagePlanKeys,
  listUsagePlans,
} from '../../src/gateway/paginate.ts';
import type { Send } from '../../src/gateway/send.ts';
import { openDoor } from './door.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => emulator.clearFaults());

/** A door that gives these pages, one after the other. */
function giving(
  ...pages: { items: { id: string }[]; position?: string }[]
): Send & { asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  const send = async (command: unknown) => {
    asked.push((command as GetApiKeysCommand).input.position);
    return pages[Math.min(asked.length, pages.length) - 1];
  };
  return Object.assign(send as unknown as Send, { asked });
}

describe('a list', () => {
  it('is read to its end, 500 at a time', async () => {
    using door = openDoor(emulator);
    await Promise.all(
      Array.from({ length: 1001 }, (_, count) =>
        door.send(new CreateApiKeyCommand({ name: `key ${count}` })),
      ),
    );
    emulator.clearRequests();
    const keys = await listApiKeys(door.send);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1001);
    expect(emulator.requests.map(({ operation }) => operation)).toEqual([
      'GetApiKeys',
      'GetApiKeys',
      'GetApiKeys',
    ]);
  });

  it('fails as a whole when one page fails', async () => {
    using door = openDoor(emulator);
    emulator.inject({
      operation: 'GetApiKeys',
      skip: 1,
      fault: { type: 'error', status: 403, code: 'AccessDeniedException', message: 'no' },
    });
    await expect(listApiKeys(door.send)).rejects.toMatchObject({ class: 'denied' });
  });

  it('names an id once, as the later page shows it', async () => {
    const send = giving(
      { items: [{ id: 'a' }, { id: 'b' }], position: '1' },
      { items: [{ id: 'b' }, { id: 'c' }] },
    );
    expect((await listApiKeys(send)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(send.asked).toEqual([undefined, '1']);
  });

  it('that does not end is an error', async () => {
    await expect(listApiKeys(giving({ items: [], position: '1' }))).rejects.toThrow(
      'GetApiKeys does not end',
    );
  });

  it('is empty where there is nothing', async () => {
    using door = openDoor(emulator);
    expect(await listUsagePlans(door.send)).toEqual([]);
    expect(await listRestApis(door.send)).toEqual([]);
    expect(await listUsagePlanKeys(door.send, 'gone')).toEqual([]);
    await expect(listDeployments(door.send, 'gone')).rejects.toMatchObject({ class: 'not-found' });
  });
});
