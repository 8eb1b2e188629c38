import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { SSM } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { behaviour, refusal } from './harness.ts';

const value = 'a-value-that-nobody-may-see';
const open: (() => unknown)[] = [];
let emulator: Emulator;

beforeEach(async () => {
  emulator = await startEmulator();
  open.push(emulator.close);
});
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

function stores(
  accessKeyId = 'test',
  region = 'eu-west-2',
): { secrets: SecretsManager; parameters: SSM } {
  const settings = {
    endpoint: emulator.url,
    region,
    credentials: { accessKeyId, secretAccessKey: 'secret' },
    maxAttempts: 1,
  };
  const made = { secrets: new SecretsManager(settings), parameters: new SSM(settings) };
  open.push(
    () => made.secrets.destroy(),
    () => made.parameters.destroy(),
  );
  return made;
}

const noSecret = {
  name: 'ResourceNotFoundException',
  status: 400,
  message: "Secrets Manager can't find the specified secret.",
};

describe('Secret stores', () => {
  behaviour.emulatorOnly('V1', 'a secret has its current value, by name and by ARN', async () => {
    const { secrets } = stores();
    const { ARN = '' } = await secrets.createSecret({
      Name: 'apikeeper/acme',
      SecretString: value,
    });
    expect(ARN).toMatch(
      /^arn:aws:secretsmanager:eu-west-2:123456789012:secret:apikeeper\/acme-\w{6}$/,
    );
    const shown = await secrets.getSecretValue({ SecretId: 'apikeeper/acme' });
    expect(shown).toMatchObject({
      ARN,
      Name: 'apikeeper/acme',
      SecretString: value,
      VersionStages: ['AWSCURRENT'],
    });
    expect(shown.CreatedDate).toBeInstanceOf(Date);
    await secrets.putSecretValue({ SecretId: ARN, SecretBinary: new Uint8Array([1, 2]) });
    const next = await secrets.getSecretValue({ SecretId: ARN });
    expect(next).not.toHaveProperty('SecretString');
    expect([...(next.SecretBinary ?? [])]).toEqual([1, 2]);
    expect(next.VersionId).not.toBe(shown.VersionId);
  });

  behaviour.emulatorOnly(
    'V1',
    'what is not there, what has no value, what is there already',
    async () => {
      const { secrets } = stores();
      expect(await refusal(secrets.getSecretValue({ SecretId: 'none' }))).toEqual(noSecret);
      expect(
        await refusal(secrets.putSecretValue({ SecretId: 'none', SecretString: value })),
      ).toEqual(noSecret);
      await secrets.createSecret({ Name: 'empty' });
      expect(await refusal(secrets.getSecretValue({ SecretId: 'empty' }))).toMatchObject({
        name: 'ResourceNotFoundException',
        message: expect.stringContaining('AWSCURRENT'),
      });
      expect(await refusal(secrets.createSecret({ Name: 'empty' }))).toMatchObject({
        name: 'ResourceExistsException',
        status: 400,
      });
      expect(await refusal(secrets.createSecret({ Name: '' }))).toMatchObject({
        name: 'ValidationException',
        status: 400,
      });
    },
  );

  behaviour.emulatorOnly('V2', 'a secure parameter is readable only with decryption', async () => {
    const { parameters } = stores();
    await parameters.putParameter({ Name: '/apikeeper/acme', Value: value, Type: 'SecureString' });
    const read = async (WithDecryption: boolean) =>
      (await parameters.getParameter({ Name: '/apikeeper/acme', WithDecryption })).Parameter;
    expect(await read(true)).toMatchObject({
      Name: '/apikeeper/acme',
      Type: 'SecureString',
      Value: value,
      Version: 1,
      ARN: 'arn:aws:ssm:eu-west-2:123456789012:parameter/apikeeper/acme',
    });
    expect((await read(false))?.Value).not.toContain(value);
    await parameters.putParameter({ Name: 'plain', Value: 'text', Type: 'String' });
    expect((await parameters.getParameter({ Name: 'plain' })).Parameter?.Value).toBe('text');
  });

  behaviour.emulatorOnly('V2', 'a parameter is overwritten only on demand', async () => {
    const { parameters } = stores();
    const parameter = { Name: '/apikeeper/acme', Value: value };
    expect(await refusal(parameters.putParameter(parameter))).toMatchObject({
      name: 'ValidationException',
      status: 400,
    });
    await parameters.putParameter({ ...parameter, Type: 'SecureString' });
    expect(await refusal(parameters.putParameter(parameter))).toMatchObject({
      name: 'ParameterAlreadyExists',
      status: 400,
    });
    expect(
      await parameters.putParameter({ ...parameter, Value: 'another', Overwrite: true }),
    ).toMatchObject({ Version: 2 });
    const { Parameter } = await parameters.getParameter({
      Name: '/apikeeper/acme',
      WithDecryption: true,
    });
    expect(Parameter).toMatchObject({ Value: 'another', Type: 'SecureString' });
    expect(
      await refusal(parameters.putParameter({ Name: 'a/b', Value: 'x', Type: 'String' })),
    ).toMatchObject({
      name: 'ValidationException',
    });
    expect(await refusal(parameters.getParameter({ Name: '/none' }))).toMatchObject({
      name: 'ParameterNotFound',
      status: 400,
    });
  });

  behaviour.emulatorOnly('V3', 'each account and region has its own', async () => {
    const home = stores();
    await home.secrets.createSecret({ Name: 'acme', SecretString: value });
    await home.parameters.putParameter({ Name: 'acme', Value: value, Type: 'String' });
    for (const elsewhere of [stores('210987654321'), stores('test', 'us-east-1')]) {
      expect(await refusal(elsewhere.secrets.getSecretValue({ SecretId: 'acme' }))).toEqual(
        noSecret,
      );
      expect(await refusal(elsewhere.parameters.getParameter({ Name: 'acme' }))).toMatchObject({
        name: 'ParameterNotFound',
      });
    }
    await fetch(`${emulator.url}/_emulator/reset`, { method: 'POST' });
    expect(await refusal(home.secrets.getSecretValue({ SecretId: 'acme' }))).toEqual(noSecret);
  });

  behaviour.emulatorOnly('V4', 'other operations answer 501', async () => {
    const { secrets, parameters } = stores();
    expect(await refusal(secrets.listSecrets({}))).toMatchObject({
      name: 'NotEmulatedException',
      status: 501,
    });
    expect(await refusal(parameters.deleteParameter({ Name: 'x' }))).toMatchObject({
      name: 'NotEmulatedException',
      status: 501,
    });
  });

  behaviour.emulatorOnly(
    'V1',
    'faults hit the stores, and the record of requests shows no value',
    async () => {
      const { secrets, parameters } = stores();
      await secrets.createSecret({ Name: 'acme', SecretString: value });
      const message =
        'User: arn:aws:iam::123456789012:user/emulator is not authorized to perform: secretsmanager:GetSecretValue';
      emulator.inject({
        operation: 'GetSecretValue',
        fault: { type: 'error', status: 400, code: 'AccessDeniedException', message },
      });
      emulator.inject({ operation: 'PutParameter', times: 1, fault: { type: 'throttle' } });
      expect(await refusal(secrets.getSecretValue({ SecretId: 'acme' }))).toEqual({
        name: 'AccessDeniedException',
        status: 400,
        message,
      });
      const parameter = { Name: '/acme', Value: value, Type: 'String' as const };
      expect(await refusal(parameters.putParameter(parameter))).toMatchObject({
        name: 'ThrottlingException',
        status: 400,
      });
      await parameters.putParameter(parameter);
      expect(
        emulator.requests.map(({ operation, id, status }) => ({ operation, id, status })),
      ).toEqual([
        { operation: 'CreateSecret', id: 'acme', status: 200 },
        { operation: 'GetSecretValue', id: 'acme', status: 400 },
        { operation: 'PutParameter', id: '/acme', status: 400 },
        { operation: 'PutParameter', id: '/acme', status: 200 },
      ]);
      expect(JSON.stringify(emulator.requests)).not.toContain(value);
    },
  );
});
