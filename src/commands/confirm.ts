import { createInterface } from 'node:readline/promises';
import type { ProcessIo } from './io.ts';

/** Asks on stderr, so that stdout holds results only. Nothing but `y` or `yes` is a yes: Ctrl-C, Ctrl-D and an aborted signal are no. */
export async function confirm(
  question: string,
  { stdin, stderr }: ProcessIo,
  signal: AbortSignal,
): Promise<boolean> {
  const lines = createInterface({
    input: stdin,
    output: stderr as NodeJS.WritableStream,
    terminal: false,
  });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([lines.question(`\n${question} [y/N] `, { signal }), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    lines.close();
  }
}
