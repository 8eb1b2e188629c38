import { expect } from 'vitest';
import {
  badRequest,
  behaviour,
  limitExceeded,
  makeApi,
  makeDeployedApi,
  makePlan,
  makeStage,
  notFound,
  onAws,
  refusal,
  remove,
  replace,
  suite,
} from './harness.ts';

suite('REST APIs, resources and methods', (world) => {
  behaviour('A1', 'key source and endpoint', async () => {
    const { restApiId } = await makeApi(world);
    expect(await world.gateway.getRestApi({ restApiId })).toMatchObject({
      apiKeySource: 'HEADER',
      disableExecuteApiEndpoint: false,
    });
    const patchOperations = [
      replace('/apiKeySource', 'AUTHORIZER'),
      replace('/disableExecuteApiEndpoint', 'true'),
    ];
    expect(await world.gateway.updateRestApi({ restApiId, patchOperations })).toMatchObject({
      apiKeySource: 'AUTHORIZER',
      disableExecuteApiEndpoint: true,
    });
    const bad = world.gateway.updateRestApi({
      restApiId,
      patchOperations: [replace('/apiKeySource', 'COOKIE')],
    });
    expect(await refusal(bad)).toMatchObject({ status: 400 });
  });

  behaviour('A1', 'name and description', async () => {
    const { restApiId } = await makeApi(world);
    const patchOperations = [replace('/name', 'renamed'), replace('/description', 'd')];
    await world.gateway.updateRestApi({ restApiId, patchOperations });
    expect((await world.gateway.getRestApis({ limit: 500 })).items).toContainEqual(
      expect.objectContaining({ id: restApiId, name: 'renamed', description: 'd' }),
    );
  });

  behaviour('A2', 'an unknown API', async () => {
    const unknown = notFound(
      expect.stringMatching(/^Invalid API identifier specified \d{12}:unknown$/),
    );
    expect(await refusal(world.gateway.getRestApi({ restApiId: 'unknown' }))).toEqual(unknown);
    expect(await refusal(world.gateway.getStages({ restApiId: 'unknown' }))).toEqual(unknown);
  });

  behaviour.emulatorOnly('A3', 'names are not unique', async () => {
    const create = () => world.gateway.createRestApi({ name: 'twin' });
    expect((await create()).id).not.toBe((await create()).id);
  });

  behaviour('A4', 'paths follow the tree', async () => {
    const { restApiId, rootId } = await makeApi(world);
    const create = (parentId: string, pathPart: string) =>
      world.gateway.createResource({ restApiId, parentId, pathPart });
    const pets = await create(rootId, 'pets');
    const pet = await create(pets.id ?? '', '{id}');
    expect([pets.path, pet.path]).toEqual(['/pets', '/pets/{id}']);
    expect(await world.gateway.getResource({ restApiId, resourceId: rootId })).toMatchObject({
      path: '/',
    });
    const patchOperations = [replace('/pathPart', 'animals')];
    await world.gateway.updateResource({ restApiId, resourceId: pets.id, patchOperations });
    expect(await world.gateway.getResource({ restApiId, resourceId: pet.id })).toMatchObject({
      path: '/animals/{id}',
    });
    expect(await refusal(create(rootId, 'animals'))).toMatchObject({ status: 409 });
    const move = [replace('/parentId', pet.id ?? '')];
    expect(
      await refusal(
        world.gateway.updateResource({ restApiId, resourceId: pets.id, patchOperations: move }),
      ),
    ).toMatchObject({
      status: 400,
    });
    const other = await create(rootId, 'other');
    expect(
      await world.gateway.updateResource({
        restApiId,
        resourceId: other.id,
        patchOperations: [replace('/parentId', pet.id ?? '')],
      }),
    ).toMatchObject({
      path: '/animals/{id}/other',
    });
    expect(await refusal(create(rootId, 'no blank'))).toMatchObject({ status: 400 });
    expect(
      await refusal(world.gateway.deleteResource({ restApiId, resourceId: rootId })),
    ).toMatchObject({ status: 400 });
    await world.gateway.deleteResource({ restApiId, resourceId: pets.id });
    expect((await world.gateway.getResources({ restApiId })).items).toHaveLength(1);
  });

  behaviour('A5', 'methods in the list of resources', async () => {
    const { restApiId } = await makeDeployedApi(world);
    const pets = async (embed?: string[]) =>
      (await world.gateway.getResources({ restApiId, embed })).items?.find(
        (resource) => resource.path === '/pets',
      );
    expect((await pets())?.resourceMethods).toEqual({ GET: {} });
    expect((await pets(['methods']))?.resourceMethods).toMatchObject({
      GET: { httpMethod: 'GET', apiKeyRequired: false },
    });
  });

  behaviour('A6', 'a deleted API leaves the plans', async () => {
    const deployed = await makeDeployedApi(world);
    const { stageName } = await makeStage(world, deployed);
    const usagePlanId = await makePlan(world, {
      apiStages: [{ apiId: deployed.restApiId, stage: stageName }],
    });
    await world.gateway.deleteRestApi({ restApiId: deployed.restApiId });
    expect((await world.gateway.getUsagePlan({ usagePlanId })).apiStages).toEqual([]);
  });

  behaviour.emulatorOnly('A7', 'resources per API', async () => {
    const { restApiId, rootId } = await makeApi(world);
    world.emulator.state().limits.resourcesPerApi = 2;
    await world.gateway.createResource({ restApiId, parentId: rootId, pathPart: 'one' });
    expect(
      await refusal(world.gateway.createResource({ restApiId, parentId: rootId, pathPart: 'two' })),
    ).toEqual(
      limitExceeded(
        'Maximum number of Resources for this API has been reached. Please contact AWS if you need additional Resources.',
      ),
    );
    world.emulator.state().limits.resourcesPerApi = 300;
  });

  behaviour('E1', 'apiKeyRequired', async () => {
    const { restApiId, petsId: resourceId } = await makeDeployedApi(world);
    const method = { restApiId, resourceId, httpMethod: 'GET' };
    expect(await world.gateway.getMethod(method)).toMatchObject({ apiKeyRequired: false });
    for (const [value, apiKeyRequired] of [
      ['true', true],
      ['whatever', false],
    ] as const) {
      const patchOperations = [replace('/apiKeyRequired', value)];
      expect(await world.gateway.updateMethod({ ...method, patchOperations })).toMatchObject({
        apiKeyRequired,
      });
    }
  });

  behaviour('E2', 'refusals of UpdateMethod', async () => {
    const { restApiId, petsId: resourceId } = await makeDeployedApi(world);
    const patch = (operation: ReturnType<typeof replace>, other: object = {}) =>
      world.gateway.updateMethod({
        restApiId,
        resourceId,
        httpMethod: 'GET',
        ...other,
        patchOperations: [operation],
      });
    const required = replace('/apiKeyRequired', 'true');
    expect(await refusal(patch(replace('/httpMethod', 'PUT')))).toEqual(
      badRequest('Invalid patch path /httpMethod'),
    );
    expect(await refusal(patch(remove('/apiKeyRequired')))).toEqual(
      badRequest('Invalid patch operation specified. Must be one of: [replace]'),
    );
    expect(await refusal(patch(required, { httpMethod: 'PUT' }))).toEqual(
      notFound('Invalid Method identifier specified'),
    );
    expect(await refusal(patch(required, { resourceId: 'unknown' }))).toEqual(
      notFound('Invalid Resource identifier specified'),
    );
  });
});

suite('Integrations', (world) => {
  behaviour.emulatorOnly('E3', 'a method is made once', async () => {
    const { restApiId, petsId: resourceId } = await makeDeployedApi(world);
    const call = world.gateway.putMethod({
      restApiId,
      resourceId,
      httpMethod: 'GET',
      authorizationType: 'NONE',
    });
    expect(await refusal(call)).toMatchObject({ name: 'ConflictException', status: 409 });
    await world.gateway.deleteMethod({ restApiId, resourceId, httpMethod: 'GET' });
    expect(
      await refusal(world.gateway.getMethod({ restApiId, resourceId, httpMethod: 'GET' })),
    ).toMatchObject({ status: 404 });
  });

  behaviour('E4', 'integrations and responses', async () => {
    const { restApiId, petsId: resourceId } = await makeDeployedApi(world);
    const method = { restApiId, resourceId, httpMethod: 'GET' };
    const response = { ...method, statusCode: '200' };
    const integration = { type: 'HTTP_PROXY', uri: 'http://a.example/' } as const;
    await world.gateway.putIntegration({
      ...method,
      ...integration,
      integrationHttpMethod: 'POST',
    });
    await world.gateway.putMethodResponse({
      ...response,
      responseModels: { 'application/json': 'Empty' },
    });
    await world.gateway.putIntegrationResponse({ ...response, selectionPattern: '.*' });
    expect(await world.gateway.getIntegration(method)).toMatchObject({
      ...integration,
      httpMethod: 'POST',
    });
    expect(await world.gateway.getMethodResponse(response)).toMatchObject({
      responseModels: { 'application/json': 'Empty' },
    });
    expect(await world.gateway.getIntegrationResponse(response)).toMatchObject({
      selectionPattern: '.*',
    });
    expect(await world.gateway.getMethod(method)).toMatchObject({
      methodIntegration: { ...integration, integrationResponses: { 200: { statusCode: '200' } } },
      methodResponses: { 200: { statusCode: '200' } },
    });
    await world.gateway.deleteIntegrationResponse(response);
    await world.gateway.deleteMethodResponse(response);
    await world.gateway.deleteIntegration(method);
    const gone = [
      world.gateway.getIntegrationResponse(response),
      world.gateway.getMethodResponse(response),
      world.gateway.getIntegration(method),
    ];
    for (const call of gone)
      expect(await refusal(call)).toMatchObject({ name: 'NotFoundException' });
  });
});

suite('Deployments', (world) => {
  behaviour('D1', 'a deployment makes or moves a stage', async () => {
    const { restApiId } = await makeDeployedApi(world);
    const deploy = async () =>
      (await world.gateway.createDeployment({ restApiId, stageName: 'live' })).id;
    const stage = () => world.gateway.getStage({ restApiId, stageName: 'live' });
    const first = await deploy();
    expect(await stage()).toMatchObject({ deploymentId: first });
    expect(await stage()).not.toHaveProperty('tags');
    const patchOperations = [replace('/*/*/metrics/enabled', 'true')];
    await world.gateway.updateStage({ restApiId, stageName: 'live', patchOperations });
    const second = await deploy();
    expect(await stage()).toMatchObject({
      deploymentId: second,
      methodSettings: { '*/*': { metricsEnabled: true } },
    });
  });

  behaviour('D2', 'its variables overwrite those of the stage', async () => {
    const { restApiId } = await makeDeployedApi(world);
    const deploy = (variables: Record<string, string>) =>
      world.gateway.createDeployment({ restApiId, stageName: 'live', variables });
    await deploy({ port: '1' });
    await deploy({ port: '2' });
    expect(await world.gateway.getStage({ restApiId, stageName: 'live' })).toMatchObject({
      variables: { port: '2' },
    });
  });

  behaviour.emulatorOnly(
    'D1',
    'a deployment may bring the other settings of its stage',
    async () => {
      const { restApiId } = await makeDeployedApi(world);
      const settings = {
        stageDescription: 'd',
        tracingEnabled: true,
        cacheClusterEnabled: true,
        cacheClusterSize: '1.6',
      } as const;
      const expected = {
        description: 'd',
        tracingEnabled: true,
        cacheClusterEnabled: true,
        cacheClusterSize: '1.6',
      };
      await world.gateway.createDeployment({ restApiId, stageName: 'new', ...settings });
      expect(await world.gateway.getStage({ restApiId, stageName: 'new' })).toMatchObject(expected);
      await world.gateway.createDeployment({ restApiId, stageName: 'plain' });
      await world.gateway.createDeployment({ restApiId, stageName: 'plain', ...settings });
      expect(await world.gateway.getStage({ restApiId, stageName: 'plain' })).toMatchObject(
        expected,
      );
    },
  );

  behaviour('D3', 'an API without methods cannot be deployed', async () => {
    const { restApiId } = await makeApi(world);
    expect(await refusal(world.gateway.createDeployment({ restApiId }))).toEqual(
      badRequest("The REST API doesn't contain any methods"),
    );
  });

  behaviour('D4', 'a deployment remembers what its methods demanded', async () => {
    const { restApiId, petsId, deploymentId } = await makeDeployedApi(world);
    const patchOperations = [replace('/apiKeyRequired', 'true')];
    await world.gateway.updateMethod({
      restApiId,
      resourceId: petsId,
      httpMethod: 'GET',
      patchOperations,
    });
    const { id } = await world.gateway.createDeployment({ restApiId });
    const summary = async (deployment = '') =>
      (
        await world.gateway.getDeployment({
          restApiId,
          deploymentId: deployment,
          embed: ['apisummary'],
        })
      ).apiSummary;
    expect(await summary(deploymentId)).toEqual({
      '/pets': { GET: { authorizationType: 'NONE', apiKeyRequired: false } },
    });
    expect(await summary(id)).toEqual({
      '/pets': { GET: { authorizationType: 'NONE', apiKeyRequired: true } },
    });
    expect(await world.gateway.getDeployment({ restApiId, deploymentId })).not.toHaveProperty(
      'apiSummary',
    );
    expect(
      (await world.gateway.getDeployments({ restApiId })).items
        ?.map((deployment) => deployment.id)
        .sort(),
    ).toEqual([deploymentId, id].sort());
  });

  behaviour('D5', 'its description can be replaced', async () => {
    const { restApiId, deploymentId } = await makeDeployedApi(world);
    const patch = (...patchOperations: ReturnType<typeof replace>[]) =>
      world.gateway.updateDeployment({ restApiId, deploymentId, patchOperations });
    expect(await patch(replace('/description', 'd'))).toMatchObject({ description: 'd' });
    expect(await refusal(patch(replace('/id', 'x')))).toMatchObject({ status: 400 });
  });

  behaviour('D7', 'a deployment may go to the canary', async () => {
    const deployed = await makeDeployedApi(world);
    const { restApiId, deploymentId } = deployed;
    const { stageName } = await makeStage(world, deployed);
    const { id } = await world.gateway.createDeployment({
      restApiId,
      stageName,
      canarySettings: { percentTraffic: 10 },
    });
    const stage = await world.gateway.getStage({ restApiId, stageName });
    expect(stage).toMatchObject({
      deploymentId,
      canarySettings: { deploymentId: id, percentTraffic: 10 },
    });
  });

  behaviour('D6', 'one that is served cannot be deleted', async () => {
    const deployed = await makeDeployedApi(world);
    const { restApiId, deploymentId } = deployed;
    const { stageName } = await makeStage(world, deployed);
    const drop = (id: string) => world.gateway.deleteDeployment({ restApiId, deploymentId: id });
    expect(await refusal(drop(deploymentId))).toEqual(
      badRequest('Active stages pointing to this deployment must be moved or deleted'),
    );
    const { id: next = '' } = await world.gateway.createDeployment({ restApiId });
    await world.gateway.updateStage({
      restApiId,
      stageName,
      patchOperations: [replace('/canarySettings/deploymentId', next)],
    });
    expect(await refusal(drop(next))).toEqual(
      badRequest(
        'Active stages with canary settings pointing to this deployment must be moved or deleted',
      ),
    );
    await world.gateway.deleteStage({ restApiId, stageName });
    await drop(next);
    if (!onAws) expect(world.emulator.state().restApis.get(restApiId)?.deployments.size).toBe(1);
  });
});
