/**
 * Revocations go first: while a pass is still reading, it takes access away as soon as it knows enough
 * (docs/contract.md#plan).
 *
 * | what is known | what is done |
 * | --- | --- |
 * | the reading before, and a newer commit | every revocation of the commit |
 * | the keys | `enabled: false` |
 * | keys, usage plans and APIs | lowered limits too; what left Git or a list goes with the whole plan, which the guards count |
 *
 * A pass that asks before it writes, or writes nothing, does none of this.
 */

import { stageId } from '../../core/compare/references.ts';
import { keysLost } from '../../core/holds/blast-radius.ts';
import { isMap, keysOf, listOf } from '../../core/model/json.ts';
import { identity, type Json, type Live } from '../../core/model/model.ts';
import type { Change, Plan, Step } from '../../core/model/plan.ts';
import { planAccount } from '../../core/plan/planner.ts';
import type { Result } from '../../core/plan/summarize.ts';
import type { Operation } from '../../core/schedule/operation.ts';
import { operations } from '../../core/schedule/operations.ts';
import { revocations } from '../../core/schedule/revocations.ts';
import { apply } from '../apply/apply.ts';
import type { OperationFailure } from '../apply/apply-state.ts';
import { afterApply, touchedSince, withWrites } from '../observe/refresh.ts';
import { applyOptions, tellingOf } from './carry-out.ts';
import { announceOrphans, emitDrift, emitResult, rememberDeclared } from './emit-events.ts';
import { inputsOf, RULES, type Seen } from './inputs.ts';
import { type AccountPass, documentsOf } from './pass.ts';
import { placeOf } from './place.ts';
import { rememberSteps } from './remember.ts';
import { asksForSecondLook } from './second-look.ts';

/** What was revoked before the plan was made. */
export interface Revoked {
  /** Operations that failed, by id: the plan that follows does not try them again. */
  readonly failed: ReadonlyMap<string, OperationFailure>;
  /** The plans and results with what was done before them. */
  include(
    plans: readonly Plan[],
    results: ReadonlyMap<Step, Result>,
  ): { readonly plans: readonly Plan[]; readonly results: ReadonlyMap<Step, Result> };
}

export interface RevokeFirst extends Revoked, Disposable {
  /** A whole reading begins. Resolves when the revocations before it are over. */
  onReading(): Promise<void>;
  /** Acts on the reading that was kept from before. */
  onKept(): void;
  onKeys(keys: readonly Live[]): void;
  onPlans(listed: Seen): void;
  /** Resolves when all that was begun is over. Rejects for a bug, never for a call that failed. */
  settled(): Promise<void>;
  /** What was read since `onReading`, with what was written meanwhile: a list may have come before the write. */
  corrected(live: readonly Live[]): readonly Live[];
  /** Objects that were written since `onReading` on an older reading, as `<kind> <id>`: they have to be read again. */
  readonly unsure: ReadonlySet<string>;
}

/** Part of the account: which steps may be trusted on it. */
interface Basis {
  readonly seen: Seen;
  readonly kinds: readonly string[];
  /** Only what a document says outright: of absence it knows too little. */
  readonly statedOnly: boolean;
  /** It was read in an earlier pass. */
  readonly isOld: boolean;
}

interface Done {
  readonly step: Step;
  readonly result: Result;
}

export function createRevokeFirst(pass: AccountPass): RevokeFirst {
  const { account, request } = pass;
  const isAllowed = request.write && !request.confirm;
  const failed = new Map<string, OperationFailure>();
  const done = new Map<string, Done>();
  const unsure = new Set<string>();
  let written: readonly Live[] = [];
  let basis: Basis | undefined;
  let working = Promise.resolve();
  let broken: unknown;

  /** One round after the other: two at once would do the same twice. */
  function begin(next: Basis | undefined): void {
    if (!isAllowed || !next) return;
    const now = asDeclared(pass);
    if (now.members.length === 0) return;
    working = working
      .then(() => revoke(next, now))
      .catch((error: unknown) => {
        broken ??= error;
      });
  }

  async function revoke(
    { seen, kinds, statedOnly, isOld }: Basis,
    now: AccountPass,
  ): Promise<void> {
    if (request.signal?.aborted) return;
    const rules = RULES.filter(({ kind }) => kinds.includes(kind));
    const current = { ...seen, live: withWrites(seen.live, written) };
    const inputs = inputsOf(current, now, rules);
    const plans = planAccount(inputs);
    if (!statedOnly) asksForSecondLook(plans, now);
    const steps = plans
      .flatMap((plan) => plan.steps)
      .filter((step) => !statedOnly || step.state !== 'orphaned');
    const todo = revocations(operations(steps, rules)).filter(
      (one) => !failed.has(one.id) && (isOld || isStated(one)),
    );
    if (todo.length === 0) return;

    for (const input of inputs)
      for (const key of keysLost(partsOf(todo), input)) pass.lost?.add(key);
    const begun = new Set(todo.map(({ step }) => step));
    const concerned = steps.filter((step) => begun.has(step));
    rememberDeclared(steps, account.memory);
    for (const step of concerned) {
      announceOrphans([step], tellingOf(step, now));
      emitDrift([step], tellingOf(step, now));
    }
    const { results, live, operationResults } = await apply(concerned, todo, {
      ...applyOptions(now),
      signal: request.signal,
      onResult(step, result) {
        // A failure on an older reading is tried again on a new one.
        if (isOld && result.outcome === 'failed') return;
        emitResult(step, result, tellingOf(step, now));
      },
    });
    for (const [id, result] of operationResults)
      if (result.is !== 'done' && !isOld) failed.set(id, result);
    for (const [step, result] of results)
      done.set(keyOf(step), { step: doneOf(step, todo, operationResults), result });
    if (isOld) for (const { kind, id } of live.values()) unsure.add(`${kind} ${id}`);
    else written = [...written, ...live.values()];
    const { kept } = account;
    if (kept) account.kept = { ...kept, snapshot: afterApply(kept.snapshot, concerned, live) };
    rememberSteps(concerned, results, [...live.values()], now);
  }

  const onKept = () => {
    const { kept } = account;
    if (!kept) return;
    const now = asDeclared(pass);
    if (now.members.length === 0) return;
    if (!account.awaitsProof && touchedSince(kept, documentsOf(now)).length === 0) return;
    const all = RULES.map(({ kind }) => kind);
    begin({ seen: kept.snapshot, kinds: all, statedOnly: false, isOld: true });
  };
  async function settled(): Promise<void> {
    await working;
    if (broken !== undefined) throw broken;
  }

  const listening = request.newer?.listen(() => (account.kept ? onKept() : begin(basis)));

  return {
    failed,
    unsure,
    corrected: (live) => withWrites(live, written),
    onKept,
    async onReading() {
      await settled();
      written = [];
      unsure.clear();
    },
    onKeys(live) {
      const seen = { live, apis: undefined };
      basis = { seen, kinds: ['ApiKey'], statedOnly: true, isOld: false };
      begin(basis);
    },
    onPlans({ live, apis }) {
      const all = [...live, ...assumedStages(live, apis, pass)];
      const seen = { live: all, apis };
      basis = {
        seen,
        kinds: ['ApiKey', 'Stage', 'UsagePlan'],
        statedOnly: false,
        isOld: false,
      };
      begin(basis);
    },
    settled,
    include: (plans, results) => withDone(plans, results, done),
    [Symbol.dispose]: () => listening?.[Symbol.dispose](),
  };
}

/**
 * The pass with the manifests as they were read last. A Target that is gone, or has another owner or place by
 * now, takes no part: nothing of its namespace has left Git.
 */
function asDeclared(pass: AccountPass): AccountPass {
  const tree = pass.request.newest?.() ?? pass.tree;
  const { env } = pass.surroundings;
  const members = pass.members.flatMap((member) => {
    const { target: before } = member;
    const target = tree.targets.find(({ namespace }) => namespace === before.namespace);
    const isSame =
      target?.owner === before.owner &&
      target.roleArn === before.roleArn &&
      placeOf(target, env) === placeOf(before, env);
    return target && isSame && target.unusable === undefined ? [{ ...member, target }] : [];
  });
  return { ...pass, tree, members };
}

/**
 * Stages before they are listed: those that documents name and usage plans hold count as there. That
 * can only make a key's move look possible, and a move is left to the whole plan.
 */
function assumedStages(live: readonly Live[], apis: Seen['apis'], pass: AccountPass): Live[] {
  const named = documentsOf(pass).flatMap(({ kind, name, spec }) => {
    if (kind === 'Stage') return [{ name, spec }];
    const entries: readonly Json[] = kind === 'UsagePlan' ? listOf(spec.stages) : [];
    return entries.filter(isMap).map((entry) => ({ name: '', spec: entry }));
  });
  const ids = named.flatMap((one) => {
    const id = stageId(one, apis);
    return 'found' in id ? [id.found] : [];
  });
  const held = live.flatMap(({ kind, spec }) => (kind === 'UsagePlan' ? keysOf(spec.stages) : []));
  return [...new Set([...ids, ...held])].map((id) => {
    const name = id.split(':')[1] ?? '';
    return { kind: 'Stage', id, name, spec: {}, tags: {}, observedAt: 0 };
  });
}

/** Said outright: no guard counts it, so that it needs no whole plan. */
function isStated(one: Operation): boolean {
  if (one.type !== 'update' || one.step.state === 'orphaned') return false;
  return one.changes.every(
    ({ field }) => field === 'enabled' || field === 'throttle' || field === 'quota',
  );
}

/** The steps with no more than the changes that the operations make. */
function partsOf(todo: readonly Operation[]): Step[] {
  const begun = new Set(todo.map(({ step }) => step));
  return [...begun].map((step) => changedBy(step, todo, () => true));
}

function keyOf(step: Step): string {
  return `${identity(step)} ${step.live?.id}`;
}

/** The step with no more than the changes that were made. */
function doneOf(
  step: Step,
  todo: readonly Operation[],
  results: ReadonlyMap<string, { readonly is: string }>,
): Step {
  return changedBy(step, todo, ({ id }) => results.get(id)?.is === 'done');
}

function changedBy(
  step: Step,
  todo: readonly Operation[],
  counts: (one: Operation) => boolean,
): Step {
  const own = todo.filter((one) => one.step === step && counts(one));
  const changes = own.flatMap((one): readonly Change[] => {
    if (one.type === 'update') return one.changes;
    if (one.type !== 'detach') return [];
    return step.changes.filter(({ field, keys }) => field === 'keys' && keys[0] === one.key);
  });
  return { ...step, changes };
}

/** The report tells of what was done first as if the plan had done it. */
function withDone(
  plans: readonly Plan[],
  results: ReadonlyMap<Step, Result>,
  done: ReadonlyMap<string, Done>,
): { readonly plans: readonly Plan[]; readonly results: ReadonlyMap<Step, Result> } {
  if (done.size === 0) return { plans, results };
  const all = new Map(results);
  const told = new Set<string>();
  const merged = plans.map((plan) => ({
    ...plan,
    steps: plan.steps.map((step) => {
      const first = done.get(keyOf(step));
      const isAfter = step.action !== 'hold' || step.reason === 'grace';
      if (!first || !isAfter || told.has(keyOf(step)) || first.result.outcome === 'failed')
        return step;
      told.add(keyOf(step));
      const then = results.get(step);
      const isDone = step.action === 'keep' || step.action === 'hold';
      const both: Step = isDone
        ? first.step
        : { ...step, state: first.step.state, changes: [...first.step.changes, ...step.changes] };
      all.set(both, then && !isDone ? then : first.result);
      return both;
    }),
  }));
  return { plans: merged, results: all };
}
