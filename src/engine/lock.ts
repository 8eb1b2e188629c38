/** One writer per owner, account and region on this host (design, section 8): a file that names the process that holds it. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Lock extends AsyncDisposable {
  readonly path: string;
}

export class LockTaken extends Error {
  override readonly name = 'LockTaken';
}

interface Holder {
  readonly pid: number;
  /** When the process began, in the kernel's own ticks: tells it from a later one of the same number. Empty where the system doesn't say. */
  readonly started: string;
}

const DIRECTORY = join(tmpdir(), 'apikeeper');
const ATTEMPTS = 5;

/**
 * Takes the lock, also from a process that is gone. Rejects with LockTaken while another process holds it.
 * Where no file can be written (a read-only container) there is nothing to share a lock with, and the answer is undefined.
 */
export async function takeLock(name: string, directory = DIRECTORY): Promise<Lock | undefined> {
  const path = join(directory, `${name.replace(/[^A-Za-z0-9._-]+/g, '_')}.lock`);
  const me: Holder = { pid: process.pid, started: await startOf(process.pid) };
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    if (cannotWrite(error)) return undefined;
    throw error;
  }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      await writeFile(path, JSON.stringify(me), { flag: 'wx' });
      return { path, [Symbol.asyncDispose]: () => release(path, me) };
    } catch (error) {
      if (cannotWrite(error)) return undefined;
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await holderOf(path);
    if (holder && (await isRunning(holder))) {
      throw new LockTaken(
        `process ${holder.pid} on this host already writes to this owner, account and region (${path}): stop it, or let it do the work`,
      );
    }
    await setAside(path);
  }
  throw new LockTaken(`the lock ${path} changes hands too fast: another apikeeper is starting at the same time`);
}

async function release(path: string, me: Holder): Promise<void> {
  const holder = await holderOf(path);
  if (holder?.pid === me.pid && holder.started === me.started) await rm(path, { force: true });
}

/** Out of the way by a rename, which only one of several can do: nobody removes a lock that another has just taken. */
async function setAside(path: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const { pid, started } = JSON.parse(await readFile(path, 'utf8'));
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

async function isRunning({ pid, started }: Holder): Promise<boolean> {
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
