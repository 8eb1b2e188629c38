/** A Serverless file, and all that the parts of its translation share. */
import type { TemplateOptions } from '../cloudformation/values.ts';
import { isRecord, textOf } from '../common/fields.ts';
import { type Finding, type FindingCode, finding } from '../common/model.ts';
import type { Path, Source } from '../common/source.ts';
import { isUnresolved, unresolvedIn } from '../common/unresolved.ts';
import { createVariables, type VariableOptions, type Variables } from './variables.ts';
import { readVersions, type Versions } from './version.ts';

export interface ServerlessOptions extends VariableOptions {
  /** Names the file in findings. */
  readonly file: string;
  /** Of CloudFormation, for the file's own resources: see `TemplateOptions`. */
  readonly parameters: TemplateOptions['parameters'];
  /** The version that deployed last, or a range of them; absent: what the file says. */
  readonly frameworkVersion?: string;
}

export type Properties = Readonly<Record<string, unknown>>;

export interface Service {
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

export function readService(source: Source, root: Properties, options: ServerlessOptions): Service {
  const findings: Finding[] = [];
  const report: Service['report'] = (code, path, message) => {
    findings.push(finding(code, source.at(path), message));
  };
  const variables = createVariables(root, options);
  const provider = isRecord(root.provider) ? root.provider : {};
  const name = isRecord(root.service) ? root.service.name : root.service;
  const written = options.frameworkVersion ?? textOf(root.frameworkVersion);
  const versions = written === undefined ? undefined : readVersions(written);
  if (written !== undefined && !versions) {
    report(
      'VERSION_UNKNOWN',
      ['frameworkVersion'],
      'the framework version is no version and no range, such as 3.40.0 or >=2.18 <3',
    );
  }
  const [service, stage] = [variables.resolve(name), variables.stage()];
  if (isUnresolved(service))
    report(
      'UNRESOLVED',
      ['service'],
      `the service is part of every name; ${unresolvedIn(service).join('; ')}`,
    );
  if (isUnresolved(stage))
    report(
      'UNRESOLVED',
      ['provider', 'stage'],
      `the stage is part of every name; ${unresolvedIn(stage).join('; ')}`,
    );
  const own =
    isUnresolved(service) || isUnresolved(stage)
      ? undefined
      : `${textOf(service)}-${textOf(stage)}`;
  const stackName = textOf(variables.resolve(provider.stackName)) ?? own;
  const region = textOf(variables.resolve(provider.region));
  const parameters = {
    ...(stackName && { 'AWS::StackName': stackName }),
    ...(region && { 'AWS::Region': region }),
    ...options.parameters,
  };
  return {
    source,
    root,
    provider,
    variables,
    versions,
    service,
    stage,
    parameters,
    findings,
    report,
  };
}
