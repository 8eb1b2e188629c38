/** Which methods demand a key: aws_api_gateway_method, and the OpenAPI body of an aws_api_gateway_rest_api. */

import { compact } from '../../core/model/compact.ts';
import { booleanOf, textOf } from '../common/fields.ts';
import { isDemanding } from '../common/key-requirements.ts';
import { resourcePath } from '../common/methods.ts';
import type { RequiredMethod, Requirement } from '../common/model.ts';
import { BODY_WORD, requiredMethods } from '../common/openapi.ts';
import { readSource } from '../common/source.ts';
import { isUnresolved, unresolvedIn } from '../common/unresolved.ts';
import { type Resource, restApiOf, type Terraform, targetOf } from './resources.ts';
import { placeOf, regionOf } from './tags.ts';

const WORD = 'api_key_required';

/** One requirement per API that has methods here. */
export function translateMethods(terraform: Terraform): Requirement[] {
  const keyOf = (value: unknown) =>
    terraform.find('rest_api', value)?.address ?? textOf(value) ?? unresolvedIn(value).join('; ');
  const methods = Map.groupBy(terraform.ofType('method'), ({ values }) =>
    keyOf(values.rest_api_id),
  );
  const apis = terraform.ofType('rest_api');
  const ofApis = apis.map((api) => ofApi(api, methods.get(api.address) ?? [], terraform));
  const elsewhere = [...methods].filter(([key]) => !apis.some(({ address }) => address === key));
  return [
    ...ofApis,
    ...elsewhere.flatMap(([api, [first, ...others]]) =>
      first ? [ofElsewhere(api, [first, ...others], terraform)] : [],
    ),
  ].filter((requirement) => requirement.methods.length > 0);
}

function ofApi(api: Resource, methods: readonly Resource[], terraform: Terraform): Requirement {
  const own = methods.flatMap((method) => ofMethod(method, terraform));
  const found = [...ofBody(api), ...own];
  const name =
    isDemanding({ methods: found }) && api.id === undefined ? api.text('name') : api.values.name;
  const named = typeof name === 'string' ? { name } : undefined;
  const restApi = api.id !== undefined ? { id: api.id } : named;
  const { api_key_source: source } = api.values;
  return compact({
    restApi,
    address: api.address,
    label: typeof name === 'string' ? name : api.label,
    word: isDemanding({ methods: own }) ? WORD : BODY_WORD,
    comments: placeOf(api),
    ...regionOf(api),
    // State has the default too, whoever wrote it.
    ...((source === 'AUTHORIZER' || (source === 'HEADER' && api.id === undefined)) && {
      apiKeySource: source,
    }),
    methods: found,
    source: api.at(),
  });
}

function ofBody(api: Resource): RequiredMethod[] {
  const { body } = api.values;
  if (typeof body === 'string' && body !== '') {
    const source = readSource(api.at('body').file, body);
    if (!('code' in source)) return requiredMethods(source.value);
  }
  if (isUnresolved(body) || (typeof body === 'string' && body !== '')) {
    api.report(
      'NOT_TRANSLATED',
      "the methods are in an OpenAPI body that can't be read here; whether they demand a key is not known",
      'body',
    );
  }
  return [];
}

/** Methods of an API that is declared elsewhere. */
function ofElsewhere(
  api: string,
  methods: readonly [Resource, ...Resource[]],
  terraform: Terraform,
): Requirement {
  const [first] = methods;
  const restApi = methods.some(isRequired) ? restApiOf(terraform, first, 'rest_api_id') : undefined;
  const name = terraform.find('rest_api', first.values.rest_api_id)?.values.name;
  return compact({
    restApi,
    address: restApi ? api : first.address,
    label: typeof name === 'string' ? name : api,
    word: WORD,
    comments: placeOf(first),
    ...regionOf(first),
    methods: methods.flatMap((method) => ofMethod(method, terraform)),
    source: first.at(),
  });
}

function isRequired({ values }: Resource): boolean {
  return booleanOf(values.api_key_required) === true;
}

function ofMethod(resource: Resource, terraform: Terraform): RequiredMethod[] {
  const { http_method: written, resource_id } = resource.values;
  const required = booleanOf(resource.known('api_key_required'));
  // State has the default too, whoever wrote it.
  const word =
    required === undefined || (required === false && resource.id !== undefined)
      ? {}
      : { apiKeyRequired: required };
  const path = pathOf(resource_id, resource.values.rest_api_id, terraform);
  if (typeof written === 'string' && path !== undefined) {
    return [{ method: written.toUpperCase(), path, ...word, at: resource.at('api_key_required') }];
  }
  if (required)
    resource.report(
      'UNRESOLVED',
      'a method demands a key, and its path is not known here',
      'resource_id',
    );
  return [];
}

/** From a resource up to the API's root. State has the whole path. */
function pathOf(
  id: unknown,
  restApi: unknown,
  terraform: Terraform,
  depth = 0,
): string | undefined {
  const api = terraform.find('rest_api', restApi);
  if (
    targetOf(id)?.attribute === 'root_resource_id' ||
    (typeof id === 'string' && id === api?.values.root_resource_id)
  )
    return '/';
  const resource = terraform.find('resource', id);
  if (!resource || depth > 100) return undefined;
  const { path, path_part: part, parent_id: parent } = resource.values;
  if (typeof path === 'string') return resourcePath(path);
  const above =
    typeof part === 'string' ? pathOf(parent, restApi, terraform, depth + 1) : undefined;
  return above === undefined ? undefined : resourcePath(`${above}/${String(part)}`);
}
