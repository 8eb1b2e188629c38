import { NormalizedSchema } from '@smithy/core/schema';
import { serialization, validation } from './errors.ts';

/** Where the parts of a request were found, before they are typed. `body` is the raw text. */
export interface RawInput {
  readonly labels: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: string;
}

type Convert = (value: unknown) => unknown;
type Parts = RawInput & { readonly json: Record<string, unknown> };
type Traits = {
  httpLabel?: 1;
  httpQuery?: string;
  httpQueryParams?: 1;
  httpHeader?: string;
  httpPayload?: 1;
  jsonName?: string;
};
type Member = { name: string; wire: string; traits: Traits; schema: NormalizedSchema };

const traitsOf = (schema: NormalizedSchema): Traits => {
  const traits = schema.getMergedTraits();
  return (typeof traits === 'object' ? traits : {}) as Traits;
};

function membersOf(schema: NormalizedSchema): Member[] {
  return [...schema.structIterator()].map(([name, member]) => {
    const traits = traitsOf(member);
    return { name, wire: traits.jsonName ?? name, traits, schema: member };
  });
}

/** The first N members of a static structure schema are required; N is its seventh element. */
function requiredMembers(structure: unknown): string[] {
  if (!Array.isArray(structure)) return [];
  const [, , , , names, , count] = structure as [
    unknown,
    unknown,
    unknown,
    unknown,
    string[] | undefined,
    unknown,
    number | undefined,
  ];
  return names?.slice(0, count ?? 0) ?? [];
}

/** Turns an HTTP request into an operation's input. Throws SerializationException for a value of the wrong type. */
export function inputReader(
  operation: string,
  structure: unknown,
): (raw: RawInput) => Record<string, unknown> {
  const schema = NormalizedSchema.of(structure as Parameters<typeof NormalizedSchema.of>[0]);
  const readers = schema.isStructSchema()
    ? membersOf(schema).map((member) => ({ name: member.name, read: memberReader(member) }))
    : [];
  const hasPayload =
    readers.length > 0 && membersOf(schema).some((member) => member.traits.httpPayload);
  const required = requiredMembers(structure);
  const shape = `${operation.charAt(0).toLowerCase()}${operation.slice(1)}Input`;

  return (raw) => {
    const parts: Parts = { ...raw, json: hasPayload ? {} : parseBody(raw.body) };
    const input: Record<string, unknown> = {};
    for (const { name, read } of readers) {
      const value = read(parts);
      if (value !== undefined && value !== null) input[name] = value;
    }
    const missing = required.filter((name) => input[name] === undefined);
    if (missing.length > 0) {
      throw validation(
        missing.map(
          (name) =>
            `Value null at '${shape}.${name}' failed to satisfy constraint: Member must not be null`,
        ),
      );
    }
    return input;
  };
}

function parseBody(body: string): Record<string, unknown> {
  if (body === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw serialization('Unable to parse the request body as JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw serialization('Start of structure expected');
  return parsed as Record<string, unknown>;
}

function memberReader({ name, wire, traits, schema }: Member): (parts: Parts) => unknown {
  if (traits.httpLabel) return ({ labels }) => labels[name];
  if (traits.httpPayload) return ({ body }) => body;
  if (traits.httpQueryParams) return ({ query }) => Object.fromEntries(query);
  if (traits.httpQuery !== undefined) {
    const key = traits.httpQuery;
    if (schema.isListSchema())
      return ({ query }) => (query.has(key) ? query.getAll(key) : undefined);
    const fromText = textReader(schema);
    return ({ query }) => (query.has(key) ? fromText(query.get(key) ?? '') : undefined);
  }
  const read = jsonReader(schema);
  return ({ json }) =>
    json[wire] === undefined || json[wire] === null ? undefined : read(json[wire]);
}

function textReader(schema: NormalizedSchema): (text: string) => unknown {
  if (schema.isBooleanSchema()) return (text) => text.toLowerCase() === 'true';
  if (!schema.isNumericSchema()) return (text) => text;
  return (text) => {
    const number = Number(text);
    if (text === '' || Number.isNaN(number))
      throw serialization('class java.lang.String can not be converted to an Integer');
    return number;
  };
}

// "class java.lang.Boolean can not be converted to an String" is recorded [LS test_put_integration_request_parameter_bool_type]; the rest is by analogy.
function mismatch(value: unknown, wanted: string): Error {
  const classes: Record<string, string> = {
    boolean: 'Boolean',
    number: Number.isInteger(value) ? 'Integer' : 'Double',
    string: 'String',
  };
  const found = `java.${classes[typeof value] ? 'lang' : 'util'}.${classes[typeof value] ?? (Array.isArray(value) ? 'ArrayList' : 'LinkedHashMap')}`;
  return serialization(`class ${found} can not be converted to an ${wanted}`);
}

function scalarType(schema: NormalizedSchema): readonly [type: string, wanted: string] {
  if (schema.isBooleanSchema()) return ['boolean', 'Boolean'];
  return schema.isNumericSchema() ? ['number', 'Number'] : ['string', 'String'];
}

function scalarReader(schema: NormalizedSchema): Convert {
  const [type, wanted] = scalarType(schema);
  return (value) => {
    if (typeof value !== type) throw mismatch(value, wanted);
    return value;
  };
}

function jsonReader(schema: NormalizedSchema): Convert {
  if (schema.isStructSchema()) {
    const fields = membersOf(schema).map((member) => ({
      ...member,
      read: jsonReader(member.schema),
    }));
    return (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw mismatch(value, 'Object');
      const given = value as Record<string, unknown>;
      const structure: Record<string, unknown> = {};
      for (const { name, wire, read } of fields) {
        if (given[wire] !== undefined && given[wire] !== null) structure[name] = read(given[wire]);
      }
      return structure;
    };
  }
  if (schema.isListSchema()) {
    const read = jsonReader(schema.getValueSchema());
    return (value) => {
      if (!Array.isArray(value)) throw mismatch(value, 'List');
      return value.map(read);
    };
  }
  if (schema.isMapSchema()) {
    const read = jsonReader(schema.getValueSchema());
    return (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw mismatch(value, 'Map');
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(item)]));
    };
  }
  return scalarReader(schema);
}

/** Turns an operation's output into the JSON that goes on the wire: modelled members only, wire names, epoch seconds, nothing undefined. */
export function outputWriter(structure: unknown): Convert {
  const schema = NormalizedSchema.of(structure as Parameters<typeof NormalizedSchema.of>[0]);
  return schema.isStructSchema() ? jsonWriter(schema) : () => undefined;
}

function jsonWriter(schema: NormalizedSchema): Convert {
  if (schema.isStructSchema()) {
    const fields = membersOf(schema).map((member) => ({
      ...member,
      write: jsonWriter(member.schema),
    }));
    return (value) => {
      const from = value as Record<string, unknown>;
      const structure: Record<string, unknown> = {};
      for (const { name, wire, write } of fields) {
        if (from[name] !== undefined) structure[wire] = write(from[name]);
      }
      return structure;
    };
  }
  if (schema.isListSchema()) {
    const write = jsonWriter(schema.getValueSchema());
    return (value) => (value as unknown[]).map(write);
  }
  if (schema.isMapSchema()) {
    const write = jsonWriter(schema.getValueSchema());
    return (value) =>
      Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, write(item)]));
  }
  if (schema.isTimestampSchema()) return (value) => Math.floor((value as Date).getTime() / 1000);
  return (value) => value;
}
