/** Asks a claim who made it, within limits of time and bytes: any user may put any socket into the directory. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Speaker } from './claim.ts';

/**
 * | answer | meaning |
 * | --- | --- |
 * | a speaker | the claim's process runs |
 * | `gone` | the connection was refused: the process has ended |
 * | `silent` | no answer in time: the process is stopped |
 * | `garbled` | the answer is none of apikeeper's, or asking is not allowed |
 */
export type Answer = Speaker | 'gone' | 'silent' | 'garbled';

const MAX_LENGTH = 1024;
/** Steps of the waiting time. A process that stood still itself wakes up in the same step. */
const STEPS = 90;
/** Wrong answers before a claim counts as garbled: a process that is ending may cut one off. */
const TRIES = 3;

/** `closing` aborted: rejects with its reason. */
export async function ask(path: string, answerMs: number, closing: AbortSignal): Promise<Answer> {
  using patience = createPatience(answerMs);
  const signal = AbortSignal.any([patience.signal, closing]);
  let wrong = 0;
  while (wrong < TRIES) {
    try {
      const speaker = parse(await readLine(path, signal));
      if (speaker) return speaker;
      wrong += 1;
    } catch (error) {
      closing.throwIfAborted();
      if (patience.signal.aborted) return 'silent';
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'gone';
      // The queue of a stopped process is full.
      if (code !== 'EAGAIN') wrong += 1;
    }
    await sleep(Math.min(100, answerMs / STEPS));
  }
  return 'garbled';
}

/** Counts steps instead of asking a clock: time in which this process stood still does not count. */
function createPatience(ms: number): Disposable & { readonly signal: AbortSignal } {
  const over = new AbortController();
  let steps = 0;
  const timer = setInterval(() => {
    steps += 1;
    if (steps >= STEPS) over.abort();
  }, ms / STEPS);
  return { signal: over.signal, [Symbol.dispose]: () => clearInterval(timer) };
}

async function readLine(path: string, signal: AbortSignal): Promise<string> {
  let text = '';
  for await (const chunk of connect({ path, signal }).setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n') || text.length > MAX_LENGTH) break;
  }
  return text;
}

const WORD = /^[\w.@:+-]{1,64}$/;

/** Undefined for what no apikeeper says. Later versions may say more. */
function parse(text: string): Speaker | undefined {
  try {
    const said: unknown = text.endsWith('\n') ? JSON.parse(text) : undefined;
    return isSpeaker(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

function isSpeaker(said: unknown): said is Speaker {
  if (typeof said !== 'object' || said === null) return false;
  const { pid, host, user, version, started, held } = said as Record<keyof Speaker, unknown>;
  const words = [host, user, version, started];
  return (
    Number.isSafeInteger(pid) &&
    typeof held === 'boolean' &&
    words.every((word) => typeof word === 'string' && WORD.test(word))
  );
}
