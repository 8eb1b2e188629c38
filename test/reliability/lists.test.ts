/** Lists that lie or break off: what they don't show is looked for, and a list in part is no list. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { FaultEffect } from '../../src/emulator/index.ts';
import { seed } from '../kit/seed.ts';
import { createAccount, createTree, startProcess, writesOf } from './account.ts';
import {
  passOf,
  type Scene,
  settle,
  setUp,
  type Undisturbed,
  undisturbed,
} from './crash-matrix.ts';
import { crashScenarios, gold, key, STRANGERS, target } from './crash-scenarios.ts';
import { figure } from './figures.ts';
import { comparable, foreign } from './states.ts';

const CASES: readonly {
  readonly name: string;
  readonly effect: FaultEffect;
  readonly operation?: string;
}[] = [
  { name: 'lists lag four seconds behind', effect: { type: 'stale-lists', lag: 4_000 } },
  { name: 'lists show the state of two writes ago', effect: { type: 'stale-lists', writes: 2 } },
  {
    name: 'the list of keys carries no tags',
    operation: 'GetApiKeys',
    effect: { type: 'lists-without-tags' },
  },
  {
    name: 'the list of plans carries no tags',
    operation: 'GetUsagePlans',
    effect: { type: 'lists-without-tags' },
  },
  { name: 'lists carry no method throttles', effect: { type: 'lists-without-throttle' } },
];

describe.each(CASES)('$name', ({ effect, operation = '*' }) => {
  // Where lists carry no tags, what left Git is found only beside something that is still declared: see docs/reliability.md.
  const scenarios = crashScenarios.filter(
    ({ leaving }) => effect.type !== 'lists-without-tags' || !leaving?.includes(operation),
  );
  describe.each(scenarios)('$name', (scenario) => {
    let scene: Scene;
    let clean: Undisturbed;
    beforeAll(async () => {
      scene = await setUp(scenario);
      clean = await undisturbed(scene);
    });

    test('one pass does it, and the next of the same process finds nothing', async () => {
      const account = createAccount({ seed: 2, from: scene.state, at: scene.at });
      account.core.inject({ operation, fault: effect });
      using tree = createTree(scene.now);
      await using process = startProcess(account, tree.directory);
      if (scenario.redeploys && effect.type === 'stale-lists') {
        // What a deployment would publish can be read by a list alone: it waits until that shows what was written.
        const waiting = (await process.pass())?.targets
          .flatMap(({ objects }) => objects)
          .filter(({ outcome }) => outcome === 'skipped');
        expect(waiting).toMatchObject([{ kind: 'KeyRequirement', reason: 'superseded' }]);
        account.core.clearFaults();
      }
      const report = await process.pass();
      // The stage that nobody redeploys goes on serving what it did.
      const state = scenario.redeploys ? 'drifted' : 'in-sync';
      expect(report?.state).toBe(state);
      expect(comparable(account.core.state(), scene.state)).toEqual(clean.result);
      expect(foreign(account.core.state(), scene.now)).toEqual(foreign(scene.state, scene.now));

      account.core.clearRequests();
      const told = process.events.length;
      expect((await process.pass())?.state).toBe(state);
      expect(writesOf(account.core.requests)).toEqual([]);
      expect(process.events.slice(told).map(({ event }) => event)).not.toContain('drift.detected');
      figure('passes on lists that lag or lack something', 1);
    });
  });
});

test.each([
  ['a page of keys', 'GetApiKeys'],
  ['a page of plans', 'GetUsagePlans'],
])('%s that fails half-way ends the pass before any write', async (_, operation) => {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  const documents = [target, key('acme'), key('beta'), gold(['acme'])];
  await settle(account, documents, 2);
  // More than one page of both.
  const state = account.core.state();
  const [oneKey, onePlan] = [state.apiKeys.get('stranger1'), state.usagePlans.get('strangerplan1')];
  for (let count = 0; count < 600; count++) {
    if (oneKey)
      state.apiKeys.set(`many${count}`, { ...oneKey, id: `many${count}`, value: `value${count}` });
    if (onePlan) state.usagePlans.set(`many${count}`, { ...onePlan, id: `many${count}` });
  }
  // Git wants less and more than there is.
  const now = [target, key('beta', { description: 'new' }), key('gamma'), gold(['beta'])];
  account.core.clearRequests();
  account.core.inject({
    operation,
    skip: 1,
    fault: { type: 'error', status: 500, code: 'InternalFailure', message: 'half-way' },
  });
  const { report, events } = await passOf(account, now);
  expect(report?.targets[0]?.error).toMatch(`${operation} failed with InternalFailure`);
  expect(events.map(({ event }) => event)).toContain('target.failed');
  expect(account.core.requests.filter((request) => request.operation === operation).length).toBe(9);
  expect(writesOf(account.core.requests)).toEqual([]);
  account.core.clearFaults();
  expect(await settle(account, now, 2)).toBe(2);
});
