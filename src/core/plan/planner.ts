/** The plan of one target: pure; the same input gives the same plan in the same order. */
import { canonicalize } from '../compare/canonicalize.ts';
import { createLiveIndex, type LiveIndex } from '../compare/live-index.ts';
import { claimOf } from '../compare/ownership.ts';
import { resolver, stageId } from '../compare/references.ts';
import { holdMassRevocation } from '../holds/blast-radius.ts';
import { holdLockouts } from '../holds/lockout.ts';
import { holdConflicts } from '../holds/membership-conflicts.ts';
import { holdThrottleRemoval } from '../holds/throttle-order.ts';
import { compact } from '../model/compact.ts';
import { compareText } from '../model/json.ts';
import { type Desired, identity, type Live, TAG } from '../model/model.ts';
import { held, type Incident, type Plan, type Step } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { type Match, matchDocument, sharedClaims } from './match.ts';
import { modeOf } from './mode.ts';
import { planCreate } from './plan-create.ts';
import { planOrphans } from './plan-orphans.ts';
import { planUpdate } from './plan-update.ts';
import { type PlanningContext, stepBase } from './planning-context.ts';
import { detectLostTags, heldAmbiguous, holdMassMissing } from './sanity.ts';

export function plan(given: PlanInput): Plan {
  const input = inOrder(given);
  const declared = new Set([...input.desired, ...input.neighbours].map(identity));
  const world = createLiveIndex(
    {
      namespace: input.target.namespace,
      owner: input.target.owner,
      apis: input.apis,
      live: input.live,
    },
    declared,
  );
  const matches = matchesOf(input, world);
  const steps = [...declaredSteps(input, world, matches), ...planOrphans(input, world, matches)];
  const settled = holdLockouts(holdThrottleRemoval(applyHolds(steps, world, input)), input.live);
  const rank = new Map(input.rules.map((rules, index) => [rules.kind, index]));
  const ordered = [...settled].sort(
    (a, b) =>
      (rank.get(a.kind) ?? 0) - (rank.get(b.kind) ?? 0) || compareText(identity(a), identity(b)),
  );
  return { steps: ordered, unmanaged: unmanaged(input, ordered) };
}

/** What each document means, the neighbours' too: of two that mean the same live object, neither gets it. */
function matchesOf(input: PlanInput, world: LiveIndex): ReadonlyMap<Desired, Match> {
  const matches = new Map(
    [...input.desired, ...input.neighbours].map((desired): [Desired, Match] => [
      desired,
      matchDocument(desired, { ...world, namespace: desired.namespace }),
    ]),
  );
  for (const [desired, others] of sharedClaims(matches))
    matches.set(desired, heldAmbiguous(others, matches.get(desired)));
  return matches;
}

/** The steps of the documents of this namespace. */
function declaredSteps(
  input: PlanInput,
  world: LiveIndex,
  matches: ReadonlyMap<Desired, Match>,
): readonly Step[] {
  const doubtful = new Set(
    [...matches.values()].flatMap((found) => (found.is === 'held' ? (found.candidates ?? []) : [])),
  );
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
        return objectSteps(object, detectLostTags(object, matches.get(desired) as Match));
      });
    steps.push(...holdMassMissing(made, rules.kind, input));
  }
  return steps;
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

function objectSteps(
  object: PlanningContext,
  found: Match & { readonly incident?: Incident },
): Step[] {
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
    ];
  }
  if (found.is === 'held') {
    const { reason, wants, state, message } = found;
    const incident = found.incident && { incident: found.incident };
    return [
      compact({
        ...stepBase(object),
        action: 'hold',
        wants,
        state,
        reason,
        message,
        live,
        ...incident,
      }),
    ];
  }
  const steps =
    found.is === 'missing' ? planCreate(object, found.fixedId) : planUpdate(object, found);
  return modeOf(object.desired, object.input.target, object.input.policy) === 'observe'
    ? steps.map(observed)
    : steps;
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

/** What a guard holds stays where it is, and may be in the way of something else; what is held for that is no move any more, and the guard counts it. */
function applyHolds(steps: readonly Step[], world: LiveIndex, input: PlanInput): readonly Step[] {
  const rest = holdMassRevocation(holdConflicts(steps, world), input);
  const isSame = rest.length === steps.length && rest.every((step, index) => step === steps[index]);
  return isSame ? rest : applyHolds(rest, world, input);
}

/** What is nobody's here: it is counted, and never changed. */
function unmanaged(input: PlanInput, steps: readonly Step[]): Live[] {
  const known = new Set(
    steps
      .filter((step) => step.reason !== 'not-owned')
      .map((step) => `${step.kind} ${step.live?.id}`),
  );
  const isOurs = (live: Live) =>
    input.namespaces.has(claimOf(live, input.target.owner)?.namespace ?? '');
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
