import {
  CreateApiKeyCommand,
  DeleteApiKeyCommand,
  GetApiKeyCommand,
  GetStageCommand,
  GetStagesCommand,
  GetUsagePlanCommand,
  GetUsagePlanKeyCommand,
} from '@aws-sdk/client-api-gateway';
import { describe, expect, it } from 'vitest';
import { listApiKeys, listUsagePlans } from '../../src/gateway/paginate.ts';
import type { Send } from '../../src/gateway/send.ts';
import { openDoor } from './door.ts';
import { answerWith, startLoopback } from './loopback.ts';

/** What comes of a call whose every answer has this body. */
async function answered<Result>(
  body: string,
  call: (send: Send) => Promise<Result>,
  status = 200,
): Promise<Result> {
  await using server = await startLoopback((response) =>
    answerWith(response, body, { status, headers: { 'x-amzn-requestid': 'r-1' } }),
  );
  using door = openDoor(server, { retry: { attempts: 2 } });
  return await call(door.send);
}

const unreadable = { class: 'transient', code: 'UnreadableAnswer', requestId: 'r-1' };

describe('a list', () => {
  it.each(['[]', 'null', '"item"', '7', '', '<html></html>', '{"item": {}}', '{"item": "none"}'])(
    'is not empty because the answer is %j: the read fails',
    async (body) => {
      await expect(answered(body, (send) => listApiKeys(send))).rejects.toMatchObject(unreadable);
      await expect(answered(body, (send) => listUsagePlans(send))).rejects.toMatchObject(
        unreadable,
      );
      const stages = (send: Send) => send(new GetStagesCommand({ restApiId: 'a' }));
      await expect(answered(body, stages)).rejects.toMatchObject(unreadable);
    },
  );

  it.each(['{}', '{"item": []}', '{"item": null}'])(
    'is empty where the answer is %s',
    async (body) => expect(await answered(body, (send) => listApiKeys(send))).toEqual([]),
  );
});

describe('one object', () => {
  const reads: Readonly<Record<string, (send: Send) => Promise<unknown>>> = {
    key: (send) => send(new GetApiKeyCommand({ apiKey: 'k' })),
    plan: (send) => send(new GetUsagePlanCommand({ usagePlanId: 'p' })),
    stage: (send) => send(new GetStageCommand({ restApiId: 'a', stageName: 's' })),
    membership: (send) => send(new GetUsagePlanKeyCommand({ usagePlanId: 'p', keyId: 'k' })),
  };
  const bodies = ['[]', 'null', '""', '', '{}', '{"id": "", "stageName": ""}', '{"id": null}'];

  it.each(Object.keys(reads).flatMap((name) => bodies.map((body) => ({ name, body }))))(
    '$name: the read fails where the answer is $body',
    async ({ name, body }) => {
      const read = reads[name] ?? expect.fail();
      await expect(answered(body, read)).rejects.toMatchObject(unreadable);
    },
  );

  it('may have been created where the answer has no id', async () => {
    const create = (send: Send) => send(new CreateApiKeyCommand({ name: 'a' }));
    await expect(answered('{}', create, 201)).rejects.toMatchObject({ class: 'answer-lost' });
  });
});

it('a delete has no body to check', async () => {
  const remove = (send: Send) => send(new DeleteApiKeyCommand({ apiKey: 'k' }));
  await expect(answered('', remove, 202)).resolves.toBeDefined();
});
