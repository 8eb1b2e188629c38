/** The other processes that claim a lock, and the claims that count for nothing. */
import type { Stats } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Answer, ask } from './ask.ts';
import { DRAFT } from './claim.ts';

/** A process that claims the lock, and runs. */
export interface Rival {
  readonly path: string;
  readonly pid: number;
  /** Of the claim's file. */
  readonly uid: number;
  /** As the process says; any user may say anything. */
  readonly user: string;
  /** False while it still asks the others. */
  readonly held: boolean;
  /** The claim belongs to our user or to root. */
  readonly trusted: boolean;
}

export interface RivalOptions {
  readonly directory: string;
  readonly prefix: string;
  /** The file name of our own claim. */
  readonly own: string;
  readonly answerMs: number;
  readonly signal: AbortSignal;
  /** Told of each claim that counts for nothing although its process did not end. */
  readonly onIgnored: (path: string, why: string) => void;
}

/** Our own user's files, and root's, are made by people who may stop us anyway. */
export function isTrusted(uid: number): boolean {
  const own = process.getuid?.();
  return own === undefined || uid === own || uid === 0;
}

/** Asks all claims at the same time. Removes those of processes that are gone, where it may. */
export async function rivals(options: RivalOptions): Promise<Rival[]> {
  const { directory, prefix, own } = options;
  const files = (await readdir(directory)).filter(
    (file) => file.startsWith(prefix) && file !== own && !file.endsWith(DRAFT),
  );
  const found = await Promise.all(files.map((file) => rivalAt(join(directory, file), options)));
  return found.flat();
}

/**
 * | the file | counts as |
 * | --- | --- |
 * | a socket that answers | a rival |
 * | a socket whose connection is refused | gone: removed |
 * | a socket without an answer in time | stopped: told, removed |
 * | a socket that answers anything else | forged: told, left alone |
 * | no socket | litter: told, left alone |
 */
async function rivalAt(path: string, options: RivalOptions): Promise<Rival[]> {
  const found: Stats | undefined = await lstat(path).catch(() => undefined);
  if (!found) return [];
  const { uid } = found;
  if (!found.isSocket()) {
    options.onIgnored(path, `it is no socket, user ${uid} put it there: remove it`);
    return [];
  }

  const answer = await ask(path, options.answerMs, options.signal);
  if (typeof answer !== 'string') {
    const { pid, user, held } = answer;
    return [{ path, pid, uid, user, held, trusted: isTrusted(uid) }];
  }
  const why = IGNORED[answer];
  if (why) options.onIgnored(path, `${why(options.answerMs / 1000)} (user ${uid})`);
  // In a sticky directory the claims of other users stay.
  if (answer !== 'garbled') await rm(path, { force: true }).catch(() => {});
  return [];
}

const IGNORED: Readonly<
  Record<Exclude<Answer, object>, ((seconds: number) => string) | undefined>
> = {
  gone: undefined,
  silent: (seconds) => `its process has not answered for ${seconds} s, and counts as dead`,
  garbled: () => 'its answer is none of apikeeper, and counts for nothing: remove it',
};
