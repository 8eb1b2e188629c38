/** The two stores from which pinned key values may come, read with the connection's own credentials. Clients are loaded where they are used. */
import type { Connection } from './client.ts';

/** Both reject with the SDK's error; a text that they give is a secret. */
export interface SecretReader {
  secretsManager(name: string): Promise<string>;
  ssm(name: string): Promise<string>;
}

export function secretReader({ region, credentials, endpoint }: Connection): SecretReader {
  return {
    async secretsManager(name) {
      const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
      const client = new SecretsManagerClient({ region, credentials, ...endpoint('SECRETS_MANAGER') });
      try {
        const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
        return textOf(SecretString);
      } finally {
        client.destroy();
      }
    },
    async ssm(name) {
      const { SSMClient, GetParameterCommand } = await import('@aws-sdk/client-ssm');
      const client = new SSMClient({ region, credentials, ...endpoint('SSM') });
      try {
        const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
        return textOf(Parameter?.Value);
      } finally {
        client.destroy();
      }
    },
  };
}

function textOf(value: string | undefined): string {
  if (value === undefined) throw new Error('the secret holds no text');
  return value;
}
