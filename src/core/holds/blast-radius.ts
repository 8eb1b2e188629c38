/** The guard counts keys that lose access because something left Git or a list, and holds all of it when they are too many (docs/contract.md#safety). */

import { claimOf } from '../compare/ownership.ts';
import { keysOf } from '../model/json.ts';
import type { Json, Live } from '../model/model.ts';
import { type Change, held, type Step } from '../model/plan.ts';
import type { PlanInput, Policy } from '../model/plan-input.ts';
import { applied } from '../model/three-way.ts';

/** From this many managed keys up, the guard in percent counts too. */
const PERCENT_FROM = 10;

/** Counts what one Target would take away; a key that a plan of another Target takes on loses nothing. */
export function holdMassRevocation(steps: readonly Step[], input: PlanInput): Step[] {
  const losing = keysLosingAccess(steps, input).filter(
    ({ step }) => step.namespace === input.target.namespace,
  );
  const keys = new Set([...(input.lostBefore ?? []), ...losing.map((loss) => loss.key)]);
  const managed = input.live.filter(
    (live) =>
      live.kind === 'ApiKey' &&
      claimOf(live, input.target.owner)?.namespace === input.target.namespace,
  ).length;
  const percent = managed === 0 ? 0 : (keys.size * 100) / managed;
  const { maxKeys, maxPercent } = guardsOf(input);
  if (keys.size <= maxKeys && (managed < PERCENT_FROM || percent <= maxPercent)) return [...steps];

  const message =
    `${keys.size} of ${managed} managed keys would lose access, and the guards allow ${maxKeys} keys and ${maxPercent} %: ` +
    allowLossText(input, keys.size);
  return steps.flatMap((step) => {
    const mine = losing.filter((loss) => loss.step === step);
    if (mine.length === 0) return [step];
    const part = new Set(mine.map((loss) => loss.change));
    const rest = step.changes.filter((change) => !part.has(change));
    // What is the whole step's doing, or all of it, is held as a whole; else the rest goes on.
    if (part.has(undefined) || (rest.length === 0 && step.action !== 'adopt'))
      return [held(step, 'guard', message)];
    return [
      { ...step, changes: rest },
      held(
        {
          ...step,
          changes: step.changes.filter((change) => part.has(change)),
          unclaimed: [],
        },
        'guard',
        message,
      ),
    ];
  });
}

/** The guards of this pass: an `allow-loss` on the Target raises them until its time is over. */
function guardsOf({ target, policy, now }: PlanInput): Pick<Policy, 'maxKeys' | 'maxPercent'> {
  const { allowLoss } = target;
  if (!allowLoss || now >= allowLoss.until) return policy;
  return { maxKeys: Math.max(policy.maxKeys, allowLoss.keys), maxPercent: 100 };
}

const DAY_MS = 86_400_000;

/** Says how to let the guard pass. The time is the end of the next day, so that a day's passes say the same. */
function allowLossText({ target, policy, now, time }: PlanInput, keys: number): string {
  const { namespace, implicit } = target;
  const command = `apikeeper apply ${shellWord(policy.directory)} -n ${namespace} --max-keys ${keys}`;
  if (implicit)
    return `if that is meant, run once, while no daemon runs: ${command}; or declare a Target, which can allow it in Git`;
  const until = time.format((Math.floor(now / DAY_MS) + 2) * DAY_MS).replace(':00Z', 'Z');
  const line = `apikeeper.dev/allow-loss: "${keys} until ${until}"`;
  return `if that is meant, annotate the Target ${namespace} in Git with ${line}; where no daemon runs, run once: ${command}`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The ids of the keys that lose access by these steps, as far as the guards count them. */
export function keysLost(steps: readonly Step[], input: PlanInput): string[] {
  return keysLosingAccess(steps, input).map(({ key }) => key);
}

interface Loss {
  readonly step: Step;
  /** Undefined: the step as a whole. */
  readonly change: Change | undefined;
  /** The id of the key. */
  readonly key: string;
}

/** Every (step, key) by which a key that can pass now can't afterwards; a key that another plan takes on for the same stage moves, and loses nothing. */
function keysLosingAccess(steps: readonly Step[], input: PlanInput): Loss[] {
  const stated = steps.filter((step) => isRevocation(step) && !step.countsForGuards);
  const revoked = new Set(stated.map(({ live }) => live?.id));
  const passes = ({ kind, id, spec }: Live) =>
    kind === 'ApiKey' && spec.enabled === true && !revoked.has(id);
  const enabled = new Set(input.live.filter(passes).map((live) => live.id));
  const gained = gains(steps);
  const found: Loss[] = [];
  const lose = (step: Step, change: Change | undefined, key: string, stages: readonly string[]) => {
    if (!enabled.has(key)) return;
    if (stages.length > 0 && stages.every((stage) => gained.has(`${key} ${stage}`))) return;
    found.push({ step, change, key });
  };
  for (const step of steps) {
    const { live, action } = step;
    if (!live) continue;
    const isLost = action === 'disable' || (step.countsForGuards && action !== 'hold');
    if (live.kind === 'ApiKey' && isLost && step.changes.length > 0)
      lose(step, step.changes[0], live.id, []);
    const stages = keysOf(live.spec.stages);
    const keys = keysOf(live.spec.keys);
    if (live.kind === 'UsagePlan' && action === 'delete' && stages.length > 0)
      for (const key of keys) lose(step, undefined, key, stages);
    if (live.kind === 'UsagePlan' && (action === 'update' || action === 'adopt')) {
      for (const change of step.changes) {
        if (change.desired !== undefined || change.keys.length !== 1) continue;
        const [gone = ''] = change.keys;
        if (change.field === 'keys' && stages.length > 0) lose(step, change, gone, stages);
        if (change.field === 'stages') for (const key of keys) lose(step, change, key, [gone]);
      }
    }
    // A stage that goes, goes for every plan.
    if (live.kind === 'Stage' && action === 'delete')
      for (const key of keysOn(live.id, input)) lose(step, undefined, key, []);
  }
  return found;
}

/** `enabled: false` said outright: a line in Git, whatever else becomes of the key. */
function isRevocation({ kind, action, changes }: Step): boolean {
  if (kind !== 'ApiKey' || (action !== 'update' && action !== 'adopt')) return false;
  return changes.some(({ field, desired }) => field === 'enabled' && desired === false);
}

/** `<key id> <stage>` that a plan covers after this pass and didn't before. */
function gains(steps: readonly Step[]): ReadonlySet<string> {
  const gained = new Set<string>();
  for (const step of steps) {
    if (
      step.kind !== 'UsagePlan' ||
      (step.action !== 'create' && step.action !== 'update' && step.action !== 'adopt')
    )
      continue;
    const before = step.live?.spec ?? {};
    const after = step.live ? applied(before, step.changes) : step.owned;
    const had = new Set(pairs(before.keys, before.stages));
    for (const pair of pairs(after.keys, after.stages)) if (!had.has(pair)) gained.add(pair);
  }
  return gained;
}

function pairs(keys: Json | undefined, stages: Json | undefined): string[] {
  return keysOf(keys).flatMap((key) => keysOf(stages).map((stage) => `${key} ${stage}`));
}

function keysOn(stage: string, input: PlanInput): string[] {
  const plans = input.live.filter(
    (live) => live.kind === 'UsagePlan' && keysOf(live.spec.stages).includes(stage),
  );
  return plans.flatMap((live) => keysOf(live.spec.keys));
}
