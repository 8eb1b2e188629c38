/** What is ours, live, and no longer in Git (docs/contract.md#safety). */

import { appliedTag } from '../compare/last-applied.ts';
import type { LiveIndex } from '../compare/live-index.ts';
import { isRetired, otherManager } from '../compare/ownership.ts';
import { labelOf } from '../compare/references.ts';
import { pointer } from '../model/json.ts';
import { type Desired, identity, type Live, type Spec, TAG } from '../model/model.ts';
import type { Action, Change, HoldReason, Step } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import type { Match } from './match.ts';
import { targetMode } from './mode.ts';

/**
 * | it is | its tag `on-remove` | then |
 * | --- | --- | --- |
 * | a key | `Delete` | disabled at once, deleted when its grace is over |
 * | a key | `Disable` | disabled |
 * | a plan | `Delete` | deleted, once none of its keys is in its grace; until then it lets in no other key |
 * | a stage that we created | `Delete` | deleted |
 * | anything | `Retain`, or none | released: our tags come off, nothing else changes |
 */
export function planOrphans(
  input: PlanInput,
  world: LiveIndex,
  matches: ReadonlyMap<Desired, Match>,
): Step[] {
  const { namespace } = input.target;
  const taken = new Set<Live>();
  for (const found of matches.values()) {
    if (found.is === 'live') for (const live of [found.live, ...found.disclaims]) taken.add(live);
    if (found.is === 'held')
      for (const live of [found.live ?? [], found.candidates ?? []].flat()) taken.add(live);
  }
  const declared = new Set([...input.desired, ...input.neighbours].map(identity));
  const settled = new Set(
    [...matches].filter(([, found]) => found.is === 'live').map(([desired]) => identity(desired)),
  );
  const orphans = input.live.flatMap((live): Orphan[] => {
    const claim = world.claimOf(live);
    if (claim?.namespace !== namespace || taken.has(live)) return [];
    const who = identity({ kind: live.kind, ...claim });
    // A retired object keeps its grace and its end, also where its name is declared anew for another object.
    if (declared.has(who) && !(isRetired(live) && settled.has(who))) return [];
    return [{ live, name: claim.name, namespace }];
  });
  const keys = orphans
    .filter(({ live }) => live.kind === 'ApiKey')
    .map((orphan) => retired(orphan, input, world));
  // A key that stays disabled for good is nothing to wait for.
  const isWaitedFor = ({ action, wants, deleteAfter }: Step) =>
    wants === 'delete' ||
    wants === 'disable' ||
    (action === 'disable' && deleteAfter !== undefined);
  const waiting = new Set(keys.filter(isWaitedFor).map(({ live }) => live?.id));
  const others = orphans
    .filter(({ live }) => live.kind !== 'ApiKey')
    .flatMap((orphan) => removed(orphan, waiting, input, world));
  return [...keys, ...others];
}

interface Orphan {
  readonly live: Live;
  readonly namespace: string;
  readonly name: string;
}

function step(orphan: Orphan, action: Action, more: Partial<Step> = {}): Step {
  const { live, namespace, name } = orphan;
  const empty = {
    changes: [],
    unclaimed: [],
    owned: {},
    tags: { set: {}, remove: [] },
    disclaims: [],
  };
  return { kind: live.kind, namespace, name, action, state: 'orphaned', live, ...empty, ...more };
}

function release(orphan: Orphan): Step {
  const ours = Object.keys(orphan.live.tags).filter(
    (key) => key.startsWith('apikeeper:') && key !== TAG.suspend,
  );
  return step(orphan, 'release', {
    tags: { set: {}, remove: ours.sort() },
    message:
      TAG.onRemove in orphan.live.tags
        ? 'it left Git and is to be retained: our tags come off, nothing else changes'
        : 'it left Git, and apikeeper did not create it: our tags come off, nothing else changes',
  });
}

/** Why nothing may be done about what left Git, the strongest reason first. */
function stopped(wanted: Step, input: PlanInput, world: LiveIndex): Step {
  const hold = (reason: HoldReason, message: string): Step => ({
    ...wanted,
    action: 'hold',
    wants: wanted.action,
    reason,
    message,
  });
  if (wanted.live?.tags[TAG.suspend] !== undefined)
    return hold(
      'suspended',
      `the live object bears the tag ${TAG.suspend}: remove the tag to have it reconciled again`,
    );
  if (input.invalid.has(identity(wanted))) {
    const message = 'its document is invalid, so it is left as it is: mend the problem reported';
    return {
      ...hold('incomplete-manifests', message),
      wants: 'update',
      state: 'unknown',
      changes: [],
    };
  }
  if (!input.complete)
    return hold(
      'incomplete-manifests',
      'it may have left Git, but not every manifest could be read: mend the problems reported, and nothing is lost meanwhile',
    );
  if (!input.policy.prune)
    return hold(
      'prune-disabled',
      `it left Git; prune is off: set prune: true in the Target, or --prune, to have it removed; if it was renamed, say apikeeper.dev/moved-from: ${wanted.name} in its new document`,
    );
  if (targetMode(input.target, input.policy) === 'observe')
    return hold('observe', 'observed, not enforced: nothing is written');
  const manager = otherManager({ tags: wanted.live?.tags ?? {} }, world.owner);
  if (wanted.action === 'delete' && manager)
    return hold(
      'foreign',
      `it bears the tags of ${manager}, which may still want it: delete it there`,
    );
  return wanted;
}

/** A key that left Git goes in two steps; the clock is a tag on the live key. */
function retired(orphan: Orphan, input: PlanInput, world: LiveIndex): Step {
  const { live } = orphan;
  const policy = live.tags[TAG.onRemove];
  if (policy !== 'Delete' && policy !== 'Disable') return stopped(release(orphan), input, world);
  const due = live.tags[TAG.deleteAfter];
  const dueAt = due === undefined ? undefined : input.time.parse(due);
  const enabled = live.spec.enabled === true;
  // It was disabled when it left Git: if it is enabled now, somebody did that.
  const cause = due === undefined ? 'git' : 'live';
  const off: Change = {
    field: 'enabled',
    keys: [],
    path: '/spec/enabled',
    desired: false,
    live: true,
    cause,
  };
  if (policy === 'Disable') {
    if (!enabled && isRecorded(live, input))
      return step(orphan, 'keep', {
        message: 'it left Git and stays disabled, as its deletionPolicy says',
      });
    const changes = enabled ? [off] : [];
    const message = 'it left Git: disabled now, and kept, as its deletionPolicy says';
    return stopped(step(orphan, 'disable', { changes, owned: DISABLED, message }), input, world);
  }
  if (enabled || dueAt === undefined) {
    const deleteAfter = input.time.format(input.now + input.policy.deleteGraceMs);
    const changes = enabled ? [off] : [];
    const disable = step(orphan, 'disable', {
      changes,
      owned: DISABLED,
      tags: { set: { [TAG.deleteAfter]: deleteAfter }, remove: [] },
      deleteAfter,
      message: `it left Git${cause === 'live' ? ', and was changed by hand' : ''}: disabled now, deleted after ${deleteAfter}; until then, reverting the commit brings it back with its value`,
    });
    return stopped(disable, input, world);
  }
  const remove = step(orphan, 'delete', {
    deleteAfter: due as string,
    message: `it left Git, and its grace ended ${due}`,
  });
  const allowed = stopped(remove, input, world);
  if (allowed.action === 'hold' || input.now >= dueAt) return allowed;
  return {
    ...remove,
    action: 'hold',
    wants: 'delete',
    reason: 'grace',
    message: `it left Git and is disabled; it is deleted after ${due}, and reverting the commit brings it back with its value`,
  };
}

const DISABLED: Spec = { enabled: false };

/** Whether our tag says that it was disabled: a process that died in between has disabled it, and not said so. */
function isRecorded(live: Live, { rules, fingerprint }: PlanInput): boolean {
  const own = rules.find(({ kind }) => kind === live.kind);
  return (
    own !== undefined &&
    appliedTag({ live, state: 'orphaned' }, DISABLED, new Set(), own, fingerprint) ===
      live.tags[TAG.applied]
  );
}

function removed(
  orphan: Orphan,
  waiting: ReadonlySet<string | undefined>,
  input: PlanInput,
  world: LiveIndex,
): Step[] {
  const { live } = orphan;
  if (live.tags[TAG.onRemove] !== 'Delete') return [stopped(release(orphan), input, world)];
  const remove = stopped(step(orphan, 'delete', { message: 'it left Git' }), input, world);
  const keys = Object.keys((live.spec.keys as Record<string, unknown> | null) ?? {});
  const nameOf = (key: string) => labelOf(world.byId('ApiKey', key), key, world);
  const blocking = keys.filter((key) => waiting.has(key));
  if (remove.action === 'hold' || blocking.length === 0) return [remove];
  const message = `it left Git and waits for its keys (${blocking.map(nameOf).join(', ')}), which have not been deleted yet`;
  const waits: Step = { ...remove, action: 'hold', wants: 'delete', reason: 'grace', message };
  const others = keys.filter((key) => !waiting.has(key));
  if (others.length === 0) return [waits];
  // They may be wanted in another plan, and what they can call through this one is nobody's wish any more.
  const changes = others.map((key): Change => {
    return {
      field: 'keys',
      keys: [key],
      path: pointer(['spec', 'keys', nameOf(key)]),
      desired: undefined,
      live: true,
      cause: 'git',
    };
  });
  return [
    step(orphan, 'update', {
      changes,
      message: 'it left Git: keys that have not left with it are taken out of it now',
    }),
    waits,
  ];
}
