/**
 * Move guard: a key that leaves one usage plan for another of the same account moves, and a move of which one
 * side may not be written is held whole (docs/contract.md#plan).
 *
 * | a key leaves a usage plan's stage | a document of another usage plan names the key there | then |
 * | --- | --- | --- |
 * | | none does | it leaves |
 * | | its plan has the pair live, or gets it in this pass | it leaves, or moves |
 * | | its plan is not written: observe, suspend, a hold, `-n`, no connection | it stays, held |
 *
 * A disabled key, and a key that leaves Git, leave all the same: neither is let in anywhere.
 */

import type { LiveIndex } from '../compare/live-index.ts';
import { stageId } from '../compare/references.ts';
import { isMap, keysOf, listOf } from '../model/json.ts';
import { type Desired, identity, type Json, type Live } from '../model/model.ts';
import { type Change, held, type Step } from '../model/plan.ts';
import { applied } from '../model/three-way.ts';

const PLAN = 'UsagePlan';

/** Usage plans by `<key id> <stage id>`. */
type Pairs = ReadonlyMap<string, readonly string[]>;

/** `meant`: every document of the account, with the ids of the live objects that it means, or may mean. */
export function holdHalfMoves(
  steps: readonly Step[],
  meant: ReadonlyMap<Desired, readonly string[]>,
  world: LiveIndex,
): Step[] {
  const leaving = steps.filter(takesAway);
  if (leaving.length === 0) return [...steps];

  const wanted = wantedPairs(meant, world);
  const covered = coveredPairs(steps, world.live);
  const passing = keysThatPass(steps, world.live);

  return steps.flatMap((step) => {
    if (!takesAway(step)) return [step];
    const rivalsOf = (key: string, stage: string): readonly string[] => {
      const pair = `${key} ${stage}`;
      const isDone = covered.get(pair)?.some((plan) => plan !== step.live?.id);
      if (!passing.has(key) || isDone) return [];
      return (wanted.get(pair) ?? []).filter((plan) => plan !== identity(step));
    };
    return withoutHalves(step, rivalsOf);
  });
}

/** A step that takes a key, or a stage, out of a usage plan. */
function takesAway({ kind, action, live, changes }: Step): boolean {
  if (kind !== PLAN || !live) return false;
  if (action === 'delete') return true;
  return (action === 'update' || action === 'adopt') && changes.some(isLoss);
}

function isLoss({ field, keys, desired }: Change): boolean {
  return (field === 'keys' || field === 'stages') && keys.length === 1 && desired === undefined;
}

function withoutHalves(
  step: Step,
  rivalsOf: (key: string, stage: string) => readonly string[],
): Step[] {
  const keys = keysOf(step.live?.spec.keys);
  const stages = keysOf(step.live?.spec.stages);
  const rivals = (some: readonly string[], on: readonly string[]) =>
    some.flatMap((key) => on.flatMap((stage) => rivalsOf(key, stage)));

  if (step.action === 'delete') {
    const found = rivals(keys, stages);
    return [found.length === 0 ? step : held(step, 'dependency', messageOf(found))];
  }

  const found = new Map(
    step.changes.filter(isLoss).map((change) => {
      const [gone = ''] = change.keys;
      return [change, change.field === 'keys' ? rivals([gone], stages) : rivals(keys, [gone])];
    }),
  );
  const halves = step.changes.filter((change) => (found.get(change) ?? []).length > 0);
  if (halves.length === 0) return [step];

  const rest = step.changes.filter((change) => !halves.includes(change));
  const message = messageOf(halves.flatMap((change) => found.get(change) ?? []));
  const hold = held({ ...step, changes: halves, unclaimed: [] }, 'dependency', message);
  const isNothingLeft = rest.length === 0 && step.action === 'update';
  return isNothingLeft ? [hold] : [{ ...step, changes: rest }, hold];
}

function messageOf(rivals: readonly string[]): string {
  const names = [...new Set(rivals)].sort().join(', ');
  return (
    `the key moves to ${names}, which can't take it now: the key stays where it is until both can be written; ` +
    'to revoke it, take it out of both usage plans, or say enabled: false'
  );
}

/** Usage plans, by identity, whose documents name a key for a stage. */
function wantedPairs(meant: ReadonlyMap<Desired, readonly string[]>, world: LiveIndex): Pairs {
  const documents = new Map([...meant.keys()].map((one) => [identity(one), one]));
  const keyIdsOf = ({ namespace }: Desired, entry: Json): readonly string[] => {
    if (isMap(entry)) return [String(entry.id)];
    const key = documents.get(identity({ kind: 'ApiKey', namespace, name: String(entry) }));
    return (key && meant.get(key)) ?? [];
  };
  const stageIdOf = ({ namespace }: Desired, entry: Json): string | undefined => {
    const spec = isMap(entry) ? entry : {};
    const named =
      typeof spec.stage === 'string'
        ? documents.get(identity({ kind: 'Stage', namespace, name: spec.stage }))
        : undefined;
    const id = stageId(named ?? { name: '', spec }, world.apis);
    return 'found' in id ? id.found : undefined;
  };

  const pairs = new Map<string, string[]>();
  for (const plan of documents.values()) {
    if (plan.kind !== PLAN) continue;
    const keys = listOf(plan.spec.keys).flatMap((entry) => keyIdsOf(plan, entry));
    const stages = listOf(plan.spec.stages).flatMap((entry) => stageIdOf(plan, entry) ?? []);
    record(pairs, keys, stages, identity(plan));
  }
  return pairs;
}

/** Live usage plans, by id, that cover a pair when the steps are done. */
function coveredPairs(steps: readonly Step[], live: readonly Live[]): Pairs {
  const active = Map.groupBy(
    steps.filter(({ action }) => action !== 'hold'),
    (step) => step.live,
  );
  const pairs = new Map<string, string[]>();
  for (const plan of live) {
    if (plan.kind !== PLAN) continue;
    const own = active.get(plan) ?? [];
    if (own.some(({ action }) => action === 'delete')) continue;
    const { keys, stages } = applied(
      plan.spec,
      own.flatMap(({ changes }) => changes),
    );
    record(pairs, keysOf(keys), keysOf(stages), plan.id);
  }
  for (const step of active.get(undefined) ?? []) {
    const { keys, stages } = step.owned;
    if (step.kind === PLAN) record(pairs, keysOf(keys), keysOf(stages), identity(step));
  }
  return pairs;
}

/** Keys that are let in when the steps are done, as far as it lies with the key itself. */
function keysThatPass(steps: readonly Step[], live: readonly Live[]): ReadonlySet<string> {
  const ends = ({ kind, action, changes }: Step) =>
    kind === 'ApiKey' &&
    (action === 'disable' ||
      action === 'delete' ||
      (action !== 'hold' &&
        changes.some(({ field, desired }) => field === 'enabled' && desired === false)));
  const ended = new Set(steps.filter(ends).map((step) => step.live?.id));
  const passes = ({ kind, id, spec }: Live) =>
    kind === 'ApiKey' && spec.enabled === true && !ended.has(id);
  return new Set(live.filter(passes).map(({ id }) => id));
}

function record(
  pairs: Map<string, string[]>,
  keys: readonly string[],
  stages: readonly string[],
  plan: string,
): void {
  for (const key of keys)
    for (const stage of stages)
      pairs.set(`${key} ${stage}`, [...(pairs.get(`${key} ${stage}`) ?? []), plan]);
}
