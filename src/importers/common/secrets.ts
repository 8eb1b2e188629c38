/** Key values that were come across in a source. */
import { isRecord } from './fields.ts';

/** The last guard: whatever text a key value got into, it doesn't leave. */
export function withoutSecrets<T>(value: T, secrets: ReadonlySet<string>): T {
  if (secrets.size === 0) return value;
  const clean = (inner: unknown): unknown => {
    if (typeof inner === 'string')
      return [...secrets].reduce((text, secret) => text.replaceAll(secret, '(a key value)'), inner);
    if (Array.isArray(inner)) return inner.map(clean);
    return isRecord(inner)
      ? Object.fromEntries(
          Object.entries(inner).map(([name, member]) => [clean(name), clean(member)]),
        )
      : inner;
  };
  return clean(value) as T;
}
