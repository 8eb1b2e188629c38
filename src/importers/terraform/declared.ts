/** Terraform's own files as what they declare: every instance of every resource that matters here. */

import { compact } from '../../core/model/compact.ts';
import { isRecord, textOf } from '../common/fields.ts';
import type { ValueOrigin } from '../common/key-value.ts';
import { type Finding, finding, type Position } from '../common/model.ts';
import { isUnresolved, unresolvedIn } from '../common/unresolved.ts';
import { evaluateTree } from './evaluate.ts';
import { evaluateBlock, type Occurrence } from './instances.ts';
import {
  type Block,
  type Loaded,
  loadModule,
  type ReadDirectory,
  type SourceText,
} from './load.ts';
import {
  addressIn,
  callsIn,
  createRoot,
  type Module,
  occurrencesIn,
  providerName,
} from './module.ts';
import { traversalsIn, traversalText } from './names.ts';
import {
  blocksOf,
  type Declarations,
  type Declared,
  fullType,
  isImported,
  isSecretField,
  secretsIn,
  textsIn,
  type Use,
  withoutKeys,
} from './resources.ts';

export interface HclOptions {
  /** Variables of the first module, by name. */
  readonly variables: Readonly<Record<string, string>>;
  readonly read: ReadDirectory;
}

export async function readDeclarations(
  directory: string,
  texts: readonly SourceText[],
  options: HclOptions,
): Promise<Declarations> {
  const findings: Finding[] = [];
  const loaded = await loadModule(texts, options.read, findings, { directory });
  const defaults = new Map<string, Position>();
  const onDefault = (name: string, at: Position) => defaults.set(name, at);
  const root = createRoot(loaded, options.variables, { reveal: false, onDefault });
  const revealing = createRoot(loaded, options.variables, { reveal: true, onDefault: () => {} });
  const values = new Map(allBlocks(revealing).flatMap((found) => revealedValues(found)));
  const regions = regionsOf(root);
  const declared = allBlocks(root, findings).flatMap((found) =>
    declare(found, values, regions, findings),
  );
  for (const [name, at] of defaults) {
    const message = `var.${name}: what is imported has its default; where Terraform was given another value, give --var ${name}=<value>, or import the state`;
    findings.push(finding('VARIABLE_DEFAULT', at, message));
  }
  findings.push(
    ...oldTerraform(loaded),
    ...notDeclared(loaded, Object.keys(options.variables), texts),
  );
  const secrets = new Set(
    [...values.values()].flatMap((value) => secretsIn(fullType('api_key'), { value })),
  );
  return { declared, secrets, findings, uses: usesIn(loaded, '') };
}

interface FoundBlock {
  readonly module: Module;
  readonly block: Block;
  readonly occurrences: readonly Occurrence[];
}

/** The blocks of resources and data sources that matter here, of a module and of those that it calls. */
function allBlocks(module: Module, findings: Finding[] = []): FoundBlock[] {
  return module.loaded.blocks.flatMap((block): FoundBlock[] => {
    const [kind, type = ''] = block.words;
    const isCall = kind === 'module' && module.loaded.modules.has(type);
    if (!isCall && !((kind === 'resource' || kind === 'data') && isImported(type))) return [];
    const occurrences = occurrencesIn(module, block);
    if (isUnresolved(occurrences)) {
      const message = `${addressIn(module, block)}: left out, since the files don't tell how many there are; ${unresolvedIn(occurrences).join('; ')}`;
      findings.push(
        finding(
          'UNRESOLVED',
          block.at([block.body.count === undefined ? 'for_each' : 'count']),
          message,
        ),
      );
      return [];
    }
    if (!isCall) return [{ module, block, occurrences }];
    const called = callsIn(module, block);
    return isUnresolved(called) ? [] : called.flatMap((inner) => allBlocks(inner, findings));
  });
}

/** Key values that the files alone make: by the address of the key. */
function revealedValues({ module, block, occurrences }: FoundBlock): (readonly [string, string])[] {
  const [, type = ''] = block.words;
  if (!isSecretField(type, 'value') || block.body.value === undefined) return [];
  return occurrences.flatMap(({ key, lookup }) => {
    const value = textOf(evaluateTree(block.body.value, lookup));
    return value === undefined ? [] : [[addressIn(module, block, key), value] as const];
  });
}

function declare(
  { module, block, occurrences }: FoundBlock,
  revealed: ReadonlyMap<string, string>,
  regions: ReadonlyMap<string, string>,
  findings: Finding[],
): Declared[] {
  const [kind, type = '', name = ''] = block.words;
  const provider = providerName(block.body.provider, module.call.providers);
  const ignored = ignoredFields(block);
  if (ignored.length > 0) {
    const message = `${withoutKeys(addressIn(module, block))}: ${ignored.join(', ')} left out, since Terraform ignores changes of that, and the files don't tell what is live`;
    findings.push(finding('UNRESOLVED', block.at(['lifecycle']), message));
  }
  return occurrences.map(({ key, lookup }) => {
    const { value, lifecycle: _, ...body } = block.body;
    const address = addressIn(module, block, key);
    const fields = Object.entries(evaluateBlock(body, lookup)).filter(
      ([field]) => !ignored.includes(field),
    );
    const values = Object.fromEntries(fields);
    const region = textOf(values.region) ?? regions.get(provider ?? 'aws');
    return compact({
      type,
      name,
      address,
      isData: kind === 'data',
      ...(provider !== undefined && provider !== 'aws' && { provider }),
      region,
      ...(value !== undefined &&
        value !== null &&
        isSecretField(type, 'value') && { value: originOf(value, revealed.has(address)) }),
      values,
      at: block.at,
    });
  });
}

function originOf(written: unknown, isInFiles: boolean): ValueOrigin {
  if (isInFiles) return { kind: 'literal' };
  const names = [...new Set(traversalsIn(written).map(traversalText))];
  return { kind: 'elsewhere', where: names.join(', ') || 'an expression' };
}

/** What tells an object apart stays, whatever is ignored: it decides which object is meant. */
const IDENTITY = new Set([
  'name',
  'rest_api_id',
  'stage_name',
  'method_path',
  'resource_id',
  'http_method',
  'key_id',
  'usage_plan_id',
]);
/** Never part of a manifest. */
const UNUSED = new Set([
  'value',
  'deployment_id',
  'triggers',
  'provider',
  'count',
  'for_each',
  'lifecycle',
  'depends_on',
  'dynamic',
]);

/** The fields that are written here, and of which `lifecycle` says that they may be otherwise. */
function ignoredFields({ body }: Block): string[] {
  const [lifecycle] = blocksOf(body.lifecycle);
  const list: unknown = isRecord(lifecycle) ? lifecycle.ignore_changes : undefined;
  const names = new Set([...textsIn(list), ...traversalsIn(list).map(({ root }) => root)]);
  const written = [body, ...blocksOf(body.dynamic).filter(isRecord)].flatMap(Object.keys);
  const fields = [...new Set(written)].filter(
    (field) => !IDENTITY.has(field) && !UNUSED.has(field),
  );
  return fields.filter((field) => names.has('all') || names.has(field));
}

/** By provider, as the first module calls it. */
function regionsOf(root: Module): Map<string, string> {
  const providers = root.loaded.blocks.filter(
    ({ words }) => words[0] === 'provider' && words[1] === 'aws',
  );
  return new Map(
    providers.flatMap(({ body }) => {
      const region = textOf(evaluateTree(body.region, root.lookup));
      const name = typeof body.alias === 'string' ? `aws.${body.alias}` : 'aws';
      return region === undefined ? [] : [[name, region] as const];
    }),
  );
}

/** What else in the files refers to something of API Gateway: it has to change before that can leave Terraform. */
function usesIn({ blocks, modules }: Loaded, prefix: string): Use[] {
  const own = blocks.map((block) => {
    const path = block.words[0] === 'resource' ? block.words.slice(1) : block.words;
    const of = traversalsIn(block.body).filter(({ root }) => isImported(root));
    return {
      by: `${prefix}${path.join('.')}`,
      of: of.map(({ root, steps }) => `${prefix}${root}.${steps[0]}`),
      at: block.at(),
    };
  });
  return [
    ...own.filter(({ of }) => of.length > 0),
    ...[...modules].flatMap(([name, inner]) => usesIn(inner, `${prefix}module.${name}.`)),
  ];
}

function notDeclared(
  { blocks }: Loaded,
  names: readonly string[],
  [first]: readonly SourceText[],
): Finding[] {
  const declared = new Set(
    blocks.filter(({ words }) => words[0] === 'variable').map(({ words }) => words[1]),
  );
  return names
    .filter((name) => !declared.has(name))
    .map((name) =>
      finding(
        'NOT_DECLARED',
        { file: first?.file ?? '.', line: 1 },
        `--var ${name}: no variable of that name is declared here`,
      ),
    );
}

const BEFORE_012 = /(^|[^\d.])0\.(?:[0-9]|10|11)(?!\d)/;

function oldTerraform({ blocks }: Loaded): Finding[] {
  const wanted = blocks.filter(
    ({ words, body }) =>
      words[0] === 'terraform' && BEFORE_012.test(textOf(body.required_version) ?? ''),
  );
  return wanted.map(({ at }) =>
    finding(
      'OLD_TERRAFORM',
      at(['required_version']),
      'this was written for Terraform 0.11 or before, where much is read otherwise; import the state: terraform show -json of version 0.12 or later',
    ),
  );
}
