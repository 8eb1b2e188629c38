/**
 * What the planner needs to know of a kind, read from its JSON Schema: types and limits are ajv's business, the marks under `x-apikeeper` are ours.
 *
 * | mark | on | meaning |
 * | --- | --- | --- |
 * | `after` | the schema itself | kinds that must exist first |
 * | `role` | a spec property | `identity`: says which live object is meant; `policy`: steers apikeeper, is no field of the live object; `birth`: used to create, compared only as the kind says; absent: a field of the live object |
 * | `merge` | a spec property | `per-key`: each key of the map is owned alone; `exact`: the list is ours whole; absent: the value is one |
 * | `key` | a list | the properties of an entry that make its key, or the kind that an entry refers to |
 * | `immutable`, `sensitive` | a spec property | a change is held; the value is never shown |
 * | `defaultFrom` | a spec property | `metadata.name` is the default |
 */
import type { Json } from './model.ts';

export interface FieldRule {
  readonly name: string;
  readonly role: 'live' | 'identity' | 'policy' | 'birth';
  readonly merge: 'whole' | 'per-key' | 'exact';
  /** `null`: none. */
  readonly default: Json;
  readonly defaultFrom?: 'metadata.name';
  readonly immutable: boolean;
  readonly sensitive: boolean;
}

export interface Rules {
  readonly kind: string;
  readonly after: readonly string[];
  readonly fields: Readonly<Record<string, FieldRule>>;
}

/** The part of a JSON Schema that matters here. */
export interface SchemaNode {
  readonly default?: Json;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly 'x-apikeeper'?: {
    readonly after?: readonly string[];
    readonly role?: 'identity' | 'policy' | 'birth';
    readonly merge?: 'per-key' | 'exact';
    readonly key?: string | readonly string[];
    readonly immutable?: boolean;
    readonly sensitive?: boolean;
    readonly defaultFrom?: 'metadata.name';
  };
}

/** Reads the rules of a kind from its schema. Throws where the schema isn't one of a kind: a mistake of ours, not of a user. */
export function rulesOf(schema: SchemaNode & { readonly title?: string }): Rules {
  const spec = schema.properties?.['spec']?.properties;
  if (!schema.title || !spec) throw new Error('a kind needs a schema with a title and properties.spec.properties');
  const fields: Record<string, FieldRule> = {};
  for (const [name, node] of Object.entries(spec)) {
    const mark = node['x-apikeeper'] ?? {};
    fields[name] = {
      name,
      role: mark.role ?? 'live',
      merge: mark.merge ?? 'whole',
      default: node.default ?? null,
      ...(mark.defaultFrom && { defaultFrom: mark.defaultFrom }),
      immutable: mark.immutable ?? false,
      sensitive: mark.sensitive ?? false,
    };
  }
  return { kind: schema.title, after: schema['x-apikeeper']?.after ?? [], fields };
}
