/** Warnings of what is live, for a report. */
import { applied } from './diff.ts';
import { liveEstate, type Observed } from './live-estate.ts';
import { identity, type Live } from './model.ts';
import type { Step } from './plan.ts';
import type { Warning } from './warning.ts';
import { warningsOf } from './warnings.ts';

/** Of what is live. */
export function liveWarnings(observed: Observed): Warning[] {
  return warningsOf(liveEstate(observed));
}

/** Of what is live, and is not put right by the plan's own steps: what they put right, the plan shows already. */
export function standingWarnings(observed: Observed): Warning[] {
  const found = liveWarnings(observed);
  if (found.length === 0) return [];
  const key = (warning: Warning) => [identity(warning), warning.code, warning.path].join(' ');
  const left = new Set(liveWarnings({ ...observed, live: afterSteps(observed) }).map(key));
  return found.filter((warning) => left.has(key(warning)));
}

/** The live objects as the steps that are not held would leave them. */
function afterSteps({ live, steps }: Observed): Live[] {
  const doing = steps.filter(({ action }) => action !== 'hold' && action !== 'keep');
  const byLive = Map.groupBy(doing, (step) => step.live);
  const rest = live.flatMap((one) => {
    const own = byLive.get(one) ?? [];
    if (own.some(({ action }) => action === 'delete')) return [];
    return [
      own.length === 0
        ? one
        : {
            ...one,
            spec: applied(
              one.spec,
              own.flatMap(({ changes }) => changes),
            ),
          },
    ];
  });
  return [...rest, ...doing.filter(({ action }) => action === 'create').map(made)];
}

/** What a create makes, under the id by which other steps mean it until it has one. */
function made(step: Step): Live {
  const { kind, name, owned, naturalId } = step;
  return { kind, id: naturalId ?? `pending:${identity(step)}`, name, spec: owned, tags: {}, observedAt: 0 };
}
