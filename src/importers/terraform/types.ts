/** What a variable's type says of attributes that its value leaves out: `optional(bool, true)`. */
import { isRecord } from '../common/fields.ts';
import { isUnresolved, unresolved } from '../common/unresolved.ts';
import { evaluateTree, expressionOf, type Lookup, toCode } from './evaluate.ts';
import type { Expression } from './expression.ts';

/** The value as Terraform sees it in a variable of this type. */
export function completed(type: unknown, value: unknown): unknown {
  const expression = expressionOf(type);
  return expression ? complete(expression, value) : value;
}

function complete(type: Expression, value: unknown): unknown {
  if (type.kind !== 'call' || isUnresolved(value)) return value;
  const [inner] = type.arguments;
  if (!inner) return value;
  switch (type.name) {
    case 'optional':
      return complete(inner, value ?? defaultOf(type));
    case 'list':
    case 'set':
      return Array.isArray(value) ? value.map((item) => complete(inner, item)) : value;
    case 'map':
      return isRecord(value)
        ? Object.fromEntries(
            Object.entries(value).map(([name, member]) => [name, complete(inner, member)]),
          )
        : value;
    case 'object':
      return isRecord(value) && inner.kind === 'object' ? completeObject(inner, value) : value;
    default:
      return value;
  }
}

function completeObject(
  { entries }: Extract<Expression, { kind: 'object' }>,
  value: Readonly<Record<string, unknown>>,
): unknown {
  const members = entries.flatMap(([key, type]) => {
    const name = key.kind === 'literal' ? String(key.value) : undefined;
    if (name === undefined || (value[name] === undefined && !isOptional(type))) return [];
    return [[name, complete(type, value[name])] as const];
  });
  return { ...value, ...Object.fromEntries(members) };
}

function isOptional(type: Expression): boolean {
  return type.kind === 'call' && type.name === 'optional';
}

/** Null without one. A default may refer to nothing. */
function defaultOf({ arguments: [, written] }: Extract<Expression, { kind: 'call' }>): unknown {
  return written ? evaluateTree(toCode(written), NOTHING) : null;
}

const NOTHING: Lookup = (root, steps) => ({
  value: unresolved(`${root} has no value in a type`),
  used: steps.length,
});
