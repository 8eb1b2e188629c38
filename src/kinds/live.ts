/** What the kinds have in common in how they read live objects. */

import { compareText } from '../core/model/json.ts';
import type { Live, Spec } from '../core/model/model.ts';
import { type GatewayError, isGatewayError } from '../gateway/errors.ts';

type Tags = Readonly<Record<string, string>>;

/** The tags that manifests speak of: neither ours nor AWS's own. */
export function userTags(tags: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !/^(apikeeper|aws):/.test(key)));
}

/** Lists come newest first, which is not promised (docs/api-gateway-facts.md#f17): by id they are the same twice. */
export function byId(objects: readonly Live[]): readonly Live[] {
  return objects.toSorted((a, b) => compareText(a.id, b.id));
}

/** `fresh` as the answer to an update shows it, with what such an answer need not show: tags, and `fields` with calls of their own. */
export function afterUpdate(live: Live, fresh: Live, fields: readonly string[] = []): Live {
  const kept: Spec = Object.fromEntries(
    ['tags', ...fields].flatMap((field) =>
      field in live.spec ? [[field, live.spec[field] ?? null]] : [],
    ),
  );
  return { ...fresh, tags: live.tags, spec: { ...fresh.spec, ...kept } };
}

/** The call's result, or undefined where the service answers NotFound. */
export async function unlessGone<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isGatewayError(error, 'not-found')) return undefined;
    throw error;
  }
}

/**
 * An update whose answer was lost is looked for: where `isDone` says that it was carried out, that is its result. So is one that the service refuses:
 * a list that lags made us ask for what a predecessor, killed in the middle, has done already.
 */
export async function orAsFound(
  update: Promise<Live>,
  look: () => Promise<Live | undefined>,
  isDone: (live: Live) => boolean,
): Promise<Live> {
  try {
    return await update;
  } catch (error) {
    const found = isGatewayError(error, 'answer-lost', 'not-found', 'conflict', 'invalid')
      ? await look()
      : undefined;
    if (found && isDone(found)) return found;
    throw error;
  }
}

/** A create whose second call failed: the object exists, with its tags, and lacks what that call was to set. */
export class PartlyCreated extends Error {
  override readonly name = 'PartlyCreated';
  readonly live: Live;

  constructor(what: string, live: Live, cause: GatewayError) {
    super(
      `${what} was created, but not all of its settings could be set; the next pass sets the rest. ${cause.message}`,
      { cause },
    );
    this.live = live;
  }
}

/** The second call of a create. Rejects with PartlyCreated where it fails. */
export async function completing<Result>(
  what: string,
  created: Live,
  call: Promise<Result>,
): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    throw isGatewayError(error) ? new PartlyCreated(what, created, error) : error;
  }
}

/** How many reads a list keeps under way; the budget paces them. */
export const READERS = { concurrency: 8 } as const;
