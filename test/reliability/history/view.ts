/** The account as plain data, and the calls that get through. */
import type { Core } from '../account.ts';

export const REGIONS = ['eu-west-2', 'eu-west-1'] as const;
export const ACCOUNT_ID = '123456789012';

export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly value: string;
  readonly enabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface PlanView {
  readonly id: string;
  readonly region: string;
  readonly stages: readonly string[];
  readonly keys: ReadonlySet<string>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface AccountView {
  readonly keys: ReadonlyMap<string, KeyView>;
  readonly plans: ReadonlyMap<string, PlanView>;
}

export function viewOf(core: Pick<Core, 'state'>): AccountView {
  const states = REGIONS.map((region) => core.state(ACCOUNT_ID, region));
  const keys = states.flatMap(({ apiKeys, region }) =>
    [...apiKeys.values()].map(
      ({ id, name = '', value, enabled, tags }): KeyView => ({
        id,
        name,
        region,
        value,
        enabled,
        tags: { ...tags },
      }),
    ),
  );
  const plans = states.flatMap(({ usagePlans, planKeys, region }) =>
    [...usagePlans.values()].map(
      ({ id, apiStages, tags }): PlanView => ({
        id,
        region,
        stages: apiStages.map(({ stage }) => stage),
        keys: new Set(planKeys.get(id)),
        tags: { ...tags },
      }),
    ),
  );
  return {
    keys: new Map(keys.map((key) => [key.id, key])),
    plans: new Map(plans.map((plan) => [plan.id, plan])),
  };
}

/** Says that a call with this key gets through to the stage. */
export function passes({ keys, plans }: AccountView, id: string, stage: string): boolean {
  if (!keys.get(id)?.enabled) return false;
  return [...plans.values()].some((plan) => plan.keys.has(id) && plan.stages.includes(stage));
}

/** The identity that the tags of an object give it: `<namespace>/<name>`. */
export function nameIn({ tags }: Pick<KeyView, 'tags'>): string | undefined {
  return tags['apikeeper:resource'];
}

export function ownerIn({ tags }: Pick<KeyView, 'tags'>): string | undefined {
  return tags['apikeeper:owner'];
}

/** It left Git, and waits for its end. */
export function isRetired({ tags }: Pick<KeyView, 'tags'>): boolean {
  const until = tags['apikeeper:delete-after'];
  return until !== undefined && !until.startsWith('0/');
}
