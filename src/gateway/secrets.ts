/** The two stores from which pinned key values may come, read with the connection's own credentials. Clients are loaded where they are used. */
import { CALL_TIMEOUT_MS, orAborted, timeLimit } from './abort.ts';
import type { Connection } from './client.ts';

/** Both give a secret text, undefined where the store holds none, and reject with the SDK's error. */
export interface SecretReader {
  secretsManager(name: string): Promise<string | undefined>;
  ssm(name: string): Promise<string | undefined>;
}

/**
 * Each attempt has `timeoutMs` to begin its answer, of which the SDK makes three, and all of them with the
 * whole body have `totalMs`: a store that hangs, or stalls half-way, must not hold up the pass.
 */
export function secretReader(
  { region, credentials, endpoint }: Connection,
  timeoutMs = 10_000,
  totalMs = CALL_TIMEOUT_MS,
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
        const command = new GetSecretValueCommand({ SecretId: name });
        const { SecretString } = await inTime(totalMs, (options) => client.send(command, options));
        return SecretString;
      } finally {
        client.destroy();
      }
    },
    async ssm(name) {
      const { SSMClient, GetParameterCommand } = await import('@aws-sdk/client-ssm');
      const client = new SSMClient({ ...settings, ...endpoint('SSM') });
      try {
        const command = new GetParameterCommand({ Name: name, WithDecryption: true });
        const { Parameter } = await inTime(totalMs, (options) => client.send(command, options));
        return Parameter?.Value;
      } finally {
        client.destroy();
      }
    },
  };
}

async function inTime<Answer>(
  ms: number,
  ask: (options: { abortSignal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  using limit = timeLimit(ms, undefined);
  const { signal: abortSignal } = limit;
  return await orAborted(ask({ abortSignal }), abortSignal);
}
