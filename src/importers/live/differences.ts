/** What a source says of an object, and what is live: each field that is not the same, in words. */
import { canonicalize, type Resolve } from '../../core/compare/canonicalize.ts';
import { compact } from '../../core/model/compact.ts';
import type { FieldRule, Rules } from '../../core/model/field-rules.ts';
import { isMap, isUnset, jsonEqual } from '../../core/model/json.ts';
import type { Desired, Json, Live } from '../../core/model/model.ts';
import type { Difference } from '../../core/model/plan.ts';
import { differences } from '../../core/model/three-way.ts';
import type { ManifestDocument } from '../common/model.ts';
import { soughtName } from './account.ts';

export interface FieldDifference {
  readonly field: string;
  /** `throttle is { rateLimit: 100, burstLimit: 200 } in the file, and none live` */
  readonly text: string;
}

export interface Compared {
  readonly document: ManifestDocument;
  readonly live: Live;
  readonly rules: Rules;
  /** The spec that the manifest gets. */
  readonly spec: Readonly<Record<string, Json>>;
  readonly resolve: Resolve;
  /** What a person calls an entry of a list, by field and AWS id. */
  readonly label: (field: string, id: string) => string;
}

/** In the order of the schema. What the file doesn't say counts only where live it is something else than the default. */
export function fieldDifferences({
  document,
  live,
  rules,
  spec,
  resolve,
  label,
}: Compared): FieldDifference[] {
  const { named, unresolved } = canonicalize(rules, asDesired(document), resolve);
  return Object.values(rules.fields).flatMap((rule): FieldDifference[] => {
    if (rule.role !== 'live' || rule.sensitive) return [];
    const said = named[rule.name];
    const found = live.spec[rule.name];
    const differing = said === undefined ? [] : differences(rule, said, found);
    const isWhole = rule.merge === 'whole' && differing.length > 0;
    const texts = [
      ...(isWhole
        ? [bothTexts(document.spec[rule.name] ?? said, spec[rule.name])]
        : differing.map((one) => wordOf(rule, one, label))),
      ...onlyLive(rule, said, found, spec[rule.name]).map(
        (what) => `${what}, and the file does not tell`,
      ),
      ...unresolved
        .filter(({ field }) => field === rule.name)
        .map((entry) => `${entry.label} is in the file, and not live`),
    ];
    return texts.length === 0
      ? []
      : [{ field: rule.name, text: `${rule.name}: ${texts.join('; ')}` }];
  });
}

/** A name that the document's own stands for is said as well. */
function asDesired(document: ManifestDocument): Desired {
  const { kind, name, spec, source } = document;
  const sought = kind === 'ApiKey' || kind === 'UsagePlan' ? soughtName(document) : undefined;
  const said = compact({ ...spec, name: sought });
  return {
    kind,
    namespace: '',
    name,
    spec: said,
    annotations: { adoptFrom: [], ignore: [], movedFrom: [] },
    source,
  };
}

function wordOf(
  rule: FieldRule,
  { keys, desired, live }: Difference,
  label: Compared['label'],
): string {
  const [first, ...rest] = keys;
  if (first === undefined) return bothTexts(desired, live);
  const entry = typeof rule.key === 'string' ? label(rule.name, first) : first;
  if (rest.length === 0 && rule.merge === 'exact')
    return `${entry} is ${desired === undefined ? 'live, and not in the file' : 'in the file, and not live'}`;
  return `${[entry, ...rest].join(' ')}: ${bothTexts(desired, live)}`;
}

function bothTexts(file: Json | undefined, live: Json | undefined): string {
  return `${textOf(file)} in the file, ${textOf(live)} live`;
}

/** What is live of a field that the source leaves out, or of a map of which it names other keys. */
function onlyLive(
  rule: FieldRule,
  said: Json | undefined,
  found: Json | undefined,
  written: Json | undefined,
): string[] {
  if (isUnset(found) || written === undefined) return [];
  if (rule.merge === 'per-key' && isMap(found)) {
    const shown =
      rule.key === undefined && isMap(written) ? Object.keys(written) : methodsOf(written);
    return shown
      .filter((key) => !isMap(said) || said[key] === undefined)
      .map((key) => `${key} is live`);
  }
  if (said !== undefined || rule.defaultFrom || jsonEqual(found, rule.default)) return [];
  return [`${typeof rule.key === 'string' ? 'entries are' : `${textOf(written)} is`} live`];
}

/** `GET /residents` of each entry. */
function methodsOf(list: Json): string[] {
  return Array.isArray(list)
    ? list.flatMap((entry: Json) =>
        isMap(entry) ? [`${String(entry.method)} ${String(entry.path)}`] : [],
      )
    : [];
}

function textOf(value: Json | undefined): string {
  if (isUnset(value)) return 'none';
  if (!isMap(value)) return JSON.stringify(value);
  const parts = Object.entries(value).filter(([, part]) => !isUnset(part));
  return `{ ${parts.map(([name, part]) => `${name}: ${textOf(part)}`).join(', ')} }`;
}
