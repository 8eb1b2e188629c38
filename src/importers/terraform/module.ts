/** A module of Terraform's, evaluated as far as its files tell. Nothing is evaluated before it is asked for. */

import { compact } from '../../core/model/compact.ts';
import { isRecord } from '../common/fields.ts';
import type { Position } from '../common/model.ts';
import { isUnresolved, type Unresolved, unresolved } from '../common/unresolved.ts';
import {
  type Attributes,
  evaluateTree,
  expressionOf,
  type Lookup,
  withAttributes,
} from './evaluate.ts';
import { type Occurrence, occurrencesOf } from './instances.ts';
import type { Block, Loaded } from './load.ts';
import { traversalsIn, traversalText } from './names.ts';
import { isSecretField, toReference } from './resources.ts';
import { completed } from './types.ts';

export interface Module {
  readonly loaded: Loaded;
  readonly call: Call;
  readonly options: Options;
  readonly lookup: Lookup;
  /** Answers a question once; one that leads to itself has no answer. */
  readonly once: <T>(question: string, answer: () => T) => T | Unresolved;
}

/** How a module is called. */
interface Call {
  /** `module.apis["a"].`, or nothing. */
  readonly prefix: string;
  /** A variable as it was given; undefined where it was not. */
  readonly input: (name: string) => unknown;
  /** By the name that it has in the module, `aws` or `aws.london`: the name that it has in the first one. */
  readonly providers: Readonly<Record<string, string>>;
}

interface Options {
  /** Whether what is marked as sensitive, or is a key's value, may be read: to know what to hide, and for nothing else. */
  readonly reveal: boolean;
  /** Told of each variable of the first module that has just its default here. */
  readonly onDefault: (name: string, at: Position) => void;
}

/** The first module: its variables are those that are given, else what its `*.tfvars` say, else their defaults. */
export function createRoot(
  loaded: Loaded,
  given: Readonly<Record<string, string>>,
  options: Options,
): Module {
  const input = (name: string) =>
    Object.hasOwn(given, name) ? givenValue(given[name] ?? '') : loaded.variables[name];
  return createModule(loaded, { prefix: '', input, providers: {} }, options);
}

/** As `terraform -var` takes it: a list or a map in the form that JSON has too, anything else as text. */
function givenValue(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function createModule(loaded: Loaded, call: Call, options: Options): Module {
  const answers = new Map<string, unknown>();
  const asking = new Set<string>();
  const once = <T>(question: string, answer: () => T): T | Unresolved => {
    if (answers.has(question)) return answers.get(question) as T;
    if (asking.has(question)) return unresolved(`${question} refers to itself`);
    asking.add(question);
    const result = answer();
    asking.delete(question);
    answers.set(question, result);
    return result;
  };
  const module: Module = {
    loaded,
    call,
    options,
    once,
    lookup: (root, steps) => lookUp(module, root, steps),
  };
  return module;
}

/** Names that have a value in some places alone; there, the lookup knows them before it comes here. */
const PLACED = new Set(['each', 'count', 'self', 'path', 'terraform']);

function lookUp(
  module: Module,
  root: string,
  steps: readonly (string | number)[],
): ReturnType<Lookup> {
  const [first = '', second = ''] = steps.map(String);
  if (PLACED.has(root))
    return { value: unresolved(`${root} has no value here`), used: steps.length };
  if (root === 'data') {
    const name = `data.${first}.${second}`;
    return {
      value: module.once(name, () => resourceValue(module, ['data', first, second], name)),
      used: 2,
    };
  }
  const name = `${root}.${first}`;
  return { value: module.once(name, () => answer(module, root, first)), used: 1 };
}

function answer(module: Module, root: string, name: string): unknown {
  switch (root) {
    case 'var':
      return variable(module, name);
    case 'local':
      return local(module, name);
    case 'module':
      return moduleValue(module, name);
    default:
      return resourceValue(module, ['resource', root, name], `${root}.${name}`);
  }
}

function find({ loaded }: Module, ...words: readonly string[]): Block | undefined {
  return loaded.blocks.find((block) => words.every((word, index) => block.words[index] === word));
}

function variable(module: Module, name: string): unknown {
  const { call, options } = module;
  const block = find(module, 'variable', name);
  if (!block) return unresolved(`var.${name} is not declared in these files`);
  if (block.body.sensitive === true && !options.reveal)
    return unresolved(`var.${name} is sensitive, and is never read here`);
  const given = call.input(name);
  if (given !== undefined) return completed(block.body.type, given);
  const wayOut =
    call.prefix === '' ? `give --var ${name}=<value>, or import the state` : 'import the state';
  if (block.body.default === undefined)
    return unresolved(`var.${name} has no value in these files: ${wayOut}`);
  if (call.prefix === '') options.onDefault(name, block.at());
  return completed(block.body.type, evaluateTree(block.body.default, module.lookup));
}

function local(module: Module, name: string): unknown {
  const holder = module.loaded.blocks.find(
    ({ words, body }) => words[0] === 'locals' && Object.hasOwn(body, name),
  );
  return holder
    ? evaluateTree(holder.body[name], module.lookup)
    : unresolved(`local.${name} is not in these files`);
}

function moduleValue(module: Module, name: string): unknown {
  const block = find(module, 'module', name);
  const called = block
    ? callsIn(module, block)
    : unresolved(`module.${name} is not in these files`);
  return byKey(called, (inner) =>
    withAttributes(`module.${name}`, (output) => outputOf(inner, output)),
  );
}

function outputOf(module: Module, name: string): unknown {
  const block = find(module, 'output', name);
  if (!block) return unresolved(`${module.call.prefix}${name} is no output in these files`);
  return module.once(`output.${name}`, () => evaluateTree(block.body.value, module.lookup));
}

function resourceValue(module: Module, words: readonly string[], name: string): unknown {
  const block = find(module, ...words);
  const found = block ? occurrencesIn(module, block) : unresolved(`${name} is not in these files`);
  return byKey(found, (occurrence) => attributesOf(module, block as Block, occurrence));
}

function attributesOf(module: Module, block: Block, { key, lookup }: Occurrence): Attributes {
  const [, type = ''] = block.words;
  const address = addressIn(module, block, key);
  return withAttributes(address, (name) => {
    if (isSecretField(type, name) && !module.options.reveal)
      return unresolved(`${address}.${name} is a secret, and is never read here`);
    const written = block.body[name];
    return written === undefined
      ? toReference({ address, attribute: name })
      : evaluateTree(written, lookup);
  });
}

/** What `count` and `for_each` make of a name: a list, a map, or the thing itself. */
function byKey<T extends { readonly key?: string | number }>(
  found: readonly T[] | Unresolved,
  toValue: (member: T) => unknown,
): unknown {
  if (isUnresolved(found)) return found;
  const [first] = found;
  if (first && first.key === undefined) return toValue(first);
  const values = found.map((member) => [member.key, toValue(member)] as const);
  return typeof first?.key === 'string'
    ? Object.fromEntries(values)
    : values.map(([, value]) => value);
}

export function occurrencesIn(module: Module, block: Block): readonly Occurrence[] | Unresolved {
  return module.once(`the number of ${block.words.join('.')}`, () =>
    occurrencesOf(block.body, module.lookup),
  );
}

/** `module.apis["a"].aws_api_gateway_api_key.clients["acme"]` */
export function addressIn({ call }: Module, { words }: Block, key?: string | number): string {
  const own = words[0] === 'resource' ? words.slice(1) : words;
  return `${call.prefix}${own.join('.')}${key === undefined ? '' : `[${JSON.stringify(key)}]`}`;
}

/** A module that another one calls, with the key of the call. */
interface CalledModule extends Module {
  readonly key?: string | number;
}

/** Once per occurrence; unresolved where it isn't known how many there are, or the module could not be read. */
export function callsIn(module: Module, block: Block): readonly CalledModule[] | Unresolved {
  const name = block.words[1] ?? '';
  const inner = module.loaded.modules.get(name);
  if (!inner) return unresolved(`module.${name} was not read`);
  return module.once(`the calls of ${name}`, () => {
    const found = occurrencesIn(module, block);
    if (isUnresolved(found)) return found;
    return found.map(({ key, lookup }) => {
      const called = createModule(
        inner,
        toCall(module, block, addressIn(module, block, key), lookup),
        module.options,
      );
      return compact({ ...called, key });
    });
  });
}

function toCall({ call }: Module, { body }: Block, address: string, lookup: Lookup): Call {
  const { providers } = body;
  const passed = isRecord(providers)
    ? Object.entries(providers).map(([name, given]) => [name, providerName(given, call.providers)])
    : [];
  return {
    prefix: `${address}.`,
    input: (name) => (body[name] === undefined ? undefined : evaluateTree(body[name], lookup)),
    providers: { ...call.providers, ...Object.fromEntries(passed) },
  };
}

/** `aws.london`, written as an expression or, before Terraform 0.12, as text; as the first module calls it. */
export function providerName(written: unknown, providers: Call['providers']): string | undefined {
  const [traversal] = expressionOf(written) ? traversalsIn(written) : [];
  const text = typeof written === 'string' ? written : undefined;
  const name = traversal ? traversalText(traversal) : text;
  return providers[name ?? 'aws'] ?? name;
}
