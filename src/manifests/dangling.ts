import { identity, type Json } from '../core/model/model.ts';
import { type Entry, nameOf, type Violation } from './entry.ts';
import { didYouMean } from './suggest.ts';

/** References of valid documents to names that no document of their namespace bears, valid or not. */
export function danglingReferences(entries: readonly Entry[]): readonly Violation[] {
  const declared = new Set(entries.map(identity));
  return entries.flatMap((entry) => {
    if (!entry.valid || entry.kind !== 'UsagePlan') return [];
    const missing = references(entry).filter(
      ({ kind, name }) => !declared.has(identity({ kind, namespace: entry.namespace, name })),
    );
    return missing.map((reference) => ({
      entry,
      path: reference.path,
      message: messageOf(reference, entry.namespace, entries),
    }));
  });
}

function messageOf(
  { kind, name }: Reference,
  namespace: string,
  entries: readonly Entry[],
): string {
  const what = `no ${kind} document of namespace ${namespace} has the name ${name}`;
  const sameKind = entries.filter((entry) => entry.kind === kind);
  const elsewhere = sameKind.find((entry) => entry.name === name);
  if (elsewhere) return `${what}; ${nameOf(elsewhere)} is in namespace ${elsewhere.namespace}`;
  const candidates = sameKind
    .filter((entry) => entry.namespace === namespace)
    .map((entry) => entry.name);
  return (
    what +
    (didYouMean(name, candidates) ||
      `; declare it, or refer to a live one by ${kind === 'Stage' ? 'restApi and stageName' : 'id'}`)
  );
}

interface Reference {
  readonly kind: string;
  readonly name: string;
  readonly path: string;
}

function references({ spec }: Entry): Reference[] {
  const stages = (spec.stages ?? []) as readonly { readonly stage?: string }[];
  const keys = (spec.keys ?? []) as readonly Json[];
  return [
    ...stages.flatMap(({ stage }, index) =>
      stage === undefined
        ? []
        : [{ kind: 'Stage', name: stage, path: `/spec/stages/${index}/stage` }],
    ),
    ...keys.flatMap((key, index) =>
      typeof key === 'string' ? [{ kind: 'ApiKey', name: key, path: `/spec/keys/${index}` }] : [],
    ),
  ];
}
