import type {
  DeleteIntegrationRequest,
  DeleteIntegrationResponseRequest,
  DeleteMethodResponseRequest,
  GetIntegrationRequest,
  GetIntegrationResponseRequest,
  GetMethodResponseRequest,
  Integration,
  IntegrationResponse,
  MethodResponse,
  PutIntegrationRequest,
  PutIntegrationResponseRequest,
  PutMethodResponseRequest,
} from '@aws-sdk/client-api-gateway';
import type { Operation } from './context.ts';
import { notFound } from './errors.ts';
import { findMethod } from './methods.ts';
import type { AccountState } from './state.ts';

// Integrations and responses are kept and shown as they were given: nothing in them is checked, and no default is filled in.

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw notFound(`Invalid ${what} identifier specified`);
  return value;
}

const integrationOf = (
  state: AccountState,
  address: { restApiId: string; resourceId: string; httpMethod: string },
): Integration => found(findMethod(state, address).methodIntegration, 'Integration');

export const putIntegration: Operation<PutIntegrationRequest, Integration> = (
  request,
  { state },
) => {
  const { restApiId, resourceId, httpMethod, integrationHttpMethod, ...given } = request;
  const method = findMethod(state, { restApiId, resourceId, httpMethod });
  method.methodIntegration = {
    ...given,
    ...(integrationHttpMethod !== undefined && { httpMethod: integrationHttpMethod }),
  };
  return method.methodIntegration;
};

export const getIntegration: Operation<GetIntegrationRequest, Integration> = (address, { state }) =>
  integrationOf(state, address);

export const deleteIntegration: Operation<DeleteIntegrationRequest> = (address, { state }) => {
  integrationOf(state, address);
  delete findMethod(state, address).methodIntegration;
};

export const putIntegrationResponse: Operation<
  PutIntegrationResponseRequest,
  IntegrationResponse
> = (request, { state }) => {
  const { restApiId, resourceId, httpMethod, ...response } = request;
  const integration = integrationOf(state, { restApiId, resourceId, httpMethod });
  integration.integrationResponses = {
    ...integration.integrationResponses,
    [response.statusCode]: response,
  };
  return response;
};

export const getIntegrationResponse: Operation<
  GetIntegrationResponseRequest,
  IntegrationResponse
> = ({ statusCode, ...address }, { state }) =>
  found(integrationOf(state, address).integrationResponses?.[statusCode], 'Response status code');

export const deleteIntegrationResponse: Operation<DeleteIntegrationResponseRequest> = (
  { statusCode, ...address },
  { state },
) => {
  const { integrationResponses = {} } = integrationOf(state, address);
  found(integrationResponses[statusCode], 'Response status code');
  delete integrationResponses[statusCode];
};

export const putMethodResponse: Operation<PutMethodResponseRequest, MethodResponse> = (
  request,
  { state },
) => {
  const { restApiId, resourceId, httpMethod, ...response } = request;
  const method = findMethod(state, { restApiId, resourceId, httpMethod });
  method.methodResponses = { ...method.methodResponses, [response.statusCode]: response };
  return response;
};

export const getMethodResponse: Operation<GetMethodResponseRequest, MethodResponse> = (
  { statusCode, ...address },
  { state },
) => found(findMethod(state, address).methodResponses?.[statusCode], 'Response status code');

export const deleteMethodResponse: Operation<DeleteMethodResponseRequest> = (
  { statusCode, ...address },
  { state },
) => {
  const { methodResponses = {} } = findMethod(state, address);
  found(methodResponses[statusCode], 'Response status code');
  delete methodResponses[statusCode];
};
