/**
 * `npm test`: types, lint and import rules, dead code, then every test with coverage; one line of counts at the end.
 * A step that fails doesn't hide the others. Arguments are passed to vitest: `npm test -- test/core`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'apikeeper-test-'));
const results = join(directory, 'results.json');

const checks: readonly (readonly [name: string, script: string, ...args: string[]])[] = [
  ['types', 'node_modules/typescript/bin/tsc'],
  ['lint', 'node_modules/@biomejs/biome/bin/biome', 'ci', '--error-on-warnings', '.'],
  ['dead code', 'node_modules/knip/bin/knip.js'],
];

/** A process that a test left behind must not keep everybody waiting. */
const LONGEST_MS = 30 * 60_000;

function run(script: string, args: readonly string[]): boolean {
  return (
    spawnSync(process.execPath, [script, ...args], {
      stdio: 'inherit',
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    }).status === 0
  );
}

let passed = 0;
let failed = 0;
const selected = process.argv.slice(2);
for (const [name, script, ...args] of selected.length > 0 ? [] : checks) {
  const ok = run(script, args);
  console.log(`${ok ? 'ok' : 'FAILED'}: ${name}`);
  if (ok) passed++;
  else failed++;
}

const coverage = selected.length > 0 ? [] : ['--coverage'];
const clean = run('node_modules/vitest/vitest.mjs', [
  'run',
  ...coverage,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${results}`,
  ...selected,
]);
const tests = counts(results);
passed += tests.passed;
// Files that fail to load, and errors outside of any test, fail the run without a failed test.
failed += tests.failed + (clean || tests.failed > 0 ? 0 : 1);
rmSync(directory, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function counts(file: string): { passed: number; failed: number } {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}
