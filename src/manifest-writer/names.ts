/** From the names that people gave to names that documents may have. */
import type { Json } from '../core/model/model.ts';

/** The longest that every document may have (`common.schema.json`). */
const MAX_LENGTH = 192;

/** The nearest document name (a DNS-1123 subdomain): `Items API (prod)` is `items-api-prod`, `UsersKey` is `users-key`. A name without a letter or digit is `unnamed`. */
function documentName(name: string): string {
  const parts = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split('.')
    .map((part) => part.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, ''));
  const joined = parts.filter((part) => part !== '').join('.');
  return joined.slice(0, MAX_LENGTH).replace(/[-.]+$/, '') || 'unnamed';
}

/** Gives each document of a kind a name of its own: the second of one name is `<name>-2`. `reserved`: names that are given already, as `<kind>/<name>`. */
export function createNames(
  reserved: Iterable<string> = [],
): (kind: string, name: string) => string {
  const taken = new Set(reserved);
  const next = new Map<string, number>();
  return (kind, name) => {
    const wanted = documentName(name);
    for (let count = next.get(`${kind}/${wanted}`) ?? 1; ; count++) {
      const suffix = count === 1 ? '' : `-${count}`;
      const candidate = `${wanted.slice(0, MAX_LENGTH - suffix.length)}${suffix}`;
      if (taken.has(`${kind}/${candidate}`)) continue;
      taken.add(`${kind}/${candidate}`);
      next.set(`${kind}/${wanted}`, count + 1);
      return candidate;
    }
  };
}

/** `{ name }` for a spec, where the document's own name doesn't say it already. */
export function liveName(name: string, document: string): { name?: Json } {
  return name === document ? {} : { name };
}

/** Where a key's value is to come from when it stood in the source: `{ fromEnv: 'APIKEEPER_VALUE_ACME' }`. */
export function valueReference(document: string): { fromEnv: string } {
  return { fromEnv: `APIKEEPER_VALUE_${document.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}` };
}
