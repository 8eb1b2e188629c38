/** What Terraform has or declares, whichever file it was read from. */
import { createFields, type Fields, isRecord } from '../common/fields.ts';
import type { ValueOrigin } from '../common/key-value.ts';
import type { Finding, Position, RestApi } from '../common/model.ts';
import type { Path, Source } from '../common/source.ts';
import { isUnresolved, type Unresolved, unresolved } from '../common/unresolved.ts';

/** A resource, or a data source, as a file has it. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  /** `module.apis["a"].aws_api_gateway_api_key.clients["acme"]` */
  readonly address: string;
  readonly isData: boolean;
  /** Known to state alone. */
  readonly id?: string;
  /** `aws.london` where it isn't the default one. */
  readonly provider?: string;
  readonly region?: string;
  /** Where the value of a key comes from, as far as the file tells. Never the value. */
  readonly value?: ValueOrigin;
  readonly values: Readonly<Record<string, unknown>>;
  readonly at: (path?: Path) => Position;
}

/** Something that refers to resources, all by their addresses without keys. */
export interface Use {
  readonly by: string;
  readonly of: readonly string[];
  readonly at: Position;
}

/** What a file gives, before it is translated. */
export interface Declarations {
  readonly declared: readonly Declared[];
  /** Key values that were come across: they are looked for wherever text leaves the file. */
  readonly secrets: ReadonlySet<string>;
  readonly findings: readonly Finding[];
  readonly uses: readonly Use[];
}

export interface Resource extends Fields, Omit<Declared, 'values' | 'at' | 'name'> {
  /** `clients["acme"]`: for a document whose object has no name that is known. */
  readonly label: string;
}

/** Everything that was declared, to be asked while it is translated. */
export interface Terraform {
  readonly ofType: (type: ResourceType) => readonly Resource[];
  /** The resource, or data source, that a value is the id of. */
  readonly find: (type: ResourceType, value: unknown) => Resource | undefined;
  readonly nameDocument: (kind: string, name: string) => string;
  readonly findings: Finding[];
}

const TYPES = [
  'api_key',
  'usage_plan',
  'usage_plan_key',
  'rest_api',
  'resource',
  'method',
  'stage',
  'method_settings',
  'deployment',
] as const;
type ResourceType = (typeof TYPES)[number];

export function fullType(type: ResourceType): string {
  return `aws_api_gateway_${type}`;
}

const FULL_TYPES: ReadonlySet<string> = new Set(TYPES.map(fullType));

/** Whether anything in a manifest can come from a resource of this type. */
export function isImported(type: string): boolean {
  return FULL_TYPES.has(type);
}

export function createTerraform(
  declared: readonly Declared[],
  nameDocument: Terraform['nameDocument'],
  secrets: ReadonlySet<string>,
): Terraform {
  const findings: Finding[] = [];
  const resources = declared.map((one) => toResource(one, secrets, findings));
  const byType = Map.groupBy(resources, ({ type }) => type);
  const ofType = (type: ResourceType) => byType.get(fullType(type)) ?? [];
  return {
    findings,
    nameDocument,
    ofType: (type) => ofType(type).filter(({ isData }) => !isData),
    find: (type, value) => {
      const target = targetOf(value);
      const wanted = target && target.attribute === 'id' ? target.address : undefined;
      return ofType(type).find(
        ({ id, address }) =>
          address === wanted || (typeof value === 'string' && value !== '' && id === value),
      );
    },
  };
}

function toResource(
  declared: Declared,
  secrets: ReadonlySet<string>,
  findings: Finding[],
): Resource {
  const { values, at, name, ...head } = declared;
  const label = declared.address.slice(
    declared.address.lastIndexOf(`${declared.type}.`) + declared.type.length + 1,
  );
  const source: Source = { file: at().file, value: values, at, text: () => undefined };
  return {
    ...createFields(
      source,
      [],
      hideSecrets(values, secrets),
      declared.address,
      declared.address,
      findings,
    ),
    ...head,
    label: isUnresolved(hideSecrets(label, secrets)) ? name : label,
  };
}

/** A text that holds a key value is as good as unknown: it must not be repeated. */
function hideSecrets(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (typeof value === 'string') {
    return [...secrets].some((secret) => value.includes(secret))
      ? unresolved('a key value stands in it, and is not repeated')
      : value;
  }
  if (isUnresolved(value)) return value;
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, secrets));
  if (!isRecord(value)) return value;
  const members = Object.entries(value).filter(
    ([name]) => !isUnresolved(hideSecrets(name, secrets)),
  );
  return Object.fromEntries(members.map(([name, member]) => [name, hideSecrets(member, secrets)]));
}

/** Where values are: by type and field, whatever a file marks as sensitive. */
const SECRET_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['aws_api_gateway_api_key', ['value']],
  ['aws_api_gateway_api_keys', ['items']],
  ['aws_api_gateway_usage_plan_key', ['value']],
  ['random_password', ['result', 'bcrypt_hash']],
  ['aws_secretsmanager_secret_version', ['secret_string', 'secret_binary', 'secret_string_wo']],
  ['aws_secretsmanager_random_password', ['random_password']],
]);

export function isSecretField(type: string, field: string): boolean {
  return SECRET_FIELDS.get(type)?.includes(field) ?? false;
}

/** API Gateway takes no key value that is shorter than 20; what is much shorter than that would be found in harmless text. */
const SHORTEST_SECRET = 16;

/** The texts of secret fields. */
export function secretsIn(type: string, values: Readonly<Record<string, unknown>>): string[] {
  const isSecure = type === 'aws_ssm_parameter' && values.type === 'SecureString';
  const fields = Object.entries(values).filter(
    ([field]) => isSecretField(type, field) || (isSecure && field === 'value'),
  );
  return fields
    .flatMap(([, value]) => textsIn(value))
    .filter((text) => text.length >= SHORTEST_SECRET);
}

export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

const REFERENCE = Symbol('reference');

export interface Target {
  readonly address: string;
  readonly attribute: string;
}

interface Reference extends Unresolved {
  readonly [REFERENCE]: Target;
}

/** An attribute that the files don't say, such as an id. */
export function toReference(target: Target): Reference {
  return {
    ...unresolved(
      `${target.address}.${target.attribute} is known to the account alone; import the state, which has it`,
    ),
    [REFERENCE]: target,
  };
}

export function targetOf(value: unknown): Target | undefined {
  return typeof value === 'object' && value !== null && REFERENCE in value
    ? (value as Reference)[REFERENCE]
    : undefined;
}

/** The API that a field refers to; undefined, with a finding, where it isn't known. */
export function restApiOf(terraform: Terraform, fields: Fields, name: string): RestApi | undefined {
  const value = fields.values[name];
  const api = terraform.find('rest_api', value);
  if (api?.id !== undefined) return { id: api.id };
  if (typeof value === 'string') return { id: value };
  const named = api?.text('name');
  if (named !== undefined) return { name: named };
  if (!api) fields.known(name);
  return undefined;
}

/** A block, or the only one of a list of them; of Terraform 0.11, a map written as a block. */
export function onlyBlock(value: unknown): unknown {
  return Array.isArray(value) && value.length <= 1 ? value[0] : value;
}

export function blocksOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** `aws_api_gateway_api_key.clients["acme"]` without what tells instances apart, which a `removed` block doesn't take. */
export function withoutKeys(address: string): string {
  return address.replaceAll(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, '');
}
