import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import { type AllowedSources, readValue } from '../../src/engine/state/key-sources.ts';
import { connect } from '../../src/gateway/client.ts';
import { type SecretReader, secretReader } from '../../src/gateway/secrets.ts';
import { sourcesPerTest, VALUE, writeValue } from './sources.ts';

const world = sourcesPerTest();

/** Fences as the command line sets them, around stores that the emulator keeps. */
async function fences(more: Partial<AllowedSources> = {}): Promise<AllowedSources> {
  const connection = await connect({
    implicit: true,
    env: emulatorEnvironment(world.emulator.url),
  });
  const common = {
    env: {},
    envPrefix: 'APIKEEPER_VALUE_',
    dir: world.valuesDir,
    secretsPrefix: 'apikeeper/',
  };
  return { ...common, secrets: secretReader(connection), ...more };
}

/** The text that says why; fails where the value can be read. */
async function refusal(
  source: Record<string, string>,
  more: Partial<AllowedSources> = {},
): Promise<string> {
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
    expect(await readValue({ fromEnv: 'APIKEEPER_VALUE_ACME' }, await fences({ env }))).toEqual({
      value: VALUE,
    });
    expect(
      await readValue({ fromEnv: 'KEYS_ACME' }, await fences({ env, envPrefix: 'KEYS_' })),
    ).toEqual({ value: VALUE });
    expect(await refusal({ fromEnv: 'AWS_SECRET_ACCESS_KEY' }, { env })).toMatch(
      /APIKEEPER_VALUE_.*AWS_SECRET_ACCESS_KEY.*--values-env-prefix/,
    );
    expect(await refusal({ fromEnv: 'APIKEEPER_VALUE_NONE' }, { env })).toMatch(
      /APIKEEPER_VALUE_NONE is not set/,
    );
    expect(
      await refusal({ fromEnv: 'APIKEEPER_VALUE_EMPTY' }, { env: { APIKEEPER_VALUE_EMPTY: '' } }),
    ).toMatch(/is not set/);
  });

  test('fromFile reads nothing without a directory', async () => {
    const { dir: _, ...open } = await fences();
    expect(await readValue({ fromFile: 'acme' }, open)).toEqual({
      unreadable: expect.stringContaining('--values-dir'),
    });
  });

  test('fromFile reads below its directory, without the line break at the end', async () => {
    await mkdir(join(world.valuesDir, 'production'));
    for (const end of ['', '\n', '\r\n']) {
      await writeValue(world, 'production/acme', `${VALUE}${end}`);
      expect(await readValue({ fromFile: 'production/acme' }, await fences())).toEqual({
        value: VALUE,
      });
    }
    await writeValue(world, 'production/acme', `${VALUE}\n\n`);
    expect(await readValue({ fromFile: 'production/acme' }, await fences())).toEqual({
      value: `${VALUE}\n`,
    });
  });

  test('fromFile follows links that stay inside, as those of a ConfigMap, and none that lead out', async () => {
    const values = world.valuesDir;
    await mkdir(join(values, '..2026'));
    await writeValue(world, '..2026/acme', VALUE);
    await symlink('..2026', join(values, '..data'));
    await symlink('..data/acme', join(values, 'acme'));
    expect(await readValue({ fromFile: 'acme' }, await fences())).toEqual({ value: VALUE });
    await symlink(values, join(world.directory, 'link'));
    expect(
      await readValue({ fromFile: 'acme' }, await fences({ dir: join(world.directory, 'link') })),
    ).toEqual({ value: VALUE });

    await mkdir(join(world.directory, 'values-of-others'));
    await writeFile(join(world.directory, 'values-of-others/acme'), VALUE);
    await symlink('../values-of-others/acme', join(values, 'file-out'));
    await symlink('../values-of-others', join(values, 'directory-out'));
    for (const name of ['file-out', 'directory-out/acme', '../values-of-others/acme', '..', '.']) {
      expect(await refusal({ fromFile: name }), name).toContain(
        `fromFile ${name} leads out of ${values}`,
      );
    }
    expect(await refusal({ fromFile: join(world.directory, 'values-of-others/acme') })).toContain(
      'ENOENT',
    );
  });

  test('fromFile says what is in the way', async () => {
    await mkdir(join(world.valuesDir, 'folder'));
    expect(await refusal({ fromFile: 'none' })).toMatch(
      /fromFile none can't be read below .*values: ENOENT/,
    );
    expect(await refusal({ fromFile: 'folder' })).toContain('EISDIR');
    expect(await refusal({ fromFile: 'acme' }, { dir: join(world.directory, 'none') })).toContain(
      'ENOENT',
    );
  });

  test('the stores are asked only below their prefix', async () => {
    for (const source of [
      { secretsManager: 'production/database' },
      { ssm: '/production/database' },
      { ssm: '/apikeeper' },
    ]) {
      expect(await refusal(source, { secrets: closed })).toMatch(
        /begin with apikeeper\/.*--values-secrets/,
      );
    }
    // A secret's name with a slash is another name; a parameter's always has one.
    expect(await refusal({ secretsManager: '/apikeeper/acme' }, { secrets: closed })).toContain(
      'begin with apikeeper/',
    );
    await world.parameters.putParameter({ Name: '/keys/acme', Value: VALUE, Type: 'SecureString' });
    for (const secretsPrefix of ['keys/', '/keys/']) {
      expect(await readValue({ ssm: '/keys/acme' }, await fences({ secretsPrefix }))).toEqual({
        value: VALUE,
      });
    }
    await world.secrets.createSecret({ Name: '/keys/acme', SecretString: VALUE });
    expect(
      await readValue({ secretsManager: '/keys/acme' }, await fences({ secretsPrefix: '/keys/' })),
    ).toEqual({ value: VALUE });
  });
});

describe('values', () => {
  test('have 20 to 128 characters', async () => {
    const read = async (length: number) =>
      readValue(
        { fromEnv: 'APIKEEPER_VALUE_A' },
        await fences({ env: { APIKEEPER_VALUE_A: 'v'.repeat(length) } }),
      );
    for (const length of [20, 128])
      expect(await read(length)).toEqual({ value: 'v'.repeat(length) });
    for (const length of [1, 19, 129]) {
      const text = `the value from fromEnv APIKEEPER_VALUE_A has ${length} characters; API Gateway takes 20 to 128`;
      expect(await read(length)).toEqual({ unreadable: text });
    }
  });

  test('come from Secrets Manager and SSM', async () => {
    await world.secrets.createSecret({ Name: 'apikeeper/acme', SecretString: VALUE });
    await world.parameters.putParameter({
      Name: '/apikeeper/acme',
      Value: VALUE,
      Type: 'SecureString',
    });
    expect(await readValue({ secretsManager: 'apikeeper/acme' }, await fences())).toEqual({
      value: VALUE,
    });
    expect(await readValue({ ssm: '/apikeeper/acme' }, await fences())).toEqual({ value: VALUE });
  });

  test('that a store will not give are told with the code, and what is needed', async () => {
    expect(await refusal({ secretsManager: 'apikeeper/none' })).toMatch(
      /secretsManager apikeeper\/none can't be read: ResourceNotFoundException.*account and region.*secretsmanager:GetSecretValue/,
    );
    expect(await refusal({ ssm: '/apikeeper/none' })).toMatch(
      /ssm \/apikeeper\/none can't be read: ParameterNotFound.*ssm:GetParameter/,
    );
    await world.secrets.createSecret({ Name: 'apikeeper/bytes', SecretBinary: new Uint8Array(30) });
    expect(await refusal({ secretsManager: 'apikeeper/bytes' })).toContain('holds no text');

    const message = `User ${VALUE} is not authorized`;
    world.emulator.inject({
      operation: 'Get*',
      fault: { type: 'error', status: 400, code: 'AccessDeniedException', message },
    });
    expect(await refusal({ secretsManager: 'apikeeper/none' })).toContain('AccessDeniedException');
    expect(await refusal({ ssm: '/apikeeper/none' })).toContain('AccessDeniedException');
  });

  test('are asked for again after a throttle, and not waited for without end', async () => {
    await world.secrets.createSecret({ Name: 'apikeeper/acme', SecretString: VALUE });
    world.emulator.inject({ operation: 'GetSecretValue', times: 1, fault: { type: 'throttle' } });
    expect(await readValue({ secretsManager: 'apikeeper/acme' }, await fences())).toEqual({
      value: VALUE,
    });

    const connection = await connect({
      implicit: true,
      env: emulatorEnvironment(world.emulator.url),
    });
    world.emulator.inject({ operation: 'Get*', fault: { type: 'hang' } });
    const impatient = { secrets: secretReader(connection, 50) };
    expect(await refusal({ secretsManager: 'apikeeper/acme' }, impatient)).toContain('ETIMEDOUT');
    expect(await refusal({ ssm: '/apikeeper/acme' }, impatient)).toContain('ETIMEDOUT');
    connection.close();
    await world.emulator.close();
    expect(await refusal({ ssm: '/apikeeper/acme' })).toContain('ECONNREFUSED');
  });

  test('are given up where an answer stalls half-way', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.write('{"SecretString":');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const env = emulatorEnvironment(`http://127.0.0.1:${port}`);
    const connection = await connect({ implicit: false, env, region: 'eu-west-2' });
    const impatient = { secrets: secretReader(connection, 10_000, 100) };
    const stalled = await refusal({ secretsManager: 'apikeeper/acme' }, impatient);
    expect(stalled).toContain('TimeoutError');
    expect(await refusal({ ssm: '/apikeeper/acme' }, impatient)).toContain('TimeoutError');
    connection.close();
    server.closeAllConnections();
    server.close();
  });
});
