/** States in which nothing works as it looks: of keys, plans and methods together, whatever the source was. */
import type { Json } from '../core/model.ts';
import { isMap } from '../core/values.ts';
import { type Finding, finding, type ManifestDocument, type RequiredMethod, type Requirement } from './model.ts';

export function badStates(documents: readonly ManifestDocument[], requirements: readonly Requirement[]): Finding[] {
  const keys = documents.filter(({ kind }) => kind === 'ApiKey');
  const plans = documents.filter(({ kind }) => kind === 'UsagePlan');
  return [
    ...requirements.flatMap((requirement) => required(requirement, keys.length > 0 || plans.some(hasKeys))),
    ...withoutRequirement(keys, requirements),
    ...withoutPlan(keys, plans),
    ...plans.flatMap(emptyPlan),
    ...sameName([...keys, ...plans]),
  ];
}

function required(requirement: Requirement, hasKey: boolean): Finding[] {
  const { methods, apiKeyRequired, source } = requirement;
  const demanding = methods.filter((method) => method.apiKeyRequired);
  if (demanding.length === 0 && !apiKeyRequired) return [];
  const open = apiKeyRequired ? methods.filter((method) => !method.apiKeyRequired) : [];
  const exceptions = open.length > 0 ? ` but ${listOf(open)}` : '';
  const what = apiKeyRequired ? `every method${exceptions}` : listOf(demanding);
  const found = [
    finding(
      'KEY_REQUIRED',
      source,
      `${apiText(requirement)} demands a key for ${what}; no manifest says so yet, so leave it where it is, in the API's own definition`,
    ),
  ];
  if (!hasKey) {
    const message = `${apiText(requirement)} demands a key, and this file declares none: calls get 403 unless a key is made elsewhere; declare it there, or here as an ApiKey`;
    found.push(finding('REQUIRED_WITHOUT_KEY', source, message));
  }
  return found;
}

function apiText({ restApi, address }: Requirement): string {
  if (!restApi) return address === undefined ? 'the API' : `the API ${address}`;
  return `the API ${'name' in restApi ? restApi.name : restApi.id}`;
}

function listOf(methods: readonly RequiredMethod[]): string {
  return methods.map(({ method, path }) => `${method} ${path}`).join(', ');
}

/** Nothing is said where the source has no methods at all: they are then declared elsewhere. */
function withoutRequirement(keys: readonly ManifestDocument[], requirements: readonly Requirement[]): Finding[] {
  const [first] = keys;
  const [known] = requirements;
  if (!first || !known || requirements.some(isDemanding)) return [];
  const message = `no method of this file demands a key, so the ${keys.length === 1 ? 'key opens nothing' : 'keys open nothing'} that isn't open already; is the API protected otherwise?`;
  return [finding('KEY_WITHOUT_REQUIREMENT', first.source, message)];
}

function isDemanding({ apiKeyRequired, methods }: Requirement): boolean {
  return apiKeyRequired === true || methods.some((method) => method.apiKeyRequired);
}

function withoutPlan(keys: readonly ManifestDocument[], plans: readonly ManifestDocument[]): Finding[] {
  const members = new Set(plans.flatMap(({ spec }) => membersOf(spec.keys).map((key) => (typeof key === 'string' ? key : idOf(key)))));
  return keys
    .filter(({ name, adopt }) => !members.has(name) && !(typeof adopt === 'object' && members.has(adopt.id)))
    .map(({ name, source }) =>
      finding('KEY_WITHOUT_PLAN', source, `ApiKey ${name}: no plan of this file has the key; in no plan at all, it opens nothing`),
    );
}

function emptyPlan({ name, source, spec }: ManifestDocument): Finding[] {
  const stages = membersOf(spec.stages).length === 0 && `names no stage that could be read here; a plan without a stage opens nothing`;
  const keys = !hasKeys({ spec }) && 'has no key that could be read here; leave keys out, and the live ones stay';
  return [
    ...(stages ? [finding('PLAN_WITHOUT_STAGE', source, `UsagePlan ${name}: ${stages}`)] : []),
    ...(keys ? [finding('PLAN_WITHOUT_KEY', source, `UsagePlan ${name}: ${keys}`)] : []),
  ];
}

/** Two objects of one name: neither can be found by it. */
function sameName(documents: readonly ManifestDocument[]): Finding[] {
  const named = documents.filter(({ adopt }) => adopt === 'by-name');
  const groups = Map.groupBy(named, ({ kind, name, spec }) => `${kind} ${String(spec.name ?? name)}`);
  return [...groups].flatMap(([what, group]) => {
    if (group.length === 1) return [];
    const message = `${group.length} objects are the ${what}: by-name would be refused; write the id of each instead`;
    return group.map(({ source }) => finding('AMBIGUOUS_NAME', source, message));
  });
}

function hasKeys({ spec }: Pick<ManifestDocument, 'spec'>): boolean {
  return membersOf(spec.keys).length > 0;
}

function membersOf(list: Json | undefined): readonly Json[] {
  return Array.isArray(list) ? list : [];
}

function idOf(key: Json): Json | undefined {
  return isMap(key) ? key.id : undefined;
}
