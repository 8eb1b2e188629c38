/** A document on its way to its steps, with all that decides them. */
import type { Canonical } from '../compare/canonicalize.ts';
import type { Held } from '../compare/compare-fields.ts';
import type { LiveIndex } from '../compare/live-index.ts';
import { declaredNames } from '../compare/member-names.ts';
import { compact } from '../model/compact.ts';
import { hasFixedIdentity, type Rules } from '../model/field-rules.ts';
import { keysOf } from '../model/json.ts';
import { type Desired, type Live, type Spec, TAG } from '../model/model.ts';
import type { Step } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';

export interface PlanningContext {
  readonly desired: Desired;
  readonly rules: Rules;
  readonly world: LiveIndex;
  readonly stageNames: ReadonlyMap<string, string>;
  /** Live objects that a held document may mean. */
  readonly doubtful: ReadonlySet<Live>;
  readonly input: PlanInput;
  readonly canonical: Canonical;
  /** Who makes what this plan creates, by natural id. */
  readonly creating: ReadonlyMap<string, string>;
}

/** The parts of a step that every step of a document has. */
export function stepBase({ desired }: PlanningContext): Omit<Step, 'action' | 'state'> {
  const { kind, namespace, name, source } = desired;
  return {
    kind,
    namespace,
    name,
    source,
    desired,
    changes: [],
    unclaimed: [],
    owned: {},
    tags: { set: {}, remove: [] },
  };
}

/** The names of the members that a step owns, for the tag `applied`. */
export function memberNames(
  { desired, canonical, world }: PlanningContext,
  owned: Spec,
): Pick<Step, 'memberNames'> {
  const keys = keysOf(owned.keys);
  if (keys.length === 0) return {};
  const nameOf = declaredNames(desired, canonical, world);
  return { memberNames: Object.fromEntries(keys.map((key) => [key, nameOf(key)])) };
}

/** Each as a step of its own: the rest of the object goes on. */
export function heldSteps(
  object: PlanningContext,
  live: Live | undefined,
  all: readonly Held[],
): Step[] {
  return all.map(({ reason, message, changes }) =>
    compact({
      ...stepBase(object),
      action: 'hold',
      wants: live ? 'update' : 'create',
      state: live ? 'changed' : 'missing',
      reason,
      message,
      changes,
      live,
    }),
  );
}

/** The tags that say whose it is. What we did not create, such as a stage of the API's pipeline, gets no `on-remove`: it is never ours to delete. */
export function ourTags(
  { desired, rules, world }: PlanningContext,
  live: Live | undefined,
): Record<string, string> {
  const policy = desired.spec.deletionPolicy ?? rules.fields.deletionPolicy?.default;
  const removable = !hasFixedIdentity(rules) || !live || TAG.onRemove in live.tags;
  return {
    [TAG.owner]: world.owner,
    [TAG.resource]: `${desired.namespace}/${desired.name}`,
    ...(removable && { [TAG.onRemove]: String(policy) }),
  };
}
