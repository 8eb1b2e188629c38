/** Whether everybody whom Git lets in can pass once a key is required: a stage needs a plan with an enabled key, or every call to it gets 403 (docs/contract.md#plan). */

import { REQUIREMENT, requirementOf } from '../compare/key-requirement.ts';
import { compact } from '../model/compact.ts';
import { keysOf } from '../model/json.ts';
import { identity, type Json, type Live } from '../model/model.ts';
import { CHOSEN_HOLDS, type Change, type HoldReason, held, type Step } from '../model/plan.ts';
import { applied } from '../model/three-way.ts';
import { stagesAfter } from '../schedule/key-moves.ts';

/**
 * Holds what would require a key, and the deployment that would serve it, where a stage to be redeployed would be left without any that passes, or where
 * somebody whom Git lets in is kept waiting: that consumer would be shut out.
 */
export function holdLockouts(steps: readonly Step[], live: readonly Live[]): Step[] {
  const asking = steps.filter(
    (step) => step.kind === REQUIREMENT && step.action === 'update' && redeployed(step).length > 0,
  );
  if (asking.length === 0) return [...steps];
  const passed = passable(steps, live);
  const waiting = keptWaiting(steps);
  return steps.flatMap((step) => {
    if (!asking.includes(step)) return [step];
    const closing = redeployed(step).filter((stage) => wouldLockOut(step, stage));
    const shut = closing.filter((stage) => !passed.has(`${step.live?.id}:${stage}`));
    if (shut.length > 0) {
      const where = `${shut.length === 1 ? 'stage' : 'the stages'} ${shut.join(', ')}`;
      return heldClosing(
        step,
        'no-key-can-pass',
        `no usage plan lets an enabled key into ${where}: every call would get 403; put the stage and a key into a plan first`,
      );
    }
    const plans = closing.flatMap((stage) => waiting.get(`${step.live?.id}:${stage}`) ?? []);
    if (plans.length === 0) return [step];
    const message = `it waits for ${[...new Set(plans)].join(', ')}: a key that is to join it is held, and its consumer would get 403`;
    return heldClosing(step, 'dependency', message);
  });
}

function heldClosing(step: Step, reason: HoldReason, message: string): Step[] {
  const closing = step.changes.filter(isClosing);
  const rest = step.changes.filter((change) => !isClosing(change));
  const hold = held({ ...step, changes: closing, unclaimed: [] }, reason, message);
  const { message: _, ...open } = step;
  const { unserved } = open;
  return rest.length === 0
    ? [hold]
    : [compact({ ...open, changes: rest, message: unserved }), hold];
}

/** By stage (`<api id>:<stage name>`): the plans on it that a key is to join and can't, for a reason that nobody chose. */
function keptWaiting(steps: readonly Step[]): ReadonlyMap<string, readonly string[]> {
  const plans = steps.filter(({ kind }) => kind === 'UsagePlan');
  const isAttach = ({ field, desired }: Change) => field === 'keys' && desired !== undefined;
  const held = plans.filter(
    ({ action, reason, changes }) =>
      action === 'hold' && reason && !CHOSEN_HOLDS.has(reason) && changes.some(isAttach),
  );
  const found = held.flatMap((hold) => {
    const going =
      plans.find((one) => one.action !== 'hold' && identity(one) === identity(hold)) ?? hold;
    return keysOf(stagesAfter(going)).map((stage) => ({ stage, plan: `UsagePlan/${hold.name}` }));
  });
  return new Map(
    [...Map.groupBy(found, ({ stage }) => stage)].map(([stage, all]) => [
      stage,
      all.map(({ plan }) => plan),
    ]),
  );
}

/** The plans on these stages whose keys were not listed: one of them may let somebody in. */
export function plansToProbe(steps: readonly Step[], live: readonly Live[]): Live[] {
  const shut = steps
    .filter(({ reason }) => reason === 'no-key-can-pass')
    .flatMap((step) => redeployed(step).map((stage) => `${step.live?.id}:${stage}`));
  return live.filter(
    ({ kind, spec }) =>
      kind === 'UsagePlan' &&
      spec.keys === undefined &&
      keysOf(spec.stages).some((stage) => shut.includes(stage)),
  );
}

function redeployed({ changes }: Step): string[] {
  return changes.filter(({ field }) => field === 'redeploy').map(({ keys }) => keys[0] ?? '');
}

/** Whether the deployment has the stage demand a key where it demands none yet, or look for it elsewhere. */
function wouldLockOut({ live, changes }: Step, stage: string): boolean {
  if (!live || changes.some(({ field }) => field === 'apiKeySource')) return true;
  const now = requirementOf(live).served[stage];
  const { methods } = requirementOf({ ...live, spec: applied(live.spec, changes) });
  return Object.entries(methods).some(
    ([key, { apiKeyRequired }]) => apiKeyRequired && now?.[key] !== true,
  );
}

/** What may shut callers out, once served; opening a method shuts nobody out. */
function isClosing({ field, desired }: Change): boolean {
  return field !== 'methods' || desired === true;
}

/** The stages (`<api id>:<stage name>`) that an enabled key can call through a plan, once the steps are done. */
function passable(steps: readonly Step[], live: readonly Live[]): ReadonlySet<string> {
  const after = (one: Live): Live['spec'] => {
    const own = steps.filter((step) => step.live === one && step.action !== 'hold');
    if (own.some(({ action }) => action === 'delete')) return {};
    return applied(
      one.spec,
      own.flatMap(({ changes }) => changes),
    );
  };
  const made = steps.filter(({ action }) => action === 'create');
  const enabled = new Set([
    ...live
      .filter((one) => one.kind === 'ApiKey' && after(one).enabled === true)
      .map(({ id }) => id),
    ...made
      .filter(({ kind, owned }) => kind === 'ApiKey' && owned.enabled !== false)
      .map((step) => `pending:${identity(step)}`),
  ]);
  const plans: readonly { readonly [field: string]: Json }[] = [
    ...live.filter(({ kind }) => kind === 'UsagePlan').map(after),
    ...made.filter(({ kind }) => kind === 'UsagePlan').map(({ owned }) => owned),
  ];
  const letting = plans.filter(({ keys }) => keysOf(keys).some((key) => enabled.has(key)));
  return new Set(letting.flatMap(({ stages }) => keysOf(stages)));
}
