/** A hand-made report with every action, hold, cause, state and outcome, and with text that attacks whoever shows it. */
import type { Action, Cause, HoldReason } from '../../src/core/model/plan.ts';
import type {
  Outcome,
  Report,
  ReportObject,
  Summary,
  TargetReport,
} from '../../src/core/model/report.ts';

const none: Summary = {
  create: 0,
  adopt: 0,
  update: 0,
  disable: 0,
  release: 0,
  delete: 0,
  keep: 0,
  hold: 0,
  failed: 0,
  unmanaged: 0,
};

/** An object in sync, but for what is given. */
export function object(part: Partial<ReportObject> & { readonly name: string }): ReportObject {
  return {
    kind: 'ApiKey',
    namespace: 'production',
    state: 'in-sync',
    action: 'keep',
    changes: [],
    ...part,
  };
}

/** A target whose summary follows from its objects. */
export function target(
  objects: readonly ReportObject[],
  part: Partial<TargetReport> = {},
): TargetReport {
  const summary = { ...none, unmanaged: 3 };
  for (const { action, outcome } of objects) {
    summary[action] += 1;
    if (outcome === 'failed') summary.failed += 1;
  }
  return {
    namespace: 'production',
    accountId: '123456789012',
    region: 'eu-west-2',
    owner: 'residents-platform',
    mode: 'enforce',
    state: 'drifted',
    coverage: { ApiKey: 0.98, UsagePlan: 1, Stage: 0.5 },
    calls: { GetApiKeys: 2, GetUsagePlans: 1 },
    waitedMs: 0,
    objects,
    summary,
    ...part,
  };
}

/** A plan, but for what is given. */
export function report(targets: readonly TargetReport[], part: Partial<Report> = {}): Report {
  return {
    formatVersion: 1,
    version: '0.1.0',
    reconcileID: '0198f0c2',
    trigger: 'command',
    revision: 'e2ab1b2c61ee43ab4b4a7ba7ea8c8f1a6a39a6a0',
    startedAt: '2026-11-23T10:00:00.000Z',
    durationMs: 1234,
    state: 'drifted',
    targets,
    problems: [],
    ...part,
  };
}

const at = (line: number) => ({ file: 'consumers/acme.yaml', line });

const created = object({
  name: 'acme',
  state: 'missing',
  action: 'create',
  cause: 'git',
  source: at(3),
  changes: [
    { path: '/spec/name', desired: 'acme-production', live: null, cause: 'git' },
    { path: '/spec/enabled', desired: true, live: null, cause: 'git' },
    { path: '/spec/value', desired: '(sensitive)', live: null, cause: 'git' },
  ],
});

const adopted = object({
  name: 'beta',
  state: 'unmanaged',
  action: 'adopt',
  awsId: 'a1b2c3d4e5',
  source: at(12),
  changes: [],
  unclaimed: ['/spec/customerId', '/spec/tags/cost-centre'],
});

const updated: ReportObject = {
  ...object({
    name: 'acme-residents',
    state: 'changed',
    action: 'update',
    cause: 'live',
    awsId: 'pl4n01',
    source: at(20),
  }),
  kind: 'UsagePlan',
  driftedSince: '2026-11-23T09:58:00.000Z',
  changes: [
    { path: '/spec/throttle/rateLimit', desired: 100, live: 5000, cause: 'live' },
    {
      path: '/spec/quota',
      desired: { limit: 10000, period: 'MONTH', offset: 0 },
      live: null,
      cause: 'git',
    },
    { path: '/spec/keys/acme', desired: true, live: null, cause: 'both' },
    {
      path: '/spec/description',
      desired: '',
      live: 'Do \u001b[31mnot\u001b[0m touch | <b>`this`</b>\n',
      cause: 'unknown',
    },
  ],
};

const stage: ReportObject = {
  ...object({
    name: 'residents-production',
    state: 'changed',
    action: 'update',
    cause: 'both',
    awsId: 'api1:production',
  }),
  kind: 'Stage',
  source: { file: 'residents/stages.yaml', line: 40 },
  changes: [
    {
      path: '/spec/methodSettings/* ~1*/throttle',
      desired: { rateLimit: 10, burstLimit: 20 },
      live: null,
      cause: 'both',
    },
  ],
};

const partlyHeld: ReportObject = {
  ...object({
    name: 'acme-search',
    state: 'changed',
    action: 'update',
    cause: 'unknown',
    awsId: 'pl4n02',
    source: at(31),
  }),
  kind: 'UsagePlan',
  reason: 'unresolved-reference',
  message: 'No ApiKey is named ghost in production: declare it, or take it out of /spec/keys.',
  changes: [{ path: '/spec/throttle/burstLimit', desired: 200, live: 100, cause: 'unknown' }],
};

const removed = [
  object({
    name: 'gamma',
    state: 'orphaned',
    action: 'disable',
    reason: 'orphaned',
    cause: 'git',
    awsId: 'k3',
    deleteAfter: '2026-12-07T10:00:00.000Z',
    changes: [{ path: '/spec/enabled', desired: false, live: true, cause: 'git' }],
  }),
  object({
    name: 'delta',
    state: 'orphaned',
    action: 'release',
    reason: 'orphaned',
    cause: 'git',
    awsId: 'k4',
  }),
  object({
    name: 'epsilon',
    state: 'orphaned',
    action: 'delete',
    reason: 'orphaned',
    cause: 'git',
    awsId: 'k5',
  }),
];

const HOLDS: readonly (readonly [
  reason: HoldReason,
  wants: Action,
  state: ReportObject['state'],
  message: string,
])[] = [
  [
    'not-owned',
    'create',
    'unmanaged',
    'A live key (k9) has this name and nobody owns it. To take it over, annotate: apikeeper.dev/adopt: k9',
  ],
  [
    'foreign',
    'update',
    'foreign',
    'CloudFormation manages it (aws:cloudformation:stack-name). To take it over, annotate: apikeeper.dev/adopt-from: cloudformation',
  ],
  [
    'ambiguous',
    'update',
    'ambiguous',
    'Two live objects claim to be it: k1, k2. Say which: apikeeper.dev/adopt: k1',
  ],
  [
    'immutable-field',
    'update',
    'changed',
    'The pinned value differs from the live one. A value cannot be changed: declare a new key, move its plans, retire this one.',
  ],
  [
    'unresolved-reference',
    'create',
    'missing',
    'No Stage is named residents-prod. Did you mean residents-production?',
  ],
  ['dependency', 'create', 'missing', 'ApiKey/acme failed; this waits for it.'],
  [
    'guard',
    'disable',
    'orphaned',
    '7 keys would lose access, and maxKeys is 5. To let this through once: apikeeper apply --max-keys 7',
  ],
  [
    'mass-missing',
    'create',
    'missing',
    '40 of 50 keys are missing at once. To create them again: apikeeper apply --max-percent 80',
  ],
  [
    'incomplete-manifests',
    'delete',
    'orphaned',
    'A file could not be read, so what is absent may not have left Git. Mend the manifests first.',
  ],
  [
    'contested',
    'update',
    'changed',
    'Somebody set /spec/throttle/rateLimit back three times in 24 hours. Commit a change of this document to claim it again.',
  ],
  [
    'prune-disabled',
    'delete',
    'orphaned',
    'It left Git. To remove it: prune: true in the Target, or --prune.',
  ],
  [
    'grace',
    'delete',
    'orphaned',
    'Disabled; it may be deleted after 2026-12-07T10:00:00Z. Revert the commit to keep it.',
  ],
  [
    'observe',
    'update',
    'changed',
    'Observed only. To write: mode: enforce in the Target, or --mode enforce.',
  ],
  [
    'suspended',
    'update',
    'unknown',
    'Suspended by the tag apikeeper:suspend. Remove the tag to go on.',
  ],
];

const held = HOLDS.map(([reason, wants, state, message]) =>
  object({
    name: `held-${reason}`,
    state,
    action: 'hold',
    wants,
    reason,
    message,
    cause: 'git' as Cause,
  }),
);

const hostile = object({
  name: '\u001b]0;pwned\u0007<img src=x onerror=alert(1)>|`rm`@team\u202e',
  state: 'changed',
  action: 'update',
  cause: 'live',
  changes: [
    {
      path: '/spec/tags/a|b',
      desired: '</details><script>',
      live: '[x](javascript:alert(1))',
      cause: 'live',
    },
  ],
});

const kept = [object({ name: 'zeta' }), object({ name: 'eta' })];

const birch = { file: 'consumers/birch.yaml', line: 3 };

/** What a Consumer expands to, in the order of a plan: others stand between its key and its plans. */
const folded: readonly ReportObject[] = [
  object({ name: 'birch', awsId: 'k6', source: birch, consumer: 'birch' }),
  {
    ...object({
      name: 'birch-search',
      state: 'missing',
      action: 'create',
      cause: 'git',
      source: { ...birch, line: 14 },
      consumer: 'birch',
    }),
    kind: 'UsagePlan',
    changes: [
      {
        path: '/spec/throttle',
        desired: { rateLimit: 5, burstLimit: 10 },
        live: null,
        cause: 'git',
      },
    ],
  },
  {
    ...object({
      name: 'birch-residents',
      state: 'changed',
      action: 'hold',
      wants: 'update',
      reason: 'observe',
      awsId: 'pl4n03',
    }),
    kind: 'UsagePlan',
    source: { ...birch, line: 11 },
    consumer: 'birch',
    message: 'Observed only. To write: mode: enforce in the Target, or --mode enforce.',
    changes: [
      {
        path: '/spec/quota',
        desired: null,
        live: { limit: 10, period: 'DAY', offset: 0 },
        cause: 'git',
      },
    ],
  },
];

const [birchKey, birchSearch, birchResidents] = folded as readonly [
  ReportObject,
  ReportObject,
  ReportObject,
];
const planned = [
  birchKey,
  created,
  adopted,
  birchSearch,
  updated,
  stage,
  partlyHeld,
  birchResidents,
  ...removed,
  ...held,
  hostile,
  ...kept,
];

const estimate = {
  calls: { CreateApiKey: 1, UpdateUsagePlan: 14 },
  seconds: 280,
  binding: 'UpdateUsagePlan',
  text: '15 calls: 14 × UpdateUsagePlan at 1 per 20 s ≈ 4 min 40 s',
};

/** One of each severity, of an object with a hostile name and of the namespace's others. */
const warnings: TargetReport['warnings'] = [
  {
    code: 'REQUIRED_WITHOUT_KEY',
    severity: 'warning',
    kind: 'KeyRequirement',
    namespace: 'production',
    name: 'residents',
    message:
      'residents-api:production demands a key, and none can pass: every call to such a method gets 403; give the plan an enabled key',
    source: { file: 'residents/keys.yaml', line: 3 },
  },
  {
    code: 'PLAN_WITHOUT_KEY',
    severity: 'info',
    kind: 'UsagePlan',
    namespace: 'production',
    name: hostile.name,
    path: '/spec/keys',
    message: 'it has no key',
  },
];

/** A plan with one of everything, a second target that can't be read, and two problems. */
export const samplePlan: Report = report(
  [
    target(planned, { state: 'held', estimate, warnings }),
    target([], {
      namespace: 'staging',
      region: 'eu-west-1',
      mode: 'observe',
      state: 'failing',
      error: 'AccessDeniedException: GetApiKeys is not allowed for this role.',
    }),
  ],
  {
    state: 'failing',
    problems: [
      {
        file: 'consumers/beta.yaml',
        line: 4,
        column: 7,
        kind: 'ApiKey',
        namespace: 'production',
        name: 'beta',
        path: '/spec/enabld',
        message: 'unknown field; did you mean enabled?',
      },
      {
        file: 'broken.yaml',
        line: 2,
        column: 1,
        message: 'not YAML: unexpected end of the stream',
      },
    ],
  },
);

const DONE: Partial<Record<Action, Outcome>> = {
  create: 'created',
  adopt: 'adopted',
  update: 'updated',
  disable: 'disabled',
  release: 'released',
  delete: 'deleted',
  keep: 'kept',
  hold: 'held',
};

/** The same after an apply, in which one step failed and one was overtaken. */
export const sampleApplied: Report = report(
  [
    target(
      planned.map((entry): ReportObject => {
        if (entry === stage)
          return {
            ...entry,
            outcome: 'failed',
            message:
              'UpdateStage: BadRequestException: Invalid stage variable value. (request 4b7f)',
          };
        if (entry === hostile)
          return {
            ...entry,
            outcome: 'skipped',
            reason: 'superseded',
            message: 'A newer commit arrived; the next pass plans it again.',
          };
        return { ...entry, outcome: DONE[entry.action] ?? 'kept' };
      }),
      {
        state: 'failing',
        estimate,
        calls: { GetApiKeys: 2, CreateApiKey: 1, UpdateUsagePlan: 2, UpdateStage: 1 },
        waitedMs: 20_400,
        nextRunAt: '2026-11-23T10:10:00.000Z',
      },
    ),
  ],
  { state: 'failing', trigger: 'once' },
);

/** Nothing differs. */
export const sampleInSync: Report = report([target(kept, { state: 'in-sync' })], {
  state: 'in-sync',
});
