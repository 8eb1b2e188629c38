/** What Terraform's expressions give, as far as the files alone can tell. */
import type { Json } from '../../core/model/model.ts';
import { isRecord, textOf } from '../common/fields.ts';
import { isUnresolved, type Unresolved, unresolved, unresolvedIn } from '../common/unresolved.ts';
import { EACH_OF_SPLAT, type Expression, type Steps } from './expression.ts';
import { callFunction } from './functions.ts';

const EXPRESSION = Symbol('expression');
const ATTRIBUTE = Symbol('attribute');

/** What a name at the beginning of a traversal stands for, with the steps that it used up. */
export type Lookup = (
  root: string,
  steps: Steps,
) => { readonly value: unknown; readonly used: number };

/** An expression in place of a value. */
export interface Code {
  readonly [EXPRESSION]: Expression;
}

/** Something with attributes that are found one by one: a resource, a module. */
export interface Attributes extends Unresolved {
  readonly [ATTRIBUTE]: (name: string) => unknown;
}

export function toCode(expression: Expression): Code {
  return { [EXPRESSION]: expression };
}

export function expressionOf(value: unknown): Expression | undefined {
  return typeof value === 'object' && value !== null && EXPRESSION in value
    ? (value as Code)[EXPRESSION]
    : undefined;
}

export function withAttributes(what: string, attribute: (name: string) => unknown): Attributes {
  return { ...unresolved(`${what} is known to Terraform alone`), [ATTRIBUTE]: attribute };
}

/** A value of the file with its expressions answered: what can't be is `Unresolved`, at any depth. */
export function evaluateTree(value: unknown, lookup: Lookup): unknown {
  const expression = expressionOf(value);
  if (expression) return evaluate(expression, lookup);
  if (Array.isArray(value)) return value.map((item) => evaluateTree(item, lookup));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, evaluateTree(member, lookup)]),
  );
}

function evaluate(expression: Expression, lookup: Lookup): unknown {
  const answer = (part: Expression) => evaluate(part, lookup);
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'template':
      return template(expression.parts.map(answer));
    case 'traversal': {
      const { value, used } = lookup(expression.root, expression.steps);
      return access(value, expression.steps.slice(used));
    }
    case 'access':
      return access(answer(expression.source), expression.steps);
    case 'index': {
      const key = answer(expression.key);
      if (isUnresolved(key)) return key;
      const step = textOf(key);
      return step === undefined
        ? unresolved('what stands in brackets is no text and no number')
        : access(answer(expression.source), [step]);
    }
    case 'splat': {
      const source = answer(expression.source);
      if (isUnresolved(source) && !isAttributes(source)) return source;
      const single = source === null ? [] : [source];
      const list = Array.isArray(source) ? source : single;
      return list.map((item) =>
        evaluate(expression.each, withNames(lookup, { [EACH_OF_SPLAT]: item })),
      );
    }
    case 'list':
      return expression.items.map(answer);
    case 'object':
      return object(expression.entries.map(([key, value]) => [answer(key), answer(value)]));
    case 'conditional': {
      const condition = answer(expression.condition);
      return isUnresolved(condition)
        ? condition
        : answer(isTrue(condition) ? expression.yes : expression.no);
    }
    case 'call': {
      const values = expression.arguments.map(answer);
      const last = expression.isSpread ? values.pop() : [];
      if (!Array.isArray(last))
        return isUnresolved(last) ? last : unresolved('what is written with ... is no list');
      return callFunction(expression.name, [...values, ...last]);
    }
    case 'for':
      return iterate(expression, lookup);
    case 'operation':
      return operate(expression.operator, expression.operands.map(answer));
    case 'value':
      return evaluateTree(expression.value, lookup);
    case 'unknown':
      return unresolved('an expression of a form that is not read here');
  }
}

function isAttributes(value: unknown): value is Attributes {
  return typeof value === 'object' && value !== null && ATTRIBUTE in value;
}

function access(value: unknown, steps: Steps): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (isAttributes(value)) return access(value[ATTRIBUTE](String(step)), rest);
  if (isUnresolved(value)) return value;
  const inner =
    typeof value === 'object' && value !== null && Object.hasOwn(value, step)
      ? (value as never)[step]
      : undefined;
  return inner === undefined
    ? unresolved(`there is no ${String(step)} in what it is taken from`)
    : access(inner, rest);
}

/** The lookup, with some names that stand for values themselves. */
export function withNames(lookup: Lookup, names: Readonly<Record<string, unknown>>): Lookup {
  return (root, steps) =>
    Object.hasOwn(names, root) ? { value: names[root], used: 0 } : lookup(root, steps);
}

/** One part alone is itself, whatever its type: `"${var.ports}"` may be a list. */
function template(parts: readonly unknown[]): unknown {
  const [first] = parts;
  if (parts.length === 1 && typeof first !== 'string') return first;
  const missing = unresolvedIn(parts);
  if (missing.length > 0) return unresolved(...missing);
  const texts = parts.map(textOf);
  return texts.includes(undefined)
    ? unresolved('a template with a part that is no text')
    : texts.join('');
}

function object(entries: readonly (readonly [unknown, unknown])[]): unknown {
  const missing = unresolvedIn(entries.map(([key]) => key));
  if (missing.length > 0) return unresolved(...missing);
  const members = entries.map(([key, value]) => [textOf(key), value] as const);
  return members.some(([key]) => key === undefined)
    ? unresolved('a map with a key that is no text')
    : Object.fromEntries(members);
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

function iterate({ names, parts }: Extract<Expression, { kind: 'for' }>, lookup: Lookup): unknown {
  const collection = evaluate(parts.collection, lookup);
  if (isUnresolved(collection)) return collection;
  if (!Array.isArray(collection) && !isRecord(collection))
    return unresolved('a for expression goes through neither a list nor a map');
  const entries = Array.isArray(collection)
    ? [...collection.entries()]
    : Object.entries(collection);
  const results: [unknown, unknown][] = [];
  for (const [key, value] of entries) {
    const inner = withNames(lookup, {
      [names.value]: value,
      ...(names.key !== '' && { [names.key]: key }),
    });
    const condition = parts.condition ? evaluate(parts.condition, inner) : true;
    if (isUnresolved(condition)) return condition;
    if (isTrue(condition))
      results.push([parts.key ? evaluate(parts.key, inner) : key, evaluate(parts.value, inner)]);
  }
  if (!parts.key) return results.map(([, value]) => value);
  if (!parts.isGrouped) return object(results);
  const groups = Map.groupBy(results, ([key]) => key);
  return object([...groups].map(([key, group]) => [key, group.map(([, value]) => value)]));
}

const OPERATORS: Readonly<Record<string, (left: never, right: never) => Json | undefined>> = {
  equal: (left, right) => JSON.stringify(left) === JSON.stringify(right),
  notEqual: (left, right) => JSON.stringify(left) !== JSON.stringify(right),
  logicalAnd: (left, right) => isTrue(left) && isTrue(right),
  logicalOr: (left, right) => isTrue(left) || isTrue(right),
  logicalNot: (value) => !isTrue(value),
  greaterThan: ofNumbers((left, right) => left > right),
  greaterThanOrEqual: ofNumbers((left, right) => left >= right),
  lessThan: ofNumbers((left, right) => left < right),
  lessThanOrEqual: ofNumbers((left, right) => left <= right),
  add: ofNumbers((left, right) => left + right),
  subtract: ofNumbers((left, right) => left - right),
  multiply: ofNumbers((left, right) => left * right),
  negate: (value) => ofNumbers((left, right) => left - right)(0 as never, value),
};

/** Undefined where one of the two is no number. */
function ofNumbers(
  operate: (left: number, right: number) => Json,
): (left: never, right: never) => Json | undefined {
  return (...operands) => {
    // Of what is no text there may be no number either: `{ toString = false }` has none that JavaScript could ask for.
    const [left, right] = operands.map((operand) => Number(textOf(operand)));
    return Number.isNaN(left) || Number.isNaN(right)
      ? undefined
      : operate(left as number, right as number);
  };
}

function operate(operator: string, operands: readonly unknown[]): unknown {
  const missing = unresolvedIn(operands);
  if (missing.length > 0) return unresolved(...missing);
  const [left, right] = operands;
  return (
    OPERATORS[operator]?.(left as never, right as never) ??
    unresolved(`the operator ${operator} is not worked out here`)
  );
}
