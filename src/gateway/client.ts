/** Who we are and where: credentials, region, account and the SDK's client. */
import type { APIGatewayClient } from '@aws-sdk/client-api-gateway';

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
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Connection {
  /** With the SDK's own retries switched off: calls go through createSend. */
  readonly client: APIGatewayClient;
  readonly region: string;
  readonly accountId?: string;
  /** `aws`, `aws-cn` or `aws-us-gov`, where STS said so. */
  readonly partition?: string;
  /** What the client signs with; for the other services' clients. */
  readonly credentials: APIGatewayClient['config']['credentials'];
  close(): void;
}
