/** The variables of a Serverless file, `${source:address, fallback}`, resolved from the file and from what is given. */
import { isRecord, textOf } from './fields.ts';
import type { ValueOrigin } from './key-value.ts';
import type { Path } from './source.ts';
import { isUnresolved, unresolved, unresolvedIn } from './unresolved.ts';

export interface VariableOptions {
  /** As `serverless deploy --stage` is given it. */
  readonly stage?: string;
  /** By name; and any variable by its whole address, `ssm:/acme/name`. */
  readonly params: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

export interface Variables {
  /** A value with its variables resolved, at any depth. What has no value is `Unresolved`; what `isKept` says stays as it is written. */
  readonly resolve: (value: unknown, isKept?: (path: Path) => boolean) => unknown;
  /** Where a key's value comes from, without reading it; undefined where there is none. */
  readonly originOf: (written: unknown) => ValueOrigin | undefined;
  /** `${sls:stage}`. */
  readonly stage: () => unknown;
}

export function createVariables(root: Readonly<Record<string, unknown>>, options: VariableOptions): Variables {
  const asking = new Set<string>();
  const provider = isRecord(root.provider) ? root.provider : {};

  const resolve = (value: unknown, isKept: (path: Path) => boolean, path: Path): unknown => {
    if (isKept(path)) return value;
    if (typeof value === 'string') return resolveText(value);
    if (Array.isArray(value)) return value.map((item, index) => resolve(item, isKept, [...path, index]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member, isKept, [...path, key])]));
  };
  const deep = (value: unknown) => resolve(value, () => false, []);

  const resolveText = (text: string): unknown => {
    const parts = split(text);
    const [first, ...others] = parts;
    if (first && others.length === 0) return typeof first === 'string' ? first : fromSources(first);
    const values = parts.map((part) => (typeof part === 'string' ? part : fromSources(part)));
    const missing = unresolvedIn(values);
    if (missing.length > 0) return unresolved(...missing);
    const texts = values.map(textOf);
    return texts.includes(undefined) ? unresolved('a variable within a text is no text') : texts.join('');
  };

  /** The first of a variable's sources that has a value. */
  const fromSources = ({ sources }: Variable): unknown => {
    const missing: string[] = [];
    for (const written of sources) {
      const literal = literalOf(written);
      if (literal) return literal.value;
      const address = resolveText(written);
      if (isUnresolved(address)) return address;
      const value = fromAddress(String(address).trim());
      if (isUnresolved(value)) return value;
      if (value !== undefined && value !== null) return value;
      missing.push(wayOut(String(address).trim()));
    }
    return unresolved(missing.join(', or '));
  };

  /** Undefined where there is none: then a fallback counts. */
  const fromAddress = (address: string): unknown => {
    if (Object.hasOwn(options.params, address)) return options.params[address];
    const [, source = '', name = ''] = /^([^:]*):(.*)$/s.exec(address) ?? [];
    if (source === 'self') return guarded(address, () => deep(memberOf(root, name)));
    if (source === 'opt' && name === 'stage') return options.stage;
    if (source === 'sls' && name === 'stage') return stage();
    if (source === 'env') return Object.hasOwn(options.env, name) ? options.env[name] : undefined;
    if (source === 'param') return Object.hasOwn(options.params, name) ? options.params[name] : guarded(address, () => fileParam(name));
    if (source === 'opt') return undefined;
    // Such a source may have a value, so a fallback would be a guess.
    return unresolved(wayOut(address));
  };

  const guarded = (address: string, read: () => unknown): unknown => {
    if (asking.has(address)) return unresolved(`\${${address}} refers to itself`);
    asking.add(address);
    const value = read();
    asking.delete(address);
    return value;
  };

  const stage = (): unknown => options.stage ?? guarded('self:provider.stage', () => deep(provider.stage ?? 'dev'));

  /** `params.<stage>`, then `params.default`; version 4 has them below `stages`. */
  const fileParam = (name: string): unknown => {
    const own = stage();
    if (isUnresolved(own)) return own;
    const places = [String(own), 'default'].flatMap((key) => [
      memberOf(root, `params.${key}.${name}`),
      memberOf(root, `stages.${key}.params.${name}`),
    ]);
    return deep(places.find((value) => value !== undefined));
  };

  const originOf = (written: unknown): ValueOrigin | undefined => {
    if (written === undefined || written === null) return undefined;
    if (isUnresolved(written)) return { kind: 'elsewhere', where: 'an expression' };
    const parts = typeof written === 'string' ? split(written) : [];
    const [part, ...others] = parts;
    if (part === undefined || typeof part === 'string' || others.length > 0) return functionOrigin(written);
    for (const source of part.sources) {
      if (literalOf(source)) return { kind: 'literal' };
      const origin = originOfAddress(source.trim());
      if (origin.kind !== 'elsewhere' || part.sources.length === 1) return origin;
    }
    return { kind: 'elsewhere', where: part.sources.map(shown).join(' or ') };
  };

  const originOfAddress = (address: string): ValueOrigin => {
    const [, ssm] = /^ssm(?:\([^)]*\))?:([^~]+)(?:~\w+)?$/.exec(address) ?? [];
    const [, secret] = /^\/aws\/reference\/secretsmanager\/(.+)$/.exec(ssm ?? '') ?? [];
    if (secret !== undefined) return { kind: 'secret', reference: { secretsManager: secret } };
    if (ssm !== undefined && !ssm.includes('$')) return { kind: 'secret', reference: { ssm } };
    const name = address.replace(/^(self|param):/, '');
    const inFile = address.startsWith('self:') ? memberOf(root, name) : address.startsWith('param:') ? fileParam(name) : undefined;
    if (inFile !== undefined && !isUnresolved(inFile)) return originOf(inFile) ?? { kind: 'literal' };
    return { kind: 'elsewhere', where: shown(address) };
  };

  return { resolve: (value, isKept = () => false) => resolve(value, isKept, []), originOf, stage };
}

/** A value that no variable gives: CloudFormation's own references come from elsewhere, all else is written. */
function functionOrigin(written: unknown): ValueOrigin {
  if (!isRecord(written)) return { kind: 'literal' };
  const [name = ''] = Object.keys(written);
  return name === 'Ref' || name === 'Fn::ImportValue' ? { kind: 'elsewhere', where: `CloudFormation's ${name}` } : { kind: 'literal' };
}

function wayOut(address: string): string {
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
function shown(address: string): string {
  return /^[A-Za-z]\w*(\([^()]*\))?:[^:]|^[A-Za-z]\w*\([^()]*\)/.test(address) ? `\${${address}}` : UNNAMED;
}

interface Variable {
  /** As written: addresses and literals. */
  readonly sources: readonly string[];
}

/** A text as literal parts and variables. `${AWS::Region}` and `${stageVariables.x}` are no variables of Serverless. */
function split(text: string): (string | Variable)[] {
  const parts: (string | Variable)[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    const end = text.startsWith('${', at) ? closingBrace(text, at + 2) : undefined;
    const inner = end === undefined ? undefined : text.slice(at + 2, end);
    if (end === undefined || inner === undefined || !/^\s*[A-Za-z]\w*(\(.*?\))?(:(?!:)|\s*$)/s.test(inner) || !/[:(]/.test(inner)) {
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

function literalOf(source: string): { readonly value: unknown } | undefined {
  const [, , quoted] = /^(['"])(.*)\1$/s.exec(source) ?? [];
  if (quoted !== undefined) return { value: quoted };
  if (/^-?\d+(\.\d+)?$/.test(source)) return { value: Number(source) };
  if (source === 'true' || source === 'false') return { value: source === 'true' };
  return undefined;
}

/** `custom.names.0`; undefined where there is none. */
function memberOf(root: unknown, path: string): unknown {
  let found = root;
  for (const name of path.split('.').filter((part) => part !== '')) {
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, name) ? (found as Record<string, unknown>)[name] : undefined;
  }
  return found;
}
