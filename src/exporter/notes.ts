/** What a person must know of the export as a whole. */

import { claimOf, otherManager } from '../core/compare/ownership.ts';
import { compareText } from '../core/model/json.ts';
import type { Live } from '../core/model/model.ts';
import { MANY } from './comments.ts';
import type { ExportOptions } from './model.ts';

export function notesOn(
  selected: readonly Live[],
  exported: readonly Live[],
  { owner, namespace }: ExportOptions,
): string[] {
  const isExported = new Set(exported);
  const left = selected.filter((live) => claimOf(live, owner) && !isExported.has(live));
  const notes: string[] = [];
  for (const [other, objects] of counted(left, (live) => claimOf(live, owner)?.namespace)) {
    if (other === namespace)
      notes.push(
        `${objects.map(({ id }) => id).join(', ')}: left out, since another object bears the same tags`,
      );
    else
      notes.push(
        `${objects.length} of namespace ${other} left out: they are declared there; export them with --namespace ${other}`,
      );
  }
  for (const [manager, objects] of counted(exported, (live) =>
    claimOf(live, owner) ? undefined : otherManager(live, owner),
  ))
    notes.push(
      `${objects.length} managed by ${manager}: held as foreign until their documents say adopt-from, which is written there as a comment`,
    );
  const keys = exported.filter(({ kind }) => kind === 'ApiKey');
  for (const [pattern, alike] of counted(keys, ({ name }) => patternOf(name))) {
    if (alike.length >= MANY)
      notes.push(
        `${alike.length} keys are named like ${pattern}: if an application makes them, remove their documents, so that they stay its own`,
      );
  }
  return notes;
}

function counted(
  all: readonly Live[],
  groupOf: (live: Live) => string | undefined,
): [string, Live[]][] {
  const groups = Map.groupBy(all, groupOf);
  return [...groups]
    .flatMap(([group, objects]): [string, Live[]][] =>
      group === undefined ? [] : [[group, objects]],
    )
    .toSorted(([a], [b]) => compareText(a, b));
}

/** A name without what tells it from its likes: numbers and ids. Undefined where nothing is left out. */
function patternOf(name: string): string | undefined {
  const pattern = name.replaceAll(
    /[0-9a-f]{8}-[0-9a-f-]{27}|(?=[0-9a-z]*\d)[0-9a-z]{8,}|\d+/gi,
    '…',
  );
  return pattern === name ? undefined : pattern;
}
