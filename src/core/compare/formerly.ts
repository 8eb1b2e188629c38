/** The tag `formerly` of a renamed object: the name that it had last, and until when. */

import { type Live, TAG } from '../model/model.ts';

export interface Formerly {
  readonly namespace: string;
  readonly name: string;
  /** RFC 3339, UTC: when it was renamed. */
  readonly at: string;
}

/** A tag's value holds no more (docs/api-gateway-facts.md#f28). */
const MAX_LENGTH = 256;
/** An object has no more tags of its own than this when it gets another of ours: 50 in all, and room for ours. */
const MAX_OWN_TAGS = 40;

/** Reads `<time>/<namespace>/<name>`; undefined where there is no such tag, or no name can be read. */
export function formerlyOf({ tags }: Pick<Live, 'tags'>): Formerly | undefined {
  const [at = '', namespace, name, ...more] = (tags[TAG.formerly] ?? '').split('/');
  return namespace && name && more.length === 0 ? { at, namespace, name } : undefined;
}

/** The tag for an object that is renamed; none where it does not fit. */
export function formerlyTag(live: Live, { at, namespace, name }: Formerly): Record<string, string> {
  const value = `${at}/${namespace}/${name}`;
  const own = Object.keys(live.tags).filter((key) => !key.startsWith('apikeeper:')).length;
  return value.length > MAX_LENGTH || own > MAX_OWN_TAGS ? {} : { [TAG.formerly]: value };
}
