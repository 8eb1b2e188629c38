/** What an expression gives where its value can't be known here: it travels through other expressions, and is never guessed. */

const EXPRESSIONS = Symbol('unresolved');

export interface Unresolved {
  /** Each expression that has no value, with the way out: `${env:TEAM}: give --env TEAM=<value>`. Never a literal of the source. */
  readonly [EXPRESSIONS]: readonly string[];
}

export function unresolved(...expressions: readonly string[]): Unresolved {
  return { [EXPRESSIONS]: expressions };
}

export function isUnresolved(value: unknown): value is Unresolved {
  return typeof value === 'object' && value !== null && EXPRESSIONS in value;
}

function expressionsOf(value: Unresolved): readonly string[] {
  return value[EXPRESSIONS];
}

/** All that is unresolved within a value, once each. */
export function unresolvedIn(value: unknown): readonly string[] {
  if (isUnresolved(value)) return expressionsOf(value);
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(unresolvedIn))];
}

/** Whether a value is kept from us because it is, or may be, a secret: such expressions all say that they are never read here. */
export function isNeverRead(value: unknown): boolean {
  return unresolvedIn(value).some((expression) => expression.includes('never read here'));
}

const TARGET = Symbol('target');

/** Something of another resource: its id, or one of its attributes. It is unresolved, unless the id was given. */
export interface ReferenceTarget {
  readonly resource: string;
  readonly attribute?: string;
  readonly id?: string;
}

export function reference(target: ReferenceTarget): unknown {
  return { ...(target.id === undefined && unresolved(unknownId(target))), [TARGET]: target };
}

/** The resource that a value stands for. */
export function targetOf(value: unknown): ReferenceTarget | undefined {
  return typeof value === 'object' && value !== null && TARGET in value
    ? (value as { [TARGET]: ReferenceTarget })[TARGET]
    : undefined;
}

function unknownId({ resource, attribute }: ReferenceTarget): string {
  if (attribute !== undefined) return `${resource}.${attribute} is known to the account alone`;
  return `the id of ${resource} is known to the account alone: give --parameter ${resource}=<id>`;
}
