/** The one shape of what a pass found and did (schemas/report.schema.json); log events, text, Markdown and the page are renderings of it. */
import type { Json, Problem, Source } from './model.ts';
import type { Action, Cause, Estimate, HoldReason, State } from './plan.ts';
import type { Warning } from './warning.ts';

export type Trigger = 'schedule' | 'change' | 'signal' | 'request' | 'once' | 'command';

/** What became of a step, after an apply. */
export type Outcome =
  | 'created'
  | 'adopted'
  | 'updated'
  | 'disabled'
  | 'released'
  | 'deleted'
  | 'kept'
  | 'held'
  | 'failed'
  | 'skipped';

/** The worst of what was found; holds that were chosen do not make it `held`. `skipped`: another process holds the lock, and nothing was written. */
export type OverallState = 'failing' | 'held' | 'drifted' | 'skipped' | 'in-sync';

export interface ReportChange {
  /** JSON pointer into the manifest; lists are addressed by key. */
  readonly path: string;
  /** Absent is null; a sensitive value is `(sensitive)`. */
  readonly desired: Json;
  readonly live: Json;
  readonly cause: Cause;
}

export interface ReportObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly awsId?: string;
  readonly state: State;
  readonly action: Action;
  /** The action that a hold holds. */
  readonly wants?: Action;
  readonly reason?: HoldReason | 'superseded' | 'orphaned';
  /** For people: why, and the way out. */
  readonly message?: string;
  readonly cause?: Cause;
  readonly changes: readonly ReportChange[];
  /** Fields that are set live and that no manifest claims. */
  readonly unclaimed?: readonly string[];
  readonly source?: Source;
  /** The Consumer that it was expanded from. */
  readonly consumer?: string;
  /** RFC 3339, UTC: when this process first saw the drift. */
  readonly driftedSince?: string;
  readonly deleteAfter?: string;
  readonly outcome?: Outcome;
}

export interface Summary {
  readonly create: number;
  readonly adopt: number;
  readonly update: number;
  readonly disable: number;
  readonly release: number;
  readonly delete: number;
  readonly keep: number;
  readonly hold: number;
  readonly failed: number;
  readonly unmanaged: number;
}

export interface LockHolder {
  readonly pid: number;
  /** The number of the user whom the claim belongs to. */
  readonly user: string;
  /** The claim belongs to our own user, or to root. */
  readonly trusted: boolean;
}

export interface TargetReport {
  readonly namespace: string;
  readonly accountId?: string;
  readonly region: string;
  readonly owner: string;
  readonly mode: 'enforce' | 'observe';
  readonly state: OverallState;
  /** Why the target could not be read or written, where it couldn't. */
  readonly error?: string;
  /** The process that holds the lock of a skipped target. */
  readonly lockedBy?: LockHolder;
  /** Share (0 to 1) of the live keys, plans, and stages of the APIs concerned, that are under management. */
  readonly coverage: Readonly<Record<string, number>>;
  /** Calls sent in this pass, by operation. */
  readonly calls: Readonly<Record<string, number>>;
  /** How long calls of this pass waited for the budget, milliseconds. */
  readonly waitedMs: number;
  readonly nextRunAt?: string;
  /** What applying the plan takes. */
  readonly estimate?: Estimate;
  readonly objects: readonly ReportObject[];
  /** What is live and blocks callers, or protects nothing: before an apply as it is, after one as it left it. They change neither state nor exit code. Left out where there is none. */
  readonly warnings?: readonly Warning[];
  readonly summary: Summary;
}

export interface Report {
  readonly formatVersion: 1;
  /** apikeeper's own version. */
  readonly version: string;
  readonly reconcileID: string;
  readonly trigger: Trigger;
  /** The Git commit of the manifests, where it can be read. */
  readonly revision: string | null;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly state: OverallState;
  readonly targets: readonly TargetReport[];
  readonly problems: readonly Problem[];
}
