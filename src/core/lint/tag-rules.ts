/** A key's own tags: apikeeper needs room for what it has to remember of a key. */

import { isMap, pointer } from '../model/json.ts';
import type { Desired } from '../model/model.ts';
import { type Warning, warning } from '../model/warning.ts';

/** AWS allows 50 tags; apikeeper has up to 10 on a key. */
const MOST_TAGS = 40;

/** Above this, `apikeeper:formerly` is left out. The schema refuses what does not fit at all. */
export function lintTags({ kind, namespace, name, source, spec }: Desired): Warning[] {
  if (kind !== 'ApiKey' || !isMap(spec.tags)) return [];
  const count = Object.values(spec.tags).filter((value) => value !== null).length;
  if (count <= MOST_TAGS) return [];
  const subject = { kind, namespace, name, source };
  const message = `a key has at most ${MOST_TAGS} tags of its own, and this one has ${count}: apikeeper leaves its tag formerly out, so that reverting a rename is held; take ${count - MOST_TAGS} out, since 1.0 refuses them`;
  return [warning('TAGS_TOO_MANY', subject, message, pointer(['spec', 'tags']))];
}
