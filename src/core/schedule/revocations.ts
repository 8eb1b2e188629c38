/** Picks the operations that take access away, so that a pass can begin with them (docs/contract.md#plan). */

import { givesUp } from './dependencies.ts';
import type { Operation } from './operation.ts';
import { URGENCY, urgencyOf } from './urgency.ts';

/**
 * The operations that take access away or lower a limit, with the tags that must be written just before them.
 *
 * | operation | picked |
 * | --- | --- |
 * | a key is disabled, or leaves a usage plan; a stage leaves one; a limit is lowered | yes |
 * | it waits for an operation that is not picked: a create, a move | no: it goes with the rest of the plan |
 * | a key moves from plan to plan, or plans exchange stages: another operation waits for it | no: that is no revocation |
 */
export function revocations(all: readonly Operation[]): Operation[] {
  const byId = new Map(all.map((one) => [one.id, one]));
  const picked = new Map<string, boolean>();
  const waitedFor = new Set(
    all.filter(({ type }) => type !== 'tag' && type !== 'delete').flatMap((one) => one.dependsOn),
  );

  const isPicked = (one: Operation): boolean => {
    const known = picked.get(one.id);
    if (known !== undefined) return known;
    // An operation that waits for itself is none that can begin.
    picked.set(one.id, false);
    const before = one.dependsOn.flatMap((id) => byId.get(id) ?? []);
    const isReady = before.every((other) => other.type === 'tag' || isPicked(other));
    const isMove = givesUpMembers(one) && waitedFor.has(one.id);
    const isRevocation = takesAccess(one) && isReady && !isMove;
    picked.set(one.id, isRevocation);
    return isRevocation;
  };

  const chosen = new Set(all.filter(isPicked));
  const needed = new Set([...chosen].flatMap(({ dependsOn }) => dependsOn));
  return all.filter((one) => chosen.has(one) || (one.type === 'tag' && needed.has(one.id)));
}

function takesAccess(one: Operation): boolean {
  if (one.type === 'detach') return true;
  if (one.type !== 'update') return false;
  return one.changes.some((change) => {
    const urgency = urgencyOf(change);
    return urgency === URGENCY.revoke || urgency === URGENCY.tighten;
  });
}

function givesUpMembers(one: Operation): boolean {
  if (one.type === 'detach') return true;
  return one.type === 'update' && one.changes.some(givesUp);
}
