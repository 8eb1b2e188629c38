/** Signals, sent to real processes in every phase of a pass. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import { type Emulator, type Fault, startEmulator } from '../../src/emulator/index.ts';
import { createWorkspace, stream, type Workspace, yaml } from '../manifests/workspace.ts';
import { run } from './io.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const PACE = ['--requests-per-second', '1000', '--burst', '1000'];

let emulator: Emulator;
let space: Workspace;
/** Where its processes keep their lock, which is nobody else's. */
let scratch: Workspace;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  events(): string[];
}

beforeEach(async () => {
  emulator = await startEmulator();
  space = await createWorkspace({ 'target.yaml': target(), 'keys.yaml': keys('first') });
  scratch = await createWorkspace({});
});

afterEach(async () => {
  await emulator.close();
  await space[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const target = (roleArn?: string) =>
  yaml('Target', 'default', {
    accountId: '123456789012',
    region: 'eu-west-2',
    owner: `signals-${process.pid}`,
    mode: 'enforce',
    schedule: 'off',
    ...(roleArn && { roleArn }),
  });
const keys = (description: string) =>
  stream(...['a', 'b', 'c'].map((name) => yaml('ApiKey', name, { description })));
const described = (description: string) =>
  [...emulator.state().apiKeys.values()].filter((key) => key.description === description).length;
const calls = (operation: string) =>
  emulator.requests.filter((request) => request.operation === operation).length;

function start(words: readonly string[]): Running {
  const child = spawn(process.execPath, [CLI, ...words, space.path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, TMPDIR: scratch.path, ...emulatorEnvironment(emulator.url) },
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk) => (texts[name] += chunk));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const events = () =>
    [...texts.stderr.matchAll(/"event":"([^"]+)"/g)].map(([, event = '']) => event);
  return { child, ended, stdout: () => texts.stdout, stderr: () => texts.stderr, events };
}

const daemon = (...flags: readonly string[]) =>
  start([
    'run',
    '--http-port',
    '0',
    '--log-format',
    'json',
    '--quiet-period',
    '10ms',
    '--shutdown-timeout',
    '10s',
    ...PACE,
    ...flags,
  ]);

/** Waits for a condition; fails when the process ends before it holds. */
async function until({ ended, stderr }: Running, holds: () => boolean): Promise<void> {
  let over: Ended | undefined;
  void ended.then((how) => {
    over = how;
  });
  while (!holds()) {
    if (over)
      throw new Error(`it ended with ${over.code ?? over.signal} before: ${holds}\n${stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The keys are made. */
async function applied(): Promise<void> {
  await run(['apply', space.path, '--yes', ...PACE], { env: emulatorEnvironment(emulator.url) });
  expect(described('first')).toBe(3);
}

/** A daemon that has found everything as it should be, and is at rest. */
async function settled(...flags: readonly string[]): Promise<Running> {
  await applied();
  const running = daemon(...flags);
  await until(running, () => passes(running) > 0);
  return running;
}

const passes = ({ events }: Running) =>
  events().filter((event) => event === 'reconcile.finished').length;

describe('SIGTERM ends a daemon with 0', () => {
  const role = 'arn:aws:iam::123456789012:role/apikeeper';
  const hang = (operation: string): Fault => ({ operation, fault: { type: 'hang' } });
  const throttle: Fault = {
    operation: 'GetUsagePlans',
    fault: { type: 'throttle', retryAfter: 3600 },
  };

  test.each<
    [
      phase: string,
      operation: string,
      fault: Fault | undefined,
      options?: { roleArn?: string; flags?: string[] },
    ]
  >([
    ['while STS does not say who it is', 'GetCallerIdentity', hang('GetCallerIdentity')],
    ['while STS gives it no role', 'AssumeRole', hang('AssumeRole'), { roleArn: role }],
    ['while a list does not come', 'GetApiKeys', hang('GetApiKeys')],
    ['while it waits as long as the service said', 'GetUsagePlans', throttle],
    [
      'while it waits for its budget',
      'GetApiKeys',
      undefined,
      { flags: ['--requests-per-second', '0.001', '--burst', '1'] },
    ],
    ['while it waits for the second list before the first create', 'GetUsagePlans', undefined],
  ])('%s', async (_, operation, fault, { roleArn, flags = [] } = {}) => {
    await space.write('target.yaml', target(roleArn));
    if (fault) emulator.inject(fault);
    const running = daemon(...flags);
    await until(
      running,
      () => calls(operation) > 0 && running.events().includes('controller.started'),
    );
    running.child.kill('SIGTERM');
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.events().at(-1)).toBe('controller.stopped');
    expect(running.events()).not.toContain('target.failed');
    expect(emulator.state().apiKeys.size).toBe(0);
  });

  test('while it has nothing to do', async () => {
    const running = await settled();
    running.child.kill('SIGTERM');
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.events().at(-1)).toBe('controller.stopped');
  });

  test('in the middle of a write, which finishes and is reported; no other begins', async () => {
    const running = await settled();
    emulator.inject({ operation: 'UpdateApiKey', fault: { type: 'delay', ms: 500 } });
    await space.write('keys.yaml', keys('second'));
    await until(running, () => calls('UpdateApiKey') > 0);
    running.child.kill('SIGTERM');
    // Sent again, and SIGHUP, mean nothing more.
    running.child.kill('SIGHUP');
    running.child.kill('SIGTERM');
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(described('second')).toBe(calls('UpdateApiKey'));
    expect(described('second')).toBeLessThan(3);
    expect(running.events().filter((event) => event === 'object.updated')).toHaveLength(
      calls('UpdateApiKey'),
    );
    expect(running.events()).toContain('reconcile.finished');
    expect(running.events().at(-1)).toBe('controller.stopped');
  });
});

test('a write that is never answered is given up after --shutdown-timeout: 1, and why', async () => {
  const running = await settled('--shutdown-timeout', '300ms');
  emulator.inject({ operation: 'UpdateApiKey', fault: { type: 'hang' } });
  await space.write('keys.yaml', keys('second'));
  await until(running, () => calls('UpdateApiKey') > 0);
  running.child.kill('SIGTERM');
  expect(await running.ended).toEqual({ code: 1, signal: null });
  expect(running.stderr()).toContain('a call was still under way after --shutdown-timeout');
});

test('a second SIGINT ends a daemon at once, with the code of the shell', async () => {
  const running = await settled();
  emulator.inject({ operation: 'UpdateApiKey', fault: { type: 'hang' } });
  await space.write('keys.yaml', keys('second'));
  await until(running, () => calls('UpdateApiKey') > 0);
  running.child.kill('SIGINT');
  // Once the first has arrived, nobody is served any more.
  await until(running, () => running.child.kill('SIGINT') && running.child.exitCode !== null).catch(
    () => {},
  );
  expect(await running.ended).toEqual({ code: 130, signal: null });
});

test('SIGHUP makes a daemon look again', async () => {
  const running = await settled();
  const before = passes(running);
  running.child.kill('SIGHUP');
  await until(running, () => passes(running) > before);
  running.child.kill('SIGTERM');
  expect(await running.ended).toEqual({ code: 0, signal: null });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s in the middle of a single pass', (signal) => {
  test.each([
    ['run', ['run', '--once', '--mode', 'enforce']],
    ['apply', ['apply', '--yes']],
  ])(
    'of %s: the write finishes, the report is printed, and the code says that not all was done',
    async (_, words) => {
      await applied();
      await space.write('keys.yaml', keys('second'));
      emulator.inject({ operation: 'UpdateApiKey', fault: { type: 'delay', ms: 500 } });
      const running = start([...words, '--output', 'json', ...PACE]);
      await until(running, () => calls('UpdateApiKey') > 0);
      running.child.kill(signal);
      expect(await running.ended).toEqual({ code: 1, signal: null });
      const { targets } = JSON.parse(running.stdout());
      const outcomes = targets[0].objects.map(({ outcome }: { outcome: string }) => outcome).sort();
      const updated = described('second');
      expect(updated).toBe(calls('UpdateApiKey'));
      expect(updated).toBeLessThan(3);
      expect(outcomes).toEqual([
        ...Array(3 - updated).fill('skipped'),
        ...Array(updated).fill('updated'),
      ]);
    },
  );
});
