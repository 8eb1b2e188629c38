import type {
  ApiKeySourceType,
  CreateRestApiRequest,
  DeleteRestApiRequest,
  GetRestApiRequest,
  GetRestApisRequest,
  RestApi as RestApiShape,
  RestApis,
  UpdateRestApiRequest,
} from '@aws-sdk/client-api-gateway';
import { given, orAbsent } from './absent.ts';
import type { Operation } from './context.ts';
import { badRequest, limitExceeded, notEmulated, notFound } from './errors.ts';
import { page } from './pages.ts';
import { type Grammar, patched, replace, toBoolean } from './patch.ts';
import type { AccountState, Limits, RestApi, RestApiTree } from './state.ts';
import { checkTags } from './tag-rules.ts';
import { detachStages } from './usage-plan-stages.ts';

/** Throws NotFoundException. */
export function findRestApi(state: AccountState, id: string): RestApiTree {
  const tree = state.restApis.get(id);
  if (!tree) throw notFound(`Invalid API identifier specified ${state.account}:${id}`);
  return tree;
}

const shown = (api: RestApi): RestApiShape => ({ ...api, tags: orAbsent(api.tags) });

const LIMIT_OF: Record<string, keyof Limits> = {
  EDGE: 'edgeApis',
  REGIONAL: 'regionalApis',
  PRIVATE: 'privateApis',
};

const endpointType = (api: Pick<RestApiShape, 'endpointConfiguration'>): string =>
  api.endpointConfiguration?.types?.[0] ?? 'EDGE';

function checkRoom(state: AccountState, type: string): void {
  const limit = LIMIT_OF[type];
  if (!limit)
    throw badRequest(`Invalid endpoint type ${type}. Must be one of: [EDGE, REGIONAL, PRIVATE]`);
  const count = [...state.restApis.values()].filter(({ api }) => endpointType(api) === type).length;
  if (count >= state.limits[limit]) throw limitExceeded('APIs for this account');
}

function checkKeySource(source: string): ApiKeySourceType {
  if (source === 'HEADER' || source === 'AUTHORIZER') return source;
  throw badRequest(`Invalid apiKeySource ${source}. Must be one of: [HEADER, AUTHORIZER]`);
}

export const createRestApi: Operation<CreateRestApiRequest, RestApiShape> = (
  request,
  { state, now, random },
) => {
  if (request.cloneFrom !== undefined) throw notEmulated('CreateRestApi with cloneFrom');
  if (request.name === '') throw badRequest('Invalid API name specified');
  const type = endpointType(request);
  checkTags(request.tags);
  checkRoom(state, type);
  const { apiKeySource = 'HEADER', disableExecuteApiEndpoint = false, ...rest } = request;
  const api: RestApi = {
    ...rest,
    id: random.id(10),
    description: given(request.description),
    createdDate: new Date(now),
    apiKeySource: checkKeySource(apiKeySource),
    disableExecuteApiEndpoint,
    endpointConfiguration: { ...request.endpointConfiguration, types: [type as 'EDGE'] },
    rootResourceId: random.id(10),
    tags: orAbsent(request.tags),
  };
  const root = { id: api.rootResourceId, methods: new Map() };
  state.restApis.set(api.id, {
    api,
    resources: new Map([[root.id, root]]),
    deployments: new Map(),
    stages: new Map(),
  });
  return shown(api);
};

export const getRestApi: Operation<GetRestApiRequest, RestApiShape> = ({ restApiId }, { state }) =>
  shown(findRestApi(state, restApiId).api);

export const getRestApis: Operation<GetRestApisRequest, RestApis> = (paging, { state }) => {
  const { items, position } = page(state.restApis.values(), ({ api }) => api.id, paging);
  return { items: items.map(({ api }) => shown(api)), position };
};

const grammar: Grammar<RestApi> = {
  rules: [
    replace('/name', (api, { value }) => {
      if (!value) throw badRequest('Invalid API name specified');
      api.name = value;
    }),
    replace('/description', (api, { value }) => {
      api.description = given(value);
    }),
    replace('/apiKeySource', (api, { value = '' }) => {
      api.apiKeySource = checkKeySource(value);
    }),
    replace('/disableExecuteApiEndpoint', (api, { value }) => {
      api.disableExecuteApiEndpoint = toBoolean(value);
    }),
  ],
  notEmulated:
    /^\/(policy|binaryMediaTypes|minimumCompressionSize|endpointConfiguration|securityPolicy|endpointAccessMode)(\/|$)/,
};

export const updateRestApi: Operation<UpdateRestApiRequest, RestApiShape> = (
  { restApiId, patchOperations },
  { state },
) => {
  const tree = findRestApi(state, restApiId);
  tree.api = patched(tree.api, patchOperations, grammar, 'updateRestApiInput');
  return shown(tree.api);
};

/** Its stages leave their plans with it, as in DeleteStage. */
export const deleteRestApi: Operation<DeleteRestApiRequest> = ({ restApiId }, { state }) => {
  findRestApi(state, restApiId);
  state.restApis.delete(restApiId);
  detachStages(state, ({ apiId }) => apiId === restApiId);
};
