import type { Op, PatchOperation } from '@aws-sdk/client-api-gateway';
import { badRequest, notEmulated, validation } from './errors.ts';

/** One operation of a PATCH. `params` are the named groups of the rule's pattern, JSON-pointer escapes undone. */
export interface Patch {
  readonly op: Op;
  readonly path: string;
  readonly value: string | undefined;
  readonly from: string | undefined;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * A path that a kind of object supports. `path` is the path itself or, with `pattern`, how the path is written in messages;
 * `raw` leaves the groups of the pattern as sent.
 */
export interface PatchRule<T> {
  readonly path: string;
  readonly pattern?: RegExp;
  readonly raw?: boolean;
  readonly ops: { readonly [O in Op]?: (target: T, patch: Patch) => void };
}

export interface Grammar<T> {
  readonly rules: readonly PatchRule<T>[];
  /** The refusal of a path or operation that no rule supports. */
  readonly reject?: (patch: Patch, rules: readonly PatchRule<T>[]) => Error;
  /** Paths that the service has and this emulator has not: 501, not 400. */
  readonly notEmulated?: RegExp;
}

const OPS: readonly Op[] = ['add', 'remove', 'move', 'test', 'replace', 'copy'];

/**
 * Applies the operations in order to a copy and returns it; the original stays as it is when one fails.
 * That a failing operation undoes those before it is UNCONFIRMED (docs/api-gateway-facts.md#f1).
 */
export function patched<T>(
  current: T,
  operations: readonly PatchOperation[] | undefined,
  grammar: Grammar<T>,
  shape: string,
): T {
  const draft = structuredClone(current);
  for (const patch of checkOps(operations ?? [], shape)) applyOne(draft, patch, grammar);
  return draft;
}

// All violations in one 400 ValidationException [LS test_update_rest_api_concatenation_of_errors].
function checkOps(operations: readonly PatchOperation[], shape: string): Patch[] {
  const violations = operations.flatMap(({ op }, index) =>
    op !== undefined && OPS.includes(op)
      ? []
      : [
          `Value '${op ?? 'null'}' at '${shape}.patchOperations.${index + 1}.member.op' failed to satisfy constraint: ` +
            `Member must satisfy enum value set: [${OPS.join(', ')}]`,
        ],
  );
  if (violations.length > 0) throw validation(violations);
  return operations.map(({ op, path, value, from }) => ({
    op: op as Op,
    path: path ?? '',
    value,
    from,
    params: {},
  }));
}

function applyOne<T>(
  draft: T,
  patch: Patch,
  { rules, reject = invalidPath, notEmulated: missing }: Grammar<T>,
): void {
  for (const rule of rules) {
    const params = match(rule, patch.path);
    const apply = params && rule.ops[patch.op];
    if (apply) {
      apply(draft, { ...patch, params });
      return;
    }
  }
  if (missing?.test(patch.path)) throw notEmulated(`Patch path ${patch.path}`);
  throw reject(patch, rules);
}

function match<T>(rule: PatchRule<T>, path: string): Record<string, string> | undefined {
  if (!rule.pattern) return rule.path === path ? {} : undefined;
  const groups = rule.pattern.exec(path)?.groups;
  if (!groups || rule.raw) return groups && { ...groups };
  return Object.fromEntries(
    Object.entries(groups).map(([name, text]) => [name, unescapePointer(text)]),
  );
}

/** JSON pointer: `~1` is `/`, `~0` is `~`. */
const unescapePointer = (segment: string): string =>
  segment.replaceAll('~1', '/').replaceAll('~0', '~');

/** The refusal that most kinds share: two blanks before the path [LS test_extended 2025-07-18]. */
function invalidPath<T>({ op, path }: Patch, rules: readonly PatchRule<T>[]): Error {
  const supported = rules.filter((rule) => rule.ops[op]).map((rule) => rule.path);
  const way =
    supported.length > 0
      ? `Must be one of: [${supported.join(', ')}]`
      : 'Please choose supported operations';
  return badRequest(`Invalid patch path  '${path}' specified for op '${op}'. ${way}`);
}

/** Any text but "true" counts as false, without an error: recorded for booleans of keys and methods [LS]. */
export const toBoolean = (value: string | undefined): boolean => value?.toLowerCase() === 'true';

/** The refusal's text is UNCONFIRMED. */
export function toNumber(
  { value, path }: Patch,
  {
    min,
    max = Number.MAX_SAFE_INTEGER,
    integer = false,
  }: { min: number; max?: number; integer?: boolean },
): number {
  const number = Number(value);
  const valid =
    value !== undefined &&
    value.trim() !== '' &&
    number >= min &&
    number <= max &&
    (!integer || Number.isInteger(number));
  if (!valid) throw badRequest(`Invalid patch value '${value ?? ''}' specified for path '${path}'`);
  return number;
}

/** A rule that only takes `replace`. */
export const replace = <T>(
  path: string,
  apply: (target: T, patch: Patch) => void,
): PatchRule<T> => ({ path, ops: { replace: apply } });
