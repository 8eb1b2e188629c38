/** The resources of a template that are about keys, plans and stages, each with its properties evaluated. */

import { compact } from '../../core/model/compact.ts';
import { createNames } from '../../manifest-writer/names.ts';
import { createFields, type Fields, isRecord, textOf } from '../common/fields.ts';
import type { ValueOrigin } from '../common/key-value.ts';
import { type Finding, finding, type RestApi } from '../common/model.ts';
import type { Path, Source } from '../common/source.ts';
import { isUnresolved, targetOf, unresolvedIn } from '../common/unresolved.ts';
import { type Declared, expandServerless } from './sam.ts';
import { createEvaluation, type Evaluation, type TemplateOptions } from './values.ts';

/** One resource that is deployed. */
export interface Resource extends Fields {
  readonly id: string;
  readonly type: string;
  /** As written: for what must not be evaluated. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** What made it, where it isn't written itself: a function of the template can't be put on it. */
  readonly madeBy?: string;
  readonly keyWord?: string;
}

/** A template, and all that its translation shares. */
export interface Template extends Evaluation {
  readonly source: Source;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly ofType: (type: string) => readonly Resource[];
  readonly findings: Finding[];
  readonly nameDocument: (kind: string, name: string) => string;
  readonly originOf?: TemplateInput['originOf'];
  /** The manager whose tags the live objects bear. */
  readonly manager: string;
}

const TYPE = 'AWS::ApiGateway::';
const NESTED = new Set(['AWS::CloudFormation::Stack', 'AWS::Serverless::Application']);

export interface TemplateInput extends TemplateOptions {
  readonly source: Source;
  /** Where the template is in the file. */
  readonly path: Path;
  /** The template, for its sections; its resources are the declared ones. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly declared: readonly Declared[];
  readonly findings: Finding[];
  /** Where a key's value comes from, if its expression is none of CloudFormation's. */
  readonly originOf?: (written: unknown) => ValueOrigin | undefined;
}

/** The resources that a template writes; `path` is where it is in the file. */
export function declaredIn(path: Path, template: unknown): Declared[] {
  const resources = isRecord(template) && isRecord(template.Resources) ? template.Resources : {};
  return Object.entries(resources).flatMap(([id, resource]): Declared[] => {
    if (!isRecord(resource)) return [];
    const properties = isRecord(resource.Properties) ? resource.Properties : {};
    const own = [...path, 'Resources', id, 'Properties'];
    return [
      {
        id,
        type: String(resource.Type ?? id),
        condition: resource.Condition,
        properties,
        path: own,
      },
    ];
  });
}

export function readTemplate({
  source,
  path,
  value,
  declared,
  findings,
  parameters,
  originOf,
}: TemplateInput): Template {
  const resources = new Map<string, Resource>();
  const evaluation = createEvaluation(value, { parameters }, (id) => {
    const stage = resources.get(id);
    return stage?.type === 'Stage' ? stage.values.StageName : undefined;
  });
  const deployed = declared.filter((resource) =>
    isDeployed(resource, source, evaluation, findings),
  );
  const all = [...deployed, ...expandServerless(deployed, { source, path, evaluation, findings })];
  // Stages first: what a stage is called is asked for by everything else.
  for (const resource of all.toSorted(
    (a, b) => Number(b.type === `${TYPE}Stage`) - Number(a.type === `${TYPE}Stage`),
  )) {
    if (resource.type.startsWith(TYPE))
      resources.set(resource.id, evaluated(resource, source, evaluation, findings));
    else warnOf(resource, source, findings);
  }
  const known = new Set([
    ...Object.keys(evaluation.section('Parameters')),
    ...[...declared, ...all].map(({ id }) => id),
  ]);
  for (const name of Object.keys(parameters).filter(
    (given) => !given.startsWith('AWS::') && !known.has(given),
  ))
    findings.push(
      finding(
        'NOT_DECLARED',
        source.at(path),
        `--parameter ${name}: there is no parameter and no resource of that name`,
      ),
    );
  const ofType = (type: string) =>
    [...resources.values()].filter((resource) => resource.type === type);
  const nameDocument = createNames();
  return compact({
    ...evaluation,
    source,
    resources,
    ofType,
    findings,
    nameDocument,
    manager: 'cloudformation',
    originOf,
  });
}

function evaluated(
  { id, type, properties, path, madeBy, keyWord }: Declared,
  source: Source,
  evaluation: Evaluation,
  findings: Finding[],
): Resource {
  const short = type.slice(TYPE.length);
  const { Value, ...others } = properties;
  const values = evaluation.evaluate(others);
  const fields = createFields(source, path, values, `${short} ${id}`, id, findings);
  return compact({
    ...fields,
    id,
    type: short,
    raw: properties,
    madeBy,
    keyWord,
  });
}

const WORTH_A_WORD =
  /^AWS::(ApiGateway::(ApiKey|UsagePlan|UsagePlanKey|Stage|RestApi|Method|Deployment)|Serverless::Api)$/;

function isDeployed(
  { id, type, condition, path }: Declared,
  source: Source,
  evaluation: Evaluation,
  findings: Finding[],
): boolean {
  const holds = evaluation.condition(condition);
  if (!isUnresolved(holds)) return holds;
  if (WORTH_A_WORD.test(type)) {
    const message = `${id}: whether it is deployed depends on the condition ${String(condition)}, so it is left out; ${unresolvedIn(holds).join('; ')}`;
    findings.push(finding('UNRESOLVED', source.at(path.slice(0, -1)), message));
  }
  return false;
}

function warnOf({ id, type, path }: Declared, source: Source, findings: Finding[]): void {
  const at = source.at(path.slice(0, -1));
  if (NESTED.has(type))
    findings.push(
      finding('NESTED_STACK', at, `${id} is a stack of its own; import its template too`),
    );
  if (!id.startsWith('Fn::ForEach')) return;
  findings.push(
    finding(
      'NOT_TRANSLATED',
      at,
      `${id} makes resources in a loop, which is not followed; import the processed template instead (aws cloudformation get-template --template-stage Processed)`,
    ),
  );
}

/** The API that a property names, or why it isn't known. */
export function restApiOf(template: Template, fields: Fields, name: string): RestApi | undefined {
  const value = fields.values[name];
  const target = targetOf(value);
  const api = target && template.resources.get(target.resource);
  if (api?.type === 'RestApi') return referredApi(template, api);
  const id = textOf(value);
  if (id !== undefined) return { id };
  if (value !== undefined)
    fields.report('UNRESOLVED', `the API is not known; ${unresolvedIn(value).join('; ')}`, name);
  return undefined;
}

/** A RestApi of the template, or, with a finding, why what refers to it is left out. */
export function referredApi(template: Template, api: Resource): RestApi | undefined {
  const known = apiOf(template, api);
  if (known) return known;
  const name = apiName(api);
  const isNamed = typeof name === 'string';
  const why = isNamed
    ? `other APIs of this template are called ${name} too`
    : `its name is not known: ${unresolvedIn(name).join('; ') || 'it has none here'}`;
  const message = `what refers to it is left out, since ${why}; --parameter ${api.id}=<API id> settles it`;
  const isSaid = template.findings.some((finding) => finding.message === `${api.what}: ${message}`);
  if (!isSaid) api.report(isNamed ? 'AMBIGUOUS_API' : 'UNRESOLVED', message, 'Name');
  return undefined;
}

/** A RestApi of the template by its id where that is given, else by its name, if no other of the template has it. */
function apiOf(template: Template, api: Resource): RestApi | undefined {
  const id = template.parameters[api.id];
  if (id !== undefined) return { id };
  const name = soleName(template, api);
  return name === undefined ? undefined : { name };
}

/** The name of a RestApi, if no other of the template has it. */
export function soleName(template: Template, api: Resource): string | undefined {
  const name = apiName(api);
  const isAlone = template
    .ofType('RestApi')
    .every((other) => other === api || apiName(other) !== name);
  return typeof name === 'string' && isAlone ? name : undefined;
}

/** A body's title is the name of an API that says none. */
function apiName({ values }: Resource): unknown {
  if (values.Name !== undefined) return values.Name;
  const info = isRecord(values.Body) ? values.Body.info : undefined;
  return isRecord(info) ? info.title : undefined;
}

/** The name of a stage that a property names: by text, or by a Stage of the template. */
export function stageNameOf(template: Template, fields: Fields, name: string): string | undefined {
  const value = fields.values[name];
  const stage = targetStage(template, value);
  const written = stage ? stage.values.StageName : value;
  if (typeof written === 'string') return written;
  if (written !== undefined)
    fields.report(
      'UNRESOLVED',
      `the stage is not known; ${unresolvedIn(written).join('; ')}`,
      name,
    );
  return undefined;
}

/** The Stage that a value refers to; SAM lets `Api.Stage` stand for the stage that it makes. */
function targetStage(template: Template, value: unknown): Resource | undefined {
  const target = targetOf(value);
  if (!target) return undefined;
  if (target.attribute === 'Stage')
    return template.ofType('Stage').find(({ madeBy }) => madeBy === target.resource);
  const found = template.resources.get(target.resource);
  return found?.type === 'Stage' ? found : undefined;
}
