import { ServiceError } from './errors.ts';
import type { Identity } from './identity.ts';
import type { Random } from './random.ts';

const SESSION_MS = 3600_000;

/** What AssumeRole demands of whoever wants a role. A role without a rule may be assumed by anybody. */
export interface RoleRule {
  readonly roleArn: string;
  readonly externalId?: string;
  readonly deny?: boolean;
}

interface Session {
  readonly arn: string;
  readonly userId: string;
}

export interface Sts {
  readonly roles: Map<string, RoleRule>;
  /** Role sessions by access key id. */
  readonly sessions: Map<string, Session>;
}

export const newSts = (): Sts => ({ roles: new Map(), sessions: new Map() });

export interface StsCall {
  readonly sts: Sts;
  readonly identity: Identity;
  readonly parameters: URLSearchParams;
  readonly now: number;
  readonly random: Random;
}

const ROLE =
  /^arn:(?<partition>aws[a-z-]*):iam::(?<account>\d{12}):role\/(?:.+\/)?(?<name>[\w+=,.@-]+)$/;

const callerOf = ({ sts, identity }: StsCall): Session =>
  sts.sessions.get(identity.accessKeyId) ?? {
    arn: `arn:aws:iam::${identity.account}:user/emulator`,
    userId: identity.accessKeyId,
  };

function getCallerIdentity(call: StsCall): string {
  const { arn, userId } = callerOf(call);
  return `<Arn>${xml(arn)}</Arn><UserId>${xml(userId)}</UserId><Account>${call.identity.account}</Account>`;
}

function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  if (value) return value;
  throw new ServiceError(400, 'ValidationError', `The request must contain the parameter ${name}`);
}

/** Credentials for the role's account: `ASIA<account><suffix>`. The session's name shows in the ARN of GetCallerIdentity. */
function assumeRole(call: StsCall): string {
  const { sts, parameters, now, random } = call;
  const roleArn = required(parameters, 'RoleArn');
  const sessionName = required(parameters, 'RoleSessionName');
  const { partition, account, name } = ROLE.exec(roleArn)?.groups ?? {};
  if (!account) throw new ServiceError(400, 'ValidationError', `${roleArn} is invalid`);
  const rule = sts.roles.get(roleArn);
  if (
    rule?.deny ||
    (rule?.externalId !== undefined && rule.externalId !== parameters.get('ExternalId'))
  ) {
    throw new ServiceError(
      403,
      'AccessDenied',
      `User: ${callerOf(call).arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    );
  }
  const accessKeyId = `ASIA${account}${random.id(8).toUpperCase()}`;
  const session = {
    arn: `arn:${partition}:sts::${account}:assumed-role/${name}/${sessionName}`,
    userId: `AROA${account}:${sessionName}`,
  };
  sts.sessions.set(accessKeyId, session);
  return (
    `<AssumedRoleUser><AssumedRoleId>${xml(session.userId)}</AssumedRoleId><Arn>${xml(session.arn)}</Arn></AssumedRoleUser>` +
    `<Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${random.secret(40)}</SecretAccessKey>` +
    `<SessionToken>${random.secret(64)}</SessionToken><Expiration>${new Date(now + SESSION_MS).toISOString()}</Expiration></Credentials>`
  );
}

const actions: Readonly<Record<string, (call: StsCall) => string>> = {
  GetCallerIdentity: getCallerIdentity,
  AssumeRole: assumeRole,
};

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** Answers a call of the AWS query protocol in XML. Throws ServiceError. */
export function answerSts(call: StsCall): string {
  const action = call.parameters.get('Action') ?? '';
  const handler = actions[action];
  if (!handler)
    throw new ServiceError(
      501,
      'NotEmulatedException',
      `${action || 'A call without Action'} of STS is not emulated`,
    );
  return `<${action}Response xmlns="${NAMESPACE}"><${action}Result>${handler(call)}</${action}Result></${action}Response>`;
}

export const stsError = ({ status, name, message }: ServiceError): string =>
  `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type>` +
  `<Code>${name}</Code><Message>${xml(message)}</Message></Error></ErrorResponse>`;

const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
