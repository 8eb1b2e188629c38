/** The variables of a Serverless file, `${source:address, fallback}`, resolved from the file and from what is given. */
import { isRecord, textOf } from '../common/fields.ts';
import type { ValueOrigin } from '../common/key-value.ts';
import type { Path } from '../common/source.ts';
import { isUnresolved, type Unresolved, unresolved, unresolvedIn } from '../common/unresolved.ts';
import { contentOf, type ReadServiceFile } from './files.ts';
import { literalOf, shown, splitText, type Variable, wayOut } from './syntax.ts';

export interface VariableOptions {
  /** As `serverless deploy --stage` is given it. */
  readonly stage?: string;
  /** By name; and any variable by its whole address, `ssm:/acme/name`. */
  readonly params: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Absent: no other file is read. */
  readonly read?: ReadServiceFile;
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

/** What stays as it is written, and where in it a value is. */
interface Keep {
  readonly isKept: IsKept;
  readonly path: Path;
}

const NOTHING_KEPT: Keep = { isKept: () => false, path: [] };

export function createVariables(
  root: Readonly<Record<string, unknown>>,
  options: VariableOptions,
): Variables {
  const scope: Scope = { root, options, asking: new Set() };
  return {
    resolve: (value, isKept) => resolve(value, scope, isKept && { isKept, path: [] }),
    originOf: (written) => originOf(written, scope),
    stage: () => stageOf(scope),
  };
}

function resolve(value: unknown, scope: Scope, keep: Keep = NOTHING_KEPT): unknown {
  const { isKept, path } = keep;
  if (isKept(path)) return value;
  if (typeof value === 'string') return resolveText(value, scope, keep);
  if (Array.isArray(value))
    return value.map((item, index) => resolve(item, scope, { isKept, path: [...path, index] }));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      resolve(member, scope, { isKept, path: [...path, key] }),
    ]),
  );
}

/** A text that is one variable becomes its value, whatever that is; within a text, variables must be text themselves. */
function resolveText(text: string, scope: Scope, keep: Keep = NOTHING_KEPT): unknown {
  const values = splitText(text).map((part) =>
    typeof part === 'string' ? part : fromSources(part, scope, keep),
  );
  if (values.length === 1) return values[0];
  const missing = unresolvedIn(values);
  if (missing.length > 0) return unresolved(...missing);
  const texts = values.map(textOf);
  return texts.includes(undefined)
    ? unresolved('a variable within a text is no text')
    : texts.join('');
}

/** The first of a variable's sources that has a value. */
function fromSources({ sources }: Variable, scope: Scope, keep: Keep): unknown {
  const missing: string[] = [];
  for (const written of sources) {
    const literal = literalOf(written);
    if (literal) return literal.value;
    const resolved = resolveText(written, scope);
    if (isUnresolved(resolved)) return resolved;
    const address = String(resolved).trim();
    const value = fromAddress(address, scope, keep);
    if (value !== undefined && value !== null) return value;
    missing.push(wayOut(address));
  }
  return unresolved(missing.join(', or '));
}

/** Undefined where there is none: then a fallback counts. */
function fromAddress(address: string, scope: Scope, keep: Keep): unknown {
  const { root, options } = scope;
  if (Object.hasOwn(options.params, address)) return options.params[address];
  const [, source = '', name = ''] = /^([^:]*):(.*)$/s.exec(address) ?? [];
  switch (source) {
    case 'self':
      return guarded(address, scope, () => resolve(memberOf(root, name, scope), scope, keep));
    case 'opt':
      return name === 'stage' ? options.stage : undefined;
    case 'env':
      return Object.hasOwn(options.env, name) ? options.env[name] : undefined;
    case 'param':
      return Object.hasOwn(options.params, name)
        ? options.params[name]
        : guarded(address, scope, () => fileParam(name, scope));
    default:
      return fromOther(address, scope, keep);
  }
}

function fromOther(address: string, scope: Scope, keep: Keep): unknown {
  if (address.startsWith('file('))
    return guarded(address, scope, () => resolve(inFile(address, scope), scope, keep));
  if (address === 'sls:stage') return stageOf(scope);
  const region =
    address === 'aws:region'
      ? resolve(memberOf(scope.root, 'provider.region', scope), scope)
      : undefined;
  const [, word] = /^strToBool\((true|false|1|0)\)$/i.exec(address) ?? [];
  if (word !== undefined) return word === '1' || word.toLowerCase() === 'true';
  // Any other source may have a value, so a fallback would be a guess.
  return region ?? unresolved(wayOut(address));
}

/** What another file of the service holds, as it is written there. */
function inFile(address: string, scope: Scope): unknown {
  const found = contentOf(address, scope.options.read);
  return isUnresolved(found) ? found : memberOf(found.content, found.member, scope);
}

function guarded(address: string, { asking }: Scope, read: () => unknown): unknown {
  if (asking.has(address)) return unresolved(`\${${address}} refers to itself`);
  asking.add(address);
  const value = read();
  asking.delete(address);
  return value;
}

function stageOf(scope: Scope): unknown {
  const written = memberOf(scope.root, 'provider.stage', scope) ?? 'dev';
  return (
    scope.options.stage ?? guarded('self:provider.stage', scope, () => resolve(written, scope))
  );
}

/** `params.<stage>`, then `params.default`; version 4 has them below `stages`. */
function fileParam(name: string, scope: Scope): unknown {
  const stage = stageOf(scope);
  if (isUnresolved(stage)) return stage;
  const places = [String(stage), 'default'].flatMap((key) => [
    `params.${key}.${name}`,
    `stages.${key}.params.${name}`,
  ]);
  return resolve(
    places.map((place) => memberOf(scope.root, place, scope)).find((value) => value !== undefined),
    scope,
  );
}

function originOf(written: unknown, scope: Scope): ValueOrigin | undefined {
  if (written === undefined || written === null) return undefined;
  if (isUnresolved(written)) return { kind: 'elsewhere', where: 'an expression' };
  const [part, ...others] = typeof written === 'string' ? splitText(written) : [];
  if (part === undefined || typeof part === 'string' || others.length > 0)
    return functionOrigin(written);
  for (const source of part.sources) {
    const origin: ValueOrigin = literalOf(source)
      ? { kind: 'literal' }
      : originOfAddress(source, scope);
    if (origin.kind !== 'elsewhere') return origin;
  }
  return { kind: 'elsewhere', where: part.sources.map(shown).join(' or ') };
}

function originOfAddress(address: string, scope: Scope): ValueOrigin {
  const [, ssm] = /^ssm(?:\([^)]*\))?:([^~]+)(?:~\w+)?$/.exec(address) ?? [];
  const [, secret] = /^\/aws\/reference\/secretsmanager\/(.+)$/.exec(ssm ?? '') ?? [];
  if (secret !== undefined) return { kind: 'secret', reference: { secretsManager: secret } };
  if (ssm !== undefined && !ssm.includes('$')) return { kind: 'secret', reference: { ssm } };
  const inFile = guarded(address, scope, () => originOf(writtenAt(address, scope), scope)) as
    | ValueOrigin
    | Unresolved
    | undefined;
  return inFile === undefined || isUnresolved(inFile)
    ? { kind: 'elsewhere', where: shown(address) }
    : inFile;
}

/** What the file has at an address of its own, as it is written. */
function writtenAt(address: string, scope: Scope): unknown {
  if (address.startsWith('file(')) return inFile(address, scope);
  const [, source, name = ''] = /^(self|param):(.*)$/s.exec(address) ?? [];
  if (source === 'param') return fileParam(name, scope);
  return source === 'self' ? memberOf(scope.root, name, scope) : undefined;
}

/** A value that no variable gives: CloudFormation's own references come from elsewhere, all else is written. */
function functionOrigin(written: unknown): ValueOrigin {
  if (!isRecord(written)) return { kind: 'literal' };
  const [name = ''] = Object.keys(written);
  return name === 'Ref' || name === 'Fn::ImportValue'
    ? { kind: 'elsewhere', where: `CloudFormation's ${name}` }
    : { kind: 'literal' };
}

/** `custom.names.0`, as it is written; undefined where there is none. What a variable stands for is looked into. */
function memberOf(root: unknown, path: string, scope: Scope): unknown {
  let found = root;
  for (const name of path.split('.').filter((part) => part !== '')) {
    if (typeof found === 'string') found = opened(found, scope);
    if (isUnresolved(found)) return found;
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, name)
        ? (found as Record<string, unknown>)[name]
        : undefined;
  }
  return found;
}

/** What a text stands for, one step far: more of it than is asked for may have no value, or lead back here. */
function opened(text: string, scope: Scope): unknown {
  const [part, ...others] = splitText(text);
  if (part === undefined || typeof part === 'string' || others.length > 0) return text;
  for (const source of part.sources) {
    const address = resolveText(source, scope);
    if (typeof address !== 'string' || !/^(self:|param:|file\()/.test(address)) break;
    const found = guarded(`inside ${address}`, scope, () => {
      const written = writtenAt(address, scope);
      return typeof written === 'string' ? opened(written, scope) : written;
    });
    if (found !== undefined && found !== null) return found;
  }
  return resolveText(text, scope);
}
