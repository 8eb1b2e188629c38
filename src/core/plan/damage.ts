/** The tag `applied` is missing or can't be read on an object of ours: what Git omits is then nobody's. */

import type { Comparison } from '../compare/compare-fields.ts';
import { isReadable } from '../compare/last-applied.ts';
import { claimOf } from '../compare/ownership.ts';
import { hasFixedIdentity } from '../model/field-rules.ts';
import { type Live, TAG } from '../model/model.ts';
import type { PlanningContext } from './planning-context.ts';

/**
 * For people; undefined where nothing is wrong. A stage's or an API's tags are its pipeline's to strip.
 * Without the tag, a field of the document that is live as the document says shows that it was written: an
 * object that was adopted, and of which nothing was written yet, has none.
 */
export function damageOf(
  { rules, world }: PlanningContext,
  live: Live,
  { owned, changes }: Pick<Comparison, 'owned' | 'changes'>,
): string | undefined {
  if (hasFixedIdentity(rules) || !claimOf(live, world.owner)) return undefined;
  const tag = live.tags[TAG.applied];
  const differing = new Set(changes.map(({ field }) => field));
  const wasWritten = Object.keys(owned).some((field) => !differing.has(field));
  if (tag === undefined ? !wasWritten : isReadable(tag)) return undefined;
  const what = tag === undefined ? 'is missing' : 'cannot be read';
  return `its tag ${TAG.applied} ${what}: fields that the document omits are left alone until it names them; the tag is written anew when the object equals its document`;
}
