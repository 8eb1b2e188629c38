/** Writes down what the next pass may know of this one: the only writer of `lastSeen`, beside deletions and releases. */

import { claimOf } from '../../core/compare/ownership.ts';
import { type Desired, identity, type Live, TAG } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import type { LastSeen } from '../../core/model/plan-input.ts';
import { moveKey } from '../../core/plan/claimants.ts';
import { madeAt } from '../../core/plan/stage-recreation.ts';
import type { Result } from '../../core/plan/summarize.ts';
import { type ObservedState, recordLive } from '../observe/observe.ts';
import { recordReverts } from '../state/reverts.ts';
import { type AccountPass, documentsOf, targetsOf } from './pass.ts';

type Results = ReadonlyMap<Step, Result>;

/** Remembers what was observed, what was found in sync, and what was written. `results`: undefined after a plan alone. */
export function remember(
  steps: readonly Step[],
  results: Results | undefined,
  { before, after }: { readonly before: ObservedState; readonly after: ObservedState },
  pass: AccountPass,
): void {
  const { memory } = pass.account;
  const declared = new Set(documentsOf(pass).map(identity));
  for (const target of targetsOf(pass)) recordLive(memory, before.live, target, declared);

  const live = new Set(before.live.map((one) => `${one.kind} ${one.id}`));
  for (const [who, seen] of memory.lastSeen)
    if (!declared.has(who) && !live.has(`${who.split('/')[0]} ${seen.id}`))
      memory.lastSeen.delete(who);
  rememberSteps(steps, results, after.live, pass);
  rememberMoves(steps, pass);
}

/** A move is done once its document has been seen live under its own name. */
function rememberMoves(steps: readonly Step[], pass: AccountPass): void {
  const { movesDone } = pass.account.memory;
  const standing = new Set(documentsOf(pass).flatMap(movesOf));
  for (const move of movesDone) if (!standing.has(move)) movesDone.delete(move);
  for (const { action, desired, live } of steps) {
    if (!desired || !live || action === 'hold') continue;
    const { namespace, name } = claimOf(live, live.tags[TAG.owner] ?? '') ?? {};
    if (namespace !== desired.namespace || name !== desired.name) continue;
    for (const move of movesOf(desired)) movesDone.add(move);
  }
}

function movesOf(desired: Desired): string[] {
  const { kind, annotations } = desired;
  return annotations.movedFrom.map((from) =>
    moveKey(identity(desired), identity({ kind, ...from })),
  );
}

/** Remembers each object as a step found it in sync, or wrote it. */
export function rememberSteps(
  steps: readonly Step[],
  results: Results | undefined,
  live: readonly Live[],
  pass: AccountPass,
): void {
  const { memory } = pass.account;
  if (results) recordReverts(memory, results, pass.surroundings.clock.now());
  const declared = new Set(documentsOf(pass).map(identity));
  const stages = new Map(
    live.flatMap((one) => (one.kind === 'Stage' ? [[one.id, one] as const] : [])),
  );
  const seenAs = (one: Live): LastSeen => ({
    id: one.id,
    spec: one.spec,
    stages: madeAt(one, stages),
  });

  for (const step of steps) {
    const who = identity(step);
    // The name belongs to another live object now.
    if (step.state === 'orphaned' && declared.has(who)) continue;
    // Which of several it is, a person says.
    if (step.state === 'ambiguous') continue;
    const result = results?.get(step);
    const written =
      result?.awsId === undefined ? undefined : memory.written.get(`${step.kind} ${result.awsId}`);
    if (result?.outcome === 'deleted' || result?.outcome === 'released')
      memory.lastSeen.delete(who);
    else if (written && result?.outcome !== 'failed') memory.lastSeen.set(who, seenAs(written));
    else if (step.action === 'keep' && step.live) memory.lastSeen.set(who, seenAs(step.live));
  }
}
