/** AWS::ApiGateway::ApiKey, UsagePlan and UsagePlanKey. */

import { compact } from '../../core/model/compact.ts';
import type { Json } from '../../core/model/model.ts';
import { liveName } from '../../manifest-writer/names.ts';
import { defined, type Fields, isRecord, tagsOf, textOf, withheldIn } from '../common/fields.ts';
import { dynamicReference, translateValue, type ValueOrigin } from '../common/key-value.ts';
import { type Limit, readQuota, readThrottle } from '../common/limits.ts';
import { parseThrottleKey } from '../common/methods.ts';
import { finding, type ManifestDocument } from '../common/model.ts';
import { targetOf, unresolvedIn } from '../common/unresolved.ts';
import { type Resource, restApiOf, stageNameOf, type Template } from './resources.ts';
import { type StageDocuments, stageKey } from './stages.ts';

/** The documents of keys, by logical id. */
export function translateKeys(template: Template): Map<string, ManifestDocument> {
  return new Map(
    template.ofType('ApiKey').map((resource) => [resource.id, translateKey(resource, template)]),
  );
}

function translateKey(resource: Resource, template: Template): ManifestDocument {
  const { head, name } = identify('ApiKey', resource, 'Name', template);
  const origin = valueOrigin(resource.raw.Value, template);
  const value = origin && translateValue(origin, head.name, resource.at('Value'));
  template.findings.push(...(value?.findings ?? []));
  return {
    ...head,
    spec: {
      ...liveName(name, head.name),
      ...defined({
        description: resource.text('Description'),
        enabled: resource.boolean('Enabled'),
        customerId: resource.text('CustomerId'),
        ...value?.spec,
        tags: tagsOf(resource),
      }),
    },
  };
}

/** A value that isn't written has none; one that a function makes is in the file if any of its parts is. */
function valueOrigin(written: unknown, { section, originOf }: Template): ValueOrigin | undefined {
  if (written === undefined || written === null) return undefined;
  const known = originOf?.(written);
  if (known && known.kind !== 'literal') return known;
  if (typeof written !== 'object') return dynamicReference(String(written)) ?? { kind: 'literal' };
  const [[name = '', argument] = []] = Object.entries(written);
  if (name === 'Ref' && argument === 'AWS::NoValue') return undefined;
  const parameter = name === 'Ref' ? section('Parameters')[String(argument)] : undefined;
  if (isRecord(parameter)) {
    return parameter.Default === undefined
      ? { kind: 'elsewhere', where: `the parameter ${String(argument)}` }
      : { kind: 'literal' };
  }
  if (name === 'Fn::Sub' && typeof argument === 'string' && dynamicReference(argument)) {
    return { kind: 'elsewhere', where: 'a dynamic reference whose name is made by Fn::Sub' };
  }
  if (name === 'Fn::ImportValue')
    return { kind: 'elsewhere', where: 'the export of another stack' };
  return { kind: 'literal' };
}

/** The document of each plan, with the keys that the template puts into it. */
export function translatePlans(
  template: Template,
  keys: ReadonlyMap<string, ManifestDocument>,
  stages: StageDocuments,
): ManifestDocument[] {
  const members = membersOf(template, keys);
  return template.ofType('UsagePlan').map((resource) => {
    const { head, name } = identify('UsagePlan', resource, 'UsagePlanName', template);
    const own = members.get(resource.id);
    const throttle = limitOf(
      resource,
      'Throttle',
      template,
      ({ RateLimit, BurstLimit }, at, what) => readThrottle(RateLimit, BurstLimit, at, what),
    );
    const quota = limitOf(resource, 'Quota', template, ({ Limit, Period, Offset }, at, what) =>
      readQuota({ limit: Limit, period: Period, offset: Offset }, at, what),
    );
    const spec = {
      ...liveName(name, head.name),
      ...defined({
        description: resource.text('Description'),
        throttle,
        quota,
        stages: stagesOf(resource, template, stages),
        keys: own && own.length > 0 ? own : undefined,
        tags: tagsOf(resource),
      }),
    };
    return { ...head, spec };
  });
}

/** Who a document is. What has no name that is known here can't be found, but by an id that was given. */
function identify(
  kind: 'ApiKey' | 'UsagePlan',
  resource: Resource,
  field: string,
  template: Template,
) {
  const given = template.parameters[resource.id];
  const written = resource.values[field];
  const name = typeof written === 'object' ? undefined : resource.text(field);
  const why = unresolvedIn(written);
  if (name === undefined && given === undefined) {
    const because =
      why.length > 0
        ? `its name is not known: ${why.join('; ')}`
        : 'CloudFormation made up its name';
    resource.report(
      kind === 'ApiKey' ? 'KEY_WITHOUT_NAME' : 'PLAN_WITHOUT_NAME',
      `${because}; give --parameter ${resource.id}=<id>, or write its id into apikeeper.dev/adopt and remove mode: suspend`,
      field,
    );
  }
  if (name !== undefined) warnOfNumber(resource, field, name);
  const document = template.nameDocument(kind, name ?? resource.id);
  const waits = name === undefined && given === undefined;
  const head = {
    kind,
    name: document,
    ...(given !== undefined && { adopt: { id: given } }),
    ...(given === undefined && !waits && { adopt: 'by-name' as const }),
    manager: template.manager,
    ...withheldIn(resource, { description: 'Description' }),
    source: resource.at(),
    address: resource.id,
    comments: waits
      ? [
          `write the id of the live ${kind === 'ApiKey' ? 'key' : 'plan'} into apikeeper.dev/adopt, and remove mode: suspend`,
        ]
      : [],
  };
  return { head, name: name ?? document };
}

function warnOfNumber(resource: Resource, field: string, name: string): void {
  if (typeof resource.raw[field] !== 'number') return;
  resource.report(
    'NUMERIC_NAME',
    `${field} is a number, read as ${name}; quote it if it begins with a zero`,
    field,
  );
}

/** By plan: the keys, as names of documents or as ids. */
function membersOf(
  template: Template,
  keys: ReadonlyMap<string, ManifestDocument>,
): Map<string, Json[]> {
  const members = new Map<string, Json[]>();
  for (const resource of template.ofType('UsagePlanKey')) {
    const { KeyId, UsagePlanId } = resource.values;
    const key = keys.get(targetId(template, KeyId) ?? '');
    const plan = targetId(template, UsagePlanId);
    const member = key?.name ?? idMember(textOf(KeyId));
    if (member === undefined) lost(resource, plan, template);
    if (plan === undefined || template.resources.get(plan)?.type !== 'UsagePlan') {
      const which = textOf(UsagePlanId) === undefined ? '' : ` ${textOf(UsagePlanId)}`;
      resource.report(
        'NOT_TRANSLATED',
        `the plan${which} is not in this file; write the key into that plan's document`,
        'UsagePlanId',
      );
    } else if (member !== undefined) members.set(plan, [...(members.get(plan) ?? []), member]);
  }
  return members;
}

/** The logical id of a resource that a value stands for. SAM lets `Api.UsagePlan` and `Api.ApiKey` stand for what it makes. */
function targetId({ resources }: Template, value: unknown): string | undefined {
  const { resource, attribute } = targetOf(value) ?? {};
  if (attribute !== 'UsagePlan' && attribute !== 'ApiKey') return resource;
  return [`${resource}${attribute}`, `Serverless${attribute}`].find((id) => resources.has(id));
}

/** The plan lacks the key: it is the plan that the finding is about. */
function lost(resource: Resource, plan: string | undefined, { findings }: Template): void {
  const message = `${resource.what}: the key is not known, and in no plan here; ${unresolvedIn(resource.values.KeyId).join('; ')}`;
  findings.push(
    finding('UNRESOLVED', compact({ ...resource.at('KeyId'), address: plan }), message),
  );
}

function idMember(id: string | undefined): Json | undefined {
  return id === undefined ? undefined : { id };
}

type Read = (
  fields: Readonly<Record<string, unknown>>,
  at: ReturnType<Resource['at']>,
  what: string,
) => Limit;

function limitOf(
  resource: Resource,
  field: string,
  { findings }: Template,
  read: Read,
): Json | undefined {
  const written = resource.map(field);
  const limit = written && read(written, resource.at(field), resource.what);
  findings.push(...(limit?.findings ?? []));
  return limit?.value;
}

/** The stages, each as a Stage document or by its API. One that isn't known is left out, with a finding. */
function stagesOf(
  resource: Resource,
  template: Template,
  documents: StageDocuments,
): Json[] | undefined {
  const { ApiStages } = resource.values;
  if (!Array.isArray(ApiStages)) {
    resource.known('ApiStages');
    return undefined;
  }
  const stages = ApiStages.flatMap((entry: unknown, index): Json[] => {
    const fields = resource.within(entry, 'ApiStages', index);
    const restApi = restApiOf(template, fields, 'ApiId');
    const stageName = restApi && stageNameOf(template, fields, 'Stage');
    if (!restApi || stageName === undefined) return [];
    const document = documents.get(stageKey(restApi, stageName));
    const methodThrottles = throttlesOf(fields, template);
    return [
      {
        ...(document ? { stage: document.name } : { restApi, stageName }),
        ...(methodThrottles.length > 0 && { methodThrottles }),
      },
    ];
  });
  return stages.length > 0 ? stages : undefined;
}

function throttlesOf(fields: Fields, { findings }: Template): Json[] {
  return Object.entries(fields.map('Throttle') ?? {}).flatMap(([key, limits]) => {
    const method = parseThrottleKey(key);
    if (!method || !isRecord(limits)) return [];
    const what = `${fields.what}, ${method.method} ${method.path}`;
    const limit = readThrottle(
      limits.RateLimit,
      limits.BurstLimit,
      fields.at('Throttle', key),
      what,
    );
    findings.push(...limit.findings);
    return limit.value ? [{ ...method, ...limit.value }] : [];
  });
}
