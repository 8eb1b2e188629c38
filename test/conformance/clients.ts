import type { Emulator } from '../../src/emulator/index.ts';
import { makeApi, makeKey, makePlan, unique, type World } from './harness.ts';

/** What a client of a deployed API gets; `type` is the error's, null for a request that passed. */
export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: Record<string, unknown>;
}

export interface Api {
  readonly restApiId: string;
  readonly stageName: string;
  /** `GET /pets`, with the given headers. */
  request(route: string, headers?: Record<string, string>): Promise<Answer>;
  /** With the value of a key. */
  requestAs(value: string, route: string): Promise<Answer>;
  /** Publishes the API to its stage again. */
  deploy(): Promise<void>;
  /** The id of the resource of a path. */
  resourceId(path: string): string;
}

interface ApiOptions {
  /** Default: one that no other has. */
  readonly name?: string;
  /** `GET /pets`; `GET /pets key` demands a key. The integration's URI follows from it unless given. */
  readonly methods: readonly string[];
  readonly uri?: string;
  readonly variables?: Record<string, string>;
  readonly apiKeySource?: 'HEADER' | 'AUTHORIZER';
  readonly stageName?: string;
}

/** Where an API is made and asked. */
type Place = Pick<World, 'gateway' | 'cleanUp'> & { readonly emulator: Pick<Emulator, 'url'> };

/** Where clients find a stage, on the emulator. */
export const urlOf = (
  { url }: Pick<Emulator, 'url'>,
  restApiId: string,
  stageName: string,
): string => `${url}/restapis/${restApiId}/${stageName}/_user_request_`;

/** What a client gets from the stage at this URL for `GET /pets`. */
export async function ask(
  url: string,
  route: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ');
  const response = await fetch(`${url}${path}`, { method, headers });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('x-amzn-errortype'),
    body: text === '' ? {} : JSON.parse(text),
  };
}

/** An API with these methods, deployed to a stage. */
export async function deployApi(place: Place, options: ApiOptions): Promise<Api> {
  const {
    name,
    methods,
    uri,
    variables,
    apiKeySource = 'HEADER',
    stageName = unique('stage'),
  } = options;
  const { gateway, emulator } = place;
  const { restApiId, rootId } = await makeApi(place, name);
  const patchOperations = [{ op: 'replace' as const, path: '/apiKeySource', value: apiKeySource }];
  await gateway.updateRestApi({ restApiId, patchOperations });
  const ids = new Map([['', rootId]]);
  for (const text of methods) {
    const [httpMethod = '', path = '', key] = text.split(' ');
    const resourceId = await makeResource(path.replace(/\/$/, ''));
    const method = { restApiId, resourceId, httpMethod };
    await gateway.putMethod({
      ...method,
      authorizationType: 'NONE',
      apiKeyRequired: key === 'key',
    });
    await gateway.putIntegration({
      ...method,
      type: 'HTTP_PROXY',
      integrationHttpMethod: 'GET',
      uri: uri ?? `https://backend${path}`,
    });
  }
  const deploy = async () => void (await gateway.createDeployment({ restApiId, stageName }));
  await gateway.createDeployment({ restApiId, stageName, ...(variables && { variables }) });

  async function makeResource(path: string): Promise<string> {
    const known = ids.get(path);
    if (known !== undefined) return known;
    const at = path.lastIndexOf('/');
    const { id = '' } = await gateway.createResource({
      restApiId,
      parentId: await makeResource(path.slice(0, at)),
      pathPart: path.slice(at + 1),
    });
    ids.set(path, id);
    return id;
  }

  const request = (route: string, headers?: Record<string, string>) =>
    ask(urlOf(emulator, restApiId, stageName), route, headers);

  return {
    restApiId,
    stageName,
    request,
    requestAs: (value, route) => request(route, { 'x-api-key': value }),
    deploy,
    resourceId: (path) => ids.get(path) ?? '',
  };
}

/** A plan over the stages of these APIs. */
export const planOver = (
  world: World,
  apis: readonly Api[],
  request: Parameters<typeof makePlan>[1] = {},
): Promise<string> =>
  makePlan(world, {
    apiStages: apis.map(({ restApiId, stageName }) => ({ apiId: restApiId, stage: stageName })),
    ...request,
  });

/** A key in a plan, and its value. */
export async function subscribe(
  world: World,
  usagePlanId: string,
): Promise<{ keyId: string; value: string }> {
  const keyId = await makeKey(world, { enabled: true });
  await world.gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
  const { value = '' } = await world.gateway.getApiKey({ apiKey: keyId, includeValue: true });
  return { keyId, value };
}

/** How many requests in a row pass, and what then comes. */
export async function passing(
  send: () => Promise<Answer>,
  most = 50,
): Promise<{ passed: number; next?: unknown }> {
  for (let passed = 0; passed < most; passed++) {
    const answer = await send();
    if (answer.status !== 200) return { passed, next: answer };
  }
  return { passed: most };
}

export const forbidden = {
  status: 403,
  type: 'ForbiddenException',
  body: { message: 'Forbidden' },
};
export const missingToken = {
  status: 403,
  type: 'MissingAuthenticationTokenException',
  body: { message: 'Missing Authentication Token' },
};
export const throttled = {
  status: 429,
  type: 'TooManyRequestsException',
  body: { message: 'Too Many Requests' },
};
export const exhausted = {
  status: 429,
  type: 'LimitExceededException',
  body: { message: 'Limit Exceeded' },
};
