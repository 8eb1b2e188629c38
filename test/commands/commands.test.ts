import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../../src/cli.ts';
import { createOperator } from '../../src/commands/demo/operator.ts';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { createApp } from '../../src/server/app.ts';
import { listen } from '../../src/server/listen.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { sampleApplied, sampleInSync, samplePlan } from '../report/sample.ts';
import { assertReport } from '../report/schema.ts';
import { createWorld, run, type TestWorld, waitFor } from './io.ts';

let directory: string;
let emulator: Emulator;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'apikeeper-commands-'));
  emulator = await startEmulator();
});
afterEach(async () => {
  await emulator.close();
  await rm(directory, { recursive: true, force: true });
});

const key = (name: string, rest = '') =>
  `apiVersion: apikeeper.dev/v1\nkind: ApiKey\nmetadata: { name: ${name} }\nspec: { description: ${name}, enabled: true${rest} }\n`;
const write = (file: string, text: string) => writeFile(join(directory, file), text);
/** Locks are per owner: other tests' processes have their own. */
const env = () => ({
  ...emulatorEnvironment(emulator.url),
  APIKEEPER_OWNER: `commands-${process.pid}`,
});
const keys = () =>
  [...emulator.state().apiKeys.values()].map(({ name, enabled }) => ({ name, enabled }));

describe('validate', () => {
  const plan = (spec: string) =>
    `apiVersion: apikeeper.dev/v1\nkind: UsagePlan\nmetadata: { name: p }\nspec: ${spec}\n`;
  const stages = 'stages: [{ restApi: { name: residents-api }, stageName: production }]';

  test('says what was read when all is well', async () => {
    await write('a.yaml', `${key('acme')}---\n${plan(`{ keys: [acme], ${stages} }`)}`);
    expect(await run(['validate', directory])).toEqual({
      code: 0,
      stdout: `${directory}: 2 documents in 1 file, all valid.\n`,
      stderr: '',
    });
    expect(await run(['validate', join(directory, 'a.yaml')])).toMatchObject({ code: 0 });
  });

  test('shows all problems at once, each with its place, and a summary', async () => {
    await write('a.yaml', key('acme', ', enabld: true'));
    await write('b.yaml', 'kind: [');
    const { code, stdout } = await run(['validate', directory]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^a\.yaml:4:\d+: ApiKey\/acme: .*enabld.*did you mean enabled\?/m);
    expect(stdout).toMatch(/^b\.yaml:\d+:\d+: /m);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      `${directory}: 2 problems in 2 files, of 1 document in 2 files.`,
    );
  });

  const warned = `${key('acme')}---\n${plan('{ keys: [acme], stages: [] }')}`;
  const noted = plan(`{ keys: [], ${stages} }`);

  test.each<[reason: string, text: string, words: readonly string[], code: number]>([
    ['warnings are no failure', warned, [], 0],
    ['--strict makes them one', warned, ['--strict'], 1],
    ['a variable may say so', warned, [], 1],
    ['what is good to know is no warning', noted, ['--strict'], 0],
  ])('%s', async (reason, text, words, code) => {
    await write('a.yaml', text);
    const variables = reason === 'a variable may say so' ? { APIKEEPER_STRICT: 'true' } : {};
    expect(await run(['validate', directory, ...words], { env: variables })).toMatchObject({
      code,
    });
  });

  test('shows warnings with their place and code, and counts them', async () => {
    await write('a.yaml', warned);
    const { stdout } = await run(['validate', directory]);
    expect(stdout).toMatch(
      /^a\.yaml:9:\d+: warning: UsagePlan\/p: \/spec\/stages: it names no stage.*\[PLAN_WITHOUT_STAGE\]$/m,
    );
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      `${directory}: 2 documents in 1 file, all valid; 1 warning.`,
    );
    await write('a.yaml', noted);
    expect((await run(['validate', directory])).stdout).toContain('all valid; 1 info.');
  });

  test('a reference to nothing is a problem', async () => {
    await write(
      'a.yaml',
      'apiVersion: apikeeper.dev/v1\nkind: UsagePlan\nmetadata: { name: p }\nspec: { keys: [ghost] }\n',
    );
    const { code, stdout } = await run(['validate', directory]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/UsagePlan\/p: .*ghost/);
  });

  test('a directory that is not there is a problem, not a crash', async () => {
    const { code, stdout } = await run(['validate', join(directory, 'missing')]);
    expect(code).toBe(1);
    const path = join(directory, 'missing');
    expect(stdout).toBe(
      `${path}: no such directory; name the directory that holds the manifests\n${path}: 1 problem, of 0 documents in 0 files.\n`,
    );
  });

  test('in JSON for programs', async () => {
    await write('a.yaml', key('acme', ', enabld: true'));
    const { code, stdout } = await run(['validate', directory, '-o', 'json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      files: 1,
      documents: 1,
      problems: [{ severity: 'error', file: 'a.yaml', line: 4, kind: 'ApiKey', name: 'acme' }],
      warnings: [],
    });
    await write('a.yaml', warned);
    const { stdout: again } = await run(['validate', directory, '-o', 'json']);
    expect(JSON.parse(again)).toMatchObject({
      valid: true,
      problems: [],
      warnings: [
        {
          code: 'PLAN_WITHOUT_STAGE',
          severity: 'warning',
          file: 'a.yaml',
          line: 9,
          kind: 'UsagePlan',
          name: 'p',
          path: '/spec/stages',
        },
      ],
    });
  });
});

describe('plan', () => {
  test.each([
    ['text', /\+ ApiKey\/acme {2}create {2}a\.yaml:1\n(.*\n)*Plan: 1 to create\.\n$/],
    ['markdown', /^### apikeeper: 1 to create\n/],
  ])('prints the difference as %s and writes nothing', async (output, expected) => {
    await write('a.yaml', key('acme'));
    const { code, stdout } = await run(['plan', directory, '--output', output], { env: env() });
    expect(stdout).toMatch(expected);
    expect(code).toBe(0);
    expect(emulator.requests.filter(({ operation }) => !operation.startsWith('Get'))).toEqual([]);
  });

  test('as JSON it is a report and nothing else; the log goes to stderr, one object per line', async () => {
    await write('a.yaml', key('acme'));
    const { code, stdout, stderr } = await run(
      ['plan', directory, '-o', 'json', '--detailed-exitcode'],
      { env: env() },
    );
    const report: unknown = JSON.parse(stdout);
    assertReport(report);
    expect(report).toMatchObject({
      trigger: 'command',
      targets: [{ accountId: '123456789012', summary: { create: 1 } }],
    });
    expect(code).toBe(2);
    for (const line of stderr.trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ ts: expect.any(String), event: expect.any(String) });
  });

  test('an invalid manifest is 1, and the rest is planned', async () => {
    await write('a.yaml', key('acme'));
    await write('b.yaml', key('beta', ', enabld: true'));
    const { code, stdout } = await run(['plan', directory], { env: env() });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1 problem in the manifests:\n {2}b\.yaml:4/);
    expect(stdout).toContain('+ ApiKey/acme');
  });

  test('an API Gateway that cannot be reached is 1, and says what was tried', async () => {
    await write('a.yaml', key('acme'));
    const unreachable = { ...env(), AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
    const { code, stdout } = await run(['plan', directory], { env: unreachable });
    expect(code).toBe(1);
    expect(stdout).toMatch(/x Get\w+ failed with ECONNREFUSED/);
  });
});

test.each([['plan'], ['apply', '--yes'], ['run', '--once'], ['run']])(
  '%s of a namespace that there is not is bad usage',
  async (...words) => {
    await write('a.yaml', key('acme'));
    const { code, stderr } = await run([...words, directory, '-n', 'defualt'], { env: env() });
    expect(code).toBe(64);
    expect(stderr).toMatch(
      /^apikeeper: --namespace: no Target is named defualt in .*: there is default\nSee: /,
    );
    expect(emulator.requests).toEqual([]);
  },
);

describe('apply', () => {
  const question = 'Apply this to account 123456789012, eu-west-2, as owner ';

  test.each([
    ['y', 0],
    ['yes', 0],
    ['YES', 0],
    ['n', 1],
    ['', 1],
    ['yeah', 1],
  ])('the answer %j ends with %d', async (answer, code) => {
    await write('a.yaml', key('acme'));
    const result = await run(['apply', directory], {
      env: env(),
      isTerminal: true,
      typed: `${answer}\n`,
    });
    expect(result.code).toBe(code);
    expect(result.stdout).toContain('Plan: 1 to create.');
    expect(result.stderr).toContain(question);
    expect(result.stderr.includes('Not applied: nothing was changed.')).toBe(code === 1);
    expect(keys()).toEqual(code === 0 ? [{ name: 'acme', enabled: true }] : []);
  });

  test('end of input is a no', async () => {
    await write('a.yaml', key('acme'));
    expect(
      await run(['apply', directory], { env: env(), isTerminal: true, typed: '' }),
    ).toMatchObject({ code: 1 });
    expect(keys()).toEqual([]);
  });

  test('Ctrl-C in the question ends with 1 and a word', async () => {
    await write('a.yaml', key('acme'));
    const world = createWorld({ env: env(), isTerminal: true });
    const done = runCommand(['apply', directory], world);
    await waitFor(() => world.written().stderr.includes(question), done);
    world.signals.emit('SIGINT');
    expect(await done).toBe(1);
    expect(world.written().stderr).toMatch(/\nNot applied: nothing was changed\.\n/);
    expect(keys()).toEqual([]);
  });

  test('--yes shows the plan, applies it, and tells what was done', async () => {
    await write('a.yaml', key('acme'));
    const { code, stdout } = await run(['apply', directory, '--yes'], { env: env() });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /Plan: 1 to create\.\n\n.*\+ ApiKey\/acme {2}created.*Applied: 1 created; 1 warning\.\n$/s,
    );
    const again = await run(['plan', directory, '--detailed-exitcode'], { env: env() });
    expect(again, 'what is only warned of is nothing to do').toMatchObject({ code: 0 });
    expect(again.stdout).toMatch(
      /warning KEY_WITHOUT_PLAN: it is in no usage plan: .*\n {10}ApiKey\/acme {2}a\.yaml:1\n/,
    );
  });

  test('with nothing to do nobody is asked', async () => {
    await write('a.yaml', key('acme'));
    await run(['apply', directory, '--yes'], { env: env() });
    const { code, stderr } = await run(['apply', directory], { env: env(), isTerminal: true });
    expect(code).toBe(0);
    expect(stderr).not.toContain('Apply this');
  });

  test('as JSON stdout holds the report alone; whoever is asked sees the plan on stderr', async () => {
    await write('a.yaml', key('acme'));
    const { code, stdout, stderr } = await run(['apply', directory, '-o', 'json'], {
      env: env(),
      isTerminal: true,
      typed: 'y\n',
    });
    expect(code).toBe(0);
    const report: unknown = JSON.parse(stdout);
    assertReport(report);
    expect(report.targets[0]?.objects[0]).toMatchObject({ name: 'acme', outcome: 'created' });
    expect(stderr).toContain('Plan: 1 to create.');
  });

  test('what Git asks for and is held is 3', async () => {
    emulator.state().apiKeys.clear();
    await createHandKey('acme');
    await write('a.yaml', key('acme'));
    const { code, stdout } = await run(['apply', directory, '--yes'], { env: env() });
    expect(code).toBe(3);
    expect(stdout).toMatch(/! ApiKey\/acme {2}held, would \w+ \(not-owned/);
  });

  async function createHandKey(name: string): Promise<void> {
    await fetch(`${emulator.url}/apikeys`, {
      method: 'POST',
      body: JSON.stringify({ name, enabled: true }),
    });
  }
});

describe('run --once', () => {
  test('observes unless something says enforce', async () => {
    await write('a.yaml', key('acme'));
    const observed = await run(['run', directory, '--once'], { env: env() });
    expect(observed).toMatchObject({ code: 0 });
    expect(observed.stdout).toMatch(/held by choice, would create \(observe/);
    expect(keys()).toEqual([]);
    expect(
      await run(['run', directory, '--once', '--mode', 'enforce'], { env: env() }),
    ).toMatchObject({ code: 0 });
    expect(keys()).toEqual([{ name: 'acme', enabled: true }]);
  });
});

describe('the example manifests', () => {
  test('are applied in one go, and the second plan finds nothing', async () => {
    await createOperator(emulator.url).buildApi();
    const fast = {
      ...env(),
      APIKEEPER_OPERATION_QUOTAS: 'off',
      APIKEEPER_REQUESTS_PER_SECOND: '1000',
      APIKEEPER_BURST: '1000',
    };
    expect(await run(['apply', 'manifests', '--yes'], { env: fast })).toMatchObject({ code: 0 });
    const again = await run(['plan', 'manifests', '--detailed-exitcode'], { env: fast });
    expect(again.stdout).toMatch(/Plan: nothing to do; \d+ in sync\.\n$/);
    expect(again.code).toBe(0);
  });
});

describe('status', () => {
  const serve = (report: typeof samplePlan | undefined) => {
    const metrics = createMetrics({ version: '0', kinds: [] });
    const health = () => ({ live: true, ready: true, reasons: [] });
    return listen(
      createApp({ report: () => report, health, metrics, request: () => {}, version: '0' }),
      { host: '127.0.0.1', port: 0 },
    );
  };

  test('shows each object on one line, and exits as the state says', async () => {
    await using daemon = await serve(samplePlan);
    const { code, stdout } = await run(['status', '--server', daemon.url]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^failing: /);
    expect(stdout).toMatch(/^NAMESPACE +KIND +NAME +STATE +STEP +WHY$/m);
    expect(stdout).toMatch(
      /^production +UsagePlan +acme-residents +changed +update +changed live$/m,
    );
    expect(stdout).toMatch(
      /^warning REQUIRED_WITHOUT_KEY in production: residents-api:production demands a key.*: KeyRequirement\/residents$/m,
    );
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  test('sums up what was done as done', async () => {
    await using daemon = await serve(sampleApplied);
    const [first = ''] = (await run(['status', '--server', daemon.url])).stdout.split('\n');
    expect(first).toMatch(/\d created/);
    expect(first).not.toContain('to create');
  });

  test('finds the local daemon by the variables that the daemon reads', async () => {
    await using daemon = await serve(sampleInSync);
    const port = new URL(daemon.url).port;
    const result = await run(['status', '-o', 'json'], {
      env: { APIKEEPER_HTTP_HOST: '0.0.0.0', APIKEEPER_HTTP_PORT: port },
    });
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual(sampleInSync);
  });

  test('no daemon, one without a report, and something else are told apart', async () => {
    await using starting = await serve(undefined);
    const other = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = (other.address() as AddressInfo).port;
    const gone = emulator.url;
    await emulator.close();
    const ask = async (server: string) => (await run(['status', '--server', server])).stderr;
    expect(await ask(gone)).toMatch(
      /no daemon at http:\/\/[\d.:]+ \(ECONNREFUSED\): start one with "apikeeper run"/,
    );
    expect(await ask(starting.url)).toMatch(/has no report yet/);
    expect(await ask(`http://127.0.0.1:${port}`)).toMatch(/\(status 200\) is no apikeeper/);
    other.close();
  });
});

describe('emulator', () => {
  const begin = async (
    words: readonly string[],
  ): Promise<{ world: TestWorld; done: Promise<number>; url: string }> => {
    const world = createWorld();
    const done = runCommand(['emulator', ...words], world);
    await waitFor(() => world.written().stdout.includes('export '), done);
    return { world, done, url: /http:\/\/[\d.:]+/.exec(world.written().stdout)?.[0] ?? '' };
  };

  test('says how to use it, answers, and ends on Ctrl-C', async () => {
    const { world, done, url } = await begin(['--port', '0', '--quotas', '2']);
    expect(world.written().stdout).toContain(`export AWS_ENDPOINT_URL=${url} AWS_REGION=eu-west-2`);
    expect((await fetch(`${url}/apikeys`)).status).toBe(200);
    world.signals.emit('SIGINT');
    expect(await done).toBe(0);
  });

  test('a second Ctrl-C ends at once', async () => {
    const { world, done } = await begin(['--port', '0']);
    world.signals.emit('SIGINT');
    world.signals.emit('SIGINT');
    expect(world.exits).toEqual([130]);
    await done;
  });

  test('a taken port is said with the way out', async () => {
    const { code, stderr } = await run(['emulator', '--port', String(emulator.port)]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `apikeeper: the emulator cannot listen on 127.0.0.1:${emulator.port}: the port is taken: stop what listens there, or choose another one with --port\n`,
    );
  });
});
