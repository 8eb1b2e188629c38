/**
 * What the planner needs to know of a kind, read from its JSON Schema: types and limits are ajv's business, the marks under `x-apikeeper` are ours.
 *
 * | mark | on | meaning |
 * | --- | --- | --- |
 * | `role` | a spec property | `identity`: says which live object is meant; `policy`: steers apikeeper, is no field of the live object; `createOnly`: what a create needs, compared only where it names an id; absent: a field of the live object |
 * | `merge` | a property | `per-key`: each key of the map is owned alone; `exact`: the list is ours whole; absent: the value is one |
 * | `key` | a list | the properties of an entry that make its key, or the kind that an entry refers to |
 * | `immutable`, `sensitive` | a spec property | a change is held; the value is never shown |
 * | `defaultFrom` | a spec property | `metadata.name` is the default |
 */

import { compact } from './compact.ts';
import type { Json } from './model.ts';

export interface FieldRule {
  readonly name: string;
  readonly role: 'live' | 'identity' | 'policy' | 'createOnly';
  readonly merge: 'whole' | 'per-key' | 'exact';
  /** What makes an entry's key: the names of its properties, or the kind that it refers to. */
  readonly key?: string | readonly string[];
  /** `null`: none. */
  readonly default: Json;
  readonly defaultFrom?: 'metadata.name';
  readonly immutable: boolean;
  readonly sensitive: boolean;
  /** The properties of the value, or of each entry of a list. */
  readonly fields: Readonly<Record<string, FieldRule>>;
}

export interface Rules {
  readonly kind: string;
  readonly fields: Readonly<Record<string, FieldRule>>;
}

/** Whether a document says itself which live object it means, whatever tags that bears: a stage, an API's requirement. */
export function hasFixedIdentity(rules: Rules): boolean {
  return Object.values(rules.fields).some(({ role }) => role === 'identity');
}

/** The part of a JSON Schema that matters here. */
interface SchemaNode {
  readonly title?: string;
  readonly default?: Json;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly 'x-apikeeper'?: {
    readonly role?: 'identity' | 'policy' | 'createOnly';
    readonly merge?: 'per-key' | 'exact';
    readonly key?: string | readonly string[];
    readonly immutable?: boolean;
    readonly sensitive?: boolean;
    readonly defaultFrom?: 'metadata.name';
  };
}

/** Reads the rules of a kind from its schema. Throws where the schema isn't one of a kind: a mistake of ours, not of a user. */
export function readRules(schema: object): Rules {
  const root = schema as SchemaNode;
  const spec = root.properties?.spec?.properties;
  if (!root.title || !spec)
    throw new Error('the schema of a kind has a title and properties.spec.properties');
  return { kind: root.title, fields: fieldsOf(spec) };
}

function fieldsOf(properties: Readonly<Record<string, SchemaNode>>): Record<string, FieldRule> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, node]) => [name, fieldOf(name, node)]),
  );
}

function fieldOf(name: string, node: SchemaNode): FieldRule {
  const mark = node['x-apikeeper'] ?? {};
  return compact({
    name,
    role: mark.role ?? 'live',
    merge: mark.merge ?? 'whole',
    key: mark.key,
    default: node.default ?? null,
    defaultFrom: mark.defaultFrom,
    immutable: mark.immutable ?? false,
    sensitive: mark.sensitive ?? false,
    fields: fieldsOf(node.items?.properties ?? node.properties ?? {}),
  });
}
