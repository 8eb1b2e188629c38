/**
 * Holds a Target whose account or region has changed while its objects are in the old place: no Target would
 * remember them there (docs/contract.md#targets). A fresh process has no old place to compare with.
 */
import { compact } from '../../core/model/compact.ts';
import type { Target } from '../../core/model/model.ts';
import type { ReportChange, ReportObject } from '../../core/model/report.ts';
import { type Memory, namespaceOf } from '../state/memory.ts';

type Place = Pick<Target, 'accountId' | 'region'>;

export interface TargetPlaces {
  /** Notes where a Target was reconciled, and whether objects of its namespace are there now. */
  note(target: Target, memory: Pick<Memory, 'lastSeen'>): void;
  /** The hold of a Target that has left its objects, and whether it is told for the first time. */
  heldMove(target: Target): { readonly object: ReportObject; readonly isNews: boolean } | undefined;
}

export function createTargetPlaces(): TargetPlaces {
  const places = new Map<string, Place>();
  const told = new Set<string>();
  return {
    note(target, { lastSeen }) {
      const { namespace } = target;
      if ([...lastSeen.keys()].some((who) => namespaceOf(who) === namespace))
        places.set(namespace, target);
      else places.delete(namespace);
    },
    heldMove(target) {
      const { namespace } = target;
      const before = places.get(namespace);
      const changes = before ? changesOf(before, target) : [];
      const isNews = !told.has(namespace);
      if (!before || changes.length === 0) {
        told.delete(namespace);
        return undefined;
      }
      told.add(namespace);
      return { object: holdOf(target, before, changes), isNews };
    },
  };
}

function holdOf(target: Target, before: Place, changes: readonly ReportChange[]): ReportObject {
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
