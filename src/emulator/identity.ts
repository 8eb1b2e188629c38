/** Who calls, and where. Signatures are not verified. */
export interface Identity {
  readonly account: string;
  readonly region: string;
  readonly accessKeyId: string;
}

export const DEFAULT_ACCOUNT = '123456789012';
export const DEFAULT_REGION = 'eu-west-2';

const CREDENTIAL = /Credential=(?<key>[^/,\s]+)\/\d{8}\/(?<region>[^/]+)\//;
const ACCOUNT = /^(?:AKIA|ASIA)?(\d{12})/;

/**
 * The account is the 12 digits that the access key id consists of or that follow its `AKIA` or `ASIA`; any other id belongs to the default account.
 * The region is that of the SigV4 credential scope.
 */
export function identify(authorization: string | undefined): Identity {
  const { key = 'anonymous', region = DEFAULT_REGION } =
    CREDENTIAL.exec(authorization ?? '')?.groups ?? {};
  return { account: ACCOUNT.exec(key)?.[1] ?? DEFAULT_ACCOUNT, region, accessKeyId: key };
}
