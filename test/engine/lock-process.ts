/** Another process that has a lock, and is killed when it is disposed of. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HOLDER = fileURLToPath(new URL('lock-holder.ts', import.meta.url));

export interface Holder extends AsyncDisposable {
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
  /** What the process says of its lock. */
  ask(): Promise<string>;
}

/** Resolves when the process has the lock. */
export async function holder(name: string, directory = '', standstillMs = 45_000): Promise<Holder> {
  const child = spawn(process.execPath, [HOLDER, name, directory, String(standstillMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    pid: child.pid,
    kill: (signal) => void child.kill(signal),
    async ask() {
      child.stdin.write('?\n');
      const { value } = await lines.next();
      return String(value);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
