/** AWS::Serverless::Api as SAM expands it: an API, its stage, its methods, and the key and plan of `Auth.UsagePlan`. */

import { booleanOf, isRecord } from '../common/fields.ts';
import { type Finding, finding } from '../common/model.ts';
import type { Path, Source } from '../common/source.ts';
import { isUnresolved, unresolvedIn } from '../common/unresolved.ts';
import type { Evaluation } from './values.ts';

type Properties = Readonly<Record<string, unknown>>;

/** A resource as a template writes it, or as SAM would. */
export interface Declared {
  readonly id: string;
  readonly type: string;
  readonly properties: Properties;
  /** Where its properties are. */
  readonly path: Path;
  readonly condition?: unknown;
  /** The AWS::Serverless::Api that it is made for. */
  readonly madeBy?: string;
  /** Of a method: what says in the source that it demands a key, if not the property itself. */
  readonly keyWord?: string;
}

interface Context {
  readonly source: Source;
  /** Where the template is in the file. */
  readonly path: Path;
  readonly evaluation: Evaluation;
  readonly findings: Finding[];
}

/** An API of SAM, with the template's globals. */
interface Api {
  readonly id: string;
  readonly properties: Properties;
  readonly path: Path;
}

/** The API of the events that name none: it is not written in the template. */
export const IMPLICIT = 'ServerlessRestApi';
const STAGE_PROPERTIES = [
  'StageName',
  'Variables',
  'MethodSettings',
  'AccessLogSetting',
  'TracingEnabled',
  'CacheClusterEnabled',
  'CacheClusterSize',
  'CanarySetting',
];
const PLAN_PROPERTIES = ['UsagePlanName', 'Description', 'Quota', 'Throttle', 'Tags'];

/** The resources that SAM would add to the declared ones. */
export function expandServerless(declared: readonly Declared[], context: Context): Declared[] {
  const globals = isRecord(context.evaluation.section('Globals').Api)
    ? (context.evaluation.section('Globals').Api as Properties)
    : {};
  const events = declared.flatMap(apiEvents);
  const apis: Api[] = declared
    .filter(({ type }) => type === 'AWS::Serverless::Api')
    .map(({ id, properties, path }) => ({
      id,
      path,
      properties: merge(globals, properties) as Properties,
    }));
  if (events.some(({ api }) => api === IMPLICIT) && !apis.some(({ id }) => id === IMPLICIT)) {
    apis.push({
      id: IMPLICIT,
      path: [...context.path, 'Globals', 'Api'],
      properties: merge({ StageName: 'Prod' }, globals) as Properties,
    });
  }
  for (const api of apis) warnOfPreflight(api, context);
  return [
    ...apis.flatMap((api) => [restApi(api), stage(api)]),
    ...events.map(method),
    ...plans(apis, context),
  ];
}

/** SAM's default, as its documentation of ApiAuth has it. */
function warnOfPreflight({ id, properties, path }: Api, { source, findings }: Context): void {
  const { ApiKeyRequired, AddApiKeyRequiredToCorsPreflight } = authOf(properties);
  if (
    properties.Cors === undefined ||
    booleanOf(ApiKeyRequired) !== true ||
    booleanOf(AddApiKeyRequiredToCorsPreflight) === false
  )
    return;
  const message = `${id}: SAM has the OPTIONS methods that it makes for Cors demand a key too, and a browser's preflight carries none: no manifest says so; set AddApiKeyRequiredToCorsPreflight: false if browsers are to call the API`;
  findings.push(finding('NOT_TRANSLATED', source.at([...path, 'Cors']), message));
}

interface ApiEvent {
  readonly api: string;
  readonly id: string;
  readonly properties: Properties;
  readonly path: Path;
}

/** The events of functions and state machines that are methods of an API. */
function apiEvents({ id, type, properties, path }: Declared): ApiEvent[] {
  if (type !== 'AWS::Serverless::Function' && type !== 'AWS::Serverless::StateMachine') return [];
  if (!isRecord(properties.Events)) return [];
  return Object.entries(properties.Events).flatMap(([name, event]) => {
    if (!isRecord(event) || event.Type !== 'Api' || !isRecord(event.Properties)) return [];
    const { RestApiId } = event.Properties;
    const api = isRecord(RestApiId) ? RestApiId.Ref : (RestApiId ?? IMPLICIT);
    return [
      {
        api: String(api),
        id: `${id}${name}`,
        properties: event.Properties,
        path: [...path, 'Events', name, 'Properties'],
      },
    ];
  });
}

function restApi({ id, properties, path }: Api): Declared {
  const { Name, DefinitionBody, DefinitionUri, ApiKeySourceType } = properties;
  // The title of a body that SAM writes itself is the stack's name.
  const name =
    Name ??
    (DefinitionBody === undefined && DefinitionUri === undefined
      ? { Ref: 'AWS::StackName' }
      : undefined);
  const ApiKeyRequired = authOf(properties).ApiKeyRequired;
  return {
    id,
    type: 'AWS::ApiGateway::RestApi',
    path,
    properties: {
      Name: name,
      Body: DefinitionBody,
      BodyS3Location: DefinitionUri,
      ApiKeySourceType,
      ApiKeyRequired,
    },
    madeBy: id,
  };
}

function stage({ id, properties, path }: Api): Declared {
  const { StageName, Tags } = properties;
  const name = typeof StageName === 'string' && /^[A-Za-z0-9]+$/.test(StageName) ? StageName : '';
  const own = Object.fromEntries(
    STAGE_PROPERTIES.flatMap((key) =>
      properties[key] === undefined ? [] : [[key, properties[key]]],
    ),
  );
  const tags = isRecord(Tags)
    ? Object.entries(Tags).map(([Key, Value]) => ({ Key, Value }))
    : undefined;
  return {
    id: `${id}${name}Stage`,
    type: 'AWS::ApiGateway::Stage',
    path,
    properties: { ...own, RestApiId: { Ref: id }, Tags: tags },
    madeBy: id,
  };
}

function method({ api, id, properties, path }: ApiEvent): Declared {
  const { ApiKeyRequired } = authOf(properties);
  const own = {
    RestApiId: { Ref: api },
    HttpMethod: properties.Method,
    ResourcePath: properties.Path,
    ApiKeyRequired,
  };
  return { id, type: 'AWS::ApiGateway::Method', path, properties: own, madeBy: api };
}

/** One key and plan per API, or one for all that share; of those the last says what the plan is. */
function plans(apis: readonly Api[], context: Context): Declared[] {
  const wishes = apis.map((api) => ({ api, wish: wishOf(api, context) }));
  const shared = wishes.filter(({ wish }) => wish === 'SHARED').map(({ api }) => api);
  return [
    ...wishes
      .filter(({ wish }) => wish === 'PER_API')
      .flatMap(({ api }) => keyAndPlan(api.id, api, [api])),
    ...shared.slice(-1).flatMap((last) => keyAndPlan('Serverless', last, shared)),
  ];
}

function wishOf({ id, properties, path }: Api, { source, evaluation, findings }: Context): string {
  const plan = authOf(properties).UsagePlan;
  if (!isRecord(plan)) return 'NONE';
  const wish = evaluation.text(plan.CreateUsagePlan);
  const at = source.at([...path, 'Auth', 'UsagePlan', 'CreateUsagePlan']);
  if (isUnresolved(wish))
    findings.push(
      finding('UNRESOLVED', at, `${id}: its plan is left out; ${unresolvedIn(wish).join('; ')}`),
    );
  else if (!['PER_API', 'SHARED', 'NONE'].includes(wish)) {
    findings.push(
      finding(
        'NOT_ALLOWED',
        at,
        `${id}: its plan is left out, since CreateUsagePlan is none of PER_API, SHARED and NONE`,
      ),
    );
  }
  return isUnresolved(wish) ? 'NONE' : wish;
}

function keyAndPlan(prefix: string, { properties, path }: Api, apis: readonly Api[]): Declared[] {
  const written = authOf(properties).UsagePlan as Properties;
  const own = Object.fromEntries(
    PLAN_PROPERTIES.flatMap((key) => (written[key] === undefined ? [] : [[key, written[key]]])),
  );
  const ApiStages = apis.map((api) => ({
    ApiId: { Ref: api.id },
    Stage: { Ref: `${api.id}.Stage` },
  }));
  const declare = (type: string, rest: Properties): Declared => ({
    id: `${prefix}${type}`,
    type: `AWS::ApiGateway::${type}`,
    path: [...path, 'Auth', 'UsagePlan'],
    properties: rest,
    // An API that is written can be told to retain them, and one that tells so is enough.
    madeBy: apis.find((api) => api.id !== IMPLICIT)?.id ?? IMPLICIT,
  });
  return [
    declare('UsagePlan', { ...own, ApiStages }),
    declare('ApiKey', { Enabled: true }),
    declare('UsagePlanKey', {
      KeyId: { Ref: `${prefix}ApiKey` },
      KeyType: 'API_KEY',
      UsagePlanId: { Ref: `${prefix}UsagePlan` },
    }),
  ];
}

function authOf(properties: Properties): Properties {
  return isRecord(properties.Auth) ? properties.Auth : {};
}

/** Globals below what a resource says itself: mappings are merged, lists joined, all else replaced. */
function merge(globals: unknown, own: unknown): unknown {
  if (own === undefined) return globals;
  if (Array.isArray(globals) && Array.isArray(own)) return [...globals, ...own];
  if (!isRecord(globals) || !isRecord(own) || isFunction(globals) || isFunction(own)) return own;
  return {
    ...globals,
    ...Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, merge(globals[key], value)]),
    ),
  };
}

function isFunction(value: Properties): boolean {
  const [name = '', ...others] = Object.keys(value);
  return others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
}
