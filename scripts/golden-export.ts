/** Writes the golden file of `export`. Read what it wrote before you commit it: that is the test. */
import { writeFileSync } from 'node:fs';
import { exportSmall, goldenUrl } from '../test/exporter/golden.ts';

writeFileSync(goldenUrl, await exportSmall());
