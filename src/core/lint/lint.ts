/** The states in which callers are blocked, or not stopped, although everything is valid: of keys, plans and requirements together. Pure. */

import { compareText } from '../model/json.ts';
import { type Warning, warning } from '../model/warning.ts';
import type { Demand, Inventory, InventoryKey, InventoryUsagePlan } from './inventory.ts';
import { type InventoryIndex, indexInventory, type Place } from './inventory-index.ts';
import { lintLimits } from './limit-rules.ts';

/** Sorted by whom they are about. */
export function lint(estate: Inventory): Warning[] {
  const index = indexInventory(estate);
  const found = [
    ...estate.demands.flatMap((demand) => requiredWithoutKey(demand, index)),
    ...estate.keys.flatMap((key) => [
      ...keyWithoutPlan(key, index),
      ...keyWithoutRequirement(key, index),
    ]),
    ...estate.plans.flatMap((plan) => emptyPlan(plan, estate)),
    ...estate.limited.flatMap(lintLimits),
  ];
  const order = ({ kind, namespace, name, code, path = '' }: Warning) =>
    [kind, namespace, name, code, path].join('\n');
  return found.sort((a, b) => compareText(order(a), order(b)));
}

const OF: Readonly<Record<Inventory['from'], string>> = {
  manifests: 'of these manifests',
  file: 'of this file',
  live: 'of this account and region',
};

function requiredWithoutKey(
  { subject, api, label, demands, stages, upcoming = [], path }: Demand,
  estate: InventoryIndex,
): Warning[] {
  if (demands !== 'some' && upcoming.length === 0) return [];
  const named = [...stages, ...upcoming];
  const places: readonly Place[] =
    named.length > 0 ? named.map((stage) => ({ api, stage })) : [{ api }];
  return places.flatMap((place) => {
    const plans = estate.plansOn(place);
    const what = place.stage === undefined ? label : `${label}:${place.stage}`;
    if (plans.some((plan) => mayLetIn(plan, estate))) return [];
    const isLater = estate.from !== 'live' || upcoming.includes(place.stage ?? '');
    const when = `${isLater ? 'once that is deployed, ' : ''}every call to such a method gets 403`;
    const message = `${what} ${upcoming.includes(place.stage ?? '') ? 'will demand' : 'demands'} a key, and none can pass, since ${whyNone(plans, place, estate)}: ${when}; ${wayIn(plans)}`;
    return [
      {
        ...warning('REQUIRED_WITHOUT_KEY', subject, message, path),
        ...(place.stage !== undefined && { stage: what }),
      },
    ];
  });
}

function whyNone(
  plans: readonly InventoryUsagePlan[],
  { stage }: Place,
  { from }: Inventory,
): string {
  const named = plans.map(({ label }) => label).join(', ');
  if (plans.length === 0)
    return `no usage plan ${OF[from]} is on ${stage === undefined ? 'any of its stages' : 'that stage'}`;
  if (plans.every(({ keys }) => keys.known.length === 0))
    return `${named}, the only plan${plans.length > 1 ? 's' : ''} there, ${plans.length > 1 ? 'have' : 'has'} no key`;
  return `every key of ${named}, the only plan${plans.length > 1 ? 's' : ''} there, is disabled`;
}

function wayIn(plans: readonly InventoryUsagePlan[]): string {
  return plans.length === 0
    ? 'put the stage into the plan of a key, or demand none'
    : 'give the plan an enabled key, or demand none';
}

function keyWithoutPlan(
  { id, subject, enabled, consumer }: InventoryKey,
  { from, holders, isAnywhere }: InventoryIndex,
): Warning[] {
  // What is disabled is closed on purpose.
  if (!subject || enabled === false || isAnywhere || holders.has(id)) return [];
  const what =
    from === 'live'
      ? 'it is in no usage plan:'
      : `no plan ${OF[from]} has it: unless one elsewhere does,`;
  const then = 'calls with it get 403 wherever a key is demanded';
  if (consumer === undefined)
    return [
      warning(
        'KEY_WITHOUT_PLAN',
        subject,
        `${what} ${then}; name it in the keys of a plan, or remove it`,
      ),
    ];
  const message = `its key opens nothing, since it has access to no stage: ${then}; name the stages under access, or remove it`;
  return [
    warning(
      'CONSUMER_WITHOUT_ACCESS',
      { ...subject, kind: 'Consumer', name: consumer },
      message,
      '/spec/access',
    ),
  ];
}

/** Only where all of the key's plans and stages are known, and of each of their APIs that it demands no key. */
function keyWithoutRequirement(
  { id, subject, enabled }: InventoryKey,
  { from, ...index }: InventoryIndex,
): Warning[] {
  const holders = index.holders.get(id) ?? [];
  if (!subject || enabled === false || holders.length === 0 || index.isAnywhere) return [];
  const stages = holders.flatMap((plan) => plan.stages.known);
  if (
    stages.length === 0 ||
    holders.some((plan) => plan.stages.more !== 'none') ||
    !stages.every(({ api }) => index.isOpen(api))
  )
    return [];
  const labels = [
    ...new Set(stages.flatMap(({ api }) => index.demandsOf(api).map(({ label }) => label))),
  ].sort(compareText);
  const how =
    from === 'live' ? 'serves a method that demands a key' : 'demands a key for any method';
  const message = `none of its APIs (${labels.join(', ')}) ${how}: calls without the key get in as well, and the plan's limits bind nobody; demand one in a KeyRequirement and have the API deployed, or remove the key`;
  return [warning('KEY_WITHOUT_REQUIREMENT', subject, message)];
}

function emptyPlan({ subject, stages, keys }: InventoryUsagePlan, { from }: Inventory): Warning[] {
  if (!subject) return [];
  const read = from === 'file' ? ' that could be read here' : '';
  const noStage = `${from === 'live' ? 'it is on no stage' : `it names no stage${read}`}, so its keys open nothing: calls with them get 403 wherever a key is demanded; name the stages that they are for`;
  const noKey = `it has no key${read}, so nobody calls through it; ${from === 'file' ? 'leave keys out, and the live ones stay' : 'name the keys that it is for, or remove it'}`;
  return [
    ...(isNone(stages) ? [warning('PLAN_WITHOUT_STAGE', subject, noStage, '/spec/stages')] : []),
    ...(isNone(keys) ? [warning('PLAN_WITHOUT_KEY', subject, noKey, '/spec/keys')] : []),
  ];
}

function isNone({
  known,
  more,
}: InventoryUsagePlan['keys'] | InventoryUsagePlan['stages']): boolean {
  return known.length === 0 && more === 'none';
}

function mayLetIn({ keys }: InventoryUsagePlan, { keyOf }: InventoryIndex): boolean {
  return keys.more !== 'none' || keys.known.some((id) => keyOf.get(id)?.enabled !== false);
}
