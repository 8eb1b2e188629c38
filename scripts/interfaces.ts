/**
 * Prints everything that users rely on, one entry a line, sorted: run it before and after a change of the structure
 * and compare. It reads files by what they contain, so that a moved file changes nothing.
 * `node scripts/interfaces.ts [checkout]`
 */
import { execFileSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(process.argv[2] ?? '.');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const sources = globSync('src/**/*.ts', { cwd: root }).map((file) => read(file));

const COMMANDS = 'validate plan apply run status export import iam-policy emulator demo'.split(' ');

const entries = [
  ...readdirSync(join(root, 'schemas')).flatMap((file) =>
    leaves(JSON.parse(read(`schemas/${file}`)), `schema ${file}`),
  ),
  ...readdirSync(join(root, 'docs/reference')).flatMap((file) =>
    linesOf(read(`docs/reference/${file}`), `reference ${file}`),
  ),
  ...['', ...COMMANDS].flatMap((command) => linesOf(help(command), `help ${command}`)),
  ...union('HoldReason'),
  ...union('Action'),
  ...union('State'),
  ...union('Cause'),
  ...union('Outcome'),
  ...union('OverallState'),
  ...union('Trigger'),
  ...found(/\b(?:counter|gauge|histogram)\(\s*'([a-z_]+)'/g, 'metric'),
  ...found(/['"`](apikeeper:[a-z-]+)['"`]/g, 'tag'),
  ...found(/\.(?:get|post)\(\s*['"`](\/[^'"`]*)['"`]/g, 'route'),
  ...found(/export const EXIT = (\{[^}]*\})/g, 'exit codes'),
  ...Object.keys(JSON.parse(read('package.json')).exports).map((path) => `export ${path}`),
];

const sorted = [...new Set(entries)].sort();
console.log(sorted.join('\n'));

/** Leaves of a schema with their pointers; the marks for apikeeper's own planner are no interface. */
function leaves(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [`${path} = ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'x-apikeeper' ? [] : leaves(inner, `${path}/${key}`),
  );
}

function linesOf(text: string, label: string): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => `${label}: ${line}`);
}

function help(command: string): string {
  const words = [join(root, 'src/cli.ts'), ...(command === '' ? [] : [command]), '--help'];
  return execFileSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
}

/** The members of an exported union of texts, wherever it is declared. */
function union(name: string): string[] {
  const declaration = new RegExp(`export type ${name} =([^;]*);`);
  const text = sources.flatMap((source) => declaration.exec(source)?.[1] ?? [])[0];
  if (text === undefined) throw new Error(`no source declares the type ${name}`);
  return [...text.matchAll(/'([^']+)'/g)].map(([, member]) => `${name} ${member}`);
}

/** Every match of the pattern in the sources. */
function found(pattern: RegExp, label: string): string[] {
  const matches = sources.flatMap((source) =>
    [...source.matchAll(pattern)].map(([, name]) => `${label} ${name}`),
  );
  if (matches.length === 0) throw new Error(`no ${label} was found`);
  return matches;
}
