/** Which objects an export is about. */

import { isMap } from '../core/model/json.ts';
import type { Live } from '../core/model/model.ts';
import { didYouMean } from '../manifests/suggest.ts';
import { type Account, keyOf, type Selection } from './model.ts';

/** What was asked for is not in the account, or is there several times. */
export class NotSelected extends Error {
  override readonly name = 'NotSelected';
}

/**
 * The chosen objects, by `keyOf`. An API comes with its stages, the plans on them and their keys; a plan with its keys; a key alone, or, where
 * that makes it a Consumer, with its plans.
 * Throws NotSelected for a name or id that means none or several.
 */
export function select(
  account: Account,
  { apis, plans, keys }: Selection,
  plansOf: PlansOf | undefined,
): ReadonlySet<string> {
  if (apis.length + plans.length + keys.length === 0) return new Set(account.live.map(keyOf));
  const ofKind = (kind: string) => account.live.filter((live) => live.kind === kind);
  const apiIds = new Set(apis.map((wanted) => find('API', wanted, account.apis).id));
  const ofApis = (live: Live) => apiIds.has(live.id.split(':')[0] ?? '');
  const keyIds = keys.map((wanted) => find('API key', wanted, ofKind('ApiKey')).id);
  const chosenPlans = [
    ...keyIds.flatMap((id) => ownPlans(plansOf?.get(id) ?? [])),
    ...plans.map((wanted) => find('usage plan', wanted, ofKind('UsagePlan'))),
    ...ofKind('UsagePlan').filter((plan) =>
      stagesOf(plan).some((stage) => apiIds.has(stage.split(':')[0] ?? '')),
    ),
  ];
  const chosenKeys = [...keyIds, ...chosenPlans.flatMap(keysOf)];
  return new Set([
    ...account.live
      .filter((live) => live.kind !== 'ApiKey' && live.kind !== 'UsagePlan' && ofApis(live))
      .map(keyOf),
    ...chosenPlans.map(keyOf),
    ...chosenKeys.map((id) => keyOf({ kind: 'ApiKey', id })),
  ]);
}

/** The plans of the whole account that a key is in, by the key's id. */
export type PlansOf = ReadonlyMap<string, readonly Live[]>;

/** Whether a plan is one key's, on one stage. */
export function isOwnPlan(plan: Live): boolean {
  return keysOf(plan).length === 1 && stagesOf(plan).length === 1;
}

function ownPlans(plans: readonly Live[]): readonly Live[] {
  return plans.every(isOwnPlan) ? plans : [];
}

/** The stages of a plan, each `<api id>:<stage name>`. */
export function stagesOf(plan: Live): readonly string[] {
  return isMap(plan.spec.stages) ? Object.keys(plan.spec.stages).sort() : [];
}

/** The ids of a plan's keys. */
export function keysOf(plan: Live): readonly string[] {
  return isMap(plan.spec.keys) ? Object.keys(plan.spec.keys).sort() : [];
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** An id goes before a name: it means one object, whatever others are called. */
function find<T extends Named>(what: string, wanted: string, all: readonly T[]): T {
  const byId = all.find(({ id }) => id === wanted);
  if (byId) return byId;
  const [found, ...others] = all.filter(({ name }) => name === wanted);
  if (!found) {
    const near = didYouMean(
      wanted,
      all.map(({ name }) => name),
    );
    throw new NotSelected(
      `no ${what} has the id or the name ${JSON.stringify(wanted)} in this account and region${near}`,
    );
  }
  if (others.length === 0) return found;
  const ids = [found, ...others].map(({ id }) => id).join(', ');
  throw new NotSelected(
    `${others.length + 1} ${what}s are named ${JSON.stringify(wanted)}: give the id of the one that is meant (${ids})`,
  );
}
