/** One writer per owner, account and region on this host (docs/contract.md#daemon). */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Lock extends AsyncDisposable {
  readonly path: string;
}

export class LockTaken extends Error {
  override readonly name = 'LockTaken';
}

/** Who wants a lock, or has it: the name of a file. */
interface Claim {
  readonly file: string;
  readonly pid: number;
  /** When the process began, in the kernel's own ticks: tells it from a later one of the same number. Empty where the system doesn't say. */
  readonly started: string;
}

/** What one writer is one of. Emulators on one host are told apart by their endpoints. */
export function writerName(
  owner: string,
  where: { readonly accountId?: string; readonly region: string; readonly endpoint?: string },
): string {
  return [owner, where.accountId ?? 'ambient', where.region, where.endpoint ?? '']
    .join(' ')
    .trimEnd();
}

const DIRECTORY = join(tmpdir(), 'apikeeper');
const ATTEMPTS = 5;
/** Two that claim at the same moment both step back; so long at most, one of them waits less. Milliseconds. */
const STEP_BACK_MS = 50;

/**
 * Takes the lock, also from a process that is gone. Rejects with LockTaken while another process holds it.
 * Where no file can be written (a read-only container) there is nothing to share a lock with, and the answer is undefined.
 *
 * Who wants a lock writes a claim, and then looks: the lock is theirs when nobody else who runs has a claim to it. Each claim is a file of its own: one that
 * is stale can be removed by anybody, and it is never somebody else's.
 */
export async function takeLock(name: string, directory = DIRECTORY): Promise<Lock | undefined> {
  const lock = `${name.replace(/[^A-Za-z0-9._-]+/g, '_')}.lock.`;
  const started = await startOf(process.pid);
  for (let attempt = 1; ; attempt++) {
    const path = join(directory, `${lock}${process.pid}-${started}-${randomUUID()}`);
    try {
      await mkdir(directory, { recursive: true });
      await writeFile(path, '', { flag: 'wx' });
    } catch (error) {
      if (cannotWrite(error)) return undefined;
      throw error;
    }
    const release = () => rm(path, { force: true });
    const other = await otherClaim(lock, path);
    if (!other) return { path, [Symbol.asyncDispose]: release };
    await release();
    if (attempt === ATTEMPTS) {
      throw new LockTaken(
        `process ${other.pid} on this host already writes to this owner, account and region (${join(directory, other.file)}): stop it, or let it do the work`,
      );
    }
    await sleep(randomInt(STEP_BACK_MS));
  }
}

/** The claim of another that runs; those of processes that are gone are removed. */
async function otherClaim(lock: string, own: string): Promise<Claim | undefined> {
  const files = (await readdir(dirname(own))).filter(
    (file) => file.startsWith(lock) && file !== basename(own),
  );
  for (const claim of files.flatMap((file) => readClaim(file, lock))) {
    if (await isRunning(claim)) return claim;
    await rm(join(dirname(own), claim.file), { force: true });
  }
  return undefined;
}

function readClaim(file: string, lock: string): Claim[] {
  const [, pid, started = ''] = /^(\d+)-(\d*)-[\da-f-]+$/.exec(file.slice(lock.length)) ?? [];
  return pid === undefined ? [] : [{ file, pid: Number(pid), started }];
}

async function isRunning({ pid, started }: Claim): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = await startOf(pid);
  return started === '' || now === '' || now === started;
}

/** Field 22 of Linux's /proc/<pid>/stat, counted behind the command, which may hold spaces. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function cannotWrite(error: unknown): boolean {
  return ['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
}
