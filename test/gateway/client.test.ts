import { GetApiKeysCommand } from '@aws-sdk/client-api-gateway';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { type ConnectOptions, connect, roleSessionName } from '../../src/gateway/client.ts';

let emulator: Emulator;
let env: Record<string, string>;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(async () => {
  await fetch(`${emulator.url}/_emulator/reset`, { method: 'POST' });
  env = {
    AWS_ENDPOINT_URL: emulator.url,
    AWS_REGION: 'eu-west-2',
    AWS_ACCESS_KEY_ID: 'AKIA111111111111USER',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
});

const TARGET = { implicit: false, region: 'eu-west-1' };
const ROLE = 'arn:aws:iam::222222222222:role/apikeeper';

/** Connects, sends one call, and tells what the emulator saw of it. */
async function seen(options: Partial<ConnectOptions>) {
  const connection = await connect({ ...TARGET, env, ...options });
  try {
    await connection.client.send(new GetApiKeysCommand({}));
    const { accountId, region, partition } = connection;
    return {
      accountId,
      region,
      partition,
      asked: emulator.requests.map(
        ({ operation, account, region }) => `${operation} ${account} ${region}`,
      ),
    };
  } finally {
    connection.close();
  }
}

describe('a declared target', () => {
  it('is its region, with the ambient credentials, and asks STS nothing where it names no account', async () => {
    expect(await seen({})).toEqual({
      region: 'eu-west-1',
      asked: ['GetApiKeys 111111111111 eu-west-1'],
    });
  });

  it('is checked against STS before anything else', async () => {
    expect(await seen({ accountId: '111111111111' })).toEqual({
      accountId: '111111111111',
      region: 'eu-west-1',
      partition: 'aws',
      asked: ['GetCallerIdentity 111111111111 eu-west-1', 'GetApiKeys 111111111111 eu-west-1'],
    });
  });

  it('of another account is an error that names both, and nothing is read', async () => {
    const failed = connect({ ...TARGET, env, accountId: '999999999999' });
    await expect(failed).rejects.toMatchObject({
      class: 'denied',
      message: expect.stringMatching(/111111111111.*999999999999/),
    });
    expect(emulator.requests.map(({ operation }) => operation)).toEqual(['GetCallerIdentity']);
  });

  it('with a role assumes it once, and works in its account', async () => {
    expect(await seen({ accountId: '222222222222', roleArn: ROLE })).toMatchObject({
      accountId: '222222222222',
      asked: [
        'AssumeRole 111111111111 eu-west-1',
        'GetCallerIdentity 222222222222 eu-west-1',
        'GetApiKeys 222222222222 eu-west-1',
      ],
    });
  });

  it('with a role of another account is an error', async () => {
    await expect(
      connect({ ...TARGET, env, accountId: '111111111111', roleArn: ROLE }),
    ).rejects.toMatchObject({
      class: 'denied',
      message: expect.stringMatching(/222222222222.*111111111111.*roleArn/),
    });
  });

  it('brings the external id that the role demands', async () => {
    await setRoles({ roleArn: ROLE, externalId: 'residents' });
    await expect(
      seen({ accountId: '222222222222', roleArn: ROLE, externalId: 'residents' }),
    ).resolves.toMatchObject({
      accountId: '222222222222',
    });
    await expect(
      seen({ accountId: '222222222222', roleArn: ROLE, externalId: 'other' }),
    ).rejects.toMatchObject({
      class: 'denied',
      operation: 'AssumeRole',
      message: expect.stringContaining(ROLE),
    });
  });

  it('assumes the role again before its credentials expire', async () => {
    const lasting = async (minutes: number) => {
      // The emulator's sessions last an hour by its own clock.
      await using old = await startEmulator({ clock: () => Date.now() - (60 - minutes) * 60_000 });
      const connection = await connect({
        ...TARGET,
        accountId: '222222222222',
        roleArn: ROLE,
        env: { ...env, AWS_ENDPOINT_URL: old.url },
      });
      for (let call = 0; call < 2; call++) await connection.client.send(new GetApiKeysCommand({}));
      connection.close();
      return old.requests.filter(({ operation }) => operation === 'AssumeRole').length;
    };
    expect(await lasting(50)).toBe(1);
    expect(await lasting(4)).toBeGreaterThan(1);
  });

  it('fails where STS does', async () => {
    emulator.inject({
      operation: 'GetCallerIdentity',
      fault: { type: 'error', status: 403, code: 'ExpiredToken', message: 'expired' },
    });
    await expect(connect({ ...TARGET, env, accountId: '111111111111' })).rejects.toMatchObject({
      class: 'denied',
      operation: 'GetCallerIdentity',
    });
  });

  it('keeps several accounts apart', async () => {
    const accounts = ['222222222222', '333333333333'];
    const results = await Promise.all(
      accounts.map((accountId) =>
        seen({ accountId, roleArn: `arn:aws:iam::${accountId}:role/apikeeper` }),
      ),
    );
    expect(results.map(({ accountId }) => accountId)).toEqual(accounts);
  });
});

describe('the implicit target', () => {
  it('reports the account where STS tells it', async () => {
    expect(await seen({ implicit: true })).toMatchObject({
      accountId: '111111111111',
      partition: 'aws',
    });
  });

  it.each(['error', 'hang'] as const)('goes without where STS does not: %s', async (type) => {
    const fault =
      type === 'hang'
        ? ({ type } as const)
        : ({ type, status: 403, code: 'AccessDenied', message: 'no' } as const);
    emulator.inject({ operation: 'GetCallerIdentity', fault });
    const { accountId, asked } = await seen({ implicit: true });
    expect(accountId).toBeUndefined();
    expect(asked).toEqual([
      'GetCallerIdentity 111111111111 eu-west-1',
      'GetApiKeys 111111111111 eu-west-1',
    ]);
  });

  it('does not ask the real STS when only API Gateway is somewhere else', async () => {
    const { AWS_ENDPOINT_URL, ...others } = env;
    // The SDK looks into the process's environment by itself: if STS were asked, it would be this one.
    vi.stubEnv('AWS_ENDPOINT_URL_STS', AWS_ENDPOINT_URL);
    const { asked } = await seen({
      implicit: true,
      env: { ...others, AWS_ENDPOINT_URL_API_GATEWAY: AWS_ENDPOINT_URL },
    });
    vi.unstubAllEnvs();
    expect(asked).toEqual(['GetApiKeys 111111111111 eu-west-1']);
  });

  it('asks the STS that is named besides', async () => {
    const { AWS_ENDPOINT_URL, ...others } = env;
    const both = {
      ...others,
      AWS_ENDPOINT_URL_API_GATEWAY: AWS_ENDPOINT_URL,
      AWS_ENDPOINT_URL_STS: AWS_ENDPOINT_URL,
    };
    expect(await seen({ implicit: true, env: both })).toMatchObject({ accountId: '111111111111' });
  });
});

describe('the region', () => {
  const ambient = (given: Record<string, string>) =>
    seen({ implicit: false, region: undefined, env: { ...env, AWS_REGION: '', ...given } });

  it('is the environment’s where no target names it, the SDK’s variable before the CLI’s', async () => {
    expect(await ambient({ AWS_DEFAULT_REGION: 'us-east-2' })).toMatchObject({
      region: 'us-east-2',
    });
    expect(
      await ambient({ AWS_DEFAULT_REGION: 'us-east-2', AWS_REGION: 'us-east-1' }),
    ).toMatchObject({ region: 'us-east-1' });
  });

  it('can not smuggle in another host', async () => {
    const { AWS_ENDPOINT_URL: _, ...others } = env;
    const connection = await connect({
      implicit: false,
      region: 'x.attacker.example/#',
      env: others,
    });
    await expect(connection.client.send(new GetApiKeysCommand({}))).rejects.toThrow(/region/i);
    connection.close();
  });
});

describe('the session name', () => {
  it.each([
    ['apikeeper-0f1cfcc6', 'apikeeper-0f1cfcc6'],
    ['apikeeper-main/é branch', 'apikeeper-main-branch'],
    ['a'.repeat(80), 'a'.repeat(64)],
    ['', '--'],
    [undefined, 'apikeeper'],
  ])('%s becomes %s', (name, expected) => {
    expect(roleSessionName(name)).toBe(expected);
  });
});

async function setRoles(...roles: object[]): Promise<void> {
  await fetch(`${emulator.url}/_emulator/roles`, { method: 'PUT', body: JSON.stringify(roles) });
}
