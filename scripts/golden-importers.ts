/** Writes the golden files of the importers: all, or those that are named. Read what it wrote before you commit it: that is the test. */
import { writeFileSync } from 'node:fs';
import { CASES, goldenText, goldenUrl } from '../test/importers/cases.ts';
import { TERRAFORM_CASES } from '../test/importers/terraform-cases.ts';

const names = process.argv.slice(2);
for (const [name, run] of Object.entries({ ...CASES, ...TERRAFORM_CASES })) {
  if (names.length === 0 || names.includes(name))
    writeFileSync(goldenUrl(name), goldenText(await run()));
}
