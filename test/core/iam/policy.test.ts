import { describe, expect, test } from 'vitest';
import { assumePolicy, iamPolicy } from '../../../src/core/iam/policy.ts';
import type { PolicyRequest } from '../../../src/core/iam/request.ts';
import type { Annotations, Desired, Json } from '../../../src/core/model/model.ts';
import { desired } from '../build.ts';

const GATEWAY = 'arn:aws:apigateway:eu-west-2::';
const TAGS = `${GATEWAY}/tags/arn%3Aaws%3Aapigateway%3Aeu-west-2%3A%3A%2F`;

const one = (
  kind: string,
  spec: Record<string, Json> = {},
  annotations: Partial<Annotations> = {},
) => desired(kind, 'acme', spec, annotations);

function made(documents: readonly Desired[], more: Partial<PolicyRequest> = {}) {
  return iamPolicy({
    target: { accountId: '123456789012' },
    region: 'eu-west-2',
    desired: documents,
    policy: { unsetMode: 'enforce', prune: false },
    secretsPrefix: 'apikeeper/',
    apiIds: new Map(),
    ...more,
  });
}

/** `Sid VERB path` for each action on each resource. */
function lines({ policy }: ReturnType<typeof made>): string[] {
  return policy.Statement.flatMap(({ Sid, Action, Resource }) =>
    Action.flatMap((action) =>
      Resource.map(
        (resource) =>
          `${Sid} ${action.replace('apigateway:', '')} ${resource.replace(GATEWAY, '')}`,
      ),
    ),
  );
}

const READ = ['/apikeys', '/apikeys/*', '/usageplans', '/usageplans/*'].map(
  (path) => `ReadKeysAndPlans GET ${path}`,
);
const ALL_STAGES = ['/restapis/*/stages', '/restapis/*/stages/*'].map(
  (path) => `ReadStages GET ${path}`,
);
const tagsOf = (what: string) =>
  ['PUT', 'DELETE'].map((verb) => `WriteTags ${verb} ${TAGS.replace(GATEWAY, '')}${what}`);
const KEY = [
  ...READ,
  ...ALL_STAGES,
  'CreateKeysAndPlans POST /apikeys',
  'UpdateKeysAndPlans PATCH /apikeys/*',
  ...tagsOf('apikeys%2F*'),
];
const stage = (spec: Record<string, Json> = {}) =>
  one('Stage', { restApi: { id: 'a1' }, stageName: 'live', ...spec });
const requirement = (spec: Record<string, Json>) =>
  one('KeyRequirement', { restApi: { id: 'a1' }, ...spec });
const A1_METHODS = ['', '/deployments/*', '/resources'].map(
  (rest) => `ReadMethods GET /restapis/a1${rest}`,
);
const A1_TAG = `TagApis PUT ${TAGS.replace(GATEWAY, '')}restapis%2Fa1`;
const A1 = ['/restapis/a1/stages', '/restapis/a1/stages/*'].map((path) => `ReadStages GET ${path}`);
const A1_TAGS = tagsOf('restapis%2Fa1%2Fstages%2F*');
const observe = { policy: { mode: 'observe', unsetMode: 'enforce', prune: true } } as const;

describe('a policy', () => {
  test.each<
    [reason: string, documents: Desired[], more: Partial<PolicyRequest>, expected: string[]]
  >([
    [
      'a key is made, changed and tagged, and never deleted without prune',
      [one('ApiKey')],
      {},
      KEY,
    ],
    [
      'observing takes reading alone, prune or not',
      [one('ApiKey')],
      observe,
      [...READ, ...ALL_STAGES],
    ],
    [
      'a Target that observes, unless a document says otherwise',
      [one('ApiKey', {}, { mode: 'enforce' }), one('UsagePlan')],
      { target: { mode: 'observe' } },
      KEY,
    ],
    [
      'the command line outranks the annotation when it says observe',
      [one('ApiKey', {}, { mode: 'enforce' })],
      observe,
      [...READ, ...ALL_STAGES],
    ],
    [
      'what is suspended is not written',
      [one('ApiKey', {}, { mode: 'suspend' })],
      {},
      [...READ, ...ALL_STAGES],
    ],
    [
      'a plan without keys still loses those that somebody attaches',
      [one('UsagePlan')],
      {},
      [
        ...READ,
        ...ALL_STAGES,
        'CreateKeysAndPlans POST /usageplans',
        'UpdateKeysAndPlans PATCH /usageplans/*',
        'DetachKeys DELETE /usageplans/*/keys/*',
        ...tagsOf('usageplans%2F*'),
      ],
    ],
    [
      'what left Git may be of any kind: with prune all are let go, and what deletes a plan may take its keys off',
      [one('UsagePlan', { keys: ['acme'] })],
      { policy: { unsetMode: 'enforce', prune: true } },
      [
        ...READ,
        ...ALL_STAGES,
        'CreateKeysAndPlans POST /usageplans',
        'UpdateKeysAndPlans PATCH /apikeys/*',
        'UpdateKeysAndPlans PATCH /usageplans/*',
        'AttachKeys POST /usageplans/*/keys',
        'DeleteKeysAndPlans DELETE /apikeys/*',
        'DeleteKeysAndPlans DELETE /usageplans/*',
        ...['PUT', 'DELETE'].flatMap((verb) =>
          ['apikeys%2F*', 'usageplans%2F*'].map(
            (what) => `WriteTags ${verb} /tags/arn%3Aaws%3Aapigateway%3Aeu-west-2%3A%3A%2F${what}`,
          ),
        ),
        'ReleaseStages DELETE /tags/arn%3Aaws%3Aapigateway%3Aeu-west-2%3A%3A%2Frestapis%2F*%2Fstages%2F*',
      ],
    ],
    [
      'a stage that is never made, of one API',
      [stage()],
      {},
      [...READ, ...A1, 'UpdateStages PATCH /restapis/a1/stages/live', ...A1_TAGS],
    ],
    [
      'a stage that is made from the newest deployment, which has to be found',
      [stage({ deployment: 'latest' })],
      {},
      [
        ...READ,
        ...A1,
        'FindDeployments GET /restapis/a1/deployments',
        'CreateStages POST /restapis/a1/stages',
        'UpdateStages PATCH /restapis/a1/stages/live',
        ...A1_TAGS,
      ],
    ],
    [
      'a stage that is made from one deployment, whose id is known',
      [stage({ deployment: { id: 'd1' } })],
      {},
      [
        ...READ,
        ...A1,
        'CreateStages POST /restapis/a1/stages',
        'UpdateStages PATCH /restapis/a1/stages/live',
        ...A1_TAGS,
      ],
    ],
    [
      'a stage is named like its document where it has no other name',
      [one('Stage', { restApi: { id: 'a1' } })],
      {},
      [...READ, ...A1, 'UpdateStages PATCH /restapis/a1/stages/acme', ...A1_TAGS],
    ],
    [
      'where there are keys or plans, stages are read wherever plans may be',
      [one('ApiKey', {}, { mode: 'observe' }), stage()],
      {},
      [...READ, ...ALL_STAGES, 'UpdateStages PATCH /restapis/a1/stages/live', ...A1_TAGS],
    ],
    [
      'an API that is named is looked for, and any API may be it',
      [stage({ restApi: { name: 'residents-api' } })],
      {},
      [
        ...READ,
        'FindApis GET /restapis',
        ...ALL_STAGES,
        'UpdateStages PATCH /restapis/*/stages/live',
        ...tagsOf('restapis%2F*%2Fstages%2F*'),
      ],
    ],
    [
      'an API that is named, and known',
      [stage({ restApi: { name: 'residents-api' } })],
      { apiIds: new Map([['residents-api', 'a1']]) },
      [
        ...READ,
        'FindApis GET /restapis',
        ...A1,
        'UpdateStages PATCH /restapis/a1/stages/live',
        ...A1_TAGS,
      ],
    ],
    [
      'methods that demand a key: read in the definition and in what the stages serve, and changed one by one',
      [requirement({ apiKeyRequired: true })],
      {},
      [
        ...READ,
        ...A1,
        ...A1_METHODS,
        'RequireKeys PATCH /restapis/a1/resources/*/methods/*',
        A1_TAG,
      ],
    ],
    [
      'a requirement that is observed',
      [requirement({ apiKeyRequired: true, apiKeySource: 'HEADER' })],
      observe,
      [...READ, ...A1, ...A1_METHODS],
    ],
    [
      'where an API looks for the key is a property of the API',
      [requirement({ apiKeySource: 'HEADER' })],
      {},
      [...READ, ...A1, ...A1_METHODS, 'SetKeySource PATCH /restapis/a1', A1_TAG],
    ],
    [
      'a deployment, and the stages that are moved to it',
      [
        requirement({
          methods: [{ method: 'GET', path: '/', apiKeyRequired: true }],
          redeploy: { stages: ['live', 'test'] },
        }),
      ],
      {},
      [
        ...READ,
        ...A1,
        ...A1_METHODS,
        'FindDeployments GET /restapis/a1/deployments',
        'RequireKeys PATCH /restapis/a1/resources/*/methods/*',
        'Deploy POST /restapis/a1/deployments',
        'MoveStages PATCH /restapis/a1/stages/live',
        'MoveStages PATCH /restapis/a1/stages/test',
        A1_TAG,
      ],
    ],
    [
      'the source of the key of an API that is named: nothing below any API can be told apart from it',
      [
        requirement({
          apiKeyRequired: true,
          apiKeySource: 'HEADER',
          restApi: { name: 'residents-api' },
          redeploy: { stages: ['live'] },
        }),
      ],
      {},
      [
        ...READ,
        'FindApis GET /restapis',
        'ReadMethods GET /restapis/*',
        'SetKeySource PATCH /restapis/*',
        'Deploy POST /restapis/*/deployments',
        `TagApis PUT ${TAGS.replace(GATEWAY, '')}restapis%2F*`,
      ],
    ],
    [
      'a plan that names an API has it looked for',
      [one('UsagePlan', { stages: [{ restApi: { name: 'residents-api' }, stageName: 'live' }] })],
      observe,
      [...READ, 'FindApis GET /restapis', ...ALL_STAGES],
    ],
  ])('%s', (_, documents, more, expected) => {
    expect(lines(made(documents, more))).toEqual(expected);
  });

  test('a stage that was made here is deleted with its document only where that is asked for', () => {
    const deleted = (spec: Record<string, Json>, prune = true) =>
      lines(made([stage(spec)], { policy: { unsetMode: 'enforce', prune } })).filter((line) =>
        line.startsWith('DeleteStages'),
      );
    const policy = { deployment: 'latest', deletionPolicy: 'Delete' };
    expect(deleted(policy)).toEqual(['DeleteStages DELETE /restapis/a1/stages/live']);
    expect(deleted(policy, false)).toEqual([]);
    expect(deleted({ ...policy, deletionPolicy: 'Retain' })).toEqual([]);
    expect(deleted({ deletionPolicy: 'Delete' })).toEqual([]);
  });

  test.each([
    ['eu-west-2', 'arn:aws:apigateway:eu-west-2::/apikeys'],
    ['cn-north-1', 'arn:aws-cn:apigateway:cn-north-1::/apikeys'],
    ['us-gov-west-1', 'arn:aws-us-gov:apigateway:us-gov-west-1::/apikeys'],
  ])('is written for the partition of %s', (region, arn) => {
    const { policy } = made([one('ApiKey')], { region });
    expect(policy.Statement[0]?.Resource[0]).toBe(arn);
    expect(JSON.stringify(policy)).not.toContain(region === 'eu-west-2' ? 'arn:aws-' : 'arn:aws:');
    expect(JSON.stringify(policy)).toContain(`tags/${encodeURIComponent(arn)}`);
  });

  test('is the same in whatever order documents come', () => {
    const documents = [
      stage(),
      one('ApiKey'),
      one('UsagePlan'),
      stage({ stageName: 'test' }),
      stage({ restApi: { id: 'b2' } }),
    ];
    expect(made(documents.toReversed())).toEqual(made(documents));
  });

  test('says nothing twice: what one document allows, another need not', () => {
    const redeployed = requirement({
      apiKeyRequired: true,
      redeploy: { stages: ['live', 'test'] },
    });
    const found = lines(made([stage(), redeployed])).filter((line) =>
      line.includes('PATCH /restapis/a1/stages/'),
    );
    expect(found).toEqual([
      'UpdateStages PATCH /restapis/a1/stages/live',
      'MoveStages PATCH /restapis/a1/stages/test',
    ]);
    const named = stage({ restApi: { name: 'residents-api' } });
    expect(lines(made([stage(), named])).filter((line) => line.startsWith('UpdateStages'))).toEqual(
      ['UpdateStages PATCH /restapis/*/stages/live'],
    );
  });

  test('names each statement once, as IAM demands it', () => {
    const { policy } = made(
      [one('ApiKey'), one('UsagePlan', { keys: ['acme'] }), stage({ deployment: 'latest' })],
      {
        policy: { unsetMode: 'enforce', prune: true },
      },
    );
    const sids = policy.Statement.map(({ Sid }) => Sid);
    expect(new Set(sids).size).toBe(sids.length);
    expect(sids.filter((sid) => !/^[A-Za-z0-9]+$/.test(sid))).toEqual([]);
  });
});

describe('pinned values', () => {
  const pinned = (value: Json, annotations: Partial<Annotations> = {}) =>
    one('ApiKey', { value }, annotations);
  const rights = (documents: readonly Desired[], more: Partial<PolicyRequest> = {}) =>
    lines(made(documents, more)).filter((line) => /^Read(Secrets|Parameters)/.test(line));

  test.each<[reason: string, value: Json, expected: string[]]>([
    [
      'a secret, whose ARN ends in characters that nobody chose',
      { secretsManager: 'apikeeper/acme' },
      [
        'ReadSecrets secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-2:123456789012:secret:apikeeper/acme-??????',
      ],
    ],
    [
      'a parameter, whose ARN has one slash',
      { ssm: '/apikeeper/acme' },
      [
        'ReadParameters ssm:GetParameter arn:aws:ssm:eu-west-2:123456789012:parameter/apikeeper/acme',
      ],
    ],
    ['a variable is no business of AWS', { fromEnv: 'APIKEEPER_VALUE_ACME' }, []],
    ['what lies outside of the fence is never read', { secretsManager: 'database/password' }, []],
  ])('%s', (_, value, expected) => {
    expect(rights([pinned(value)])).toEqual(expected);
    expect(rights([pinned(value)], observe), 'observing compares too').toEqual(expected);
    expect(rights([pinned(value, { mode: 'suspend' })]), 'a suspended key is not compared').toEqual(
      [],
    );
  });

  test('without an account they are of any, which is said', () => {
    const { notes, policy } = made([pinned({ ssm: '/apikeeper/acme' })], { target: {} });
    expect(JSON.stringify(policy)).toContain('arn:aws:ssm:eu-west-2:*:parameter/apikeeper/acme');
    expect(notes).toEqual([
      expect.stringContaining('put the account id where their ARNs have a *'),
    ]);
  });

  test('one outside of the fence is said', () => {
    expect(made([pinned({ secretsManager: 'database/password' })]).notes).toEqual([
      expect.stringMatching(
        /^ApiKey\/acme: secretsManager database\/password does not begin with apikeeper\/.*--values-secrets/,
      ),
    ]);
  });
});

describe('what a policy cannot tell apart', () => {
  test('an API that is named, once for each', () => {
    const named = (name: string, stageName: string) => stage({ restApi: { name }, stageName });
    const { notes } = made([
      named('repairs', 'live'),
      named('repairs', 'test'),
      named('permits', 'live'),
      stage(),
    ]);
    expect(notes).toEqual([
      expect.stringContaining("--api-id 'permits=<id>'"),
      expect.stringContaining("--api-id 'repairs=<id>'"),
    ]);
  });

  const stages = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      stage({ restApi: { id: `api${index}` }, deployment: 'latest' }),
    );
  const secrets = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      one('ApiKey', { value: { secretsManager: `apikeeper/consumer-${index}` } }),
    );
  const sizeOf = ({ policy }: ReturnType<typeof made>) => JSON.stringify(policy).length;

  test('many APIs: any API, where a managed policy has no room for each', () => {
    const few = made(stages(5));
    expect(few.notes).toEqual([]);
    expect(lines(few)).toContain('UpdateStages PATCH /restapis/api4/stages/live');
    const many = made(stages(100));
    expect(sizeOf(many)).toBeLessThanOrEqual(6144);
    expect(lines(many)).toContain('UpdateStages PATCH /restapis/*/stages/*');
    expect(many.notes).toEqual([
      expect.stringMatching(/6144 characters.*does not tell APIs and stages apart$/),
    ]);
  });

  test('many secrets: all that the fence lets through, and APIs as before', () => {
    const many = made([...secrets(100), ...stages(2)]);
    expect(sizeOf(many)).toBeLessThanOrEqual(6144);
    const resource = 'arn:aws:secretsmanager:eu-west-2:123456789012:secret:apikeeper/*';
    expect(lines(many)).toContain(`ReadSecrets secretsmanager:GetSecretValue ${resource}`);
    expect(lines(many)).toContain('UpdateStages PATCH /restapis/api1/stages/live');
    expect(many.notes).toEqual([
      expect.stringMatching(/does not tell secrets and parameters apart$/),
    ]);
  });

  test('both', () => {
    const many = made([...secrets(100), ...stages(100)]);
    expect(sizeOf(many)).toBeLessThanOrEqual(6144);
    expect(many.notes).toEqual([
      expect.stringMatching(/tell APIs and stages, nor secrets and parameters apart$/),
    ]);
  });
});

test('the identity that assumes roles needs nothing else', () => {
  const roles = [
    'arn:aws:iam::210987654321:role/apikeeper',
    'arn:aws:iam::123456789012:role/apikeeper',
  ];
  expect(assumePolicy([...roles, ...roles])).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AssumeTargetRoles',
        Effect: 'Allow',
        Action: ['sts:AssumeRole'],
        Resource: roles.toReversed(),
      },
    ],
  });
});
