/** Keys whose manifests pin a value: the value of the source against the live one, and nothing else ever sees either. */
import { createHmac, randomBytes } from 'node:crypto';
import type { Pinned } from '../core/input.ts';
import { type Desired, identity } from '../core/model.ts';
import type { Step } from '../core/plan.ts';
import { isGatewayError } from '../gateway/errors.ts';
import type { InPlay } from '../gateway/redact.ts';
import type { Send } from '../gateway/send.ts';
import { valueEquals } from '../gateway/value.ts';
import { type Fences, readValue, type Value } from './values.ts';

export interface ValueReader {
  /** The value that a document pins; undefined where it pins none. Rejects where the source can't be read. */
  valueOf(desired: Desired | undefined): Promise<string | undefined>;
  read(desired: Desired): Promise<Value>;
  /** Whether the key is known to have this value: a key's value never changes, so one comparison lasts. */
  known(keyId: string, value: string): boolean | undefined;
  learn(keyId: string, value: string, equal: boolean): void;
}

export function createValueReader(fences: Fences): ValueReader {
  // Values are remembered only as hashes under a key that dies with the process.
  const secret = randomBytes(32);
  const print = (keyId: string, value: string) => createHmac('sha256', secret).update(`${keyId} ${value}`).digest('base64');
  const compared = new Map<string, boolean>();
  return {
    read: (desired) => readValue(desired.spec.value, fences),
    async valueOf(desired) {
      if (desired?.spec.value === undefined) return undefined;
      const found = await readValue(desired.spec.value, fences);
      if ('unreadable' in found) throw new Error(found.unreadable);
      return found.value;
    },
    known: (keyId, value) => compared.get(print(keyId, value)),
    learn: (keyId, value, equal) => void compared.set(print(keyId, value), equal),
  };
}

interface Options {
  readonly send: Send;
  readonly values: ValueReader;
  readonly inPlay: InPlay;
}

/** By identity, for every step of a key whose document pins a value. */
export async function comparePinned(steps: readonly Step[], { send, values, inPlay }: Options): Promise<Map<string, Pinned>> {
  const found = new Map<string, Pinned>();
  for (const step of steps) {
    const { desired, live, reason } = step;
    if (desired?.kind !== 'ApiKey' || desired.spec.value === undefined || found.has(identity(step))) continue;
    // A key that is left alone is nobody's to compare.
    if (reason === 'suspended' || reason === 'not-owned' || reason === 'foreign') continue;
    const read = await values.read(desired);
    if ('unreadable' in read) {
      found.set(identity(step), read);
      continue;
    }
    using _held = inPlay.add(read.value);
    if (!live) continue;
    try {
      const equal = values.known(live.id, read.value) ?? (await valueEquals(send, live.id, read.value));
      values.learn(live.id, read.value, equal);
      found.set(identity(step), equal ? 'same' : 'different');
    } catch (error) {
      // One key that can't be compared holds up nothing but that comparison.
      if (!isGatewayError(error)) throw error;
      found.set(identity(step), { unreadable: `the live value could not be compared: ${error.message}` });
    }
  }
  return found;
}
