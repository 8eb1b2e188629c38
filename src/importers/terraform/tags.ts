/** What every resource of Terraform's may have: tags, and a place. */
import type { Json } from '../../core/model/model.ts';
import { type Fields, isRecord, textOf } from '../common/fields.ts';
import { finding } from '../common/model.ts';
import { isUnresolved } from '../common/unresolved.ts';
import { onlyBlock, type Resource, type Terraform } from './resources.ts';

/** State has in `tags_all` those of the provider as well; AWS's own are nobody's to write. */
export function tagsOf(resource: Resource): Json | undefined {
  const tags = textsOf(resource, isRecord(resource.values.tags_all) ? 'tags_all' : 'tags');
  const own = Object.entries(tags).filter(([name]) => !/^(aws|apikeeper):/.test(name));
  return own.length > 0 ? Object.fromEntries(own) : undefined;
}

/** A map of texts, each member on its own: one that isn't known doesn't keep the others out. */
export function textsOf(fields: Fields, name: string): Record<string, string> {
  const map = onlyBlock(fields.values[name]);
  if (!isRecord(map)) {
    if (isUnresolved(map)) fields.known(name);
    return {};
  }
  const inner = fields.within(map, name);
  return Object.fromEntries(
    Object.keys(map).flatMap((key) => {
      const text = textOf(map[key]) ?? inner.text(key);
      return text === undefined ? [] : [[key, text] as const];
    }),
  );
}

/** For a comment: the provider and the region, where they are told. */
export function placeOf({ provider, region }: Resource): string[] {
  const parts = [
    ...(provider !== undefined ? [`provider ${provider}`] : []),
    ...(region !== undefined ? [`region ${region}`] : []),
  ];
  return parts.length > 0 ? [parts.join(', ')] : [];
}

/** For a document: where its object is, if that is told. */
export function regionOf({ region }: Resource): { readonly region?: string } {
  return region === undefined ? {} : { region };
}

/** Manifests of one namespace are of one account and region. */
export function warnOfPlaces(terraform: Terraform): void {
  const resources = (['api_key', 'usage_plan', 'stage'] as const).flatMap(terraform.ofType);
  const places = Map.groupBy(
    resources,
    (resource) => placeOf(resource)[0] ?? 'the default provider',
  );
  const [first] = resources;
  if (!first || places.size === 1) return;
  const list = [...places].map(([place, { length }]) => `${place} (${length})`).join(' · ');
  const message = `what is imported is in several places: ${list}; the comment above each document says which; give each place a Target and a namespace of its own`;
  terraform.findings.push(finding('SEVERAL_PROVIDERS', first.at(), message));
}
