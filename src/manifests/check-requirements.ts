/** The rules about key requirements: one document per API, and nobody else who decides what its stages serve. */
import type { Json } from '../core/model/model.ts';
import {
  duplicates,
  type Entry,
  methodKey,
  nameOf,
  type PlaceOf,
  shared,
  stageKey,
  stageOf,
  type Violation,
} from './entry.ts';

export function checkRequirements(entries: readonly Entry[], placeOf: PlaceOf): Violation[] {
  const requirements = entries.filter(({ kind }) => kind === 'KeyRequirement');
  return [
    ...requirements.flatMap((entry) =>
      duplicates((entry.spec.methods ?? []) as readonly Json[], '/spec/methods', methodKey).map(
        (finding) => ({ entry, ...finding }),
      ),
    ),
    ...sameApi(requirements, placeOf),
    ...requirements.flatMap((entry) => pinnedStages(entry, entries, placeOf)),
  ];
}

function sameApi(requirements: readonly Entry[], placeOf: PlaceOf): Violation[] {
  const items = requirements.map((entry) => ({ entry }));
  return shared(
    items,
    ({ entry }) => `${placeOf(entry.namespace)} ${stageKey(entry.spec.restApi, '')}`,
  ).map(({ item: { entry }, others }) => ({
    entry,
    path: '/spec/restApi',
    message: `the requirement of the same API is declared by ${others}; merge the documents`,
  }));
}

/** A Stage that keeps a deployment, and a requirement that moves the stage to another, would undo each other. */
function pinnedStages(entry: Entry, entries: readonly Entry[], placeOf: PlaceOf): Violation[] {
  const redeploy = entry.spec.redeploy as { readonly stages: readonly string[] } | null | undefined;
  const place = ({ namespace }: Entry, stage: string) => `${placeOf(namespace)} ${stage}`;
  return (redeploy?.stages ?? []).flatMap((name, index): Violation[] => {
    const wanted = place(entry, stageKey(entry.spec.restApi, name));
    const pinned = entries.filter(
      (stage) =>
        stage.kind === 'Stage' &&
        typeof stage.spec.deployment === 'object' &&
        place(stage, stageOf(stage)) === wanted,
    );
    return pinned.flatMap((stage) => [
      {
        entry,
        path: `/spec/redeploy/stages/${index}`,
        message: `${nameOf(stage)} keeps this stage on one deployment; take deployment out there, or the stage out here`,
      },
      {
        entry: stage,
        path: '/spec/deployment',
        message: `${nameOf(entry)} moves this stage to deployments of its own; take deployment out, or the stage out there`,
      },
    ]);
  });
}
