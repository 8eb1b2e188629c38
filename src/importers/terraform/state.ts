/** Terraform's state, and what `terraform show -json` makes of it or of a plan: exact, with ids. */

import { compact } from '../../core/model/compact.ts';
import { isRecord, textOf } from '../common/fields.ts';
import { type Finding, finding } from '../common/model.ts';
import type { Path, Source } from '../common/source.ts';
import { unresolved } from '../common/unresolved.ts';
import {
  type Declarations,
  type Declared,
  fullType,
  isImported,
  secretsIn,
  textsIn,
  type Use,
  withoutKeys,
} from './resources.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A resource instance as any of the forms has it. `depends`: addresses without what tells instances apart. */
interface Instance extends Declared {
  readonly depends: readonly string[];
}

interface Reading {
  readonly source: Source;
  readonly findings: Finding[];
  readonly secrets: Set<string>;
}

/** What a JSON file of Terraform's holds, or undefined where it is none. */
export function readState(source: Source): Declarations | undefined {
  if (!isRecord(source.value)) return undefined;
  const root = source.value;
  const findings: Finding[] = [];
  const secrets = new Set(sensitiveOutputs(root).filter((text) => text.length >= SHORTEST_OUTPUT));
  const instances = instancesOf(root, { source, findings, secrets });
  if (!instances) return undefined;
  const holdsValue = instances.find(
    ({ type, values }) => type === fullType('api_key') && values.value !== undefined,
  );
  if (holdsValue) {
    const message =
      'the state holds the values of keys, as old versions of it go on doing (they are not shown): where more people can read it than may use the keys, rotate them after the hand-over';
    findings.push(finding('VALUE_IN_STATE', holdsValue.at(['value']), message));
  }
  return { declared: instances, secrets, findings, uses: usesOf(instances) };
}

/** A sensitive output may be any text, such as the name of a stage. */
const SHORTEST_OUTPUT = 20;

function sensitiveOutputs(root: Fields): string[] {
  const values = isRecord(root.values) ? root.values.outputs : undefined;
  return [root.outputs, values]
    .filter(isRecord)
    .flatMap(Object.values)
    .filter((output) => isRecord(output) && output.sensitive === true)
    .flatMap((output) => textsIn(output.value));
}

function instancesOf(root: Fields, reading: Reading): Instance[] | undefined {
  const { source, findings } = reading;
  if (root.version === 4 && Array.isArray(root.resources))
    return ofStateFile(root.resources, reading);
  if (typeof root.version === 'number' && 'terraform_version' in root) {
    findings.push(
      finding(
        'UNSUPPORTED_SOURCE',
        source.at(['version']),
        `state of version ${root.version}: only version 4 is read (Terraform 0.12 and later write it); run terraform show -json with the Terraform that wrote this, or upgrade first`,
      ),
    );
    return [];
  }
  if (typeof root.format_version !== 'string') return undefined;
  if (!('planned_values' in root))
    return ofModule(rootModule(root), ['values', 'root_module'], reading);
  return ofPlan(root, reading);
}

function rootModule(holder: unknown): unknown {
  return isRecord(holder) && isRecord(holder.values) ? holder.values.root_module : undefined;
}

/** A plan tells what was there before it as well. */
function ofPlan(root: Fields, reading: Reading): Instance[] {
  const { source, findings } = reading;
  for (const [index, change] of list(root.resource_changes).entries()) {
    if (!isRecord(change) || !isImported(String(change.type))) continue;
    const actions = isRecord(change.change) ? list(change.change.actions).map(String) : [];
    if (
      change.mode === 'data' ||
      actions.every((action) => action === 'no-op' || action === 'read')
    )
      continue;
    const message = `${String(change.address)}: the plan would ${actions.join(' and ')} it, and what is imported is what was there before; apply the plan first, and import the state`;
    findings.push(finding('CHANGE_PENDING', source.at(['resource_changes', index]), message));
  }
  const before = rootModule(root.prior_state);
  if (before !== undefined)
    return ofModule(before, ['prior_state', 'values', 'root_module'], reading);
  const message =
    'a plan without a state before it: nothing of it exists yet; apply the plan, and import the state';
  findings.push(finding('UNSUPPORTED_SOURCE', source.at([]), message));
  return [];
}

/** `terraform show -json`: a module and those in it. */
function ofModule(module: unknown, path: Path, reading: Reading): Instance[] {
  if (!isRecord(module)) return [];
  const own = list(module.resources).flatMap((resource, index): Instance[] => {
    if (!isRecord(resource)) return [];
    const at = [...path, 'resources', index];
    const raw = isRecord(resource.values) ? resource.values : {};
    return toInstance(reading, [...at, 'values'], {
      resource,
      address: String(resource.address),
      raw,
      values: hideMarked(raw, resource.sensitive_values) as Fields,
      isTainted: resource.tainted === true,
      depends: list(resource.depends_on),
    });
  });
  const inner = list(module.child_modules).flatMap((child, index) =>
    ofModule(child, [...path, 'child_modules', index], reading),
  );
  return [...own, ...inner];
}

/** A state file: resources, each with its instances. */
function ofStateFile(resources: readonly unknown[], reading: Reading): Instance[] {
  return resources.flatMap((resource, index) => {
    if (!isRecord(resource)) return [];
    return list(resource.instances).flatMap((instance, number): Instance[] => {
      // What a replacement left behind, and Terraform is about to delete.
      if (!isRecord(instance) || instance.deposed !== undefined) return [];
      const at = ['resources', index, 'instances', number];
      const raw = isRecord(instance.attributes) ? instance.attributes : {};
      const marks = list(instance.sensitive_attributes).map(toMirror);
      return toInstance(reading, [...at, 'attributes'], {
        resource,
        address: addressOf(resource, instance.index_key),
        raw,
        values: marks.reduce<unknown>(hideMarked, raw) as Fields,
        isTainted: instance.status === 'tainted',
        depends: list(instance.dependencies),
      });
    });
  });
}

interface Found {
  readonly resource: Fields;
  readonly address: string;
  /** As it stands in the file; `values` has lost what is marked as sensitive. */
  readonly raw: Fields;
  readonly values: Fields;
  readonly isTainted: boolean;
  readonly depends: readonly unknown[];
}

function toInstance({ source, findings, secrets }: Reading, path: Path, found: Found): Instance[] {
  const { resource, address, raw, values, isTainted, depends } = found;
  const at = (rest: Path = []) => source.at([...path, ...rest]);
  const type = String(resource.type);
  for (const secret of secretsIn(type, raw)) secrets.add(secret);
  if (isTainted && isImported(type)) {
    findings.push(
      finding(
        'TAINTED',
        at([]),
        `${address}: Terraform would replace it with its next apply; terraform untaint it first`,
      ),
    );
  }
  const provider = /"\]\.([\w-]+)$/.exec(String(resource.provider))?.[1];
  const region = textOf(values.region) ?? /^arn:[^:]+:[^:]+:([^:]+):/.exec(String(values.arn))?.[1];
  return [
    compact({
      type,
      name: String(resource.name),
      address,
      isData: resource.mode === 'data',
      ...(typeof values.id === 'string' && { id: values.id }),
      ...(provider !== undefined && { provider: `aws.${provider}` }),
      region,
      values,
      at,
      depends: depends.map(String),
    }),
  ];
}

function addressOf({ module, mode, type, name }: Fields, key: unknown): string {
  const isIndexed = typeof key === 'number' || typeof key === 'string';
  const index = isIndexed ? `[${JSON.stringify(key)}]` : '';
  return [
    ...(module ? [module] : []),
    ...(mode === 'data' ? ['data'] : []),
    type,
    `${String(name)}${index}`,
  ].join('.');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const MARKED =
  'Terraform marks it as sensitive, and it is never read here; write it into the manifest if it may stand there';

/** Without what `sensitive_values` marks, which mirrors the values. */
function hideMarked(value: unknown, mark: unknown): unknown {
  if (mark === true) return value === null || value === '' ? value : unresolved(MARKED);
  if (Array.isArray(value)) return value.map((item, index) => hideMarked(item, list(mark)[index]));
  if (!isRecord(value) || !isRecord(mark)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, hideMarked(member, mark[name])]),
  );
}

/** A mark of a state file, which is a path, as `sensitive_values` has it: `{ variables: { url: true } }`. A path that isn't understood hides the whole field. */
function toMirror(mark: unknown): unknown {
  const names = list(mark).map((step) => {
    if (!isRecord(step)) return undefined;
    return isRecord(step.value) ? step.value.value : step.value;
  });
  return names.reduceRight<unknown>(
    (inner, name) => (typeof name === 'string' ? { [name]: inner } : true),
    true,
  );
}

/** The resources that Terraform made with something of others. */
function usesOf(instances: readonly Instance[]): Use[] {
  const uses = instances.map(({ address, depends, at }) => ({
    by: withoutKeys(address),
    of: depends.map(withoutKeys),
    at: at(),
  }));
  return [...new Map(uses.map((use) => [use.by, use])).values()];
}
