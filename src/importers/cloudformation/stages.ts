/** AWS::ApiGateway::Stage, and the stages that a Deployment makes. */
import type { Json } from '../../core/model/model.ts';
import { isRedeployTrick } from '../../manifest-writer/stage-variables.ts';
import { defined, type Fields, isRecord, tagsOf, withheldIn } from '../common/fields.ts';
import { readThrottle } from '../common/limits.ts';
import { resourcePath } from '../common/methods.ts';
import type { ManifestDocument, RestApi } from '../common/model.ts';
import { unresolvedIn } from '../common/unresolved.ts';
import { type Resource, restApiOf, stageNameOf, type Template } from './resources.ts';

/** The documents of stages, by `stageKey`. */
export type StageDocuments = ReadonlyMap<string, ManifestDocument>;

export function stageKey(restApi: RestApi, stageName: string): string {
  return JSON.stringify([restApi, stageName]);
}

/** A document for each stage whose settings are written in the template. One without any is only referred to. */
export function translateStages(template: Template): StageDocuments {
  const documents = new Map<string, ManifestDocument>();
  const stages = [
    ...template.ofType('Stage'),
    ...template.ofType('Deployment').filter(({ values }) => values.StageName !== undefined),
  ];
  for (const resource of stages) {
    const isDescribed = resource.type === 'Deployment';
    const settings = isDescribed
      ? resource.within(resource.values.StageDescription, 'StageDescription')
      : resource;
    const spec = settingsOf(settings, template);
    const withheld = withheldIn(settings, { variables: 'Variables', description: 'Description' });
    if (Object.keys(spec).length === 0) continue;
    const restApi = restApiOf(template, resource, 'RestApiId');
    const stageName = restApi && stageNameOf(template, resource, 'StageName');
    if (!restApi || stageName === undefined) continue;
    const key = stageKey(restApi, stageName);
    if (documents.has(key)) continue;
    const bornWith = isDescribed ? 'the deployment' : resource.madeBy;
    if (bornWith !== undefined)
      resource.report(
        'STAGE_OF_DEPLOYMENT',
        `the stage ${stageName} is made by ${bornWith}, and stays its own`,
        'StageName',
      );
    documents.set(key, toDocument(resource, template, { restApi, stageName, spec, withheld }));
  }
  return documents;
}

interface Stage {
  readonly restApi: RestApi;
  readonly stageName: string;
  readonly spec: Readonly<Record<string, Json>>;
  readonly withheld: Pick<ManifestDocument, 'withheld'>;
}

function toDocument(
  resource: Resource,
  template: Template,
  { restApi, stageName, spec, withheld }: Stage,
): ManifestDocument {
  const api = 'name' in restApi ? restApi.name : restApi.id;
  return {
    kind: 'Stage',
    name: template.nameDocument('Stage', `${api}-${stageName}`),
    manager: template.manager,
    spec: { restApi, stageName, ...spec },
    ...withheld,
    source: resource.at(),
    address: resource.id,
    comments: [
      'the template goes on making this stage: take the settings that are named here out of it, or delete this document',
    ],
  };
}

function settingsOf(fields: Fields, template: Template): Record<string, Json> {
  for (const name of ['CanarySetting', 'DocumentationVersion']) {
    if (fields.values[name] !== undefined)
      fields.report(
        'NOT_TRANSLATED',
        `${name} has no place in a Stage document, and stays as it is`,
        name,
      );
  }
  return defined({
    variables: variablesOf(fields),
    methodSettings: methodSettingsOf(fields, template),
    description: fields.text('Description'),
    tracingEnabled: fields.boolean('TracingEnabled'),
    accessLog: accessLogOf(fields),
    cacheCluster: cacheClusterOf(fields),
    clientCertificateId: fields.text('ClientCertificateId'),
    tags: tagsOf(fields),
  });
}

/** Each variable on its own: one that isn't known doesn't keep the others out. */
function variablesOf(fields: Fields): Json | undefined {
  const { Variables } = fields.values;
  if (!isRecord(Variables)) {
    fields.known('Variables');
    return undefined;
  }
  const inner = fields.within(Variables, 'Variables');
  const variables = Object.keys(Variables).flatMap((name) => {
    const value =
      unresolvedIn(Variables[name]).length > 0 && isRedeployTrick(name, undefined)
        ? ''
        : inner.text(name);
    if (value === undefined) return [];
    if (!isRedeployTrick(name, value)) return [[name, value] as const];
    const message = `the stage variable ${name} seems to be there only to force a deployment, and is left out; if the API reads it, write it into spec.variables`;
    inner.report('REDEPLOY_VARIABLE', message, name);
    return [];
  });
  return variables.length > 0 ? Object.fromEntries(variables) : undefined;
}

function methodSettingsOf(fields: Fields, template: Template): Json | undefined {
  const list = fields.values.MethodSettings;
  if (!Array.isArray(list)) {
    fields.known('MethodSettings');
    // Of a Deployment's stage they are fields of the description itself.
    const own = methodSetting(fields, template);
    return Object.keys(own).length > 0 ? [{ method: '*', path: '/*', ...own }] : undefined;
  }
  const settings = list.flatMap((entry: unknown, index): Json[] => {
    const inner = fields.within(entry, 'MethodSettings', index);
    const setting = methodSetting(inner, template);
    const method = (inner.text('HttpMethod') ?? '*').toUpperCase();
    const path = resourcePath(inner.text('ResourcePath') ?? '/*');
    return Object.keys(setting).length > 0 ? [{ method, path, ...setting }] : [];
  });
  return settings.length > 0 ? settings : undefined;
}

function methodSetting(fields: Fields, { findings }: Template): Record<string, Json> {
  const throttle = readThrottle(
    fields.number('ThrottlingRateLimit'),
    fields.number('ThrottlingBurstLimit'),
    fields.at(),
    fields.what,
  );
  findings.push(...throttle.findings);
  const logging = defined({
    level: fields.text('LoggingLevel')?.toUpperCase(),
    dataTrace: fields.boolean('DataTraceEnabled'),
  });
  const caching = defined({
    enabled: fields.boolean('CachingEnabled'),
    ttlInSeconds: fields.number('CacheTtlInSeconds'),
    dataEncrypted: fields.boolean('CacheDataEncrypted'),
  });
  return defined({
    throttle: throttle.value,
    metricsEnabled: fields.boolean('MetricsEnabled'),
    logging: Object.keys(logging).length > 0 ? logging : undefined,
    caching: Object.keys(caching).length > 0 ? caching : undefined,
  });
}

function accessLogOf(fields: Fields): Json | undefined {
  if (fields.values.AccessLogSetting === undefined) return undefined;
  const inner = fields.within(fields.values.AccessLogSetting, 'AccessLogSetting');
  // The ARN of a log group ends with `:*` as CloudFormation gives it, and without as the stage has it.
  const destinationArn = inner.text('DestinationArn')?.replace(/:\*$/, '');
  const format = inner.text('Format');
  return destinationArn === undefined || format === undefined
    ? undefined
    : { destinationArn, format };
}

function cacheClusterOf(fields: Fields): Json | undefined {
  const enabled = fields.boolean('CacheClusterEnabled');
  const size = fields.text('CacheClusterSize');
  if (enabled === undefined) return undefined;
  return { enabled, ...(enabled && size !== undefined && { size }) };
}
