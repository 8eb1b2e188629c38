/** What Git says about a stage, as consumers and back ends see it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forbidden, passing, throttled } from '../conformance/clients.ts';
import { createScene, key, on, passes, plan, type Scene, stage } from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const uri = async () => (await scene.as('acme')).body.integrationUri;

/** As a pipeline does that removes its stage and deploys again. */
async function recreate() {
  const { restApiId, stageName } = scene.api;
  await scene.hand.gateway.deleteStage({ restApiId, stageName });
  expect(await scene.api.request('GET /health')).toMatchObject({
    status: 403,
    body: { message: 'Forbidden' },
  });
  await scene.api.deploy();
}

test('requests go where the variables in Git say, from the pass on', async () => {
  const members = [key('acme'), plan('gold', ['acme'])];
  await scene.apply(...members);
  expect(await uri()).toBe('http://old.example:80/residents');
  scene.watch.follow('acme', () => scene.as('acme'));
  await scene.apply(
    stage({ variables: { loadBalancer: 'new.example', port: '8080' } }),
    ...members,
  );
  expect(await uri()).toBe('http://new.example:8080/residents');

  const { restApiId, stageName } = scene.api;
  const patchOperations = [{ op: 'replace' as const, path: '/variables/port', value: '9999' }];
  await scene.hand.gateway.updateStage({ restApiId, stageName, patchOperations });
  expect(await uri()).toBe('http://new.example:9999/residents');
  await scene.apply(
    stage({ variables: { loadBalancer: 'new.example', port: '8080' } }),
    ...members,
  );
  expect(await uri()).toBe('http://new.example:8080/residents');
  expect(scene.watch.failed()).toEqual([]);
});

test.each([
  { declared: 'with a Stage document', documents: [stage()] },
  { declared: 'that only the plan names', documents: [] },
])(
  'a stage $declared that is re-created by hand is put back into its plan, and its consumers pass again',
  async ({ documents }) => {
    const all = [...documents, key('acme'), plan('gold', ['acme'])];
    await scene.apply(...all);
    await recreate();
    expect(await scene.as('acme')).toEqual(forbidden);
    await scene.apply(...all);
    expect(await scene.as('acme')).toEqual(passes);
  },
);

test('a re-created stage has its variables, its settings and the method throttles of its plan again', async () => {
  const methodThrottles = [{ method: 'POST', path: '/residents', rateLimit: 1, burstLimit: 3 }];
  const documents = [
    stage({
      variables: { loadBalancer: 'new.example', port: '8080' },
      methodSettings: [
        { method: 'GET', path: '/health', throttle: { rateLimit: 1, burstLimit: 2 } },
      ],
    }),
    key('acme'),
    plan('gold', ['acme'], {
      throttle: { rateLimit: 30, burstLimit: 30 },
      stages: [on({ methodThrottles })],
    }),
  ];
  await scene.apply(...documents);
  await recreate();
  await scene.apply(...documents);
  expect(await uri()).toBe('http://new.example:8080/residents');
  expect(await passing(() => scene.api.request('GET /health'))).toEqual({
    passed: 2,
    next: throttled,
  });
  expect(await passing(() => scene.as('acme', 'POST /residents'))).toEqual({
    passed: 3,
    next: throttled,
  });
});

test('the API goes on being deployed by others, and neither side disturbs the consumers', async () => {
  const documents = [
    stage({ variables: { loadBalancer: 'new.example' } }),
    key('acme'),
    plan('gold', ['acme']),
  ];
  await scene.apply(...documents);
  scene.watch.follow('acme', () => scene.as('acme'));
  const deployed = () =>
    scene.hand.state.restApis.get(scene.api.restApiId)?.stages.get('production')?.deploymentId;
  const before = deployed();
  await scene.api.deploy();
  const after = deployed();
  expect(after).not.toBe(before);
  await scene.apply(...documents);
  expect(deployed()).toBe(after);
  expect(scene.watch.failed()).toEqual([]);
});
