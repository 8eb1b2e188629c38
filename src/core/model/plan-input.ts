/** Everything that a plan is made from. */

import type { Rules } from './field-rules.ts';
import type { Api, Desired, Live, Spec, Target } from './model.ts';
import type { Fingerprint } from './three-way.ts';

export interface Policy {
  /** Of the manifests, as given: commands that messages name are about it. */
  readonly directory: string;
  /** `--mode`. */
  readonly mode?: 'observe' | 'enforce';
  /** What it means that neither flag nor annotation nor Target gives a mode. */
  readonly unsetMode: 'observe' | 'enforce';
  readonly prune: boolean;
  readonly deleteGraceMs: number;
  readonly maxKeys: number;
  readonly maxPercent: number;
}

/** An object as this process last saw it with our tags. */
export interface LastSeen {
  readonly id: string;
  /** The spec with which it was in sync; undefined where it never was. */
  readonly spec?: Spec;
  /** When the stages were made that it was, or was on, then: by `<api id>:<stage name>`. */
  readonly stages?: ReadonlyMap<string, number>;
}

/** Times as text: RFC 3339, UTC. `parse` gives undefined for what is no such time. */
export interface TimeText {
  format(ms: number): string;
  parse(text: string): number | undefined;
}

/** What a pinned value's source says of the live value. */
export type Pinned = 'same' | 'different' | { readonly unreadable: string };

export interface PlanInput {
  readonly target: Target;
  /** The documents of this target's namespace. */
  readonly desired: readonly Desired[];
  /** Those of the other Targets in the same account and region: they may mean the same live objects. */
  readonly neighbours: readonly Desired[];
  /** The owner of each namespace of the account. Absent: the Target's own owner everywhere. */
  readonly owners?: ReadonlyMap<string, string>;
  /** The namespaces that Targets of this account and region bear; undefined where not all are known. */
  readonly namespaces: ReadonlySet<string> | undefined;
  /** Identities of documents that parse but are invalid: they have not left Git. */
  readonly invalid: ReadonlySet<string>;
  /** Whether every file was read and every document of this namespace is valid. */
  readonly complete: boolean;
  /** Why an object that no document declares may be declared all the same, with the way out; undefined where it is not. */
  readonly doubtOf?: (identity: string) => string | undefined;
  readonly live: readonly Live[];
  readonly apis: readonly Api[] | undefined;
  /** APIs whose stages could not be read: a stage that seems missing there may exist. */
  readonly unread?: ReadonlySet<string>;
  readonly rules: readonly Rules[];
  readonly policy: Policy;
  /** `<identity> <path>` of fields that somebody else has set back again and again since the document last changed. */
  readonly contested: ReadonlySet<string>;
  /** `delete-after` of keys that were disabled while the tag was refused, by `<kind> <id>`. */
  readonly owed?: ReadonlyMap<string, string>;
  /** Keys that this process took out of a plan since the plan's tag `applied` was written, by the plan's id. */
  readonly detached?: ReadonlyMap<string, ReadonlySet<string>>;
  /** How far the host's clock is ahead of the service's; negative: behind. Absent: nobody knows. */
  readonly clockAheadMs?: number | undefined;
  /** Whether an invalid document says that it moved from an identity. */
  readonly isMoved?: (who: string) => boolean;
  /** Ids of keys that lost access earlier in this pass: the guards count them too. */
  readonly lostBefore?: ReadonlySet<string>;
  /** `<identity> <identity>`: moves of which this process saw the document live under its new name. */
  readonly movesDone?: ReadonlySet<string>;
  /** By identity. */
  readonly lastSeen: ReadonlyMap<string, LastSeen>;
  readonly pinned: ReadonlyMap<string, Pinned>;
  readonly fingerprint: Fingerprint;
  readonly now: number;
  readonly time: TimeText;
}
