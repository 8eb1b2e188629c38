/** From steps to the calls that carry them out: what needs what, and what is urgent (docs/contract.md#plan). */

import { isLiveChange } from '../compare/compare-fields.ts';
import { REQUIREMENT } from '../compare/key-requirement.ts';
import type { Rules } from '../model/field-rules.ts';
import { compareText, isMap, keysOf } from '../model/json.ts';
import { identity } from '../model/model.ts';
import type { Change, Step } from '../model/plan.ts';
import { breakCycles } from './dependencies.ts';
import { findMoves, isMember, type Move } from './key-moves.ts';
import type { Operation } from './operation.ts';
import { URGENCY, type Urgency, urgencyOf } from './urgency.ts';

/** All operations of a plan, the most urgent first; `after` decides what may begin. */
export function operations(steps: readonly Step[], allRules: readonly Rules[]): Operation[] {
  const rulesOf = new Map(allRules.map((rules) => [rules.kind, rules]));
  const active = steps.filter((step) => step.action !== 'hold');
  const moving = findMoves(active).flatMap((move) =>
    [...move.from, ...move.to].map((step) => ({ step, move })),
  );
  const movesOf = Map.groupBy(moving, ({ step }) => step);
  const found = active.flatMap((step) => {
    const rules = rulesOf.get(step.kind);
    const moves = movesOf.get(step)?.map(({ move }) => move) ?? [];
    return rules ? operationsOf(step, rules, moves) : [];
  });
  const ordered = breakCycles(found);
  return urgentFirst(ordered);
}

/** Several live objects may bear the tags of one identity: their ids tell them apart. */
const SEVERAL: ReadonlySet<Step['state']> = new Set(['orphaned', 'ambiguous']);

/** Unique in a plan, and the same each time. */
function idOf(type: string, step: Step, extra = ''): string {
  return [type, identity(step), SEVERAL.has(step.state) ? step.live?.id : '', extra]
    .filter(Boolean)
    .join(' ');
}

const idOfMove = ({ key, to }: Move) => (to[0] ? idOf('move', to[0], key) : '');

/** `moves`: those that the step is a part of. */
function operationsOf(step: Step, rules: Rules, moves: readonly Move[]): Operation[] {
  const mine: Operation[] = [];
  const moveOf = (key: string, side: 'from' | 'to') =>
    moves.find((move) => move.key === key && move[side].includes(step));
  const attach = (key: string, change?: Change) => {
    const move = moveOf(key, 'to');
    if (!move) {
      const calls = ['CreateUsagePlanKey'];
      mine.push({
        type: 'attach',
        id: idOf('attach', step, key),
        step,
        key,
        urgency: urgencyOf(change),
        dependsOn: [],
        calls,
      });
    } else if (move.to[0] === step) {
      const calls = [
        ...move.from.map(() => 'DeleteUsagePlanKey'),
        ...move.to.map(() => 'CreateUsagePlanKey'),
      ];
      mine.push({
        ...move,
        type: 'move',
        id: idOfMove(move),
        step,
        urgency: URGENCY.attach,
        dependsOn: [],
        calls,
      });
    }
  };
  const detach = (key: string) => {
    if (moveOf(key, 'from')) return;
    const calls = ['DeleteUsagePlanKey'];
    mine.push({
      type: 'detach',
      id: idOf('detach', step, key),
      step,
      key,
      urgency: URGENCY.revoke,
      dependsOn: [],
      calls,
    });
  };

  if (step.action === 'create') {
    mine.push({
      type: 'create',
      id: idOf('create', step),
      step,
      urgency: URGENCY.rest,
      dependsOn: [],
      calls: createCalls(step),
    });
    for (const key of keysOf(step.owned.keys)) attach(key);
  } else if (step.action === 'delete') {
    for (const key of keysOf(step.live?.spec.keys)) detach(key);
    mine.push({
      type: 'delete',
      id: idOf('delete', step),
      step,
      urgency: URGENCY.rest,
      dependsOn: [],
      calls: deleteCalls(step),
    });
  } else {
    const live = step.changes.filter((change) => isLiveChange(change, rules));
    for (const change of live) {
      const [key, ...deeper] = change.keys;
      if (!isMember(change) || key === undefined || deeper.length > 0) continue;
      if (change.desired === undefined) detach(key);
      else attach(key, change);
    }
    mine.push(...(step.kind === REQUIREMENT ? requiring(step, live) : updates(step, live)));
  }
  const writesTags =
    step.action !== 'delete' && (mine.length > 0 || step.action !== 'keep' || hasTags(step));
  if (writesTags)
    mine.push({
      type: 'tag',
      id: idOf('tag', step),
      step,
      urgency: URGENCY.rest,
      dependsOn: [...mine.map((one) => one.id), ...moves.map(idOfMove)],
      calls: hasTagCall(step) ? ['TagResource'] : [],
    });
  return mine;
}

/** A create brings its tags, and the disabling of what left Git brings `delete-after`. */
function hasTagCall({ action, changes }: Step): boolean {
  return action !== 'create' && !(action === 'disable' && changes.length > 0);
}

/** Disabling goes alone and first: nothing else may stop it, not even another field that the service refuses. */
function updates(step: Step, live: readonly Change[]): Operation[] {
  const fields = live.filter((change) => !isMember(change) && change.field !== 'tags');
  const off = fields.filter((change) => change.field === 'enabled' && change.desired === false);
  const rest = fields.filter((change) => !off.includes(change));
  const update = (changes: readonly Change[], extra: string): Operation => ({
    type: 'update',
    id: idOf('update', step, extra),
    step,
    changes,
    urgency: Math.min(...changes.map(urgencyOf)) as Urgency,
    dependsOn: [],
    calls: [
      ...(step.action === 'disable' ? ['TagResource'] : []),
      UPDATE_CALL[step.kind] ?? `Update${step.kind}`,
    ],
  });
  return [
    ...(off.length > 0 ? [update(off, 'enabled')] : []),
    ...(rest.length > 0 ? [update(rest, '')] : []),
  ];
}

/** What opens a method goes at once; what demands a key waits until nobody is shut out by it, and is deployed last (dependencies.ts). */
function requiring(step: Step, live: readonly Change[]): Operation[] {
  const opening = live.filter(({ field, desired }) => field === 'methods' && desired === false);
  const closing = live.filter((change) => !opening.includes(change));
  const common = { step, urgency: URGENCY.rest, dependsOn: [] };
  const callsOf = (changes: readonly Change[]) =>
    changes.map(({ field }) => (field === 'methods' ? 'UpdateMethod' : 'UpdateRestApi'));
  const updates = [
    { id: idOf('update', step, 'open'), changes: opening },
    { id: idOf('update', step), changes: closing },
  ]
    .filter(({ changes }) => changes.length > 0)
    .map((one): Operation => ({ ...common, ...one, type: 'update', calls: callsOf(one.changes) }));
  const stages = step.changes
    .filter(({ field }) => field === 'redeploy')
    .map(({ keys }) => keys[0] ?? '');
  if (stages.length === 0) return updates;
  const calls = ['CreateDeployment', ...stages.map(() => 'UpdateStage')];
  return [
    ...updates,
    {
      ...common,
      type: 'deploy',
      id: idOf('deploy', step),
      stages,
      dependsOn: updates.map(({ id }) => id),
      calls,
    },
  ];
}

const UPDATE_CALL: Readonly<Record<string, string>> = {
  ApiKey: 'UpdateApiKey',
  UsagePlan: 'UpdateUsagePlan',
  Stage: 'UpdateStage',
};

function createCalls(step: Step): string[] {
  const { owned } = step;
  const says = (field: string) =>
    owned[field] !== null &&
    owned[field] !== undefined &&
    !(isMap(owned[field]) && Object.keys(owned[field]).length === 0);
  if (step.kind === 'UsagePlan')
    return ['CreateUsagePlan', ...(says('productCode') ? ['UpdateUsagePlan'] : [])];
  if (step.kind === 'Stage') {
    const second = ['methodSettings', 'accessLog', 'clientCertificateId'].some(says);
    return [
      ...(step.createOnly?.deployment === 'latest' ? ['GetDeployments'] : []),
      'CreateStage',
      ...(second ? ['UpdateStage'] : []),
    ];
  }
  return ['CreateApiKey'];
}

function deleteCalls(step: Step): string[] {
  if (step.kind === 'UsagePlan')
    return [
      ...(keysOf(step.live?.spec.stages).length > 0 ? ['UpdateUsagePlan'] : []),
      'DeleteUsagePlan',
    ];
  return [step.kind === 'Stage' ? 'DeleteStage' : 'DeleteApiKey'];
}

function hasTags(step: Step): boolean {
  return Object.keys(step.tags.set).length > 0 || step.tags.remove.length > 0;
}

/** An operation is as urgent as what waits for it. */
function urgentFirst(all: readonly Operation[]): Operation[] {
  const byId = new Map(all.map((one) => [one.id, one]));
  const urgency = new Map<string, Urgency>(all.map((one) => [one.id, one.urgency]));
  const raise = (id: string, to: Urgency, path: ReadonlySet<string>): void => {
    const one = byId.get(id);
    if (!one || path.has(id)) return;
    if ((urgency.get(id) ?? to) > to) urgency.set(id, to);
    for (const before of one.dependsOn) raise(before, to, new Set([...path, id]));
  };
  for (const one of all)
    if (one.type !== 'tag')
      for (const before of one.dependsOn) raise(before, one.urgency, new Set([one.id]));
  const rank: Readonly<Record<Operation['type'], number>> = {
    detach: 0,
    update: 1,
    create: 2,
    move: 3,
    attach: 4,
    deploy: 5,
    tag: 6,
    delete: 7,
  };
  return all
    .map((one): Operation => ({ ...one, urgency: urgency.get(one.id) ?? one.urgency }))
    .sort(
      (a, b) => a.urgency - b.urgency || rank[a.type] - rank[b.type] || compareText(a.id, b.id),
    );
}
