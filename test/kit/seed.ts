/** Writes what a scenario says is live into the emulator: through the SDK, as somebody without apikeeper would. */
import type { APIGateway, PatchOperation } from '@aws-sdk/client-api-gateway';
import type { AccountState } from '../../src/emulator/index.ts';

/** What an account has. Ids are the scenario's own, so that manifests and plans can name them. */
export interface Account {
  readonly apis?: readonly ApiEntry[];
  readonly keys?: readonly KeyEntry[];
  readonly plans?: readonly PlanEntry[];
  /** Stages of APIs that are there already. */
  readonly stages?: readonly (StageEntry & { readonly api: string })[];
}

interface ApiEntry {
  readonly id: string;
  readonly name: string;
  /** `GET /residents/{id}`; default: that, and `GET /residents`. They demand a key. */
  readonly methods?: readonly string[];
  /** Methods that demand none. */
  readonly open?: readonly string[];
  readonly tags?: Record<string, string>;
  /** Ids, oldest first; default `deploy1`. */
  readonly deployments?: readonly string[];
  readonly stages?: readonly StageEntry[];
}

interface StageEntry {
  readonly name: string;
  /** Default: the API's first. */
  readonly deployment?: string;
  readonly description?: string;
  readonly variables?: Record<string, string>;
  readonly tags?: Record<string, string>;
  /** Patch path to value, all replaced: `/tracingEnabled`, `/residents/GET/metrics/enabled`. */
  readonly set?: Readonly<Record<string, string>>;
}

interface KeyEntry {
  readonly id: string;
  readonly name: string;
  /** Default true. */
  readonly enabled?: boolean;
  readonly description?: string;
  readonly value?: string;
  readonly tags?: Record<string, string>;
}

interface PlanEntry {
  readonly id: string;
  readonly name: string;
  readonly throttle?: { readonly rateLimit: number; readonly burstLimit: number };
  readonly quota?: { readonly limit: number; readonly period: 'DAY' | 'WEEK' | 'MONTH' };
  /** `residents-api:production` */
  readonly stages?: readonly string[];
  /** Names or ids of keys. */
  readonly keys?: readonly string[];
  readonly tags?: Record<string, string>;
}

/** What writes to one account: its client, and its state for what no call can do. */
export interface Console {
  readonly gateway: APIGateway;
  readonly state: AccountState;
}

const METHODS = ['GET /residents', 'GET /residents/{id}'];

export async function seed(hand: Console, account: Account): Promise<void> {
  for (const api of account.apis ?? []) await makeApi(hand, api);
  for (const stage of account.stages ?? []) await makeStage(hand, findApi(hand, stage.api), stage);
  for (const key of account.keys ?? []) await makeKey(hand, key);
  for (const plan of account.plans ?? []) await makePlan(hand, plan);
}

async function makeApi(hand: Console, entry: ApiEntry): Promise<void> {
  const {
    id,
    name,
    open = [],
    methods = open.length > 0 ? [] : METHODS,
    deployments = ['deploy1'],
    stages = [],
    tags,
  } = entry;
  const { gateway, state } = hand;
  const made = await gateway.createRestApi({ name, tags: ordinary(tags) });
  Object.assign(rename(state.restApis, made.id ?? '', id, ({ api }) => api).api, tags && { tags });
  for (const method of methods) await makeMethod(hand, id, method, true);
  for (const method of open) await makeMethod(hand, id, method, false);
  for (const deployment of deployments) {
    const { id: given = '' } = await gateway.createDeployment({ restApiId: id });
    rename(apiTree(state, id).deployments, given, deployment, (one) => one);
  }
  for (const stage of stages) await makeStage(hand, id, stage);
}

/** With the resources that lead to it. */
export async function makeMethod(
  { gateway }: Console,
  restApiId: string,
  method: string,
  apiKeyRequired: boolean,
): Promise<void> {
  const [httpMethod = '', path = ''] = method.split(' ');
  let parentId = '';
  for (const pathPart of ['', ...path.split('/').filter(Boolean)]) {
    const { items = [] } = await gateway.getResources({ restApiId, limit: 500 });
    const there = items.find((one) =>
      parentId === '' ? one.path === '/' : one.parentId === parentId && one.pathPart === pathPart,
    );
    parentId =
      (there ?? (await gateway.createResource({ restApiId, parentId, pathPart }))).id ?? '';
  }
  await gateway.putMethod({
    restApiId,
    resourceId: parentId,
    httpMethod,
    authorizationType: 'NONE',
    apiKeyRequired,
  });
}

async function makeStage(
  { gateway, state }: Console,
  restApiId: string,
  entry: StageEntry,
): Promise<void> {
  const { name: stageName, deployment, tags, set = {}, description, variables } = entry;
  const [first] = apiTree(state, restApiId).deployments.keys();
  await gateway.createStage({
    restApiId,
    stageName,
    deploymentId: deployment ?? first,
    tags: ordinary(tags),
    description,
    variables,
  });
  Object.assign(apiTree(state, restApiId).stages.get(stageName) ?? {}, tags && { tags });
  const patchOperations = Object.entries(set).map(
    ([path, value]): PatchOperation => ({ op: 'replace', path, value }),
  );
  if (patchOperations.length > 0)
    await gateway.updateStage({ restApiId, stageName, patchOperations });
}

async function makeKey(
  { gateway, state }: Console,
  { id, name, enabled = true, description, value, tags }: KeyEntry,
): Promise<void> {
  const made = await gateway.createApiKey({
    name,
    enabled,
    description,
    value,
    tags: ordinary(tags),
  });
  Object.assign(
    rename(state.apiKeys, made.id ?? '', id, (one) => one),
    tags && { tags },
  );
}

async function makePlan(
  hand: Console,
  { id, name, throttle, quota, stages = [], keys = [], tags }: PlanEntry,
): Promise<void> {
  const { gateway, state } = hand;
  const apiStages = stages.map((stage) => {
    const [api = '', stageName = ''] = stage.split(':');
    return { apiId: findApi(hand, api), stage: stageName };
  });
  const made = await gateway.createUsagePlan({
    name,
    throttle,
    quota,
    apiStages,
    tags: ordinary(tags),
  });
  const plan = rename(state.usagePlans, made.id ?? '', id, (one) => one);
  Object.assign(plan, tags && { tags });
  for (const key of keys)
    await gateway.createUsagePlanKey({
      usagePlanId: id,
      keyId: findKey(hand, key),
      keyType: 'API_KEY',
    });
}

/** AWS's own tags can't be set by a call: CloudFormation has ways that nobody else has. */
function ordinary(tags: Record<string, string> | undefined): Record<string, string> | undefined {
  return (
    tags && Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith('aws:')))
  );
}

/** The service gives ids that nobody could read or foretell; before anything refers to an object, it gets the scenario's. */
function rename<T>(
  objects: Map<string, T>,
  from: string,
  to: string,
  bearer: (object: T) => { id: string },
): T {
  const object = objects.get(from);
  if (!object || objects.has(to))
    throw new Error(`${to}: the scenario gives this id twice, or the emulator made nothing`);
  objects.delete(from);
  bearer(object).id = to;
  objects.set(to, object);
  return object;
}

function apiTree(state: AccountState, id: string) {
  const tree = state.restApis.get(id);
  if (!tree) throw new Error(`the scenario has no API ${id}`);
  return tree;
}

/** The id of an API, of a key and of a plan by name or id: of several of one name, the newest. */
export const findApi = ({ state }: Console, name: string): string =>
  find(
    state.restApis.values().map(({ api }) => api),
    name,
  );
export const findKey = ({ state }: Console, name: string): string =>
  find(state.apiKeys.values(), name);
export const findPlan = ({ state }: Console, name: string): string =>
  find(state.usagePlans.values(), name);

function find(
  all: Iterable<{ readonly id: string; readonly name?: string | undefined }>,
  name: string,
): string {
  const found = [...all].findLast((one) => one.id === name || one.name === name);
  if (!found) throw new Error(`nothing in the account is called ${name}`);
  return found.id;
}
