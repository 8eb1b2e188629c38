/** Key values stay at the door: they are taken out of every answer, and replaced in every error text. */

/** What stands where a value was. */
const REDACTED = '(sensitive)';

/** The values that a text must not show. */
export interface LiveSecrets {
  /** Holds the value in play until it is disposed of; the same value may be held more than once. */
  add(value: string): Disposable;
  /** The text with every value in play replaced, also where it stands URL-encoded or as JSON. */
  scrub(text: string): string;
}

export function createLiveSecrets(): LiveSecrets {
  const held = new Map<string, number>();
  return {
    add(value) {
      held.set(value, (held.get(value) ?? 0) + 1);
      let disposed = false;
      return {
        [Symbol.dispose]() {
          if (disposed) return;
          disposed = true;
          const left = (held.get(value) ?? 1) - 1;
          if (left === 0) held.delete(value);
          else held.set(value, left);
        },
      };
    },
    scrub(text) {
      const spellings = [...held.keys()].flatMap((value) => [
        value,
        encodeURIComponent(value),
        JSON.stringify(value).slice(1, -1),
      ]);
      // Longest first: a value may contain another.
      const ordered = [...new Set(spellings)]
        .filter((spelling) => spelling !== '')
        .sort((a, b) => b.length - a.length);
      return ordered.reduce((scrubbed, spelling) => scrubbed.replaceAll(spelling, REDACTED), text);
    },
  };
}

/** What `value` says of a key whose value was compared. */
export const EQUAL = '(equal)';
const DIFFERENT = '(different)';

/**
 * An answer without key values. They stand as `value` in the answer itself or in its `items` (CreateApiKey, GetApiKey, GetApiKeys, CreateUsagePlanKey, GetUsagePlanKey, GetUsagePlanKeys:
 * docs/api-gateway-facts.md#f30); no other answer that is used here has a member of that name there, so no operation has to be listed, and none can be forgotten.
 * Where a value is expected, the answer says `(equal)` or `(different)` in its place.
 */
export function redact<Answer extends object>(answer: Answer, expected?: string): Answer {
  const clean: { value?: unknown; items?: unknown } = { ...answer };
  if ('value' in clean) {
    if (expected === undefined || clean.value === undefined) delete clean.value;
    else clean.value = clean.value === expected ? EQUAL : DIFFERENT;
  }
  if (Array.isArray(clean.items)) {
    clean.items = clean.items.map((item: unknown) =>
      typeof item === 'object' && item !== null ? redact(item) : item,
    );
  }
  return clean as Answer;
}
