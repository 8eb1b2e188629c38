/** Import rules: which folder may import which, and which folder owns which package. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

const CORE = ['core/model', 'core/compare', 'core/schedule', 'core/holds', 'core/plan'];
const ENGINE = ['engine/state', 'engine/observe', 'engine/apply', 'engine/reconcile'];

/** Each folder of `src`, and the other folders that it may import. Every list names only folders above it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'core/model': ['schemas'],
  'core/compare': ['core/model'],
  'core/schedule': ['core/model', 'core/compare'],
  'core/holds': CORE.slice(0, 3),
  'core/plan': CORE.slice(0, 4),
  'core/lint': ['core/model', 'core/compare'],
  'core/iam': ['core/model', 'core/plan'],
  gateway: ['core/model'],
  kinds: ['core/model', 'core/compare', 'gateway', 'schemas'],
  manifests: ['core/model', 'core/lint', 'schemas'],
  'manifest-writer': ['core/model', 'manifests'],
  'engine/lock': ['core/model'],
  'engine/state': ['core/model', 'core/schedule', 'core/plan', 'gateway', 'kinds', 'engine/lock'],
  'engine/observe': [...CORE, 'gateway', 'kinds', 'engine/state'],
  'engine/apply': [...CORE, 'gateway', 'kinds', 'engine/state'],
  'engine/reconcile': [
    ...CORE,
    'core/lint',
    'gateway',
    'kinds',
    'manifests',
    'engine/lock',
    ...ENGINE.slice(0, 3),
  ],
  'engine/daemon': ['core/model', 'gateway', 'manifests', 'engine/state', 'engine/reconcile'],
  exporter: [...CORE, 'manifests', 'manifest-writer'],
  'importers/common': ['core/model', 'core/lint', 'manifests', 'manifest-writer'],
  'importers/cloudformation': ['core/model', 'manifest-writer', 'importers/common'],
  'importers/serverless': [
    'core/model',
    'manifest-writer',
    'importers/common',
    'importers/cloudformation',
  ],
  'importers/terraform': ['core/model', 'manifest-writer', 'importers/common'],
  'importers/live': [
    'core/model',
    'core/compare',
    'manifest-writer',
    'importers/common',
    'schemas',
  ],
  report: ['core/model', 'core/iam'],
  server: ['core/model', 'report'],
  emulator: [],
};

/** Composition: these two import everything. */
const COMPOSITION = ['commands', 'commands/demo', '.'];

/** Each package, and the folders that may import it. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  '@aws-sdk/client-api-gateway': ['emulator', 'gateway', 'kinds'],
  '@aws-sdk/client-secrets-manager': ['gateway'],
  '@aws-sdk/client-ssm': ['gateway'],
  '@aws-sdk/client-sts': ['gateway'],
  '@cdktn/hcl2json': ['importers/terraform'],
  '@hono/node-server': ['server'],
  '@smithy/core': ['emulator'],
  ajv: ['manifests'],
  chokidar: ['manifests'],
  commander: ['.'],
  hono: ['server'],
  ignore: ['manifests'],
  'js-yaml': ['importers/common', 'manifest-writer', 'manifests'],
  'node-cron': ['engine/reconcile'],
  'p-map': ['commands', 'engine/observe', 'kinds'],
  'p-retry': ['gateway'],
  pino: ['report'],
  'pino-pretty': ['report'],
  'prom-client': ['server'],
};

/** Each module of Node that opens connections of its own, and the folders that may import it. */
const NETWORK: Readonly<Record<string, readonly string[]>> = {
  'node:dgram': [],
  'node:http': ['emulator'],
  'node:http2': [],
  'node:https': [],
  'node:net': ['emulator', 'engine/lock'],
  'node:tls': [],
};

const PURE = /^core\//;
const IMPORT =
  /(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+|\brequire(?:\.resolve)?\(\s*)['"]([^'"]+)['"]/g;

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const imports: readonly Import[] = globSync('src/**/*.ts', { cwd: root }).flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(IMPORT)].map(([, to = '']) => ({
    file,
    from: folderOf(file),
    to,
  })),
);

function folderOf(file: string): string {
  return normalize(dirname(file).replace(/^src\/?/, '') || '.');
}

const isRelative = ({ to }: Import) => to.startsWith('.');
const targetOf = ({ file, to }: Import) => normalize(join(dirname(file), to));

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

test('the table of folders is an order: no folder imports one that stands below it', () => {
  const folders = Object.keys(MAY_IMPORT);
  const upward = Object.entries(MAY_IMPORT).flatMap(([folder, allowed]) =>
    allowed
      .filter((other) => other !== 'schemas' && folders.indexOf(other) >= folders.indexOf(folder))
      .map((other) => `${folder} → ${other}`),
  );
  expect(upward).toEqual([]);
});

test('every folder imports only what the table allows', () => {
  const wrong = imports.filter(isRelative).flatMap((one) => {
    const other = targetOf(one).startsWith('schemas/') ? 'schemas' : folderOf(targetOf(one));
    if (other === one.from || COMPOSITION.includes(one.from)) return [];
    return MAY_IMPORT[one.from]?.includes(other) ? [] : [`${one.file} imports ${other}`];
  });
  expect(wrong).toEqual([]);
});

test('every package is imported only by its owners, and the core imports none', () => {
  const wrong = imports
    .filter((one) => !isRelative(one))
    .filter(({ from, to }) => {
      if (PURE.test(from)) return true;
      return !to.startsWith('node:') && !OWNERS[packageOf(to)]?.includes(from);
    });
  expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
});

test('modules that open connections are imported only where the table allows', () => {
  const wrong = imports.filter(({ from, to }) => NETWORK[to]?.includes(from) === false);
  expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
});

test('every dependency has an owner, and every owner in the table uses its package', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(Object.keys(OWNERS).sort()).toEqual(Object.keys(dependencies).sort());

  const unused = Object.entries(OWNERS).flatMap(([name, owners]) =>
    owners.filter(
      (from) => !imports.some((one) => one.from === from && packageOf(one.to) === name),
    ),
  );
  expect(unused).toEqual([]);
});

test('no file imports itself through others, types included', () => {
  const graph = Map.groupBy(imports.filter(isRelative), ({ file }) => file);
  const finished = new Set<string>();
  const cycles: string[] = [];

  function visit(file: string, path: readonly string[]): void {
    if (finished.has(file)) return;
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push([...path.slice(start), file].join(' → '));
      return;
    }
    for (const one of graph.get(file) ?? []) visit(targetOf(one), [...path, file]);
    finished.add(file);
  }

  for (const file of graph.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});
