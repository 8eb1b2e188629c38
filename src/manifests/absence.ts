/**
 * Readings of the manifests directory, and the absences that they prove (docs/contract.md#safety). A person who
 * moves a document in a plain directory deletes one file and writes another: in between the document is nowhere.
 *
 * | the directory | an identity that no document declares |
 * | --- | --- |
 * | its link leads elsewhere than in the reading before | is absent: everything was published at once |
 * | was read without it, and again without it two seconds later | is absent |
 * | was read without it once | may come back: unconfirmed |
 * | could not be read in full, or its namespace is incomplete | can't be told; counting begins anew |
 */
import { identity } from '../core/model/model.ts';
import type { Tree } from './load.ts';

/** How far apart two readings must be that prove an absence. */
const SECOND_LOOK_MS = 2_000;

/** One reading of the directory; times are milliseconds since the epoch. */
export interface DirectoryReading {
  readonly tree: Pick<
    Tree,
    'targets' | 'desired' | 'invalid' | 'complete' | 'incompleteNamespaces' | 'root'
  >;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** All that the readings so far say of absence. */
export interface Absence {
  /** When the newest reading began. */
  readonly readAt: number;
  /** Where the directory led, when it last led anywhere. */
  readonly root: string | undefined;
  /** Identities in the newest reading, those of invalid documents too. */
  readonly declared: ReadonlySet<string>;
  /** Namespaces that are complete, by when the first such reading ended. */
  readonly wholeSince: ReadonlyMap<string, number>;
  /** Identities that a reading declared and no later one, by when the first of these ended. */
  readonly missedSince: ReadonlyMap<string, number>;
}

/** Adds a reading to those before it. */
export function addReading(
  before: Absence | undefined,
  { tree, startedAt, endedAt }: DirectoryReading,
): Absence {
  const isPublished =
    before?.root !== undefined && tree.root !== undefined && before.root !== tree.root;
  const declared = new Set([...tree.desired, ...tree.invalid].map(identity));
  const incomplete = new Set(tree.incompleteNamespaces);
  const whole = tree.targets.filter(({ namespace }) => tree.complete && !incomplete.has(namespace));
  const sinceOf = (namespace: string) =>
    isPublished ? Number.NEGATIVE_INFINITY : (before?.wholeSince.get(namespace) ?? endedAt);

  const isOpen = ([who, since]: readonly [string, number]) =>
    !isPublished && !declared.has(who) && startedAt - since < SECOND_LOOK_MS;
  const newlyMissed = [...(before?.declared ?? [])].map((who) => [who, endedAt] as const);
  return {
    readAt: startedAt,
    root: tree.root ?? before?.root,
    declared,
    wholeSince: new Map(whole.map(({ namespace }) => [namespace, sinceOf(namespace)])),
    missedSince: new Map([...(before?.missedSince ?? []), ...newlyMissed].filter(isOpen)),
  };
}

/** Since when an identity (`<kind>/<namespace>/<name>`) has been absent; undefined where that can't be told. */
function absentSince(absence: Absence, who: string): number | undefined {
  const wholeSince = absence.wholeSince.get(who.split('/')[1] ?? '');
  if (wholeSince === undefined || absence.declared.has(who)) return undefined;
  return Math.max(wholeSince, absence.missedSince.get(who) ?? wholeSince);
}

/** Tells whether an identity is absent for certain. */
export function isAbsent(absence: Absence, who: string): boolean {
  const since = absentSince(absence, who);
  return since !== undefined && absence.readAt - since >= SECOND_LOOK_MS;
}

/** When a further reading can prove that all of these are absent: milliseconds since the epoch. */
export function provableAt(absence: Absence, identities: readonly string[]): number {
  const times = identities.map((who) => absentSince(absence, who) ?? absence.readAt);
  return Math.max(...times) + SECOND_LOOK_MS;
}
