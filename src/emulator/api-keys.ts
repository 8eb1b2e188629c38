import type {
  ApiKey as ApiKeyShape,
  ApiKeys,
  CreateApiKeyRequest,
  DeleteApiKeyRequest,
  GetApiKeyRequest,
  GetApiKeysRequest,
  UpdateApiKeyRequest,
} from '@aws-sdk/client-api-gateway';
import { given, orAbsent } from './absent.ts';
import type { Context, Operation } from './context.ts';
import { badRequest, conflict, limitExceeded, notFound } from './errors.ts';
import { page } from './pages.ts';
import { type Grammar, patched, replace, toBoolean } from './patch.ts';
import type { AccountState, ApiKey } from './state.ts';
import { checkTags } from './tag-rules.ts';

const MAX_NAME = 1024;
const MAX_DESCRIPTION = 125_000;

/** Throws NotFoundException. */
export function findApiKey(state: AccountState, id: string): ApiKey {
  const key = state.apiKeys.get(id);
  if (!key) throw notFound('Invalid API Key identifier specified');
  return key;
}

export const findByValue = (state: AccountState, value: string): ApiKey | undefined =>
  state.apiKeys.values().find((key) => key.value === value);

const withoutValue = ({ value: _, ...key }: ApiKey): ApiKeyShape => ({
  ...key,
  tags: orAbsent(key.tags),
});

/** Shared by CreateApiKey and ImportApiKeys. Throws for what the service refuses; value "" and none both mean: generate one. */
export function addApiKey({ state, now, random }: Context, request: CreateApiKeyRequest): ApiKey {
  const name = checkName(request.name);
  const description = checkDescription(request.description);
  checkTags(request.tags);
  const value = given(request.value) ?? random.secret(40);
  if (value.length < 20) throw badRequest('API Key value should be at least 20 characters');
  if (value.length > 128) throw badRequest('API Key value should be at most 128 characters');
  if (findByValue(state, value)) throw conflict('API Key already exists');
  if (state.apiKeys.size >= state.limits.apiKeys) throw limitExceeded('API Keys for this account');

  const key: ApiKey = {
    id: random.id(10),
    value,
    name,
    description,
    customerId: given(request.customerId),
    // The API's own default, unlike the console's, Terraform's and the import's [LS test_get_api_keys].
    enabled: request.enabled ?? false,
    createdDate: new Date(now),
    lastUpdatedDate: new Date(now),
    stageKeys: (request.stageKeys ?? []).map(
      ({ restApiId, stageName }) => `${restApiId}/${stageName}`,
    ),
    tags: orAbsent(request.tags),
  };
  state.apiKeys.set(key.id, key);
  return key;
}

export function checkName(name: string | undefined): string | undefined {
  if (name !== undefined && name.length > MAX_NAME)
    throw badRequest(`Invalid API Key name, can be at most ${MAX_NAME} characters.`);
  return given(name);
}

export function checkDescription(description: string | undefined): string | undefined {
  if (description !== undefined && description.length > MAX_DESCRIPTION)
    throw badRequest('Invalid API Key description specified.');
  return given(description);
}

export const createApiKey: Operation<CreateApiKeyRequest, ApiKeyShape> = (request, context) =>
  addApiKey(context, request);

export const getApiKey: Operation<GetApiKeyRequest, ApiKeyShape> = (
  { apiKey, includeValue },
  { state },
) => {
  const key = findApiKey(state, apiKey);
  return includeValue ? { ...key, tags: orAbsent(key.tags) } : withoutValue(key);
};

export const getApiKeys: Operation<GetApiKeysRequest, ApiKeys> = (
  { nameQuery, customerId, includeValues, ...paging },
  { state },
) => {
  const matching = state.apiKeys
    .values()
    // A case-sensitive prefix [LS test_get_api_keys].
    .filter((key) => nameQuery === undefined || (key.name ?? '').startsWith(nameQuery))
    .filter((key) => customerId === undefined || key.customerId === customerId);
  const { items, position } = page(matching, (key) => key.id, paging);
  return {
    items: items.map((key) =>
      includeValues ? { ...key, tags: orAbsent(key.tags) } : withoutValue(key),
    ),
    position,
  };
};

const grammar: Grammar<ApiKey> = {
  rules: [
    replace('/description', (key, { value }) => {
      key.description = checkDescription(value);
    }),
    replace('/enabled', (key, { value }) => {
      key.enabled = toBoolean(value);
    }),
    replace('/name', (key, { value }) => {
      key.name = checkName(value);
    }),
    replace('/customerId', (key, { value }) => {
      key.customerId = given(value);
    }),
    {
      path: '/stages',
      ops: {
        add: (key, { value = '' }) => {
          key.stageKeys = [...key.stageKeys.filter((stage) => stage !== value), value];
        },
        remove: (key, { value = '' }) => {
          key.stageKeys = key.stageKeys.filter((stage) => stage !== value);
        },
      },
    },
    // Listed by [PATCH] without a field that would show them.
    { path: '/labels', ops: { add: () => {}, remove: () => {} } },
  ],
};

/** Answers without the value, and with `tags: {}` where there are none [LS]. */
export const updateApiKey: Operation<UpdateApiKeyRequest, ApiKeyShape> = (
  { apiKey, patchOperations },
  { state, now },
) => {
  const key = patched(findApiKey(state, apiKey), patchOperations, grammar, 'updateApiKeyInput');
  key.lastUpdatedDate = new Date(now);
  state.apiKeys.set(key.id, key);
  return { ...withoutValue(key), tags: key.tags ?? {} };
};

/** The key leaves all its plans with it [LS test_get_usage_plan_api_keys]. */
export const deleteApiKey: Operation<DeleteApiKeyRequest> = ({ apiKey }, { state }) => {
  findApiKey(state, apiKey);
  state.apiKeys.delete(apiKey);
  for (const keys of state.planKeys.values()) keys.delete(apiKey);
  for (const usage of state.usage.values()) usage.delete(apiKey);
};
