/** Tags are written apart from the object they are on, and only those that are given: everybody else's stay (facts, sections 1.8 and 8). */
import { TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-api-gateway';
import type { Send } from '../gateway/send.ts';

/** Sets these tags, and leaves all others alone. */
export async function tag(send: Send, resourceArn: string, tags: Readonly<Record<string, string>>): Promise<void> {
  if (Object.keys(tags).length > 0) await send(new TagResourceCommand({ resourceArn, tags }));
}

/** Removes the tags of these keys, and leaves all others alone. */
export async function untag(send: Send, resourceArn: string, tagKeys: readonly string[]): Promise<void> {
  if (tagKeys.length > 0) await send(new UntagResourceCommand({ resourceArn, tagKeys: [...tagKeys] }));
}

/** How a region's name begins where its partition isn't `aws`. */
const PARTITIONS: Readonly<Record<string, string>> = {
  'cn-': 'aws-cn',
  'us-gov-': 'aws-us-gov',
  'us-iso-': 'aws-iso',
  'us-isob-': 'aws-iso-b',
  'eusc-': 'aws-eusc',
};

/** An ARN of API Gateway, which leaves the account out (facts, section 1.8). */
export function arnOf(region: string, path: string): string {
  const prefix = Object.keys(PARTITIONS).find((beginning) => region.startsWith(beginning));
  return `arn:${PARTITIONS[prefix ?? ''] ?? 'aws'}:apigateway:${region}::${path}`;
}
