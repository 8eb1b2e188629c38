/** What makes CloudFormation, or whoever deploys through it, let go of resources without deleting them. */

import { IMPLICIT } from './sam.ts';

const RETAIN = '{ DeletionPolicy: Retain, UpdateReplacePolicy: Retain }';

/** For a template. `written`: resources that are in it; `made`: the AWS::Serverless::Api that make theirs. */
export function retainInTemplate(
  written: readonly string[],
  made: readonly string[],
): string | undefined {
  if (written.length === 0 && made.length === 0) return undefined;
  const second = [
    ...(written.length > 0 ? ['take these resources out of the template'] : []),
    ...(made.length > 0 ? ['set CreateUsagePlan: NONE'] : []),
  ];
  return [
    '# First deployment: add both attributes to what is there, and nothing else.',
    'Resources:',
    ...written.map((id) => `  ${keyOf(id)}: ${RETAIN}`),
    ...made.map((id) =>
      id === IMPLICIT
        ? `  # ${IMPLICIT}: an API that isn't written can't carry them; write it out as an AWS::Serverless::Api first`
        : `  ${keyOf(id)}: ${RETAIN}  # SAM hands them on to the key and the plan that it makes`,
    ),
    `# Second deployment, once the first is through: ${second.join(', and ')}.`,
    '# Methods go on demanding a key: leave that where it is.',
    '',
  ].join('\n');
}

/** For a Serverless file: `generated` are those that the framework makes, `written` those of its own `resources`. */
export function retainInServerless(
  generated: readonly string[],
  written: readonly string[],
): string | undefined {
  if (generated.length === 0 && written.length === 0) return undefined;
  const lines = (ids: readonly string[]) => ids.map((id) => `    ${keyOf(id)}: ${RETAIN}`);
  return [
    '# Pin frameworkVersion to the version that deployed last; never run `serverless remove` in between.',
    '# First deployment: add this to `resources` (one more entry, where that is a list), and nothing else.',
    'resources:',
    ...(generated.length > 0 ? ['  extensions:', ...lines(generated)] : []),
    ...(written.length > 0 ? ['  Resources:', ...lines(written)] : []),
    ...(generated.length > 0
      ? [
          '# Second deployment: remove apiKeys, usagePlan and these extensions together; keep `private: true`.',
        ]
      : ['# Second deployment: take these resources out.']),
    '',
  ].join('\n');
}

/** A logical id has letters and digits only; what a source has instead must not end the line. */
function keyOf(id: string): string {
  return /^[A-Za-z0-9]+$/.test(id) ? id : JSON.stringify(id);
}
