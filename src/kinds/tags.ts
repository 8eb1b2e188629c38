/** Tags are written apart from the object they are on, and only those that are given: everybody else's stay (docs/api-gateway-facts.md#f16). */
import { TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-api-gateway';
import type { Send } from '../gateway/send.ts';

/** Sets these tags, and leaves all others alone. */
export async function tag(
  send: Send,
  resourceArn: string,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  if (Object.keys(tags).length > 0) await send(new TagResourceCommand({ resourceArn, tags }));
}

/** Removes the tags of these keys, and leaves all others alone. */
export async function untag(
  send: Send,
  resourceArn: string,
  tagKeys: readonly string[],
): Promise<void> {
  if (tagKeys.length > 0)
    await send(new UntagResourceCommand({ resourceArn, tagKeys: [...tagKeys] }));
}
