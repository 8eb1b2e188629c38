/** A key that is disabled in Git, of which several live keys claim to be the one: it is taken from all of them. */

import { formerlyOf } from '../compare/formerly.ts';
import { compareText } from '../model/json.ts';
import { identity, type Live, TAG } from '../model/model.ts';
import type { Change, Step } from '../model/plan.ts';
import { type PlanningContext, stepBase } from './planning-context.ts';

/**
 * One step for each claimant that is enabled: first the one that this process knew last, then those that
 * bear all of our tags. A forged tag keeps no real key enabled. All but the first of them count for the
 * guards (holds/blast-radius.ts), and so does that one where another is disabled already.
 */
export function revokeClaimants(
  object: PlanningContext,
  candidates: readonly Live[] | undefined,
): Step[] {
  const { desired, input, world } = object;
  if (desired.kind !== 'ApiKey' || desired.spec.enabled !== false) return [];
  const known = input.lastSeen.get(identity(desired))?.id;
  const rank = ({ id, tags }: Live) =>
    (id === known ? 0 : 2) + (TAG.applied in tags && TAG.onRemove in tags ? 0 : 1);
  const names = [desired, ...desired.annotations.movedFrom].map(
    ({ namespace, name }) => `${namespace}/${name}`,
  );
  const claimants = (candidates ?? []).filter((live) => {
    const { namespace = '', name = '' } = world.claimOf(live) ?? {};
    const before = formerlyOf(live);
    return (
      names.includes(`${namespace}/${name}`) ||
      (before?.namespace === desired.namespace && before.name === desired.name)
    );
  });
  const enabled = claimants.filter(
    ({ spec, tags }) => spec.enabled === true && tags[TAG.suspend] === undefined,
  );
  const isBegun = claimants.some(({ spec }) => spec.enabled === false);
  return enabled
    .toSorted((a, b) => rank(a) - rank(b) || compareText(a.id, b.id))
    .map((live, index) => ({
      ...stepBase(object),
      action: 'update',
      state: 'ambiguous',
      live,
      changes: [OFF],
      ...((isBegun || index > 0) && { countsForGuards: true }),
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
