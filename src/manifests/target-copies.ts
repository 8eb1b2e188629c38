/**
 * A Target that is declared twice: each copy is an error, its namespace is reported as failing, and the most
 * careful reading of the copies goes on.
 *
 * | the copies differ in | then |
 * | --- | --- |
 * | region, account, role, external id or owner | nothing is read or written; the documents still count |
 * | mode | observe |
 * | prune | false |
 * | guards | the lower number |
 * | schedule, budget, moved-from | as if it were not written |
 */
import { compact } from '../core/model/compact.ts';
import { jsonEqual } from '../core/model/json.ts';
import type { Target } from '../core/model/model.ts';
import { type Entry, nameOf } from './entry.ts';
import { toTarget } from './target.ts';

const PLACE = ['region', 'accountId', 'roleArn', 'externalId', 'owner'] as const;

/** `entry` may stand for several documents; an invalid one among them says nothing that counts. */
export function targetOf(entry: Entry): Target {
  const { copies } = entry;
  if (!copies) return toTarget(entry);
  const targets = copies.filter(({ valid }) => valid).map(toTarget);
  const [first = toTarget(entry)] = targets;
  const names = copies.map(nameOf).sort().join(', ');
  const apart: readonly string[] = PLACE.filter((field) =>
    targets.some((target) => target[field] !== first[field]),
  );
  const unread = targets.length < copies.length ? ['a copy that is invalid'] : [];
  const reasons = [...apart, ...unread].join(', ');
  const unusable =
    reasons === ''
      ? undefined
      : `declared by ${names}, which differ in ${reasons}: nothing is read or written; keep one of the Targets`;

  const isSame = (field: 'mode' | 'movedFrom') =>
    targets.every((target) => target[field] === first[field]);
  const { budget, schedule } = toTarget({ ...entry, spec: withoutPace(entry, copies) });
  return compact({
    ...first,
    mode: isSame('mode') ? first.mode : ('observe' as const),
    movedFrom: isSame('movedFrom') ? first.movedFrom : undefined,
    prune: targets.every(({ prune }) => prune),
    guards: {
      maxKeys: Math.min(...targets.map(({ guards }) => guards.maxKeys)),
      maxPercent: Math.min(...targets.map(({ guards }) => guards.maxPercent)),
    },
    budget,
    schedule,
    unusable,
  });
}

/** The spec without a pace that the copies do not agree on. */
function withoutPace({ spec }: Entry, copies: readonly Entry[]): Entry['spec'] {
  const isAgreed = (field: string) =>
    copies.every((copy) => jsonEqual(copy.spec[field] ?? null, spec[field] ?? null));
  return Object.fromEntries(
    Object.entries(spec).filter(
      ([field]) => !['budget', 'schedule'].includes(field) || isAgreed(field),
    ),
  );
}
