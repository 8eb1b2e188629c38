/** What a command touches outside of the program: its streams, its variables, its signals. Tests give their own. */

import type { Clock } from '../core/model/clock.ts';

export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Signals {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface ProcessIo {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Results. */
  readonly stdout: Output;
  /** Logs, questions and complaints. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: Signals;
  readonly clock: Clock;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** apikeeper's own version. */
  readonly version: string;
}

/** Colour only where a person looks, and never against NO_COLOR (no-color.org: set and not empty). */
export function wantsColour(output: Output, env: ProcessIo['env']): boolean {
  return output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/**
 * Calls `stop` on the first SIGINT or SIGTERM; a second SIGINT ends the process at once, with the shell's code for it.
 * The result stops listening.
 */
export function onStop(
  { signals, exit }: ProcessIo,
  stop: (signal: 'SIGINT' | 'SIGTERM') => void,
): Disposable {
  let stopping = false;
  const interrupt = () => (stopping ? exit(130) : begin('SIGINT'));
  const terminate = () => begin('SIGTERM');
  const begin = (signal: 'SIGINT' | 'SIGTERM') => {
    if (stopping) return;
    stopping = true;
    stop(signal);
  };
  signals.on('SIGINT', interrupt);
  signals.on('SIGTERM', terminate);
  return {
    [Symbol.dispose]: () => {
      signals.off('SIGINT', interrupt);
      signals.off('SIGTERM', terminate);
    },
  };
}
