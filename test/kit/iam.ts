/** Calls that were sent, held against IAM policies. */
import { expect } from 'vitest';
import { type IamPolicy, iamPolicy } from '../../src/core/iam/policy.ts';
import type { Target } from '../../src/core/model/model.ts';
import type { RequestRecord } from '../../src/emulator/index.ts';
import { load } from '../../src/manifests/load.ts';

/** What IAM is asked: an action on a resource. */
interface Question {
  readonly action: string;
  readonly resource: string;
}

export interface PolicyOf {
  readonly target: Target;
  readonly policy: IamPolicy;
}

export interface PolicyOptions {
  readonly mode?: 'observe' | 'enforce';
  readonly apiIds?: ReadonlyMap<string, string>;
}

/** The policy of each Target of a directory. */
export async function policiesOf(
  directory: string,
  { mode, apiIds = new Map() }: PolicyOptions = {},
): Promise<PolicyOf[]> {
  const { targets, desired } = await load(directory);
  return targets.map((target) => {
    const documents = desired.filter(({ namespace }) => namespace === target.namespace);
    const policy = { ...(mode && { mode }), unsetMode: 'enforce', prune: target.prune } as const;
    const { region = 'eu-west-2' } = target;
    return {
      target,
      policy: iamPolicy({
        target,
        region,
        desired: documents,
        policy,
        secretsPrefix: 'apikeeper/',
        apiIds,
      }).policy,
    };
  });
}

/** Each allowed action on each resource as a line of its own, with the statement that allows it. */
export function allowances({ Statement }: IamPolicy): (Question & { readonly sid: string })[] {
  return Statement.flatMap(({ Sid: sid, Action, Resource }) =>
    Action.flatMap((action) => Resource.map((resource) => ({ sid, action, resource }))),
  );
}

function allows(policy: IamPolicy, { action, resource }: Question): boolean {
  return allowances(policy).some((one) => one.action === action && matches(one.resource, resource));
}

/** IAM's wildcards: `*` is any characters, none and slashes included, `?` is exactly one. Everything else stands for itself. */
export function matches(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern;
  if (pattern === '') return text === '';
  if (head === '*')
    return matches(rest.join(''), text) || (text !== '' && matches(pattern, text.slice(1)));
  return text !== '' && (head === '?' || head === text[0]) && matches(rest.join(''), text.slice(1));
}

/** What IAM is asked about a call; undefined for what needs no permission, and for AssumeRole, which other credentials are asked for. */
export function questionOf({
  operation,
  method,
  path,
  region,
  account,
  id,
}: RequestRecord): Question | undefined {
  if (operation === 'GetCallerIdentity' || operation === 'AssumeRole') return undefined;
  if (operation === 'GetSecretValue')
    return {
      action: 'secretsmanager:GetSecretValue',
      resource: `arn:aws:secretsmanager:${region}:${account}:secret:${id}-AbCdEf`,
    };
  if (operation === 'GetParameter')
    return {
      action: 'ssm:GetParameter',
      resource: `arn:aws:ssm:${region}:${account}:parameter/${id?.replace(/^\//, '')}`,
    };
  return { action: `apigateway:${method}`, resource: `arn:aws:apigateway:${region}::${path}` };
}

/**
 * What IAM is believed to be asked besides: the right to tag what is created with tags, whose id nobody knows yet, and the right to change what is tagged. Of an
 * API that is more than a requirement of keys is worth, as long as it is only believed.
 */
function questionsBeside({ operation, method, path, region }: RequestRecord): Question[] {
  const gateway = (verb: string, where: string) => ({
    action: `apigateway:${verb}`,
    resource: `arn:aws:apigateway:${region}::${where}`,
  });
  if (/^Create(ApiKey|UsagePlan|Stage)$/.test(operation))
    return [
      gateway('PUT', `/tags/${encodeURIComponent(`arn:aws:apigateway:${region}::${path}/`)}*`),
    ];
  const tagged = decodeURIComponent(path).replace(/^.*::/, '');
  if (method === 'PUT' && !/^\/restapis\/[^/]+$/.test(tagged)) return [gateway('PATCH', tagged)];
  return [];
}

/** That every call is allowed; a read-only policy allows no call that writes anyway. */
export function expectAllowed(
  policies: readonly PolicyOf[],
  requests: readonly RequestRecord[],
  reason = '',
): void {
  const denied = requests.filter((request) => {
    const asked = [questionOf(request) ?? [], questionsBeside(request)].flat();
    return !asked.every((question) => policies.some(({ policy }) => allows(policy, question)));
  });
  const lines = denied.map(
    ({ operation, method, path, id }) => `${operation}: ${method} ${path} ${id ?? ''}`,
  );
  expect(lines, reason).toEqual([]);
}
