/** Takes a lock, says so, and stays until it is killed. */
import { takeLock } from '../../src/engine/state/lock.ts';

const [name = '', directory] = process.argv.slice(2);
await takeLock(name, directory);
process.stdout.write('taken\n');
setInterval(() => {}, 60_000);
