/** The keys of a plan: each is attached and detached by a call of its own. */
import {
  CreateUsagePlanKeyCommand,
  DeleteUsagePlanKeyCommand,
  GetUsagePlanKeyCommand,
} from '@aws-sdk/client-api-gateway';
import { isGatewayError } from '../gateway/errors.ts';
import { listUsagePlansOf } from '../gateway/paginate.ts';
import type { Send } from '../gateway/send.ts';
import { unlessGone } from './live.ts';

/** Attached already is success: the service refuses it as a conflict, whose wording is not known (docs/api-gateway-facts.md#f10), so it is looked up. */
export async function attachKey(send: Send, usagePlanId: string, keyId: string): Promise<void> {
  const attach = () =>
    send(new CreateUsagePlanKeyCommand({ usagePlanId, keyId, keyType: 'API_KEY' }));
  try {
    await attach();
  } catch (error) {
    if (!isGatewayError(error, 'answer-lost', 'conflict', 'invalid')) throw error;
    if (await hasKey(send, usagePlanId, keyId)) return;
    if (error.class !== 'answer-lost') throw error;
    await attach();
  }
}

/** The ids of the plans that a key is in. */
export async function holdersOf(send: Send, keyId: string): Promise<string[]> {
  return (await listUsagePlansOf(send, keyId)).map(({ id = '' }) => id);
}

export async function hasKey(send: Send, usagePlanId: string, keyId: string): Promise<boolean> {
  return (await unlessGone(send(new GetUsagePlanKeyCommand({ usagePlanId, keyId })))) !== undefined;
}

/** Detached already is success, and so is a plan or key that is gone. */
export async function detachKey(send: Send, usagePlanId: string, keyId: string): Promise<void> {
  await unlessGone(send(new DeleteUsagePlanKeyCommand({ usagePlanId, keyId })));
}
