/** Histories that broke a law once: none of them does again. */
import { expect, test } from 'vitest';
import { FOUND } from './found.ts';
import { play } from './play.ts';

/** Names of histories that still break a law: the repair of each takes it off this list. */
const NOT_REPAIRED: readonly string[] = [];

for (const { name, history } of FOUND) {
  const run = NOT_REPAIRED.includes(name) ? test.fails : test;
  run(name, async () => {
    const { wrong, told } = await play(history);
    expect(wrong, told.join('\n')).toEqual([]);
  });
}

test('each name on the list of what is not repaired is a history', () => {
  const names = FOUND.map(({ name }) => name);
  expect(NOT_REPAIRED.filter((name) => !names.includes(name))).toEqual([]);
});
