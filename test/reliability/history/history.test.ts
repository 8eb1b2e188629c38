/** Random histories of Git, people and processes on two or three Targets of one account: the oracle's rules hold in each. */
import fc from 'fast-check';
import { test } from 'vitest';
import { figure, thorough } from '../figures.ts';
import { histories, type Kind } from './events.ts';
import { play } from './play.ts';

/** Kinds of events that still break a law, each with the item that its repair closes. */
const NOT_YET: ReadonlySet<Kind> = new Set<Kind>([]);

const runs = thorough ? 2000 : 200;
const seed = Number(process.env.APIKEEPER_SEED ?? 9);

test(`the laws hold in ${runs} random histories`, { timeout: 3_600_000 }, async () => {
  let passes = 0;
  const property = fc.asyncProperty(histories(NOT_YET), async (history) => {
    const { wrong, told } = await play(history, NOT_YET);
    passes += told.filter((line) => line.startsWith('pass')).length;
    if (wrong.length > 0) throw new Error([...wrong, ...told].join('\n'));
  });
  await fc.assert(property, { numRuns: runs, seed });
  figure('random histories of Git, people and processes: the laws hold', runs);
  figure('random histories: passes judged', passes);
});
