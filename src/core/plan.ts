/** What is to be done, as sorted, plain data. */
import type { Desired, Json, Live, Source, Spec } from './model.ts';

export type Action = 'create' | 'adopt' | 'update' | 'disable' | 'release' | 'delete' | 'keep' | 'hold';

/** Who made the difference: a commit, somebody on the live object, both, or nobody knows (design, section 3). */
export type Cause = 'git' | 'live' | 'both' | 'unknown';

/** What the live object is to us. */
export type State = 'in-sync' | 'changed' | 'missing' | 'orphaned' | 'unmanaged' | 'foreign' | 'ambiguous' | 'unknown';

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
  | 'contested'
  | 'prune-disabled'
  | 'grace'
  | 'observe'
  | 'suspended';

/** Holds that somebody chose: they are no failure to do what Git asks for, and don't change an exit code. */
export const CHOSEN_HOLDS: ReadonlySet<HoldReason> = new Set(['prune-disabled', 'grace', 'observe', 'suspended']);

/** What an apply takes: calls by operation, seconds, and the quota that binds. */
export interface Estimate {
  readonly calls: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** The operation whose own quota decides how long it takes, or `total` for the account's. */
  readonly binding: string;
  /** For people: `14 × UpdateUsagePlan at 1 per 20 s ≈ 4 min 40 s`. */
  readonly text: string;
}
