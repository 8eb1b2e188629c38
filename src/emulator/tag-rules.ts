import { badRequest } from './errors.ts';

const MAX_TAGS = 50;
// The model's own class, in which `+-=` is a range that takes in digits, comma, semicolon and less-than (docs/api-gateway-facts.md#f28).
const CHARACTERS = /^[a-zA-Z+-=._:/]*$/;

/** Refuses tags that break the documented limits [BC TagResource]; `total` is how many the object would have. The texts are UNCONFIRMED. */
export function checkTags(
  tags: Record<string, string> | undefined,
  total = Object.keys(tags ?? {}).length,
): void {
  if (total > MAX_TAGS) throw badRequest(`The number of tags must not exceed ${MAX_TAGS}`);
  for (const [key, value] of Object.entries(tags ?? {})) {
    if (key.startsWith('aws:'))
      throw badRequest(`Invalid tag key ${key}: keys must not start with aws:`);
    if (key === '' || key.length > 128 || !CHARACTERS.test(key))
      throw badRequest(`Invalid tag key ${key}`);
    if (value.length > 256 || !CHARACTERS.test(value))
      throw badRequest(`Invalid value of tag ${key}`);
  }
}
