/** The daemon over three accounts for an hour of virtual time; a whole day of it is `npm run soak`. */
import { expect, test } from 'vitest';
import { soak } from '../../bench/soak.ts';

test('after an hour of commits, changes by hand and faults, everything is as Git says, and nothing is left behind', async () => {
  const { rows, happened } = await soak({ hours: 1, seed: 3 });
  expect(rows.filter(({ holds }) => !holds)).toEqual([]);
  for (const sort of ['commit', 'hand', 'fault'])
    expect(Object.keys(happened).some((what) => what.startsWith(`${sort}: `))).toBe(true);
});
