/** The manifests directory, read as one snapshot. */

import { constants, type Dirent } from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import ignore, { type Ignore } from 'ignore';
import { compareText } from '../core/model/json.ts';
import type { Problem } from '../core/model/model.ts';

/** A generated file of ten thousand documents is about half of it. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MAX_ATTEMPTS = 5;
const ATTEMPT_DELAY_MS = 50;
const FILES_AT_ONCE = 32;
const IGNORE_FILE = '.apikeeperignore';
/** What the kubelet swaps atomically in a mounted ConfigMap or Secret; the names beside it are links into it. */
const CONFIG_MAP_LINK = '..data';

export interface Snapshot {
  /** The real path of the directory, or of the directory of a single file; undefined where there is none. */
  readonly root: string | undefined;
  /** The real path of what was read, behind every link that publishes it; undefined where there is nothing. */
  readonly content: string | undefined;
  readonly isFile: boolean;
  /** Sorted by name; names are relative to the directory, with slashes. */
  readonly files: readonly { readonly file: string; readonly text: string }[];
  /** What could not be read: a snapshot without any is whole. */
  readonly problems: readonly Problem[];
  /** Every path that was resolved, and what it led to. */
  readonly resolved: ReadonlyMap<string, string>;
}

/** Reads all manifests below a directory (or one file), in one state of the directory: where links change or files vanish meanwhile, it starts over. */
export async function readSnapshot(path: string): Promise<Snapshot> {
  for (let attempt = 1; ; attempt++) {
    const reading = await readOnce(path);
    const settled = !reading.vanished && (await isCurrent(reading.resolved));
    if (settled || attempt === MAX_ATTEMPTS) {
      const problems =
        settled || reading.problems.length > 0
          ? reading.problems
          : [problemAt('.', 'the directory kept changing while it was read')];
      return { ...reading, problems };
    }
    await sleep(ATTEMPT_DELAY_MS);
  }
}

/** Whether every path still leads to what was read: git-sync and ConfigMaps publish by swapping a link. */
export async function isCurrent(resolved: ReadonlyMap<string, string>): Promise<boolean> {
  const targets = await Promise.all(
    [...resolved].map(
      async ([path, target]) => (await realpath(path).catch(() => undefined)) === target,
    ),
  );
  return targets.every(Boolean);
}

/** One attempt at reading, while it goes on. */
interface Reading {
  readonly root: string | undefined;
  readonly content: string | undefined;
  readonly isFile: boolean;
  readonly files: readonly { file: string; text: string }[];
  readonly problems: Problem[];
  readonly resolved: Map<string, string>;
  vanished: boolean;
}

/** What is found while walking. Links wait until everything else is found, so that a file is known by its own name. */
interface Walk {
  readonly root: string;
  readonly reading: Reading;
  readonly ignored: Ignore;
  readonly files: Map<string, string>;
  readonly directories: Set<string>;
  readonly links: { file: string; path: string }[];
}

async function readOnce(path: string): Promise<Reading> {
  const resolved = new Map<string, string>();
  const reading: Reading = {
    root: undefined,
    content: undefined,
    isFile: false,
    files: [],
    problems: [],
    resolved,
    vanished: false,
  };
  try {
    const target = await realpath(path);
    resolved.set(path, target);
    const found = await stat(target);
    if (found.isDirectory()) return await readDirectory({ ...reading, root: target });
    const text = await readText(reading, basename(path), target);
    const files = text === undefined ? [] : [{ file: basename(path), text }];
    return { ...reading, root: dirname(target), content: target, isFile: true, files };
  } catch (error) {
    reading.problems.push(
      problemAt(
        '.',
        `${path}: ${reasonOf(error, 'no such directory; name the directory that holds the manifests')}`,
      ),
    );
    return reading;
  }
}

async function readDirectory(reading: Reading & { readonly root: string }): Promise<Reading> {
  const { root } = reading;
  const content = await enter(root, reading);
  const walk: Walk = {
    root,
    reading,
    ignored: await readIgnored(content, reading),
    files: new Map(),
    directories: new Set(),
    links: [],
  };
  await walkDirectory(walk, '', content);
  for (let link = walk.links.shift(); link; link = walk.links.shift()) await followLink(walk, link);
  const found = [...walk.files]
    .map(([path, file]) => ({ path, file }))
    .sort((a, b) => compareText(a.file, b.file));
  const files: { file: string; text: string }[] = [];
  for (let start = 0; start < found.length; start += FILES_AT_ONCE) {
    const some = found.slice(start, start + FILES_AT_ONCE);
    const texts = await Promise.all(some.map(({ file, path }) => readText(reading, file, path)));
    for (const [index, text] of texts.entries())
      if (text !== undefined) files.push({ file: some[index]?.file ?? '', text });
  }
  return { ...reading, content, files };
}

/** The directory that holds a directory's content: itself, or in a mounted ConfigMap what `..data` leads to. */
async function enter(directory: string, reading: Reading): Promise<string> {
  const link = join(directory, CONFIG_MAP_LINK);
  const found = await lstat(link).catch(() => undefined);
  if (!found?.isSymbolicLink()) return directory;
  const target = await realpath(link).catch(() => undefined);
  if (target === undefined) {
    reading.vanished = true;
    return directory;
  }
  if (!isWithin(directory, target)) return directory;
  reading.resolved.set(link, target);
  return target;
}

async function walkDirectory(walk: Walk, name: string, path: string): Promise<void> {
  if (walk.directories.has(path)) return;
  walk.directories.add(path);
  for (const entry of await listDirectory(walk, name, path)) {
    const file = name === '' ? entry.name : `${name}/${entry.name}`;
    const own = join(path, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) await visitDirectory(walk, file, own);
    else if (walk.ignored.ignores(file)) continue;
    else if (entry.isSymbolicLink()) walk.links.push({ file, path: own });
    else visitFile(walk, file, own, entry);
  }
}

async function listDirectory(walk: Walk, name: string, path: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.sort((a, b) => compareText(a.name, b.name));
  } catch (error) {
    fail(walk.reading, name || '.', error);
    return [];
  }
}

async function visitDirectory(walk: Walk, file: string, path: string): Promise<void> {
  if (walk.ignored.ignores(`${file}/`)) return;
  await walkDirectory(walk, file, await enter(path, walk.reading));
}

function visitFile(walk: Walk, file: string, path: string, found: { isFile(): boolean }): void {
  if (!/\.(ya?ml|json)$/i.test(file)) return;
  if (!found.isFile()) walk.reading.problems.push(problemAt(file, 'not a regular file'));
  else if (!walk.files.has(path)) walk.files.set(path, file);
}

async function followLink(
  walk: Walk,
  { file, path }: { file: string; path: string },
): Promise<void> {
  try {
    const target = await realpath(path);
    if (!isWithin(walk.root, target)) {
      const message = `a link to a place outside the manifests directory, which is not followed; move the file in, or name the link in ${IGNORE_FILE}`;
      walk.reading.problems.push(problemAt(file, message));
      return;
    }
    walk.reading.resolved.set(path, target);
    const found = await stat(target);
    if (found.isDirectory()) await visitDirectory(walk, file, target);
    else visitFile(walk, file, target, found);
  } catch (error) {
    fail(walk.reading, file, error, 'a link to nothing');
  }
}

async function readIgnored(directory: string, reading: Reading): Promise<Ignore> {
  const rules = ignore();
  const path = await realpath(join(directory, IGNORE_FILE)).catch(() => undefined);
  if (path === undefined) return rules;
  if (!isWithin(reading.root ?? directory, path)) {
    reading.problems.push(
      problemAt(
        IGNORE_FILE,
        'a link to a place outside the manifests directory, which is not followed',
      ),
    );
    return rules;
  }
  return rules.add((await readText(reading, IGNORE_FILE, path)) ?? '');
}

/** The text of one file, by its real path; where it can't be read that is a problem of the reading. */
async function readText(reading: Reading, file: string, path: string): Promise<string | undefined> {
  try {
    // Not a link any more when it was found, so it must not be one now; and a pipe must not make us wait.
    await using handle = await open(
      path,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const found = await handle.stat();
    if (!found.isFile()) throw new Error('not a regular file');
    if (found.size > MAX_FILE_BYTES)
      throw new Error(`larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB; split the file`);
    return decode(await handle.readFile());
  } catch (error) {
    fail(reading, file, error);
    return undefined;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('not valid UTF-8; save the file as UTF-8 text');
  }
}

function fail(
  reading: Reading,
  file: string,
  error: unknown,
  missing = 'vanished while the directory was read',
): void {
  if (codeOf(error) === 'ENOENT') reading.vanished = true;
  reading.problems.push(problemAt(file, reasonOf(error, missing)));
}

function reasonOf(error: unknown, missing: string): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return missing;
  if (code === 'EACCES' || code === 'EPERM')
    return 'not readable; give the user that runs apikeeper the right to read it';
  if (code === 'ELOOP') return 'a link that leads to itself';
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isWithin(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory === sep ? sep : directory + sep);
}

function problemAt(file: string, message: string): Problem {
  return { file, line: 1, column: 1, message };
}
