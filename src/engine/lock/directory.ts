/** The directory that holds the claims of all users of this host. */
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where claims lie unless `--lock-dir` says otherwise. 0.1.0 kept its lock files here. */
export const LOCK_DIRECTORY = join(tmpdir(), 'apikeeper');

/** All may make claims, and none may remove the claims of others. */
const FOR_ALL_USERS = 0o1777;
const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes the directory where it is missing. Returns a sentence where others may remove our claims.
 * Rejects where it is no directory: a link may lead anywhere.
 */
export async function openLockDirectory(directory: string): Promise<string | undefined> {
  const isNew = !(await exists(directory));
  if (isNew) await mkdir(directory, { recursive: true });

  const { uid, mode, ...found } = await statOf(directory);
  if (!found.isDirectory) throw new Error(`${directory} is no directory: remove it`);

  const isOurs = uid === process.getuid?.();
  if (isNew || (isOurs && directory === LOCK_DIRECTORY)) {
    await chmod(directory, FOR_ALL_USERS);
    return undefined;
  }
  const isSafe = (mode & STICKY) !== 0 || (isOurs && (mode & WRITABLE_BY_OTHERS) === 0);
  return isSafe
    ? undefined
    : `other users may remove claims from ${directory}: give it mode 1777, or name another with --lock-dir`;
}

async function statOf(directory: string) {
  const found = await lstat(directory);
  return { uid: found.uid, mode: found.mode, isDirectory: found.isDirectory() };
}

async function exists(directory: string): Promise<boolean> {
  return lstat(directory).then(
    () => true,
    () => false,
  );
}
