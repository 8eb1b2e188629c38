/** Puts together what the plans of an account are made from. */

import { compact } from '../../core/model/compact.ts';
import type { Rules } from '../../core/model/field-rules.ts';
import { identity, type Target } from '../../core/model/model.ts';
import type { Plan } from '../../core/model/plan.ts';
import type { Pinned, PlanInput } from '../../core/model/plan-input.ts';
import { planAccount } from '../../core/plan/planner.ts';
import { kinds } from '../../kinds/index.ts';
import { removalDoubt } from '../../manifests/moved-names.ts';
import { resolveHiddenMembers, resolveStageMembers } from '../observe/hidden-members.ts';
import type { ObservedState } from '../observe/observe.ts';
import { fingerprint, time } from '../state/hash-and-time.ts';
import { comparePinned } from '../state/pinned-values.ts';
import { contestedFields } from '../state/reverts.ts';
import type { Settings } from '../state/settings.ts';
import { type AccountPass, documentsOf, namespacesOf, observing, targetsOf } from './pass.ts';

export const RULES: readonly Rules[] = kinds.map((kind) => kind.rules);

/** What a plan knows of the account. */
export type Seen = Pick<ObservedState, 'live' | 'apis'> & Partial<Pick<ObservedState, 'unread'>>;

/** One input for each Target of the pass, in its order. */
export function inputsOf(seen: Seen, pass: AccountPass, rules = RULES): PlanInput[] {
  const { tree, account, members, surroundings, manifests, request } = pass;
  const now = surroundings.clock.now();
  const documents = documentsOf(pass);
  const common = {
    namespaces: namespacesOf(pass),
    // A plan that nothing follows from believes the directory as it is.
    doubtOf: (who: string) =>
      removalDoubt(tree.heldRemovals, who) ?? (request.write ? manifests.doubtOf(who) : undefined),
    owners: new Map(targetsOf(pass).map(({ namespace, owner }) => [namespace, owner])),
    invalid: new Set(tree.invalid.map(identity)),
    unread: new Set(seen.unread?.map(({ apiId }) => apiId)),
    live: seen.live,
    apis: seen.apis,
    rules,
    contested: contestedFields(account.memory, documents, now),
    owed: account.memory.owed,
    detached: account.memory.detached,
    lastSeen: account.memory.lastSeen,
    movesDone: account.memory.movesDone,
    ...(pass.lost && { lostBefore: pass.lost }),
    isMoved: (who: string) => removalDoubt(tree.heldRemovals, who) !== undefined,
    pinned: new Map<string, Pinned>(),
    fingerprint,
    now,
    time,
  };
  return members.map(({ target, session }) => ({
    ...common,
    clockAheadMs: session.serviceClock.aheadMs,
    target,
    desired: documents.filter(({ namespace }) => namespace === target.namespace),
    neighbours: documents.filter(({ namespace }) => namespace !== target.namespace),
    complete: tree.complete && !tree.incompleteNamespaces.includes(target.namespace),
    policy: policyOf(target, pass),
  }));
}

/** The plans of the pass's Targets, in its order. Reads what they depend on beyond the lists: pinned values, members of other plans. */
export async function plansFrom(
  seen: Seen,
  pass: AccountPass,
  held: DisposableStack,
): Promise<Plan[]> {
  const { account, members } = pass;
  const inputs = inputsOf(seen, pass);
  const first = planAccount(inputs);
  const { send } = observing(pass);
  const pinned = new Map<string, Pinned>();
  for (const [index, { session }] of members.entries()) {
    const { values } = session;
    const steps = first[index]?.steps ?? [];
    const found = await comparePinned(steps, { send, values, inPlay: account.inPlay, held });
    for (const [who, what] of found) pinned.set(who, what);
  }
  const steps = first.flatMap((plan) => plan.steps);
  const live = await resolveStageMembers(
    steps,
    await resolveHiddenMembers(steps, seen.live, kinds, send),
    kinds,
    send,
  );
  if (pinned.size === 0 && live === seen.live) return first;
  return planAccount(inputs.map((input) => ({ ...input, pinned, live })));
}

/** The command line outranks the Target. The implicit target never prunes. */
function policyOf(target: Target, { settings, request }: AccountPass): PlanInput['policy'] {
  return compact({
    directory: settings.directory,
    mode: settings.mode,
    unsetMode: request.unsetMode,
    prune: !target.implicit && (settings.prune ?? target.prune),
    deleteGraceMs: settings.deleteGraceMs,
    maxKeys: settings.maxKeys ?? target.guards.maxKeys,
    maxPercent: maxPercent(target, settings),
  });
}

function maxPercent({ guards }: Target, settings: Settings): number {
  return settings.maxPercent ?? (settings.maxKeys === undefined ? guards.maxPercent : 100);
}
