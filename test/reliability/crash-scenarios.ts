/** What is interrupted: each scenario is an account with a past, and manifests that ask for something new. */
import { randomUUID } from 'node:crypto';
import type { Account as Furniture } from '../kit/seed.ts';
import type { ConsoleChange } from '../scenarios/history.ts';
import type { Document } from './account.ts';

export interface CrashScenario {
  readonly name: string;
  /** What there is besides the API and the strangers. */
  readonly live?: Furniture;
  /** Oldest first: manifests that were applied, what people did, and how long nobody did anything. */
  readonly past?: readonly (
    | { readonly apply: readonly Document[] }
    | { readonly hand: ConsoleChange }
    | { readonly waitMs: number }
  )[];
  readonly now: readonly Document[];
  /** An API is deployed to one of its stages, and the others go on serving something else. */
  readonly redeploys?: true;
  /** The lists in which everything of ours is on its way out. */
  readonly leaving?: readonly string[];
}

/** Nobody else's: applying takes a lock. */
export const OWNER = `crash-matrix-${randomUUID()}`;
const DAY_MS = 24 * 3600_000;

/** What is nobody's here stands in every account, close to what is ours: on the same stages, under similar names, with other managers' tags. */
export const STRANGERS: Furniture = {
  apis: [
    {
      id: 'api1',
      name: 'residents-api',
      deployments: ['deploy1', 'deploy2'],
      stages: [
        { name: 'production' },
        { name: 'staging' },
        { name: 'stranger', variables: { port: '1' } },
      ],
    },
  ],
  keys: [
    { id: 'stranger1', name: 'stranger' },
    {
      id: 'stranger2',
      name: 'acme-old',
      tags: { 'apikeeper:owner': 'somebody-else', 'apikeeper:resource': 'production/acme' },
    },
  ],
  plans: [
    {
      id: 'strangerplan1',
      name: 'stranger',
      stages: ['residents-api:production', 'residents-api:staging'],
      keys: ['stranger1'],
      throttle: { rateLimit: 1, burstLimit: 1 },
    },
    {
      id: 'strangerplan2',
      name: 'gold-old',
      stages: ['residents-api:stranger'],
      keys: ['stranger1', 'stranger2'],
      tags: { 'aws:cloudformation:stack-name': 'old' },
    },
  ],
};

const metadata = (name: string, annotations?: Record<string, string>) => ({
  name,
  namespace: 'production',
  ...(annotations && {
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`apikeeper.dev/${key}`, value]),
    ),
  }),
});
const document = (
  kind: string,
  name: string,
  spec: Document,
  annotations?: Record<string, string>,
): Document => ({
  apiVersion: 'apikeeper.dev/v1',
  kind,
  metadata: metadata(name, annotations),
  spec,
});
const TARGET_SPEC = {
  region: 'eu-west-2',
  accountId: '123456789012',
  owner: OWNER,
  mode: 'enforce',
  prune: true,
  guards: { maxKeys: 100, maxPercent: 100 },
};
export const target: Document = {
  apiVersion: 'apikeeper.dev/v1',
  kind: 'Target',
  metadata: { name: 'production' },
  spec: TARGET_SPEC,
};
export const key = (name: string, spec: Document = {}, annotations?: Record<string, string>) =>
  document('ApiKey', name, spec, annotations);
export const plan = (name: string, spec: Document = {}, annotations?: Record<string, string>) =>
  document('UsagePlan', name, spec, annotations);
export const stage = (name: string, spec: Document = {}, annotations?: Record<string, string>) =>
  document('Stage', name, { restApi: { name: 'residents-api' }, ...spec }, annotations);
export const on = (stageName: string, more: Document = {}) => ({
  restApi: { name: 'residents-api' },
  stageName,
  ...more,
});

const limits = {
  throttle: { rateLimit: 10, burstLimit: 20 },
  quota: { limit: 1000, period: 'MONTH' },
};
const methodThrottles = [{ method: 'GET', path: '/residents/{id}', rateLimit: 5, burstLimit: 5 }];
export const gold = (keys: readonly unknown[], more: Document = {}) =>
  plan('gold', { ...limits, stages: [on('production')], keys, ...more });
export const silver = (keys: readonly unknown[], more: Document = {}) =>
  plan('silver', { stages: [on('production')], keys, ...more });

const CLAIM = { 'apikeeper:owner': OWNER, 'apikeeper:resource': 'production/acme' };

export const crashScenarios: readonly CrashScenario[] = [
  {
    name: 'keys and plans are created',
    now: [
      target,
      key('acme', { description: 'Acme', tags: { team: 'housing' } }),
      key('beta'),
      gold(['acme', 'beta'], {
        productCode: 'p1',
        stages: [on('production', { methodThrottles })],
      }),
      plan('bronze', { stages: [on('staging')], keys: ['acme', { id: 'stranger2' }] }),
    ],
  },
  {
    name: 'fields change',
    past: [
      {
        apply: [
          target,
          key('acme'),
          gold(['acme']),
          stage('residents', { stageName: 'production', variables: { port: '80' } }),
        ],
      },
    ],
    now: [
      target,
      key('acme', { enabled: false, description: 'left' }),
      gold(['acme'], {
        throttle: { rateLimit: 1, burstLimit: 2 },
        quota: null,
        stages: [on('production', { methodThrottles }), on('staging')],
      }),
      stage('residents', {
        stageName: 'production',
        variables: { port: '81', host: 'a' },
        methodSettings: [{ method: '*', path: '/*', metricsEnabled: true }],
      }),
    ],
  },
  {
    name: 'keys change places between plans on one stage',
    past: [{ apply: [target, key('acme'), key('beta'), gold(['acme']), silver(['beta'])] }],
    now: [target, key('acme'), key('beta'), gold(['beta']), silver(['acme'])],
  },
  {
    name: 'keys move to a plan that is new, and the old one goes',
    leaving: ['GetUsagePlans'],
    past: [{ apply: [target, key('acme'), key('beta'), gold(['acme', 'beta'])] }],
    now: [target, key('acme'), key('beta'), silver(['acme', 'beta'])],
  },
  {
    name: 'two plans exchange stages',
    past: [
      {
        apply: [target, key('acme'), gold(['acme']), silver(['acme'], { stages: [on('staging')] })],
      },
    ],
    now: [target, key('acme'), gold(['acme'], { stages: [on('staging')] }), silver(['acme'])],
  },
  {
    name: 'a key leaves Git: disabled',
    past: [
      {
        apply: [
          target,
          key('acme'),
          key('beta'),
          gold(['acme', 'beta']),
          plan('acme-staging', { stages: [on('staging')], keys: ['acme'] }),
        ],
      },
    ],
    now: [target, key('beta'), gold(['beta'])],
  },
  {
    name: 'a key whose grace is over: deleted with its plan',
    past: [
      {
        apply: [
          target,
          key('acme'),
          key('beta'),
          gold(['beta']),
          plan('acme-staging', { stages: [on('staging')], keys: ['acme'] }),
        ],
      },
      { apply: [target, key('beta'), gold(['beta'])] },
      { waitMs: 15 * DAY_MS },
    ],
    now: [target, key('beta'), gold(['beta'])],
  },
  {
    name: 'the commit that removed a key is reverted',
    past: [
      { apply: [target, key('acme'), gold(['acme'])] },
      { apply: [target, gold([])] },
      { waitMs: 3 * DAY_MS },
    ],
    now: [target, key('acme'), gold(['acme'])],
  },
  {
    name: 'a key that was adopted without `enabled` leaves Git',
    live: { keys: [{ id: 'live1', name: 'acme' }] },
    past: [{ apply: [target, key('acme', {}, { adopt: 'live1' }), key('beta')] }],
    now: [target, key('beta')],
  },
  {
    name: 'a key that was adopted without `enabled` comes back',
    live: { keys: [{ id: 'live1', name: 'acme' }] },
    past: [
      { apply: [target, key('acme', {}, { adopt: 'live1' }), key('beta')] },
      { apply: [target, key('beta')] },
      { waitMs: 3 * DAY_MS },
    ],
    now: [target, key('acme', {}, { adopt: 'live1' }), key('beta')],
  },
  {
    name: 'a key comes back suspended',
    past: [
      { apply: [target, key('acme'), key('beta')] },
      { apply: [target, key('beta')] },
      { waitMs: 3 * DAY_MS },
    ],
    now: [target, key('acme', {}, { mode: 'suspend' }), key('beta')],
  },
  {
    name: 'a key leaves Git and is kept',
    past: [{ apply: [target, key('acme', { deletionPolicy: 'Disable' }), key('beta')] }],
    now: [target, key('beta')],
  },
  {
    name: 'prune is switched off while a key waits for its end',
    past: [
      { apply: [target, key('acme'), key('beta')] },
      { apply: [target, key('beta')] },
      { waitMs: 3 * DAY_MS },
    ],
    now: [{ ...target, spec: { ...TARGET_SPEC, prune: false } }, key('beta')],
  },
  {
    name: 'a key and its plan leave Git, and the plan has a guest',
    past: [
      {
        apply: [
          target,
          key('acme'),
          key('beta'),
          plan('acme-staging', {
            stages: [on('staging')],
            keys: ['acme'],
            membership: 'additive',
          }),
        ],
      },
      { hand: { attach: 'stranger2', plan: 'acme-staging' } },
    ],
    now: [target, key('beta')],
  },
  {
    name: 'a key that was deleted by hand comes back, renamed',
    past: [
      { apply: [target, key('acme'), key('beta'), gold(['acme', 'beta'])] },
      { hand: { delete: 'ApiKey/acme' } },
    ],
    now: [
      target,
      key('acme-ltd', { name: 'acme' }, { 'moved-from': 'acme' }),
      key('beta'),
      gold(['acme-ltd', 'beta']),
    ],
  },
  {
    name: 'what is live is adopted',
    live: {
      keys: [
        { id: 'live1', name: 'acme', description: 'by hand' },
        { id: 'live2', name: 'beta-live', tags: { team: 'x' } },
      ],
      plans: [
        {
          id: 'liveplan1',
          name: 'gold',
          stages: ['residents-api:production'],
          keys: ['live1'],
          throttle: { rateLimit: 99, burstLimit: 99 },
        },
      ],
    },
    now: [
      target,
      key('acme', { description: 'Acme' }, { adopt: 'live1' }),
      key('beta', { name: 'beta-live' }, { adopt: 'by-name' }),
      plan('gold', { ...limits, keys: ['acme', 'beta'] }, { adopt: 'by-name' }),
    ],
  },
  {
    name: 'somebody re-created a stage',
    past: [
      {
        apply: [
          target,
          key('acme'),
          gold(['acme'], { stages: [on('production', { methodThrottles })] }),
          stage('residents', {
            stageName: 'production',
            variables: { port: '80' },
            methodSettings: [
              { method: 'GET', path: '/residents', throttle: { rateLimit: 3, burstLimit: 4 } },
            ],
          }),
        ],
      },
      { hand: { delete: 'Stage/residents-api:production' } },
      {
        hand: {
          add: { stages: [{ api: 'residents-api', name: 'production', deployment: 'deploy2' }] },
        },
      },
    ],
    now: [
      target,
      key('acme'),
      gold(['acme'], { stages: [on('production', { methodThrottles })] }),
      stage('residents', {
        stageName: 'production',
        variables: { port: '80' },
        methodSettings: [
          { method: 'GET', path: '/residents', throttle: { rateLimit: 3, burstLimit: 4 } },
        ],
      }),
    ],
  },
  {
    name: 'a stage is created with settings, and put into a plan',
    now: [
      target,
      stage('preview', {
        deployment: 'latest',
        variables: { port: '80' },
        methodSettings: [
          {
            method: '*',
            path: '/*',
            metricsEnabled: true,
            throttle: { rateLimit: 1, burstLimit: 1 },
          },
        ],
        accessLog: {
          destinationArn: 'arn:aws:logs:eu-west-2:123456789012:log-group:api',
          format: '$context.requestId',
        },
        deletionPolicy: 'Delete',
      }),
      key('acme'),
      gold(['acme'], { stages: [{ stage: 'preview', methodThrottles }] }),
    ],
  },
  {
    name: 'a stage that we created goes',
    past: [
      {
        apply: [
          target,
          stage('preview', { deployment: 'latest', deletionPolicy: 'Delete' }),
          key('acme'),
          gold(['acme'], { stages: [{ stage: 'preview' }, on('production')] }),
        ],
      },
    ],
    now: [target, key('acme'), gold(['acme'])],
  },
  {
    name: 'a plan is deleted, its keys stay',
    leaving: ['GetUsagePlans'],
    past: [
      {
        apply: [
          target,
          key('acme'),
          key('beta'),
          gold(['acme', 'beta'], {
            stages: [on('production', { methodThrottles }), on('staging')],
          }),
        ],
      },
    ],
    now: [target, key('acme'), key('beta')],
  },
  {
    name: 'what is to be retained is released',
    leaving: ['GetApiKeys', 'GetUsagePlans'],
    past: [
      {
        apply: [
          target,
          key('acme', { deletionPolicy: 'Retain' }),
          plan('gold', {
            ...limits,
            stages: [on('production')],
            keys: ['acme'],
            deletionPolicy: 'Retain',
          }),
          key('beta', { deletionPolicy: 'Disable' }),
        ],
      },
    ],
    now: [target],
  },
  {
    name: 'documents are renamed',
    past: [{ apply: [target, key('acme'), gold(['acme'])] }],
    now: [
      target,
      key('acme-ltd', { name: 'acme' }, { 'moved-from': 'acme' }),
      plan(
        'top',
        { name: 'gold', ...limits, stages: [on('production')], keys: ['acme-ltd'] },
        { 'moved-from': 'gold' },
      ),
    ],
  },
  {
    name: 'tags change',
    past: [
      {
        apply: [
          target,
          key('acme', { tags: { team: 'a', cost: '1' } }),
          plan('gold', { tags: { team: 'a' } }),
          stage('residents', { stageName: 'production', tags: { team: 'a' } }),
        ],
      },
    ],
    now: [
      target,
      key('acme', { tags: { team: 'b', cost: null, new: 'x' } }),
      plan('gold', { tags: { team: null, owner: 'y' } }),
      stage('residents', { stageName: 'production', tags: { team: 'b' } }),
    ],
  },
  {
    name: 'a key that was deleted by hand comes back',
    past: [
      { apply: [target, key('acme'), key('beta'), gold(['acme', 'beta'])] },
      { hand: { delete: 'ApiKey/acme' } },
    ],
    now: [target, key('acme'), key('beta'), gold(['acme', 'beta'])],
  },
  {
    name: 'a key is required, and the API redeployed, after a consumer got in',
    redeploys: true,
    past: [
      { hand: { method: 'GET /health', api: 'residents-api', apiKeyRequired: false } },
      { hand: { deploy: 'residents-api', to: 'production' } },
    ],
    now: [
      target,
      key('acme'),
      gold(['acme']),
      document('KeyRequirement', 'residents', {
        restApi: { name: 'residents-api' },
        apiKeyRequired: true,
        methods: [{ method: 'GET', path: '/residents', apiKeyRequired: false }],
        redeploy: { stages: ['production'] },
      }),
    ],
  },
  {
    name: 'of two claims on one identity one is settled on',
    past: [
      { apply: [target, key('beta')] },
      {
        hand: {
          add: {
            keys: [
              { id: 'copy1', name: 'acme', tags: CLAIM },
              { id: 'copy2', name: 'acme', tags: { ...CLAIM, team: 'x' } },
            ],
          },
        },
      },
    ],
    now: [
      target,
      key('acme', { description: 'the one' }, { adopt: 'copy1' }),
      key('beta'),
      gold(['acme']),
    ],
  },
];
