/** Which methods demand a key: AWS::ApiGateway::Method, an API's OpenAPI body, and what SAM makes of events. */
import { apiOf, type Resource, restApiOf, type Template } from './cloudformation-resources.ts';
import { booleanOf } from './fields.ts';
import { resourcePath } from './methods.ts';
import type { RequiredMethod, Requirement } from './model.ts';
import { requiredMethods } from './openapi.ts';
import { targetOf, unresolvedIn } from './unresolved.ts';

/** One requirement per API that has methods here. */
export function translateMethods(template: Template): Requirement[] {
  const methods = Map.groupBy(template.ofType('Method'), ({ values }) => targetOf(values.RestApiId)?.resource ?? String(values.RestApiId));
  const apis = template.ofType('RestApi');
  const elsewhere = [...methods].filter(([id]) => !apis.some((api) => api.id === id));
  return [
    ...apis.map((api) => ofApi(api, methods.get(api.id) ?? [], template)),
    ...elsewhere.flatMap(([, [first, ...others]]) => (first ? [ofElsewhere(first, [first, ...others], template)] : [])),
  ].filter(({ methods, apiKeyRequired }) => methods.length > 0 || apiKeyRequired !== undefined);
}

function ofApi(api: Resource, methods: readonly Resource[], template: Template): Requirement {
  const { values } = api;
  const isDefault = booleanOf(values.ApiKeyRequired) === true;
  const restApi = apiOf(template, api);
  const source = values.ApiKeySourceType;
  return {
    ...(restApi && { restApi }),
    address: api.id,
    ...((source === 'HEADER' || source === 'AUTHORIZER') && { apiKeySource: source }),
    ...(isDefault && { apiKeyRequired: true }),
    methods: [...requiredMethods(values.Body, isDefault), ...methods.flatMap((method) => ofMethod(method, template))],
    source: api.at(),
  };
}

/** Methods of an API that another stack has. */
function ofElsewhere(first: Resource, methods: readonly Resource[], template: Template): Requirement {
  const restApi = methods.some(isRequired) ? restApiOf(template, first, 'RestApiId') : undefined;
  return { ...(restApi && { restApi }), methods: methods.flatMap((method) => ofMethod(method, template)), source: first.at() };
}

function isRequired({ values }: Resource): boolean {
  return booleanOf(values.ApiKeyRequired) === true;
}

function ofMethod(resource: Resource, template: Template): RequiredMethod[] {
  const { values } = resource;
  if (unresolvedIn(values.ApiKeyRequired).length > 0) resource.known('ApiKeyRequired');
  const method = typeof values.HttpMethod === 'string' ? values.HttpMethod.toUpperCase() : undefined;
  const path = typeof values.ResourcePath === 'string' ? resourcePath(values.ResourcePath) : pathOf(values.ResourceId, template);
  if (method !== undefined && path !== undefined) return [{ method, path, apiKeyRequired: isRequired(resource) }];
  if (isRequired(resource)) resource.report('UNRESOLVED', 'a method demands a key, and its path is not known here', 'ResourceId');
  return [];
}

/** From a Resource up to the API's root. */
function pathOf(value: unknown, template: Template, depth = 0): string | undefined {
  const target = targetOf(value);
  if (!target || depth > 100) return undefined;
  if (target.attribute === 'RootResourceId') return '/';
  const resource = template.resources.get(target.resource);
  if (resource?.type !== 'Resource' || typeof resource.values.PathPart !== 'string') return undefined;
  const parent = pathOf(resource.values.ParentId, template, depth + 1);
  return parent === undefined ? undefined : resourcePath(`${parent}/${resource.values.PathPart}`);
}
