/** The locks of one engine: each is taken once, by the first Target that needs it, and kept until the engine ends or a question is open. */
import { compact } from '../../core/model/compact.ts';
import type { Target } from '../../core/model/model.ts';
import { orAborted } from '../../gateway/abort.ts';
import { type Lock, takeLock, writerName } from '../lock/lock.ts';
import type { EngineDeps, Settings } from '../state/settings.ts';
import type { Session } from './sessions.ts';

export interface Locks extends AsyncDisposable {
  /**
   * Takes the lock of the Target's owner, account and region. True where the account was not read under it:
   * then what was read is forgotten, and everything has to be read again.
   * Rejects with LockTaken, or with the signal's reason.
   */
  hold(target: Target, session: Session, signal: AbortSignal): Promise<boolean>;
  /** Gives the lock back, unless another Target has it too. */
  release(target: Target, session: Session): Promise<void>;
}

interface Taken {
  readonly lock: Promise<Lock>;
  readonly namespaces: Set<string>;
}

export function createLocks(settings: Settings, surroundings: EngineDeps): Locks {
  const locks = new Map<string, Taken>();
  const closing = new AbortController();

  function take(name: string): Taken {
    const lock = takeLock(name, {
      directory: settings.lockDirectory,
      version: settings.version,
      emit: surroundings.emit,
      limits: surroundings.lockLimits,
      signal: closing.signal,
    });
    const taken = { lock, namespaces: new Set<string>() };
    locks.set(name, taken);
    lock.catch(() => locks.get(name) === taken && locks.delete(name));
    return taken;
  }

  async function drop(name: string, taken: Taken): Promise<void> {
    if (locks.get(name) !== taken) return;
    locks.delete(name);
    const lock = await taken.lock;
    await lock[Symbol.asyncDispose]();
  }

  /** A lock that was lost is given back, and taken anew. */
  async function standing(name: string, namespace: string): Promise<Lock> {
    // An engine that ends takes no lock that it would not give back.
    closing.signal.throwIfAborted();
    const taken = locks.get(name) ?? take(name);
    const lock = await taken.lock;
    taken.namespaces.add(namespace);
    if (!lock.lost.aborted) return lock;
    await drop(name, taken);
    return standing(name, namespace);
  }

  return {
    async hold(target, session, signal) {
      const lock = await orAborted(standing(nameOf(target, session), target.namespace), signal);
      session.lock = lock;
      const { account } = session;
      if (account.locks.has(lock)) return false;
      account.locks.add(lock);
      delete account.kept;
      // The last creates of the holder before may not be listed yet.
      delete account.memory.firstListedAt;
      account.memory.listedTwice = false;
      return true;
    },
    async release(target, session) {
      const name = nameOf(target, session);
      const taken = locks.get(name);
      delete session.lock;
      taken?.namespaces.delete(target.namespace);
      if (taken?.namespaces.size === 0) await drop(name, taken);
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('apikeeper stopped'));
      const taken = await Promise.allSettled([...locks.values()].map(({ lock }) => lock));
      for (const one of taken)
        if (one.status === 'fulfilled') await one.value[Symbol.asyncDispose]();
    },
  };
}

function nameOf(target: Target, { connection }: Session): string {
  const { accountId, region } = connection;
  return writerName(
    target.owner,
    compact({ region, accountId, ...connection.endpoint('API_GATEWAY') }),
  );
}
