/** Keys whose manifests pin a value: the value of the source against the live one, and nothing else ever sees either. */
import { createHmac, randomBytes } from 'node:crypto';
import { type Desired, identity } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import type { Pinned } from '../../core/model/plan-input.ts';
import { isGatewayError } from '../../gateway/errors.ts';
import type { LiveSecrets } from '../../gateway/redact.ts';
import type { Send } from '../../gateway/send.ts';
import { valueEquals } from '../../gateway/value.ts';
import { type AllowedSources, readValue, type Value } from './key-sources.ts';

export interface ValueReader {
  /** The value that a document pins; undefined where it pins none. Rejects where the source can't be read. */
  valueOf(desired: Desired | undefined): Promise<string | undefined>;
  read(desired: Desired): Promise<Value>;
  /** Whether the key is known to have this value: a key's value never changes, so one comparison lasts. */
  known(keyId: string, value: string): boolean | undefined;
  learn(keyId: string, value: string, equal: boolean): void;
}

export function createValueReader(fences: AllowedSources): ValueReader {
  // Values are remembered only as hashes under a key that dies with the process.
  const secret = randomBytes(32);
  const print = (keyId: string, value: string) =>
    createHmac('sha256', secret).update(`${keyId} ${value}`).digest('base64');
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
  readonly inPlay: LiveSecrets;
  /** Keeps every value that is read in play, until it is disposed of. */
  readonly held: DisposableStack;
}

/** By identity, for every step of a key whose document pins a value. */
export async function comparePinned(
  steps: readonly Step[],
  { send, values, inPlay, held }: Options,
): Promise<Map<string, Pinned>> {
  const found = new Map<string, Pinned>();
  const comparisons = new Map<string, { readonly id: string; readonly value: string }>();
  // All are read before any is compared: an error may echo another's.
  for (const step of steps) {
    const { desired, live, reason } = step;
    const who = identity(step);
    if (
      desired?.kind !== 'ApiKey' ||
      desired.spec.value === undefined ||
      found.has(who) ||
      comparisons.has(who)
    )
      continue;
    // A key that is left alone is nobody's to compare.
    if (reason === 'suspended' || reason === 'not-owned' || reason === 'foreign') continue;
    const read = await values.read(desired);
    if ('value' in read) held.use(inPlay.add(read.value));
    if ('unreadable' in read) found.set(who, read);
    else if (live) comparisons.set(who, { id: live.id, value: read.value });
  }
  for (const [who, { id, value }] of comparisons) {
    try {
      const equal = values.known(id, value) ?? (await valueEquals(send, id, value));
      values.learn(id, value, equal);
      found.set(who, equal ? 'same' : 'different');
    } catch (error) {
      // One key that can't be compared holds up nothing but that comparison.
      if (!isGatewayError(error)) throw error;
      found.set(who, { unreadable: `the live value could not be compared: ${error.message}` });
    }
  }
  return found;
}
