/** States in which nothing works as it looks: of keys, plans and methods together, whatever the source was. */

import { lint } from '../../core/lint/lint.ts';
import { isMap } from '../../core/model/json.ts';
import type { Json } from '../../core/model/model.ts';
import type { Subject } from '../../core/model/warning.ts';
import { isDemanding } from './key-requirements.ts';
import { type Finding, finding, type ManifestDocument, type Requirement } from './model.ts';

export function lintImported(
  documents: readonly ManifestDocument[],
  requirements: readonly Requirement[],
): Finding[] {
  const keys = documents.filter(({ kind }) => kind === 'ApiKey');
  const plans = documents.filter(({ kind }) => kind === 'UsagePlan');
  return [
    ...requirements.flatMap((requirement) =>
      required(requirement, keys.length > 0 || plans.some(hasKeys)),
    ),
    ...withoutRequirement(keys, requirements),
    ...known(keys, plans),
    ...sameName([...keys, ...plans]),
  ];
}

function required(requirement: Requirement, hasKey: boolean): Finding[] {
  if (hasKey || !isDemanding(requirement)) return [];
  const message = `the API ${requirement.label} demands a key, and this file declares none: calls get 403 unless a key is made elsewhere; declare it there, or here as an ApiKey`;
  return [finding('REQUIRED_WITHOUT_KEY', requirement.source, message)];
}

/** Nothing is said where the source has no methods at all: they are then declared elsewhere. */
function withoutRequirement(
  keys: readonly ManifestDocument[],
  requirements: readonly Requirement[],
): Finding[] {
  const [first] = keys;
  const [known] = requirements;
  if (!first || !known || requirements.some(isDemanding)) return [];
  const message = `no method of this file demands a key, so the ${keys.length === 1 ? 'key opens nothing' : 'keys open nothing'} that isn't open already; is the API protected otherwise?`;
  return [finding('KEY_WITHOUT_REQUIREMENT', first.source, message)];
}

/** What is bad whatever it was read from. A file is taken at its word: what it does not name is not there. */
function known(keys: readonly ManifestDocument[], plans: readonly ManifestDocument[]): Finding[] {
  const ids = new Map(
    keys.flatMap(({ name, adopt }) => (typeof adopt === 'object' ? [[adopt.id, name]] : [])),
  );
  const about = ({ kind, name, source }: ManifestDocument): Subject => ({
    kind,
    namespace: '',
    name,
    source,
  });
  const found = lint({
    from: 'file',
    keys: keys.map((key) => ({
      id: key.name,
      subject: about(key),
      enabled: key.spec.enabled !== false,
    })),
    plans: plans.map((plan) => ({
      label: plan.name,
      subject: about(plan),
      keys: { known: membersOf(plan.spec.keys).map((key) => memberName(key, ids)), more: 'none' },
      stages: {
        known: membersOf(plan.spec.stages).map((_, index) => ({
          api: 'name',
          stage: String(index),
        })),
        more: 'none',
      },
    })),
    demands: [],
    limited: [],
  });
  return found.flatMap(({ code, kind, name, message, source }) =>
    source ? [finding(code, source, `${kind} ${name}: ${message}`)] : [],
  );
}

/** The name of the document that is meant, or the id of a live key. */
function memberName(key: Json, names: ReadonlyMap<string, string>): string {
  if (typeof key === 'string') return key;
  const id = isMap(key) ? String(key.id) : '';
  return names.get(id) ?? id;
}

/** Two objects of one name: neither can be found by it. */
function sameName(documents: readonly ManifestDocument[]): Finding[] {
  const named = documents.filter(({ adopt }) => adopt === 'by-name');
  const groups = Map.groupBy(
    named,
    ({ kind, name, spec }) => `${kind} ${String(spec.name ?? name)}`,
  );
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
