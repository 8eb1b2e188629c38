/** Lock files of 0.1.0, whose processes may still run: `<name>.lock.<pid>-<start>-<uuid>`. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isTrusted, type Rival } from './rival.ts';

/** The claims of processes that run. Those of others are ignored: their process may run in another container, or be gone. */
export async function legacyRivals(name: string, directory: string): Promise<Rival[]> {
  const prefix = `${name.replace(/[^A-Za-z0-9._-]+/g, '_')}.lock.`;
  const files = await readdir(directory).catch(() => []);
  const found = await Promise.all(
    files
      .filter((file) => file.startsWith(prefix))
      .map((file) => readRival(join(directory, file), file.slice(prefix.length))),
  );
  return found.flat();
}

async function readRival(path: string, claim: string): Promise<Rival[]> {
  const [, pid, started] = /^(\d+)-(\d+)-[\da-f-]+$/.exec(claim) ?? [];
  if (pid === undefined || (await startOf(pid)) !== started) return [];
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile()) return [];
  const { uid } = found;
  return [{ path, pid: Number(pid), uid, user: String(uid), held: true, trusted: isTrusted(uid) }];
}

/** Field 22 of Linux's /proc/<pid>/stat, counted behind the command, which may hold spaces. */
async function startOf(pid: string): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
