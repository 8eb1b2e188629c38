/** The steps of a document that has no live object yet. */
import { defaultOf } from '../compare/canonicalize.ts';
import { unresolvedEntry } from '../compare/compare-fields.ts';
import { isMap, isUnset, pointer } from '../model/json.ts';
import { identity, type Json, type Spec } from '../model/model.ts';
import type { Cause, Change, Step } from '../model/plan.ts';
import { wasMember } from './lost-keys.ts';
import {
  heldSteps,
  memberNames,
  ourTags,
  type PlanningContext,
  stepBase,
} from './planning-context.ts';

export function planCreate(object: PlanningContext, fixedId: string | undefined): Step[] {
  const { desired, rules, canonical: form, input } = object;
  const missing = { ...stepBase(object), state: 'missing' as const };
  if (desired.kind === 'Stage' && desired.spec.deployment === undefined) {
    const message =
      'the stage does not exist, and the manifest names no deployment to create it from: deploy the API, or say deployment: latest';
    return [
      { ...missing, action: 'hold', wants: 'create', reason: 'unresolved-reference', message },
    ];
  }
  const pinned = input.pinned.get(identity(desired));
  if (typeof pinned === 'object')
    return [
      {
        ...missing,
        action: 'hold',
        wants: 'create',
        reason: 'dependency',
        message: pinned.unreadable,
      },
    ];

  const owned: Record<string, Json> = {};
  const createOnly: Record<string, Json> = {};
  for (const rule of Object.values(rules.fields)) {
    const given = desired.spec[rule.name];
    const named = form.named[rule.name];
    if (rule.sensitive || (rule.role !== 'live' && rule.role !== 'createOnly')) continue;
    if (named !== undefined || rule.role === 'live')
      owned[rule.name] = named === undefined ? defaultOf(rule, desired) : named;
    else if (given !== undefined) createOnly[rule.name] = given;
  }
  // With adopt: none, the document asks for another one.
  const isNew = desired.annotations.adopt === 'none';
  const isDeleted = !isNew && (isGone(object) || wasMember(object));
  const lost = isDeleted && desired.kind === 'ApiKey';
  const create: Step = {
    ...missing,
    action: 'create',
    changes: creationChanges(object, { ...createOnly, ...owned }, isDeleted ? 'live' : 'git'),
    owned,
    ...memberNames(object, owned),
    createOnly,
    tags: { set: ourTags(object, undefined), remove: [] },
    ...(fixedId && { fixedId }),
    ...(lost && {
      incident: 'key.lost' as const,
      message: 'the live key was deleted behind our back: created again, it has another value',
    }),
  };
  return [create, ...heldSteps(object, undefined, form.unresolved.map(unresolvedEntry))];
}

/** Whether this process saw it live, and it is live no more. */
function isGone({ desired, input, world }: PlanningContext): boolean {
  const seen = input.lastSeen.get(identity(desired));
  return seen !== undefined && world.byId(desired.kind, seen.id) === undefined;
}

/** Everything that a create writes, as changes from nothing: what says none is left out, nobody reads that. */
function creationChanges(
  { rules, canonical: form }: PlanningContext,
  owned: Spec,
  cause: Cause,
): Change[] {
  return Object.entries(owned)
    .filter(([, value]) => !isUnset(value))
    .flatMap(([field, value]): Change[] => {
      if (typeof rules.fields[field]?.key !== 'string' || !isMap(value))
        return [
          {
            field,
            keys: [],
            path: pointer(['spec', field]),
            desired: value,
            live: undefined,
            cause,
          },
        ];
      return Object.entries(value).map(([key, entry]) => {
        const needs = form.pending.get(field)?.get(key);
        const path = pointer(['spec', field, form.labels.get(field)?.get(key) ?? key]);
        return {
          field,
          keys: [key],
          path,
          desired: entry,
          live: undefined,
          cause,
          ...(needs !== undefined && { needs: [needs] }),
        };
      });
    });
}
