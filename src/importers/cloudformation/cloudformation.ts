/** `import cloudformation`: a template of CloudFormation or SAM, in YAML or JSON. */

import { compact } from '../../core/model/compact.ts';
import { meantSource } from '../common/detect-source.ts';
import { isRecord } from '../common/fields.ts';
import { type Finding, finding, type Imported } from '../common/model.ts';
import { readSource } from '../common/source.ts';
import { validateAndSort } from '../common/validate-and-sort.ts';
import { retainInTemplate } from './hand-over.ts';
import { translateMethods } from './methods.ts';
import { declaredIn, readTemplate, type TemplateInput } from './resources.ts';
import { translateStages } from './stages.ts';
import { translateKeys, translatePlans } from './usage-plans.ts';
import type { TemplateOptions } from './values.ts';

/** What a template says, with the parameters that are given. `file` names it in findings. */
export function importCloudFormation(
  text: string,
  options: TemplateOptions & { readonly file: string },
): Imported {
  const { file, parameters } = options;
  const source = readSource(file, text);
  const start = { file, line: 1 };
  if ('code' in source) return { documents: [], findings: [source] };
  if (!isRecord(source.value) || !isRecord(source.value.Resources)) {
    const way =
      meantSource(source.value) ||
      '; give the template that is deployed (aws cloudformation get-template shows it)';
    const message = `no CloudFormation template: it has no Resources${way}`;
    return { documents: [], findings: [finding('UNSUPPORTED_SOURCE', start, message)] };
  }
  const findings: Finding[] = [];
  const { documents, requirements, owned } = translateTemplate({
    source,
    path: [],
    value: source.value,
    declared: declaredIn([], source.value),
    findings,
    parameters,
  });
  const handOver = retainInTemplate(
    owned.filter(({ madeBy }) => madeBy === undefined).map(({ id }) => id),
    [...new Set(owned.flatMap(({ madeBy }) => madeBy ?? []))],
  );
  const stackName = parameters['AWS::StackName'];
  const optional = compact({
    handOver,
    stackName,
  });
  return validateAndSort({ documents, findings, requirements, ...optional }, start);
}

/** What a template holds, before it is finished: a Serverless file has more than its `resources`. Findings go to `input.findings`. */
export function translateTemplate(input: TemplateInput) {
  const template = readTemplate(input);
  const stages = translateStages(template);
  const keys = translateKeys(template);
  const documents = [
    ...stages.values(),
    ...keys.values(),
    ...translatePlans(template, keys, stages),
  ];
  // What is to outlive the stack; a stage stays with who deploys to it.
  const owned = ['ApiKey', 'UsagePlan', 'UsagePlanKey'].flatMap(template.ofType);
  return { documents, requirements: translateMethods(template), owned };
}
