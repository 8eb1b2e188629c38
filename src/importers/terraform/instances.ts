/** How often a block is there: `count`, `for_each`, and `dynamic` blocks. */
import { isRecord } from '../common/fields.ts';
import { isUnresolved, type Unresolved, unresolved, unresolvedIn } from '../common/unresolved.ts';
import { evaluateTree, type Lookup, withNames } from './evaluate.ts';
import { traversalsIn } from './names.ts';
import { blocksOf } from './resources.ts';

export interface Occurrence {
  /** What its address ends with; absent where there is just one. */
  readonly key?: string | number;
  /** For what is in it: knows `each` or `count` besides. */
  readonly lookup: Lookup;
}

type Body = Readonly<Record<string, unknown>>;

/** The occurrences of a resource or a module; unresolved where the files don't tell how many there are. */
export function occurrencesOf(body: Body, lookup: Lookup): readonly Occurrence[] | Unresolved {
  if (body.count !== undefined) {
    const count = evaluateTree(body.count, lookup);
    if (isUnresolved(count)) return count;
    if (!Number.isInteger(Number(count))) return unresolved('count is no whole number');
    return Array.from({ length: Number(count) }, (_, key) => ({
      key,
      lookup: withNames(lookup, { count: { index: key } }),
    }));
  }
  if (body.for_each === undefined) return [{ lookup }];
  const entries = entriesOf(evaluateTree(body.for_each, lookup));
  if (isUnresolved(entries)) return entries;
  return entries.map(([key, value]) => ({
    key,
    lookup: withNames(lookup, { each: { key, value } }),
  }));
}

/** Of a set, each member is its own key. Values may be unresolved, members and keys may not. */
function entriesOf(collection: unknown): readonly (readonly [string, unknown])[] | Unresolved {
  if (isUnresolved(collection)) return collection;
  if (!Array.isArray(collection))
    return isRecord(collection)
      ? Object.entries(collection)
      : unresolved('for_each is neither a map nor a set');
  const missing = unresolvedIn(collection);
  return missing.length > 0
    ? unresolved(...missing)
    : [...new Set(collection.map(String))].map((member) => [member, member]);
}

/** A block's fields with their expressions answered, and its `dynamic` blocks written out. */
export function evaluateBlock(body: Body, lookup: Lookup): Record<string, unknown> {
  const { dynamic, ...plain } = body;
  const fields = Object.entries(plain).map(([name, value]) => [
    name,
    isBlocks(value) ? evaluateBlocks(value, lookup) : evaluateTree(value, lookup),
  ]);
  const values: Record<string, unknown> = Object.fromEntries(fields);
  for (const holder of blocksOf(dynamic)) {
    for (const [name, written] of Object.entries(isRecord(holder) ? holder : {})) {
      const made = blocksOf(written).flatMap((one) =>
        isRecord(one) ? expandDynamic(name, one, lookup) : [],
      );
      values[name] = [...blocksOf(values[name]), ...made];
    }
  }
  return values;
}

/** The parser gives each block as a list of mappings; a list that is written as a value may look the same, which does no harm. */
function isBlocks(value: unknown): value is readonly Body[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRecord);
}

function evaluateBlocks(blocks: readonly Body[], lookup: Lookup): unknown[] {
  return blocks.map((block) =>
    'dynamic' in block ? evaluateBlock(block, lookup) : evaluateTree(block, lookup),
  );
}

function expandDynamic(
  name: string,
  { for_each, iterator, content }: Body,
  lookup: Lookup,
): unknown[] {
  const collection = evaluateTree(for_each, lookup);
  const iterates = Array.isArray(collection) ? [...collection.entries()] : entriesOf(collection);
  if (isUnresolved(iterates))
    return [
      unresolved(...unresolvedIn(iterates).map((why) => `the dynamic blocks ${name}: ${why}`)),
    ];
  const named = traversalsIn(iterator)[0]?.root ?? (typeof iterator === 'string' ? iterator : name);
  const [body] = blocksOf(content).filter(isRecord);
  return iterates.map(([key, value]) =>
    evaluateBlock(body ?? {}, withNames(lookup, { [named]: { key, value } })),
  );
}
