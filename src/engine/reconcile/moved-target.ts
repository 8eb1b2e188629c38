/**
 * Holds a Target whose account or region has changed while its objects are in the old place: no Target would
 * remember them there (docs/contract.md#targets). A fresh process has no old place to compare with.
 */
import { compact } from '../../core/model/compact.ts';
import type { Target } from '../../core/model/model.ts';
import type { ReportChange, ReportObject } from '../../core/model/report.ts';

type Place = Pick<Target, 'accountId' | 'region'>;

export interface TargetPlaces {
  /** Notes where a Target was reconciled, and whether objects of its namespace are there now. */
  note(target: Target, hasObjects: boolean): void;
  /** The hold of a Target that has left its objects; undefined where it has not. */
  heldMove(target: Target): ReportObject | undefined;
}

export function createTargetPlaces(): TargetPlaces {
  const places = new Map<string, Place>();
  return {
    note(target, hasObjects) {
      if (hasObjects) places.set(target.namespace, target);
      else places.delete(target.namespace);
    },
    heldMove: (target) => heldMove(places.get(target.namespace), target),
  };
}

function heldMove(before: Place | undefined, target: Target): ReportObject | undefined {
  const changes = before ? changesOf(before, target) : [];
  if (!before || changes.length === 0) return undefined;
  const { namespace, source } = target;
  const message =
    `its objects are in account ${before.accountId}, ${before.region}, and would be left there to no Target: declare a Target of ` +
    'another name for the new place, and let the objects of this one leave Git first; or write the old place again';
  return compact({
    kind: 'Target',
    namespace,
    name: namespace,
    state: 'changed',
    action: 'hold',
    wants: 'update',
    reason: 'moved-target',
    message,
    cause: 'git',
    changes,
    source,
  });
}

function changesOf(before: Place, target: Target): ReportChange[] {
  return (['accountId', 'region'] as const).flatMap((field): ReportChange[] => {
    const [live, desired] = [before[field] ?? null, target[field] ?? null];
    return live === desired ? [] : [{ path: `/spec/${field}`, desired, live, cause: 'git' }];
  });
}
