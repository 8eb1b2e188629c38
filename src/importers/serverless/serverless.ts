/** `import serverless`: a Serverless Framework file, in YAML or JSON. */

import { compact } from '../../core/model/compact.ts';
import { translateTemplate } from '../cloudformation/cloudformation.ts';
import { retainInServerless } from '../cloudformation/hand-over.ts';
import { meantSource } from '../common/detect-source.ts';
import { isRecord } from '../common/fields.ts';
import { finding, type Imported } from '../common/model.ts';
import { readSource } from '../common/source.ts';
import { validateAndSort } from '../common/validate-and-sort.ts';
import { generatedBy } from './gateway.ts';
import { MADE_BY } from './keys.ts';
import { ownResources } from './resources.ts';
import { readService, type ServerlessOptions, type Service } from './service.ts';

const PART =
  'a part of a Serverless file: whether keys and plans stand below provider.apiGateway or, as up to version 2, below provider, decides what they do; give the whole file';

/** What a Serverless file says of one stage. */
export function importServerless(text: string, options: ServerlessOptions): Imported {
  const start = { file: options.file, line: 1 };
  const refuse = (message: string) => ({
    documents: [],
    findings: [finding('UNSUPPORTED_SOURCE', start, message)],
  });
  if (/\.[cm]?[jt]s$/.test(options.file)) {
    return refuse(
      'a program, which is not run here; give the output of `serverless print`, or .serverless/cloudformation-template-update-stack.json to `import cloudformation` (both may hold key values: keep them out of Git)',
    );
  }
  const source = readSource(options.file, text);
  if ('code' in source) return { documents: [], findings: [source] };
  if (!isRecord(source.value) || !('provider' in source.value)) {
    const isPart =
      isRecord(source.value) && ('apiKeys' in source.value || 'usagePlan' in source.value);
    const way = meantSource(source.value) || '; give the serverless.yml of a service';
    return refuse(isPart ? PART : `no Serverless file: it has no provider${way}`);
  }
  return translate(readService(source, source.value, options));
}

function translate(service: Service): Imported {
  const { source, variables, parameters, findings } = service;
  const generated = generatedBy(service);
  const own = ownResources(service, generated);
  const { documents, requirements, owned } = translateTemplate({
    source,
    path: ['resources'],
    value: own.template,
    declared: [...generated, ...own.declared],
    findings,
    parameters,
    originOf: variables.originOf,
  });
  const ids = (isGenerated: boolean) =>
    owned.filter(({ madeBy }) => (madeBy === MADE_BY) === isGenerated).map(({ id }) => id);
  const handOver = retainInServerless(ids(true), ids(false));
  const stackName = parameters['AWS::StackName'];
  const optional = compact({
    handOver,
    stackName,
  });
  return validateAndSort({ documents, findings, requirements, ...optional }, source.at([]));
}
