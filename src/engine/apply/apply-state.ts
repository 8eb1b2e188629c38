/** What an apply knows while it runs: every object as the last call left it, and what became of each operation. */
import type { Clock } from '../../core/model/clock.ts';
import { jsonEqual } from '../../core/model/json.ts';
import { type Live, TAG } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import type { Fingerprint } from '../../core/model/three-way.ts';
import type { Result } from '../../core/plan/summarize.ts';
import type { Operation } from '../../core/schedule/operation.ts';
import type { ErrorClass } from '../../gateway/errors.ts';
import type { Send } from '../../gateway/send.ts';
import type { Kind } from '../../kinds/kind.ts';
import type { Memory, PermanentFailure } from '../state/memory.ts';
import { classOf, messageOf } from '../state/permanent-failures.ts';

export interface ApplyOptions {
  /** The door of the Target that declares a step's object. */
  readonly sendOf: (step: Step) => Send;
  readonly ownerOf: (step: Step) => string;
  readonly kinds: readonly Kind[];
  readonly region: string;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly fingerprint: Fingerprint;
  /** Operations with a quota of their own: each has a lane, so that its queue holds up nothing else. */
  readonly ownQuota: ReadonlySet<string>;
  /** The pinned value of a key to be created. */
  readonly valueOf: (step: Step) => Promise<string | undefined>;
  readonly signal?: AbortSignal | undefined;
  /** What failed for good before, and isn't tried again: by step. */
  readonly permanentFailures: ReadonlyMap<Step, PermanentFailure>;
  /** Operations that were tried in this pass already, and how each failed: none is tried twice. */
  readonly failedBefore?: ReadonlyMap<string, OperationFailure>;
  /** Asked once the signal has aborted: whether steps that have written still get their tags. */
  readonly finishesTags?: () => boolean;
  /** Told of each step when the last of its operations is over. */
  readonly onResult?: (step: Step, result: Result) => void;
}

/** Why an operation did not do what it was for. */
export type OperationFailure = {
  readonly is: 'failed' | 'dependency' | 'superseded';
  readonly message: string;
  readonly errorClass?: ErrorClass;
};

export type OperationResult = { readonly is: 'done' } | OperationFailure;

export interface ApplyState extends ApplyOptions {
  readonly steps: readonly Step[];
  /** Every object as the last call left it, by step. */
  readonly current: Map<Step, Live>;
  /** What a create made, by identity. */
  readonly created: Map<string, Live>;
  readonly operationResults: Map<string, OperationResult>;
  /** Changes that were not made, by step. */
  readonly notApplied: Map<Step, Set<string>>;
  /** The operations of each step that has any. */
  readonly work: ReadonlyMap<Step, readonly Operation[]>;
  readonly results: Map<Step, Result>;
}

export function kindOf(step: Step, run: ApplyState): Kind {
  const kind = run.kinds.find((one) => one.rules.kind === step.kind);
  if (!kind) throw new Error(`no kind is named ${step.kind}`);
  return kind;
}

export function keyId(key: string, run: ApplyState): string | undefined {
  return key.startsWith('pending:') ? run.created.get(key.slice('pending:'.length))?.id : key;
}

export function operationFailure(error: unknown): OperationFailure {
  return { is: 'failed', message: messageOf(error), errorClass: classOf(error) };
}

/** An object read longer ago is read again before it is written (docs/contract.md#daemon). */
const FRESH_MS = 60_000;

/** The object as it is now; read again where it was read too long ago, and left to the next pass where it has changed since. */
export async function readFresh(
  step: Step,
  kind: Kind,
  send: Send,
  run: ApplyState,
): Promise<Live | OperationFailure> {
  const live = run.current.get(step);
  if (!live) return { is: 'dependency', message: 'the object could not be made' };
  if (run.clock.now() - live.observedAt <= FRESH_MS) return live;
  const read = await kind.read(send, live.id);
  const unchanged =
    read && jsonEqual(read.spec, live.spec) && read.tags[TAG.suspend] === live.tags[TAG.suspend];
  if (!unchanged)
    return {
      is: 'superseded',
      message:
        'the live object changed since it was planned: it is looked at again in the next pass',
    };
  const now = { ...read, observedAt: run.clock.now() };
  run.current.set(step, now);
  return now;
}

export function recordWrite(step: Step, live: Live, run: ApplyState): void {
  run.current.set(step, rememberWrite(live, run));
}

/** As our own write left it. */
export function rememberWrite(live: Live, run: ApplyState): Live {
  const now = { ...live, observedAt: run.clock.now() };
  run.memory.written.set(`${now.kind} ${now.id}`, now);
  return now;
}
