import { badRequest } from './errors.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 500;

/**
 * One page of a list, newest first [LS]; 25 items unless told, 500 at most [BC]. A `limit` outside 1–500 is brought into it: -1 is recorded as 200 [LS], above 500 is UNCONFIRMED.
 * `position` names the last item of the page before, so items that come or go in between neither shift nor repeat others.
 */
export function page<T>(
  oldestFirst: Iterable<T>,
  idOf: (item: T) => string,
  {
    position,
    limit = DEFAULT_LIMIT,
  }: { position?: string | undefined; limit?: number | undefined },
): { items: T[]; position: string | undefined } {
  const all = [...oldestFirst].reverse();
  const size = limit < 1 ? DEFAULT_LIMIT : Math.min(limit, MAX_LIMIT);
  const start = position === undefined ? 0 : startAfter(all, idOf, position);
  const items = all.slice(start, start + size);
  const last = items.at(-1);
  const more = last !== undefined && start + size < all.length;
  return { items, position: more ? encode(idOf(last), start + size) : undefined };
}

const encode = (id: string, index: number) =>
  Buffer.from(JSON.stringify([id, index])).toString('base64url');

function startAfter<T>(all: readonly T[], idOf: (item: T) => string, position: string): number {
  const [id, index] = decode(position);
  const found = all.findIndex((item) => idOf(item) === id);
  return found >= 0 ? found + 1 : index;
}

function decode(position: string): [string, number] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(position, 'base64url').toString());
    if (Array.isArray(parsed) && typeof parsed[0] === 'string' && typeof parsed[1] === 'number')
      return [parsed[0], parsed[1]];
  } catch {
    // falls through to the refusal below
  }
  throw badRequest('Invalid position parameter specified');
}
