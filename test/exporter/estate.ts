/** An account as people leave it behind: made by hand, by a stack, and by an application, over years. */
import type { APIGateway } from '@aws-sdk/client-api-gateway';
import type { Account, Console } from '../kit/seed.ts';
import { seed } from '../kit/seed.ts';

const STAGES = ['development', 'staging', 'production'];
const STACK = {
  'aws:cloudformation:stack-name': 'housing-production',
  'aws:cloudformation:logical-id': 'Resource',
};

const two = (number: number) => String(number).padStart(2, '0');
const apiId = (number: number) => `api${two(number)}00000`;
const keyId = (number: number) => `key${two(number)}00000`;
const planId = (number: number) => `plan${two(number)}`;

/** Values that no output may show. */
export const canaryOf = (number: number): string => `canary-value-of-key-${two(number)}`;

/** Patches of the stages of the first API; `* /*` first, so that later entries begin as copies of it. */
const SETTINGS: Readonly<Record<string, Record<string, string>>> = {
  production: {
    '/*/*/throttling/rateLimit': '500',
    '/*/*/throttling/burstLimit': '1000',
    '/*/*/metrics/enabled': 'true',
    '/~1residents/GET/throttling/rateLimit': '50',
    '/~1residents/GET/throttling/burstLimit': '100',
    '/~1residents~1{id}/GET/metrics/enabled': 'false',
    '/~1residents~1{id}/GET/caching/ttlInSeconds': '60',
    '/tracingEnabled': 'true',
    '/description': 'Residents, live',
    '/accessLogSettings/destinationArn':
      'arn:aws:logs:eu-west-2:123456789012:log-group:residents-api-access',
    '/accessLogSettings/format': '$context.requestId $context.status',
  },
  staging: {
    '/~1residents/GET/throttling/burstLimit': '7',
    '/variables/deployedAt': '2026-01-15T09:00:00Z',
  },
};

/**
 * 6 APIs of 3 stages, 50 keys, 20 plans.
 *
 * | what | which |
 * | --- | --- |
 * | of the stack `housing-production` | keys 40 to 43, plan 15, API 2, the production stage of API 5 |
 * | one name | keys 1 and 2 (`acme`), APIs 3 and 4 (`repairs-api`) |
 * | one key, one plan, one stage | plans 1 to 6: a consumer each |
 * | several keys | plans 7 to 14 |
 * | over several APIs | plan 16, with throttles for methods |
 * | without stages, without keys | plan 17, plan 18 |
 * | in no plan; disabled | keys 44 to 50; keys 9 and 44 |
 */
const ESTATE: Account = {
  apis: Array.from({ length: 6 }, (_, index) => ({
    id: apiId(index + 1),
    name:
      ['residents-api', 'Housing API (prod)', 'repairs-api', 'repairs-api', 'ledger', 'notices'][
        index
      ] ?? '',
    deployments: [`deploy${index + 1}`],
    stages: STAGES.map((name) => ({
      name,
      variables: { loadBalancerUrl: `${name}.internal.example`, port: '8080' },
      ...(index === 4 && name === 'production' && { tags: { ...STACK, team: 'ledger' } }),
      ...(index === 0 && { set: SETTINGS[name] ?? {} }),
    })),
  })),
  keys: Array.from({ length: 50 }, (_, index) => {
    const number = index + 1;
    return {
      id: keyId(number),
      name: number <= 2 ? 'acme' : `Consumer ${number}`,
      enabled: number !== 9 && number !== 44,
      value: canaryOf(number),
      ...(number % 5 === 0 && { description: `made by hand: no. ${number}` }),
      ...(number % 7 === 0 && { tags: { team: 'housing' } }),
      ...(number >= 40 && number < 44 && { tags: STACK }),
    };
  }),
  plans: [
    ...Array.from({ length: 6 }, (_, index) => ({
      id: planId(index + 1),
      name: `consumer ${index + 1} plan`,
      throttle: { rateLimit: 50, burstLimit: 100 },
      ...(index % 2 === 0 && { quota: { limit: 1000 * (index + 1), period: 'MONTH' as const } }),
      stages: [`${apiId(index + 1)}:production`],
      keys: [keyId(index + 1)],
    })),
    ...Array.from({ length: 8 }, (_, index) => ({
      id: planId(index + 7),
      name: `shared-${index + 7}`,
      ...(index > 2 && { throttle: { rateLimit: 0.5 * index, burstLimit: index } }),
      stages: [`${apiId((index % 6) + 1)}:staging`],
      keys: Array.from({ length: 4 }, (_, nth) => keyId(7 + index * 4 + nth)),
    })),
    {
      id: planId(15),
      name: 'of-the-stack',
      stages: [`${apiId(2)}:development`],
      keys: [40, 41, 42, 43].map(keyId),
      tags: STACK,
    },
    {
      id: planId(16),
      name: 'over-apis',
      throttle: { rateLimit: 10, burstLimit: 20 },
      stages: [`${apiId(1)}:development`, `${apiId(6)}:development`],
      keys: [keyId(39), keyId(40)],
    },
    { id: planId(17), name: 'nowhere', keys: [keyId(39)] },
    { id: planId(18), name: 'for-nobody', stages: [`${apiId(3)}:production`] },
    {
      id: planId(19),
      name: 'blocked',
      throttle: { rateLimit: 0, burstLimit: 0 },
      stages: [`${apiId(5)}:development`],
      keys: [keyId(8)],
    },
    {
      id: planId(20),
      name: 'weekly',
      quota: { limit: 7, period: 'WEEK' },
      stages: [`${apiId(6)}:production`],
      keys: [keyId(10)],
    },
  ],
};

export async function furnishEstate(hand: Console): Promise<void> {
  await seed(hand, ESTATE);
  Object.assign(hand.state.restApis.get(apiId(2))?.api ?? {}, { tags: STACK });
  await hand.gateway.updateUsagePlan({
    usagePlanId: planId(16),
    patchOperations: [
      {
        op: 'replace',
        path: `/apiStages/${apiId(1)}:development/throttle`,
        value: JSON.stringify({
          '/residents/GET': { rateLimit: 5, burstLimit: 10 },
          '/residents/{id}/GET': { rateLimit: 0.5, burstLimit: 1 },
        }),
      },
    ],
  });
}

/** The account as the API shows it, tags apart. */
export async function picture(gateway: APIGateway): Promise<unknown> {
  const limit = 500;
  const { items: apis = [] } = await gateway.getRestApis({ limit });
  const { items: keys = [] } = await gateway.getApiKeys({ limit, includeValues: true });
  const { items: plans = [] } = await gateway.getUsagePlans({ limit });
  const members = await Promise.all(
    plans.map(({ id: usagePlanId }) => gateway.getUsagePlanKeys({ usagePlanId, limit })),
  );
  const stages = await Promise.all(
    apis.map(({ id: restApiId }) => gateway.getStages({ restApiId })),
  );
  const resources = await Promise.all(
    apis.map(({ id: restApiId }) => gateway.getResources({ restApiId, limit, embed: ['methods'] })),
  );
  const tagless = (object: object) => ({ ...object, tags: undefined });
  return JSON.parse(
    JSON.stringify({
      apis: apis.map(tagless),
      keys: keys.map(tagless),
      plans: plans.map(tagless),
      members: members.map(({ items }) => items),
      stages: stages.map(({ item = [] }) => item.map(tagless)),
      resources: resources.map(({ items }) => items),
    }),
  );
}
