/** Other people's plans that have a key which one of ours is to get: they are listed without their keys, so they are asked for by key (facts, 2.2). */
import pMap from 'p-map';
import { keysInDoubt } from '../core/conflicts.ts';
import type { Live } from '../core/model.ts';
import type { Step } from '../core/plan.ts';
import type { Send } from '../gateway/send.ts';
import type { Kind } from '../kinds/kind.ts';
import { READERS } from '../kinds/live.ts';

/** `live`, in which each plan that has one of these keys says so; `live` itself where nothing was in doubt. */
export async function withRivals(
  steps: readonly Step[],
  live: readonly Live[],
  kinds: readonly Kind[],
  send: Send,
): Promise<readonly Live[]> {
  const members = kinds.find((kind) => kind.rules.kind === 'UsagePlan')?.members;
  const keys = keysInDoubt(steps, live);
  if (!members || keys.length === 0) return live;
  const found = await pMap(keys, async (key) => ({ key, holders: await members.holders(send, key) }), READERS);
  return live.map((one) => {
    const has = found.filter(({ holders }) => holders.includes(one.id)).map(({ key }) => key);
    if (one.kind !== 'UsagePlan' || one.spec.keys !== undefined || has.length === 0) return one;
    return { ...one, spec: { ...one.spec, keys: Object.fromEntries(has.map((key) => [key, true])) } };
  });
}
