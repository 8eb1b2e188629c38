/** The two stores from which pinned key values may come, read with the connection's own credentials. Clients are loaded where they are used. */
import type { Connection } from './client.ts';

/** Both give a secret text, undefined where the store holds none, and reject with the SDK's error. */
export interface SecretReader {
  secretsManager(name: string): Promise<string | undefined>;
  ssm(name: string): Promise<string | undefined>;
}

/** Each attempt has `timeoutMs` to be answered: a store that hangs must not hold up the pass. The SDK makes three. */
export function secretReader(
  { region, credentials, endpoint }: Connection,
  timeoutMs = 10_000,
): SecretReader {
  const settings = {
    region,
    credentials,
    customUserAgent: 'apikeeper',
    requestHandler: {
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    },
  };
  return {
    async secretsManager(name) {
      const { SecretsManagerClient, GetSecretValueCommand } = await import(
        '@aws-sdk/client-secrets-manager'
      );
      const client = new SecretsManagerClient({ ...settings, ...endpoint('SECRETS_MANAGER') });
      try {
        return (await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
      } finally {
        client.destroy();
      }
    },
    async ssm(name) {
      const { SSMClient, GetParameterCommand } = await import('@aws-sdk/client-ssm');
      const client = new SSMClient({ ...settings, ...endpoint('SSM') });
      try {
        return (await client.send(new GetParameterCommand({ Name: name, WithDecryption: true })))
          .Parameter?.Value;
      } finally {
        client.destroy();
      }
    },
  };
}
