/** Writes the plans of the scenarios: all, or those that are named. Read what it wrote before you commit it: that is the test. */
import { writeFileSync } from 'node:fs';
import { goldenUrl, play, scenarioNames, textOf } from '../test/scenarios/harness.ts';

const names = process.argv.slice(2);
for (const name of names.length > 0 ? names : scenarioNames()) {
  await using stage = await play(name);
  writeFileSync(goldenUrl(name), textOf(await stage.plan()));
}
