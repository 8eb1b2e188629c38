/** `apiKeys` and `usagePlan` of a Serverless file, as the resources that the framework makes of them. */

import type { Declared } from '../cloudformation/sam.ts';
import { isRecord } from '../common/fields.ts';
import { type Finding, type FindingCode, finding } from '../common/model.ts';
import type { Path, Source } from '../common/source.ts';
import { isUnresolved, unresolvedIn } from '../common/unresolved.ts';
import { isWithin, narrow, type Versions, version } from './version.ts';

/** One of the two properties, resolved, where the framework reads it. */
export interface Property {
  readonly value: unknown;
  readonly path: Path;
  readonly isLegacy: boolean;
}

interface Context {
  readonly source: Source;
  readonly versions: Versions | undefined;
  readonly service: unknown;
  readonly stage: unknown;
  /** What a plan opens. */
  readonly apiStage: Readonly<Record<string, unknown>>;
  readonly findings: Finding[];
}

type Properties = Readonly<Record<string, unknown>>;
type Report = (code: FindingCode, path: Path, message: string) => void;

/** A key, where it stands, and the logical id that its place gives it. */
interface Key {
  readonly id: string;
  readonly tier?: string;
  readonly value: unknown;
  readonly path: Path;
}

export const MADE_BY = 'the Serverless Framework';
const KEY_FIELDS = ['name', 'value', 'description', 'customerId', 'enabled'];

/** Keys, plans and memberships. Without a plan the keys have one without limits. */
export function generate(
  apiKeys: Property | undefined,
  usagePlan: Property | undefined,
  context: Context,
): Declared[] {
  const report: Report = (code, path, message) => {
    context.findings.push(finding(code, context.source.at(path), message));
  };
  const implied: Plan[] = apiKeys ? [{ path: apiKeys.path, written: {}, isLegacy: false }] : [];
  const plans = usagePlan ? plansOf(usagePlan, report) : implied;
  const hasTiers = plans.some(({ tier }) => tier !== undefined);
  const keys = apiKeys ? declaredKeys(apiKeys, report) : [];
  for (const { tier, path } of keys) {
    if (hasTiers && tier === undefined)
      report(
        'PLAIN_KEY_BESIDE_TIERS',
        path,
        'this key has no tier, and every plan is one: it is in no plan; put it below a tier',
      );
    if (tier !== undefined && !plans.some((plan) => plan.tier === tier)) {
      report(
        'TIER_WITHOUT_PLAN',
        path,
        `the tier ${tier} has no entry in usagePlan, and the framework refuses to deploy it; add one, or take the tier out`,
      );
    }
  }
  return [
    ...plans.map((plan) => planResource(plan, context, report)),
    ...keys.flatMap((key) => keyResources(key, plans, context, report)),
  ];
}

interface Plan {
  readonly tier?: string;
  readonly written: unknown;
  readonly path: Path;
  readonly isLegacy: boolean;
}

function plansOf({ value, path, isLegacy }: Property, report: Report): Plan[] {
  if (!Array.isArray(value)) return [{ written: value, path, isLegacy }];
  return value.flatMap((item: unknown, index): Plan[] => {
    const own = [...path, index];
    const tier = tierOf(item, own, report);
    if (tier === undefined) return [];
    const written = (item as Properties)[tier];
    if (written === null)
      report(
        'TIER_WITHOUT_PLAN',
        own,
        `the tier ${tier} is empty, so its plan has no limits, and version 2 and later refuse to deploy it`,
      );
    return [{ tier, written, path: [...own, tier], isLegacy }];
  });
}

/** The first field of a list item; whatever else the item has is lost. */
function tierOf(item: unknown, path: Path, report: Report): string | undefined {
  if (!isRecord(item)) {
    const missing = unresolvedIn(item);
    if (missing.length > 0)
      report('UNRESOLVED', path, `this entry is left out; ${missing.join('; ')}`);
    else report('WRONG_SHAPE', path, 'this entry is no mapping of a tier, and is ignored');
    return undefined;
  }
  const [tier, ...lost] = Object.keys(item);
  if (tier === undefined) return undefined;
  if (lost.length > 0) {
    report(
      'TIER_LOST',
      path,
      `${lost.join(' and ')} stands beside the tier ${tier}, not below it, and is ignored; indent it further if it belongs to the tier`,
    );
  }
  if (!/^[A-Za-z0-9]+$/.test(tier))
    report(
      'TIER_NAME',
      path,
      `the tier ${tier} becomes part of a logical id, which may have letters and digits only`,
    );
  return tier;
}

function declaredKeys({ value, path }: Property, report: Report): Key[] {
  if (!Array.isArray(value)) {
    const missing = unresolvedIn(value);
    if (missing.length > 0)
      report('UNRESOLVED', path, `the keys are left out; ${missing.join('; ')}`);
    else report('WRONG_SHAPE', path, 'apiKeys is no list, and is ignored');
    return [];
  }
  const plain = value.flatMap((item: unknown, index) =>
    isTier(item) ? [] : [{ value: item, path: [...path, index] }],
  );
  const keys = new Map<string, Key>(numbered(plain, undefined));
  const seen = new Set<string>();
  value.forEach((item: unknown, index) => {
    if (!isTier(item)) return;
    const own = [...path, index];
    const tier = tierOf(item, own, report);
    const list = tier === undefined ? undefined : item[tier];
    if (tier === undefined || !Array.isArray(list)) return;
    if (seen.has(tier))
      report(
        'TIER_TWICE',
        own,
        `the tier ${tier} has a list of keys already, whose first entries this one replaces; join the lists`,
      );
    seen.add(tier);
    // One logical id is one resource: the later list takes the places of the earlier.
    for (const [id, key] of numbered(
      list.map((entry: unknown, at) => ({ value: entry, path: [...own, tier, at] })),
      tier,
    ))
      keys.set(id, key);
  });
  return [...keys.values()];
}

function isTier(item: unknown): item is Properties {
  return isRecord(item) && Array.isArray(Object.values(item)[0]);
}

/** Logical ids count from 1 in each tier, and plain keys count on their own. */
function numbered(
  entries: readonly { value: unknown; path: Path }[],
  tier: string | undefined,
): [string, Key][] {
  return entries.map((entry, index) => {
    const id = `${capital(tier)}${index + 1}`;
    return [id, { id, ...entry, ...(tier !== undefined && { tier }) }];
  });
}

function capital(tier = ''): string {
  return tier.charAt(0).toUpperCase() + tier.slice(1);
}

function planResource(
  { tier, written, path, isLegacy }: Plan,
  context: Context,
  report: Report,
): Declared {
  const { quota, throttle, ...others } = isRecord(written) ? written : {};
  if (isUnresolved(written))
    report('UNRESOLVED', path, `the limits are left out; ${unresolvedIn(written).join('; ')}`);
  for (const name of Object.keys(others))
    report('NOT_READ', [...path, name], `usagePlan has no ${name}; the framework ignores it`);
  const dropped =
    quota === undefined &&
    throttle !== undefined &&
    dropsThrottle(tier !== undefined, isLegacy, context.versions);
  const id = `ApiGatewayUsagePlan${capital(tier)}`;
  if (dropped)
    context.findings.push(
      finding(
        'THROTTLE_DROPPED',
        { ...context.source.at([...path, 'throttle']), address: id },
        DROPPED[dropped],
      ),
    );
  const name = [context.service, ...(tier === undefined ? [] : [tier]), context.stage];
  return resource(id, 'UsagePlan', path, {
    UsagePlanName: { 'Fn::Join': ['-', name] },
    ApiStages: [context.apiStage],
    ...(isRecord(quota) && {
      Quota: { Limit: quota.limit, Offset: quota.offset, Period: quota.period },
    }),
    ...(isUnresolved(quota) && { Quota: quota }),
    ...(dropped !== 'yes' &&
      isRecord(throttle) && {
        Throttle: { BurstLimit: throttle.burstLimit, RateLimit: throttle.rateLimit },
      }),
    ...(isUnresolved(throttle) && { Throttle: throttle }),
  });
}

const DROPPED = {
  yes: 'this version deploys no throttle where there is no quota, so the manifest has none either: adding one limits consumers who are not limited today',
  maybe:
    'versions 1.74 to 2.19 (1.75 to 2.11 where there are no tiers) deploy no throttle where there is no quota; give --framework-version, or look at the live plan before you apply',
} as const;

/** Where the file is read at all: the legacy place before 3.0, the new one from 2.18. */
function dropsThrottle(
  hasTiers: boolean,
  isLegacy: boolean,
  versions: Versions | undefined,
): 'yes' | 'maybe' | undefined {
  const read = isLegacy
    ? { from: version(1), to: version(2, 999) }
    : { from: version(2, 18), to: Number.POSITIVE_INFINITY };
  const verdict = hasTiers
    ? isWithin(narrow(versions, read), version(1, 74), version(2, 19))
    : isWithin(narrow(versions, read), version(1, 75), version(2, 11));
  return verdict === 'no' ? undefined : verdict;
}

function keyResources(
  { id, tier, value, path }: Key,
  plans: readonly Plan[],
  { versions }: Context,
  report: Report,
): Declared[] {
  const fields: Properties = isRecord(value) ? value : { name: value };
  const [Name, Value, Description, CustomerId, Enabled] = KEY_FIELDS.map((name) => fields[name]);
  const keyId = `ApiGatewayApiKey${id}`;
  const planId = `ApiGatewayUsagePlan${capital(tier)}`;
  if (typeof Name === 'string' && Name.includes('$(')) {
    report(
      'LITERAL_DOLLAR',
      path,
      'the name contains $(, which is no variable, so the live name contains it too; variables are written ${…}',
    );
  }
  // Saying so of a key that an older version left enabled would revoke it.
  const isRead =
    Enabled !== false || isWithin(versions, version(2, 57), Number.POSITIVE_INFINITY) === 'yes';
  if (!isRead)
    report(
      'NOT_READ',
      path,
      'enabled is read from version 2.57 on, so the key may be live: the manifest says nothing of it; give --framework-version, or look at the key',
    );
  const key = resource(keyId, 'ApiKey', path, {
    Name,
    Value,
    Description,
    CustomerId,
    ...(isRead && { Enabled }),
  });
  if (!plans.some((plan) => plan.tier === tier)) return [key];
  return [
    key,
    resource(`ApiGatewayUsagePlanKey${id}`, 'UsagePlanKey', path, {
      KeyId: { Ref: keyId },
      KeyType: 'API_KEY',
      UsagePlanId: { Ref: planId },
    }),
  ];
}

function resource(id: string, type: string, path: Path, properties: Properties): Declared {
  return { id, type: `AWS::ApiGateway::${type}`, path, properties, madeBy: MADE_BY };
}
