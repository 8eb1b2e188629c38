/** The one question that may be asked about a key's value. */
import { GetApiKeyCommand } from '@aws-sdk/client-api-gateway';
import { EQUAL } from './redact.ts';
import type { Send, SendOptions } from './send.ts';

/** Whether the key's value is `expected`. Neither leaves the door: only the comparison does. */
export async function valueEquals(
  send: Send,
  keyId: string,
  expected: string,
  options?: Omit<SendOptions, 'expectedValue'>,
): Promise<boolean> {
  const answer = await send(new GetApiKeyCommand({ apiKey: keyId, includeValue: true }), {
    ...options,
    expectedValue: expected,
  });
  if (answer.value === undefined)
    throw new Error(
      `GetApiKey gave no value for key ${keyId}: may the credentials read key values?`,
    );
  return answer.value === EQUAL;
}
