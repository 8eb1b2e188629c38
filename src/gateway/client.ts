/** Who we are and where: credentials, region, account and the SDK's client. */
import { APIGatewayClient, type APIGatewayClientConfig } from '@aws-sdk/client-api-gateway';
import type { STSClient } from '@aws-sdk/client-sts';
import { compact } from '../core/model/compact.ts';
import { CALL_TIMEOUT_MS, orAborted, timeLimit } from './abort.ts';
import { GatewayError, gatewayError } from './errors.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Credentials = APIGatewayClient['config']['credentials'];

export interface ConnectOptions {
  readonly region?: string | undefined;
  readonly accountId?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly externalId?: string | undefined;
  /** Of the assumed role; cleaned to what STS takes. Default `apikeeper`. */
  readonly sessionName?: string | undefined;
  /** No Target is declared: STS may fail, and is asked only for the report. */
  readonly implicit: boolean;
  /** Default: the process's. */
  readonly env?: Env | undefined;
  /** Aborted: STS is not waited for any longer. */
  readonly signal?: AbortSignal | undefined;
  /** What carries requests to API Gateway and STS; default: HTTP with the time-outs below. */
  readonly requestHandler?: RequestHandler | undefined;
}

/** Options of the SDK's HTTP handler, or a handler. */
export type RequestHandler = NonNullable<APIGatewayClientConfig['requestHandler']>;

export interface Connection {
  /** With the SDK's own retries switched off: calls go through createSend. */
  readonly client: APIGatewayClient;
  readonly region: string;
  /** Proven by STS. */
  readonly accountId?: string;
  /** `aws`, `aws-cn`, `aws-us-gov`, …, where STS said so. */
  readonly partition?: string;
  /** What the client signs with; for the other services' clients. */
  readonly credentials: Credentials;
  /** The endpoint that the environment gives a service (`SSM`, `SECRETS_MANAGER`), where it gives one. */
  endpoint(service: string): { endpoint?: string };
  close(): void;
}

/** The answer to an implicit target's question to STS is not worth more waiting. */
const IMPLICIT_IDENTITY_MS = 2_000;

const HTTP: RequestHandler = {
  connectionTimeout: 5_000,
  requestTimeout: 30_000,
  // Without it a request that takes too long is only warned about.
  throwOnRequestTimeout: true,
  httpAgent: { keepAlive: true, maxSockets: 16 },
  httpsAgent: { keepAlive: true, maxSockets: 16 },
};

/** What all clients of a connection share. */
interface Settings extends OwnCredentials {
  readonly customUserAgent: string;
  readonly requestHandler: RequestHandler;
  readonly region: string;
}
interface OwnCredentials {
  readonly credentials?: NonNullable<APIGatewayClientConfig['credentials']>;
}

/**
 * Connects to one account and region.
 *
 * Rejects with GatewayError: `invalid` where there is no region, `denied` where the role can't be assumed or the credentials belong to another account than `accountId`.
 * The endpoint is the SDK's own (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_API_GATEWAY): nothing else can redirect credentials.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const env = options.env ?? process.env;
  const region = options.region ?? (await ambientRegion(env));
  const ambient: Settings = {
    customUserAgent: 'apikeeper',
    requestHandler: options.requestHandler ?? HTTP,
    region,
    ...credentialsOf(env),
  };
  const source =
    options.roleArn === undefined ? undefined : await stsClient(ambient, env, REQUIRED_ATTEMPTS);
  const client = new APIGatewayClient({
    ...ambient,
    ...endpointOf('API_GATEWAY', env),
    maxAttempts: 1,
    ...(source && { credentials: assumedRole(source, options) }),
  });
  const close = () => {
    client.destroy();
    source?.destroy();
  };
  try {
    const identity = await identify(
      { ...ambient, credentials: client.config.credentials },
      options,
      env,
    );
    return {
      client,
      region,
      ...identity,
      credentials: client.config.credentials,
      endpoint: (service) => endpointOf(service, env),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The JavaScript SDK itself doesn't read AWS_DEFAULT_REGION, which the AWS CLI does. Rejects with GatewayError (`invalid`) where there is none. */
export async function ambientRegion(env: Env): Promise<string> {
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION;
  if (region) return region;
  const client = new APIGatewayClient({});
  try {
    return await client.config.region();
  } catch {
    throw new GatewayError({
      class: 'invalid',
      operation: 'connect',
      code: 'NoRegion',
      message: 'no AWS region: declare a Target with spec.region, or set AWS_REGION',
    });
  } finally {
    client.destroy();
  }
}

/** What the environment that we were given says; where it says nothing, the SDK looks in its own places. */
function credentialsOf(env: Env): OwnCredentials {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  if (env.AWS_PROFILE || !accessKeyId || !secretAccessKey) return {};
  return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } };
}

/** The SDK reads the same variables, but only of the process. */
function endpointOf(service: string, env: Env): { endpoint?: string } {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true') return {};
  const endpoint = env[`AWS_ENDPOINT_URL_${service}`] || env.AWS_ENDPOINT_URL;
  return endpoint ? { endpoint } : {};
}

/** STS is asked a few times at start-up and not through the door: here the SDK's retries are the only layer. */
const REQUIRED_ATTEMPTS = 3;

/** Loaded only where it is asked: it is not needed for most starts of the program. */
async function stsClient(settings: Settings, env: Env, maxAttempts: number): Promise<STSClient> {
  const { STSClient } = await import('@aws-sdk/client-sts');
  return new STSClient({ ...settings, ...endpointOf('STS', env), maxAttempts });
}

/** Credentials of the role. The SDK asks again five minutes before they expire. */
function assumedRole(sts: STSClient, { roleArn, externalId, sessionName, signal }: ConnectOptions) {
  return async () => {
    const { AssumeRoleCommand } = await import('@aws-sdk/client-sts');
    const request = new AssumeRoleCommand({
      RoleArn: roleArn,
      ExternalId: externalId,
      RoleSessionName: roleSessionName(sessionName),
    });
    const { Credentials: given } = await asked('AssumeRole', signal, (options) =>
      sts.send(request, options),
    );
    if (!given?.AccessKeyId || !given.SecretAccessKey)
      throw new Error(`AssumeRole gave no credentials for ${roleArn}`);
    return compact({
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      ...(given.SessionToken && { sessionToken: given.SessionToken }),
      expiration: given.Expiration,
    });
  };
}

/** 2 to 64 characters of `\w+=,.@-` (STS, AssumeRole, RoleSessionName). */
export function roleSessionName(name = 'apikeeper'): string {
  return name
    .replace(/[^\w+=,.@-]+/g, '-')
    .slice(0, 64)
    .padEnd(2, '-');
}

interface Identity {
  readonly accountId?: string;
  readonly partition?: string;
}

async function identify(
  settings: Settings,
  { accountId, roleArn, implicit, signal }: ConnectOptions,
  env: Env,
): Promise<Identity> {
  if (implicit) return mayAskSts(env) ? quickIdentity(settings, env) : {};
  if (accountId === undefined && roleArn === undefined) return {};
  const found = await callerIdentity(settings, env, REQUIRED_ATTEMPTS, signal);
  if (accountId === undefined || found.accountId === accountId) return found;
  throw new GatewayError({
    class: 'denied',
    operation: 'GetCallerIdentity',
    code: 'WrongAccount',
    message:
      `the credentials belong to account ${found.accountId ?? '(unknown)'}, and the Target is account ${accountId}: nothing was read or written; ` +
      `correct ${roleArn === undefined ? 'the credentials, or give the Target a roleArn' : `roleArn (${roleArn})`}, or accountId`,
  });
}

/** With only API Gateway's endpoint replaced, as for an emulator, STS would still be the real one: not to be asked unasked. */
function mayAskSts(env: Env): boolean {
  return (
    endpointOf('API_GATEWAY', env).endpoint === undefined ||
    endpointOf('STS', env).endpoint !== undefined
  );
}

async function quickIdentity(settings: Settings, env: Env): Promise<Identity> {
  const late = Promise.withResolvers<Identity>();
  const timer = setTimeout(() => late.resolve({}), IMPLICIT_IDENTITY_MS);
  try {
    return await Promise.race([callerIdentity(settings, env, 1), late.promise]);
  } catch {
    return {};
  } finally {
    clearTimeout(timer);
  }
}

async function callerIdentity(
  settings: Settings,
  env: Env,
  maxAttempts: number,
  signal?: AbortSignal,
): Promise<Identity> {
  const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
  const sts = await stsClient(settings, env, maxAttempts);
  try {
    const { Account, Arn } = await asked('GetCallerIdentity', signal, (options) =>
      sts.send(new GetCallerIdentityCommand({}), options),
    );
    const partition = Arn?.split(':')[1];
    return { ...(Account && { accountId: Account }), ...(partition && { partition }) };
  } finally {
    sts.destroy();
  }
}

/**
 * Asks STS, for so long as a call may take, the SDK's retries included.
 * Its errors are classified like all others. No key value is anywhere near it.
 */
async function asked<Answer>(
  operation: string,
  given: AbortSignal | undefined,
  ask: (options: { abortSignal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  using limit = timeLimit(CALL_TIMEOUT_MS, given);
  const { signal: abortSignal } = limit;
  try {
    return await orAborted(ask({ abortSignal }), abortSignal);
  } catch (error) {
    const reason = abortSignal.aborted ? abortSignal.reason : error;
    throw gatewayError(reason, { operation, repeatable: true }, (text) => text);
  }
}
