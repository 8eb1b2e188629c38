/**
 * A key may be in only one plan per stage (docs/api-gateway-facts.md#f9). The manifests are checked for that when they are read; here it is checked against plans that they
 * do not speak of, or do not change: an attach that the service would refuse is held, and named.
 */

import type { LiveIndex } from '../compare/live-index.ts';
import { claimOf } from '../compare/ownership.ts';
import { labelOf } from '../compare/references.ts';
import { keysOf, withValue } from '../model/json.ts';
import { identity, type Json, type Live } from '../model/model.ts';
import type { Change, Step } from '../model/plan.ts';
import { applied } from '../model/three-way.ts';

const PLAN = 'UsagePlan';

/** A plan as this pass would leave it. */
interface Standing {
  readonly id: string;
  /** For people. */
  readonly label: string;
  readonly stages: readonly string[];
  readonly keys: readonly string[];
}

export function holdConflicts(steps: readonly Step[], world: LiveIndex): Step[] {
  const standing = [
    ...world.live.filter(isRead).map((live) => standingOf(live, steps, world)),
    ...steps.filter((step) => step.kind === PLAN && step.action === 'create').map(afterStep),
  ];
  return steps.flatMap((step) => (isChanging(step) ? withoutConflicts(step, standing) : [step]));
}

/**
 * The keys that a plan is to get, and that a plan of somebody else may have for the same stage: plans that no document means are listed without their keys,
 * so it has to be asked for these keys alone.
 */
export function keysToProbe(steps: readonly Step[], live: readonly Live[]): string[] {
  const unread = new Set(
    live
      .filter((one) => one.kind === PLAN && !isRead(one))
      .flatMap((one) => keysOf(one.spec.stages)),
  );
  const gaining = steps
    .filter(isChanging)
    .filter((step) => afterStep(step).stages.some((stage) => unread.has(stage)));
  const gained = gaining.flatMap((step) => {
    const stages = step.changes.some((change) => isGain(change, 'stages'));
    const keys = step.changes
      .filter((change) => isGain(change, 'keys'))
      .map((change) => change.keys[0] ?? '');
    return stages ? afterStep(step).keys : keys;
  });
  const exists = new Set(live.filter(({ kind }) => kind === 'ApiKey').map(({ id }) => id));
  return [...new Set(gained)].filter((key) => exists.has(key)).sort();
}

function isRead(live: Live): boolean {
  return live.kind === PLAN && live.spec.keys !== undefined;
}

function isChanging(step: Step): boolean {
  return (
    step.kind === PLAN &&
    (step.action === 'update' || step.action === 'adopt' || step.action === 'create')
  );
}

function isGain({ field, keys, desired }: Change, of: 'keys' | 'stages'): boolean {
  return field === of && keys.length === 1 && desired !== undefined;
}

/** First the keys that collide are held; then, with what keys remain, the stages. */
function withoutConflicts(step: Step, all: readonly Standing[]): Step[] {
  const id = step.live?.id ?? identity(step);
  const others = all.filter((plan) => plan.id !== id);
  const rivals = new Set<Standing>();
  const collides = (change: Change, after: Standing): boolean => {
    const [gained = ''] = change.keys;
    const isRival = ({ keys, stages }: Standing) =>
      change.field === 'keys'
        ? keys.includes(gained) && stages.some((stage) => after.stages.includes(stage))
        : stages.includes(gained) && keys.some((key) => after.keys.includes(key));
    const rival = others.find(isRival);
    if (rival) rivals.add(rival);
    return rival !== undefined;
  };
  const drop = (from: Step, field: 'keys' | 'stages'): Step => {
    const after = afterStep(from);
    return without(
      from,
      from.changes.filter((change) => isGain(change, field) && collides(change, after)),
    );
  };
  const rest = drop(drop(step, 'keys'), 'stages');
  const changes = step.changes.filter((change) => !rest.changes.includes(change));
  if (changes.length === 0) return [step];
  const names = [...rivals].map(({ label }) => label).join(', ');
  const message = `a key can be in only one usage plan per stage, and ${names} has it: take it out there first`;
  const hold: Step = {
    ...step,
    action: 'hold',
    wants: step.action,
    reason: 'dependency',
    message,
    changes,
    unclaimed: [],
  };
  return [
    rest.changes.length === 0 && step.action === 'update' ? { ...rest, action: 'keep' } : rest,
    hold,
  ];
}

/** What a create owns, it writes: without the entries that are held. */
function without(step: Step, held: readonly Change[]): Step {
  const changes = step.changes.filter((change) => !held.includes(change));
  if (step.action !== 'create') return { ...step, changes };
  const owned = held.reduce(
    (spec, { field, keys }) => withValue(spec, [field, ...keys], undefined),
    step.owned,
  );
  return { ...step, changes, owned };
}

function standingOf(live: Live, steps: readonly Step[], world: LiveIndex): Standing {
  const own = steps.filter((step) => step.live === live && step.action !== 'hold');
  const label = claimOf(live, world.owner)
    ? labelOf(live, live.id, world)
    : `${live.name} (${live.id})`;
  if (own.some((step) => step.action === 'delete'))
    return { id: live.id, label, stages: [], keys: [] };
  const changes = own.flatMap((step) => step.changes);
  return lists(live.id, label, applied(live.spec, changes));
}

function afterStep(step: Step): Standing {
  return lists(
    step.live?.id ?? identity(step),
    step.name,
    step.live ? applied(step.live.spec, step.changes) : step.owned,
  );
}

function lists(id: string, label: string, spec: { readonly [field: string]: Json }): Standing {
  return { id, label, stages: keysOf(spec.stages), keys: keysOf(spec.keys) };
}
