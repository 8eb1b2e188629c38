/** The lock of a pass: who writes, who waits, and who is told (docs/contract.md#daemon). */
import { describe, expect, test } from 'vitest';
import { yaml } from '../manifests/workspace.ts';
import { createBench, keyNamed, passRequest, until } from './bench.ts';

const files = { 'a.yaml': yaml('ApiKey', 'acme', { enabled: true }) };
const revoked = { 'a.yaml': yaml('ApiKey', 'acme', { enabled: false }) };

describe('an open question of apply', () => {
  test('holds no lock: the daemon revokes meanwhile', async () => {
    await using bench = await createBench(files);
    await bench.apply();
    await bench.space.write('b.yaml', yaml('ApiKey', 'beta', { enabled: true }));
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<boolean>();
    const applying = bench.engine().reconcile({
      ...passRequest('command'),
      confirm: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    await asked.promise;
    for (const [file, text] of Object.entries(revoked)) await bench.space.write(file, text);
    await using _daemon = await bench.start();
    await until(async () => (await keyNamed(bench.console(), 'acme'))?.enabled === false);
    answer.resolve(false);
    await applying;
  });
});

describe('a Target whose lock is taken', () => {
  test('is skipped by run --once, and never said to be in sync', async () => {
    await using bench = await createBench(files);
    await bench.apply();
    await using daemon = await bench.start();
    await bench.space.write('a.yaml', yaml('ApiKey', 'acme', { description: 'changed' }));
    await until(() => daemon.state === 'in-sync' && bench.passes().length > 1);
    const report = await bench.engine().reconcile(passRequest('once'));
    expect(report).toMatchObject({ state: 'skipped', targets: [{ state: 'skipped' }] });
    expect(report.targets[0]?.error).toContain('already writes to this owner, account and region');
  });
});
