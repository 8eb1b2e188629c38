/** The report's schema as an assertion, for every test that has a report in its hands. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import schema from '../../schemas/report.schema.json' with { type: 'json' };
import type { Report } from '../../src/core/model/report.ts';

const validate = new Ajv2020({ strict: true, allErrors: true }).compile<Report>(schema);

/** Throws, naming every mistake, where the value is no report. */
export function assertReport(value: unknown): asserts value is Report {
  if (validate(value)) return;
  const mistakes = validate.errors?.map(
    (error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`,
  );
  throw new Error(`not a report of schemas/report.schema.json:\n${mistakes?.join('\n')}`);
}
