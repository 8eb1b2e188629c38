/** How a variable is written: `${source:address, 'fallback'}`, one within another. */

export interface Variable {
  /** As written: addresses and literals. */
  readonly sources: readonly string[];
}

/** A text as literal parts and variables. `${AWS::Region}` and `${stageVariables.x}` are no variables of Serverless. */
export function splitText(text: string): (string | Variable)[] {
  const parts: (string | Variable)[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    if (text.startsWith('\\${', at)) {
      literal += '${';
      at += 3;
      continue;
    }
    const end = text.startsWith('${', at) ? closingBrace(text, at + 2) : undefined;
    const inner = end === undefined ? undefined : text.slice(at + 2, end);
    if (
      end === undefined ||
      inner === undefined ||
      !/^\s*[A-Za-z]\w*(\(.*?\)\s*(:|,|$)|:(?!:))/s.test(inner)
    ) {
      literal += text[at];
      at += 1;
      continue;
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({ sources: sourcesOf(inner) });
    at = end + 1;
  }
  if (literal !== '' || parts.length === 0) parts.push(literal);
  return parts;
}

/** Where a variable ends that begins before `from`; undefined where it doesn't. */
function closingBrace(text: string, from: number): number | undefined {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) depth += 1;
    else if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return undefined;
}

/** Divides at the commas that are in no quotes, parentheses or inner variable. */
function sourcesOf(inner: string): string[] {
  const sources = [''];
  let quote = '';
  let depth = 0;
  for (const character of inner) {
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '{' || character === '(') depth += 1;
    else if (character === '}' || character === ')') depth -= 1;
    if (character === ',' && quote === '' && depth === 0) sources.push('');
    else sources.push(`${sources.pop() ?? ''}${character}`);
  }
  return sources.map((source) => source.trim());
}

export function literalOf(source: string): { readonly value: unknown } | undefined {
  const [, , quoted] = /^(['"])(.*)\1$/s.exec(source) ?? [];
  if (quoted !== undefined) return { value: quoted };
  if (/^-?\d+(\.\d+)?$/.test(source)) return { value: Number(source) };
  if (source === 'true' || source === 'false') return { value: source === 'true' };
  return undefined;
}

/** What a variable without a value is, and how it gets one. */
export function wayOut(address: string): string {
  const [source = '', name = ''] = address.split(/:(.*)/s);
  const what = shown(address);
  if (address === 'opt:stage') return `${what}: give --stage <stage>`;
  if (source === 'env') return `${what}: give --env ${name}=<value>`;
  if (source === 'param') return `${what}: give --param ${name}=<value>`;
  if (source === 'self') return `${what} is not in the file`;
  return what === UNNAMED ? what : `${what}: give --param '${address}=<value>'`;
}

const UNNAMED = 'an expression that is no variable';

/** What is no address may be a literal without quotes, a key value even. */
export function shown(address: string): string {
  return /^[A-Za-z]\w*(\([^()]*\))?:[^:]|^[A-Za-z]\w*\([^()]*\)/.test(address)
    ? `\${${address}}`
    : UNNAMED;
}
