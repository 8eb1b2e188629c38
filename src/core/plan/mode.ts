/** Who decides what is written, strongest first: suspend · `--mode observe` · the annotation · `--mode enforce` · the Target · unset (docs/contract.md#plan). */

import type { Desired, Mode, Target } from '../model/model.ts';
import type { Policy } from '../model/plan-input.ts';

type Said = Pick<Policy, 'mode' | 'unsetMode'>;

/** What becomes of a document. */
export function modeOf(
  { annotations }: Pick<Desired, 'annotations'>,
  target: Pick<Target, 'mode'>,
  policy: Said,
): Mode {
  if (annotations.mode === 'suspend') return 'suspend';
  if (policy.mode === 'observe') return 'observe';
  return annotations.mode ?? targetMode(target, policy);
}

/** What becomes of that which no document speaks of. */
export function targetMode({ mode }: Pick<Target, 'mode'>, policy: Said): 'observe' | 'enforce' {
  return policy.mode ?? mode ?? policy.unsetMode;
}
