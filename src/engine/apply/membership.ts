/** Keys join plans, leave them, and move from one to another. */

import { isMap } from '../../core/model/json.ts';
import type { Live, Spec } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import { type Operation, stepsOf } from '../../core/schedule/operation.ts';
import { URGENCY } from '../../core/schedule/urgency.ts';
import type { Send } from '../../gateway/send.ts';
import type { Kind } from '../../kinds/kind.ts';
import { messageOf } from '../state/permanent-failures.ts';
import {
  type ApplyState,
  keyId,
  type OperationFailure,
  readFresh,
  recordWrite,
} from './apply-state.ts';

export async function attach(
  step: Step,
  key: string,
  kind: Kind,
  send: Send,
  run: ApplyState,
): Promise<OperationFailure | undefined> {
  const plan = run.current.get(step);
  const id = keyId(key, run);
  if (!plan || id === undefined)
    return { is: 'dependency', message: 'the plan or the key could not be made' };
  await kind.members?.attach(send, plan.id, id);
  recordWrite(step, withMember(plan, id, true), run);
  return undefined;
}

export async function detach(
  step: Step,
  key: string,
  kind: Kind,
  send: Send,
  run: ApplyState,
): Promise<OperationFailure | undefined> {
  const live = await readFresh(step, kind, send, run);
  if ('is' in live) return live;
  await kind.members?.detach(send, live.id, key);
  recordWrite(step, withMember(live, key, false), run);
  const { detached } = run.memory;
  detached.set(live.id, new Set([...(detached.get(live.id) ?? []), key]));
  return undefined;
}

/** Back to back, since the service lets a key be in one plan per stage only (docs/api-gateway-facts.md#f9); if a part of it fails, the rest is undone. */
export async function move(
  one: Extract<Operation, { type: 'move' }>,
  kind: Kind,
  run: ApplyState,
): Promise<OperationFailure | undefined> {
  const id = keyId(one.key, run);
  if (id === undefined || !stepsOf(one).every((step) => run.current.has(step)))
    return { is: 'dependency', message: 'the plan that the key moves to could not be made' };
  const done: Step[] = [];
  // Each side is written by the Target that declares it. Once begun, the move is finished: whatever
  // arrives meanwhile, the key is not left in between.
  const sendOf =
    (step: Step): Send =>
    (command, options) =>
      run.sendOf(step)(
        command,
        done.length === 0
          ? { urgency: one.urgency, signal: run.signal, ...options }
          : { ...options, urgency: URGENCY.revoke, signal: undefined },
      );
  const turn = async (step: Step, isIn: boolean) => {
    const plan = run.current.get(step) as Live;
    await kind.members?.[isIn ? 'attach' : 'detach'](sendOf(step), plan.id, id);
    recordWrite(step, withMember(plan, id, isIn), run);
    done.push(step);
  };
  const idOf = (step: Step) => run.current.get(step)?.id;
  try {
    for (const step of one.from) await turn(step, false);
    for (const step of one.to) await turn(step, true);
  } catch (error) {
    if (done.length === 0) throw error;
    const from = one.from.map(idOf).join(', ');
    const to = one.to.map(idOf).join(', ');
    try {
      for (const step of [...done].reverse()) await turn(step, one.from.includes(step));
    } catch (again) {
      const why = `${to} did not take it (${messageOf(error)}), and ${from} not back (${messageOf(again)})`;
      throw new Error(`the key is in neither plan now, until a pass can attach it: ${why}`, {
        cause: again,
      });
    }
    throw new Error(
      `the key was put back into ${from}, since ${to} did not take it: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return undefined;
}

function withMember(live: Live, key: string, present: boolean): Live {
  const { [key]: _, ...others } = isMap(live.spec.keys) ? live.spec.keys : {};
  return { ...live, spec: { ...live.spec, keys: present ? { ...others, [key]: true } : others } };
}

export function withoutMembers(spec: Spec, kind: Kind): Spec {
  if (!kind.members) return spec;
  return Object.fromEntries(
    Object.entries(spec).filter(([field]) => field !== kind.members?.field),
  );
}
