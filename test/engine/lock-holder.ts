/** Takes a lock, says so, and stays until it is killed. To each line on stdin it answers `held`, or why the lock is lost. */
import { createInterface } from 'node:readline';
import { takeLock } from '../../src/engine/lock/lock.ts';

const [name = '', directory, standstillMs = '45000'] = process.argv.slice(2);
const lock = await takeLock(name, {
  directory: directory || undefined,
  version: '0.0.0',
  emit: () => {},
  limits: { standstillMs: Number(standstillMs) },
});
process.stdout.write('taken\n');
for await (const _ of createInterface({ input: process.stdin })) {
  try {
    lock.assertHeld();
    process.stdout.write('held\n');
  } catch (error) {
    process.stdout.write(`${String(error)}\n`);
  }
}
