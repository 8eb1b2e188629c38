import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Report } from '../src/core/model/report.ts';
import {
  accessOf,
  holdsOf,
  holdsToCome,
  isSettled,
  objectsOf,
  stateOf,
  unmanagedIn,
} from './kit/invariants.ts';
import { goldenUrl, play, scenarioNames, textOf } from './scenarios/harness.ts';

describe.each(scenarioNames())('%s', (name) => {
  test('is planned as written, applied once, and then at rest', async () => {
    await using stage = await play(name);
    const { scenario, emulator } = stage;
    const { reason, after = {} } = scenario;

    const [before, since] = [stage.states(), emulator.requests.length];
    const planned = await stage.plan();
    expect(
      emulator.requests.slice(since).filter(isWrite),
      `${reason}: a plan writes nothing`,
    ).toEqual([]);
    expect(textOf(planned), reason).toBe(golden(name));

    const applying = emulator.requests.length;
    const applied = await stage.apply();
    const writes = emulator.requests.slice(applying).filter(isWrite);
    const theirs = unmanagedIn(before, planned);
    expect(stateOf(stage.states(), theirs), `${reason}: nothing changes that is not ours`).toEqual(
      stateOf(before, theirs),
    );
    if (after.access) expect(accessOf(stage.states()), reason).toEqual(after.access);
    if (after.backToBack)
      expect(writes.map(({ operation }) => operation).join(' '), reason).toContain(
        after.backToBack.join(' '),
      );
    if (after.events)
      expect(stage.events, reason).toEqual(expect.arrayContaining([...after.events]));
    expect(
      errorsOf(applied),
      `${reason}: every target is reached that was reached to plan`,
    ).toEqual(errorsOf(planned));
    const failed = objectsOf(applied).filter(({ outcome }) => outcome === 'failed');
    expect(
      failed.map(({ kind, name: who, message }) => `${kind}/${who}: ${message}`).join('\n'),
      reason,
    ).toBe('');

    const again = await stage.plan();
    const unsettled = objectsOf(again).filter((object) => !isSettled(object));
    expect(unsettled, `${reason}: the second plan finds nothing`).toEqual([]);
    expect(
      [...holdsOf(planned), ...holdsToCome(planned)],
      `${reason}: nothing more is held than before`,
    ).toEqual(expect.arrayContaining(holdsOf(again)));
  });
});

test('there are at least 25 of them', () => {
  expect(scenarioNames().length).toBeGreaterThanOrEqual(25);
});

/** A missing file is an error: a plan that nobody read proves nothing. */
function golden(name: string): string {
  const url = goldenUrl(name);
  if (!existsSync(url))
    expect.fail(`${name}/plan.txt is missing: write it with "npm run golden ${name}", and read it`);
  return readFileSync(url, 'utf8');
}

function errorsOf({ targets }: Report): string[] {
  return targets.flatMap(({ namespace, error }) =>
    error === undefined ? [] : [`${namespace}: ${error}`],
  );
}

function isWrite({ operation }: { readonly operation: string }): boolean {
  return !/^(Get|AssumeRole)/.test(operation);
}
