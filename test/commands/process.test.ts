/** What only a process can show: streams, the guard for old Nodes, and that the whole thing starts from the command line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const CLI = path('../../src/cli.ts');

async function node(
  args: readonly string[],
  closeStdout = false,
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: path('../..'),
    env: { PATH: process.env.PATH, NO_COLOR: '1' },
  });
  const texts = { stdout: '', stderr: '' };
  if (closeStdout) child.stdout.destroy();
  else child.stdout.on('data', (chunk) => (texts.stdout += chunk));
  child.stderr.on('data', (chunk) => (texts.stderr += chunk));
  const [code] = await once(child, 'close');
  return { code, ...texts };
}

test('the command line works from its source', async () => {
  const { code, stdout, stderr } = await node([CLI, 'validate', 'manifests']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^manifests: \d+ documents in \d+ files, all valid\.\n$/);
});

test('a reader that goes away early changes neither the exit code nor stderr', async () => {
  expect(await node([CLI, 'validate', 'manifests'], true)).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  });
});

test('bad usage is 64 for the shell', async () => {
  expect(await node([CLI, 'plam'])).toMatchObject({ code: 64, stdout: '' });
});

test('an older Node is told so in one line', async () => {
  const pretend =
    "Object.defineProperty(process, 'versions', { value: { node: '20.19.0' } }); Object.defineProperty(process, 'version', { value: 'v20.19.0' });";
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  const { code, stdout, stderr } = await node([
    '--import',
    preload,
    path('../../bin/apikeeper.js'),
  ]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    'apikeeper needs Node.js 24 or newer; this is v20.19.0: https://nodejs.org/en/download\n',
  );
});

test('a clone that was never built says how to run it, without a stack', async () => {
  const clone = await mkdtemp(join(tmpdir(), 'apikeeper-clone-'));
  try {
    await copyFile(path('../../bin/apikeeper.js'), join(clone, 'apikeeper.js'));
    const { code, stdout, stderr } = await node([join(clone, 'apikeeper.js'), 'validate']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      'apikeeper is not built here: npm run build, or, from the source: npm run --silent apikeeper -- <command> [directory] [flags]\n',
    );
  } finally {
    await rm(clone, { recursive: true, force: true });
  }
});
