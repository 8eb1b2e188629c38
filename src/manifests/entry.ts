/** A document with an identity, and how documents are compared with one another. */
import { compareText } from '../core/model/json.ts';
import type { Annotations, Json } from '../core/model/model.ts';
import type { Document } from './parse.ts';
import type { Finding } from './validate.ts';

/** A document of a known kind, with a name. What else it says is here only where it is valid against its schema. */
export interface Entry {
  readonly document: Document;
  readonly kind: string;
  /** Of a Target, its own name. */
  readonly namespace: string;
  readonly name: string;
  readonly valid: boolean;
  readonly spec: { readonly [field: string]: Json };
  readonly annotations: Annotations;
  /** Whether `annotations` are what the document says. Where something is wrong beside its spec, it may say more. */
  readonly annotated: boolean;
  readonly origin?: Origin;
  /** Of an entry that stands for several documents of one identity. */
  readonly copies?: readonly Entry[];
  /** What the copies differ in, for people; absent where they say the same. */
  readonly disputed?: string;
}

/** Where an entry comes from that no document is written for. */
export interface Origin {
  /** The Consumer that expands to it. */
  readonly consumer: Entry;
  /** From a pointer into the entry to the place in the Consumer's document that says it. */
  readonly pathOf: (pointer: string) => string;
}

export interface Violation extends Finding {
  readonly entry: Entry;
}

/** A violation at the document that somebody wrote. */
export function asWritten(violation: Violation): Violation {
  const { entry, path } = violation;
  return entry.origin
    ? { ...violation, entry: entry.origin.consumer, path: entry.origin.pathOf(path) }
    : violation;
}

/** The account and region of a namespace, so that documents of two namespaces meet; the namespace itself where its Target isn't known. */
export type PlaceOf = (namespace: string) => string;

export function createPlaceOf(entries: readonly Entry[]): PlaceOf {
  const targets = sole(
    entries.filter(({ kind }) => kind === 'Target'),
    ({ namespace }) => namespace,
  );
  return (namespace) => {
    const spec = targets.get(namespace)?.spec;
    return spec ? `${spec.accountId}/${spec.region}` : namespace;
  };
}

/** `UsagePlan/acme (consumers/acme.yaml:12)`. */
export function nameOf({ kind, name, origin, document }: Entry): string {
  const of = origin ? ` of Consumer/${origin.consumer.name}` : '';
  return `${kind}/${name}${of} (${document.file}:${document.line})`;
}

/** The entries by a key that only one of them bears: of several bearers none is the right one, whichever comes first. */
export function sole(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => string,
): ReadonlyMap<string, Entry> {
  const groups = Map.groupBy(entries, keyOf);
  return new Map(
    [...groups].flatMap(([key, [entry, other]]) => (entry && !other ? [[key, entry]] : [])),
  );
}

/** The entries of every group with more than one, each with the others of its group. */
export function shared<T extends { readonly entry: Entry }>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
): { item: T; others: string }[] {
  const groups = Map.groupBy(items, keyOf);
  groups.delete(undefined);
  return [...groups.values()].flatMap((group) =>
    group.length === 1
      ? []
      : group.map((item) => {
          const names = new Set(
            group.filter((other) => other !== item).map((other) => nameOf(other.entry)),
          );
          return { item, others: [...names].sort(compareText).join(', ') };
        }),
  );
}

/** Entries of a list that have one key. */
export function duplicates(
  list: readonly Json[],
  path: string,
  keyOf: (entry: Json) => string,
): Finding[] {
  const keys = list.map(keyOf);
  return keys.flatMap((key, index) => {
    const first = keys.indexOf(key);
    return first === index
      ? []
      : [
          {
            path: `${path}/${index}`,
            message: `${key} is written twice in this list, first as entry ${first}; keep one`,
          },
        ];
  });
}

/** `GET /residents/{id}`. */
export function methodKey(entry: Json): string {
  const { method, path } = entry as { method: string; path: string };
  return `${method} ${path}`;
}

/** A stage in writing: its API as the manifest names it, and its name. Two documents with one of these mean one live stage. */
export function stageKey(restApi: Json | undefined, stageName: string): string {
  const api = restApi as { readonly id?: string; readonly name?: string };
  return `${api.id === undefined ? `name ${api.name}` : `id ${api.id}`} ${stageName}`;
}

/** The stage that a Stage document means. */
export function stageOf({ spec, name }: Entry): string {
  return stageKey(spec.restApi, (spec.stageName as string | undefined) ?? name);
}
