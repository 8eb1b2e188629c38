/** Every link into the documents leads somewhere. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const CODE = globSync('{src,test,bench,scripts}/**/*.ts', { cwd: root });
const DOCUMENTS = [
  ...globSync('docs/**/*.md', { cwd: root }),
  'README.md',
  'CONTRIBUTING.md',
  'src/emulator/BEHAVIOUR.md',
];

interface Link {
  readonly from: string;
  readonly file: string;
  readonly anchor: string | undefined;
}

/** `docs/contract.md#plan`, as comments cite it. */
const cited = CODE.flatMap((from): Link[] =>
  [...read(from).matchAll(/\b(docs\/[\w./-]+\.md)#([\w-]+)/g)].map(([, file = '', anchor]) => ({
    from,
    file,
    anchor,
  })),
);

/** `[text](file.md#anchor)` in documents. Links to other hosts are not followed. */
const linked = DOCUMENTS.flatMap((from): Link[] =>
  [...read(from).matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#([\w-]+))?\)/g)].map(
    ([, path = '', anchor]) => ({
      from,
      file: path === '' ? from : normalize(join(dirname(from), path)),
      anchor,
    }),
  ),
);

function leadsNowhere({ file, anchor }: Link): boolean {
  if (!existsSync(join(root, file))) return true;
  return anchor !== undefined && !anchorsOf(file).has(anchor);
}

/** Written anchors, and those that a heading makes. */
function anchorsOf(file: string): ReadonlySet<string> {
  const text = read(file);
  const written = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  return new Set([...written, ...headings]);
}

test('every citation in the code leads to an anchor of a document', () => {
  expect(cited.length).toBeGreaterThan(50);
  expect(cited.filter(leadsNowhere)).toEqual([]);
});

test('every link in a document leads to a file, and to its anchor', () => {
  expect(linked.length).toBeGreaterThan(50);
  expect(linked.filter(leadsNowhere)).toEqual([]);
});

test('no comment cites a document outside of the repository', () => {
  const outside = [...CODE, 'biome.json'].flatMap((file) =>
    [...read(file).matchAll(/\((?:design|facts)[, ][^)]*\d[^)]*\)/g)].map(
      ([text]) => `${file}: ${text}`,
    ),
  );
  expect(outside).toEqual([]);
});
