/** `import serverless`: a Serverless Framework file, in YAML or JSON. */
import { translateTemplate } from './cloudformation.ts';
import { declaredIn } from './cloudformation-resources.ts';
import type { TemplateOptions } from './cloudformation-values.ts';
import { isRecord, textOf } from './fields.ts';
import { finish } from './finish.ts';
import { retainInServerless } from './hand-over.ts';
import { type Finding, type FindingCode, finding, type Imported } from './model.ts';
import type { Declared } from './sam.ts';
import { methodsOf } from './serverless-events.ts';
import { generate, MADE_BY, type Property } from './serverless-keys.ts';
import { createVariables, type VariableOptions, type Variables } from './serverless-variables.ts';
import { isWithin, readVersions, type Versions, version } from './serverless-version.ts';
import { type Path, readSource, type Source } from './source.ts';
import { isUnresolved, unresolvedIn } from './unresolved.ts';

export interface ServerlessOptions extends VariableOptions {
  /** Names the file in findings. */
  readonly file: string;
  /** Of CloudFormation, for the file's own resources: see `TemplateOptions`. */
  readonly parameters: TemplateOptions['parameters'];
  /** The version that deployed last, or a range of them; absent: what the file says. */
  readonly frameworkVersion?: string;
}

type Properties = Readonly<Record<string, unknown>>;

/** All that the parts of the translation share. */
interface Service {
  readonly source: Source;
  readonly root: Properties;
  readonly provider: Properties;
  readonly variables: Variables;
  readonly versions: Versions | undefined;
  readonly service: unknown;
  readonly stage: unknown;
  readonly parameters: TemplateOptions['parameters'];
  readonly findings: Finding[];
  readonly report: (code: FindingCode, path: Path, message: string) => void;
}

/** What a Serverless file says of one stage. */
export function importServerless(text: string, options: ServerlessOptions): Imported {
  const start = { file: options.file, line: 1 };
  const refuse = (message: string) => ({ documents: [], findings: [finding('UNSUPPORTED_SOURCE', start, message)], requirements: [] });
  if (/\.[cm]?[jt]s$/.test(options.file)) {
    return refuse(
      'a program, which is not run here; give the output of `serverless print`, or .serverless/cloudformation-template-update-stack.json to `import cloudformation` (both may hold key values: keep them out of Git)',
    );
  }
  const source = readSource(options.file, text);
  if ('code' in source) return { documents: [], findings: [source], requirements: [] };
  if (!isRecord(source.value) || !('provider' in source.value))
    return refuse('no Serverless file: it has no provider; give the serverless.yml of a service');
  return translate(readService(source, source.value, options));
}

function readService(source: Source, root: Properties, options: ServerlessOptions): Service {
  const findings: Finding[] = [];
  const report: Service['report'] = (code, path, message) => {
    findings.push(finding(code, source.at(path), message));
  };
  const variables = createVariables(root, options);
  const provider = isRecord(root.provider) ? root.provider : {};
  const name = isRecord(root.service) ? root.service.name : root.service;
  const written = options.frameworkVersion ?? textOf(root.frameworkVersion);
  const versions = written === undefined ? undefined : readVersions(written);
  if (written !== undefined && !versions)
    report('VERSION_UNKNOWN', ['frameworkVersion'], 'the framework version is no version and no range, such as 3.40.0 or >=2.18 <3');
  const stage = variables.stage();
  for (const [path, value] of [
    [['provider', 'stage'], stage],
    [['service'], variables.resolve(name)],
  ] as const) {
    if (isUnresolved(value)) report('UNRESOLVED', path, `${path.join('.')} is part of every name; ${unresolvedIn(value).join('; ')}`);
  }
  const service = variables.resolve(name);
  const own = isUnresolved(service) || isUnresolved(stage) ? undefined : `${textOf(service)}-${textOf(stage)}`;
  const stackName = textOf(variables.resolve(provider.stackName)) ?? own;
  const region = textOf(variables.resolve(provider.region));
  const parameters = { ...(stackName && { 'AWS::StackName': stackName }), ...(region && { 'AWS::Region': region }), ...options.parameters };
  return { source, root, provider, variables, versions, service, stage, parameters, findings, report };
}

function translate(service: Service): Imported {
  const { source, root, variables, findings, report } = service;
  const generated = generatedBy(service);
  const isKept = (path: Path) => path.at(-1) === 'Value' && path.at(-2) === 'Properties';
  const parts = (Array.isArray(root.resources) ? root.resources : [root.resources]).map((part: unknown) => variables.resolve(part, isKept));
  const paths = parts.map((_, index): Path => (Array.isArray(root.resources) ? ['resources', index] : ['resources']));
  parts.forEach((part, index) => {
    if (isUnresolved(part)) report('UNRESOLVED', paths[index] ?? [], `resources are left out; ${unresolvedIn(part).join('; ')}`);
  });
  const own = parts
    .flatMap((part, index) => declaredIn(paths[index] ?? [], part))
    .filter((resource) => !overrides(resource, generated, service));
  const template = joined(parts);
  extended(template, generated, service);
  const declared = [...generated, ...own];
  const { documents, requirements, owned } = translateTemplate({
    source,
    path: ['resources'],
    value: template,
    declared,
    findings,
    parameters: service.parameters,
    originOf: variables.originOf,
  });
  if (documents.length === 0 && findings.length === 0 && requirements.length === 0)
    report('NOTHING_FOUND', [], 'the file declares no key, no plan and no stage setting');
  const ids = (isGenerated: boolean) => owned.filter(({ madeBy }) => (madeBy === MADE_BY) === isGenerated).map(({ id }) => id);
  const handOver = retainInServerless(ids(true), ids(false));
  return finish({ documents, findings, requirements, ...(handOver !== undefined && { handOver }) });
}

/** The resources that the framework makes: the API and its methods, keys, plans and memberships. */
function generatedBy(service: Service): Declared[] {
  const { source, root, variables, versions, stage, findings, report } = service;
  const gateway = gatewayOf(service);
  const restApi = gateway.restApiId === undefined ? { Ref: 'ApiGatewayRestApi' } : variables.resolve(gateway.restApiId);
  const methods = methodsOf(root.functions, { source, variables, restApi, findings });
  const apiKeys = propertyOf('apiKeys', gateway, service);
  const usagePlan = propertyOf('usagePlan', gateway, service);
  warnOfPlugin(service);
  if (methods?.length === 0) {
    if (apiKeys ?? usagePlan)
      report(
        'KEYS_WITHOUT_HTTP',
        (apiKeys ?? usagePlan)?.path ?? [],
        'no function has an http event, so the framework makes nothing of these; are they meant for another service?',
      );
    return [];
  }
  if (gateway.stage !== undefined && (apiKeys ?? usagePlan)) {
    report(
      'STAGE_OVERRIDDEN',
      ['provider', 'apiGateway', 'stage'],
      'keys and plans name the stage that is deployed to (--stage), and not this one; correct stageName in the manifests if the live plan names another',
    );
  }
  const isRead = isPlaceRead(apiKeys ?? usagePlan, service);
  const keys = isRead
    ? generate(apiKeys, usagePlan, {
        source,
        versions,
        service: service.service,
        stage,
        apiStage: { ApiId: restApi, Stage: stage },
        findings,
      })
    : [];
  if (keys.length > 0) {
    report(
      'STAGE_OF_DEPLOYMENT',
      apiKeys?.path ?? usagePlan?.path ?? [],
      "the stage is born with the framework's deployment and stays its own: plans name it, and no document claims it",
    );
  }
  const api = {
    id: 'ApiGatewayRestApi',
    type: 'AWS::ApiGateway::RestApi',
    path: ['service'],
    properties: { Name: apiName(gateway, service), ApiKeySourceType: gateway.apiKeySourceType },
    madeBy: MADE_BY,
  };
  return [...(gateway.restApiId === undefined ? [api] : []), ...(methods ?? []), ...keys];
}

/** `provider.apiGateway`, with a word on what it should not hold. */
function gatewayOf({ provider, variables, report }: Service): Properties {
  const path = ['provider', 'apiGateway'];
  const gateway = typeof provider.apiGateway === 'string' ? variables.resolve(provider.apiGateway) : provider.apiGateway;
  if (Array.isArray(gateway))
    report(
      'WRONG_SHAPE',
      path,
      'apiGateway is a list, and the framework reads a mapping: nothing below it has an effect; take the dashes away',
    );
  if (isUnresolved(gateway)) report('UNRESOLVED', path, `keys and plans may be missing; ${unresolvedIn(gateway).join('; ')}`);
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
function propertyOf(name: 'apiKeys' | 'usagePlan', gateway: Properties, { provider, variables }: Service): Property | undefined {
  const isLegacy = gateway[name] === undefined || gateway[name] === null;
  const written = isLegacy ? provider[name] : gateway[name];
  if (written === undefined || written === null) return undefined;
  const value = variables.resolve(written, (path) => path.at(-1) === 'value');
  return { value, path: isLegacy ? ['provider', name] : ['provider', 'apiGateway', name], isLegacy };
}

/** Whether the framework reads the place at all. */
function isPlaceRead(property: Property | undefined, { versions, report }: Service): boolean {
  if (!property) return false;
  const { isLegacy, path } = property;
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

/** The file's own resources, as one template. */
function joined(parts: readonly unknown[]): Properties {
  const names = ['Parameters', 'Mappings', 'Conditions', 'Resources', 'Globals', 'extensions'];
  const sections = names.map(
    (name) => [name, Object.assign({}, ...parts.map((part) => (isRecord(part) ? part[name] : undefined)))] as const,
  );
  return Object.fromEntries(sections);
}

function overrides({ id, path }: Declared, generated: readonly Declared[], { report }: Service): boolean {
  const isSame = generated.some((other) => other.id === id);
  if (isSame)
    report(
      'OVERRIDDEN',
      path,
      `${id} changes what the framework makes; the manifest has only what the framework would make, so write the difference into it`,
    );
  return isSame;
}

function extended({ extensions }: Properties, generated: readonly Declared[], { report }: Service): void {
  for (const { id } of generated) {
    const extension = isRecord(extensions) ? extensions[id] : undefined;
    if (!isRecord(extension) || extension.Properties === undefined) continue;
    report(
      'OVERRIDDEN',
      ['resources', 'extensions', id],
      `${id} has properties of its own here, which the manifest lacks; write them into it`,
    );
  }
}
