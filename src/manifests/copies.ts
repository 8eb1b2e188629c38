/**
 * Documents that are declared twice. Each copy is an error, and what all copies agree on goes on, so that
 * a copy of another team's document does not hold what that team revokes.
 *
 * | the copies | then |
 * | --- | --- |
 * | say the same of a field | the field is enforced |
 * | say different things of it | the field is left as it is, and nothing is made or adopted |
 * | are all invalid, or mean different APIs or stages | the object is left as it is |
 * | are Consumers, and one lacks a stage | the usage plan of that stage is left as it is |
 */

import { compact } from '../core/model/compact.ts';
import { compareText, isMap, jsonEqual, pointer } from '../core/model/json.ts';
import { type Annotations, identity, type Json } from '../core/model/model.ts';
import { type Entry, nameOf, type Origin } from './entry.ts';
import { fieldSchema } from './schemas.ts';

type Spec = Entry['spec'];

/** Fields by which the live object is found: without them a document means none. */
const IDENTIFYING: readonly string[] = ['restApi', 'stageName'];

/** Fields of which a value always counts: where copies differ, the first of these that one says. */
const CAREFUL: Readonly<Record<string, readonly Json[]>> = {
  deletionPolicy: ['Retain', 'Disable', 'Delete'],
  membership: ['additive', 'exact'],
};

const MODES = ['suspend', 'observe', 'enforce'] as const;

/** One entry for each identity; of an object that is to be left as it is, none. */
export function withoutCopies(entries: readonly Entry[]): Entry[] {
  const groups = Map.groupBy(entries, identity);
  if (groups.size === entries.length) return [...entries];
  const merged = new Map<string, Entry>();
  return [...groups].flatMap(([who, group]) => {
    if (isRepeated(group)) return group;
    if (isPartial(group, groups)) return [];
    const [first] = group;
    const one = group.length === 1 ? first : mergeCopies(group);
    if (!one) return [];
    const whole = { ...one, ...withMerged(one.origin, merged) };
    const result = whole.origin === one.origin ? one : whole;
    merged.set(who, result);
    return [result];
  });
}

/** What a Consumer expands to comes after it: it belongs to the entry that stands for all copies. */
function withMerged(
  origin: Origin | undefined,
  merged: ReadonlyMap<string, Entry>,
): Pick<Entry, 'origin'> {
  const consumer = origin && merged.get(identity(origin.consumer));
  if (!origin || !consumer) return {};
  return { origin: consumer === origin.consumer ? origin : { ...origin, consumer } };
}

/** Not every copy of a Consumer has this part. */
function isPartial(
  group: readonly Entry[],
  groups: ReadonlyMap<string, readonly Entry[]>,
): boolean {
  const counts = Map.groupBy(
    group.flatMap(({ origin }) => (origin ? identity(origin.consumer) : [])),
    (consumer) => consumer,
  );
  return [...counts].some(([consumer, own]) => own.length !== groups.get(consumer)?.length);
}

/** Entries of one Consumer that would be one object: no copies, but a mistake of its own. */
function isRepeated(group: readonly Entry[]): boolean {
  const consumers = group.flatMap(({ origin }) => origin?.consumer ?? []);
  return new Set(consumers).size < consumers.length;
}

/** Undefined where the copies do not say enough alike. */
function mergeCopies(copies: readonly Entry[]): Entry | undefined {
  const valid = copies.filter((copy) => copy.valid);
  // Which one stands for all must not depend on the order of files.
  const consumerOf = ({ origin }: Entry) => origin?.consumer.name ?? '';
  const [base] = valid.toSorted((a, b) => compareText(consumerOf(a), consumerOf(b)));
  if (!base) return undefined;
  const specs = copies.map(specOf);
  const fields = new Set(specs.flatMap((spec) => Object.keys(spec)));
  const differing = [...fields].filter((field) =>
    specs.some(
      (spec) =>
        !jsonEqual(spec[field] ?? null, base.spec[field] ?? null) ||
        field in spec !== field in base.spec,
    ),
  );
  if (base.kind !== 'Target' && differing.some((field) => IDENTIFYING.includes(field)))
    return undefined;

  const careful = differing.flatMap((field): [string, Json][] => {
    const found = CAREFUL[field]?.find((value) => specs.some((spec) => spec[field] === value));
    return found === undefined ? [] : [[field, found]];
  });
  const agreed = Object.entries(base.spec).filter(([field]) => !differing.includes(field));
  const annotations = mergeAnnotations(copies);
  const known = Object.keys(fieldSchema(base.kind, 'spec')?.properties ?? {});
  const paths = differing
    .filter((field) => known.includes(field))
    .sort()
    .map((field) => pointer(['spec', field]));
  const isAnnotatedAlike = copies.every((copy) => isSame(copy.annotations, base.annotations));
  const disputes = [...paths, ...(isAnnotatedAlike ? [] : ['/metadata/annotations'])].join(', ');
  const names = copies.map(nameOf).sort().join(', ');
  const disputed =
    disputes === ''
      ? undefined
      : `declared by ${names}, which differ in ${disputes}: that is left as it is; keep one of the documents`;
  return compact({
    ...base,
    spec: Object.fromEntries([...agreed, ...careful]),
    annotations: { ...annotations, ignore: [...annotations.ignore, ...paths] },
    copies,
    disputed,
  });
}

/** Of an invalid document, the fields as they are written; of an invalid Consumer's objects, none. */
function specOf({ valid, spec, origin, document }: Entry): Spec {
  if (valid || origin) return spec;
  const written = isMap(document.value) ? document.value.spec : undefined;
  return isMap(written) ? (written as Spec) : {};
}

/** The most careful reading of the annotations. */
function mergeAnnotations(copies: readonly Entry[]): Annotations {
  const all = copies.map(({ annotations }) => annotations);
  const [first] = all;
  const adopt = all.every((one) => one.adopt === first?.adopt) ? first?.adopt : undefined;
  const inAll = <T>(list: readonly T[], of: (one: Annotations) => readonly T[]) =>
    list.filter((item) => all.every((one) => of(one).some((other) => isSame(item, other))));
  return compact({
    adopt,
    adoptFrom: inAll(first?.adoptFrom ?? [], (one) => one.adoptFrom),
    mode: MODES.find((mode) => all.some((one) => one.mode === mode)),
    ignore: [...new Set(all.flatMap((one) => one.ignore))],
    movedFrom: inAll(first?.movedFrom ?? [], (one) => one.movedFrom),
  });
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
