/** Lists, to their end. */
import {
  type ApiKey,
  type Deployment,
  GetApiKeysCommand,
  GetDeploymentsCommand,
  GetResourcesCommand,
  GetRestApisCommand,
  GetUsagePlanKeysCommand,
  GetUsagePlansCommand,
  type Resource,
  type RestApi,
  type UsagePlan,
  type UsagePlanKey,
} from '@aws-sdk/client-api-gateway';
import type { Send, SendOptions } from './send.ts';

/** The most that the service gives at once (docs/api-gateway-facts.md#f17). */
const limit = 500;

interface Page<Item> {
  readonly items?: readonly Item[] | undefined;
  readonly position?: string | undefined;
}

/**
 * All items of a paged list, each id once: whether `position` stays where it is while objects come and go is not known (docs/api-gateway-facts.md#f17).
 * A page that fails ends the list with its error: a list in part is no list.
 */
async function all<Item extends { readonly id?: string | undefined }>(
  operation: string,
  page: (position: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const found = new Map<string | undefined, Item>();
  const seen = new Set<string>();
  let position: string | undefined;
  do {
    const answer = await page(position);
    for (const item of answer.items ?? []) found.set(item.id, item);
    position = answer.position || undefined;
    if (position !== undefined && seen.has(position))
      throw new Error(`${operation} does not end: it gave the same position twice`);
    if (position !== undefined) seen.add(position);
  } while (position !== undefined);
  return [...found.values()];
}

export function listApiKeys(send: Send, options?: SendOptions): Promise<ApiKey[]> {
  return all('GetApiKeys', (position) => send(new GetApiKeysCommand({ limit, position }), options));
}

export function listUsagePlans(send: Send, options?: SendOptions): Promise<UsagePlan[]> {
  return all('GetUsagePlans', (position) =>
    send(new GetUsagePlansCommand({ limit, position }), options),
  );
}

/** The plans that a key is in. */
export function listUsagePlansOf(
  send: Send,
  keyId: string,
  options?: SendOptions,
): Promise<UsagePlan[]> {
  return all('GetUsagePlans', (position) =>
    send(new GetUsagePlansCommand({ keyId, limit, position }), options),
  );
}

/** The keys of a plan. Of a plan that does not exist: none (docs/api-gateway-facts.md#f18). */
export function listUsagePlanKeys(
  send: Send,
  usagePlanId: string,
  options?: SendOptions,
): Promise<UsagePlanKey[]> {
  return all('GetUsagePlanKeys', (position) =>
    send(new GetUsagePlanKeysCommand({ usagePlanId, limit, position }), options),
  );
}

export function listRestApis(send: Send, options?: SendOptions): Promise<RestApi[]> {
  return all('GetRestApis', (position) =>
    send(new GetRestApisCommand({ limit, position }), options),
  );
}

export function listDeployments(
  send: Send,
  restApiId: string,
  options?: SendOptions,
): Promise<Deployment[]> {
  return all('GetDeployments', (position) =>
    send(new GetDeploymentsCommand({ restApiId, limit, position }), options),
  );
}

/** The resources of an API, with their methods in full. */
export function listResources(
  send: Send,
  restApiId: string,
  options?: SendOptions,
): Promise<Resource[]> {
  return all('GetResources', (position) =>
    send(new GetResourcesCommand({ restApiId, embed: ['methods'], limit, position }), options),
  );
}
