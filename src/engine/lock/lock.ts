/** One writer per owner, account and region on this host (docs/contract.md#daemon). */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Emit } from '../../core/model/events.ts';
import { type Claim, publishClaim } from './claim.ts';
import { LOCK_DIRECTORY, openLockDirectory } from './directory.ts';
import { legacyRivals } from './legacy.ts';
import { type Rival, rivals } from './rival.ts';
import { watchStandstill } from './standstill.ts';

export interface Lock extends AsyncDisposable {
  /** The claim's socket; undefined where none can be made, so that nothing is locked. */
  readonly path?: string;
  /** Aborted with a LockLost when the process stood still, or its claim is gone: another process may have the lock. */
  readonly lost: AbortSignal;
  /** Asked before each write. Throws the LockLost. */
  assertHeld(): void;
}

export interface LockLimits {
  /** A claim without an answer for this long is that of a stopped process. Default 90 s. */
  readonly answerMs: number;
  /** A holder that stood still for this long has lost the lock. Default 45 s, so that it has stopped writing before others count it as dead. */
  readonly standstillMs: number;
}

export interface LockOptions {
  /** Default: `<tmp>/apikeeper`. */
  readonly directory?: string | undefined;
  readonly version: string;
  readonly emit: Emit;
  readonly limits?: Partial<LockLimits> | undefined;
  /** Aborted: stops waiting for answers, and rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Another process writes to this owner, account and region. */
export class LockTaken extends Error {
  override readonly name = 'LockTaken';
  readonly rival: Rival;

  constructor(rival: Rival) {
    const { pid, uid, user, trusted, path } = rival;
    const who = trusted ? '' : ` of user ${uid} (it says ${user})`;
    super(
      `process ${pid}${who} on this host already writes to this owner, account and region (${path}): ` +
        'nothing was written here; let that process do the work, or stop it',
    );
    this.rival = rival;
  }
}

export class LockLost extends Error {
  override readonly name = 'LockLost';
}

const LIMITS: LockLimits = { answerMs: 90_000, standstillMs: 45_000 };
/** Milliseconds between two looks at the claims of processes that still ask. */
const STEP_BACK_MS = 25;
/** A claim that keeps asking for more looks than this counts as the holder's. */
const LOOKS = 100;

/** Names what one writer is one of. Emulators on one host are told apart by their endpoints. */
export function writerName(
  owner: string,
  where: { readonly accountId?: string; readonly region: string; readonly endpoint?: string },
): string {
  return [owner, where.accountId ?? 'ambient', where.region, where.endpoint ?? '']
    .join(' ')
    .trimEnd();
}

/**
 * Takes the lock, also from a process that is gone or stopped. Rejects with LockTaken while another process holds it.
 * Where no socket can be made there is nothing to share a lock with: then that is told, and the lock keeps no process out.
 *
 * A process publishes its claim, then asks all others. It holds the lock once no other claim is alive. Of two that ask at the
 * same moment, the claim whose file name sorts first stays, and the other is withdrawn and made again.
 */
export async function takeLock(name: string, options: LockOptions): Promise<Lock> {
  const claims = createClaims(name, options);
  for (let attempt = 1; ; attempt++) {
    const claim = await claims.publish();
    if (!claim) return unlocked();
    try {
      const others = () => claims.others(claim);
      if (await settle(claim, others, attempt < LOOKS))
        return createLock(claim, { ...LIMITS, ...options.limits });
    } catch (error) {
      await claim.withdraw();
      throw error;
    }
    await claim.withdraw();
    await sleep(STEP_BACK_MS);
  }
}

/** True: the lock is ours. False: the claim gives way for a moment. Rejects with LockTaken. */
async function settle(
  claim: Claim,
  others: () => Promise<Rival[]>,
  mayGiveWay: boolean,
): Promise<boolean> {
  for (let look = 1; ; look++) {
    const found = await others();
    const [rival] = found;
    if (!rival) return true;
    const holder = found.find(({ held }) => held);
    if (holder) throw new LockTaken(holder);
    if (mayGiveWay && found.some(({ path }) => path < claim.path)) return false;
    if (look === LOOKS || !mayGiveWay) throw new LockTaken(rival);
    await sleep(STEP_BACK_MS);
  }
}

/** The claims to one lock. What is wrong with the directory, or with a claim, is told once. */
function createClaims(name: string, options: LockOptions) {
  const { directory = LOCK_DIRECTORY, version, emit } = options;
  // Sockets have short paths.
  const prefix = `${createHash('sha256').update(name).digest('hex').slice(0, 16)}-`;
  const answerMs = options.limits?.answerMs ?? LIMITS.answerMs;
  const { signal = new AbortController().signal } = options;
  const told = new Set<string>();
  const tell = (event: 'lock.weak' | 'lock.ignored', path: string, message: string) => {
    if (!told.has(path + message)) emit(event, { path, message });
    told.add(path + message);
  };
  const onIgnored = (path: string, why: string) => tell('lock.ignored', path, why);

  return {
    /** Undefined where no socket can be made. */
    async publish(): Promise<Claim | undefined> {
      try {
        const risk = await openLockDirectory(directory);
        if (risk !== undefined) tell('lock.weak', directory, risk);
        return await publishClaim(directory, prefix, version);
      } catch (error) {
        tell('lock.weak', directory, noSocket(error));
        return undefined;
      }
    },
    async others({ path }: Claim): Promise<Rival[]> {
      const old = [...new Set([directory, LOCK_DIRECTORY])].map((one) => legacyRivals(name, one));
      const own = basename(path);
      const now = rivals({ directory, prefix, own, answerMs, signal, onIgnored });
      return (await Promise.all([...old, now])).flat();
    },
  };
}

function noSocket(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `no claim can be made, so nothing keeps a second process from writing: ${reason}; name a directory with --lock-dir`;
}

function createLock(claim: Claim, { standstillMs }: LockLimits): Lock {
  claim.hold();
  const lost = new AbortController();
  const lose = (why: string) => lost.abort(new LockLost(`the lock is taken anew: ${why}`));
  const pulse = watchStandstill(standstillMs, (seconds) =>
    lose(`this process stood still for ${seconds} s`),
  );
  return {
    path: claim.path,
    lost: lost.signal,
    assertHeld() {
      pulse.check();
      if (!lost.signal.aborted && !claim.isInPlace()) lose(`its claim ${claim.path} was removed`);
      lost.signal.throwIfAborted();
    },
    async [Symbol.asyncDispose]() {
      pulse[Symbol.dispose]();
      await claim.withdraw();
    },
  };
}

function unlocked(): Lock {
  return {
    lost: new AbortController().signal,
    assertHeld() {},
    async [Symbol.asyncDispose]() {},
  };
}
