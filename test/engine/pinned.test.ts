/** What manifests pin, from the source to the live key, through the command line. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import { run } from '../commands/io.ts';
import { OTHER, sourcesPerTest, VALUE, writeValue } from './sources.ts';

const world = sourcesPerTest();

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
    ...emulatorEnvironment(world.emulator.url),
    APIKEEPER_OWNER: `values-${process.pid}`,
    APIKEEPER_VALUES_DIR: world.valuesDir,
  };
  await mkdir(join(world.directory, 'manifests'));
});

const put: Record<Source, (value: string) => Promise<unknown>> = {
  fromEnv: async (value) => {
    env = { ...env, APIKEEPER_VALUE_ACME: value };
  },
  fromFile: (value) => writeValue(world, 'acme', value),
  secretsManager: (value) =>
    world.emulator.state().secrets.has('apikeeper/acme')
      ? world.secrets.putSecretValue({ SecretId: 'apikeeper/acme', SecretString: value })
      : world.secrets.createSecret({ Name: 'apikeeper/acme', SecretString: value }),
  ssm: (value) =>
    world.parameters.putParameter({
      Name: '/apikeeper/acme',
      Value: value,
      Type: 'SecureString',
      Overwrite: true,
    }),
};

const key = (name: string, source: Source, description = 'ours') =>
  `apiVersion: apikeeper.dev/v1\nkind: ApiKey\nmetadata: { name: ${name} }\nspec: { description: ${description}, enabled: true, value: { ${source}: ${names[source]} } }\n`;
const declare = (text: string) => writeFile(join(world.directory, 'manifests/keys.yaml'), text);

/** Runs a command; no stream ever shows a value. */
async function apikeeper(command: 'plan' | 'apply', ...flags: string[]) {
  const done = await run(
    [
      command,
      join(world.directory, 'manifests'),
      ...(command === 'apply' ? ['--yes'] : []),
      ...flags,
    ],
    { env },
  );
  for (const value of [VALUE, OTHER]) expect(done.stdout + done.stderr).not.toContain(value);
  return done;
}
const live = () =>
  [...world.emulator.state().apiKeys.values()].map(({ name, value, description }) => ({
    name,
    value,
    description,
  }));
const asked = (operation: string) =>
  world.emulator.requests.filter((request) => request.operation === operation).length;

test.each(sources)(
  '%s: it is created with the value, found the same, and told when it differs',
  async (source) => {
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
  },
);

test.each(sources)(
  '%s: without a readable source the key is held, and the others are not',
  async (source) => {
    await declare(
      `${key('acme', source)}---\n${key('beta', 'fromEnv').replace('VALUE_ACME', 'VALUE_BETA')}`,
    );
    env = { ...env, APIKEEPER_VALUE_BETA: OTHER };
    const held = await apikeeper('apply', '--output', 'json');
    expect(held.stdout).toContain(
      `${source} ${names[source]}`.replace('fromEnv', 'the environment variable'),
    );
    expect(live().map(({ name }) => name)).toEqual(['beta']);

    await put[source](VALUE);
    await apikeeper('apply');
    expect(live().map(({ name }) => name)).toEqual(['beta', 'acme']);
    if (source === 'fromFile') await rm(join(world.valuesDir, 'acme'));
    world.emulator.inject({
      operation: 'GetSecretValue',
      fault: { type: 'error', status: 400, code: 'AccessDeniedException', message: VALUE },
    });
    world.emulator.inject({
      operation: 'GetParameter',
      fault: { type: 'error', status: 400, code: 'AccessDeniedException', message: VALUE },
    });
    if (source === 'fromEnv') {
      const { APIKEEPER_VALUE_ACME: _, ...rest } = env;
      env = rest;
    }
    await declare(
      `${key('acme', source, 'renewed')}---\n${key('beta', 'fromEnv').replace('VALUE_ACME', 'VALUE_BETA')}`,
    );
    const unreadable = await apikeeper('apply', '--output', 'json');
    expect(unreadable.stdout).toContain('"dependency"');
    // A value that can't be compared holds no other field.
    expect(live()).toContainEqual({ name: 'acme', value: VALUE, description: 'renewed' });
  },
);

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
  world.emulator.inject({
    operation: 'CreateApiKey',
    fault: { type: 'error', status: 400, code: 'BadRequestException', message },
  });
  const { code, stdout } = await apikeeper('apply');
  expect(code).not.toBe(0);
  expect(stdout).toContain('(sensitive) is not to our taste');
});

test('a key that is left alone is not compared, and its source not read', async () => {
  await put.ssm(VALUE);
  await fetch(`${world.emulator.url}/apikeys`, {
    method: 'POST',
    body: JSON.stringify({ name: 'acme', value: VALUE }),
  });
  await declare(key('acme', 'ssm'));
  const { stdout } = await apikeeper('plan', '--output', 'json');
  expect(stdout).toContain('not-owned');
  expect(asked('GetParameter')).toBe(0);
});
