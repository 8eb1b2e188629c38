/** From a plan, and what became of it, to the report. */

import { claimOf } from '../compare/ownership.ts';
import { compact } from '../model/compact.ts';
import { compareText } from '../model/json.ts';
import { identity, type Json, type Live } from '../model/model.ts';
import {
  CHOSEN_HOLDS,
  type Change,
  causeOfStep,
  type Plan,
  type Step,
  type Stranded,
} from '../model/plan.ts';
import type {
  Outcome,
  OverallState,
  ReportChange,
  ReportObject,
  Summary,
} from '../model/report.ts';

/** What became of a step. */
export interface Result {
  readonly outcome: Outcome;
  /** Of a failure, or of what kept it from beginning. */
  readonly message?: string;
  readonly reason?: 'superseded' | 'dependency';
  readonly awsId?: string;
  /** Of a failure: the class of the error, for those who count failures or try again. */
  readonly errorClass?: string;
}

export interface Findings {
  readonly plan: Plan;
  /** Undefined after a plan alone. */
  readonly results?: ReadonlyMap<Step, Result>;
  /** RFC 3339 by identity: when this process first saw the drift. */
  readonly driftedSince: ReadonlyMap<string, string>;
}

/** A difference that no commit asked for. */
export function isDrift(change: Pick<Change, 'cause'>): boolean {
  return change.cause === 'live' || change.cause === 'both';
}

/** Whether a step is one of drift: somebody changed, deleted or re-created the live object. */
export function hasDrifted(step: Step): boolean {
  return step.incident !== undefined || step.changes.some(isDrift);
}

export function reportObjects({ plan, results, driftedSince }: Findings): ReportObject[] {
  return [...plan.steps.map(objectOf), ...plan.stranded.map(strandedObject)];

  function objectOf(step: Step): ReportObject {
    const result = results?.get(step);
    const cause = causeOfStep(step.changes);
    const since = driftedSince.get(identity(step));
    const awsId = step.live?.id ?? result?.awsId ?? step.fixedId;
    const message = result?.message ?? step.message;
    const reason = result?.reason ?? step.reason;
    return compact({
      kind: step.kind,
      namespace: step.namespace,
      name: step.name,
      awsId,
      state: step.state,
      action: step.action,
      wants: step.wants,
      reason,
      message,
      cause,
      changes: step.changes.map(reportChange),
      ...(step.unclaimed.length > 0 && { unclaimed: step.unclaimed }),
      source: step.source,
      ...(step.desired?.consumer !== undefined && { consumer: step.desired.consumer }),
      ...(since !== undefined && hasDrifted(step) && { driftedSince: since }),
      // A key that stays enabled has no time yet.
      ...(step.deleteAfter !== undefined && isLeaving(step) && { deleteAfter: step.deleteAfter }),
      outcome: result?.outcome,
    });
  }
}

function strandedObject({ live, namespace, name, message }: Stranded): ReportObject {
  const { kind, id } = live;
  return {
    kind,
    namespace,
    name,
    awsId: id,
    state: 'stranded',
    action: 'keep',
    message,
    changes: [],
  };
}

function isLeaving({ action, wants }: Step): boolean {
  return action === 'disable' || action === 'delete' || wants === 'delete';
}

export function reportChange({ path, desired, live, cause }: Change): ReportChange {
  return { path, desired: shown(desired), live: shown(live), cause };
}

function shown(value: Json | undefined): Json {
  return value ?? null;
}

export function summarize({ plan, results }: Findings): Summary {
  const count = (action: Step['action']) =>
    plan.steps.filter((step) => step.action === action).length;
  const failed = [...(results?.values() ?? [])].filter(
    (result) => result.outcome === 'failed',
  ).length;
  return {
    create: count('create'),
    adopt: count('adopt'),
    update: count('update'),
    disable: count('disable'),
    release: count('release'),
    delete: count('delete'),
    keep: count('keep'),
    hold: count('hold'),
    failed,
    unmanaged: plan.unmanaged.length,
  };
}

/** The worst of what was found. What an apply has put right is in sync again. */
export function stateOf({ plan, results }: Findings): OverallState {
  if ([...(results?.values() ?? [])].some((result) => result.outcome === 'failed'))
    return 'failing';
  const isHeld = (step: Step) => {
    const planned = step.action === 'hold' ? step.reason : undefined;
    const reason = results?.get(step)?.reason === 'dependency' ? 'dependency' : planned;
    return reason !== undefined && !CHOSEN_HOLDS.has(reason);
  };
  if (plan.steps.some(isHeld)) return 'held';
  const pending = (step: Step) =>
    step.action !== 'keep' &&
    (results?.get(step)?.outcome === 'skipped' || !results || step.action === 'hold');
  // What left Git and may stay, since nobody asked for pruning, is no difference that anybody wants gone.
  const differs = (step: Step) =>
    step.action !== 'hold' ||
    (step.reason !== 'prune-disabled' && (step.changes.length > 0 || step.wants === 'create'));
  // What a stage serves is put right by a deployment alone, and an apply that makes none leaves it as it is.
  return plan.steps.some((step) => (pending(step) && differs(step)) || step.unserved !== undefined)
    ? 'drifted'
    : 'in-sync';
}

export function worst(states: readonly OverallState[]): OverallState {
  const order: readonly OverallState[] = ['failing', 'held', 'drifted', 'skipped', 'in-sync'];
  return order.find((state) => states.includes(state)) ?? 'in-sync';
}

/** The share of the live objects of each kind that bear our tags, or that a document speaks of. 1 where there is none to manage. */
export function coverage(
  plan: Plan,
  live: readonly Live[],
  kinds: readonly string[],
  owner: string,
): Record<string, number> {
  const managed = new Set(
    plan.steps.flatMap((step) =>
      step.live && step.reason !== 'not-owned' && step.reason !== 'foreign'
        ? [`${step.kind} ${step.live.id}`]
        : [],
    ),
  );
  const isManaged = (one: Live) =>
    managed.has(`${one.kind} ${one.id}`) || claimOf(one, owner) !== undefined;
  return Object.fromEntries(
    [...kinds].sort(compareText).map((kind) => {
      const all = live.filter((one) => one.kind === kind);
      return [
        kind,
        all.length === 0
          ? 1
          : Math.round((all.filter(isManaged).length / all.length) * 1000) / 1000,
      ];
    }),
  );
}
