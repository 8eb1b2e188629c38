/** What the command line decides for the engine. What is absent was not said: the Target decides. */
import type { Clock } from '../../core/model/clock.ts';
import type { Emit } from '../../core/model/events.ts';
import type { OverallState, Report, Trigger } from '../../core/model/report.ts';
import type { RequestHandler } from '../../gateway/client.ts';
import type { LockLimits } from '../lock/lock.ts';

export interface Settings {
  readonly directory: string;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly mode?: 'observe' | 'enforce';
  readonly prune?: boolean;
  readonly deleteGraceMs: number;
  readonly maxKeys?: number;
  readonly maxPercent?: number;
  /** Of the implicit target only. */
  readonly owner: string;
  readonly requestsPerSecond?: number;
  readonly burst?: number;
  readonly operationQuotas: boolean;
  readonly valuesEnvPrefix: string;
  readonly valuesDir?: string;
  readonly valuesSecrets: string;
  /** Where claims to the lock lie; absent: `<tmp>/apikeeper`. */
  readonly lockDirectory?: string;
  /** apikeeper's version, for the report. */
  readonly version: string;
}

/** What the daemon needs besides. */
export interface DaemonSettings {
  /** Five or six cron fields, or `off`; absent: each Target's own. */
  readonly schedule?: string;
  readonly quietPeriodMs: number;
}

/** One API Gateway call, as the door saw it. */
export interface Call {
  readonly namespace: string;
  readonly operation: string;
  /** `OK`, or the error's name. */
  readonly code: string;
  readonly durationMs: number;
  readonly waitedMs: number;
}

/** The world around the engine. */
export interface EngineDeps {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly onCall?: (call: Call) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What carries requests to AWS; default: the gateway's own HTTP. */
  readonly requestHandler?: RequestHandler;
  /** Default: those of src/engine/lock/lock.ts. */
  readonly lockLimits?: Partial<LockLimits>;
}

export interface ReconcileRequest {
  readonly trigger: Trigger;
  /** False: plan only; no write call can be sent. */
  readonly write: boolean;
  /** What an unset mode means: `apply` writes, `run` observes. */
  readonly unsetMode: 'enforce' | 'observe';
  /** Asked once, when everything is planned and before anything is written. */
  readonly confirm?: (plan: Report) => Promise<boolean>;
  /** Aborted: the call in flight finishes, no further one begins. Its reason is an Error that says why. */
  readonly signal?: AbortSignal;
  /**
   * Told when the directory has to be read again, in milliseconds since the epoch, for removals to be proven:
   * they are held in this pass. Absent: the pass itself waits, and reads again.
   */
  readonly onUnproven?: (at: number) => void;
  /** Steps that failed for good are not tried again while document and live object are what they were. */
  readonly skipPermanentFailures?: boolean;
}

/** What the server and the metrics ask a running daemon. */
export interface Health {
  /** False where work is under way and nothing has come of it for three minutes: no call, no pass. */
  readonly live: boolean;
  /** Whether a pass has gone through every target, and not more than two of its scheduled times ago. That a step failed or was held doesn't matter. */
  readonly ready: boolean;
  /** Why not, as sentences. */
  readonly reasons: readonly string[];
}

export interface Daemon extends AsyncDisposable {
  /** The newest report: each target as its last pass left it. Undefined before the first pass. */
  report(): Report | undefined;
  health(): Health;
  /** "Look again": returns at once. */
  request(trigger: 'change' | 'signal' | 'request'): void;
  /** No new work; the call in flight finishes; resolves when the last report is written. */
  stop(): Promise<void>;
  readonly state: OverallState | undefined;
}
