/** A key's value appears nowhere: real processes are run at every log level, against a service that echoes values in its errors, and all they say is searched. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { clientOf } from '../conformance/harness.ts';
import { documentOf } from '../kit/rig.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

/** Where each pinned value comes from; characters that look different in a URL, in JSON and in HTML are in all of them. */
const pinned = (name: string) => `Pinned/${name}+"Value"=<0123456789>&é`;
const PINNED = ['env', 'file', 'secret', 'ssm', 'refused', 'other'].map(pinned);
/** In a manifest, where it must not be. */
const WRITTEN = pinned('written');

const directory = mkdtempSync(join(tmpdir(), 'apikeeper-leak-'));
const trees = { good: join(directory, 'good'), bad: join(directory, 'bad') };
const valuesDir = join(directory, 'values');
const owner = `leak-${randomUUID()}`;
/** All that was said, by what said it. */
const said = new Map<string, string>();
let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator();
  const state = emulator.state();
  const gateway = clientOf(emulator);
  const { id: adopted } = await gateway.createApiKey({ name: 'other', value: pinned('by-hand') });
  gateway.destroy();
  const now = new Date();
  state.secrets.set('apikeeper/secret', {
    arn: 'arn:aws:secretsmanager:::secret',
    text: pinned('secret'),
    version: '1',
    createdDate: now,
  });
  state.parameters.set('/apikeeper/ssm', {
    type: 'SecureString',
    value: pinned('ssm'),
    version: 1,
    lastModifiedDate: now,
  });

  const adopt = { annotations: { 'apikeeper.dev/adopt': adopted } };
  const sources = {
    env: { fromEnv: 'APIKEEPER_VALUE_ENV' },
    file: { fromFile: 'file' },
    secret: { secretsManager: 'apikeeper/secret' },
    ssm: { ssm: '/apikeeper/ssm' },
    refused: { fromEnv: 'APIKEEPER_VALUE_REFUSED' },
    other: { fromEnv: 'APIKEEPER_VALUE_OTHER' },
  };
  mkdirSync(valuesDir);
  writeFileSync(join(valuesDir, 'file'), `${pinned('file')}\n`);
  write(trees.good, [
    documentOf('ApiKey', 'generated'),
    ...Object.entries(sources).map(([name, value]) =>
      documentOf('ApiKey', name, { value }, name === 'other' ? adopt : {}),
    ),
    documentOf('UsagePlan', 'all', { keys: ['generated', 'env', 'other'] }),
  ]);
  write(trees.bad, [
    documentOf('ApiKey', 'as-text', { value: WRITTEN }),
    documentOf('ApiKey', 'as-source', { value: { fromEnv: WRITTEN } }),
    documentOf('ApiKey', 'as-name', { value: { [WRITTEN]: true } }),
    documentOf('ApiKey', 'as-list', { value: [WRITTEN] }),
  ]);
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await emulator.close();
});

function write(tree: string, documents: readonly object[]): void {
  mkdirSync(tree, { recursive: true });
  writeFileSync(
    join(tree, 'keys.yaml'),
    documents.map((document) => JSON.stringify(document)).join('\n---\n'),
  );
}

const FLAGS = [
  '--requests-per-second',
  '1000',
  '--burst',
  '1000',
  '--operation-quotas',
  'off',
  '--values-dir',
  valuesDir,
  '--owner',
  owner,
];

function start(name: string, words: readonly string[]) {
  const env = {
    PATH: process.env.PATH,
    AWS_ENDPOINT_URL: emulator.url,
    AWS_REGION: 'eu-west-2',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'secret',
    APIKEEPER_VALUE_ENV: pinned('env'),
    APIKEEPER_VALUE_REFUSED: pinned('refused'),
    APIKEEPER_VALUE_OTHER: pinned('other'),
  };
  const child = spawn(process.execPath, [CLI, ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const add = (stream: string) => (chunk: Buffer) =>
    said.set(`${name} ${stream}`, (said.get(`${name} ${stream}`) ?? '') + chunk);
  child.stdout.on('data', add('stdout'));
  child.stderr.on('data', add('stderr'));
  return { child, closed: once(child, 'close') as Promise<[number | null, string | null]> };
}

async function run(...words: readonly string[]): Promise<number | null> {
  const [code] = await start(words.map((word) => word.replace(directory, '')).join(' '), words)
    .closed;
  return code;
}

/** The service refuses a call once, and says all values that it could be thinking of. */
function echo(operation: string): void {
  const message = `refused, because of ${PINNED.join(' and ')} (${PINNED.map(encodeURIComponent).join(' ')})`;
  emulator.inject({
    operation,
    times: 1,
    fault: { type: 'error', status: 400, code: 'BadRequestException', message },
  });
}

test('a manifest that holds a value is refused without showing it', async () => {
  expect(await run('validate', trees.bad)).toBe(1);
  expect(await run('plan', trees.bad, ...FLAGS)).toBe(1);
  expect(said.get('validate /bad stdout') ?? said.get('validate /bad stderr')).toContain('as-text');
});

test('plans and applies, in every form', async () => {
  echo('CreateApiKey');
  expect(await run('apply', trees.good, ...FLAGS, '--yes', '--log-level', 'debug')).toBe(1);
  for (const form of ['text', 'json', 'markdown']) {
    expect(
      await run(
        'plan',
        trees.good,
        ...FLAGS,
        '-o',
        form,
        '--log-level',
        'debug',
        '--log-format',
        'json',
      ),
    ).toBe(0);
    echo('GetApiKey');
    expect(
      await run(
        'plan',
        trees.good,
        ...FLAGS,
        '-o',
        form,
        '--log-level',
        'debug',
        '--log-format',
        'text',
      ),
    ).toBe(0);
    await byHand();
    echo('UpdateApiKey');
    expect(await run('apply', trees.good, ...FLAGS, '--yes', '-o', form)).toBe(1);
  }
  expect(emulator.state().apiKeys.size).toBe(7);
});

test('one pass of a daemon, at each log level', async () => {
  for (const level of ['debug', 'info', 'warn', 'error']) {
    await byHand();
    echo('UpdateApiKey');
    expect(
      await run(
        'run',
        trees.good,
        ...FLAGS,
        '--once',
        '--mode',
        'enforce',
        '--log-level',
        level,
        '-o',
        'json',
      ),
    ).toBe(1);
  }
});

test('a daemon, its page, its metrics and its report', async () => {
  await byHand();
  echo('UpdateApiKey');
  const daemon = start('daemon', [
    'run',
    trees.good,
    ...FLAGS,
    '--mode',
    'enforce',
    '--http-port',
    '0',
    '--log-level',
    'debug',
    '--log-format',
    'json',
  ]);
  const url = await new Promise<string>((resolve, reject) => {
    daemon.child.stderr.on('data', () => {
      const [, address] = /"address":"([^"]+)"/.exec(said.get('daemon stderr') ?? '') ?? [];
      if (address && said.get('daemon stderr')?.includes('reconcile finished')) resolve(address);
    });
    daemon.closed.then(() => reject(new Error(said.get('daemon stderr'))));
  });
  for (const path of ['/', '/metrics', '/api/v1/report', '/livez', '/readyz', '/nowhere']) {
    said.set(path, await (await fetch(url + path)).text());
  }
  for (const form of ['text', 'json', 'markdown']) await run('status', '--server', url, '-o', form);
  expect(said.get('/')).toContain('ApiKey');
  expect(JSON.parse(said.get('/api/v1/report') ?? '')).toMatchObject({
    targets: [{ namespace: 'default' }],
  });
  daemon.child.kill('SIGTERM');
  expect((await daemon.closed)[0]).toBe(0);
});

test('none of all that holds a value, in any spelling', () => {
  const generated = [...emulator.state().apiKeys.values()].map(({ value }) => value);
  const values = [...new Set([...PINNED, WRITTEN, ...generated])];
  expect(values.length).toBeGreaterThanOrEqual(9);
  const everything = [...said.values()].join('\n');
  expect(everything, 'the echoes did arrive').toContain('refused, because of (sensitive)');
  for (const [where, text] of said) {
    const found = values.flatMap((value) =>
      spellings(value).filter((spelling) => text.includes(spelling)),
    );
    expect(found, where).toEqual([]);
  }
});

/** Somebody changes a key whose value is pinned. */
async function byHand(): Promise<void> {
  const gateway = clientOf(emulator);
  const key = [...emulator.state().apiKeys.values()].find(({ name }) => name === 'ssm');
  await gateway.updateApiKey({
    apiKey: key?.id,
    patchOperations: [{ op: 'replace', path: '/description', value: randomUUID() }],
  });
  gateway.destroy();
}

function spellings(value: string): string[] {
  const bytes = Buffer.from(value);
  const json = JSON.stringify(value).slice(1, -1);
  const html = value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  const all = [
    value,
    json,
    JSON.stringify(json).slice(1, -1),
    html,
    encodeURIComponent(value),
    encodeURI(value),
    bytes.toString('hex'),
  ];
  const base64 = [bytes.toString('base64'), bytes.toString('base64url')].map((text) =>
    text.replace(/=+$/, ''),
  );
  return [...new Set([...all, ...base64])];
}
