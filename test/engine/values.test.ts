import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { SSM } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { type Fences, readValue } from '../../src/engine/values.ts';
import { connect } from '../../src/gateway/client.ts';
import { type SecretReader, secretReader } from '../../src/gateway/secrets.ts';
import { run } from '../commands/world.ts';

const VALUE = 'a-value-that-nobody-may-see';
const OTHER = 'another-one-that-none-may-see';

let emulator: Emulator;
let directory: string;
let secrets: SecretsManager;
let parameters: SSM;

beforeEach(async () => {
  emulator = await startEmulator();
  directory = await mkdtemp(join(tmpdir(), 'apikeeper-values-'));
  await mkdir(join(directory, 'values'));
  const settings = { endpoint: emulator.url, region: 'eu-west-2', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  secrets = new SecretsManager(settings);
  parameters = new SSM(settings);
});
afterEach(async () => {
  secrets.destroy();
  parameters.destroy();
  await emulator.close();
  await rm(directory, { recursive: true, force: true });
});

const valueFile = (name: string, text: string) => writeFile(join(directory, 'values', name), text);

/** Fences as the command line sets them, around stores that the emulator keeps. */
async function fences(more: Partial<Fences> = {}): Promise<Fences> {
  const connection = await connect({ implicit: true, env: emulatorEnvironment(emulator.url) });
  const common = { env: {}, envPrefix: 'APIKEEPER_VALUE_', dir: join(directory, 'values'), secretsPrefix: 'apikeeper/' };
  return { ...common, secrets: secretReader(connection), ...more };
}

/** The text that says why; fails where the value can be read. */
async function refusal(source: Record<string, string>, more: Partial<Fences> = {}): Promise<string> {
  const found = await readValue(source, await fences(more));
  if ('value' in found) expect.fail('the value was read');
  expect(found.unreadable).not.toContain(VALUE);
  return found.unreadable;
}

/** Stores that must not be asked. */
const closed: SecretReader = {
  secretsManager: () => expect.fail('Secrets Manager was asked'),
  ssm: () => expect.fail('SSM was asked'),
};

describe('fences', () => {
  test('fromEnv reads only below its prefix', async () => {
    const env = { APIKEEPER_VALUE_ACME: VALUE, AWS_SECRET_ACCESS_KEY: VALUE, KEYS_ACME: VALUE };
    expect(await readValue({ fromEnv: 'APIKEEPER_VALUE_ACME' }, await fences({ env }))).toEqual({ value: VALUE });
    expect(await readValue({ fromEnv: 'KEYS_ACME' }, await fences({ env, envPrefix: 'KEYS_' }))).toEqual({ value: VALUE });
    expect(await refusal({ fromEnv: 'AWS_SECRET_ACCESS_KEY' }, { env })).toMatch(
      /APIKEEPER_VALUE_.*AWS_SECRET_ACCESS_KEY.*--values-env-prefix/,
    );
    expect(await refusal({ fromEnv: 'APIKEEPER_VALUE_NONE' }, { env })).toMatch(/APIKEEPER_VALUE_NONE is not set/);
    expect(await refusal({ fromEnv: 'APIKEEPER_VALUE_EMPTY' }, { env: { APIKEEPER_VALUE_EMPTY: '' } })).toMatch(/is not set/);
  });

  test('fromFile reads nothing without a directory', async () => {
    const { dir: _, ...open } = await fences();
    expect(await readValue({ fromFile: 'acme' }, open)).toEqual({ unreadable: expect.stringContaining('--values-dir') });
  });

  test('fromFile reads below its directory, without the line break at the end', async () => {
    await mkdir(join(directory, 'values/production'));
    for (const end of ['', '\n', '\r\n']) {
      await valueFile('production/acme', `${VALUE}${end}`);
      expect(await readValue({ fromFile: 'production/acme' }, await fences())).toEqual({ value: VALUE });
    }
    await valueFile('production/acme', `${VALUE}\n\n`);
    expect(await readValue({ fromFile: 'production/acme' }, await fences())).toEqual({ value: `${VALUE}\n` });
  });

  test('fromFile follows links that stay inside, as those of a ConfigMap, and none that lead out', async () => {
    const values = join(directory, 'values');
    await mkdir(join(values, '..2026'));
    await valueFile('..2026/acme', VALUE);
    await symlink('..2026', join(values, '..data'));
    await symlink('..data/acme', join(values, 'acme'));
    expect(await readValue({ fromFile: 'acme' }, await fences())).toEqual({ value: VALUE });
    await symlink(values, join(directory, 'link'));
    expect(await readValue({ fromFile: 'acme' }, await fences({ dir: join(directory, 'link') }))).toEqual({ value: VALUE });

    await mkdir(join(directory, 'values-of-others'));
    await writeFile(join(directory, 'values-of-others/acme'), VALUE);
    await symlink('../values-of-others/acme', join(values, 'file-out'));
    await symlink('../values-of-others', join(values, 'directory-out'));
    for (const name of ['file-out', 'directory-out/acme', '../values-of-others/acme', '..', '.']) {
      expect(await refusal({ fromFile: name }), name).toContain(`fromFile ${name} leads out of ${values}`);
    }
    expect(await refusal({ fromFile: join(directory, 'values-of-others/acme') })).toContain('ENOENT');
  });

  test('fromFile says what is in the way', async () => {
    await mkdir(join(directory, 'values/folder'));
    expect(await refusal({ fromFile: 'none' })).toMatch(/fromFile none can't be read below .*values: ENOENT/);
    expect(await refusal({ fromFile: 'folder' })).toContain('EISDIR');
    expect(await refusal({ fromFile: 'acme' }, { dir: join(directory, 'none') })).toContain('ENOENT');
  });

  test('the stores are asked only below their prefix', async () => {
    for (const source of [{ secretsManager: 'production/database' }, { ssm: '/production/database' }, { ssm: '/apikeeper' }]) {
      expect(await refusal(source, { secrets: closed })).toMatch(/begin with apikeeper\/.*--values-secrets/);
    }
    // A secret's name with a slash is another name; a parameter's always has one.
    expect(await refusal({ secretsManager: '/apikeeper/acme' }, { secrets: closed })).toContain('begin with apikeeper/');
    await parameters.putParameter({ Name: '/keys/acme', Value: VALUE, Type: 'SecureString' });
    for (const secretsPrefix of ['keys/', '/keys/']) {
      expect(await readValue({ ssm: '/keys/acme' }, await fences({ secretsPrefix }))).toEqual({ value: VALUE });
    }
    await secrets.createSecret({ Name: '/keys/acme', SecretString: VALUE });
    expect(await readValue({ secretsManager: '/keys/acme' }, await fences({ secretsPrefix: '/keys/' }))).toEqual({ value: VALUE });
  });
});

describe('values', () => {
  test('have 20 to 128 characters', async () => {
    const read = async (length: number) =>
      readValue({ fromEnv: 'APIKEEPER_VALUE_A' }, await fences({ env: { APIKEEPER_VALUE_A: 'v'.repeat(length) } }));
    for (const length of [20, 128]) expect(await read(length)).toEqual({ value: 'v'.repeat(length) });
    for (const length of [1, 19, 129]) {
      const text = `the value from fromEnv APIKEEPER_VALUE_A has ${length} characters; API Gateway takes 20 to 128`;
      expect(await read(length)).toEqual({ unreadable: text });
    }
  });

  test('come from Secrets Manager and SSM', async () => {
    await secrets.createSecret({ Name: 'apikeeper/acme', SecretString: VALUE });
    await parameters.putParameter({ Name: '/apikeeper/acme', Value: VALUE, Type: 'SecureString' });
    expect(await readValue({ secretsManager: 'apikeeper/acme' }, await fences())).toEqual({ value: VALUE });
    expect(await readValue({ ssm: '/apikeeper/acme' }, await fences())).toEqual({ value: VALUE });
  });

  test('that a store will not give are told with the code, and what is needed', async () => {
    expect(await refusal({ secretsManager: 'apikeeper/none' })).toMatch(
      /secretsManager apikeeper\/none can't be read: ResourceNotFoundException.*account and region.*secretsmanager:GetSecretValue/,
    );
    expect(await refusal({ ssm: '/apikeeper/none' })).toMatch(/ssm \/apikeeper\/none can't be read: ParameterNotFound.*ssm:GetParameter/);
    await secrets.createSecret({ Name: 'apikeeper/bytes', SecretBinary: new Uint8Array(30) });
    expect(await refusal({ secretsManager: 'apikeeper/bytes' })).toContain('holds no text');

    const message = `User ${VALUE} is not authorized`;
    emulator.inject({ operation: 'Get*', fault: { type: 'error', status: 400, code: 'AccessDeniedException', message } });
    expect(await refusal({ secretsManager: 'apikeeper/none' })).toContain('AccessDeniedException');
    expect(await refusal({ ssm: '/apikeeper/none' })).toContain('AccessDeniedException');
  });

  test('are asked for again after a throttle, and not waited for without end', async () => {
    await secrets.createSecret({ Name: 'apikeeper/acme', SecretString: VALUE });
    emulator.inject({ operation: 'GetSecretValue', times: 1, fault: { type: 'throttle' } });
    expect(await readValue({ secretsManager: 'apikeeper/acme' }, await fences())).toEqual({ value: VALUE });

    const connection = await connect({ implicit: true, env: emulatorEnvironment(emulator.url) });
    emulator.inject({ operation: 'Get*', fault: { type: 'hang' } });
    const impatient = { secrets: secretReader(connection, 50) };
    expect(await refusal({ secretsManager: 'apikeeper/acme' }, impatient)).toContain('ETIMEDOUT');
    expect(await refusal({ ssm: '/apikeeper/acme' }, impatient)).toContain('ETIMEDOUT');
    connection.close();
    await emulator.close();
    expect(await refusal({ ssm: '/apikeeper/acme' })).toContain('ECONNREFUSED');
  });
});

describe('a pinned value, from end to end', () => {
  const sources = ['fromEnv', 'fromFile', 'secretsManager', 'ssm'] as const;
  type Source = (typeof sources)[number];
  const names: Record<Source, string> = {
    fromEnv: 'APIKEEPER_VALUE_ACME',
    fromFile: 'acme',
    secretsManager: 'apikeeper/acme',
    ssm: '/apikeeper/acme',
  };
  let env: Record<string, string>;

  beforeEach(async () => {
    env = {
      ...emulatorEnvironment(emulator.url),
      APIKEEPER_OWNER: `values-${process.pid}`,
      APIKEEPER_VALUES_DIR: join(directory, 'values'),
    };
    await mkdir(join(directory, 'manifests'));
  });

  const put: Record<Source, (value: string) => Promise<unknown>> = {
    fromEnv: async (value) => {
      env = { ...env, APIKEEPER_VALUE_ACME: value };
    },
    fromFile: (value) => valueFile('acme', value),
    secretsManager: (value) =>
      emulator.state().secrets.has('apikeeper/acme')
        ? secrets.putSecretValue({ SecretId: 'apikeeper/acme', SecretString: value })
        : secrets.createSecret({ Name: 'apikeeper/acme', SecretString: value }),
    ssm: (value) => parameters.putParameter({ Name: '/apikeeper/acme', Value: value, Type: 'SecureString', Overwrite: true }),
  };

  const key = (name: string, source: Source, description = 'ours') =>
    `apiVersion: apikeeper.dev/v1\nkind: ApiKey\nmetadata: { name: ${name} }\nspec: { description: ${description}, enabled: true, value: { ${source}: ${names[source]} } }\n`;
  const declare = (text: string) => writeFile(join(directory, 'manifests/keys.yaml'), text);

  /** Runs a command; no stream ever shows a value. */
  async function apikeeper(command: 'plan' | 'apply', ...flags: string[]) {
    const done = await run([command, join(directory, 'manifests'), ...(command === 'apply' ? ['--yes'] : []), ...flags], { env });
    for (const value of [VALUE, OTHER]) expect(done.stdout + done.stderr).not.toContain(value);
    return done;
  }
  const live = () => [...emulator.state().apiKeys.values()].map(({ name, value, description }) => ({ name, value, description }));
  const asked = (operation: string) => emulator.requests.filter((request) => request.operation === operation).length;

  test.each(sources)('%s: it is created with the value, found the same, and told when it differs', async (source) => {
    await put[source](VALUE);
    await declare(key('acme', source));
    const created = await apikeeper('apply');
    expect(created).toMatchObject({ code: 0 });
    expect(live()).toEqual([{ name: 'acme', value: VALUE, description: 'ours' }]);
    expect(await apikeeper('plan')).toMatchObject({ code: 0 });

    await put[source](OTHER);
    await declare(key('acme', source, 'renewed'));
    const differs = await apikeeper('apply', '--output', 'json');
    expect(differs.stdout).toContain('immutable-field');
    expect(differs.stdout).toContain('rotate it');
    // No other field waits for it, and the key keeps its value.
    expect(live()).toEqual([{ name: 'acme', value: VALUE, description: 'renewed' }]);
  });

  test.each(sources)('%s: without a readable source the key is held, and the others are not', async (source) => {
    await declare(`${key('acme', source)}---\n${key('beta', 'fromEnv').replace('VALUE_ACME', 'VALUE_BETA')}`);
    env = { ...env, APIKEEPER_VALUE_BETA: OTHER };
    const held = await apikeeper('apply', '--output', 'json');
    expect(held.stdout).toContain(`${source} ${names[source]}`.replace('fromEnv', 'the environment variable'));
    expect(live().map(({ name }) => name)).toEqual(['beta']);

    await put[source](VALUE);
    await apikeeper('apply');
    expect(live().map(({ name }) => name)).toEqual(['beta', 'acme']);
    if (source === 'fromFile') await rm(join(directory, 'values/acme'));
    emulator.inject({ operation: 'GetSecretValue', fault: { type: 'error', status: 400, code: 'AccessDeniedException', message: VALUE } });
    emulator.inject({ operation: 'GetParameter', fault: { type: 'error', status: 400, code: 'AccessDeniedException', message: VALUE } });
    if (source === 'fromEnv') {
      const { APIKEEPER_VALUE_ACME: _, ...rest } = env;
      env = rest;
    }
    await declare(`${key('acme', source, 'renewed')}---\n${key('beta', 'fromEnv').replace('VALUE_ACME', 'VALUE_BETA')}`);
    const unreadable = await apikeeper('apply', '--output', 'json');
    expect(unreadable.stdout).toContain('"dependency"');
    // A value that can't be compared holds no other field.
    expect(live()).toContainEqual({ name: 'acme', value: VALUE, description: 'renewed' });
  });

  test('a value that another key has is refused, and not shown', async () => {
    await put.fromEnv(VALUE);
    await put.fromFile(VALUE);
    await declare(`${key('acme', 'fromEnv')}---\n${key('beta', 'fromFile')}`);
    const { code, stdout } = await apikeeper('apply');
    expect(code).not.toBe(0);
    expect(stdout).toContain('API Key already exists');
    expect(live()).toHaveLength(1);
  });

  test('a value that the service shows in a refusal is not shown', async () => {
    await put.ssm(VALUE);
    await declare(key('acme', 'ssm'));
    const message = `The value ${VALUE} is not to our taste`;
    emulator.inject({ operation: 'CreateApiKey', fault: { type: 'error', status: 400, code: 'BadRequestException', message } });
    const { code, stdout } = await apikeeper('apply');
    expect(code).not.toBe(0);
    expect(stdout).toContain('(sensitive) is not to our taste');
  });

  test('a key that is left alone is not compared, and its source not read', async () => {
    await put.ssm(VALUE);
    await emulatorKey();
    await declare(key('acme', 'ssm'));
    const { stdout } = await apikeeper('plan', '--output', 'json');
    expect(stdout).toContain('not-owned');
    expect(asked('GetParameter')).toBe(0);
  });

  async function emulatorKey(): Promise<void> {
    await fetch(`${emulator.url}/apikeys`, { method: 'POST', body: JSON.stringify({ name: 'acme', value: VALUE }) });
  }
});
