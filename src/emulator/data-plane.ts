import type { ApiKeySourceType } from '@aws-sdk/client-api-gateway';
import { type EmulatorRequest, type EmulatorResponse, jsonAnswer } from './http.ts';
import { findRoute } from './resource-match.ts';
import type { AccountState, Deployment, Stage } from './state.ts';
import { throttlesOf } from './throttles.ts';
import type { Buckets } from './token-buckets.ts';
import { spend } from './usage-counters.ts';
import { findClient } from './usage-plan-client.ts';

/** Where a client's request to a deployed API goes. `path` is percent-encoded and begins with a slash, which may be left out where nothing follows. */
interface Address {
  readonly apiId: string;
  readonly stageName: string;
  readonly path: string;
}

const ADDRESS = /^\/restapis\/(?<apiId>[^/]+)\/(?<stageName>[^/]+)\/_user_request_(?<path>\/.*)?$/;

/** Undefined for a request to the control plane. */
export function addressOf(path: string): Address | undefined {
  const { apiId, stageName, path: rest = '/' } = ADDRESS.exec(path)?.groups ?? {};
  return apiId === undefined || stageName === undefined
    ? undefined
    : { apiId, stageName, path: rest };
}

/** What the requests of the data plane share. `now` is in milliseconds. */
interface DataPlane {
  readonly states: Iterable<AccountState>;
  readonly buckets: Buckets;
  readonly now: number;
}

/** Where the key's value stands, by the API's key source. Authorizers are not emulated: a header of the emulator's own says what one would have answered as usageIdentifierKey. */
const KEY_HEADERS: Readonly<Record<ApiKeySourceType, string>> = {
  HEADER: 'x-api-key',
  AUTHORIZER: 'x-apikeeper-usage-identifier-key',
};

// Bodies and error types: re:Post, "How do I troubleshoot HTTP 403 errors from API Gateway?"; docs/api-gateway-facts.md#f27.
const refuse = (status: number, type: string, message: string): EmulatorResponse =>
  jsonAnswer(status, JSON.stringify({ message }), { 'x-amzn-errortype': type });
const forbidden = () => refuse(403, 'ForbiddenException', 'Forbidden');

/** Answers a client of a deployed API as the service would, up to the integration: in its place comes what the request was resolved to. */
export function answerClient(
  { method, headers }: EmulatorRequest,
  address: Address,
  { states, buckets, now }: DataPlane,
): EmulatorResponse {
  const { apiId, stageName, path } = address;
  const served = findServed(states, address);
  if (!served || served.snapshot.disableExecuteApiEndpoint) return forbidden();
  const { state, stage, snapshot } = served;
  const route = findRoute(snapshot.methods, method, path);
  if (!route)
    return refuse(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');

  const value = headers[KEY_HEADERS[snapshot.apiKeySource]];
  const { apiKeyRequired } = route.method;
  const client =
    apiKeyRequired && typeof value === 'string'
      ? findClient(state, apiId, stageName, value)
      : undefined;
  if (apiKeyRequired && !client) return forbidden();
  for (const { bucket, rate } of throttlesOf({ state, apiId, stage, route, client })) {
    if (buckets.take(bucket, rate, now) > 0)
      return refuse(429, 'TooManyRequestsException', 'Too Many Requests');
  }
  if (client && !spend(state, client.plan, client.key.id, now))
    return refuse(429, 'LimitExceededException', 'Limit Exceeded');

  const { uri, connectionId } = route.method.methodIntegration ?? {};
  const resolved = {
    api: apiId,
    stage: stageName,
    resourcePath: route.path,
    httpMethod: method,
    integrationUri: withVariables(uri, stage),
    connectionId: withVariables(connectionId, stage),
    keyId: client?.key.id,
    usagePlanId: client?.plan.id,
  };
  return jsonAnswer(200, JSON.stringify(resolved));
}

interface Served {
  readonly state: AccountState;
  readonly stage: Stage;
  readonly snapshot: Deployment['snapshot'];
}

/** Clients do not say whose API it is: the first account and region that has one of this id serves it. */
function findServed(
  states: Iterable<AccountState>,
  { apiId, stageName }: Address,
): Served | undefined {
  for (const state of states) {
    const tree = state.restApis.get(apiId);
    const stage = tree?.stages.get(stageName);
    const deployment = stage && tree?.deployments.get(stage.deploymentId);
    if (stage && deployment) return { state, stage, snapshot: deployment.snapshot };
  }
  return undefined;
}

/** A variable that the stage has not is empty. */
const withVariables = (text: string | undefined, { variables }: Stage): string | undefined =>
  text?.replace(/\$\{stageVariables\.(\w+)\}/g, (_, name: string) => variables?.[name] ?? '');
