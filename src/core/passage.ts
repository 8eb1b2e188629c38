/** Whether anybody can pass once a key is required: a stage needs a plan with an enabled key, or every call to it gets 403 (design, section 4). */
import { applied } from './diff.ts';
import { identity, type Json, type Live } from './model.ts';
import { keysOf } from './moves.ts';
import { type Change, held, type Step } from './plan.ts';
import { REQUIREMENT, requirementOf } from './requirement.ts';

/** Holds what would require a key, and the deployment that would serve it, where a stage to be redeployed would be left without any that passes. */
export function heldImpassable(steps: readonly Step[], live: readonly Live[]): Step[] {
  const asking = steps.filter((step) => step.kind === REQUIREMENT && step.action === 'update' && redeployed(step).length > 0);
  if (asking.length === 0) return [...steps];
  const passed = passable(steps, live);
  return steps.flatMap((step) => {
    if (!asking.includes(step)) return [step];
    const shut = redeployed(step).filter((stage) => !passed.has(`${step.live?.id}:${stage}`) && shutsOut(step, stage));
    if (shut.length === 0) return [step];
    const message = `no usage plan lets an enabled key into ${shut.length === 1 ? 'stage' : 'the stages'} ${shut.join(', ')}: every call would get 403; put the stage and a key into a plan first`;
    const closing = step.changes.filter(isClosing);
    const rest = step.changes.filter((change) => !isClosing(change));
    const hold = held({ ...step, changes: closing, unclaimed: [] }, 'no-key-can-pass', message);
    const { message: _, ...open } = step;
    const { unserved } = open;
    return rest.length === 0 ? [hold] : [{ ...open, changes: rest, ...(unserved !== undefined && { message: unserved }) }, hold];
  });
}

/** The plans on these stages whose keys were not listed: one of them may let somebody in. */
export function plansInDoubt(steps: readonly Step[], live: readonly Live[]): Live[] {
  const shut = steps
    .filter(({ reason }) => reason === 'no-key-can-pass')
    .flatMap((step) => redeployed(step).map((stage) => `${step.live?.id}:${stage}`));
  return live.filter(
    ({ kind, spec }) => kind === 'UsagePlan' && spec.keys === undefined && keysOf(spec.stages).some((stage) => shut.includes(stage)),
  );
}

function redeployed({ changes }: Step): string[] {
  return changes.filter(({ field }) => field === 'redeploy').map(({ keys }) => keys[0] ?? '');
}

/** Whether the deployment has the stage demand a key where it demands none yet, or look for it elsewhere. */
function shutsOut({ live, changes }: Step, stage: string): boolean {
  if (!live || changes.some(({ field }) => field === 'apiKeySource')) return true;
  const now = requirementOf(live).served[stage];
  const { methods } = requirementOf({ ...live, spec: applied(live.spec, changes) });
  return Object.entries(methods).some(([key, { apiKeyRequired }]) => apiKeyRequired && now?.[key] !== true);
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
    ...live.filter((one) => one.kind === 'ApiKey' && after(one).enabled === true).map(({ id }) => id),
    ...made.filter(({ kind, owned }) => kind === 'ApiKey' && owned.enabled !== false).map((step) => `pending:${identity(step)}`),
  ]);
  const plans: readonly { readonly [field: string]: Json }[] = [
    ...live.filter(({ kind }) => kind === 'UsagePlan').map(after),
    ...made.filter(({ kind }) => kind === 'UsagePlan').map(({ owned }) => owned),
  ];
  const letting = plans.filter(({ keys }) => keysOf(keys).some((key) => enabled.has(key)));
  return new Set(letting.flatMap(({ stages }) => keysOf(stages)));
}
