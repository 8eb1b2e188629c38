/** From a file to objects under apikeeper, on an account that the old tool made: nothing changes but tags. */
import { APIGateway } from '@aws-sdk/client-api-gateway';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import { type AccountState, type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { run } from '../commands/io.ts';
import { seed } from '../kit/seed.ts';
import { createWorkspace, type Workspace } from '../manifests/workspace.ts';

const OF_STACK = { 'aws:cloudformation:stack-name': 'token-desk-api-pre-production' };

const API = 'desk000001';

/** As `private: true` and a deployment leave it. */
async function demandKeys(gateway: APIGateway): Promise<void> {
  const { items = [] } = await gateway.getResources({ restApiId: API });
  const resourceId = items.find(({ path }) => path === '/{proxy+}')?.id;
  const patchOperations = [{ op: 'replace' as const, path: '/apiKeyRequired', value: 'true' }];
  await gateway.updateMethod({ restApiId: API, resourceId, httpMethod: 'ANY', patchOperations });
  await gateway.createDeployment({ restApiId: API, stageName: 'pre-production' });
}

let emulator: Emulator;
let space: Workspace;
beforeEach(async () => {
  emulator = await startEmulator();
  space = await createWorkspace();
  const gateway = new APIGateway({
    endpoint: emulator.url,
    region: 'eu-west-2',
    credentials: { accessKeyId: 'AKIA123456789012TEST', secretAccessKey: 'secret' },
  });
  await seed(
    { gateway, state: emulator.state() },
    {
      apis: [
        {
          id: API,
          name: 'pre-production-token-desk-api',
          methods: ['ANY /{proxy+}'],
          stages: [{ name: 'pre-production' }],
        },
      ],
      keys: [
        { id: 'stackkey01', name: 'key-token-desk-api-pre-production', tags: OF_STACK },
        { id: 'byhand0001', name: 'made-by-hand' },
      ],
      plans: [
        {
          id: 'plan01',
          name: 'token-desk-api-pre-production',
          throttle: { rateLimit: 20, burstLimit: 40 },
          stages: ['pre-production-token-desk-api:pre-production'],
          keys: ['stackkey01', 'byhand0001'],
          tags: OF_STACK,
        },
      ],
    },
  );
  await demandKeys(gateway);
  // No call may write a tag of AWS's own.
  Object.assign(emulator.state().restApis.get(API)?.api ?? {}, { tags: OF_STACK });
  gateway.destroy();
});
afterEach(async () => {
  await emulator.close();
  await space[Symbol.asyncDispose]();
});

const env = () => ({
  ...emulatorEnvironment(emulator.url),
  APIKEEPER_OWNER: `import-${process.pid}`,
});
const words = (command: string, ...flags: readonly string[]) => [
  command,
  space.path,
  '--operation-quotas',
  'off',
  '--requests-per-second',
  '1000',
  '--burst',
  '1000',
  ...flags,
];

/** What is live, without tags and times. */
function live({ apiKeys, usagePlans, planKeys, restApis }: AccountState) {
  const bare = (objects: Iterable<object>) =>
    [...objects].map((object) => ({ ...object, tags: undefined, lastUpdatedDate: undefined }));
  return structuredClone({
    keys: bare(apiKeys.values()),
    plans: bare(usagePlans.values()),
    methods: [...restApis.values()].map(({ api, ...rest }) => ({
      ...rest,
      api: { ...api, tags: undefined },
    })),
    members: [...planKeys].map(([plan, keys]) => [plan, [...keys]]),
  });
}

test('import, then hold, then adopt, then nothing', async () => {
  const { stdout } = await run([
    'import',
    'serverless',
    'test/importers/fixtures/plain.serverless.yml',
    '--stage',
    'pre-production',
  ]);
  await space.write('desk.yaml', stdout);
  const before = live(emulator.state());

  const held = await run(words('plan', '-o', 'json'), { env: env() });
  const steps = JSON.parse(held.stdout).targets[0].objects.map(
    ({ kind, action, reason }: Record<string, string>) => `${kind} ${action} ${reason}`,
  );
  expect(steps.filter((step: string) => !step.includes('keep')).sort()).toEqual([
    'ApiKey hold foreign',
    'KeyRequirement hold foreign',
    'UsagePlan hold foreign',
  ]);

  await space.write(
    'desk.yaml',
    stdout.replaceAll(/# (apikeeper\.dev\/adopt-from|annotations: \{ apikeeper)/g, '$1'),
  );
  expect(await run(words('apply', '--yes'), { env: env() })).toMatchObject({ code: 0 });
  expect(live(emulator.state())).toEqual(before);
  expect(emulator.state().apiKeys.get('stackkey01')?.tags).toMatchObject({
    ...OF_STACK,
    'apikeeper:resource': 'default/key-token-desk-api-pre-production',
  });
  expect(await run(words('plan', '--detailed-exitcode'), { env: env() })).toMatchObject({
    code: 0,
  });
});
