/** Groups Targets by account and region: those of one place are observed, planned and written together (docs/contract.md#daemon). */

import type { Target } from '../../core/model/model.ts';
import type { EngineDeps } from '../state/settings.ts';

type Env = EngineDeps['env'];

/**
 * The account and region of a Target, as far as it is written. The ambient account is a place of its
 * own: a tree with several Targets writes `accountId` in each.
 */
export function placeOf({ accountId, region }: Target, env: Env): string {
  const here = region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || 'ambient');
  return `${accountId ?? 'ambient'} ${here}`;
}

/** The Targets by place, in their order. */
export function groupByPlace(
  targets: readonly Target[],
  env: Env,
): ReadonlyMap<string, readonly Target[]> {
  return Map.groupBy(targets, (target) => placeOf(target, env));
}
