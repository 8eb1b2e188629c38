/** What the tags of an object are to say once a step is done: whose it is, what we wrote, and what its manifest names. */

import { appliedTag } from '../../core/compare/last-applied.ts';
import { unsettledBy } from '../../core/compare/pending-redeploys.ts';
import { isMap } from '../../core/model/json.ts';
import { identity, type Json, type Live, type Spec, TAG } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import { applied } from '../../core/model/three-way.ts';
import type { Send } from '../../gateway/send.ts';
import type { Kind } from '../../kinds/kind.ts';
import { tag as setTags, untag } from '../../kinds/tags.ts';
import { type ApplyState, keyId, kindOf, recordWrite, rememberWrite } from './apply-state.ts';

/** Our tags, last: they speak of what was done. */
export async function tag(step: Step, kind: Kind, send: Send, run: ApplyState): Promise<undefined> {
  const live = run.current.get(step);
  for (const other of step.disclaims) {
    const ours = ourKeys(other);
    await untag(send, kind.arn(other, run.region), ours);
    rememberWrite({ ...other, tags: retagged(other.tags, {}, ours) }, run);
  }
  if (!live) return undefined;
  const says =
    step.action === 'release' || step.action === 'keep'
      ? {}
      : appliedOf(step, resolved(step.owned, run), new Set(), run);
  const theirs =
    step.action === 'create' ? [] : step.changes.filter((change) => change.field === 'tags');
  const named = userTags(
    Object.fromEntries(theirs.map(({ keys, desired }) => [keys[0] ?? '', desired ?? null])),
  );
  const wanted = { ...named, ...step.tags.set, ...says };
  const set = Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => live.tags[key] !== value),
  );
  const unnamed = theirs.map(({ keys }) => keys[0] ?? '').filter((key) => !(key in named));
  const gone = [...step.tags.remove, ...unnamed].filter((key) => key in live.tags);
  await setTags(send, kind.arn(live, run.region), set);
  await untag(send, kind.arn(live, run.region), gone);
  recordWrite(
    step,
    { ...live, spec: applied(live.spec, theirs), tags: retagged(live.tags, set, gone) },
    run,
  );
  if (step.action === 'release') run.memory.lastSeen.delete(identity(step));
  return undefined;
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
  const says = appliedTag(step, spec, unsettled, kindOf(step, run).rules, run.fingerprint);
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

function ourKeys(live: Live): string[] {
  return Object.keys(live.tags).filter(
    (key) => key.startsWith('apikeeper:') && key !== TAG.suspend,
  );
}

/** A spec with the ids of what was made meanwhile. */
function resolved(spec: Spec, run: ApplyState): Spec {
  if (!isMap(spec.keys)) return spec;
  return {
    ...spec,
    keys: Object.fromEntries(
      Object.entries(spec.keys).map(([key, value]) => [keyId(key, run) ?? key, value]),
    ),
  };
}
