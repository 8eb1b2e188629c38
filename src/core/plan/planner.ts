/** Plans the Targets of an account: pure; the same input gives the same plan in the same order. */
import { canonicalize } from '../compare/canonicalize.ts';
import type { LiveIndex } from '../compare/live-index.ts';
import { claimOf } from '../compare/ownership.ts';
import { resolver, stageId } from '../compare/references.ts';
import { holdMassRevocation } from '../holds/blast-radius.ts';
import { holdHalfMoves } from '../holds/half-moves.ts';
import { holdLockouts } from '../holds/lockout.ts';
import { holdConflicts } from '../holds/membership-conflicts.ts';
import { holdThrottleRemoval } from '../holds/throttle-order.ts';
import { compact } from '../model/compact.ts';
import { compareText } from '../model/json.ts';
import { type Desired, identity, type Live, TAG } from '../model/model.ts';
import { held, type Plan, type Step, type Stranded } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { holdDisputed } from './disputed.ts';
import { holdDoubtfulAbsence } from './doubtful-absence.ts';
import type { Match } from './match.ts';
import { inDoubt, matchesOf, maybeMeant, worldsOf } from './match-documents.ts';
import { modeOf } from './mode.ts';
import { planCreate } from './plan-create.ts';
import { planOrphans } from './plan-orphans.ts';
import { planUpdate } from './plan-update.ts';
import { type PlanningContext, stepBase } from './planning-context.ts';
import { endDeparture } from './returns.ts';
import { revokeClaimants } from './revoke-claimants.ts';
import { holdMassMissing } from './sanity.ts';
import { holdStrandedTwins, strandedObjects } from './stranded.ts';

/** Plans one Target alone. */
export function plan(input: PlanInput): Plan {
  const [only] = planAccount([input]);
  return only ?? { steps: [], stranded: [], unmanaged: [] };
}

/**
 * Plans the Targets of one account and region together, on one reading of it: a key that moves between
 * two of them is one move. Gives the plans in the order of the inputs.
 */
export function planAccount(given: readonly PlanInput[]): Plan[] {
  const inputs = given.map(inOrder);
  const [first] = inputs;
  if (!first) return [];

  const worldOf = worldsOf(inputs, first);
  const matches = matchesOf(inputs, worldOf);
  const strandedOf = new Map(
    inputs.map((input) => {
      const world = worldOf(input.target.namespace);
      return [input, strandedObjects(input, world, matches.values())];
    }),
  );
  const steps = inputs.flatMap((input) => {
    const world = worldOf(input.target.namespace);
    const stranded = strandedOf.get(input) ?? [];
    const orphaned = holdDoubtfulAbsence(planOrphans(input, world, matches), input, world.declared);
    return [...declaredSteps(input, world, matches, stranded), ...orphaned];
  });
  const meant = new Map(
    [...matches].map(([desired, found]) => [desired, maybeMeant(found).map(({ id }) => id)]),
  );
  const together = { inputs, meant, world: worldOf(first.target.namespace) };
  const settled = holdLockouts(holdThrottleRemoval(applyHolds(steps, together)), first.live);

  const byNamespace = Map.groupBy(settled, ({ namespace }) => namespace);
  return inputs.map((input) => {
    const own = inKindOrder(byNamespace.get(input.target.namespace) ?? [], input);
    // The first Target of each owner tells of them.
    const { owner } = input.target;
    const teller = inputs.find(({ target }) => target.owner === owner);
    const stranded = input === teller ? (strandedOf.get(input) ?? []) : [];
    return { steps: own, stranded, unmanaged: unmanaged(input, own) };
  });
}

function inKindOrder(steps: readonly Step[], { rules }: PlanInput): Step[] {
  const rank = new Map(rules.map(({ kind }, index) => [kind, index]));
  return steps.toSorted(
    (a, b) =>
      (rank.get(a.kind) ?? 0) - (rank.get(b.kind) ?? 0) || compareText(identity(a), identity(b)),
  );
}

/** The steps of the documents of this namespace. */
function declaredSteps(
  input: PlanInput,
  world: LiveIndex,
  matches: ReadonlyMap<Desired, Match>,
  stranded: readonly Stranded[],
): readonly Step[] {
  const doubtful = new Set([
    ...[...matches.values()].flatMap((found) => (found.is === 'held' ? inDoubt(found) : [])),
    ...input.live.filter((live) => isOfInvalid(live, input, world)),
  ]);
  const stageNames = stageNamesOf(input);
  const steps: Step[] = [];
  for (const rules of input.rules) {
    // The kinds come in dependency order, so that what a reference leads to is decided before it is followed.
    const resolve = resolver(world, steps);
    const created = steps.filter(({ action }) => action === 'create');
    const making = new Map(created.map((step) => [step.fixedId ?? '', identity(step)]));
    const made = input.desired
      .filter((one) => one.kind === rules.kind)
      .flatMap((desired) => {
        const form = canonicalize(rules, desired, resolve);
        const object: PlanningContext = {
          desired,
          rules,
          world,
          stageNames,
          doubtful,
          input,
          canonical: form,
          creating: making,
        };
        return objectSteps(object, matches.get(desired) as Match);
      });
    steps.push(...holdStrandedTwins(holdMassMissing(made, rules.kind, input), stranded));
  }
  return steps;
}

/** No valid document declares it, and an invalid one does, or says that it moved from it. */
function isOfInvalid(live: Live, { invalid, isMoved }: PlanInput, world: LiveIndex): boolean {
  const claim = world.claimOf(live);
  if (!claim) return false;
  const who = identity({ kind: live.kind, ...claim });
  return !world.declared.has(who) && (invalid.has(who) || (isMoved?.(who) ?? false));
}

/** The names of the Stage documents, by the id of their stage. */
function stageNamesOf({ desired, apis }: PlanInput): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const one of desired) {
    const id = one.kind === 'Stage' ? stageId(one, apis) : undefined;
    if (id && 'found' in id) names.set(id.found, one.name);
  }
  return names;
}

function objectSteps(object: PlanningContext, found: Match): Step[] {
  const live = found.is === 'missing' ? undefined : found.live;
  const suspended = suspension(object, live);
  if (suspended) {
    return [
      compact({
        ...stepBase(object),
        action: 'hold',
        wants: live ? 'update' : 'create',
        state: 'unknown',
        reason: 'suspended',
        message: suspended,
        live,
      }),
      ...(found.is === 'live' ? endDeparture(object, live) : []),
    ];
  }
  if (found.is === 'held') {
    const { reason, wants, state, message, fixedId, incident } = found;
    return [
      compact({
        ...stepBase(object),
        action: 'hold',
        wants,
        state,
        reason,
        message,
        live,
        fixedId,
        incident,
      }),
      ...inMode(object, revokeClaimants(object, found.candidates)),
    ];
  }
  const wanted =
    found.is === 'missing' ? planCreate(object, found.fixedId) : planUpdate(object, found);
  return inMode(object, holdDisputed(object, live, wanted));
}

function inMode({ desired, input }: PlanningContext, steps: readonly Step[]): Step[] {
  const isObserved = modeOf(desired, input.target, input.policy) === 'observe';
  return isObserved ? steps.map(observed) : [...steps];
}

function suspension({ desired }: PlanningContext, live: Live | undefined): string | undefined {
  if (live?.tags[TAG.suspend] !== undefined)
    return `the live object bears the tag ${TAG.suspend}: remove the tag to have it reconciled again`;
  if (desired.annotations.mode === 'suspend')
    return 'the manifest says apikeeper.dev/mode: suspend';
  return undefined;
}

function observed(step: Step): Step {
  if (step.action === 'hold') return step;
  if (step.action === 'keep') return { ...step, tags: { set: {}, remove: [] } };
  const observing = 'observed, not enforced: nothing is written';
  return held(
    step,
    'observe',
    step.incident && step.message ? `${step.message}; ${observing}` : observing,
  );
}

interface Together {
  readonly inputs: readonly PlanInput[];
  readonly meant: ReadonlyMap<Desired, readonly string[]>;
  readonly world: LiveIndex;
}

/**
 * Holds what may not be done, until nothing more has to be held: what one guard holds stays where it is,
 * and may be in the way of something else, or be the other half of a move.
 */
function applyHolds(steps: readonly Step[], together: Together): readonly Step[] {
  const { inputs, meant, world } = together;
  const guarded = inputs.reduce(holdMassRevocation, holdConflicts(steps, world));
  const rest = holdHalfMoves(guarded, meant, world);
  const isSame = rest.length === steps.length && rest.every((step, index) => step === steps[index]);
  return isSame ? rest : applyHolds(rest, together);
}

/** What is nobody's here: it is counted, and never changed. */
function unmanaged(input: PlanInput, steps: readonly Step[]): Live[] {
  const known = new Set(
    steps
      .filter((step) => step.reason !== 'not-owned')
      .map((step) => `${step.kind} ${step.live?.id}`),
  );
  const isOurs = (live: Live) => claimOf(live, input.target.owner) !== undefined;
  return input.live.filter((live) => !known.has(`${live.kind} ${live.id}`) && !isOurs(live));
}

/** The order in which documents and live objects were listed decides nothing. */
function inOrder(input: PlanInput): PlanInput {
  const documents = (all: readonly Desired[]) =>
    [...all].sort((a, b) => compareText(identity(a), identity(b)));
  const live = [...input.live].sort(
    (a, b) => compareText(a.kind, b.kind) || compareText(a.id, b.id),
  );
  return {
    ...input,
    desired: documents(input.desired),
    neighbours: documents(input.neighbours),
    live,
  };
}
