/** Killed before or after any call, the next process converges: no duplicate, no lost association, nothing foreign touched (docs/contract.md#safety). */
import { describe, expect, test } from 'vitest';
import type { CrashPoint, Fault } from './account.ts';
import {
  crash,
  type Scene,
  setUp,
  Unconverged,
  type Undisturbed,
  undisturbed,
} from './crash-matrix.ts';
import { crashScenarios } from './crash-scenarios.ts';
import { figure, thorough } from './figures.ts';

function points({ calls }: Undisturbed): CrashPoint[] {
  return Array.from({ length: calls }, (_, index) => index + 1).flatMap((call) => [
    { call, when: 'before' },
    { call, when: 'after' },
  ]);
}

const PASSES = [
  'crash points: nothing was left to do',
  'crash points: one pass was enough',
  'crash points: it took two passes',
];

async function expectConvergence(
  scene: Scene,
  clean: Undisturbed,
  point: CrashPoint,
  fault?: Fault,
): Promise<void> {
  const where = `died ${point.when} call ${point.call}, ${clean.operations[point.call - 1]}`;
  try {
    const { passes } = await crash(scene, point, clean.result, fault);
    expect(passes, where).toBeLessThanOrEqual(2);
    figure(fault ? 'crash points converged, while lists lag' : 'crash points converged', 1);
    figure(PASSES[passes] ?? 'more', 1);
  } catch (error) {
    if (error instanceof Unconverged) expect(error.found, where).toEqual(error.expected);
    throw new Error(where, { cause: error });
  }
}

describe.each(crashScenarios)('$name', (scenario) => {
  test('converges from a crash at any call', async () => {
    const scene = await setUp(scenario);
    const clean = await undisturbed(scene);
    for (const point of points(clean)) await expectConvergence(scene, clean, point);
  });
});

/** What the next process lists is then older than what its predecessor made (docs/api-gateway-facts.md#f20). */
const STALE: Fault = { fault: { type: 'stale-lists', lag: 4_000 } };

describe.each(crashScenarios.filter(({ past }) => thorough || past === undefined))(
  '$name, while lists lag behind',
  (scenario) => {
    test('converges from a crash at any call', async () => {
      const scene = await setUp(scenario);
      const clean = await undisturbed(scene);
      for (const point of points(clean)) await expectConvergence(scene, clean, point, STALE);
    });
  },
);
