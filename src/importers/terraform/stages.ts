/** aws_api_gateway_stage, the stage that an aws_api_gateway_deployment makes, and aws_api_gateway_method_settings. */
import type { Json } from '../../core/model/model.ts';
import { isRedeployTrick } from '../../manifest-writer/stage-variables.ts';
import { defined, type Fields, isRecord, withheldIn } from '../common/fields.ts';
import { readThrottle } from '../common/limits.ts';
import { parseThrottleKey } from '../common/methods.ts';
import type { ManifestDocument, RestApi } from '../common/model.ts';
import { isUnresolved } from '../common/unresolved.ts';
import { blocksOf, onlyBlock, type Resource, restApiOf, type Terraform } from './resources.ts';
import { placeOf, regionOf, tagsOf, textsOf } from './tags.ts';

/** The documents of stages, by `stageKey`. */
export type StageDocuments = ReadonlyMap<string, ManifestDocument>;

export function stageKey(restApi: RestApi, stageName: string): string {
  return JSON.stringify([restApi, stageName]);
}

interface StageParts {
  readonly restApi: RestApi;
  readonly stageName: string;
  /** A stage of its own, one that a deployment makes, or nothing but settings of one. */
  readonly resource: Resource;
  readonly settings: readonly Resource[];
}

export function translateStages(terraform: Terraform): StageDocuments {
  const stages = new Map<string, StageParts>();
  const add = (resource: Resource, isSettings: boolean) => {
    if (resource.type.endsWith('deployment') && !resource.values.stage_name) return;
    const restApi = restApiOf(terraform, resource, 'rest_api_id');
    const stageName = restApi && resource.text('stage_name');
    if (!restApi || !stageName) return;
    const key = stageKey(restApi, stageName);
    const before = stages.get(key);
    if (before && !isSettings) {
      const message = `the stage ${stageName} is declared by ${before.resource.address} as well, and each deployment overwrites its variables; one of them should go`;
      resource.report('NOT_TRANSLATED', message, 'stage_name');
      return;
    }
    const parts = before ?? { restApi, stageName, resource, settings: [] };
    stages.set(key, isSettings ? { ...parts, settings: [...parts.settings, resource] } : parts);
  };
  for (const resource of [...terraform.ofType('stage'), ...terraform.ofType('deployment')])
    add(resource, false);
  for (const resource of terraform.ofType('method_settings')) add(resource, true);
  return new Map(
    [...stages].flatMap(([key, parts]) =>
      translateStage(parts, terraform).map((document) => [key, document] as const),
    ),
  );
}

/** A document for each stage whose settings are declared. One without any is only referred to. */
function translateStage(
  { restApi, stageName, resource, settings }: StageParts,
  terraform: Terraform,
): ManifestDocument[] {
  const isOwn = resource.type.endsWith('_stage');
  const isImplicit = resource.type.endsWith('_deployment');
  if (isImplicit) {
    const message = `the stage ${stageName} is made by the deployment and stays its own; a Stage document claims only the settings that it names`;
    resource.report('STAGE_OF_DEPLOYMENT', message, 'stage_name');
  }
  const methodSettings = settings.flatMap((one) => methodSettingsOf(one, terraform));
  const implicit = isImplicit ? bornSettings(resource) : {};
  const own = isOwn ? ownSettings(resource) : implicit;
  const spec = { ...own, ...(methodSettings.length > 0 && { methodSettings }) };
  if (!isOwn && Object.keys(spec).length === 0) return [];
  const api = 'name' in restApi ? restApi.name : restApi.id;
  const named = terraform.find('rest_api', resource.values.rest_api_id)?.values.name;
  const comment = isOwn
    ? 'Terraform goes on deploying to this stage: have it ignore changes of the settings that are named here, or delete this document'
    : 'Terraform goes on making this stage: take the settings that are named here out of it, or delete this document';
  return [
    {
      kind: 'Stage',
      name: terraform.nameDocument(
        'Stage',
        `${typeof named === 'string' ? named : api}-${stageName}`,
      ),
      spec: { restApi, stageName, ...(isOwn && { deployment: 'latest' }), ...spec },
      ...regionOf(resource),
      ...withheldIn(resource, {
        variables: 'variables',
        description: isImplicit ? 'stage_description' : 'description',
      }),
      source: resource.at(),
      address: resource.address,
      comments: [...placeOf(resource), comment],
    },
  ];
}

function ownSettings(resource: Resource): Record<string, Json> {
  for (const name of ['canary_settings', 'documentation_version']) {
    const value = resource.values[name];
    if (value !== undefined && value !== null && value !== '' && blocksOf(value).length > 0) {
      resource.report(
        'NOT_TRANSLATED',
        `${name} has no place in a Stage document, and stays as it is`,
        name,
      );
    }
  }
  return defined({
    variables: variablesOf(resource),
    description: resource.text('description') || undefined,
    tracingEnabled: resource.boolean('xray_tracing_enabled'),
    accessLog: accessLogOf(resource),
    cacheCluster: cacheClusterOf(resource),
    clientCertificateId: resource.text('client_certificate_id') || undefined,
    tags: tagsOf(resource),
  });
}

/** What a deployment says of the stage that it makes. */
function bornSettings(resource: Resource): Record<string, Json> {
  return defined({
    variables: variablesOf(resource),
    description: resource.text('stage_description') || undefined,
  });
}

function variablesOf(resource: Resource): Json | undefined {
  const map = onlyBlock(resource.values.variables);
  const hidden = isRecord(map)
    ? Object.keys(map).filter((name) => isUnresolved(map[name]) && isRedeployTrick(name, undefined))
    : [];
  const known = isRecord(map)
    ? Object.fromEntries(Object.entries(map).filter(([name]) => !hidden.includes(name)))
    : map;
  const texts = Object.entries(textsOf({ ...resource, values: { variables: known } }, 'variables'));
  const tricks = texts
    .filter(([name, value]) => isRedeployTrick(name, value))
    .map(([name]) => name);
  for (const name of [...hidden, ...tricks]) {
    const message = `the stage variable ${name} seems to be there only to force a deployment, and is left out; if the API reads it, write it into spec.variables`;
    resource.report('REDEPLOY_VARIABLE', message, 'variables', name);
  }
  // An empty text is none: the service refuses it.
  const kept = texts.filter(([name, value]) => value !== '' && !tricks.includes(name));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

function accessLogOf(resource: Resource): Json | undefined {
  const fields = resource.within(
    onlyBlock(resource.values.access_log_settings),
    'access_log_settings',
  );
  // The ARN of a log group ends with `:*` in some versions of the provider, and without as the stage has it.
  const destinationArn = fields.text('destination_arn')?.replace(/:\*$/, '');
  const format = fields.text('format');
  return destinationArn === undefined || format === undefined
    ? undefined
    : { destinationArn, format };
}

function cacheClusterOf(resource: Resource): Json | undefined {
  const enabled = resource.boolean('cache_cluster_enabled');
  const size = resource.text('cache_cluster_size');
  if (enabled === undefined) return undefined;
  return { enabled, ...(enabled && size && { size }) };
}

function methodSettingsOf(resource: Resource, { findings }: Terraform): Json[] {
  const written = resource.text('method_path');
  const method = written === undefined ? undefined : parseThrottleKey(written);
  if (written === undefined || !method) return [];
  // The provider sends it as it is; a path of several parts must be one, with ~1 for each slash.
  if (written.replace(/^\//, '').split('/').length > 2) {
    const message =
      'a path of several parts without ~1 for its slashes had no effect in some versions of the provider; see whether it is live before it is adopted';
    resource.report('METHOD_PATH', message, 'method_path');
  }
  const fields = resource.within(onlyBlock(resource.values.settings), 'settings');
  const throttle = readThrottle(
    limitOf(fields, 'throttling_rate_limit'),
    limitOf(fields, 'throttling_burst_limit'),
    fields.at(),
    fields.what,
  );
  findings.push(...throttle.findings);
  const setting = defined({
    throttle: throttle.value,
    metricsEnabled: fields.boolean('metrics_enabled'),
    logging: group({
      level: fields.text('logging_level')?.toUpperCase() || undefined,
      dataTrace: fields.boolean('data_trace_enabled'),
    }),
    caching: group({
      enabled: fields.boolean('caching_enabled'),
      ttlInSeconds: fields.number('cache_ttl_in_seconds'),
      dataEncrypted: fields.boolean('cache_data_encrypted'),
      requireAuthorizationForCacheControl: fields.boolean(
        'require_authorization_for_cache_control',
      ),
      unauthorizedCacheControlHeaderStrategy:
        fields.text('unauthorized_cache_control_header_strategy') || undefined,
    }),
  });
  return Object.keys(setting).length > 0 ? [{ ...method, ...setting }] : [];
}

/** -1 is the provider's word for no limit. */
function limitOf(fields: Fields, name: string): number | undefined {
  const limit = fields.number(name);
  return limit === -1 ? undefined : limit;
}

function group(fields: Readonly<Record<string, Json | undefined>>): Json | undefined {
  const all = defined(fields);
  return Object.keys(all).length > 0 ? all : undefined;
}
