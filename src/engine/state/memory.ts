/** A process's memory of one account and region, from pass to pass. None of it is needed to be right; all of it is lost without harm. */

import type { Live } from '../../core/model/model.ts';
import type { LastSeen } from '../../core/model/plan-input.ts';
import type { ErrorClass } from '../../gateway/errors.ts';
import type { Snapshots } from '../../kinds/kind.ts';

/** A failure that only a commit, a live change, or a pass that reads everything, can end. */
export interface PermanentFailure {
  readonly message: string;
  readonly errorClass: ErrorClass;
}

export interface Memory {
  /** Objects as they were last seen with our tags, by identity. */
  readonly lastSeen: Map<string, LastSeen>;
  /** `<identity> <identity>`: moves of documents that were seen live under their new name. */
  readonly movesDone: Set<string>;
  /** Kinds whose list has shown the tags of an object that bears them. */
  readonly tagsProven: Set<string>;
  /** Kinds whose list has been caught without the tags of an object that bears them. */
  readonly tagsMissing: Set<string>;
  /** Whether the list of plans has shown the method throttles of one. */
  throttlesProven: boolean;
  /** What deployments demand: they never change. */
  readonly snapshots: Snapshots;
  /** When this process first listed everything: milliseconds since the epoch. */
  firstListedAt?: number;
  /** Whether it has done so again, long enough after: then a predecessor's last creates have been seen. */
  listedTwice: boolean;
  /** Answers of our own writes, by `<kind> <id>`: a list that says otherwise soon after is asked about by id. */
  readonly written: Map<string, Live>;
  /** When we deleted what, by `<kind> <id>`: a list may show it soon after. */
  readonly deleted: Map<string, number>;
  /** Drift by identity: since when (RFC 3339), and which fields, so that an episode is told once. */
  readonly drift: Map<string, { readonly since: string; readonly signature: string }>;
  /** By `<identity> <path>`: when we set a field right that somebody had changed, and the document that said so. */
  readonly reverts: Map<string, { readonly at: readonly number[]; readonly document: string }>;
  /** What failed for good, by `<identity> <action>`; `seen` is what was to be done then, and on what. */
  readonly permanentFailures: Map<string, PermanentFailure & { readonly seen: string }>;
  /** Values of `delete-after` that were refused when their keys were disabled, by `<kind> <id>`. */
  readonly owed: Map<string, string>;
  /** Keys that were taken out of a plan since its tag `applied` was written, by the plan's id. */
  readonly detached: Map<string, Set<string>>;
  /** Objects that a document meant, by `<kind> <id>`. */
  readonly everDeclared: Set<string>;
  /** Orphans that were told because no document of this process ever meant them, by `<kind> <id>`. */
  readonly reportedOrphans: Set<string>;
  /** By identity: what is wrong with our tags, as it was told. */
  readonly reportedDamage: Map<string, string>;
  /** Holds that were told: `<identity> <reason>`. */
  readonly reportedHolds: Set<string>;
  /** Stranded objects that were told, by `<namespace of the Target> <kind> <id>`. */
  readonly reportedStranded: Set<string>;
  /** Warnings that were told: `<identity> <code> <path> <message>`. */
  readonly reportedWarnings: Set<string>;
  /** By identity: what stages serve otherwise than declared, as it was told. */
  readonly reportedUnserved: Map<string, string>;
}

export function createMemory(): Memory {
  return {
    lastSeen: new Map(),
    movesDone: new Set(),
    tagsProven: new Set(),
    tagsMissing: new Set(),
    throttlesProven: false,
    snapshots: new Map(),
    listedTwice: false,
    written: new Map(),
    deleted: new Map(),
    drift: new Map(),
    reverts: new Map(),
    permanentFailures: new Map(),
    owed: new Map(),
    detached: new Map(),
    everDeclared: new Set(),
    reportedOrphans: new Set(),
    reportedDamage: new Map(),
    reportedHolds: new Set(),
    reportedStranded: new Set(),
    reportedWarnings: new Set(),
    reportedUnserved: new Map(),
  };
}

/** The namespace of an identity (`<kind>/<namespace>/<name>`), or of a key that begins with one. */
export function namespaceOf(key: string): string {
  return key.split('/')[1] ?? '';
}

/** Forgets all that was seen of a namespace: its objects have another owner now. */
export function forgetNamespace(memory: Memory, namespace: string): void {
  const { lastSeen, drift, reverts, permanentFailures } = memory;
  for (const known of [lastSeen, drift, reverts, permanentFailures])
    for (const key of known.keys()) if (namespaceOf(key) === namespace) known.delete(key);
}
