/** Terraform's files on the disk. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SourceText } from './load.ts';
import type { TerraformInput } from './terraform.ts';

/** A file, whatever it is called, or what Terraform reads of a directory. Rejects where there is none. */
export async function readTerraformInput(path: string): Promise<TerraformInput> {
  if ((await stat(path)).isDirectory())
    return { path, directory: path, texts: await readTerraformDirectory(path) };
  return { path, directory: dirname(path), texts: [await readText(path)] };
}

/** In the order in which later variables outrank earlier ones. A directory that isn't there has no files. */
export async function readTerraformDirectory(directory: string): Promise<SourceText[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  const isRead = (name: string) => /\.(tf|tofu)(\.json)?$/.test(name) && !name.startsWith('.');
  const isVariables = (name: string) =>
    /^terraform\.tfvars(\.json)?$/.test(name) || /\.auto\.tfvars(\.json)?$/.test(name);
  const variables = names
    .filter(isVariables)
    .toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Promise.all(
    [...names.filter(isRead).toSorted(), ...variables].map((name) =>
      readText(join(directory, name)),
    ),
  );
}

const FIRST = ['terraform.tfvars', 'terraform.tfvars.json'];

function rank(name: string): number {
  return FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length;
}

async function readText(file: string): Promise<SourceText> {
  return { file, text: await readFile(file, 'utf8') };
}
