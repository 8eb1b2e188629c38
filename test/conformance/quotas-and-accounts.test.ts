import type { APIGateway } from '@aws-sdk/client-api-gateway';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, describe, expect } from 'vitest';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.ts';
import { behaviour, clientOf, refusal } from './harness.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function start(
  options: EmulatorOptions = {},
): Promise<{ emulator: Emulator; gateway: APIGateway }> {
  const emulator = await startEmulator(options);
  const gateway = clientOf(emulator);
  open.push(() => gateway.destroy(), emulator.close);
  return { emulator, gateway };
}

/** How many calls in a row pass at this instant. */
async function passing(call: () => Promise<unknown>, most = 100): Promise<number> {
  for (let count = 0; count < most; count++) {
    const error = await call().then(
      () => undefined,
      (reason: Error) => reason,
    );
    if (error?.name === 'TooManyRequestsException') return count;
  }
  return most;
}

describe('Control-plane quotas', () => {
  behaviour.emulatorOnly('Q1', 'in total', async () => {
    let now = 0;
    const { gateway } = await start({ quotas: 'real', clock: () => now });
    const read = () => gateway.getAccount({});
    expect(await passing(read)).toBe(40);
    now += 1000;
    expect(await passing(read)).toBe(10);
    now += 100_000;
    expect(await passing(read)).toBe(40);
  });

  const single: [string, number, number, (gateway: APIGateway) => Promise<unknown>][] = [
    ['CreateApiKey', 5, 1, (gateway) => gateway.createApiKey({})],
    ['DeleteApiKey', 5, 1, (gateway) => gateway.deleteApiKey({ apiKey: 'x' })],
    [
      'CreateResource',
      5,
      1,
      (gateway) => gateway.createResource({ restApiId: 'x', parentId: 'y', pathPart: 'z' }),
    ],
    [
      'DeleteResource',
      5,
      1,
      (gateway) => gateway.deleteResource({ restApiId: 'x', resourceId: 'y' }),
    ],
    ['UpdateUsagePlan', 1, 20, (gateway) => gateway.updateUsagePlan({ usagePlanId: 'x' })],
    ['UpdateAccount', 1, 20, (gateway) => gateway.updateAccount({})],
    ['CreateDeployment', 1, 5, (gateway) => gateway.createDeployment({ restApiId: 'x' })],
    ['GetResources', 5, 2, (gateway) => gateway.getResources({ restApiId: 'x' })],
    [
      'CreateRestApi',
      1,
      3,
      (gateway) =>
        gateway.createRestApi({ name: 'x', endpointConfiguration: { types: ['REGIONAL'] } }),
    ],
    ['CreateRestApi (edge)', 1, 30, (gateway) => gateway.createRestApi({ name: 'x' })],
    ['DeleteRestApi', 1, 30, (gateway) => gateway.deleteRestApi({ restApiId: 'x' })],
  ];
  for (const [operation, calls, seconds, call] of single) {
    behaviour.emulatorOnly(
      'Q1',
      `${operation}: ${calls} per ${seconds} s, failing calls included`,
      async () => {
        let now = 0;
        const { gateway } = await start({ quotas: 'real', clock: () => now });
        expect(await passing(() => call(gateway))).toBe(calls);
        now += seconds * 1000;
        expect(await passing(() => call(gateway))).toBe(calls);
      },
    );
  }

  behaviour.emulatorOnly('Q1', 'off, and scaled', async () => {
    const now = 0;
    const off = await start({ clock: () => now });
    expect(await passing(() => off.gateway.getAccount({}))).toBe(100);
    const scaled = await start({ quotas: 2, clock: () => now });
    expect(await passing(() => scaled.gateway.updateUsagePlan({ usagePlanId: 'x' }))).toBe(2);
    expect(await passing(() => scaled.gateway.getAccount({}))).toBe(77);
  });

  behaviour.emulatorOnly('Q2', 'calls that fail count', async () => {
    const { gateway } = await start({ quotas: 'real', clock: () => 0 });
    expect(await refusal(gateway.updateUsagePlan({ usagePlanId: 'x' }))).toMatchObject({
      name: 'NotFoundException',
    });
    expect(await refusal(gateway.updateUsagePlan({ usagePlanId: 'x' }))).toMatchObject({
      name: 'TooManyRequestsException',
    });
  });

  behaviour.emulatorOnly('Q3', 'the answer says how long to wait', async () => {
    let now = 0;
    const { gateway } = await start({ quotas: 'real', clock: () => now });
    const update = () => gateway.updateUsagePlan({ usagePlanId: 'x' });
    await refusal(update());
    now += 4500;
    const error = await update().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'TooManyRequestsException',
      retryAfterSeconds: '16',
      $metadata: { httpStatusCode: 429 },
    });
  });
});

describe('Accounts', () => {
  const stsOf = ({ url }: Emulator, accessKeyId: string): STSClient => {
    const sts = new STSClient({
      endpoint: url,
      region: 'eu-west-2',
      credentials: { accessKeyId, secretAccessKey: 'secret' },
      maxAttempts: 1,
    });
    open.push(() => sts.destroy());
    return sts;
  };

  behaviour.emulatorOnly('C1', 'the access key id tells the account', async () => {
    const { emulator } = await start();
    const account = async (accessKeyId: string) =>
      (await stsOf(emulator, accessKeyId).send(new GetCallerIdentityCommand({}))).Account;
    expect(await account('222222222222')).toBe('222222222222');
    expect(await account('AKIA333333333333')).toBe('333333333333');
    expect(await account('ASIA444444444444XYZ')).toBe('444444444444');
    expect(await account('AKIAIOSFODNN7EXAMPLE')).toBe('123456789012');
  });

  behaviour.emulatorOnly('C2', 'accounts and regions are apart', async () => {
    const { emulator, gateway } = await start();
    await gateway.createApiKey({ name: 'here' });
    for (const [account, region] of [
      ['222222222222', 'eu-west-2'],
      ['123456789012', 'eu-west-1'],
    ] as const) {
      const other = clientOf(emulator, account, region);
      open.push(() => other.destroy());
      expect((await other.getApiKeys({})).items).toEqual([]);
      await other.createApiKey({ name: 'there' });
      expect(emulator.state(account, region).apiKeys.size).toBe(1);
    }
    expect(emulator.state().apiKeys.size).toBe(1);
  });

  const RoleArn = 'arn:aws:iam::222222222222:role/path/apikeeper';

  behaviour.emulatorOnly('C3', 'a role gives the credentials of its account', async () => {
    const { emulator } = await start();
    const sts = stsOf(emulator, 'test');
    const { Credentials, AssumedRoleUser } = await sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' }),
    );
    const arn = 'arn:aws:sts::222222222222:assumed-role/apikeeper/session';
    expect(AssumedRoleUser).toMatchObject({ Arn: arn });
    expect(Credentials?.Expiration?.getTime()).toBeGreaterThan(Date.now());
    const inRole = stsOf(emulator, Credentials?.AccessKeyId ?? '');
    expect(await inRole.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: '222222222222',
      Arn: arn,
    });
    expect(
      await refusal(sts.send(new AssumeRoleCommand({ RoleArn: 'nonsense', RoleSessionName: 'x' }))),
    ).toMatchObject({ status: 400 });
  });

  behaviour.emulatorOnly('C4', 'a role may want an external id, or nobody', async () => {
    const { emulator } = await start();
    const sts = stsOf(emulator, 'test');
    const assume = (ExternalId?: string) =>
      sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'x', ExternalId }));
    const rule = (body: object) =>
      fetch(`${emulator.url}/_emulator/roles`, {
        method: 'PUT',
        body: JSON.stringify({ roleArn: RoleArn, ...body }),
      });
    await rule({ externalId: 'agreed' });
    expect(await refusal(assume())).toMatchObject({ name: 'AccessDenied', status: 403 });
    expect(await assume('agreed')).toHaveProperty('Credentials');
    await rule({ deny: true });
    expect(await refusal(assume('agreed'))).toMatchObject({ name: 'AccessDenied' });
  });
});
