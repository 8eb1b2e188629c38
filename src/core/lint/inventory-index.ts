/** The ways to find something in an estate of many thousand keys and plans. */
import type { Demand, Inventory, InventoryKey, InventoryUsagePlan, StageRef } from './inventory.ts';

/** A stage; without one, an API of which no stage is known. */
export type Place = Omit<StageRef, 'stage'> & Partial<StageRef>;

export interface InventoryIndex extends Inventory {
  readonly keyOf: ReadonlyMap<string, InventoryKey>;
  /** By key: the plans that are known to have it. */
  readonly holders: ReadonlyMap<string, readonly InventoryUsagePlan[]>;
  /** Whether a plan may have any key at all. */
  readonly isAnywhere: boolean;
  /** The plans that are, or may be, on a place. */
  plansOn(place: Place): readonly InventoryUsagePlan[];
  /** What is known of exactly this API. */
  demandsOf(api: string): readonly Demand[];
  /** Whether what is known of the API, and of those that may be it, is that nothing demands a key. */
  isOpen(api: string): boolean;
}

export function indexInventory(estate: Inventory): InventoryIndex {
  const { plans, demands } = estate;
  const holders = grouped(plans, ({ keys }) => keys.known);
  const on = grouped(plans, ({ stages }) => stages.known.flatMap(spellings));
  const unbounded = plans.filter(({ stages }) => stages.more !== 'none');
  const byApi = Map.groupBy(demands, ({ api }) => api);
  const demanding = new Set(
    demands.filter((one) => one.demands !== 'none').map(({ api }) => formOf(api)),
  );
  const demandsOf = (api: string) => byApi.get(api) ?? [];
  return {
    ...estate,
    keyOf: new Map(estate.keys.map((key) => [key.id, key])),
    holders,
    isAnywhere: plans.some(({ keys }) => keys.more === 'any'),
    plansOn: ({ api, stage = '' }) => [
      ...new Set([
        ...(on.get(`${api}\n${stage}`) ?? []),
        ...(on.get(`${otherForm(api)}\n${stage}`) ?? []),
        ...unbounded,
      ]),
    ],
    demandsOf,
    isOpen: (api) =>
      demandsOf(api).length > 0 &&
      demandsOf(api).every((one) => one.demands === 'none') &&
      !demanding.has(otherForm(api)),
  };
}

/**
 * An API that is known by its id and one that is known by its name may be the same; two that are known by one form, only where that is equal.
 * So a stage is found by its API, by the form of that, and as any stage of either.
 */
function spellings({ api, stage }: StageRef): string[] {
  return [api, formOf(api)].flatMap((one) => [`${one}\n${stage}`, `${one}\n`]);
}

function formOf(api: string): string {
  return api.slice(0, api.indexOf(' '));
}

function otherForm(api: string): string {
  return formOf(api) === 'id' ? 'name' : 'id';
}

function grouped<T>(
  all: readonly T[],
  keysOf: (one: T) => readonly string[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    for (const key of new Set(keysOf(one))) {
      const group = groups.get(key);
      if (group) group.push(one);
      else groups.set(key, [one]);
    }
  }
  return groups;
}
