/** What is ours, live, and no longer in Git (docs/contract.md#safety). */

import {
  type Departure,
  departureOf,
  NEVER,
  RETURNED,
  readDeparture,
  writeDeparture,
} from '../compare/delete-after.ts';
import { appliedTag, wasWritten } from '../compare/last-applied.ts';
import type { LiveIndex } from '../compare/live-index.ts';
import { otherManager } from '../compare/ownership.ts';
import { labelOf } from '../compare/references.ts';
import { pointer } from '../model/json.ts';
import { type Desired, identity, type Live, type Spec, TAG } from '../model/model.ts';
import {
  type Action,
  type Cause,
  type Change,
  type HoldReason,
  held,
  type Step,
} from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import type { Match } from './match.ts';
import { targetMode } from './mode.ts';

/**
 * | it is | its tag `on-remove` | then |
 * | --- | --- | --- |
 * | a key | `Delete` | disabled at once, deleted when its grace is over, and it was left alone for almost as long |
 * | a key | `Disable` | disabled |
 * | a plan | `Delete` | deleted, once none of its keys is in its grace; until then it lets in no other key of ours |
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
    if (found.is === 'live') taken.add(found.live);
    if (found.is === 'held')
      for (const live of [found.live ?? [], found.candidates ?? []].flat()) taken.add(live);
  }
  const suspects = new Map(
    [...matches].flatMap(([{ kind, namespace: where, name }, found]) => {
      const others = found.is === 'held' ? (found.suspects ?? []) : [];
      const why = `${kind}/${where}/${name} may mean it: its moved-from finds nothing; correct that annotation, and this goes on`;
      return others.map((live) => [live, why] as const);
    }),
  );
  const declared = new Set([...input.desired, ...input.neighbours].map(identity));
  const settled = new Set(
    [...matches].filter(([, found]) => found.is !== 'held').map(([desired]) => identity(desired)),
  );
  const orphans = input.live.flatMap((live): Orphan[] => {
    const claim = world.claimOf(live);
    if (claim?.namespace !== namespace || taken.has(live)) return [];
    const who = identity({ kind: live.kind, ...claim });
    // Its name is declared for another object: this one has left Git, or goes on with its grace.
    if (declared.has(who) && !settled.has(who)) return [];
    return [{ live, name: claim.name, namespace }];
  });
  const keys = orphans
    .filter(({ live }) => live.kind === 'ApiKey')
    .flatMap((orphan) => retired(orphan, input, world));
  // A key that stays disabled for good is nothing to wait for.
  const isWaitedFor = ({ action, wants, deleteAfter }: Step) =>
    wants === 'delete' ||
    wants === 'disable' ||
    (action === 'disable' && deleteAfter !== undefined);
  const waiting = new Set(keys.filter(isWaitedFor).map(({ live }) => live?.id));
  const others = orphans
    .filter(({ live }) => live.kind !== 'ApiKey')
    .flatMap((orphan) => removed(orphan, waiting, input, world));
  return [...keys, ...others].map((one) => (one.live ? suspected(one, one.live) : one));

  function suspected(one: Step, live: Live): Step {
    const why = suspects.get(live);
    return why === undefined || one.action === 'hold' ? one : held(one, 'ambiguous', why);
  }
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
  if (wanted.action === 'delete' && Math.abs(input.clockAheadMs ?? 0) > CLOCK_OFF_MS)
    return hold('dependency', clockMessage(input.clockAheadMs ?? 0));
  const manager = otherManager({ tags: wanted.live?.tags ?? {} }, world.owner);
  if (wanted.action === 'delete' && manager)
    return hold(
      'foreign',
      `it bears the tags of ${manager}, which may still want it: delete it there`,
    );
  return wanted;
}

/** A host whose clock is further off than this deletes nothing. */
const CLOCK_OFF_MS = 5 * 60_000;
const DAY_MS = 24 * 3600_000;

function clockMessage(aheadMs: number): string {
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const side = aheadMs > 0 ? 'ahead of' : 'behind';
  return `this host's clock is ${minutes} min ${side} the service's, so it can't tell whether a grace is over: set the clock right; nothing is deleted until then`;
}

/** A key that left Git goes in two steps; the clock is a tag on the live key. */
function retired(orphan: Orphan, input: PlanInput, world: LiveIndex): Step[] {
  const { live } = orphan;
  const policy = live.tags[TAG.onRemove];
  if (policy === 'Disable') return [disabledForGood(orphan, input, world)];
  if (policy !== 'Delete') return [stopped(release(orphan), input, world)];

  const { until = '' } = departureOf(live) ?? {};
  const dueAt = input.time.parse(until);
  const isEnabled = live.spec.enabled === true;
  if (isEnabled || dueAt === undefined) {
    const deleteAfter = input.time.format(input.now + input.policy.deleteGraceMs);
    const byHand = causeOfEnabled(live, input) === 'live' ? ', and was changed by hand' : '';
    const message = `it left Git${byHand}: ${isEnabled ? 'disabled now' : 'it is disabled'}, deleted after ${deleteAfter}; until then, reverting the commit brings it back with its value`;
    const step = disable(orphan, deleteAfter, input);
    return [stopped({ ...step, deleteAfter, message }, input, world)];
  }
  const end = endOf(live, dueAt, input);
  const deletion = step(orphan, 'delete', {
    deleteAfter: end.at,
    message: `it left Git, and its grace ended ${end.at}`,
  });
  const allowed = stopped(deletion, input, world);
  if (allowed.reason === 'prune-disabled') return [...stopClock(orphan, input), allowed];
  if (allowed.action === 'hold' || end.isOver) return [allowed];
  return [{ ...deletion, action: 'hold', wants: 'delete', reason: 'grace', message: end.message }];
}

/**
 * When a key may be deleted: when its time is over, and it was last updated at least the grace less one day
 * ago. A tag is quickly written, also by hand; the date is the service's own. UNCONFIRMED: which calls move
 * that date (docs/api-gateway-facts.md#f31). Whatever moves it can only delay.
 */
function endOf(
  live: Live,
  dueAt: number,
  { policy, time, now }: PlanInput,
): { readonly at: string; readonly isOver: boolean; readonly message: string } {
  const back = 'reverting the commit brings it back with its value';
  const due = time.format(dueAt);
  if (live.updatedAt === undefined) {
    const message = `it left Git and is disabled; the service does not say when it was last updated, so it is kept, and ${back}`;
    return { at: due, isOver: false, message };
  }
  const restedAt = live.updatedAt + policy.deleteGraceMs - DAY_MS;
  const at = time.format(Math.max(dueAt, restedAt));
  const why = restedAt > dueAt ? `; it was updated ${time.format(live.updatedAt)}` : '';
  return {
    at,
    isOver: now >= dueAt && now >= restedAt,
    message: `it left Git and is disabled${why}; it is deleted after ${at}, and ${back}`,
  };
}

/** No time runs while prune is off: the pass that finds it on begins a new grace. */
function stopClock(orphan: Orphan, input: PlanInput): Step[] {
  const was = departureOf(orphan.live)?.was;
  if (targetMode(input.target, input.policy) === 'observe') return [];
  const departure: Departure = { until: NEVER, ...(was && { was }) };
  return [
    step(orphan, 'keep', {
      tags: { set: { [TAG.deleteAfter]: writeDeparture(departure) }, remove: [] },
      message: 'it left Git, and prune is off: its grace begins anew when prune is on',
    }),
  ];
}

function disabledForGood(orphan: Orphan, input: PlanInput, world: LiveIndex): Step {
  const { live } = orphan;
  const departure = departureOf(live);
  const isKnown = departure ? departure.until === NEVER : isRecorded(live, input);
  if (live.spec.enabled !== true && isKnown)
    return step(orphan, 'keep', {
      message: 'it left Git and stays disabled, as its deletionPolicy says',
    });
  const message = 'it left Git: disabled now, and kept, as its deletionPolicy says';
  return stopped({ ...disable(orphan, NEVER, input), message }, input, world);
}

/** Takes a key's access away, and says so in its tags. What `applied` says is needed again if the commit is reverted. */
function disable(orphan: Orphan, until: string, input: PlanInput): Step {
  const { live } = orphan;
  const off: Change = {
    field: 'enabled',
    keys: [],
    path: '/spec/enabled',
    desired: false,
    live: true,
    cause: causeOfEnabled(live, input),
  };
  const departure: Departure = { until, ...wasOf(live, input) };
  return step(orphan, 'disable', {
    changes: live.spec.enabled === true ? [off] : [],
    tags: { set: { [TAG.deleteAfter]: writeDeparture(departure) }, remove: [] },
  });
}

/**
 * Whether a key was enabled when it left Git.
 *
 * | its tag says | the key | then |
 * | --- | --- | --- |
 * | nothing, and a tag is owed | | as the owed tag says |
 * | nothing | disabled, and `applied` says enabled | `on`: the tag was refused, and its process ended |
 * | nothing | as it is | that |
 * | came back, `0/…` | enabled | `on` |
 * | came back, `0/…` | disabled | as the tag says |
 * | a word | | that word, whatever was changed by hand since |
 * | no word | enabled | `on` |
 * | no word | disabled | no word: `applied` says it |
 */
function wasOf(live: Live, input: PlanInput): Pick<Departure, 'was'> {
  const owed = input.owed?.get(`${live.kind} ${live.id}`);
  const isEnabled = live.spec.enabled === true;
  const known = departureOf(live) ?? (owed === undefined ? undefined : readDeparture(owed));
  if (isEnabled && (!known?.was || known.until === RETURNED)) return { was: 'on' };
  if (!known) return { was: isWrittenEnabled(live, input) ? 'on' : 'off' };
  return known.was ? { was: known.was } : {};
}

/**
 * Who left a key enabled that left Git. Before `delete-after` was written, Git did. After it, the key was
 * disabled, unless that was interrupted: then nobody has updated it since the tag was written.
 */
function causeOfEnabled(live: Live, { policy, time }: PlanInput): Cause {
  const { until = RETURNED } = departureOf(live) ?? {};
  if (until === RETURNED) return 'git';
  const dueAt = time.parse(until);
  if (dueAt === undefined || live.updatedAt === undefined) return 'unknown';
  return live.updatedAt >= dueAt - policy.deleteGraceMs ? 'live' : 'git';
}

const DISABLED: Spec = { enabled: false };

function isWrittenEnabled(live: Live, { rules, fingerprint }: PlanInput): boolean {
  const rule = rules.find(({ kind }) => kind === live.kind)?.fields.enabled;
  return wasWritten(live, rule, true, fingerprint);
}

/** Whether `applied` says that it was disabled, which is how 0.1.0 remembered it. */
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
  const isOurs = (key: string) => {
    const live = world.byId('ApiKey', key);
    return live !== undefined && world.claimOf(live) !== undefined;
  };
  // Guests stay until the plan is deleted: it may come back first.
  const others = keys.filter((key) => !waiting.has(key) && isOurs(key));
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
