/** Warnings of what is live, for a report. */

import { REQUIREMENT } from '../compare/key-requirement.ts';
import { isMap, withValue } from '../model/json.ts';
import { identity, type Live } from '../model/model.ts';
import type { Change, Step } from '../model/plan.ts';
import { applied } from '../model/three-way.ts';
import type { Warning } from '../model/warning.ts';
import { lint } from './lint.ts';
import { liveInventory, type Observed } from './live-inventory.ts';

/** Of what is live. */
export function lintLive(observed: Observed): Warning[] {
  return lint(liveInventory(observed));
}

/**
 * Of what is live, and is not put right by the plan's own steps: what they put right, the plan shows already. Of what they bring about, that somebody will be
 * shut out.
 */
export function lintStanding(observed: Observed): Warning[] {
  const key = (warning: Warning) =>
    [identity(warning), warning.code, warning.path, warning.stage].join(' ');
  const found = lintLive(observed);
  const left = lintLive({ ...observed, live: afterSteps(observed) });
  const [known, standing] = [new Set(found.map(key)), new Set(left.map(key))];
  const news = left.filter(
    (warning) => warning.code === 'REQUIRED_WITHOUT_KEY' && !known.has(key(warning)),
  );
  return [...found.filter((warning) => standing.has(key(warning))), ...news];
}

/** The live objects as the steps that are not held would leave them. */
function afterSteps({ live, steps }: Observed): Live[] {
  const doing = steps.filter(({ action }) => action !== 'hold' && action !== 'keep');
  const byLive = Map.groupBy(doing, ({ kind, live: one }) => `${kind} ${one?.id}`);
  const rest = live.flatMap((one) => {
    const own = byLive.get(`${one.kind} ${one.id}`) ?? [];
    const changes = own.flatMap((step) => step.changes);
    if (own.some(({ action }) => action === 'delete')) return [];
    return changes.length === 0 ? one : { ...one, spec: specAfter(one, changes) };
  });
  return [...rest, ...doing.filter(({ action }) => action === 'create').map(made)];
}

/** A stage that is redeployed serves what the API's definition says then. */
function specAfter({ kind, spec }: Live, changes: readonly Change[]): Live['spec'] {
  const after = applied(spec, changes);
  if (kind !== REQUIREMENT || !isMap(after.methods)) return after;
  const served = Object.fromEntries(
    Object.entries(after.methods).map(([method, about]) => [
      method,
      isMap(about) && about.apiKeyRequired === true,
    ]),
  );
  const moved = changes
    .filter(({ field }) => field === 'redeploy')
    .map(({ keys }) => ['served', keys[0] ?? '']);
  return moved.reduce((so, path) => withValue(so, path, served), after);
}

/** What a create makes, under the id by which other steps mean it until it has one. */
function made(step: Step): Live {
  const { kind, name, owned, fixedId } = step;
  return {
    kind,
    id: fixedId ?? `pending:${identity(step)}`,
    name,
    spec: owned,
    tags: {},
    observedAt: 0,
  };
}
