/** How a key requirement is carried out over passes, processes, commits and hands: what the API says, what its stages serve, and what was deployed. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReportObject, TargetReport } from '../../src/core/model/report.ts';
import type { Fault } from '../../src/emulator/index.ts';
import { createRig, documentOf, type Rig } from '../kit/rig.ts';
import { seed } from '../kit/seed.ts';
import { changeInConsole } from '../scenarios/history.ts';

const API = 'residents1';
const METHODS = ['GET /residents', 'POST /residents', 'OPTIONS /residents', 'GET /health'];

let rig: Rig;
/** What somebody does right after a call of apikeeper's. */
let after: (operation: string) => void;
beforeEach(async () => {
  after = () => {};
  rig = await createRig({ onCall: (operation) => after(operation) });
  await seed(rig.hand, {
    apis: [
      {
        id: API,
        name: 'residents-api',
        open: METHODS,
        stages: [{ name: 'production', variables: { port: '80' } }, { name: 'staging' }],
      },
    ],
    keys: [{ id: 'acmekey', name: 'acme' }],
    plans: [
      {
        id: 'acmeplan',
        name: 'acme',
        stages: ['residents-api:production', 'residents-api:staging'],
        keys: ['acme'],
      },
    ],
  });
});
afterEach(() => rig[Symbol.asyncDispose]());

const closed = (path: string, method = 'GET') => ({ method, path, apiKeyRequired: true });
const open = (path: string, method = 'GET') => ({ method, path, apiKeyRequired: false });
const requirement = (spec: object) =>
  documentOf('KeyRequirement', 'residents', { restApi: { id: API }, ...spec });
const redeploy = { stages: ['production'] };

const declare = (spec: object, ...others: ReturnType<typeof documentOf>[]) =>
  rig.write([requirement(spec), ...others]);
const mine = ({ objects }: TargetReport): ReportObject[] =>
  objects.filter(({ kind }) => kind === 'KeyRequirement');

/** The methods that demand a key, by the definition. */
async function defined(): Promise<string[]> {
  const { items = [] } = await rig.hand.gateway.getResources({
    restApiId: API,
    embed: ['methods'],
    limit: 500,
  });
  const all = items.flatMap(({ path, resourceMethods = {} }) =>
    Object.entries(resourceMethods).map(([method, about]) => ({ path, method, about })),
  );
  return all
    .filter(({ about }) => about.apiKeyRequired)
    .map(({ path, method }) => `${method} ${path}`)
    .sort();
}

/** The same by what a stage serves. */
async function served(stageName = 'production'): Promise<string[]> {
  const deploymentId = await deploymentOf(stageName);
  const { apiSummary = {} } = await rig.hand.gateway.getDeployment({
    restApiId: API,
    deploymentId,
    embed: ['apisummary'],
  });
  const all = Object.entries(apiSummary).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) => ({ path, method, about })),
  );
  return all
    .filter(({ about }) => about.apiKeyRequired)
    .map(({ path, method }) => `${method} ${path}`)
    .sort();
}

async function deploymentOf(stageName: string): Promise<string | undefined> {
  return (await rig.hand.gateway.getStage({ restApiId: API, stageName })).deploymentId;
}

const deployments = () =>
  [...(rig.state.restApis.get(API)?.deployments.values() ?? [])].map(
    ({ description }) => description,
  );
const byHand = (change: Parameters<typeof changeInConsole>[1]) => changeInConsole(rig.hand, change);
const deployByHand = (to: string) => byHand({ deploy: 'residents-api', to });
const setByHand = (method: string, apiKeyRequired: boolean) =>
  byHand({ method, api: 'residents-api', apiKeyRequired });
/** Those on `/residents`. */
function methods() {
  const resources = [...(rig.state.restApis.get(API)?.resources.values() ?? [])];
  return resources.find(({ pathPart }) => pathPart === 'residents')?.methods;
}
/** At once. */
function addMethod(httpMethod: string): void {
  methods()?.set(httpMethod, { httpMethod, authorizationType: 'NONE', apiKeyRequired: false });
}
const removeMethod = (httpMethod: string) => methods()?.delete(httpMethod);
const drop: Fault['fault'] = { type: 'drop-after' };
/** The service refuses the next call. */
const refuse = (operation: string, code = 'BadRequestException', status = 400) =>
  rig.emulator.inject({
    operation,
    times: 1,
    fault: { type: 'error', status, code, message: 'no' },
  });

test('every commit that changes the document is deployed once, also one that goes back to what was deployed before', async () => {
  const first = { methods: [closed('/residents')], redeploy };
  const second = { methods: [open('/residents')], redeploy };
  for (const [count, spec] of [first, second, first].entries()) {
    declare(spec);
    await rig.apply();
    await rig.restart();
    await rig.apply();
    expect(await served()).toEqual(spec === first ? ['GET /residents'] : []);
    expect(deployments(), 'the API was deployed before').toHaveLength(count + 2);
  }
  expect(deployments().at(-1)).toMatch(/^Key requirement default\/residents, by apikeeper \(/);
});

test.each([{ fresh: false }, { fresh: true }])(
  'drift is never deployed; a process that remembers nothing: $fresh',
  async ({ fresh }) => {
    declare({ methods: [closed('/residents')], redeploy });
    await rig.apply();
    await setByHand('GET /residents', false);
    await deployByHand('production');
    const before = deployments().length;
    if (fresh) await rig.restart();

    const [object] = mine(await rig.apply());
    expect(object).toMatchObject({ action: 'update', cause: 'live', outcome: 'updated' });
    expect(await defined(), 'the definition is set back').toEqual(['GET /residents']);
    expect(await served(), 'what is served is not').toEqual([]);
    const again = await rig.apply();
    expect(mine(again)).toEqual([
      expect.objectContaining({
        state: 'unserved',
        action: 'keep',
        message: expect.stringContaining('without a key'),
      }),
    ]);
    expect(again.state).toBe('drifted');
    expect(deployments()).toHaveLength(before);

    for (const stage of ['production', 'staging']) await deployByHand(stage);
    expect(mine(await rig.apply())).toMatchObject([{ state: 'in-sync' }]);
  },
);

test('a document that the stages serve already is not deployed, now or when they drift', async () => {
  await setByHand('GET /residents', true);
  await deployByHand('production');
  declare({ methods: [closed('/residents')], redeploy });
  await rig.apply();
  expect(deployments()).toHaveLength(2);
  await setByHand('GET /residents', false);
  await deployByHand('production');
  await rig.restart();
  await rig.apply();
  expect(deployments()).toHaveLength(3);
  expect(await served()).toEqual([]);
});

test('a deployment touches neither the variables nor the settings of the stages, and no other stage', async () => {
  await byHand({
    patch: 'Stage/residents-api:production',
    path: '/*/*/metrics/enabled',
    value: 'true',
  });
  const { production, staging } = Object.fromEntries(rig.state.restApis.get(API)?.stages ?? []);
  const [before, other] = [structuredClone(production), structuredClone(staging)];
  declare({ apiKeyRequired: true, redeploy });
  await rig.apply();
  const after = Object.fromEntries(rig.state.restApis.get(API)?.stages ?? []);
  expect(after.production).toEqual({
    ...before,
    deploymentId: after.production?.deploymentId,
    lastUpdatedDate: after.production?.lastUpdatedDate,
  });
  expect(after.production?.deploymentId).not.toBe(before?.deploymentId);
  expect(after.staging).toEqual(other);
  expect(await defined(), 'a preflight carries no key').toEqual([
    'GET /health',
    'GET /residents',
    'POST /residents',
  ]);
});

test('an answer to the deploying call that is lost is looked for', async () => {
  declare({ methods: [closed('/residents')], redeploy });
  rig.emulator.inject({ operation: 'CreateDeployment', times: 1, fault: drop });
  expect(mine(await rig.apply())).toMatchObject([{ outcome: 'updated' }]);
  expect(deployments()).toHaveLength(2);
  expect(await served()).toEqual(['GET /residents']);
});

test('a stage that could not be moved is moved to the same deployment later, by another process', async () => {
  declare({ methods: [closed('/residents')], redeploy });
  refuse('UpdateStage');
  expect(mine(await rig.apply())).toMatchObject([{ outcome: 'failed' }]);
  expect(await served()).toEqual([]);
  await rig.restart();
  expect(mine(await rig.apply())).toMatchObject([{ outcome: 'updated' }]);
  expect(await served()).toEqual(['GET /residents']);
  expect(deployments()).toHaveLength(2);
});

test('what somebody changes between the plan and the deployment is not published', async () => {
  declare({ methods: [closed('/residents')], redeploy });
  after = (operation) => {
    if (operation === 'UpdateMethod') addMethod('DELETE');
  };
  expect(mine(await rig.apply())).toMatchObject([{ outcome: 'skipped', reason: 'superseded' }]);
  expect(deployments()).toHaveLength(1);
  const [held] = mine(await rig.apply()).filter(({ action }) => action === 'hold');
  expect(held).toMatchObject({
    reason: 'undeployed-changes',
    message: expect.stringContaining('DELETE /residents'),
  });
});

test('no key is demanded while the consumer that the same commit lets in is not in', async () => {
  const documents = [
    documentOf('ApiKey', 'birch'),
    documentOf('UsagePlan', 'birch', {
      stages: [{ restApi: { id: API }, stageName: 'production' }],
      keys: ['birch'],
    }),
  ];
  declare({ methods: [closed('/residents')], redeploy }, ...documents);
  rig.emulator.inject({
    operation: 'CreateUsagePlanKey',
    fault: { type: 'error', status: 400, code: 'BadRequestException', message: 'no' },
  });
  expect(mine(await rig.apply())).toMatchObject([{ outcome: 'held', reason: 'dependency' }]);
  expect([await defined(), await served()]).toEqual([[], []]);
  rig.emulator.clearFaults();
  expect(mine(await rig.apply())).toMatchObject([{ outcome: 'updated' }]);
  expect(await served()).toEqual(['GET /residents']);
});

test('a stranger’s plan on the stage lets somebody in; where it has no enabled key, nobody is shut out', async () => {
  await byHand({ patch: 'ApiKey/acme', path: '/enabled', value: 'false' });
  declare({ methods: [closed('/residents'), open('/health')], redeploy });
  expect(mine(await rig.apply())).toMatchObject([{ outcome: 'held', reason: 'no-key-can-pass' }]);
  expect(await defined()).toEqual([]);
  await byHand({ patch: 'ApiKey/acme', path: '/enabled', value: 'true' });
  await rig.apply();
  expect([await defined(), await served()]).toEqual([['GET /residents'], ['GET /residents']]);
});

test('a new method is under the default, and its coming is no commit', async () => {
  declare({ apiKeyRequired: true, redeploy });
  await rig.apply();
  await setByHand('PUT /residents', false);
  const [object] = mine(await rig.apply());
  expect(object).toMatchObject({
    cause: 'live',
    changes: [{ path: '/spec/methods/PUT ~1residents/apiKeyRequired' }],
  });
  expect(await defined()).toContain('PUT /residents');
  expect(deployments(), 'whoever made it deploys it').toHaveLength(2);
});

test('a commit is carried out by a pass that reads only what it touches', async () => {
  declare({ methods: [closed('/residents')], redeploy });
  await rig.apply();
  rig.emulator.clearRequests();
  declare({ methods: [closed('/residents'), closed('/health')], redeploy });
  expect(mine(await rig.apply('change'))).toMatchObject([{ outcome: 'updated' }]);
  expect(await served()).toEqual(['GET /health', 'GET /residents']);
  const lists = rig.emulator.requests.filter(
    ({ operation }) => operation === 'GetApiKeys' || operation === 'GetUsagePlans',
  );
  expect(lists).toEqual([]);
});

test('what the document ignores is left alone, by the default too', async () => {
  rig.write([
    documentOf(
      'KeyRequirement',
      'residents',
      { restApi: { id: API }, apiKeyRequired: true },
      { annotations: { 'apikeeper.dev/ignore': '/spec/methods/GET ~1health' } },
    ),
  ]);
  await rig.apply();
  expect(await defined()).toEqual(['GET /residents', 'POST /residents']);
});

test('an observed document writes nothing, and still tells what is served', async () => {
  await setByHand('GET /residents', true);
  rig.write([
    documentOf(
      'KeyRequirement',
      'residents',
      { restApi: { id: API }, methods: [closed('/residents')], redeploy },
      { annotations: { 'apikeeper.dev/mode': 'observe' } },
    ),
  ]);
  rig.emulator.clearRequests();
  expect(mine(await rig.apply())).toMatchObject([
    { action: 'hold', reason: 'observe', changes: [{ path: '/spec/redeploy/stages/production' }] },
  ]);
  expect(rig.emulator.requests.filter(({ operation }) => !operation.startsWith('Get'))).toEqual([]);
});

test('a scheduled pass reads the methods again, and a deployment only once', async () => {
  declare({ methods: [closed('/residents')], redeploy });
  await rig.apply();
  const reads = async () => {
    rig.emulator.clearRequests();
    await rig.apply();
    return rig.emulator.requests
      .map(({ operation }) => operation)
      .filter((operation) => /Resources|Deployment|RestApi|Stages/.test(operation))
      .sort();
  };
  await reads();
  expect(await reads()).toEqual(['GetResources', 'GetRestApi', 'GetStages']);
});

test('opening is never held for want of a key, also where some methods go on demanding one', async () => {
  for (const method of ['GET /residents', 'GET /health']) await setByHand(method, true);
  await deployByHand('production');
  await byHand({ patch: 'ApiKey/acme', path: '/enabled', value: 'false' });
  declare({ methods: [open('/residents')], redeploy });
  expect(mine(await rig.apply())).toMatchObject([{ outcome: 'updated' }]);
  expect(await served()).toEqual(['GET /health']);
});

test.each([
  { reason: 'the deployment fails', first: () => refuse('CreateDeployment'), next: () => {} },
  { reason: 'it is held', first: () => addMethod('DELETE'), next: () => removeMethod('DELETE') },
  {
    reason: 'the process dies before it has said what it did',
    first: () => {
      for (const operation of ['CreateDeployment', 'TagResource']) refuse(operation);
    },
    next: () => rig.restart(),
  },
])(
  'another key source is deployed by a later pass, and once, where $reason',
  async ({ first, next }) => {
    declare({ apiKeySource: 'AUTHORIZER', redeploy });
    await first();
    await rig.apply();
    expect((await rig.hand.gateway.getRestApi({ restApiId: API })).apiKeySource).toBe('AUTHORIZER');
    expect(deployments()).toHaveLength(1);
    await next();
    for (let pass = 0; pass < 3; pass++) await rig.apply();
    expect(deployments()).toHaveLength(2);
  },
);

test('a stage whose deployment is not found is not taken to serve what is declared', async () => {
  declare({ methods: [closed('/residents')], redeploy });
  refuse('GetDeployment', 'NotFoundException', 404);
  const held = mine(await rig.apply()).find(({ action }) => action === 'hold');
  expect(held).toMatchObject({
    reason: 'undeployed-changes',
    message: expect.stringContaining('is not found'),
  });
  await rig.apply();
  expect(await served()).toEqual(['GET /residents']);
});

test.each(['change', 'schedule'] as const)(
  'an API whose document left Git is nobody’s business in the next pass: %s',
  async (trigger) => {
    declare({ methods: [closed('/residents')], redeploy });
    await rig.apply();
    const { tags } = await rig.hand.gateway.getRestApi({ restApiId: API });
    rig.write([documentOf('ApiKey', 'birch')]);
    expect(mine(await rig.apply(trigger))).toEqual([]);
    expect((await rig.hand.gateway.getRestApi({ restApiId: API })).tags).toEqual(tags);
  },
);

test('a stage that somebody stopped is not moved until the tag is gone; the others are', async () => {
  await byHand({
    tag: 'Stage/residents-api:production',
    tags: { 'apikeeper:suspend': 'incident-42' },
  });
  declare({ methods: [closed('/residents')], redeploy: { stages: ['production', 'staging'] } });
  expect(mine(await rig.apply())).toMatchObject([
    { outcome: 'updated' },
    { outcome: 'held', reason: 'suspended' },
  ]);
  expect([await served(), await served('staging')]).toEqual([[], ['GET /residents']]);
  await byHand({ tag: 'Stage/residents-api:production', tags: { 'apikeeper:suspend': null } });
  await rig.apply();
  expect(await served()).toEqual(['GET /residents']);
  expect(deployments(), 'it is moved to the deployment that was made for the commit').toHaveLength(
    2,
  );
});

test('what a canary tries is not published', async () => {
  await rig.hand.gateway.createDeployment({
    restApiId: API,
    stageName: 'production',
    canarySettings: { percentTraffic: 10 },
  });
  declare({ methods: [closed('/residents')], redeploy });
  const held = mine(await rig.apply()).find(({ action }) => action === 'hold');
  expect(held).toMatchObject({
    reason: 'undeployed-changes',
    message: expect.stringContaining('has a canary'),
  });
  expect(deployments()).toHaveLength(2);
});

test.each([{ fresh: false }, { fresh: true }])(
  'drift of a stage is not deployed while another waits; a process that remembers nothing: $fresh',
  async ({ fresh }) => {
    declare({ methods: [closed('/residents')], redeploy: { stages: ['production', 'test'] } });
    expect(mine(await rig.apply())).toMatchObject([
      { outcome: 'updated' },
      { outcome: 'held', reason: 'unresolved-reference' },
    ]);
    await setByHand('GET /residents', false);
    await deployByHand('production');
    if (fresh) await rig.restart();
    await rig.apply();
    expect(await served()).toEqual([]);

    await rig.hand.gateway.createStage({
      restApiId: API,
      stageName: 'test',
      deploymentId: await deploymentOf('staging'),
    });
    await byHand({ patch: 'UsagePlan/acme', op: 'add', path: '/apiStages', value: `${API}:test` });
    await rig.apply();
    expect([await served(), await served('test')], 'the one that waited is moved').toEqual([
      [],
      ['GET /residents'],
    ]);
  },
);

test('what could not be required is still to be deployed', async () => {
  await setByHand('GET /residents', true);
  await deployByHand('production');
  await setByHand('GET /residents', false);
  declare({ methods: [closed('/residents')], redeploy });
  refuse('UpdateMethod');
  expect(mine(await rig.apply())).toMatchObject([{ outcome: 'failed' }]);
  await deployByHand('production');
  await rig.apply();
  expect(await served()).toEqual(['GET /residents']);
});
