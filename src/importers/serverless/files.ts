/** Files that a Serverless file has values from: `${file(./config.yml):names.live}`. */
import { readFileSync, realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { readSource } from '../common/source.ts';
import { type Unresolved, unresolved } from '../common/unresolved.ts';

/** The text of a file of the service, by its path within the service; null where there is none, undefined where it is not to be read. */
export type ReadServiceFile = (path: string) => string | null | undefined;

/** Files in a directory and below it, links followed: a variable must not be able to show what is elsewhere. */
export function filesBelow(directory: string): ReadServiceFile {
  return (path) => {
    try {
      const root = realpathSync(directory);
      const file = realpathSync(resolve(root, path));
      return file.startsWith(`${root}${sep}`) ? readFileSync(file, 'utf8') : undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : undefined;
    }
  };
}

/** What a file holds, as it is written; null where there is no such file. `address` is that of the variable. */
export function contentOf(
  address: string,
  read: ReadServiceFile | undefined,
): { readonly content: unknown; readonly member: string } | Unresolved {
  const [, path = '', member = ''] = /^file\(([^()]+)\)(?::(.*))?$/s.exec(address) ?? [];
  const wayOut = `give --param '${address}=<value>'`;
  // A program is not run, and any other text may be a secret as a whole.
  if (!read || !/\.(ya?ml|json)$/.test(path)) return unresolved(`\${${address}}: ${wayOut}`);
  const text = read(path);
  if (text === undefined)
    return unresolved(
      `\${${address}}: the file can't be read, or is outside of the service; ${wayOut}`,
    );
  if (text === null) return { content: null, member };
  const source = readSource(path, text);
  return 'code' in source
    ? unresolved(`\${${address}}: line ${source.line}: ${source.message}`)
    : { content: source.value, member };
}
