/** The variables of a Serverless file, `${source:address, fallback}`, resolved from the file and from what is given. */
import { isRecord, textOf } from './fields.ts';
import type { ValueOrigin } from './key-value.ts';
import { literalOf, splitText, type Variable } from './serverless-syntax.ts';
import type { Path } from './source.ts';
import { isUnresolved, type Unresolved, unresolved, unresolvedIn } from './unresolved.ts';

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

/** What variables are resolved in. */
interface Scope {
  readonly root: Readonly<Record<string, unknown>>;
  readonly options: VariableOptions;
  /** The addresses that are being read: one that comes again refers to itself. */
  readonly asking: Set<string>;
}

type IsKept = (path: Path) => boolean;

export function createVariables(root: Readonly<Record<string, unknown>>, options: VariableOptions): Variables {
  const scope: Scope = { root, options, asking: new Set() };
  return {
    resolve: (value, isKept) => resolve(value, scope, isKept),
    originOf: (written) => originOf(written, scope),
    stage: () => stageOf(scope),
  };
}

function resolve(value: unknown, scope: Scope, isKept: IsKept = () => false, path: Path = []): unknown {
  if (isKept(path)) return value;
  if (typeof value === 'string') return resolveText(value, scope);
  if (Array.isArray(value)) return value.map((item, index) => resolve(item, scope, isKept, [...path, index]));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member, scope, isKept, [...path, key])]));
}

/** A text that is one variable becomes its value, whatever that is; within a text, variables must be text themselves. */
function resolveText(text: string, scope: Scope): unknown {
  const values = splitText(text).map((part) => (typeof part === 'string' ? part : fromSources(part, scope)));
  if (values.length === 1) return values[0];
  const missing = unresolvedIn(values);
  if (missing.length > 0) return unresolved(...missing);
  const texts = values.map(textOf);
  return texts.includes(undefined) ? unresolved('a variable within a text is no text') : texts.join('');
}

/** The first of a variable's sources that has a value. */
function fromSources({ sources }: Variable, scope: Scope): unknown {
  const missing: string[] = [];
  for (const written of sources) {
    const literal = literalOf(written);
    if (literal) return literal.value;
    const resolved = resolveText(written, scope);
    if (isUnresolved(resolved)) return resolved;
    const address = String(resolved).trim();
    const value = fromAddress(address, scope);
    if (value !== undefined && value !== null) return value;
    missing.push(wayOut(address));
  }
  return unresolved(missing.join(', or '));
}

/** Undefined where there is none: then a fallback counts. */
function fromAddress(address: string, scope: Scope): unknown {
  const { root, options } = scope;
  if (Object.hasOwn(options.params, address)) return options.params[address];
  const [, source = '', name = ''] = /^([^:]*):(.*)$/s.exec(address) ?? [];
  switch (source) {
    case 'self':
      return guarded(address, scope, () => resolve(memberOf(root, name), scope));
    case 'opt':
      return name === 'stage' ? options.stage : undefined;
    case 'env':
      return Object.hasOwn(options.env, name) ? options.env[name] : undefined;
    case 'param':
      return Object.hasOwn(options.params, name) ? options.params[name] : guarded(address, scope, () => fileParam(name, scope));
    default:
      // Such a source may have a value, so a fallback would be a guess.
      return address === 'sls:stage' ? stageOf(scope) : unresolved(wayOut(address));
  }
}

function guarded(address: string, { asking }: Scope, read: () => unknown): unknown {
  if (asking.has(address)) return unresolved(`\${${address}} refers to itself`);
  asking.add(address);
  const value = read();
  asking.delete(address);
  return value;
}

function stageOf(scope: Scope): unknown {
  const written = memberOf(scope.root, 'provider.stage') ?? 'dev';
  return scope.options.stage ?? guarded('self:provider.stage', scope, () => resolve(written, scope));
}

/** `params.<stage>`, then `params.default`; version 4 has them below `stages`. */
function fileParam(name: string, scope: Scope): unknown {
  const stage = stageOf(scope);
  if (isUnresolved(stage)) return stage;
  const places = [String(stage), 'default'].flatMap((key) => [`params.${key}.${name}`, `stages.${key}.params.${name}`]);
  return resolve(
    places.map((place) => memberOf(scope.root, place)).find((value) => value !== undefined),
    scope,
  );
}

function originOf(written: unknown, scope: Scope): ValueOrigin | undefined {
  if (written === undefined || written === null) return undefined;
  if (isUnresolved(written)) return { kind: 'elsewhere', where: 'an expression' };
  const [part, ...others] = typeof written === 'string' ? splitText(written) : [];
  if (part === undefined || typeof part === 'string' || others.length > 0) return functionOrigin(written);
  for (const source of part.sources) {
    const origin: ValueOrigin = literalOf(source) ? { kind: 'literal' } : originOfAddress(source, scope);
    if (origin.kind !== 'elsewhere') return origin;
  }
  return { kind: 'elsewhere', where: part.sources.map(shown).join(' or ') };
}

function originOfAddress(address: string, scope: Scope): ValueOrigin {
  const [, ssm] = /^ssm(?:\([^)]*\))?:([^~]+)(?:~\w+)?$/.exec(address) ?? [];
  const [, secret] = /^\/aws\/reference\/secretsmanager\/(.+)$/.exec(ssm ?? '') ?? [];
  if (secret !== undefined) return { kind: 'secret', reference: { secretsManager: secret } };
  if (ssm !== undefined && !ssm.includes('$')) return { kind: 'secret', reference: { ssm } };
  const inFile = guarded(address, scope, () => originOf(writtenAt(address, scope), scope)) as ValueOrigin | Unresolved | undefined;
  return inFile === undefined || isUnresolved(inFile) ? { kind: 'elsewhere', where: shown(address) } : inFile;
}

/** What the file has at an address of its own, as it is written. */
function writtenAt(address: string, scope: Scope): unknown {
  const [, source, name = ''] = /^(self|param):(.*)$/s.exec(address) ?? [];
  if (source === 'param') return fileParam(name, scope);
  return source === 'self' ? memberOf(scope.root, name) : undefined;
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

/** `custom.names.0`; undefined where there is none. */
function memberOf(root: unknown, path: string): unknown {
  let found = root;
  for (const name of path.split('.').filter((part) => part !== '')) {
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, name) ? (found as Record<string, unknown>)[name] : undefined;
  }
  return found;
}
