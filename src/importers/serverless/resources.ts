/** The `resources` of a Serverless file: a template of its own, or several. */
import { declaredIn } from '../cloudformation/resources.ts';
import type { Declared } from '../cloudformation/sam.ts';
import { isRecord } from '../common/fields.ts';
import type { Path } from '../common/source.ts';
import { isUnresolved, unresolvedIn } from '../common/unresolved.ts';
import type { Properties, Service } from './service.ts';

/** The file's own resources, but for those that change what the framework makes, and the template that they are of. */
export function ownResources(
  service: Service,
  generated: readonly Declared[],
): { declared: Declared[]; template: Properties } {
  const { root, variables, report } = service;
  const { resources } = root;
  const parts = (Array.isArray(resources) ? resources : [resources]).map((part: unknown, index) => {
    const path: Path = Array.isArray(resources) ? ['resources', index] : ['resources'];
    const value = variables.resolve(part, isKeyValue);
    if (isUnresolved(value))
      report('UNRESOLVED', path, `resources are left out; ${unresolvedIn(value).join('; ')}`);
    return { path, value };
  });
  const template = joined(parts.map(({ value }) => value));
  warnOfExtensions(template, generated, service);
  warnOfMethods(template, service);
  const declared = parts.flatMap(({ path, value }) => declaredIn(path, value));
  return {
    declared: declared.filter((resource) => !overrides(resource, generated, service)),
    template,
  };
}

function isKeyValue(path: Path): boolean {
  return path.at(-1) === 'Value' && path.at(-2) === 'Properties';
}

function joined(parts: readonly unknown[]): Properties {
  const names = ['Parameters', 'Mappings', 'Conditions', 'Resources', 'Globals', 'extensions'];
  const sections = names.map(
    (name) =>
      [
        name,
        Object.assign({}, ...parts.map((part) => (isRecord(part) ? part[name] : undefined))),
      ] as const,
  );
  return Object.fromEntries(sections);
}

function overrides(
  { id, path }: Declared,
  generated: readonly Declared[],
  { report }: Service,
): boolean {
  const isSame = generated.some((other) => other.id === id);
  if (isSame)
    report(
      'OVERRIDDEN',
      path,
      `${id} changes what the framework makes; the manifest has only what the framework would make, so write the difference into it`,
    );
  return isSame;
}

function warnOfExtensions(
  { extensions }: Properties,
  generated: readonly Declared[],
  { report }: Service,
): void {
  for (const { id } of generated) {
    const extension = isRecord(extensions) ? extensions[id] : undefined;
    if (!isRecord(extension) || extension.Properties === undefined) continue;
    report(
      'OVERRIDDEN',
      ['resources', 'extensions', id],
      `${id} has properties of its own here, which the manifest lacks; write them into it`,
    );
  }
}

/** The framework's own methods, changed by their logical ids. */
function warnOfMethods(template: Properties, { report }: Service): void {
  for (const place of ['Resources', 'extensions']) {
    const entries = isRecord(template[place]) ? Object.entries(template[place]) : [];
    const changed = entries.filter(
      ([id, entry]) => id.startsWith('ApiGatewayMethod') && isRecord(entry) && changesKey(entry),
    );
    for (const [id] of changed) {
      report(
        'OVERRIDDEN',
        ['resources', place, id],
        `${id} says itself whether the method demands a key; the manifest has what private says, so write the difference into it`,
      );
    }
  }
}

function changesKey({ Type, Properties }: Properties): boolean {
  return Type === undefined && isRecord(Properties) && Properties.ApiKeyRequired !== undefined;
}
