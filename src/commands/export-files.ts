/** Writes an export into a directory, and over nothing that is there. */
import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sanitize } from '../report/sanitize.ts';
import { ExpectedError } from './errors.ts';

/**
 * All files are written aside first, where nobody looks for manifests, and are then moved into place: what stops in the middle leaves no file half written.
 * Throws Failure, with nothing written, where one of them exists.
 */
export async function writeFiles(
  directory: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  await refuseExisting(directory, [...files.keys()]);
  const aside = join(directory, `.export-${randomUUID()}`);
  try {
    for (const [file, text] of files) await write(join(aside, file), text);
    for (const file of files.keys()) {
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await rename(join(aside, file), join(directory, file));
    }
  } catch (error) {
    throw new ExpectedError(
      `${directory} cannot be written to: ${(error as NodeJS.ErrnoException).code ?? 'error'}`,
      { cause: error },
    );
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: 'wx' });
}

/** How many names a complaint gives before it counts the rest. */
const SHOWN = 5;

async function refuseExisting(directory: string, files: readonly string[]): Promise<void> {
  const found = await Promise.all(
    files.map(async (file) => ((await exists(join(directory, file))) ? [file] : [])),
  );
  const existing = found.flat();
  if (existing.length === 0) return;
  const rest = existing.length > SHOWN ? ` and ${existing.length - SHOWN} more` : '';
  const names = existing.slice(0, SHOWN).map(sanitize).join(', ');
  throw new ExpectedError(
    `${sanitize(directory)} has ${names}${rest} already, and nothing is overwritten: name another directory, or move them away`,
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (code === 'ENOTDIR')
      throw new ExpectedError(
        `${sanitize(path)} cannot be written: a part of the path is a file; name a directory`,
      );
    throw new ExpectedError(`${sanitize(path)} cannot be looked at: ${code ?? 'error'}`, {
      cause: error,
    });
  }
}
