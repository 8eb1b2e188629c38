/** The functions of Terraform that names, maps and lists are made with. Others are known to Terraform alone. */
import { isRecord, textOf } from '../common/fields.ts';
import { numberOf } from '../common/limits.ts';
import { isUnresolved, unresolved, unresolvedIn } from '../common/unresolved.ts';

/** Of one of those, `name` must be one of Terraform's function names; arguments may hold what is unresolved. */
export function callFunction(name: string, values: readonly unknown[]): unknown {
  const own = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  // The arguments may be literals of the source, which must not be repeated.
  const unknown = () => unresolved(`${name}() is worked out by Terraform alone`);
  if (!own) return unknown();
  const missing = own.isDeep
    ? unresolvedIn(values)
    : values.flatMap((value) => (isUnresolved(value) ? unresolvedIn(value) : []));
  if (missing.length > 0) return unresolved(...new Set(missing));
  return own.call(values) ?? unknown();
}

interface TerraformFunction {
  /** Whether everything within the arguments must be known. */
  readonly isDeep: boolean;
  /** Undefined where the arguments are not what the function takes. */
  readonly call: (values: readonly unknown[]) => unknown;
}

function deep(call: TerraformFunction['call']): TerraformFunction {
  return { isDeep: true, call };
}

function shallow(call: TerraformFunction['call']): TerraformFunction {
  return { isDeep: false, call };
}

const same = shallow(([value]) => value);

const FUNCTIONS: Readonly<Record<string, TerraformFunction>> = {
  tolist: same,
  tomap: same,
  nonsensitive: same,
  sensitive: shallow(() => unresolved('a value that is marked as sensitive is never read here')),
  toset: deep(([list]) => (Array.isArray(list) ? [...new Set(list)] : undefined)),
  tostring: text((value) => value),
  tonumber: text((value) => (Number.isFinite(Number(value)) ? Number(value) : undefined)),
  tobool: text((value) => (['true', 'false'].includes(value) ? value === 'true' : undefined)),
  lower: text((value) => value.toLowerCase()),
  upper: text((value) => value.toUpperCase()),
  trimspace: text((value) => value.trim()),
  title: text((value) => value.replaceAll(/(^|\s)\S/g, (letter) => letter.toUpperCase())),
  join: deep(([glue, ...lists]) => {
    const parts = textsOf(lists.flat());
    return parts && textOf(glue) !== undefined ? parts.join(textOf(glue)) : undefined;
  }),
  split: text((glue, whole = '') => whole.split(glue)),
  // A pattern between slashes is a regular expression of Go's.
  replace: text((whole, part = '', by = '') =>
    /^\/.*\/$/s.test(part) ? undefined : whole.replaceAll(part, () => by),
  ),
  format: text((pattern, ...rest) => format(pattern, rest)),
  concat: shallow((lists) => (lists.every(Array.isArray) ? lists.flat() : undefined)),
  flatten: shallow(([list]) =>
    Array.isArray(list) && !list.some(isUnresolved)
      ? list.flat(Number.POSITIVE_INFINITY)
      : undefined,
  ),
  distinct: deep(([list]) => (Array.isArray(list) ? [...new Set(list)] : undefined)),
  compact: deep(([list]) =>
    Array.isArray(list) ? list.filter((item) => item !== '' && item !== null) : undefined,
  ),
  merge: shallow((maps) => (maps.every(isRecord) ? Object.assign({}, ...maps) : undefined)),
  keys: shallow(([map]) => (isRecord(map) ? Object.keys(map).toSorted() : undefined)),
  values: shallow(([map]) =>
    isRecord(map)
      ? Object.keys(map)
          .toSorted()
          .map((key) => map[key])
      : undefined,
  ),
  length: shallow(([value]) =>
    typeof value === 'string' ? [...value].length : Object.keys(value ?? {}).length,
  ),
  lookup: shallow(([map, key, otherwise]) => {
    const name = textOf(key);
    if (!isRecord(map) || name === undefined) return undefined;
    return Object.hasOwn(map, name) ? map[name] : otherwise;
  }),
  element: shallow(([list, index]) => {
    const at = numberOf(index);
    return Array.isArray(list) && at !== undefined ? list.at(at % (list.length || 1)) : undefined;
  }),
  contains: deep(([list, value]) => (Array.isArray(list) ? list.includes(value) : undefined)),
  coalesce: shallow((values) => values.find((value) => value !== null && value !== '')),
  jsonencode: deep(([value]) => JSON.stringify(value)),
};

/** Of a function whose arguments are all text, or numbers and truth values, which stand for their text. Anything else may have no text at all. */
function text(change: (...values: [string, ...string[]]) => unknown): TerraformFunction {
  return deep((values) => {
    const [first, ...rest] = textsOf(values) ?? [];
    return first === undefined ? undefined : change(first, ...rest);
  });
}

function textsOf(values: readonly unknown[]): readonly string[] | undefined {
  const texts = values.map(textOf);
  return texts.every((one) => one !== undefined) ? texts : undefined;
}

/** `%s`, `%d`, `%v` and `%%`; undefined where another verb is used, or there is nothing for one. */
function format(pattern: string, values: readonly string[]): string | undefined {
  const verbs = pattern.match(/%[sdv%]/g)?.filter((verb) => verb !== '%%') ?? [];
  if (pattern.replaceAll(/%[sdv%]/g, '').includes('%') || verbs.length > values.length)
    return undefined;
  let index = 0;
  return pattern.replaceAll(/%([sdv%])/g, (_, verb: string) =>
    verb === '%' ? '%' : (values[index++] ?? ''),
  );
}
