/** The functions of Terraform that names, maps and lists are made with. Others are known to Terraform alone. */
import { isRecord, textOf } from './fields.ts';
import { isUnresolved, unresolved, unresolvedIn } from './unresolved.ts';

/** Of one of those, `name` must be one of Terraform's function names; arguments may hold what is unresolved. */
export function callFunction(name: string, values: readonly unknown[]): unknown {
  const own = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  // The arguments may be literals of the source, which must not be repeated.
  const unknown = () => unresolved(`${name}() is worked out by Terraform alone`);
  if (!own) return unknown();
  const missing = own.isDeep ? unresolvedIn(values) : values.flatMap((value) => (isUnresolved(value) ? unresolvedIn(value) : []));
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
  tostring: deep(([value]) => textOf(value)),
  tonumber: deep(([value]) => (Number.isFinite(Number(value)) ? Number(value) : undefined)),
  tobool: deep(([value]) => (['true', 'false'].includes(String(value)) ? String(value) === 'true' : undefined)),
  lower: text((value) => value.toLowerCase()),
  upper: text((value) => value.toUpperCase()),
  trimspace: text((value) => value.trim()),
  title: text((value) => value.replaceAll(/(^|\s)\S/g, (letter) => letter.toUpperCase())),
  join: deep(([glue, ...lists]) => lists.flat().map(textOf).join(String(glue))),
  split: deep(([glue, whole]) => String(whole).split(String(glue))),
  // A pattern between slashes is a regular expression of Go's.
  replace: deep(([whole, part, by]) =>
    /^\/.*\/$/s.test(String(part)) ? undefined : String(whole).replaceAll(String(part), () => String(by)),
  ),
  format: deep(([pattern, ...rest]) => format(String(pattern), rest)),
  concat: shallow((lists) => (lists.every(Array.isArray) ? lists.flat() : undefined)),
  flatten: shallow(([list]) => (Array.isArray(list) && !list.some(isUnresolved) ? list.flat(Number.POSITIVE_INFINITY) : undefined)),
  distinct: deep(([list]) => (Array.isArray(list) ? [...new Set(list)] : undefined)),
  compact: deep(([list]) => (Array.isArray(list) ? list.filter((item) => item !== '' && item !== null) : undefined)),
  merge: shallow((maps) => (maps.every(isRecord) ? Object.assign({}, ...maps) : undefined)),
  keys: shallow(([map]) => (isRecord(map) ? Object.keys(map).toSorted() : undefined)),
  values: shallow(([map]) =>
    isRecord(map)
      ? Object.keys(map)
          .toSorted()
          .map((key) => map[key])
      : undefined,
  ),
  length: shallow(([value]) => (typeof value === 'string' ? [...value].length : Object.keys(value ?? {}).length)),
  lookup: shallow(([map, key, otherwise]) => (isRecord(map) && Object.hasOwn(map, String(key)) ? map[String(key)] : otherwise)),
  element: shallow(([list, index]) => (Array.isArray(list) ? list.at(Number(index) % (list.length || 1)) : undefined)),
  contains: deep(([list, value]) => (Array.isArray(list) ? list.includes(value) : undefined)),
  coalesce: shallow((values) => values.find((value) => value !== null && value !== '')),
  jsonencode: deep(([value]) => JSON.stringify(value)),
};

function text(change: (value: string) => string): TerraformFunction {
  return deep(([value]) => (typeof value === 'string' ? change(value) : undefined));
}

/** `%s`, `%d`, `%v` and `%%`; undefined where another verb is used. */
function format(pattern: string, values: readonly unknown[]): string | undefined {
  if (pattern.replaceAll(/%[sdv%]/g, '').includes('%')) return undefined;
  let index = 0;
  return pattern.replaceAll(/%([sdv%])/g, (_, verb: string) => (verb === '%' ? '%' : (textOf(values[index++]) ?? '')));
}
