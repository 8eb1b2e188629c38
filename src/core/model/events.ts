/** Everything that apikeeper says while it works, as data: the engine emits, the log and the metrics listen. */
import type { Source } from './model.ts';
import type { ReportChange } from './report.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** Each event's level and constant message: people grep for the message, programs for the name. */
export const EVENTS = {
  'controller.started': { level: 'info', message: 'controller started' },
  'controller.stopped': { level: 'info', message: 'controller stopped' },
  'controller.stuck': { level: 'error', message: 'the work under way stands still' },
  'controller.resumed': { level: 'info', message: 'the work under way goes on' },
  'manifests.loaded': { level: 'info', message: 'manifests loaded' },
  'manifest.invalid': { level: 'error', message: 'manifest is invalid' },
  'drift.detected': { level: 'warn', message: 'live object differs from its manifest' },
  'drift.resolved': { level: 'info', message: 'live object equals its manifest again' },
  'object.created': { level: 'info', message: 'object created' },
  'object.adopted': { level: 'info', message: 'object adopted' },
  'object.updated': { level: 'info', message: 'object updated' },
  'object.disabled': { level: 'info', message: 'key disabled' },
  'object.released': { level: 'info', message: 'object released' },
  'object.deleted': { level: 'info', message: 'object deleted' },
  'object.disowned': { level: 'error', message: 'object lost our tags' },
  'object.damaged': { level: 'warn', message: 'our tags on the object are damaged' },
  'orphan.unknown': {
    level: 'warn',
    message: 'an object is removed that this process never saw declared',
  },
  'object.stranded': {
    level: 'warn',
    message: 'object of our owner bears a namespace that no Target here bears',
  },
  'step.held': { level: 'warn', message: 'step held' },
  'step.contested': {
    level: 'error',
    message: 'somebody keeps setting a field back, and it is left to them',
  },
  'step.failed': { level: 'error', message: 'step failed' },
  'key.lost': {
    level: 'error',
    message: 'key was deleted behind our back, its value cannot come back',
  },
  'stage.recreated': { level: 'warn', message: 'stage was re-created by somebody else' },
  'requirement.unserved': {
    level: 'warn',
    message: 'a stage serves another key requirement than the API has',
  },
  'target.failed': { level: 'error', message: 'target could not be reconciled' },
  'target.skipped': {
    level: 'warn',
    message: 'target was skipped, since another process holds its lock',
  },
  'lock.foreign': {
    level: 'error',
    message: "target was skipped, since another user's process holds its lock",
  },
  'lock.ignored': { level: 'error', message: 'a claim to the lock counts for nothing' },
  'lock.lost': { level: 'warn', message: 'the lock is taken anew, and everything read again' },
  'lock.weak': { level: 'warn', message: 'the lock does not keep every other process out' },
  'warning.raised': { level: 'warn', message: 'what is live blocks callers, or protects nothing' },
  'api.throttled': { level: 'warn', message: 'API Gateway throttled a call' },
  'commit.live': { level: 'info', message: 'what was committed is live' },
  'reconcile.finished': { level: 'info', message: 'reconcile finished' },
} as const satisfies Record<string, { level: Level; message: string }>;

export type EventName = keyof typeof EVENTS;

/** The fields that an event may carry, each where it is known. No key value is ever among them. */
export interface EventFields {
  readonly reconcileID?: string;
  readonly trigger?: string;
  readonly namespace?: string;
  readonly kind?: string;
  readonly name?: string;
  /** The Consumer that the object was expanded from. */
  readonly consumer?: string;
  readonly awsId?: string;
  readonly revision?: string;
  readonly awsRequestId?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly error?: string;
  /** Of a warning. */
  readonly code?: string;
  /** The class of an error, of a small and fixed set. */
  readonly class?: string;
  readonly cause?: string;
  readonly changes?: readonly ReportChange[];
  readonly source?: Source;
  readonly state?: string;
  readonly operation?: string;
  readonly durationMs?: number;
  readonly [field: string]: unknown;
}

export interface Event {
  readonly event: EventName;
  readonly fields: EventFields;
}

export type Emit = (event: EventName, fields: EventFields) => void;
