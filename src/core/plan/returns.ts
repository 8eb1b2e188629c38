/** A key that left Git comes back: exactly what the removal changed is put back (docs/contract.md#safety). */

import type { Comparison } from '../compare/compare-fields.ts';
import {
  type Departure,
  departureOf,
  RETURNED,
  readDeparture,
  writeDeparture,
} from '../compare/delete-after.ts';
import { isRetired } from '../compare/ownership.ts';
import { type Live, TAG } from '../model/model.ts';
import type { Change, Step } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { targetMode } from './mode.ts';
import { type PlanningContext, stepBase } from './planning-context.ts';

type Compared = Pick<Comparison, 'owned' | 'changes'>;

/** The removal disabled it, and the document wants it enabled: that is a commit's doing, and nobody's by hand. */
export function asLeft({ changes }: Compared, live: Live, input: PlanInput): readonly Change[] {
  if (!wasTurnedOff(live, input)) return changes;
  return changes.map((change) =>
    change.field === 'enabled' ? { ...change, cause: 'git' as const } : change,
  );
}

/**
 * | the removal disabled it | `enabled` in the document | then |
 * | --- | --- | --- |
 * | yes | named, or omitted after it was written once | as the document says |
 * | yes | omitted and never written, or ignored | enabled again |
 * | no | | as the document says; where it says nothing, left as it is |
 */
export function putBack({ owned }: Compared, live: Live, input: PlanInput): readonly Change[] {
  if (!wasTurnedOff(live, input) || 'enabled' in owned) return [];
  const path = '/spec/enabled';
  return [{ field: 'enabled', keys: [], path, desired: true, live: false, cause: 'git' }];
}

function wasTurnedOff(live: Live, { owed }: PlanInput): boolean {
  const text = owed?.get(`${live.kind} ${live.id}`);
  const known = departureOf(live) ?? (text === undefined ? undefined : readDeparture(text));
  return known?.was === 'on' && live.spec.enabled === false;
}

/**
 * A suspended document means a retired key: nothing of the key is put back, but its time ends, so that
 * leaving again begins a new grace. The tag keeps whether the key was enabled.
 */
export function endDeparture(object: PlanningContext, live: Live | undefined): Step[] {
  const { target, policy } = object.input;
  const departure = live && departureOf(live);
  if (!live || !departure || !isRetired(live) || targetMode(target, policy) === 'observe')
    return [];
  const tags = { set: { [TAG.deleteAfter]: returned(departure) }, remove: [] };
  const message = 'it is in Git again: its grace is over, and whether it was enabled is kept';
  return [{ ...stepBase(object), action: 'keep', state: 'unknown', live, tags, message }];
}

/** The tag's value while what the removal changed is still to be put back. */
export function returned({ was }: Departure): string {
  return writeDeparture({ until: RETURNED, ...(was && { was }) });
}
