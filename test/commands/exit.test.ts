import { describe, expect, test } from 'vitest';
import { exitCode } from '../../src/commands/exit.ts';
import type { HoldReason } from '../../src/core/model/plan.ts';
import type { Report, ReportObject, TargetReport } from '../../src/core/model/report.ts';
import { object, report, target } from '../report/sample.ts';

const problem = { file: 'a.yaml', line: 1, column: 1, message: 'wrong' };
const withOne = (part: Partial<ReportObject>, about: Partial<TargetReport> = {}): Report =>
  report([target([object({ name: 'a', ...part })], about)]);

const inSync = withOne({});
const update = withOne({ action: 'update', state: 'changed' });
const updated = withOne({ action: 'update', state: 'changed', outcome: 'updated' });
const failed = withOne({ action: 'update', outcome: 'failed' });
const held = withOne({ action: 'hold', wants: 'update', reason: 'guard' });
const chosen = withOne({ action: 'hold', wants: 'update', reason: 'observe' });
const heldInPart = withOne({ action: 'update', reason: 'immutable-field', outcome: 'updated' });
const unreadable = report([target([], { state: 'failing', error: 'AccessDeniedException' })]);
const invalid = report([target([])], { problems: [problem] });
const overtaken = withOne({ action: 'update', outcome: 'skipped', reason: 'superseded' });
const interrupted = withOne({ action: 'update', outcome: 'skipped' });
const waiting = withOne({ action: 'create', outcome: 'skipped', reason: 'dependency' });
const lockedBy = (trusted: boolean) =>
  report([target([], { state: 'skipped', lockedBy: { pid: 7, user: '1000', trusted } })]);
const both = report([
  target([
    object({ name: 'a', action: 'hold', reason: 'guard' }),
    object({ name: 'b', action: 'update', outcome: 'failed' }),
  ]),
]);

describe('exit codes', () => {
  test.each([
    ['in sync', inSync, 0, 0, 0, 0],
    ['something to do: an error only where a plan was asked in detail', update, 0, 2, 0, 0],
    ['done', updated, 0, 2, 0, 0],
    ['a step failed', failed, 1, 1, 1, 1],
    ['held: for an apply it is not done', held, 0, 2, 3, 3],
    ['held by choice: nobody asks for it', chosen, 0, 0, 0, 0],
    ['held in part', heldInPart, 0, 2, 3, 3],
    ['a target that could not be read', unreadable, 1, 1, 1, 1],
    ['an invalid manifest', invalid, 1, 1, 1, 1],
    ['overtaken steps were not done', overtaken, 0, 2, 1, 1],
    ['interrupted steps were not done', interrupted, 0, 2, 1, 1],
    ['a step that waits for a held one is held', waiting, 0, 2, 3, 3],
    ['a failure outranks a hold', both, 1, 1, 1, 1],
    ['another writer does the work of a cron job', lockedBy(true), 0, 0, 1, 0],
    ["another user's process may be there to stop us", lockedBy(false), 1, 1, 1, 1],
    ['no target, no problem', report([]), 0, 0, 0, 0],
  ])('%s', (_, value, plan, detailed, apply, once) => {
    expect({
      plan: exitCode('plan', value),
      detailed: exitCode('plan', value, { detailedExitcode: true }),
      apply: exitCode('apply', value),
      once: exitCode('run', value),
    }).toEqual({ plan, detailed, apply, once });
  });

  const reasons: readonly [HoldReason, 0 | 3][] = [
    ['not-owned', 3],
    ['foreign', 3],
    ['ambiguous', 3],
    ['immutable-field', 3],
    ['unresolved-reference', 3],
    ['dependency', 3],
    ['guard', 3],
    ['mass-missing', 3],
    ['incomplete-manifests', 3],
    ['contested', 3],
    ['prune-disabled', 0],
    ['grace', 0],
    ['observe', 0],
    ['suspended', 0],
  ];
  test.each(reasons)('a hold for %s ends an apply with %d', (reason, code) => {
    expect(exitCode('apply', withOne({ action: 'hold', wants: 'update', reason }))).toBe(code);
  });

  test('status says 1 where the daemon fails, and 0 otherwise', () => {
    expect(
      [inSync, update, held, failed, unreadable, invalid].map((value) => exitCode('status', value)),
    ).toEqual([0, 0, 0, 1, 1, 1]);
  });
});
