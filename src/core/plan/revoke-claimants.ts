/** A key that is disabled in Git, of which several live keys claim to be the one: it is taken from all of them. */

import { compareText } from '../model/json.ts';
import { identity, type Live, TAG } from '../model/model.ts';
import type { Change, Step } from '../model/plan.ts';
import { type PlanningContext, stepBase } from './planning-context.ts';

/**
 * One step for each claimant that is enabled, the one that this process knew last first. A forged tag
 * keeps no real key enabled. From the second on they count for the guards (holds/blast-radius.ts).
 */
export function revokeClaimants(
  object: PlanningContext,
  candidates: readonly Live[] | undefined,
): Step[] {
  const { desired, input, world } = object;
  if (desired.kind !== 'ApiKey' || desired.spec.enabled !== false) return [];
  const known = input.lastSeen.get(identity(desired))?.id;
  const rank = ({ id }: Live) => (id === known ? 0 : 1);
  const names = [desired, ...desired.annotations.movedFrom].map(
    ({ namespace, name }) => `${namespace}/${name}`,
  );
  const enabled = (candidates ?? []).filter((live) => {
    const { namespace = '', name = '' } = world.claimOf(live) ?? {};
    const isClaimant = names.includes(`${namespace}/${name}`);
    return isClaimant && live.spec.enabled === true && live.tags[TAG.suspend] === undefined;
  });
  return enabled
    .toSorted((a, b) => rank(a) - rank(b) || compareText(a.id, b.id))
    .map((live) => ({
      ...stepBase(object),
      action: 'update',
      state: 'ambiguous',
      live,
      changes: [OFF],
      message: 'it is disabled in Git: so is each live key that claims to be this one',
    }));
}

const OFF: Change = {
  field: 'enabled',
  keys: [],
  path: '/spec/enabled',
  desired: false,
  live: true,
  cause: 'git',
};
