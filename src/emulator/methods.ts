import type {
  DeleteMethodRequest,
  GetMethodRequest,
  Method as MethodShape,
  PutMethodRequest,
  UpdateMethodRequest,
} from '@aws-sdk/client-api-gateway';
import { given } from './absent.ts';
import type { Operation } from './context.ts';
import { badRequest, conflict, notFound } from './errors.ts';
import { type Grammar, type PatchRule, patched, replace, toBoolean } from './patch.ts';
import { findResource } from './resources.ts';
import { findRestApi } from './rest-apis.ts';
import type { AccountState, Method, Resource } from './state.ts';

const METHODS = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'ANY'];
const AUTHORIZATIONS = ['NONE', 'AWS_IAM', 'CUSTOM', 'COGNITO_USER_POOLS'];

type Address = { restApiId: string; resourceId: string; httpMethod: string };

const resourceOf = (state: AccountState, { restApiId, resourceId }: Address): Resource =>
  findResource(findRestApi(state, restApiId), resourceId);

/** Throws NotFoundException. */
export function findMethod(state: AccountState, address: Address): Method {
  const method = resourceOf(state, address).methods.get(address.httpMethod);
  if (!method) throw notFound('Invalid Method identifier specified');
  return method;
}

function checkAuthorization(type: string): string {
  if (AUTHORIZATIONS.includes(type)) return type;
  throw badRequest(
    `Invalid authorization type specified. Must be one of: [${AUTHORIZATIONS.join(', ')}]`,
  );
}

export const putMethod: Operation<PutMethodRequest, MethodShape> = (request, { state }) => {
  const {
    restApiId,
    resourceId,
    httpMethod,
    authorizationType,
    apiKeyRequired = false,
    ...rest
  } = request;
  const { methods } = resourceOf(state, { restApiId, resourceId, httpMethod });
  if (!METHODS.includes(httpMethod))
    throw badRequest(`Invalid HttpMethod specified. Valid options are ${METHODS.join(',')}`);
  if (methods.has(httpMethod)) throw conflict('Method already exists for this resource');
  const method: Method = {
    ...rest,
    httpMethod,
    authorizationType: checkAuthorization(authorizationType),
    apiKeyRequired,
  };
  methods.set(httpMethod, method);
  return method;
};

export const getMethod: Operation<GetMethodRequest, MethodShape> = (address, { state }) =>
  findMethod(state, address);

type TextField = 'authorizerId' | 'operationName' | 'requestValidatorId';
const text = (field: TextField): PatchRule<Method> =>
  replace(`/${field}`, (method, { value }) => {
    method[field] = given(value);
  });

// Texts of the refusals: [LS test_update_method_validation].
const grammar: Grammar<Method> = {
  rules: [
    replace('/apiKeyRequired', (method, { value }) => {
      method.apiKeyRequired = toBoolean(value);
    }),
    replace('/authorizationType', (method, { value = '' }) => {
      method.authorizationType = checkAuthorization(value);
    }),
    text('authorizerId'),
    text('operationName'),
    text('requestValidatorId'),
  ],
  reject: ({ path }, rules) =>
    rules.some((rule) => rule.path === path)
      ? badRequest('Invalid patch operation specified. Must be one of: [replace]')
      : badRequest(`Invalid patch path ${path}`),
  notEmulated: /^\/(authorizationScopes|requestParameters|requestModels)(\/|$)/,
};

/** Changes the API's model only; stages serve it from their next deployment on. */
export const updateMethod: Operation<UpdateMethodRequest, MethodShape> = (
  { patchOperations, ...address },
  { state },
) => {
  const method = patched(findMethod(state, address), patchOperations, grammar, 'updateMethodInput');
  resourceOf(state, address).methods.set(address.httpMethod, method);
  return method;
};

export const deleteMethod: Operation<DeleteMethodRequest> = (address, { state }) => {
  findMethod(state, address);
  resourceOf(state, address).methods.delete(address.httpMethod);
};
