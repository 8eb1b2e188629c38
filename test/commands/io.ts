/** A world for commands in a test: streams that remember, signals that are sent by hand. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { runCommand } from '../../src/cli.ts';
import type { ProcessIo } from '../../src/commands/io.ts';
import type { Clock } from '../../src/core/model/clock.ts';

export interface TestWorld extends ProcessIo {
  readonly signals: EventEmitter;
  readonly stdin: PassThrough & { isTTY: boolean };
  /** What was written so far. */
  written(): { readonly stdout: string; readonly stderr: string };
  /** The codes with which the process would have ended at once. */
  readonly exits: number[];
}

export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly version?: string;
  /** Whether somebody sits at the keyboard. */
  readonly isTerminal?: boolean;
  /** What they type. */
  readonly typed?: string;
  /** Default: sleeping takes no time. */
  readonly clock?: Clock;
}

export function createWorld({
  env = {},
  version = '0.1.0',
  isTerminal = false,
  typed,
  clock = hurriedClock(),
}: WorldOptions = {}): TestWorld {
  const texts = { stdout: '', stderr: '' };
  const exits: number[] = [];
  const output = (name: keyof typeof texts) => ({
    isTTY: false,
    write: (text: string) => {
      texts[name] += text;
    },
  });
  const stdin = Object.assign(new PassThrough(), { isTTY: isTerminal });
  if (typed !== undefined) stdin.end(typed);
  return {
    stdin,
    stdout: output('stdout'),
    stderr: output('stderr'),
    env,
    version,
    signals: new EventEmitter(),
    clock,
    exit: (code) => exits.push(code),
    exits,
    written: () => ({ ...texts }),
  };
}

/** Real time, in which sleeping takes none: whoever sleeps moves the clock on. */
function hurriedClock(): Clock {
  let skipped = 0;
  return {
    now: () => Date.now() + skipped,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      skipped += ms;
    },
  };
}

/** Runs a command line to its end. */
export async function run(
  words: readonly string[],
  options: WorldOptions = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const world = createWorld(options);
  const code = await runCommand(words, world);
  return { code, ...world.written() };
}

/** Waits for a condition, not for a time; fails when the command (`done`) ends before it holds. */
export async function waitFor<T>(
  find: () => T | undefined | false | Promise<T | undefined | false>,
  done?: Promise<number>,
): Promise<T> {
  let ended: number | undefined;
  done?.then((code) => {
    ended = code;
  });
  for (;;) {
    const found = await find();
    if (found) return found;
    if (ended !== undefined)
      throw new Error(`the command ended with ${ended} before the condition held: ${find}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
