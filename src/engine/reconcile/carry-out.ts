/** What every apply of a pass needs. */

import type { Step } from '../../core/model/plan.ts';
import { OPERATION_QUOTAS } from '../../gateway/budget.ts';
import { breakOnDenied } from '../../gateway/circuit-breaker.ts';
import { kinds } from '../../kinds/index.ts';
import type { ApplyOptions } from '../apply/apply-state.ts';
import { fingerprint } from '../state/hash-and-time.ts';
import type { Telling } from './emit-events.ts';
import type { AccountPass, Member } from './pass.ts';

/** The Target that declares a step's object writes it. */
function memberOf({ namespace }: Pick<Step, 'namespace'>, { members }: AccountPass): Member {
  const member = members.find(({ target }) => target.namespace === namespace);
  if (!member) throw new Error(`no Target of this pass is named ${namespace}`);
  return member;
}

export function tellingOf(step: Pick<Step, 'namespace'>, pass: AccountPass): Telling {
  const { namespace } = step;
  const { memory } = pass.account;
  const { emit } = memberOf(step, pass);
  return { namespace, memory, now: pass.surroundings.clock.now(), emit };
}

export function applyOptions(
  pass: AccountPass,
): Omit<ApplyOptions, 'signal' | 'onResult' | 'failedBefore' | 'finishesTags'> {
  const { account, members, settings, surroundings } = pass;
  const doors = new Map(
    members.map(({ target, session }) => [target.namespace, breakOnDenied(session.send)]),
  );
  return {
    sendOf: (step) => doors.get(step.namespace) ?? memberOf(step, pass).session.send,
    ownerOf: (step) => memberOf(step, pass).target.owner,
    kinds,
    region: members[0]?.session.connection.region ?? '',
    memory: account.memory,
    clock: surroundings.clock,
    fingerprint,
    ownQuota: new Set(settings.operationQuotas ? Object.keys(OPERATION_QUOTAS) : []),
    valueOf: (step) => memberOf(step, pass).session.values.valueOf(step.desired),
    permanentFailures: new Map(),
  };
}
