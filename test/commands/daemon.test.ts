import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../../src/cli.ts';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import type { Clock } from '../../src/core/model/clock.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { systemClock } from '../../src/engine/state/system-clock.ts';
import { assertReport } from '../report/schema.ts';
import { createWorld, run, type TestWorld, waitFor } from './io.ts';

const TOKEN = 'a-token-of-the-test';

let directory: string;
let emulator: Emulator;
let world: TestWorld;
let done: Promise<number> | undefined;

const env = () => ({
  ...emulatorEnvironment(emulator.url),
  APIKEEPER_OWNER: `daemon-${process.pid}`,
  APIKEEPER_OPERATION_QUOTAS: 'off',
});
const declare = (description: string) =>
  writeFile(
    join(directory, 'a.yaml'),
    `apiVersion: apikeeper.dev/v1\nkind: ApiKey\nmetadata: { name: acme }\nspec: { description: ${description}, enabled: true }\n`,
  );
const acme = () => [...emulator.state().apiKeys.values()].find(({ name }) => name === 'acme');

/** The log so far, as events. */
function events(): { event: string; [field: string]: unknown }[] {
  const { stderr } = world.written();
  return stderr
    .slice(0, stderr.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** Waits for a condition while the command runs. */
const until = <T>(find: () => T | undefined | false | Promise<T | undefined | false>) =>
  waitFor(find, done);

const finished = (trigger: string) =>
  events().some((line) => line.event === 'reconcile.finished' && line.trigger === trigger);

beforeEach(async () => {
  done = undefined;
  directory = await mkdtemp(join(tmpdir(), 'apikeeper-daemon-'));
  emulator = await startEmulator();
  await declare('first');
  await run(['apply', directory, '--yes'], { env: env() });
  await writeFile(join(directory, '.token'), `${TOKEN}\n`);
});

afterEach(async () => {
  await emulator.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(...flags: readonly string[]): Promise<string> {
  world = createWorld({ env: env(), clock: systemClock });
  done = runCommand(
    ['run', directory, '--http-port', '0', '--schedule', 'off', '--quiet-period', '10ms', ...flags],
    world,
  );
  const started = await until(() => events().find(({ event }) => event === 'controller.started'));
  const url = String(started.address);
  await until(async () => (await fetch(`${url}/readyz`)).ok);
  return url;
}

test('it serves what it knows, follows changes of files, and looks when asked', async () => {
  const url = await start('--mode', 'enforce', '--http-token-file', join(directory, '.token'));
  const report: unknown = await (await fetch(`${url}/api/v1/report`)).json();
  assertReport(report);
  expect(report.state).toBe('in-sync');
  expect(await (await fetch(url)).text()).toContain('<title>in-sync · apikeeper</title>');
  expect(await run(['status', '--server', url])).toMatchObject({ code: 0 });

  await declare('second');
  await until(() => acme()?.description === 'second');

  world.signals.emit('SIGHUP');
  await until(() => finished('signal'));
  const refused = await fetch(`${url}/-/reconcile`, { method: 'POST' });
  expect(refused.status).toBe(401);
  const accepted = await fetch(`${url}/-/reconcile`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${TOKEN}` },
  });
  expect(accepted.status).toBe(202);
  await until(() => finished('request'));

  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/^apikeeper_passes_total\{result="in-sync"\} [1-9]/m);
  expect(metrics).toMatch(/^apikeeper_changes_total\{kind="ApiKey",action="update"\} 1$/m);
  expect(metrics).toMatch(/^apikeeper_calls_total\{operation="GetApiKeys",code="OK"\} [1-9]/m);

  world.signals.emit('SIGTERM');
  expect(await done).toBe(0);
  await expect(fetch(`${url}/livez`)).rejects.toThrow();
  expect(world.exits).toEqual([]);
});

test('drift is told with what differs, and healed', async () => {
  await start('--mode', 'enforce');
  const { id = '' } = acme() ?? {};
  const patch = { patchOperations: [{ op: 'replace', path: '/description', value: 'by hand' }] };
  await fetch(`${emulator.url}/apikeys/${id}`, { method: 'PATCH', body: JSON.stringify(patch) });
  world.signals.emit('SIGHUP');
  const drift = await until(() => events().find(({ event }) => event === 'drift.detected'));
  expect(drift).toMatchObject({
    kind: 'ApiKey',
    name: 'acme',
    awsId: id,
    cause: 'live',
    changes: [{ path: '/spec/description', desired: 'first', live: 'by hand', cause: 'live' }],
    source: { file: 'a.yaml', line: 1 },
  });
  await until(() => acme()?.description === 'first');
  world.signals.emit('SIGINT');
  expect(await done).toBe(0);
});

test('a second Ctrl-C ends at once', async () => {
  await start();
  world.signals.emit('SIGINT');
  world.signals.emit('SIGINT');
  expect(world.exits).toEqual([130]);
  expect(await done).toBe(0);
});

test('a taken port is said with the way out, before anything is done', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await until(() => other.listening);
  const { port } = other.address() as AddressInfo;
  const { code, stderr } = await run(['run', directory, '--http-port', String(port)], {
    env: env(),
  });
  other.close();
  expect(code).toBe(1);
  expect(stderr).toBe(
    `apikeeper: cannot listen on 127.0.0.1:${port}: the port is taken: stop what listens there, or choose another one with --http-port\n`,
  );
});

/** Real time, five times as fast. */
function fastClock(): Clock {
  const start = Date.now();
  return {
    now: () => start + (Date.now() - start) * 5,
    sleep: (ms, signal) => systemClock.sleep(Math.min(ms / 5, 2 ** 31 - 1), signal),
  };
}

test('the demo shows plan and apply, heals a disabled key, a raised limit, a deleted plan and an opened method, and ends on Ctrl-C', async () => {
  world = createWorld({ clock: fastClock() });
  done = runCommand(['demo', '--port', '0', '--http-port', '0'], world);
  /** Waits until all of it was said, in this order. */
  const told = (...parts: readonly string[]) =>
    until(() => {
      const { stdout } = world.written();
      return parts.reduce((from, part) => (from < 0 ? from : stdout.indexOf(part, from)), 0) >= 0;
    });
  await told('Plan: 12 to create; 1 in sync.', 'Applied: 12 created; 1 in sync', 'Its page: ');
  const page = /Its page: (\S+)/.exec(world.written().stdout)?.[1] ?? '';
  await told(
    'disables the key acme',
    'ApiKey/acme  consumers/acme.yaml',
    '/spec/enabled is false, declared true',
    'ApiKey/acme updated',
  );
  const limit = 'UsagePlan/acme-residents-production';
  await told(
    'raises the rate limit of acme-residents-production',
    `${limit}  consumers/acme.yaml`,
    'is 5000, declared 50',
    `${limit} updated`,
  );
  const plan = 'UsagePlan/birch-residents-staging';
  await told(
    'deletes the usage plan birch-residents-staging',
    `${plan} is gone`,
    `${plan} created`,
  );
  await told(
    'opens GET /residents of residents-api',
    'KeyRequirement/residents  residents/requirement.yaml',
    'KeyRequirement/residents updated',
  );
  const html = await (await fetch(page)).text();
  expect(html).toContain('residents-production');
  world.signals.emit('SIGINT');
  expect(await done).toBe(0);
  expect(world.written().stdout).toMatch(/The emulator is gone, and everything in it\. .*\n$/);
  await expect(fetch(page)).rejects.toThrow();
});
