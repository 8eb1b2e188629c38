import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exportSmall, goldenUrl } from './golden.ts';

test('a small account becomes what the golden file says', async () => {
  expect(await exportSmall()).toBe(readFileSync(goldenUrl, 'utf8'));
});
