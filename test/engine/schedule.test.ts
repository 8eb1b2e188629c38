import { describe, expect, test, vi } from 'vitest';
import type { Target } from '../../src/core/model/model.ts';
import { scheduleProblem, startCron, withoutUnusable } from '../../src/engine/reconcile/cron.ts';
import { load } from '../../src/manifests/load.ts';
import { createWorkspace, stream, yaml } from '../manifests/workspace.ts';

describe('a schedule', () => {
  test.each([
    '*/10 * * * *',
    '0 */2 * * *',
    '*/2 * * * * *',
    '0 0 * * mon',
    '30 4 1,15 * 5',
    'off',
  ])('%s is one', (expression) => {
    expect(scheduleProblem(expression)).toBeUndefined();
  });

  const wayOut = 'write five or six cron fields, in UTC, such as "*/10 * * * *", or off';
  test.each([
    ['61 * * * *', 'an hour has no minute 61', '61 is no minute'],
    ['* 25 * * x', 'all that is wrong is said at once', '25 is no hour, x is no day of the week'],
    ['0 0 31 2 *', 'it would never come', '31 is no day of that month'],
    ['*/0 * * * *', 'a step of nothing', '*/0 is no minute'],
    ['* * * *', 'a field is missing', 'it has 4 fields'],
    ['* * * * * * *', 'a field too many', 'it has 7 fields'],
    ['@daily', 'node-cron knows it, and the schema does not', 'it has one field'],
    ['hourly', 'a word', 'it has one field'],
  ])('%s is none: %s', (expression, _reason, what) => {
    expect(scheduleProblem(expression)).toBe(`"${expression}" is no schedule: ${what}; ${wayOut}`);
  });

  test('a Target whose schedule cannot be run is as good as invalid: its namespace is left alone, and the report says why', async () => {
    const target = (name: string, schedule: string) =>
      yaml('Target', name, {
        region: 'eu-west-2',
        accountId: '123456789012',
        owner: 'schedules',
        schedule,
      });
    const key = (name: string, namespace: string) => yaml('ApiKey', name, {}, { namespace });
    await using space = await createWorkspace({
      'a.yaml': stream(
        target('good', '*/5 * * * *'),
        target('bad', '61 * * * *'),
        key('acme', 'good'),
        key('birch', 'bad'),
      ),
    });
    const tree = withoutUnusable(await load(space.path), Date.now());
    expect(tree.targets.map(({ namespace }: Target) => namespace)).toEqual(['good']);
    expect(tree.desired.map(({ name }) => name)).toEqual(['acme']);
    expect(tree.incompleteNamespaces).toEqual(['bad']);
    expect(tree.invalid).toEqual([{ kind: 'Target', namespace: 'bad', name: 'bad' }]);
    expect(tree.problems).toMatchObject([
      {
        file: 'a.yaml',
        line: 4,
        kind: 'Target',
        name: 'bad',
        path: '/spec/schedule',
        message: expect.stringContaining('61 is no minute'),
      },
    ]);
  });
});

describe('cron', () => {
  test('comes at its times, says the next one, prints nothing, and ends', async () => {
    const print = vi.spyOn(console, 'log');
    let times = 0;
    let others = 0;
    const schedule = startCron('* * * * * *', () => times++);
    using _ = startCron('* * * * * *', () => others++);
    const next = schedule.next() ?? 0;
    expect(next - Date.now()).toBeLessThanOrEqual(1_000);
    await vi.waitFor(() => expect(times).toBeGreaterThanOrEqual(2), {
      timeout: 10_000,
      interval: 20,
    });
    expect(schedule.next()).toBeGreaterThan(next);

    schedule[Symbol.dispose]();
    const before = { times, others };
    await vi.waitFor(() => expect(others).toBeGreaterThan(before.others + 1), {
      timeout: 10_000,
      interval: 20,
    });
    expect(times).toBe(before.times);
    expect(print).not.toHaveBeenCalled();
    print.mockRestore();
  });

  test('in UTC', () => {
    using schedule = startCron('30 4 * * *', () => {});
    expect(new Date(schedule.next() ?? 0).toISOString()).toMatch(/T04:30:00\.000Z$/);
  });

  test('off never comes', () => {
    using schedule = startCron('off', () => {
      throw new Error('it came');
    });
    expect(schedule.next()).toBeUndefined();
  });
});
