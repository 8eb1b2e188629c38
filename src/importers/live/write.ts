/** A document as the live object says it: the file told only what to look for. */
import apiKeySchema from '../../../schemas/api-key.schema.json' with { type: 'json' };
import keyRequirementSchema from '../../../schemas/key-requirement.schema.json' with {
  type: 'json',
};
import stageSchema from '../../../schemas/stage.schema.json' with { type: 'json' };
import usagePlanSchema from '../../../schemas/usage-plan.schema.json' with { type: 'json' };
import { manifestSpec } from '../../core/compare/manifest-spec.ts';
import { otherManager } from '../../core/compare/ownership.ts';
import { apiReference } from '../../core/compare/references.ts';
import { compact } from '../../core/model/compact.ts';
import { type Rules, readRules } from '../../core/model/field-rules.ts';
import { isMap, type JsonMap } from '../../core/model/json.ts';
import type { Json, Live, Spec } from '../../core/model/model.ts';
import { readQuota, readThrottle } from '../common/limits.ts';
import { type Finding, finding, type ManifestDocument } from '../common/model.ts';
import { type FieldDifference, fieldDifferences } from './differences.ts';
import type { References } from './references.ts';
import { shownOf } from './shown.ts';

const RULES: Readonly<Record<ManifestDocument['kind'], Rules>> = {
  ApiKey: readRules(apiKeySchema),
  KeyRequirement: readRules(keyRequirementSchema),
  Stage: readRules(stageSchema),
  UsagePlan: readRules(usagePlanSchema),
};

/** What only a document needs that a file alone made. */
const ABOUT_FILES = /remove mode: suspend$|^membership: additive /;

export interface Written {
  readonly document: ManifestDocument;
  readonly differences: readonly FieldDifference[];
  readonly findings: readonly Finding[];
}

/** `secrets`: key values that were seen in the source. What holds one, or is marked as secret there, is not written, whatever is live. */
export function writeLive(
  document: ManifestDocument,
  live: Live,
  references: References,
  secrets: ReadonlySet<string>,
): Written {
  const rules = RULES[document.kind];
  const shown = shownOf(document, live, references.account, secrets);
  const isRequirement = document.kind === 'KeyRequirement';
  const fields = isRequirement
    ? requirementOf(document, live)
    : manifestSpec(rules, shown.spec, document.name, references.refer);
  const { resolve, label } = references;
  const differences = fieldDifferences({
    document,
    live: { ...live, spec: shown.spec },
    rules,
    spec: fields,
    resolve,
    label,
  });
  const { adopt: _, manager: _old, ...rest } = document;
  const manager = otherManager(live, '');
  const written: ManifestDocument = compact({
    ...rest,
    ...(isNamed(document) && { adopt: { id: live.id } }),
    manager,
    spec: {
      ...identityOf(document, live, references),
      ...fields,
      ...agreed(document, fields, differences, rules),
      ...(shown.isPart && { membership: 'additive' }),
    },
    comments: [
      ...document.comments.filter((comment) => !ABOUT_FILES.test(comment)),
      ...differences.map(({ text }) => text),
      ...shown.comments,
    ],
  });
  return {
    document: written,
    differences,
    findings: [
      ...differences.map((difference) => told(document, live, difference)),
      ...zeros(written),
      ...shown.findings,
    ],
  };
}

function isNamed({ kind }: ManifestDocument): boolean {
  return kind === 'ApiKey' || kind === 'UsagePlan';
}

function told(
  { kind, name, source }: ManifestDocument,
  { id }: Live,
  { text }: FieldDifference,
): Finding {
  return finding(
    'LIVE_DIFFERS',
    source,
    `${kind} ${name} (${id}): ${text}; the manifest says what is live`,
  );
}

function identityOf(
  { kind, spec }: ManifestDocument,
  { id }: Live,
  { account }: References,
): Record<string, Json> {
  if (kind !== 'Stage' && kind !== 'KeyRequirement') return {};
  const [api = '', stageName = ''] = id.split(':');
  const restApi = apiReference(api, account.apis);
  if (kind === 'KeyRequirement')
    return compact({
      restApi,
      apiKeyRequired: spec.apiKeyRequired,
    });
  return compact({
    restApi,
    stageName,
    deployment: spec.deployment,
  });
}

/** What the file claims, and is live, although it is what would be there anyway: `tracingEnabled: false`. */
function agreed(
  document: ManifestDocument,
  fields: Spec,
  differences: readonly FieldDifference[],
  rules: Rules,
): Record<string, Json> {
  const claims = Object.entries(document.spec).filter(
    ([field]) =>
      rules.fields[field]?.role === 'live' &&
      !rules.fields[field]?.sensitive &&
      !rules.fields[field]?.defaultFrom &&
      fields[field] === undefined,
  );
  return Object.fromEntries(
    claims.filter(
      ([field, value]) =>
        !Array.isArray(value) && !differences.some((difference) => difference.field === field),
    ),
  );
}

/** The methods that the document speaks of, as they are live. OPTIONS is no manifest's to demand a key of: a browser's preflight carries none. */
function requirementOf({ spec }: ManifestDocument, live: Live): Record<string, Json> {
  const said = new Set(
    Array.isArray(spec.methods)
      ? spec.methods.map((entry: Json) =>
          isMap(entry) ? `${String(entry.method)} ${String(entry.path)}` : '',
        )
      : [],
  );
  const isWritten = (key: string, isRequired: boolean) => {
    if (key.startsWith('OPTIONS ')) return said.has(key) && !isRequired;
    return (
      isRequired !== (spec.apiKeyRequired === true) ||
      (said.has(key) && spec.apiKeyRequired !== true)
    );
  };
  const methods = Object.entries(isMap(live.spec.methods) ? live.spec.methods : {}).flatMap(
    ([key, about]): Json[] => {
      const apiKeyRequired = isMap(about) && about.apiKeyRequired === true;
      const cut = key.indexOf(' ');
      return isWritten(key, apiKeyRequired)
        ? [{ method: key.slice(0, cut), path: key.slice(cut + 1), apiKeyRequired }]
        : [];
    },
  );
  const source = live.spec.apiKeySource;
  return {
    ...(source !== undefined &&
      (source !== 'HEADER' || spec.apiKeySource !== undefined) && { apiKeySource: source }),
    ...(methods.length > 0 && { methods }),
  };
}

function zeros({ kind, name, spec, source }: ManifestDocument): Finding[] {
  if (kind !== 'UsagePlan') return [];
  const [throttle, quota] = [spec.throttle, spec.quota].map(
    (limit): JsonMap => (isMap(limit) ? limit : {}),
  );
  const what = `UsagePlan ${name}`;
  return [
    ...readThrottle(throttle?.rateLimit, throttle?.burstLimit, source, what).findings,
    ...readQuota(quota ?? {}, source, what).findings,
  ].filter(({ code }) => code === 'LIMIT_ZERO');
}
