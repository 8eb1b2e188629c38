/**
 * The calls that a pass over these documents may have to make, as IAM sees them: API Gateway's actions are HTTP verbs on resource paths. One grant for each
 * thing that is done; `docs/aws.md` explains each by its name.
 */
import { arn, gatewayArn } from '../model/arn.ts';
import { isMap, isUnset } from '../model/json.ts';
import type { Desired } from '../model/model.ts';
import { isInside, type SecretStore, withoutSlash } from '../model/secret-names.ts';
import { modeOf, targetMode } from '../plan/mode.ts';
import { readingMethods, writingApis } from './apis.ts';
import {
  type Asked,
  apiPart,
  apisOf,
  type Grant,
  on,
  type PolicyRequest,
  type Width,
} from './request.ts';

/** May overlap, and grant nothing: then they have no resources. */
export function grantsOf(request: PolicyRequest, width: Width): Grant[] {
  const { desired, target, policy } = request;
  const enforced = desired.filter((one) => modeOf(one, target, policy) === 'enforce');
  const asked: Asked = {
    ...request,
    width,
    enforced,
    removes: policy.prune && targetMode(target, policy) === 'enforce',
  };
  return [
    ...reading(asked),
    ...readingMethods(asked),
    ...values(asked),
    ...keysAndPlans(asked),
    ...writingApis(asked),
    ...tags(asked),
  ];
}

/** Keys and plans are listed in every pass, whatever the documents say: some may have left Git. */
function reading(asked: Asked): Grant[] {
  const { desired } = asked;
  const names = desired.some((one) =>
    apisOf(one).some((api) => isMap(api) && api.name !== undefined),
  );
  // Stages are looked for wherever a plan of ours is, and somebody may have put it anywhere.
  const hasPlans =
    asked.removes || desired.some(({ kind }) => kind === 'UsagePlan' || kind === 'ApiKey');
  const apis = hasPlans
    ? ['*']
    : desired.flatMap((one) => apisOf(one).map((api) => apiPart(api, asked)));
  return [
    on(
      asked,
      'ReadKeysAndPlans',
      ['GET'],
      ['/apikeys', '/apikeys/*', '/usageplans', '/usageplans/*'],
    ),
    on(asked, 'FindApis', ['GET'], names ? ['/restapis'] : []),
    on(
      asked,
      'ReadStages',
      ['GET'],
      apis.flatMap((api) => [`/restapis/${api}/stages`, `/restapis/${api}/stages/*`]),
    ),
  ];
}

/** Pinned values are compared with the live ones in every pass. */
function values({ desired, target, policy, region, secretsPrefix, width }: Asked): Grant[] {
  const read = desired.filter((one) => modeOf(one, target, policy) !== 'suspend');
  const names = (store: SecretStore) => {
    const inside = read
      .flatMap((one) => secretOf(one, store) ?? [])
      .filter((name) => isInside(store, name, secretsPrefix));
    return width.secrets && inside.length > 0 ? [`${secretsPrefix}*`] : inside;
  };
  const arns = (service: string, resources: readonly string[]) =>
    resources.map((resource) =>
      arn({ service, region, account: target.accountId ?? '*', resource }),
    );
  // The service ends a secret's ARN with a dash and six characters of its own.
  const secrets = names('secretsManager').map(
    (name) => `secret:${name}${name.endsWith('*') ? '' : '-??????'}`,
  );
  const parameters = names('ssm').map((name) => `parameter/${withoutSlash(name)}`);
  return [
    {
      sid: 'ReadSecrets',
      actions: ['secretsmanager:GetSecretValue'],
      resources: arns('secretsmanager', secrets),
    },
    { sid: 'ReadParameters', actions: ['ssm:GetParameter'], resources: arns('ssm', parameters) },
  ];
}

/** The name of the secret that a key's document pins its value to; undefined where it pins none, or one that is elsewhere. */
export function secretOf({ kind, spec }: Desired, store: SecretStore): string | undefined {
  const name = kind === 'ApiKey' && isMap(spec.value) ? spec.value[store] : undefined;
  return typeof name === 'string' ? name : undefined;
}

function keysAndPlans(asked: Asked): Grant[] {
  const { enforced, removes } = asked;
  const keys = enforced.some(({ kind }) => kind === 'ApiKey');
  const plans = enforced.some(({ kind }) => kind === 'UsagePlan');
  const attaches = enforced.some(({ kind, spec }) => kind === 'UsagePlan' && !isUnset(spec.keys));
  const where = (forKeys: boolean, forPlans: boolean, rest: string) => [
    ...(forKeys ? [`/apikeys${rest}`] : []),
    ...(forPlans ? [`/usageplans${rest}`] : []),
  ];
  return [
    on(asked, 'CreateKeysAndPlans', ['POST'], where(keys, plans, '')),
    on(asked, 'UpdateKeysAndPlans', ['PATCH'], where(keys || removes, plans || removes, '/*')),
    on(asked, 'AttachKeys', ['POST'], attaches ? ['/usageplans/*/keys'] : []),
    on(asked, 'DetachKeys', ['DELETE'], plans || removes ? ['/usageplans/*/keys/*'] : []),
    on(asked, 'DeleteKeysAndPlans', ['DELETE'], where(removes, removes, '/*')),
  ];
}

/** Creating an object together with its tags takes the right to tag as well, and what is created has no id yet. */
function tags(asked: Asked): Grant[] {
  const { enforced, removes, region } = asked;
  const written = (kind: string) => enforced.filter((one) => one.kind === kind);
  const stagesOf = (api: string) => tagPath(region, '/restapis/', api, '/stages/', '*');
  const apis = written('KeyRequirement').map(({ spec }) =>
    tagPath(region, '/restapis/', apiPart(spec.restApi, asked)),
  );
  const resources = [
    ...(written('ApiKey').length > 0 || removes ? [tagPath(region, '/apikeys/', '*')] : []),
    ...(written('UsagePlan').length > 0 || removes ? [tagPath(region, '/usageplans/', '*')] : []),
    ...written('Stage').map(({ spec }) => stagesOf(apiPart(spec.restApi, asked))),
  ];
  return [
    { sid: 'WriteTags', actions: ['apigateway:PUT', 'apigateway:DELETE'], resources },
    { sid: 'TagApis', actions: ['apigateway:PUT'], resources: apis },
    {
      sid: 'ReleaseStages',
      actions: ['apigateway:DELETE'],
      resources: removes ? [stagesOf('*')] : [],
    },
  ];
}

/** Where the tags of an object are: below /tags, its own ARN with everything in it encoded but the wildcards. */
function tagPath(region: string, ...parts: readonly string[]): string {
  const [first = '', ...rest] = parts;
  const encoded = [gatewayArn(region, first), ...rest].map((part) =>
    part === '*' ? part : encodeURIComponent(part),
  );
  return gatewayArn(region, `/tags/${encoded.join('')}`);
}
