/** The published package, as a user gets it: packed, installed in an empty directory, and run from there. */
import { type ChildProcess, execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..');
const env = {
  ...process.env,
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  NO_COLOR: '1',
};

describe('the package', () => {
  let directory: string;
  let bin: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'apikeeper-package-'));
    await run('npm', ['pack', '--pack-destination', directory], { cwd: root, env });
    const tarball = (await readdir(directory)).find((file) => file.endsWith('.tgz')) ?? '';
    await writeFile(join(directory, 'package.json'), '{"private": true}');
    await run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--prefer-offline', join(directory, tarball)],
      { cwd: directory, env },
    );
    bin = join(directory, 'node_modules/.bin/apikeeper');
  }, 300_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('says its version', async () => {
    const { stdout } = await run(bin, ['--version'], { cwd: directory, env });
    expect(stdout.trim()).toBe(packageJson.version);
  });

  test('brings the example manifests, and validates them', async () => {
    const { stdout } = await run(
      bin,
      ['validate', join(directory, 'node_modules/apikeeper/manifests')],
      { cwd: directory, env },
    );
    expect(stdout).toMatch(/valid/);
  });

  test('refuses what is wrong, with a place and exit code 1', async () => {
    const file = join(directory, 'wrong.yaml');
    await writeFile(
      file,
      'apiVersion: apikeeper.dev/v1\nkind: ApiKey\nmetadata: { name: acme }\nspec: { enabeld: true }\n',
    );
    const failure = await run(bin, ['validate', file], { cwd: directory, env }).catch(
      (error: ChildProcess & { code: number; stdout: string }) => error,
    );
    expect(failure).toMatchObject({ code: 1 });
    expect(`${(failure as { stdout: string }).stdout}`).toMatch(
      /wrong\.yaml:4:\d+.*enabeld.*enabled/s,
    );
  });

  test('its emulator can be imported by other projects', async () => {
    const script =
      "import { startEmulator } from 'apikeeper/emulator'; const e = await startEmulator(); console.log(e.url); await e.close();";
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: directory,
      env,
    });
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+/);
  });

  test('says in one line that an older Node will not do', () => {
    const pretend =
      "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.1.0'});Object.defineProperty(process,'version',{value:'v20.1.0'})";
    const { status, stderr } = spawnSync(process.execPath, ['--import', pretend, bin, 'validate'], {
      cwd: directory,
      env,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/Node\.js 24 or newer.*v20\.1\.0/),
    ]);
  });
});
