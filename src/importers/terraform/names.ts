/** What the expressions of a block refer to. */
import { isRecord } from '../common/fields.ts';
import { expressionOf } from './evaluate.ts';
import type { Expression } from './expression.ts';

type Traversal = Extract<Expression, { kind: 'traversal' }>;

/** Every name that an expression begins with, anywhere in a value of a file. */
export function traversalsIn(value: unknown): Traversal[] {
  const expression = expressionOf(value);
  if (expression) return ofExpression(expression);
  if (Array.isArray(value)) return value.flatMap(traversalsIn);
  return isRecord(value) ? Object.values(value).flatMap(traversalsIn) : [];
}

/** Whatever kind it is: an expression's parts are expressions, or lists and mappings of them. */
function ofExpression(expression: Expression): Traversal[] {
  if (expression.kind === 'traversal') return [expression];
  return expression.kind === 'value'
    ? traversalsIn(expression.value)
    : partsOf(Object.values(expression));
}

function partsOf(value: unknown): Traversal[] {
  if (typeof value !== 'object' || value === null) return [];
  return 'kind' in value
    ? ofExpression(value as Expression)
    : Object.values(value).flatMap(partsOf);
}

/** `random_password.acme.result`; keys are left out, since they may be anything. */
export function traversalText({ root, steps }: Pick<Traversal, 'root' | 'steps'>): string {
  return [root, ...steps.filter((step) => typeof step === 'string' && /^[\w-]+$/.test(step))].join(
    '.',
  );
}
