/** Terraform's expressions: from the parser's syntax tree to what can be evaluated. Nothing here keeps the parser's messages, which quote the source. */

import { compact } from '../../core/model/compact.ts';
import type { Json } from '../../core/model/model.ts';

export type Expression =
  | { readonly kind: 'literal'; readonly value: Json }
  | { readonly kind: 'template'; readonly parts: readonly Expression[] }
  | { readonly kind: 'traversal'; readonly root: string; readonly steps: Steps }
  | { readonly kind: 'access'; readonly source: Expression; readonly steps: Steps }
  | { readonly kind: 'index'; readonly source: Expression; readonly key: Expression }
  | { readonly kind: 'splat'; readonly source: Expression; readonly each: Expression }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly arguments: readonly Expression[];
      readonly isSpread: boolean;
    }
  | { readonly kind: 'for'; readonly names: ForNames; readonly parts: ForParts }
  | {
      readonly kind: 'operation';
      readonly operator: string;
      readonly operands: readonly Expression[];
    }
  /** A value of the file, with expressions in it. */
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'unknown' };

export type Steps = readonly (string | number)[];

interface ForNames {
  readonly key: string;
  readonly value: string;
}

/** `key` makes an object; without it the result is a list. */
interface ForParts {
  readonly collection: Expression;
  readonly key?: Expression;
  readonly value: Expression;
  readonly condition?: Expression;
  /** `...`: several values of one key. */
  readonly isGrouped: boolean;
}

/** What a splat's own part stands on: the name can't be written in Terraform. */
export const EACH_OF_SPLAT = '[*]';

/** A node as the parser gives it. */
export interface Node {
  readonly type: string;
  readonly meta?: Readonly<Record<string, unknown>> | null;
  readonly children: readonly Node[];
  readonly range: {
    readonly start: { readonly byte: number };
    readonly end: { readonly byte: number };
  };
}

const UNKNOWN: Expression = { kind: 'unknown' };

/** `text` is what was parsed: names of an object's keys stand only there. */
export function toExpression(node: Node | undefined, text: string): Expression {
  if (!node) return UNKNOWN;
  const meta = node.meta ?? {};
  const [first, second, third] = node.children;
  const to = (child: Node | undefined) => toExpression(child, text);
  switch (node.type) {
    case 'literalValue':
      return { kind: 'literal', value: literal(meta) };
    case 'template':
      return { kind: 'template', parts: templateParts(node, text) };
    case 'scopeTraversal': {
      const [root = '', ...steps] = stepsOf(meta.traversal);
      return { kind: 'traversal', root: String(root), steps };
    }
    case 'relativeTraversal':
      return {
        kind: 'access',
        source: isAnonymous(first) ? splatName() : to(first),
        steps: stepsOf(meta.traversal),
      };
    case 'index':
      return { kind: 'index', source: to(first), key: to(second) };
    case 'splat':
      return {
        kind: 'splat',
        source: to(first),
        each: isAnonymous(second) ? splatName() : to(second),
      };
    case 'tuple':
      return { kind: 'list', items: node.children.map(to) };
    case 'object':
      return { kind: 'object', entries: objectEntries(node, text) };
    case 'conditional':
      return { kind: 'conditional', condition: to(first), yes: to(second), no: to(third) };
    case 'function':
      return {
        kind: 'call',
        name: String(meta.name),
        arguments: node.children.map(to),
        isSpread: meta.expandedFinalArgument === true,
      };
    case 'for':
      return toFor(node, text);
    case 'binaryOp':
    case 'unaryOp':
      return {
        kind: 'operation',
        operator: String(meta.operator),
        operands: node.children.map(to),
      };
    default:
      // Parentheses, and `"${…}"`, which is what is in it.
      return node.children.length === 1 ? to(first) : UNKNOWN;
  }
}

function literal({ type, value }: Readonly<Record<string, unknown>>): Json {
  if (type === 'number') return Number(value);
  if (type === 'bool') return value === 'true';
  return type === 'string' ? String(value) : null;
}

/** Text within quotes still has its escapes; the text of a file's own strings has lost them already. */
function templateParts(node: Node, text: string): Expression[] {
  const isQuoted = String(node.meta?.value).startsWith('"');
  return node.children.map((child) => {
    const part = toExpression(child, text);
    if (part.kind !== 'literal' || typeof part.value !== 'string') return part;
    const plain = isQuoted ? withoutEscapes(part.value) : part.value;
    return { kind: 'literal', value: plain.replaceAll(/([$%])\1\{/g, '$1{') };
  });
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function withoutEscapes(text: string): string {
  return text.replaceAll(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs,
    (_, short?: string, long?: string, mark = '') => {
      const code = short ?? long;
      return code === undefined
        ? (ESCAPES[mark] ?? mark)
        : String.fromCodePoint(Number.parseInt(code, 16));
    },
  );
}

function stepsOf(traversal: unknown): Steps {
  const parts = traversal as readonly { readonly type: string; readonly segment: string }[];
  return parts.map(({ type, segment }) => {
    if (type === 'nameTraversal') return segment;
    return segment.startsWith('"') ? withoutEscapes(segment.slice(1, -1)) : Number(segment);
  });
}

function isAnonymous(node: Node | undefined): boolean {
  return node?.type === '' && node.children.length === 0;
}

function splatName(): Expression {
  return { kind: 'traversal', root: EACH_OF_SPLAT, steps: [] };
}

/** Keys and values take turns. A key that is a bare word has no node of its own. */
function objectEntries({ children }: Node, text: string): (readonly [Expression, Expression])[] {
  const bytes = Buffer.from(text);
  return children.flatMap((key, index) => {
    if (index % 2 === 1) return [];
    const word = bytes.subarray(key.range.start.byte, key.range.end.byte).toString();
    const name: Expression =
      key.children.length > 0 ? toExpression(key, text) : { kind: 'literal', value: word };
    return [[name, toExpression(children[index + 1], text)] as const];
  });
}

function toFor(node: Node, text: string): Expression {
  const meta = node.meta ?? {};
  const parts = node.children.map((child) => toExpression(child, text));
  const [collection = UNKNOWN] = parts;
  const isObject = typeof meta.keyExpression === 'string';
  const [key = UNKNOWN, value = UNKNOWN, condition] = isObject
    ? parts.slice(1)
    : [UNKNOWN, ...parts.slice(1)];
  return {
    kind: 'for',
    names: { key: String(meta.keyVar ?? ''), value: String(meta.valVar) },
    parts: compact({
      collection,
      ...(isObject && { key }),
      value,
      condition,
      isGrouped: meta.groupedValue === true,
    }),
  };
}
