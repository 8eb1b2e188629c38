/** One operation of an apply: whether it may still be done, and what it does. */

import { isReadyToDeploy } from '../../core/compare/redeployment.ts';
import { type Live, TAG } from '../../core/model/model.ts';
import type { Change, Step } from '../../core/model/plan.ts';
import { applied, fieldText } from '../../core/model/three-way.ts';
import { isClosing } from '../../core/schedule/dependencies.ts';
import type { Operation } from '../../core/schedule/operation.ts';
import type { Send } from '../../gateway/send.ts';
import type { Kind } from '../../kinds/kind.ts';
import {
  type ApplyState,
  kindOf,
  type OperationFailure,
  readFresh,
  recordWrite,
} from './apply-state.ts';
import { create } from './create.ts';
import { attach, detach, move, withoutMembers } from './membership.ts';
import { forget, tag, tagDeparture } from './ownership-tags.ts';

/** Does the one thing; answers with a failure where it can't be done, and with nothing where it was. Rejects with what the service said. */
export async function executeOperation(
  one: Operation,
  run: ApplyState,
): Promise<OperationFailure | undefined> {
  const blocked = blockedBy(one, run);
  if (blocked) return blocked;
  const kind = kindOf(one.step, run);
  const signal = one.type === 'tag' ? undefined : run.signal;
  const send: Send = (command, options) =>
    run.sendOf(one.step)(command, { urgency: one.urgency, signal, ...options });
  switch (one.type) {
    case 'create':
      return create(one.step, kind, send, run);
    case 'update':
      return update(one.step, one.changes, kind, send, run);
    case 'attach':
      return attach(one.step, one.key, kind, send, run);
    case 'detach':
      return detach(one.step, one.key, kind, send, run);
    case 'move':
      return move(one, kind, run);
    case 'deploy':
      return deploy(one, kind, send, run);
    case 'delete':
      return remove(one.step, kind, send, run);
    case 'tag':
      return tag(one.step, kind, send, run);
  }
}

/**
 * A create or an update goes on without the entries that failed; a key doesn't join a plan whose limits don't stand; nothing is deleted under a key's feet;
 * no key is demanded while somebody's way in could not be made.
 */
function blockedBy(one: Operation, run: ApplyState): OperationFailure | undefined {
  if (one.type !== 'attach' && one.type !== 'move' && one.type !== 'delete' && !isClosing(one))
    return undefined;
  const stands = (id: string) =>
    run.operationResults.get(id)?.is === 'done' || run.created.has(id.replace(/^create /, ''));
  const failed = one.dependsOn.find((id) => !stands(id));
  if (failed === undefined) return undefined;
  const why = run.operationResults.get(failed);
  if (why?.is === 'superseded') return why;
  return { is: 'dependency', message: `waits for "${failed}", which failed` };
}

async function update(
  step: Step,
  changes: readonly Change[],
  kind: Kind,
  send: Send,
  run: ApplyState,
): Promise<OperationFailure | undefined> {
  const live = await readFresh(step, kind, send, run);
  if ('is' in live) return live;
  await tagDeparture(step, kind, send, run);
  const possible = changes.filter((change) => !isMissing(change, run));
  const before = run.current.get(step) ?? live;
  recordWrite(
    step,
    await kind.update(send, before, withoutMembers(applied(before.spec, possible), kind)),
    run,
  );
  if (possible.length === changes.length) return undefined;
  return {
    is: 'dependency',
    message: `what ${changes
      .filter((change) => isMissing(change, run))
      .map((change) => change.path)
      .join(', ')} refers to could not be made`,
  };
}

/** Whether a change refers to what should have been made before, and wasn't. */
function isMissing(change: Change, run: ApplyState): boolean {
  return change.needs?.some((who) => !run.created.has(who)) ?? false;
}

/** Read again just before: a deployment publishes whatever the API's definition says by then. Until it is made, whoever comes between need not wait for its quota. */
async function deploy(
  one: Extract<Operation, { type: 'deploy' }>,
  kind: Kind,
  send: Send,
  run: ApplyState,
): Promise<OperationFailure | undefined> {
  const { step, stages } = one;
  const finish: Send = (command, options) => send(command, { ...options, signal: undefined });
  const now = step.live && (await kind.read(send, step.live.id));
  if (!step.live || !now || !step.desired || !isReadyToDeploy(step.desired, step.live, now, stages))
    return {
      is: 'superseded',
      message: 'the API changed since it was planned: it is looked at again in the next pass',
    };
  const rule = kindOf(step, run).rules.fields.redeploy;
  const documentFingerprint = rule && run.fingerprint(fieldText(rule, step.owned.redeploy ?? null));
  const description = `Key requirement ${step.namespace}/${step.name}, by apikeeper (${run.ownerOf(step)}, ${documentFingerprint})`;
  const deployed = await kind.deploy?.(send, now, { stages, description, finish });
  if (deployed) recordWrite(step, deployed, run);
  return undefined;
}

async function remove(
  step: Step,
  kind: Kind,
  send: Send,
  run: ApplyState,
): Promise<OperationFailure | undefined> {
  const planned = run.current.get(step);
  if (!planned) return undefined;
  const live = await kind.read(send, planned.id);
  if (live && !mayDelete(step, live))
    return {
      is: 'superseded',
      message:
        'the live object changed since it was planned: it is looked at again in the next pass',
    };
  if (live) await kind.delete(send, live);
  const what = `${planned.kind} ${planned.id}`;
  run.memory.deleted.set(what, run.clock.now());
  run.memory.written.delete(what);
  run.memory.owed.delete(what);
  forget(step, planned.id, run);
  run.current.delete(step);
  return undefined;
}

/** Read again just before: still ours, still under the same policy; of a key, still disabled, past its time and not updated since. */
function mayDelete(step: Step, live: Live): boolean {
  const before = step.live?.tags ?? {};
  const sameTags = [TAG.owner, TAG.resource, TAG.onRemove, TAG.deleteAfter, TAG.suspend].every(
    (key) => live.tags[key] === before[key],
  );
  if (live.kind !== 'ApiKey') return sameTags;
  return sameTags && live.spec.enabled !== true && live.updatedAt === step.live?.updatedAt;
}
