/**
 * Makes the pass over an account under the locks of its Targets' owners (docs/contract.md#daemon).
 *
 * | the pass | its locks are taken |
 * | --- | --- |
 * | writes nothing, or only observes | never |
 * | asks before it writes | after the answer; then everything is read again, and a plan that is another one is asked about again |
 * | any other | before it reads |
 *
 * A Target whose lock another process holds is left out, and the others go on. A lock that is lost on the way ends the writes; the
 * pass begins anew.
 */

import type { Target } from '../../core/model/model.ts';
import type { TargetReport } from '../../core/model/report.ts';
import { type Lock, LockTaken } from '../lock/lock.ts';
import { messageOf } from '../state/permanent-failures.ts';
import type { Locks } from './locks.ts';
import type { AccountPass, Member, PassRequest } from './pass.ts';
import type { ReconcileResult } from './reconcile.ts';
import { isSamePlan } from './same-plan.ts';

export interface LockedPass {
  readonly members: readonly Member[];
  readonly request: PassRequest;
  readonly locks: Locks;
  readonly needsLock: (target: Target) => boolean;
  /** Shows the plans, and asks. True where nobody is to be asked. */
  readonly confirm: (planned: readonly TargetReport[]) => Promise<boolean>;
  /** Rejects where the manifests are no longer those that were read. */
  readonly checkManifests: () => Promise<void>;
  /** Told of each Target whose lock another process holds. */
  readonly onTaken: (member: Member, error: LockTaken) => void;
  readonly pass: (
    part: Pick<AccountPass, 'members' | 'request' | 'mayWrite'>,
  ) => Promise<ReconcileResult>;
}

/** The lock was taken just now: what was read before it counts for nothing. */
class ReadAgain extends Error {}

/** How often a pass that lost its lock begins anew. */
const RESTARTS = 3;

export async function reconcileUnderLock(options: LockedPass): Promise<ReconcileResult> {
  const { request, locks } = options;
  let members = options.members;
  let agreed: readonly TargetReport[] | undefined;

  for (let losses = 0; ; ) {
    using fence = createFence(request.signal);
    if (request.write && !request.confirm) await holdAll(fence);
    if (members.length === 0) return { reports: [], retryable: false, superseded: false };
    const part = {
      members,
      request: { ...request, signal: fence.signal },
      mayWrite: (planned: readonly TargetReport[]) => mayWrite(planned, fence),
    };
    try {
      const result = await options.pass(part);
      if (!fence.isLost || losses === RESTARTS) return result;
    } catch (error) {
      const isOver = !fence.isLost || losses === RESTARTS;
      if (isOver && !(error instanceof ReadAgain)) throw error;
    }
    if (fence.isLost) losses += 1;
  }

  async function mayWrite(planned: readonly TargetReport[], fence: Fence): Promise<boolean> {
    const isToWrite = planned.some(({ estimate }) => estimate !== undefined);
    if (request.confirm && agreed && isToWrite && !isSamePlan(agreed, planned)) {
      // A question keeps no other process from writing.
      for (const { target, session } of members) await locks.release(target, session);
      agreed = undefined;
    }
    if (!agreed && !(await options.confirm(planned))) return false;
    agreed ??= planned;
    await options.checkManifests();
    if (isToWrite && (await holdAll(fence))) throw new ReadAgain('the lock was taken just now');
    return true;
  }

  /** True where everything has to be read again. */
  async function holdAll(fence: Fence): Promise<boolean> {
    let isChanged = false;
    const held: Member[] = [];
    for (const member of members) {
      const { target, session } = member;
      try {
        if (options.needsLock(target)) {
          const isNew = await locks.hold(target, session, fence.signal);
          isChanged ||= isNew;
          fence.watch(member);
        }
        held.push(member);
      } catch (error) {
        if (!(error instanceof LockTaken)) throw error;
        isChanged = true;
        options.onTaken(member, error);
      }
    }
    members = held;
    return isChanged;
  }
}

interface Fence extends Disposable {
  /** Aborts with the pass, and where a lock is lost. */
  readonly signal: AbortSignal;
  readonly isLost: boolean;
  watch(member: Member): void;
}

function createFence(signal: AbortSignal | undefined): Fence {
  const lost = new AbortController();
  const watched = new Map<Lock, () => void>();
  return {
    signal: AbortSignal.any([lost.signal, ...(signal ? [signal] : [])]),
    get isLost() {
      return lost.signal.aborted && !signal?.aborted;
    },
    watch({ session: { lock }, emit }) {
      if (!lock || watched.has(lock)) return;
      const onLost = () => {
        emit('lock.lost', { message: messageOf(lock.lost.reason) });
        lost.abort(lock.lost.reason);
      };
      watched.set(lock, onLost);
      lock.lost.addEventListener('abort', onLost);
    },
    [Symbol.dispose]() {
      for (const [lock, onLost] of watched) lock.lost.removeEventListener('abort', onLost);
    },
  };
}
