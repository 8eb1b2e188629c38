/**
 * Which stages a commit has still to move to a new deployment, as `applied` remembers it: the document's fingerprint, and where some were held or failed,
 * their places among its stages in order of name: `1a2b3c4d-0-2`.
 */

import { compareText, isMap, type JsonMap } from '../model/json.ts';
import type { Difference } from '../model/plan.ts';

/** What `applied` can't speak of while a change was not made: its field, or, of a redeployment, the one stage. */
export function unsettledBy({ field, keys }: Pick<Difference, 'field' | 'keys'>): string {
  return field === 'redeploy' ? `${field} ${keys[0]}` : field;
}

/** The entry of a document, or, where nothing is redeployed, of any field: its fingerprint. */
export function encodePending(
  documentFingerprint: string,
  stages: readonly string[],
  unsettled: ReadonlySet<string>,
): string {
  const places = inOrder(stages).flatMap((stage, place) =>
    unsettled.has(unsettledBy({ field: 'redeploy', keys: [stage] })) ? [place] : [],
  );
  return [documentFingerprint, ...places].join('-');
}

/** All of the stages, where another document was deployed last, or none. */
export function pendingStages(
  written: string | undefined,
  documentFingerprint: string,
  stages: readonly string[],
): readonly string[] {
  const [known, ...places] = (written ?? '').split('-');
  return known === documentFingerprint
    ? inOrder(stages).filter((_, place) => places.includes(String(place)))
    : stages;
}

/** The stages that a document names, by the value that `applied` has of it. */
export function stagesIn(document: JsonMap): readonly string[] {
  const { redeploy } = document;
  return isMap(redeploy) && Array.isArray(redeploy.stages) ? redeploy.stages.map(String) : [];
}

function inOrder(stages: readonly string[]): string[] {
  return [...stages].sort(compareText);
}
