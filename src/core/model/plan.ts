/** What is to be done, as sorted, plain data. */

import type { Desired, Json, Live, Source, Spec } from './model.ts';

export type Action =
  | 'create'
  | 'adopt'
  | 'update'
  | 'disable'
  | 'release'
  | 'delete'
  | 'keep'
  | 'hold';

/** Who made the difference: a commit, somebody on the live object, both, or nobody knows (docs/contract.md#ownership). */
export type Cause = 'git' | 'live' | 'both' | 'unknown';

/** What the live object is to us. `unserved`: the API's definition is as declared, and what a stage serves isn't. */
export type State =
  | 'in-sync'
  | 'changed'
  | 'unserved'
  | 'missing'
  | 'orphaned'
  | 'stranded'
  | 'unmanaged'
  | 'foreign'
  | 'ambiguous'
  | 'unknown';

export type HoldReason =
  | 'not-owned'
  | 'foreign'
  | 'ambiguous'
  | 'immutable-field'
  | 'unresolved-reference'
  | 'dependency'
  | 'guard'
  | 'mass-missing'
  | 'incomplete-manifests'
  | 'stranded'
  | 'moved-target'
  | 'no-key-can-pass'
  | 'undeployed-changes'
  | 'contested'
  | 'prune-disabled'
  | 'grace'
  | 'observe'
  | 'suspended';

/** Holds that somebody chose: they are no failure to do what Git asks for, and don't change an exit code. */
export const CHOSEN_HOLDS: ReadonlySet<HoldReason> = new Set([
  'prune-disabled',
  'grace',
  'observe',
  'suspended',
]);

/** A difference in canonical form: `keys` lead from the field to where it is. `undefined`: an entry that isn't there. */
export interface Difference {
  readonly field: string;
  readonly keys: readonly string[];
  readonly desired: Json | undefined;
  readonly live: Json | undefined;
}

/** A difference with its cause and its place in the manifest. */
export interface Change extends Difference {
  /** JSON pointer into the manifest; lists are addressed by key. */
  readonly path: string;
  readonly cause: Cause;
  /** The identities of objects that must be made first. */
  readonly needs?: readonly string[];
}

/** What happened to an object since this process last saw it, beyond a difference. */
export type Incident = 'key.lost' | 'stage.recreated' | 'object.disowned';

export interface Step {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly action: Action;
  /** The action that a hold holds. */
  readonly wants?: Action;
  readonly state: State;
  readonly reason?: HoldReason;
  /** For people: why, and the way out. */
  readonly message?: string;
  readonly changes: readonly Change[];
  /** Paths of fields that are set live and that the manifest does not claim. */
  readonly unclaimed: readonly string[];
  readonly source?: Source;
  readonly live?: Live;
  readonly desired?: Desired;
  /** Every field that is ours, with its desired value in canonical form; what `applied` will speak of. */
  readonly owned: Spec;
  /** What a create needs besides, and nothing is compared with later, such as `deployment: latest`. */
  readonly createOnly?: Spec;
  /** Tags of ours to be set (`applied` apart) and taken off. */
  readonly tags: {
    readonly set: Readonly<Record<string, string>>;
    readonly remove: readonly string[];
  };
  readonly incident?: Incident;
  /** The guards count it, although Git says it outright: it may be another consumer's key. */
  readonly countsForGuards?: boolean;
  /** For people: what is wrong with our tags on it. */
  readonly damaged?: string;
  /** The names of keys by which `applied` remembers them, by their keys in `owned`. */
  readonly memberNames?: Readonly<Record<string, string>>;
  /** For people: what stages serve otherwise than declared, and go on serving when the step is done. */
  readonly unserved?: string;
  /** RFC 3339, UTC: when a key that left Git may be deleted. */
  readonly deleteAfter?: string;
  /** The AWS id of an object to be created, where it has a natural one (stages). */
  readonly fixedId?: string;
}

/** An object of our owner, in a namespace that no Target here bears. */
export interface Stranded {
  readonly namespace: string;
  readonly name: string;
  readonly live: Live;
  /** For people: why, and the way out. */
  readonly message: string;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly stranded: readonly Stranded[];
  /** Live objects that are nobody's here. */
  readonly unmanaged: readonly Live[];
}

/** What an apply takes: calls by operation, seconds, and the quota that binds. */
export interface Estimate {
  readonly calls: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** The operation whose own quota decides how long it takes, or `total` for the account's. */
  readonly binding: string;
  /** For people: `14 × UpdateUsagePlan at 1 per 20 s ≈ 4 min 40 s`. */
  readonly text: string;
}

/** The cause of a step as a whole: the one of its changes, `both` where they disagree. */
export function causeOfStep(changes: readonly Change[]): Cause | undefined {
  const causes = new Set(changes.map((change) => change.cause));
  if (causes.size <= 1) return changes[0]?.cause;
  return causes.has('live') || causes.has('both') ? 'both' : 'unknown';
}

/** The step as a hold of itself. */
export function held(step: Step, reason: HoldReason, message: string): Step {
  return { ...step, action: 'hold', wants: step.wants ?? step.action, reason, message };
}
