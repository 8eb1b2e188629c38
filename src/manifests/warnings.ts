/** Warnings of the valid documents, each with its place in a file. */

import { lint } from '../core/lint/lint.ts';
import { manifestInventory } from '../core/lint/manifest-inventory.ts';
import { lintTags } from '../core/lint/tag-rules.ts';
import { type Desired, identity, type Problem } from '../core/model/model.ts';
import type { WarningCode, WarningSeverity } from '../core/model/warning.ts';
import { toProblem } from './draft.ts';
import { asWritten, createPlaceOf, type Entry } from './entry.ts';
import { compareProblems } from './problem.ts';

export interface TreeWarning extends Problem {
  readonly code: WarningCode;
  readonly severity: WarningSeverity;
}

/** How much of the tree could be read. */
interface Extent {
  /** Every file of a directory was read and parsed. */
  readonly isWhole: boolean;
  /** Namespaces where a document that seems absent may only be invalid. */
  readonly incomplete: readonly string[];
}

/** `desired` says what is asked for, `valid` where it is written. */
export function warnings(
  desired: readonly Desired[],
  valid: readonly Entry[],
  { isWhole, incomplete }: Extent,
): TreeWarning[] {
  const placeOf = createPlaceOf(valid);
  const entryOf = new Map(valid.map((entry) => [identity(entry), entry]));
  const places = Map.groupBy(desired, ({ namespace }) => placeOf(namespace));
  // What an invalid document of another namespace says may be about the same account and region; that of an invalid Target may be any.
  const blurred = new Set(incomplete.map(placeOf));
  const isAnywhere = incomplete.some(
    (namespace) => placeOf(namespace) === namespace && !places.has(namespace),
  );
  const found = [...places]
    .flatMap(([place, documents]) => {
      const estate = manifestInventory(documents);
      const known =
        isWhole && !isAnywhere && !blurred.has(place)
          ? estate
          : { ...estate, keys: [], demands: [] };
      return [...lint(known), ...documents.flatMap(lintTags)];
    })
    .flatMap((warning) => {
      const entry = entryOf.get(identity(warning));
      const { code, severity, path = '', message } = warning;
      if (!entry) return [];
      const { entry: document, ...finding } = asWritten({ entry, path, message });
      return [{ ...toProblem(document, finding), code, severity }];
    });
  // What a Consumer's `defaults` say is so in each of its plans, and said once.
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()].sort(
    compareProblems,
  );
}
