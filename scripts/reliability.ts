/** `npm run reliability [RUNS]`: every reliability test in full, each property RUNS times (default 10,000), 2,000 random histories, and the figures into docs/reliability.md. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultCases } from '../test/reliability/fault-cases.ts';

const PAGE = new URL('../docs/reliability.md', import.meta.url);

const runs = process.argv[2] ?? '10000';
const directory = mkdtempSync(join(tmpdir(), 'apikeeper-figures-'));
const file = join(directory, 'figures.jsonl');
writeFileSync(file, '');
const env = {
  ...process.env,
  APIKEEPER_RUNS: runs,
  APIKEEPER_TEST_RUNS: runs,
  APIKEEPER_FIGURES: file,
};
const words = [
  'node_modules/vitest/vitest.mjs',
  'run',
  'test/reliability',
  'test/kinds/properties.test.ts',
  '--testTimeout=3600000',
];
const { status } = spawnSync(process.execPath, words, { stdio: 'inherit', env });
if (status === 0) {
  section('faults', faults());
  section('figures', figures());
}
rmSync(directory, { recursive: true, force: true });
process.exitCode = status ?? 1;

function figures(): string {
  const counts = new Map<string, number>();
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const { name, count } = JSON.parse(line);
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  counts.set(
    'property runs: any key, plan or stage becomes any other in one PATCH',
    3 * Number(runs),
  );
  const rows = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `| ${name} | ${count.toLocaleString('en')} |`);
  return ['| what | how many |', '| --- | ---: |', ...rows].join('\n');
}

function faults(): string {
  const head = [
    '| fault | a read is sent | a create | an attach | a detach | why |',
    '| --- | ---: | ---: | ---: | ---: | --- |',
  ];
  const rows = faultCases.map(
    ({ name, sent, why }) =>
      `| ${name} | ${sent.read} × | ${sent.create} × | ${sent.attach} × | ${sent.detach} × | ${why} |`,
  );
  return [...head, ...rows].join('\n');
}

/** Replaces what stands between the page's marks of that name. */
function section(name: string, text: string): void {
  const [begin, end] = [
    `<!-- ${name}: written by npm run reliability -->`,
    `<!-- end of ${name} -->`,
  ];
  const page = readFileSync(PAGE, 'utf8');
  const [before = '', rest = ''] = page.split(begin);
  const [, after = ''] = rest.split(end);
  writeFileSync(PAGE, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
