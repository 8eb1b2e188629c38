/** The report of one Target, from its plan and what became of it. */

import { REQUIREMENT } from '../../core/compare/key-requirement.ts';
import { compact } from '../../core/model/compact.ts';
import type { Plan, Step } from '../../core/model/plan.ts';
import type { TargetReport } from '../../core/model/report.ts';
import type { Warning } from '../../core/model/warning.ts';
import {
  coverage,
  type Findings,
  type Result,
  reportObjects,
  stateOf,
  summarize,
} from '../../core/plan/summarize.ts';
import { estimate } from '../../core/schedule/estimate.ts';
import type { Operation } from '../../core/schedule/operation.ts';
import { OPERATION_QUOTAS } from '../../gateway/budget.ts';
import type { ObservedState } from '../observe/observe.ts';
import { RULES } from './inputs.ts';
import type { AccountPass, Member } from './pass.ts';
import { pace } from './sessions.ts';

/** What became of a Target's plan. */
export interface Outcome {
  readonly plan: Plan;
  readonly todo: readonly Operation[];
  /** Undefined after a plan alone. */
  readonly results?: ReadonlyMap<Step, Result> | undefined;
  readonly warnings: readonly Warning[];
}

export function reportOf(
  { target, session }: Member,
  { plan, todo, results, warnings }: Outcome,
  snapshot: ObservedState,
  { account, members, settings, request }: AccountPass,
): TargetReport {
  const { connection } = session;
  const driftedSince = new Map([...account.memory.drift].map(([who, { since }]) => [who, since]));
  const findings: Findings = compact({ plan, driftedSince, results });
  const calls = todo
    .filter(({ step }) => step.namespace === target.namespace)
    .flatMap((one) => one.calls);
  const quotas = settings.operationQuotas ? OPERATION_QUOTAS : {};
  const paced = pace(
    members.map((member) => member.target),
    settings,
  );
  const error = unreadText(snapshot);
  return compact({
    namespace: target.namespace,
    accountId: connection.accountId,
    region: connection.region,
    owner: target.owner,
    mode: settings.mode ?? target.mode ?? request.unsetMode,
    state: error === undefined ? stateOf(findings) : 'failing',
    error,
    coverage: coverage(
      plan,
      snapshot.live,
      RULES.map(({ kind }) => kind).filter((kind) => kind !== REQUIREMENT),
      target.owner,
    ),
    calls: {},
    waitedMs: 0,
    ...(calls.length > 0 && !results && { estimate: estimate(calls, { ...paced, quotas }) }),
    objects: reportObjects(findings),
    warnings: warnings.length > 0 ? warnings : undefined,
    summary: summarize(findings),
  });
}

/** The APIs that could not be read, as a sentence; undefined where all were. */
function unreadText({ unread }: Pick<ObservedState, 'unread'>): string | undefined {
  if (unread.length === 0) return undefined;
  const each = unread.map(({ apiId, message }) => `API ${apiId}: ${message}`).join('; ');
  return `the stages of some APIs could not be read, and what needs them waits: ${each}`;
}
