/** One thing that an apply does: a call or two, and what they wait for. */

import type { Change, Step } from '../model/plan.ts';
import type { Move } from './key-moves.ts';
import type { Urgency } from './urgency.ts';

interface Common {
  /** Unique in a plan, and the same each time. */
  readonly id: string;
  /** The step that it writes; of a move, the first of several. */
  readonly step: Step;
  readonly urgency: Urgency;
  /** Ids of operations that must be over first. One that fails takes with it only what can't go on without it. */
  readonly dependsOn: readonly string[];
  /** The API operations that it takes, for the estimate and the lane. */
  readonly calls: readonly string[];
}

export type Operation = Common &
  (
    | { readonly type: 'create' | 'delete' | 'tag' }
    | { readonly type: 'update'; readonly changes: readonly Change[] }
    | { readonly type: 'attach' | 'detach'; readonly key: string }
    /** A deployment of the step's API, for the stages of these names. */
    | { readonly type: 'deploy'; readonly stages: readonly string[] }
    /** Out of some plans and into others, back to back; `step` is the first of `to`. */
    | ({ readonly type: 'move' } & Move)
  );

/** The steps that an operation is a part of. */
export function stepsOf(one: Operation): readonly Step[] {
  return one.type === 'move' ? [...one.to, ...one.from] : [one.step];
}
