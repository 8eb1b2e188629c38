/** `provider.apiGateway` and what stands for it in older files: which resources the framework makes. */

import type { Declared } from '../cloudformation/sam.ts';
import { isRecord } from '../common/fields.ts';
import { isUnresolved, unresolvedIn } from '../common/unresolved.ts';
import { methodsOf } from './events.ts';
import { generate, MADE_BY, type Property } from './keys.ts';
import type { Properties, Service } from './service.ts';
import { isWithin, version } from './version.ts';

const API = 'ApiGatewayRestApi';

/** The resources that the framework makes: the API and its methods, keys, plans and memberships. */
export function generatedBy(service: Service): Declared[] {
  const { source, root, variables, findings } = service;
  const gateway = gatewayOf(service);
  const isOwnApi = gateway.restApiId === undefined;
  const restApi = isOwnApi ? { Ref: API } : variables.resolve(gateway.restApiId);
  const methods = methodsOf(root.functions, { source, variables, restApi, findings });
  const keys = gatewayKeys(gateway, restApi, methods?.length !== 0, service);
  warnOfPlugin(service);
  if (methods?.length === 0) return [];
  const properties = {
    Name: apiName(gateway, service),
    ApiKeySourceType: variables.resolve(gateway.apiKeySourceType),
  };
  const api: Declared = {
    id: API,
    type: 'AWS::ApiGateway::RestApi',
    path: ['service'],
    properties,
    madeBy: MADE_BY,
  };
  return [...(isOwnApi ? [api] : []), ...(methods ?? []), ...keys];
}

/** Keys, plans and memberships, where the framework makes them of what is written. */
function gatewayKeys(
  gateway: Properties,
  restApi: unknown,
  hasMethods: boolean,
  service: Service,
): Declared[] {
  const { source, versions, stage, findings, report } = service;
  const apiKeys = propertyOf('apiKeys', gateway, service);
  const usagePlan = propertyOf('usagePlan', gateway, service);
  const first = apiKeys ?? usagePlan;
  if (!first) return [];
  if (!hasMethods) {
    report(
      'KEYS_WITHOUT_HTTP',
      first.path,
      'no function has an http event, so the framework makes nothing of these; are they meant for another service?',
    );
    return [];
  }
  const isFirstRead = isPlaceRead(first, service);
  const isRead = (property: Property) =>
    property.isLegacy === first.isLegacy ? isFirstRead : isPlaceRead(property, service);
  const [keysRead, planRead] = [apiKeys, usagePlan].map((property) =>
    property && isRead(property) ? property : undefined,
  );
  if (!keysRead && !planRead) return [];
  if (gateway.stage !== undefined) {
    const message =
      'keys and plans name the stage that is deployed to (--stage), and not this one; correct stageName in the manifests if the live plan names another';
    report('STAGE_OVERRIDDEN', ['provider', 'apiGateway', 'stage'], message);
  }
  report(
    'STAGE_OF_DEPLOYMENT',
    first.path,
    "the stage is born with the framework's deployment and stays its own: plans name it, and no document claims it",
  );
  return generate(keysRead, planRead, {
    source,
    versions,
    service: service.service,
    stage,
    apiStage: { ApiId: restApi, Stage: stage },
    findings,
  });
}

/** `provider.apiGateway`, with a word on what it should not hold. */
function gatewayOf({ provider, variables, report }: Service): Properties {
  const path = ['provider', 'apiGateway'];
  const gateway =
    typeof provider.apiGateway === 'string'
      ? variables.resolve(provider.apiGateway)
      : provider.apiGateway;
  if (Array.isArray(gateway))
    report(
      'WRONG_SHAPE',
      path,
      'apiGateway is a list, and the framework reads a mapping: nothing below it has an effect; take the dashes away',
    );
  if (isUnresolved(gateway))
    report(
      'UNRESOLVED',
      path,
      `keys and plans may be missing; ${unresolvedIn(gateway).join('; ')}`,
    );
  if (!isRecord(gateway)) return {};
  if (gateway.throttle !== undefined)
    report(
      'NOT_READ',
      [...path, 'throttle'],
      'provider.apiGateway has no throttle, so this has no effect; a throttle belongs to usagePlan',
    );
  return gateway;
}

function apiName(gateway: Properties, { provider, variables, service, stage }: Service): unknown {
  if (provider.apiName !== undefined) return variables.resolve(provider.apiName);
  const isServiceFirst = variables.resolve(gateway.shouldStartNameWithService) === true;
  return { 'Fn::Join': ['-', isServiceFirst ? [service, stage] : [stage, service]] };
}

/** One of the two properties where it is: in its place since 2.18, or in the legacy one. The values of keys stay unread. */
function propertyOf(
  name: 'apiKeys' | 'usagePlan',
  gateway: Properties,
  { provider, variables }: Service,
): Property | undefined {
  const isLegacy = gateway[name] === undefined || gateway[name] === null;
  const written = isLegacy ? provider[name] : gateway[name];
  if (written === undefined || written === null) return undefined;
  const value = variables.resolve(written, (path) => path.at(-1) === 'value');
  return {
    value,
    path: isLegacy ? ['provider', name] : ['provider', 'apiGateway', name],
    isLegacy,
  };
}

/** Whether the framework reads the place at all. */
function isPlaceRead({ isLegacy, path }: Property, { versions, report }: Service): boolean {
  if (!isLegacy) {
    const isIgnored = isWithin(versions, version(0), version(2, 17)) === 'yes';
    if (isIgnored)
      report(
        'NEW_PLACE_IGNORED',
        path,
        'versions before 2.18 read keys and plans directly below provider only: nothing is made of these, and no manifest either',
      );
    return !isIgnored;
  }
  const verdict = isWithin(versions, version(3), Number.POSITIVE_INFINITY);
  const after =
    'version 3.0 and later ignore keys and plans directly below provider: deploying with one deletes the live key and plan, and calls to private endpoints get 403';
  if (verdict === 'yes')
    report(
      'LEGACY_PLACE_IGNORED',
      path,
      `${after}; nothing is imported: if a key is still live, give the --framework-version that made it, and deploy with no other`,
    );
  if (verdict === 'maybe')
    report(
      'VERSION_UNKNOWN',
      path,
      `${after}; the manifests hold what earlier versions make: give --framework-version, and pin frameworkVersion before the next deployment`,
    );
  return verdict !== 'yes';
}

function warnOfPlugin({ root, report }: Service): void {
  const plugins = isRecord(root.plugins) ? root.plugins.modules : root.plugins;
  if (!Array.isArray(plugins) || !plugins.includes('serverless-add-api-key')) return;
  report(
    'PLUGIN_KEYS',
    ['plugins'],
    'serverless-add-api-key makes the keys of custom.apiKeys, by name, and would make or attach them again at each deployment: remove the plugin with deleteAtRemoval false, then adopt its keys by id',
  );
}
