/** Which methods demand a key: AWS::ApiGateway::Method, an API's OpenAPI body, and what SAM makes of events. */

import { compact } from '../../core/model/compact.ts';
import { booleanOf, isRecord, textOf } from '../common/fields.ts';
import { isDemanding } from '../common/key-requirements.ts';
import { resourcePath } from '../common/methods.ts';
import type { RequiredMethod, Requirement } from '../common/model.ts';
import { BODY_WORD, requiredMethods } from '../common/openapi.ts';
import { isUnresolved, targetOf, unresolvedIn } from '../common/unresolved.ts';
import { type Resource, referredApi, restApiOf, soleName, type Template } from './resources.ts';

/** One requirement per API that has methods here. */
export function translateMethods(template: Template): Requirement[] {
  const methods = Map.groupBy(template.ofType('Method'), ({ values }) => nameOf(values.RestApiId));
  const apis = template.ofType('RestApi');
  const elsewhere = [...methods].filter(([id]) => !apis.some((api) => api.id === id));
  return [
    ...apis.map((api) => ofApi(api, methods.get(api.id) ?? [], template)),
    ...elsewhere.flatMap(([id, [first, ...others]]) =>
      first ? [ofElsewhere(id, [first, ...others], template)] : [],
    ),
  ].filter(({ methods, apiKeyRequired }) => methods.length > 0 || apiKeyRequired !== undefined);
}

/** What tells APIs apart, known or not. */
function nameOf(restApi: unknown): string {
  return targetOf(restApi)?.resource ?? textOf(restApi) ?? unresolvedIn(restApi).join('; ');
}

function ofApi(api: Resource, methods: readonly Resource[], template: Template): Requirement {
  const isDefault = booleanOf(api.known('ApiKeyRequired')) === true;
  const own = {
    ...(isDefault && { apiKeyRequired: true }),
    methods: methods.flatMap((method) => ofMethod(method, template)),
  };
  const found = { ...own, methods: [...ofBody(api), ...own.methods] };
  const restApi = isDemanding(found) ? referredApi(template, api) : undefined;
  const source = isDemanding(found) ? api.text('ApiKeySourceType')?.toUpperCase() : undefined;
  return compact({
    ...commonOf(methods, template),
    ...found,
    ...(!isDemanding(own) && { word: BODY_WORD }),
    restApi,
    address: api.id,
    label: soleName(template, api) ?? api.id,
    ...((source === 'HEADER' || source === 'AUTHORIZER') && { apiKeySource: source }),
    source: api.at(),
  });
}

function ofBody(api: Resource): RequiredMethod[] {
  const { Body, BodyS3Location } = api.values;
  const paths = isRecord(Body) ? Body.paths : Body;
  if (isUnresolved(paths) || (Body === undefined && BodyS3Location !== undefined)) {
    api.report(
      'NOT_TRANSLATED',
      "the methods are in an OpenAPI body that can't be read here; whether they demand a key is not known",
      Body === undefined ? 'BodyS3Location' : 'Body',
    );
  }
  return requiredMethods(Body);
}

/** Methods of an API that another stack has. */
function ofElsewhere(
  api: string,
  methods: readonly [Resource, ...Resource[]],
  template: Template,
): Requirement {
  const [first] = methods;
  const restApi = methods.some(isRequired) ? restApiOf(template, first, 'RestApiId') : undefined;
  return compact({
    ...commonOf(methods, template),
    restApi,
    address: restApi ? api : first.id,
    label: api,
    methods: methods.flatMap((method) => ofMethod(method, template)),
    source: first.at(),
  });
}

function commonOf(methods: readonly Resource[], { manager }: Template) {
  return { manager, word: methods.find(isRequired)?.keyWord ?? 'ApiKeyRequired', comments: [] };
}

function isRequired({ values }: Resource): boolean {
  return booleanOf(values.ApiKeyRequired) === true;
}

function ofMethod(resource: Resource, template: Template): RequiredMethod[] {
  const { values } = resource;
  const apiKeyRequired = booleanOf(resource.known('ApiKeyRequired'));
  const method =
    typeof values.HttpMethod === 'string' ? values.HttpMethod.toUpperCase() : undefined;
  const path =
    typeof values.ResourcePath === 'string'
      ? resourcePath(values.ResourcePath)
      : pathOf(values.ResourceId, template);
  if (method !== undefined && path !== undefined) {
    return [
      compact({
        method,
        path,
        apiKeyRequired,
        at: resource.at('ApiKeyRequired'),
      }),
    ];
  }
  if (apiKeyRequired)
    resource.report(
      'UNRESOLVED',
      'a method demands a key, and its path is not known here',
      'ResourceId',
    );
  return [];
}

/** From a Resource up to the API's root. */
function pathOf(value: unknown, template: Template, depth = 0): string | undefined {
  const target = targetOf(value);
  if (!target || depth > 100) return undefined;
  if (target.attribute === 'RootResourceId') return '/';
  const resource = template.resources.get(target.resource);
  if (resource?.type !== 'Resource' || typeof resource.values.PathPart !== 'string')
    return undefined;
  const parent = pathOf(resource.values.ParentId, template, depth + 1);
  return parent === undefined ? undefined : resourcePath(`${parent}/${resource.values.PathPart}`);
}
