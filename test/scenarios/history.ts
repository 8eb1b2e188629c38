/** What happened before the plan: earlier manifests that were applied, and what people did by hand. */
import type { Op } from '@aws-sdk/client-api-gateway';
import {
  type Account,
  type Console,
  findApi,
  findKey,
  findPlan,
  makeMethod,
  seed,
} from '../kit/seed.ts';

/** A change made by hand. Objects are written `ApiKey/acme`, `UsagePlan/acme-residents`, `Stage/residents-api:production`: by their live name or id. */
export type ConsoleChange =
  | { readonly patch: string; readonly op?: Op; readonly path: string; readonly value?: string }
  | { readonly delete: string }
  /** `null` takes a tag off. */
  | { readonly tag: string; readonly tags: Readonly<Record<string, string | null>> }
  | { readonly attach: string; readonly plan: string }
  | { readonly detach: string; readonly plan: string }
  /** A method of an API, which is made where it isn't there. */
  | { readonly method: string; readonly api: string; readonly apiKeyRequired: boolean }
  /** What the API's pipeline does: the definition as it is, on a stage. */
  | { readonly deploy: string; readonly to: string }
  | { readonly add: Account };

export async function changeInConsole(hand: Console, change: ConsoleChange): Promise<void> {
  const { gateway } = hand;
  if ('add' in change) return seed(hand, change.add);
  if ('attach' in change) {
    const usagePlanId = findPlan(hand, change.plan);
    await gateway.createUsagePlanKey({
      usagePlanId,
      keyId: findKey(hand, change.attach),
      keyType: 'API_KEY',
    });
    return;
  }
  if ('detach' in change) {
    await gateway.deleteUsagePlanKey({
      usagePlanId: findPlan(hand, change.plan),
      keyId: findKey(hand, change.detach),
    });
    return;
  }
  if ('method' in change) return setMethod(hand, change);
  if ('deploy' in change) {
    await gateway.createDeployment({
      restApiId: findApi(hand, change.deploy),
      stageName: change.to,
    });
    return;
  }
  if ('tag' in change) return retag(hand, change.tag, change.tags);
  if ('delete' in change) return remove(hand, change.delete);
  return patch(hand, change);
}

async function patch(
  hand: Console,
  { patch: object, op = 'replace', path, value }: Extract<ConsoleChange, { patch: string }>,
): Promise<void> {
  const { gateway } = hand;
  const patchOperations = [{ op, path, value }];
  const [kind, name] = named(object);
  if (kind === 'ApiKey')
    await gateway.updateApiKey({ apiKey: findKey(hand, name), patchOperations });
  else if (kind === 'UsagePlan')
    await gateway.updateUsagePlan({ usagePlanId: findPlan(hand, name), patchOperations });
  else await gateway.updateStage({ ...stageOf(hand, name), patchOperations });
}

async function setMethod(
  hand: Console,
  { method, api, apiKeyRequired }: Extract<ConsoleChange, { method: string }>,
): Promise<void> {
  const restApiId = findApi(hand, api);
  const [httpMethod = '', path = ''] = method.split(' ');
  const { items = [] } = await hand.gateway.getResources({
    restApiId,
    embed: ['methods'],
    limit: 500,
  });
  const resource = items.find((one) => one.path === path && one.resourceMethods?.[httpMethod]);
  if (!resource) return makeMethod(hand, restApiId, method, apiKeyRequired);
  const patchOperations = [
    { op: 'replace', path: '/apiKeyRequired', value: String(apiKeyRequired) },
  ] as const;
  await hand.gateway.updateMethod({
    restApiId,
    resourceId: resource.id,
    httpMethod,
    patchOperations: [...patchOperations],
  });
}

async function remove(hand: Console, object: string): Promise<void> {
  const { gateway } = hand;
  const [kind, name] = named(object);
  if (kind === 'ApiKey') await gateway.deleteApiKey({ apiKey: findKey(hand, name) });
  else if (kind === 'Stage') await gateway.deleteStage(stageOf(hand, name));
  else {
    const usagePlanId = findPlan(hand, name);
    const { apiStages = [] } = await gateway.getUsagePlan({ usagePlanId });
    for (const { apiId, stage } of apiStages) {
      await gateway.updateUsagePlan({
        usagePlanId,
        patchOperations: [{ op: 'remove', path: '/apiStages', value: `${apiId}:${stage}` }],
      });
    }
    await gateway.deleteUsagePlan({ usagePlanId });
  }
}

async function retag(
  hand: Console,
  object: string,
  tags: Readonly<Record<string, string | null>>,
): Promise<void> {
  const { gateway } = hand;
  const resourceArn = `arn:aws:apigateway:eu-west-2::${pathOf(hand, object)}`;
  const set = Object.entries(tags).flatMap(([key, value]) =>
    value === null ? [] : [[key, value]],
  );
  const tagKeys = Object.keys(tags).filter((key) => tags[key] === null);
  if (set.length > 0) await gateway.tagResource({ resourceArn, tags: Object.fromEntries(set) });
  if (tagKeys.length > 0) await gateway.untagResource({ resourceArn, tagKeys });
}

function pathOf(hand: Console, object: string): string {
  const [kind, name] = named(object);
  if (kind === 'ApiKey') return `/apikeys/${findKey(hand, name)}`;
  if (kind === 'UsagePlan') return `/usageplans/${findPlan(hand, name)}`;
  if (kind === 'RestApi') return `/restapis/${findApi(hand, name)}`;
  const { restApiId, stageName } = stageOf(hand, name);
  return `/restapis/${restApiId}/stages/${stageName}`;
}

function named(object: string): [kind: string, name: string] {
  const [kind = '', ...name] = object.split('/');
  if (!['ApiKey', 'UsagePlan', 'Stage', 'RestApi'].includes(kind))
    throw new Error(`${object}: say ApiKey/…, UsagePlan/…, Stage/… or RestApi/…`);
  return [kind, name.join('/')];
}

function stageOf(hand: Console, name: string): { restApiId: string; stageName: string } {
  const [api = '', stageName = ''] = name.split(':');
  return { restApiId: findApi(hand, api), stageName };
}
