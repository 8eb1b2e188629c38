/** `import --live`: the file says what to look for, the account what it is. Then plan, apply and plan again: nothing changes but tags. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import { run } from '../commands/io.ts';
import { liveWorldPerTest, takenOver } from './live-world.ts';

const CANARY = 'canary-value-that-nobody-may-see-4711';
const world = liveWorldPerTest();

const ofStack = (stack: string, logicalId: string) => ({
  'aws:cloudformation:stack-name': stack,
  'aws:cloudformation:stack-id': `arn:aws:cloudformation:eu-west-2:123456789012:stack/${stack}/1`,
  'aws:cloudformation:logical-id': logicalId,
});

/** What the file says of one code, as `message`s. */
const said = (stderr: string, code: string) =>
  stderr.split('\n').flatMap((line) => {
    const [place = '', found, , ...message] = line.split('  ');
    return found === code ? [`${place} ${message.join('  ')}`] : [];
  });

/** Commits, looks, applies, and looks again. */
async function moveIn(manifests: string): Promise<void> {
  const before = world.live();
  await world.space.write('imported.yaml', takenOver(manifests));
  const planned = await world.plan();
  expect(planned.changes).toEqual([]);
  expect(planned.steps.filter((step) => !step.endsWith(' adopt'))).toEqual([]);
  expect(await world.apply()).toBe(0);
  expect(world.live()).toEqual(before);
  expect(await world.plan()).toEqual({ steps: [], changes: [] });
}

const SERVERLESS = `service: lending
provider:
  name: aws
  stage: production
  apiKeys:
    - secureAccess:
        - reader-lending
        - partner-lending
        - departed-lending
  usagePlan:
    - secureAccess:
        throttle: { burstLimit: 200, rateLimit: 100 }
functions:
  loans:
    handler: loans.handler
    events:
      - http: { path: loans, method: get, private: true }
`;

/** What version 2.15 made of it, and what has happened since. */
async function lending(): Promise<void> {
  await world.furnish({
    apis: [
      {
        id: 'lendingapi',
        name: 'production-lending',
        methods: ['GET /loans', 'POST /loans'],
        tags: ofStack('lending-production', 'ApiGatewayRestApi'),
        stages: [{ name: 'production' }],
      },
    ],
    keys: [
      {
        id: 'readerkey1',
        name: 'reader-lending',
        value: CANARY,
        tags: ofStack('lending-production', 'ApiGatewayApiKeySecureAccess1'),
      },
      {
        id: 'partnerkey',
        name: 'partner-lending',
        enabled: false,
        description: 'blocked by hand',
        tags: ofStack('lending-production', 'ApiGatewayApiKeySecureAccess2'),
      },
      { id: 'byhand0001', name: 'made-by-hand' },
      { id: 'otherkey01', name: 'reader-lending-2' },
    ],
    plans: [
      {
        id: 'lendplan',
        name: 'lending-secureAccess-production',
        stages: ['lendingapi:production'],
        keys: ['readerkey1', 'partnerkey', 'byhand0001'],
        tags: ofStack('lending-production', 'ApiGatewayUsagePlanSecureAccess'),
      },
    ],
  });
}

test('serverless: a throttle that was dropped, a key that was deleted, a member that nobody wrote down', async () => {
  await lending();
  const { code, stdout, stderr } = await world.import(
    ['serverless', '-', '--framework-version', '>=2.0 <3'],
    SERVERLESS,
  );
  expect(said(stderr, 'LIVE_DIFFERS')).toEqual([
    expect.stringContaining(
      '-:1 KeyRequirement production-lending (lendingapi): methods: POST /loans is live, and the file does not tell',
    ),
    expect.stringContaining(
      '-:8 ApiKey partner-lending (partnerkey): description: "blocked by hand" is live',
    ),
    expect.stringContaining('-:8 ApiKey partner-lending (partnerkey): enabled: false is live'),
    expect.stringContaining(
      '-:11 UsagePlan lending-secure-access-production (lendplan): keys: made-by-hand (byhand0001) is live, and not in the file; departed-lending is in the file, and not live',
    ),
    expect.stringContaining(
      '-:11 UsagePlan lending-secure-access-production (lendplan): throttle: { rateLimit: 100, burstLimit: 200 } in the file, none live',
    ),
  ]);
  expect(said(stderr, 'THROTTLE_DROPPED')).toHaveLength(1);
  expect(said(stderr, 'NOT_LIVE')).toEqual([
    expect.stringContaining(
      '-:9 ApiKey departed-lending: nothing is called departed-lending (account 123456789012, eu-west-2), so it is left out',
    ),
  ]);
  expect(code).toBe(1);
  expect(stdout).toContain('- id: byhand0001');
  expect(stdout).not.toContain('membership');
  expect(stdout).not.toContain('throttle:\n');
  expect(stdout + stderr).not.toContain(CANARY);
  await moveIn(stdout);
});

test('until the old tool has let go, what it made is held, and named', async () => {
  await lending();
  const { stdout } = await world.import(
    ['serverless', '-', '--framework-version', '2.15.0'],
    SERVERLESS,
  );
  await world.space.write('imported.yaml', stdout);
  const { steps, changes } = await world.plan();
  expect(changes).toEqual([]);
  expect(steps).toEqual([
    'ApiKey/partner-lending hold foreign',
    'ApiKey/reader-lending hold foreign',
    'KeyRequirement/production-lending hold foreign',
    'UsagePlan/lending-secure-access-production hold foreign',
  ]);
});

const SAM = `Transform: AWS::Serverless-2016-10-31
Resources:
  Booking:
    Type: AWS::Serverless::Api
    Properties:
      Name: booking-api
      StageName: Live
      Variables: { port: '80', vpcLinkId: !ImportValue shared-vpc-link, token: '{{resolve:secretsmanager:booking}}' }
      Auth:
        ApiKeyRequired: true
        UsagePlan:
          CreateUsagePlan: PER_API
          Throttle: { BurstLimit: 16, RateLimit: 8 }
          Quota: { Limit: 70, Period: DAY }
  Partner:
    Type: AWS::ApiGateway::ApiKey
    Properties: { Name: partner, Value: ${CANARY}, Enabled: true, Description: !ImportValue partner-text }
  PartnerLink:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: { KeyId: !Ref Partner, KeyType: API_KEY, UsagePlanId: !Ref BookingUsagePlan }
  SharedLink:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: { KeyId: !ImportValue shared-key, KeyType: API_KEY, UsagePlanId: !Ref BookingUsagePlan }
  Seats:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Get: { Type: Api, Properties: { RestApiId: !Ref Booking, Path: /seats, Method: get } }
`;

test('cloudformation: names that the stack made up are found by its tags, and what it could not resolve is read', async () => {
  await world.furnish({
    apis: [
      {
        id: 'otherapi01',
        name: 'booking-api',
        methods: ['GET /seats'],
        stages: [{ name: 'Live' }],
      },
      {
        id: 'bookingapi',
        name: 'booking-api',
        methods: ['GET /seats'],
        stages: [
          {
            name: 'Live',
            tags: { ...ofStack('booking', 'BookingLiveStage'), team: 'seats' },
            variables: { port: '8080', vpcLinkId: 'link01', token: CANARY, deployedAt: '2024' },
            set: {
              '/*/*/metrics/enabled': 'true',
              '/seats/GET/throttling/rateLimit': '5',
              '/seats/GET/throttling/burstLimit': '9',
            },
          },
        ],
      },
    ],
    keys: [
      {
        id: 'generated1',
        name: 'booki-Booki-1AB2',
        value: `${CANARY}-1`,
        tags: ofStack('booking', 'BookingApiKey'),
      },
      {
        id: 'partnerkey',
        name: 'partner',
        value: `${CANARY}-2`,
        description: 'Partner Ltd',
        tags: ofStack('booking', 'Partner'),
      },
      { id: 'elsewhere1', name: 'partner', tags: ofStack('parking', 'Partner') },
      { id: 'sharedkey1', name: 'shared' },
    ],
    plans: [
      {
        id: 'bookplan',
        name: 'booki-Booki-3CD4',
        throttle: { rateLimit: 20, burstLimit: 40 },
        stages: ['bookingapi:Live'],
        keys: ['generated1', 'partnerkey', 'sharedkey1'],
        tags: ofStack('booking', 'BookingUsagePlan'),
      },
    ],
  });
  const { stdout, stderr } = await world.import(
    ['cloudformation', '-', '--parameter', 'AWS::StackName=booking'],
    SAM,
  );
  const differences = said(stderr, 'LIVE_DIFFERS').join('\n');
  expect(differences).toContain(
    '(bookplan): throttle: { rateLimit: 8, burstLimit: 16 } in the file, { rateLimit: 20, burstLimit: 40 } live',
  );
  expect(differences).toContain(
    '(bookplan): quota: { limit: 70, period: "DAY" } in the file, none live',
  );
  expect(differences).toContain(
    '(bookplan): keys: shared (sharedkey1) is live, and not in the file',
  );
  expect(differences).toContain('(partnerkey): description: "Partner Ltd" is live');
  expect(differences).toContain(
    '(bookingapi:Live): variables: port: "80" in the file, "8080" live; vpcLinkId is live, and the file does not tell',
  );
  expect(said(stderr, 'NOT_LIVE').concat(said(stderr, 'LIVE_AMBIGUOUS'))).toEqual([]);
  expect(said(stderr, 'KEY_WITHOUT_NAME').concat(said(stderr, 'PLAN_WITHOUT_NAME'))).toEqual([]);
  expect(said(stderr, 'UNRESOLVED')).toEqual([
    expect.stringContaining('token is left out; a secret is never read here'),
  ]);
  expect(said(stderr, 'VALUE_IN_SOURCE')).toEqual([
    expect.stringContaining(
      'ApiKey partner: its value is, or may be, written here (and not shown)',
    ),
  ]);
  expect(stdout).toContain('vpcLinkId: link01');
  expect(stdout).not.toMatch(/token|deployedAt/);
  expect(stdout + stderr).not.toContain(CANARY);
  await moveIn(stdout);
});

const UNNAMED = `Transform: AWS::Serverless-2016-10-31
Resources:
  Seats:
    Type: AWS::Serverless::Api
    Properties: { StageName: Live, Auth: { ApiKeyRequired: true, UsagePlan: { CreateUsagePlan: PER_API } } }
  Rooms:
    Type: AWS::Serverless::Api
    Properties: { StageName: Live, Auth: { ApiKeyRequired: true, UsagePlan: { CreateUsagePlan: PER_API } } }
`;

test('cloudformation: APIs that the template does not name are found by the tags of the stack', async () => {
  const api = (id: string, logicalId: string) => ({
    id,
    name: 'booking',
    methods: ['GET /'],
    tags: ofStack('booking', logicalId),
    stages: [{ name: 'Live' }],
  });
  const plan = (id: string, apiId: string, logicalId: string, keyId: string) => ({
    id,
    name: `booki-${logicalId}`,
    stages: [`${apiId}:Live`],
    keys: [keyId],
    tags: ofStack('booking', `${logicalId}UsagePlan`),
  });
  await world.furnish({
    apis: [api('seatsapi01', 'Seats'), api('roomsapi01', 'Rooms')],
    keys: ['Seats', 'Rooms'].map((name) => ({
      id: `${name.toLowerCase()}key1`,
      name: `booki-${name}`,
      tags: ofStack('booking', `${name}ApiKey`),
    })),
    plans: [
      plan('seatsplan', 'seatsapi01', 'Seats', 'seatskey1'),
      plan('roomsplan', 'roomsapi01', 'Rooms', 'roomskey1'),
    ],
  });
  const { code, stdout, stderr } = await world.import(
    ['cloudformation', '-', '--parameter', 'AWS::StackName=booking'],
    UNNAMED,
  );
  expect(stderr).not.toMatch(/ {2}error {2}/);
  expect(code).toBe(0);
  expect(stdout.match(/^kind: .*$/gm)?.sort()).toEqual(
    ['ApiKey', 'ApiKey', 'KeyRequirement', 'KeyRequirement', 'UsagePlan', 'UsagePlan'].map(
      (kind) => `kind: ${kind}`,
    ),
  );
  await moveIn(stdout);
});

/** A state of Terraform: resources by type and name, each with its attributes. */
function stateOf(
  resources: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  sensitive: readonly unknown[] = [],
): string {
  const list = Object.entries(resources).map(([address, attributes]) => {
    const [type, name] = address.split('.');
    const marks = type === 'aws_api_gateway_stage' ? sensitive : [];
    const provider = 'provider["registry.terraform.io/hashicorp/aws"]';
    return {
      mode: 'managed',
      type,
      name,
      provider,
      instances: [{ schema_version: 0, attributes, sensitive_attributes: marks }],
    };
  });
  return JSON.stringify({
    version: 4,
    terraform_version: '1.11.4',
    serial: 1,
    lineage: 'x',
    outputs: {},
    resources: list,
  });
}

const STATE = stateOf(
  {
    'aws_api_gateway_rest_api.library': { id: 'libraryapi', name: 'library' },
    'aws_api_gateway_stage.production': {
      id: 'ags-libraryapi-production',
      rest_api_id: 'libraryapi',
      stage_name: 'production',
      variables: { port: '8080', backendToken: CANARY },
      xray_tracing_enabled: false,
    },
    'aws_api_gateway_api_key.north': {
      id: 'northkey01',
      name: 'north',
      value: `${CANARY}-north`,
      enabled: true,
      description: 'Managed by Terraform',
    },
    'aws_api_gateway_api_key.south': {
      id: 'southkey01',
      name: 'south',
      value: `${CANARY}-south`,
      enabled: true,
    },
    'aws_api_gateway_usage_plan.readers': {
      id: 'readersplan',
      name: 'readers',
      api_stages: [{ api_id: 'libraryapi', stage: 'production' }],
      throttle_settings: [{ rate_limit: 100, burst_limit: 200 }],
    },
    'aws_api_gateway_usage_plan_key.north': {
      id: 'northkey01',
      key_id: 'northkey01',
      usage_plan_id: 'readersplan',
      value: `${CANARY}-north`,
    },
    'aws_api_gateway_usage_plan_key.south': {
      id: 'southkey01',
      key_id: 'southkey01',
      usage_plan_id: 'readersplan',
      value: `${CANARY}-south`,
    },
  },
  [
    [
      { type: 'get_attr', value: 'variables' },
      { type: 'index', value: { value: 'backendToken', type: 'string' } },
    ],
  ],
);

test('terraform: ids of the state, limits of the console, and nothing that the state hides', async () => {
  await world.furnish({
    apis: [
      {
        id: 'libraryapi',
        name: 'library',
        stages: [
          {
            name: 'production',
            variables: { port: '8080', backendToken: CANARY, region: `${CANARY}-north` },
          },
        ],
      },
    ],
    keys: [
      {
        id: 'northkey01',
        name: 'north',
        value: `${CANARY}-north`,
        description: 'Managed by Terraform',
      },
      { id: 'southkey02', name: 'south', description: 'made again by hand' },
      { id: 'strange001', name: 'strange' },
    ],
    plans: [
      {
        id: 'readersplan',
        name: 'readers (new)',
        throttle: { rateLimit: 50, burstLimit: 60 },
        quota: { limit: 1000, period: 'DAY' },
        stages: ['libraryapi:production'],
        keys: ['northkey01', 'strange001'],
      },
    ],
  });
  const { code, stdout, stderr } = await world.import(['terraform', '-'], STATE);
  expect(code).toBe(1);
  expect(said(stderr, 'NOT_LIVE')).toEqual([
    expect.stringContaining(
      'ApiKey south: nothing has its id, southkey01; southkey02 (south) is called south, and is another one (account 123456789012',
    ),
  ]);
  const differences = said(stderr, 'LIVE_DIFFERS').join('\n');
  expect(differences).toContain(
    '(readersplan): throttle: { rateLimit: 100, burstLimit: 200 } in the file, { rateLimit: 50, burstLimit: 60 } live',
  );
  expect(differences).toContain('(readersplan): quota: { limit: 1000, period: "DAY" } is live');
  expect(stdout).toContain('name: readers (new)\n');
  expect(stdout).toContain('tracingEnabled: false');
  expect(stdout).toContain("port: '8080'");
  expect(stdout).not.toMatch(/backendToken|region:/);
  expect(said(stderr, 'UNRESOLVED')).toEqual([
    expect.stringContaining('backendToken is left out; Terraform marks it as sensitive'),
  ]);
  expect(said(stderr, 'NOT_TRANSLATED')).toEqual([
    expect.stringContaining('live, a key value stands in variables/region'),
  ]);
  expect(stdout + stderr).not.toContain(CANARY);
  const json = await world.import(['terraform', '-', '-o', 'json'], STATE);
  expect(json.stdout + json.stderr).not.toContain(CANARY);
  await moveIn(stdout);
});

const HCL = `
resource "aws_api_gateway_rest_api" "library" { name = "library" }
resource "aws_api_gateway_api_key" "north" { name = "north" }
resource "aws_api_gateway_api_key" "heartbeat" { name = "heartbeat" }
resource "aws_api_gateway_usage_plan" "readers" {
  name = "readers"
  api_stages {
    api_id = aws_api_gateway_rest_api.library.id
    stage  = "production"
  }
}
resource "aws_api_gateway_usage_plan_key" "north" {
  key_id        = aws_api_gateway_api_key.north.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.readers.id
}
resource "aws_api_gateway_usage_plan_key" "heartbeat" {
  key_id        = aws_api_gateway_api_key.heartbeat.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.readers.id
}
`;

test('by name only where one object bears it and the rest agrees; of two, a person chooses', async () => {
  await world.furnish({
    apis: [{ id: 'libraryapi', name: 'library', stages: [{ name: 'production' }] }],
    keys: [
      { id: 'northkey01', name: 'north' },
      { id: 'heartbeat1', name: 'heartbeat' },
      { id: 'heartbeat2', name: 'heartbeat' },
    ],
    plans: [
      {
        id: 'readersplan',
        name: 'readers',
        stages: ['libraryapi:production'],
        keys: ['northkey01', 'heartbeat2'],
      },
    ],
  });
  await world.space.write('library.tf', HCL);
  const { code, stdout, stderr } = await world.import([
    'terraform',
    `${world.space.path}/library.tf`,
  ]);
  await world.space.write('library.tf', '');
  expect(code).toBe(1);
  expect(said(stderr, 'LIVE_AMBIGUOUS')).toEqual([
    expect.stringMatching(
      /library\.tf:4 ApiKey heartbeat: 2 live objects are called heartbeat: heartbeat1 \(heartbeat\), heartbeat2 \(heartbeat\)/,
    ),
  ]);
  expect(stdout).toContain('- north\n');
  expect(stdout).toContain('- id: heartbeat2\n');
  const before = world.live();
  await world.space.write('imported.yaml', stdout);
  const planned = await world.plan();
  expect(planned).toEqual({
    steps: ['ApiKey/heartbeat hold suspended', 'ApiKey/north adopt', 'UsagePlan/readers adopt'],
    changes: [],
  });
  const chosen = stdout.replace('apikeeper.dev/mode: suspend', 'apikeeper.dev/adopt: heartbeat2');
  await moveIn(chosen);
  expect(world.live()).toEqual(before);
});

test('json says where it was read, and each finding what it is about', async () => {
  await lending();
  const { stdout } = await world.import(
    ['serverless', '-', '--framework-version', '2.15.0', '-o', 'json'],
    SERVERLESS,
  );
  const { manifests, findings, live } = JSON.parse(stdout);
  expect(live).toEqual({ accountId: '123456789012', region: 'eu-west-2' });
  expect(findings).toContainEqual(
    expect.objectContaining({
      code: 'NOT_LIVE',
      line: 9,
      address: 'ApiGatewayApiKeySecureAccess3',
    }),
  );
  expect(manifests[0].metadata.annotations).toEqual({ 'apikeeper.dev/adopt': 'partnerkey' });
});

test('what is adopted already is left to its document, and referred to by its id', async () => {
  await lending();
  await moveIn(
    (await world.import(['serverless', '-', '--framework-version', '2.15.0'], SERVERLESS)).stdout,
  );
  const other = SERVERLESS.replace('service: lending', 'service: parking').replaceAll(
    /partner-lending|departed-lending/g,
    'parker',
  );
  await world.furnish({
    keys: [{ id: 'parkerkey1', name: 'parker', description: 'x' }],
    plans: [
      {
        id: 'parkplan',
        name: 'parking-secureAccess-production',
        keys: ['readerkey1', 'parkerkey1'],
        tags: ofStack('parking-production', 'ApiGatewayUsagePlanSecureAccess'),
      },
    ],
  });
  const { stdout, stderr } = await world.import(
    ['serverless', '-', '--framework-version', '2.15.0'],
    other,
  );
  expect(said(stderr, 'LIVE_OWNED')).toEqual([
    expect.stringMatching(
      /ApiKey reader-lending: readerkey1 .* is apikeeper's already, as default\/reader-lending of owner live-\d+: that document speaks for it/,
    ),
  ]);
  expect(stdout).toContain('- id: readerkey1\n');
});

test('lists without tags: what may be meant is read on its own', async () => {
  await lending();
  world.emulator.inject({ operation: 'GetApiKeys', fault: { type: 'lists-without-tags' } });
  const { stdout } = await world.import(
    ['serverless', '-', '--framework-version', '2.15.0'],
    SERVERLESS,
  );
  expect(stdout.match(/adopt-from: cloudformation/g)).toHaveLength(4);
});

test('only reads, and never asks for a value', async () => {
  await lending();
  world.emulator.clearRequests();
  await world.import(['serverless', '-', '--framework-version', '2.15.0'], SERVERLESS);
  const operations = world.emulator.requests.map(({ operation }) => operation);
  expect(operations).toContain('GetUsagePlanKeys');
  expect(operations.filter((operation) => !operation.startsWith('Get'))).toEqual([]);
});

test.each<[reason: string, fault: { code: string; status: number }, message: RegExp]>([
  [
    'no rights',
    { code: 'AccessDeniedException', status: 403 },
    /GetApiKeys failed with AccessDeniedException: .*check the credentials, and what their IAM policy allows/,
  ],
  [
    'credentials that nobody knows',
    { code: 'UnrecognizedClientException', status: 403 },
    /UnrecognizedClientException: .*check the credentials/,
  ],
])('%s: nothing is printed but why', async (_, fault, message) => {
  world.emulator.inject({
    operation: 'GetApiKeys',
    fault: { type: 'error', message: 'no', ...fault },
  });
  const { code, stdout, stderr } = await world.import(['serverless', '-'], SERVERLESS);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^apikeeper: --live: the account can't be read: /);
  expect(stderr).toMatch(message);
});

describe('without', () => {
  beforeEach(() => {
    for (const name of [
      'AWS_REGION',
      'AWS_DEFAULT_REGION',
      'AWS_PROFILE',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
    ])
      vi.stubEnv(name, undefined);
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'])
      vi.stubEnv(name, '/nowhere');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each<[reason: string, missing: RegExp, message: RegExp]>([
    ['a region', /REGION/, /can't be read: no AWS region: .*set AWS_REGION/],
    [
      'credentials',
      /ACCESS/,
      /can't be read: \w+ failed with CredentialsProviderError: .*check the credentials/,
    ],
  ])('%s: says so', async (_, missing, message) => {
    const env = Object.fromEntries(
      Object.entries(emulatorEnvironment(world.emulator.url)).filter(
        ([name]) => !missing.test(name),
      ),
    );
    const { code, stdout, stderr } = await run(['import', 'serverless', '-', '--live'], {
      env,
      typed: SERVERLESS,
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
  });
});
