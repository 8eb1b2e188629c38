/** What of a live object may stand in a manifest. */

import { isMark } from '../../core/compare/ownership.ts';
import { isMap } from '../../core/model/json.ts';
import type { Json, Live, Spec } from '../../core/model/model.ts';
import { isRedeployTrick } from '../../manifest-writer/stage-variables.ts';
import { type Finding, finding, type ManifestDocument } from '../common/model.ts';
import { idsIn, type LiveAccount } from './account.ts';

export interface Shown {
  readonly spec: Spec;
  /** Whether a list has entries that no manifest can name. */
  readonly isPart: boolean;
  readonly comments: readonly string[];
  readonly findings: readonly Finding[];
}

/** `secrets`: key values that were seen in the source. */
export function shownOf(
  document: ManifestDocument,
  live: Live,
  account: LiveAccount,
  secrets: ReadonlySet<string>,
): Shown {
  const isSecret = (path: string, value: Json) =>
    document.withheld?.includes(path) === true || holds(value, secrets);
  const leaks = leaksIn(live.spec, secrets);
  const tricks = membersOf(live.spec.variables).filter(([name, value]) =>
    isRedeployTrick(name, String(value)),
  );
  const strangers = strangersOf(live, account);
  const spec = Object.entries(live.spec).flatMap(([field, value]): [string, Json][] => {
    const inner = keep(value, (key, member) => {
      if (field === 'tags' && isMark(key)) return false;
      if (field === 'variables' && tricks.some(([name]) => name === key)) return false;
      return (
        !strangers.some((one) => one.field === field && one.id === key) &&
        !(MAPS.has(field) && isSecret(`${field}/${key}`, member))
      );
    });
    return isSecret(field, inner) ? [] : [[field, inner]];
  });
  return {
    spec: Object.fromEntries(spec),
    isPart: strangers.length > 0,
    comments: strangers.map(
      ({ field, id }) =>
        `${field}: ${id} is in the plan and nowhere else: membership: additive leaves it in`,
    ),
    findings: [
      ...tricks.map(([name]) => trick(document, name)),
      ...leaks.map((path) => leak(document, path)),
    ],
  };
}

const MAPS = new Set(['variables', 'tags']);

/** Variables that only force a deployment change with each of them: nobody is to keep them as they are. */
function trick({ name, source }: ManifestDocument, variable: string): Finding {
  const message = `Stage ${name}: the live stage variable ${variable} seems to be there only to force a deployment, and is left out; if the API reads it, write it into spec.variables`;
  return finding('REDEPLOY_VARIABLE', source, message);
}

/** The fields, and of maps the members, in which a key value stands. */
function leaksIn(spec: Spec, secrets: ReadonlySet<string>): string[] {
  return Object.entries(spec).flatMap(([field, value]) => {
    if (!MAPS.has(field)) return holds(value, secrets) ? [field] : [];
    return membersOf(value).flatMap(([key, member]) =>
      holds(member, secrets) ? [`${field}/${key}`] : [],
    );
  });
}

function leak({ kind, name, source }: ManifestDocument, path: string): Finding {
  const message = `${kind} ${name}: live, a key value stands in ${path}, which is left out: whoever reads it there can use the key`;
  return finding('NOT_TRANSLATED', source, message);
}

/** Members of a plan that are not in the account any more: a reference to one would be held. */
function strangersOf(
  { kind, spec }: Live,
  { live }: LiveAccount,
): { readonly field: string; readonly id: string }[] {
  if (kind !== 'UsagePlan') return [];
  const isThere = (of: string, id: string) => live.some((one) => one.kind === of && one.id === id);
  const missing = (field: string, of: string) =>
    idsIn(spec[field])
      .filter((id) => !isThere(of, id))
      .map((id) => ({ field, id }));
  return [...missing('stages', 'Stage'), ...missing('keys', 'ApiKey')];
}

function membersOf(value: Json | undefined): [string, Json][] {
  return isMap(value) ? Object.entries(value) : [];
}

function keep(value: Json, isKept: (key: string, member: Json) => boolean): Json {
  return isMap(value)
    ? Object.fromEntries(Object.entries(value).filter(([key, member]) => isKept(key, member)))
    : value;
}

function holds(value: Json, secrets: ReadonlySet<string>): boolean {
  if (secrets.size === 0) return false;
  if (typeof value === 'string') return secrets.values().some((secret) => value.includes(secret));
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).some(([key, member]) => holds(key, secrets) || holds(member, secrets))
  );
}
