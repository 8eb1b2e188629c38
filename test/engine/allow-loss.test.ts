/** A guard is released by a line in Git, while the daemon runs. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withoutUnusable } from '../../src/engine/reconcile/cron.ts';
import { load } from '../../src/manifests/load.ts';
import { createWorkspace, yaml } from '../manifests/workspace.ts';
import { createBench, keyNamed, until } from './bench.ts';

const NAMES = ['acme', 'beta', 'gamma'];
const SPEC = { region: 'eu-west-2', accountId: '123456789012', prune: true };

function targetOf(owner: string, allowLoss?: string): string {
  const annotations = allowLoss === undefined ? {} : { 'apikeeper.dev/allow-loss': allowLoss };
  const spec = { ...SPEC, owner, guards: { maxKeys: 1, maxPercent: 100 } };
  return yaml('Target', 'production', spec, { annotations });
}

describe('allow-loss', () => {
  test('the line that the held step gives, put into Git, lets the daemon go on', async () => {
    const keys = Object.fromEntries(
      NAMES.map((name) => [`${name}.yaml`, yaml('ApiKey', name, {}, { namespace: 'production' })]),
    );
    await using bench = await createBench(keys);
    await bench.space.write('target.yaml', targetOf(bench.owner));
    await using daemon = await bench.start();
    await until(() => daemon.state === 'in-sync');
    const gateway = bench.console();
    const enabled = async () =>
      (await Promise.all(NAMES.map((name) => keyNamed(gateway, name)))).map((key) => key?.enabled);

    for (const name of ['beta', 'gamma']) await rm(join(bench.space.path, `${name}.yaml`));
    // A first reading of the directory proves no absence: until the second, no guard is asked.
    const message = await until(
      () =>
        daemon
          .report()
          ?.targets.flatMap(({ objects }) => objects)
          .find(({ reason }) => reason === 'guard')?.message,
    );
    expect(daemon.state).toBe('held');
    expect(await enabled()).toEqual([true, true, true]);
    const [, line] = /apikeeper\.dev\/allow-loss: "([^"]+)"/.exec(message) ?? [];
    expect(line).toMatch(/^2 until /);

    await bench.space.replace('target.yaml', targetOf(bench.owner, line));
    await until(async () => (await enabled()).join() === 'true,false,false');
  });

  const NOW = Date.parse('2026-12-01T12:00:00Z');
  const DAY = 86_400_000;
  const saidAt = async (allowLoss: string, now: number) => {
    await using space = await createWorkspace({ 'a.yaml': targetOf('us', allowLoss) });
    const { problems, warnings } = withoutUnusable(await load(space.path), now);
    return {
      problems: problems.map(({ path, message }) => `${path} ${message}`),
      warnings: warnings.map(({ code }) => code),
    };
  };
  const PATH = '/metadata/annotations/apikeeper.dev~1allow-loss';

  test.each<[why: string, line: string, now: number, problem: string | undefined, codes: string[]]>(
    [
      ['a time to come', '10 until 2026-12-02T12:00Z', NOW, undefined, []],
      ['with seconds', '10 until 2026-12-02T12:00:30Z', NOW, undefined, []],
      ['in seven days', '10 until 2026-12-08T12:00Z', NOW, undefined, []],
      [
        'in more than seven days',
        '10 until 2026-12-08T12:01Z',
        NOW,
        'it reaches further than 7 days; write 2026-12-08T12:00:00Z at most',
        [],
      ],
      ['the same line a day later', '10 until 2026-12-08T12:01Z', NOW + DAY, undefined, []],
      ['over', '10 until 2026-12-01T12:00Z', NOW, undefined, ['ALLOW_LOSS_OVER']],
      ['no such day', '10 until 2026-02-30T12:00Z', NOW, 'there is no such time', []],
      ['no such hour', '10 until 2026-12-02T25:00Z', NOW, 'there is no such time', []],
      ['another zone', '10 until 2026-12-02T12:00+01:00', NOW, 'a number of keys and a time', []],
      ['no time', '10', NOW, 'a number of keys and a time', []],
    ],
  )('%s', async (_, line, now, problem, codes) => {
    const said = await saidAt(line, now);
    expect(said.warnings).toEqual(codes);
    const problems = problem === undefined ? [] : [expect.stringContaining(problem)];
    expect(said.problems).toEqual(problems);
    for (const one of said.problems) expect(one).toContain(PATH);
  });

  test('it means nothing on another kind', async () => {
    const annotations = { 'apikeeper.dev/allow-loss': '1 until 2026-12-02T12:00Z' };
    await using space = await createWorkspace({
      'a.yaml': yaml('ApiKey', 'acme', {}, { annotations }),
    });
    expect((await load(space.path)).problems).toHaveLength(1);
  });
});
