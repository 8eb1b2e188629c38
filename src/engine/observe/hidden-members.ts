/** Other people's plans are listed without their keys: where a plan depends on what is in them, they are asked (docs/api-gateway-facts.md#f18). */
import pMap from 'p-map';
import { plansToProbe } from '../../core/holds/lockout.ts';
import { keysToProbe } from '../../core/holds/membership-conflicts.ts';
import type { Live } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import type { Send } from '../../gateway/send.ts';
import type { Kind } from '../../kinds/kind.ts';
import { READERS } from '../../kinds/live.ts';

/** `live`, in which each plan that has a key which one of ours is to get says so; `live` itself where nothing was in doubt. */
export async function resolveHiddenMembers(
  steps: readonly Step[],
  live: readonly Live[],
  kinds: readonly Kind[],
  send: Send,
): Promise<readonly Live[]> {
  const members = kinds.find((kind) => kind.rules.kind === 'UsagePlan')?.members;
  const keys = keysToProbe(steps, live);
  if (!members || keys.length === 0) return live;
  const found = await pMap(
    keys,
    async (key) => ({ key, holders: await members.holders(send, key) }),
    READERS,
  );
  return live.map((one) => {
    const has = found.filter(({ holders }) => holders.includes(one.id)).map(({ key }) => key);
    if (one.kind !== 'UsagePlan' || one.spec.keys !== undefined || has.length === 0) return one;
    return {
      ...one,
      spec: { ...one.spec, keys: Object.fromEntries(has.map((key) => [key, true])) },
    };
  });
}

/** `live`, in which the plans on a stage that nobody seems able to call, once a key is required there, have their keys. */
export async function resolveStageMembers(
  steps: readonly Step[],
  live: readonly Live[],
  kinds: readonly Kind[],
  send: Send,
): Promise<readonly Live[]> {
  const plans = kinds.find((kind) => kind.rules.kind === 'UsagePlan');
  const doubtful = plansToProbe(steps, live);
  if (!plans || doubtful.length === 0) return live;
  const read = new Map(
    await pMap(
      doubtful,
      async (plan) => [plan.id, await plans.read(send, plan.id)] as const,
      READERS,
    ),
  );
  return live.map((one) => (one.kind === 'UsagePlan' ? (read.get(one.id) ?? one) : one));
}
