/** What the tags of an object are to say once a step is done: whose it is, what we wrote, and what its manifest names. */

import { departureOf } from '../../core/compare/delete-after.ts';
import { appliedTag } from '../../core/compare/last-applied.ts';
import { withNames } from '../../core/compare/member-names.ts';
import { unsettledBy } from '../../core/compare/pending-redeploys.ts';
import { isMap } from '../../core/model/json.ts';
import { identity, type Json, type Live, type Spec, TAG } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import { applied } from '../../core/model/three-way.ts';
import { returned } from '../../core/plan/returns.ts';
import type { Send } from '../../gateway/send.ts';
import type { Kind } from '../../kinds/kind.ts';
import { tag as setTags, untag } from '../../kinds/tags.ts';
import { type ApplyState, kindOf, recordWrite, rememberWrite } from './apply-state.ts';

/** Our tags, last: they speak of what was done. */
export async function tag(step: Step, kind: Kind, send: Send, run: ApplyState): Promise<undefined> {
  const live = run.current.get(step);
  if (!live) return undefined;
  const says =
    step.action === 'release' || step.action === 'keep'
      ? {}
      : appliedOf(step, step.owned, new Set(), run);
  const theirs =
    step.action === 'create' ? [] : step.changes.filter((change) => change.field === 'tags');
  const named = userTags(
    Object.fromEntries(theirs.map(({ keys, desired }) => [keys[0] ?? '', desired ?? null])),
  );
  const wanted = { ...named, ...step.tags.set, ...says, ...notPutBack(step, live, run) };
  const set = Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => live.tags[key] !== value),
  );
  const unnamed = theirs.map(({ keys }) => keys[0] ?? '').filter((key) => !(key in named));
  const gone = [...step.tags.remove, ...unnamed].filter(
    (key) => key in live.tags && !(key in wanted),
  );
  await setTags(send, kind.arn(live, run.region), set);
  await untag(send, kind.arn(live, run.region), gone);
  recordWrite(
    step,
    { ...live, spec: applied(live.spec, theirs), tags: retagged(live.tags, set, gone) },
    run,
  );
  run.memory.detached.delete(live.id);
  const isPutBack = !run.notApplied.get(step)?.has('enabled');
  if (isPutBack) run.memory.owed.delete(`${live.kind} ${live.id}`);
  if (step.action === 'release') forget(step, live.id, run);
  return undefined;
}

/** The identity may be another live object's by now. */
export function forget(step: Step, id: string, { memory }: Pick<ApplyState, 'memory'>): void {
  const who = identity(step);
  if (memory.lastSeen.get(who)?.id === id) memory.lastSeen.delete(who);
}

/** A key that came back, and could not be enabled: the tag goes on saying that it was. */
function notPutBack(step: Step, live: Live, run: ApplyState): Readonly<Record<string, string>> {
  const departure = departureOf(live);
  const isOpen = run.notApplied.get(step)?.has('enabled') ?? false;
  if (!departure || !isOpen || !step.tags.remove.includes(TAG.deleteAfter)) return {};
  return { [TAG.deleteAfter]: returned(departure) };
}

/**
 * Writes `delete-after` just before a key is disabled, in one try: a revocation waits for no second one. Where
 * the tag is refused it is owed, and written with the other tags, in this pass or a later one.
 */
export async function tagDeparture(
  step: Step,
  kind: Kind,
  send: Send,
  run: ApplyState,
): Promise<void> {
  const live = run.current.get(step);
  const value = step.tags.set[TAG.deleteAfter];
  if (!live || value === undefined || step.action !== 'disable') return;
  const set = { [TAG.deleteAfter]: value };
  const once: Send = (command, options) => send(command, { ...options, attempts: 1 });
  try {
    await setTags(once, kind.arn(live, run.region), set);
  } catch (error) {
    if (run.signal?.aborted) throw error;
    run.memory.owed.set(`${live.kind} ${live.id}`, value);
    return;
  }
  run.current.set(step, rememberTags(live, set, run));
}

/** The rest of the object is as old as it was: it is read again where that is too long ago. */
function rememberTags(live: Live, set: Readonly<Record<string, string>>, run: ApplyState): Live {
  const now = { ...live, tags: retagged(live.tags, set, []) };
  rememberWrite(now, run);
  return now;
}

export function appliedOf(
  step: Step,
  spec: Spec,
  later: ReadonlySet<string>,
  run: ApplyState,
): Record<string, string> {
  // What a create owns is without the entries that are held: that is what it writes.
  const holds =
    step.action === 'create'
      ? []
      : run.steps.filter((other) => other.action === 'hold' && identity(other) === identity(step));
  const held = holds.flatMap((other) => other.changes);
  const unsettled = new Set([
    ...held.map(unsettledBy),
    ...(run.notApplied.get(step) ?? []),
    ...later,
  ]);
  const written = withNames(spec, step.memberNames);
  const says = appliedTag(step, written, unsettled, kindOf(step, run).rules, run.fingerprint);
  return says === '' ? {} : { [TAG.applied]: says };
}

/** The tags that a manifest names, without those that it wants gone. */
export function userTags(tags: Json | undefined): Record<string, string> {
  const named = isMap(tags) ? Object.entries(tags) : [];
  return Object.fromEntries(
    named.flatMap(([key, value]) => (value === null ? [] : [[key, String(value)]])),
  );
}

function retagged(
  tags: Live['tags'],
  set: Readonly<Record<string, string>>,
  remove: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ ...tags, ...set }).filter(([key]) => !remove.includes(key)),
  );
}
