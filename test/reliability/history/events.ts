/** Events of a history as plain data: numbers choose among the objects that there are, so that histories shrink well. */
import fc from 'fast-check';
import type { Trigger } from '../../../src/core/model/report.ts';
import { type Choice, EDIT_NAMES, type Edit, type EditName } from './edits.ts';
import type { ThirdTarget } from './git.ts';

/** A change of the manifests, a scheduled time, or a process that has just started. */
export type PassKind = 'change' | 'schedule' | 'fresh';

export const TRIGGERS: Readonly<Record<PassKind, Trigger>> = {
  change: 'change',
  schedule: 'schedule',
  fresh: 'schedule',
};

/** Changes that people and other tools make to the account; `decoy`, `claim` and those that `expire` forge our tags. */
export type HandName =
  | 'disable by hand'
  | 'enable by hand'
  | 'detach'
  | 'attach'
  | 'delete'
  | 'tag'
  | 'make a key'
  | 'make a disabled key'
  | 'decoy'
  | 'claim'
  | 'expire'
  | 'expire claimed';

export type Event =
  | { readonly event: 'commit'; readonly edits: readonly Edit[] }
  | { readonly event: 'revert' }
  | { readonly event: 'pass'; readonly as: PassKind }
  /** The process is gone before its write of this number (from 1), or after it. */
  | {
      readonly event: 'kill';
      readonly as: PassKind;
      readonly write: number;
      readonly when: 'before' | 'after';
    }
  | { readonly event: 'wait'; readonly hours: number }
  | { readonly event: 'hand'; readonly hand: HandName; readonly pick: Choice };

export interface History {
  readonly third: ThirdTarget;
  /** One entry for each Target, in order. */
  readonly prune: readonly boolean[];
  readonly events: readonly Event[];
}

/** Two renames of which no pass saw the first; a rename that `git revert` takes back. */
type Turn = 'renamed twice unseen' | 'rename reverted';

export type Kind = EditName | HandName | Turn | 'kill' | 'revert';

const HANDS: readonly HandName[] = [
  'disable by hand',
  'enable by hand',
  'detach',
  'attach',
  'delete',
  'tag',
  'make a key',
  'make a disabled key',
  'decoy',
  'claim',
  'expire',
  'expire claimed',
];

/** Random histories without these kinds of events. */
export function histories(notYet: ReadonlySet<Kind>): fc.Arbitrary<History> {
  const edits = EDIT_NAMES.filter((name) => !notYet.has(name));
  const edit = fc.record({ edit: fc.constantFrom(...edits), pick: fc.nat(9), other: fc.nat(9) });
  const as = fc.constantFrom<PassKind>('change', 'change', 'schedule', 'fresh');
  const commit = fc.record({
    event: fc.constant('commit' as const),
    edits: fc.array(edit, { minLength: 1, maxLength: 2 }),
  });
  const hands = HANDS.filter((name) => !notYet.has(name));
  const hand = fc.record({
    event: fc.constant('hand' as const),
    hand: fc.constantFrom(...hands),
    pick: fc.nat(9),
  });
  const kill = fc.record({
    event: fc.constant('kill' as const),
    as,
    write: fc.integer({ min: 1, max: 6 }),
    when: fc.constantFrom('before' as const, 'after' as const),
  });
  const event = fc.oneof(
    { weight: 8, arbitrary: commit },
    { weight: notYet.has('revert') ? 0 : 2, arbitrary: fc.constant({ event: 'revert' as const }) },
    { weight: 8, arbitrary: fc.record({ event: fc.constant('pass' as const), as }) },
    { weight: notYet.has('kill') ? 0 : 2, arbitrary: kill },
    {
      weight: 2,
      arbitrary: fc.record({
        event: fc.constant('wait' as const),
        hours: fc.constantFrom(1, 30, 15 * 24),
      }),
    },
    { weight: 3, arbitrary: hand },
  );
  return fc.record({
    third: fc.constantFrom<ThirdTarget>('none', 'other owner', 'other region'),
    prune: fc.tuple(mostly, mostly, mostly),
    events: fc.array(event, { minLength: 1, maxLength: 20, size: 'max' }),
  });
}

const mostly = fc.constantFrom(true, true, true, false);
