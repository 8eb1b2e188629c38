/** The cases of the contract suite, as the examples in the JSON Schemas give them: a field is covered by writing its schema. */

import type { FieldRule, Rules } from '../../src/core/model/field-rules.ts';
import { isMap, type JsonMap, jsonEqual } from '../../src/core/model/json.ts';
import type { Json } from '../../src/core/model/model.ts';
import {
  type FieldSchema,
  fieldSchema,
  resolve,
  schemaErrors,
} from '../../src/manifests/schemas.ts';
import { documentOf } from '../kit/rig.ts';

export interface Case {
  /** Where it lies in the spec: `quota.limit`, `stages[].methodThrottles`. */
  readonly path: string;
  readonly rule: FieldRule;
  /** Two values of the field as a whole: with the examples of what lies at `path`. */
  readonly values: readonly [Json, Json];
}

interface Node extends FieldSchema {
  readonly examples?: readonly Json[];
  readonly items?: Node;
  readonly then?: Node;
  readonly else?: Node;
}

/** One example in each way in which it can be put into what is around it, the likeliest first. */
type Ways = Iterable<Json>;
interface Found {
  readonly path: string;
  readonly examples: readonly Ways[];
}

/** The fields that can change: what says which object is meant can't. */
export function mutable(rules: Rules): FieldRule[] {
  return Object.values(rules.fields).filter(({ role }) => role !== 'identity');
}

export function casesOf(rules: Rules): Case[] {
  return mutable(rules).flatMap((rule) =>
    [...examplesIn(rule.name, nodeOf(rules.kind, rule.name), undefined)].map(
      ({ path, examples }): Case => {
        const [first, second] = examples.map((ways) => firstValid(rules, rule.name, ways));
        if (first === undefined || second === undefined || jsonEqual(first, second))
          throw new Error(
            `${rules.kind}: the schema of ${path} needs two different examples that are valid in a document`,
          );
        return { path, rule, values: [first, second] };
      },
    ),
  );
}

/** The smallest document of a kind: what a live object is created from. */
export function minimalSpec(rules: Rules): JsonMap {
  const required =
    (fieldSchema(rules.kind, 'spec') as { required?: readonly string[] }).required ?? [];
  const needed = Object.values(rules.fields).filter(
    ({ name, role, sensitive }) => required.includes(name) || (role === 'createOnly' && !sensitive),
  );
  return Object.fromEntries(needed.map(({ name }) => [name, exampleOf(rules.kind, name)]));
}

/** The first example of a field. */
export function exampleOf(kind: string, field: string): Json {
  return nodeOf(kind, field).examples?.[0] ?? null;
}

function nodeOf(kind: string, field: string): Node {
  return fieldSchema(kind, 'spec', field) as Node;
}

function firstValid(rules: Rules, field: string, ways: Ways): Json | undefined {
  const smallest = minimalSpec(rules);
  const isValid = (way: Json) =>
    schemaErrors(rules.kind, documentOf(rules.kind, 'subject', { ...smallest, [field]: way }))
      .length === 0;
  for (const way of ways) if (isValid(way)) return way;
  return undefined;
}

/** The examples at a place and below it. `around`: what an example of the place above has here. */
function* examplesIn(path: string, schema: Node, around: Json | undefined): Generator<Found> {
  const node = resolve(schema) as Node;
  const [example = around] = node.examples ?? [];
  if (node.examples) yield { path, examples: node.examples.map((one) => [one]) };
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    if (typeof property !== 'object') continue;
    const base = isMap(example) ? example : {};
    for (const inner of examplesIn(`${path}.${name}`, property, base[name]))
      yield {
        path: inner.path,
        examples: inner.examples.map((ways) => placed(ways, name, base, node)),
      };
  }
  if (node.items) {
    const base = Array.isArray(example) ? example[0] : undefined;
    for (const inner of examplesIn(`${path}[]`, node.items, base))
      yield { path: inner.path, examples: inner.examples.map(listed) };
  }
  for (const branch of [node.then, node.else]) if (branch) yield* examplesIn(path, branch, example);
}

/** With the other properties of an example; else with as few others as it takes, at their own first examples. */
function placed(ways: Ways, name: string, base: JsonMap, { properties = {} }: Node): Ways {
  const others = Object.entries(properties).flatMap(([other, schema]): [string, Json][] => {
    const [example] = (typeof schema === 'object' && (resolve(schema) as Node).examples) || [];
    return other === name || example === undefined ? [] : [[other, example]];
  });
  return {
    *[Symbol.iterator]() {
      for (const value of ways) {
        yield { ...base, [name]: value };
        for (const some of subsets(others)) yield { ...Object.fromEntries(some), [name]: value };
      }
    },
  };
}

function listed(ways: Ways): Ways {
  return {
    *[Symbol.iterator]() {
      for (const value of ways) yield [value];
    },
  };
}

/** Small ones first. */
function subsets<T>(all: readonly T[]): T[][] {
  const found = Array.from({ length: 2 ** all.length }, (_, bits) =>
    all.filter((_, index) => (bits & (1 << index)) !== 0),
  );
  return found.sort((a, b) => a.length - b.length);
}
