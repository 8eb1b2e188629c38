import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/** The Git commit of a directory, given by its real path: from the name of git-sync's worktree, or from `.git`; undefined where neither says. */
export async function readRevision(directory: string): Promise<string | undefined> {
  const segments = directory.split('/');
  const worktree = segments[segments.indexOf('.worktrees') + 1];
  if (segments.includes('.worktrees') && worktree && COMMIT.test(worktree)) return worktree;
  for (let at = directory; ; at = dirname(at)) {
    const gitDirectory = await findGitDirectory(join(at, '.git'));
    if (gitDirectory) return readHead(gitDirectory);
    if (dirname(at) === at) return undefined;
  }
}

/** `.git` is a directory, or in a worktree a file that names one. */
async function findGitDirectory(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return path;
  if (!found?.isFile()) return undefined;
  const [, target] = /^gitdir: (.+)$/m.exec((await readText(path)) ?? '') ?? [];
  return target && resolve(dirname(path), target.trim());
}

async function readHead(gitDirectory: string): Promise<string | undefined> {
  const head = await readText(join(gitDirectory, 'HEAD'));
  const [, ref] = /^ref: (.+)$/.exec(head ?? '') ?? [];
  if (!ref) return commitOrNothing(head);
  // A worktree keeps its HEAD to itself and shares the branches.
  const shared = resolve(gitDirectory, (await readText(join(gitDirectory, 'commondir'))) ?? '.');
  const loose = (await readText(join(gitDirectory, ref))) ?? (await readText(join(shared, ref)));
  if (loose) return commitOrNothing(loose);
  const packed = (await readText(join(shared, 'packed-refs'))) ?? '';
  return commitOrNothing(
    packed
      .split('\n')
      .find((line) => line.endsWith(` ${ref}`))
      ?.split(' ')[0],
  );
}

function commitOrNothing(text: string | undefined): string | undefined {
  return text && COMMIT.test(text) ? text : undefined;
}

async function readText(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text?.trim();
}
