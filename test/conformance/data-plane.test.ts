import { expect } from 'vitest';
import { deployApi, forbidden, missingToken, planOver, subscribe, urlOf } from './clients.ts';
import { behaviour, replace, suite } from './harness.ts';

/** A stage variable as integrations name it. */
const variable = (name: string) => `$\{stageVariables.${name}}`;

suite('Requests: the route', (world) => {
  behaviour.emulatorOnly(
    'R1',
    'a stage serves its deployment, not the API as it is now',
    async () => {
      const { gateway } = world;
      const api = await deployApi(world, { methods: ['GET /pets', 'GET /cats'] });
      const method = {
        restApiId: api.restApiId,
        resourceId: api.resourceId('/pets'),
        httpMethod: 'GET',
      };
      await gateway.updateMethod({
        ...method,
        patchOperations: [replace('/apiKeyRequired', 'true')],
      });
      await gateway.deleteMethod({ ...method, resourceId: api.resourceId('/cats') });
      expect(await api.request('GET /pets')).toMatchObject({ status: 200 });
      expect(await api.request('GET /cats')).toMatchObject({ status: 200 });
      await api.deploy();
      expect(await api.request('GET /pets')).toEqual(forbidden);
      expect(await api.request('GET /cats')).toEqual(missingToken);
    },
  );

  behaviour.emulatorOnly(
    'R1',
    'what changes in keys, plans and stage takes effect at once',
    async () => {
      const { gateway } = world;
      const api = await deployApi(world, {
        methods: ['GET /pets key'],
        uri: `https://${variable('host')}/`,
        variables: { host: 'one' },
      });
      const usagePlanId = await planOver(world, [api]);
      const { keyId, value } = await subscribe(world, usagePlanId);
      await gateway.updateStage({
        restApiId: api.restApiId,
        stageName: api.stageName,
        patchOperations: [replace('/variables/host', 'two')],
      });
      expect((await api.requestAs(value, 'GET /pets')).body).toMatchObject({
        integrationUri: 'https://two/',
      });
      await gateway.updateApiKey({
        apiKey: keyId,
        patchOperations: [replace('/enabled', 'false')],
      });
      expect(await api.requestAs(value, 'GET /pets')).toEqual(forbidden);
      await gateway.updateApiKey({ apiKey: keyId, patchOperations: [replace('/enabled', 'true')] });
      await gateway.deleteUsagePlanKey({ usagePlanId, keyId });
      expect(await api.requestAs(value, 'GET /pets')).toEqual(forbidden);
    },
  );

  behaviour.emulatorOnly(
    'R2',
    'what was resolved comes back, without the value of the key',
    async () => {
      const api = await deployApi(world, { methods: ['ANY /pets/{id} key', 'GET /pets'] });
      const usagePlanId = await planOver(world, [api]);
      const { keyId, value } = await subscribe(world, usagePlanId);
      const common = { api: api.restApiId, stage: api.stageName };
      expect(await api.requestAs(value, 'PUT /pets/7?color=brown')).toEqual({
        status: 200,
        type: null,
        body: {
          ...common,
          resourcePath: '/pets/{id}',
          httpMethod: 'PUT',
          integrationUri: 'https://backend/pets/{id}',
          keyId,
          usagePlanId,
        },
      });
      expect((await api.request('GET /pets')).body).toEqual({
        ...common,
        resourcePath: '/pets',
        httpMethod: 'GET',
        integrationUri: 'https://backend/pets',
      });
      expect(JSON.stringify(await api.requestAs(value, 'GET /pets/7'))).not.toContain(value);
    },
  );

  behaviour.emulatorOnly(
    'R3',
    'static before parameter before greedy, segment by segment',
    async () => {
      const methods = [
        '/',
        '/{proxy+}',
        '/pets',
        '/pets/{id}',
        '/pets/new',
        '/pets/{id}/toys',
        '/pets/new/{rest+}',
        '/{kind}/new/toys',
      ];
      const api = await deployApi(world, { methods: methods.map((path) => `GET ${path}`) });
      const resourceOf = async (path: string) =>
        (await api.request(`GET ${path}`)).body.resourcePath;
      expect(await resourceOf('/')).toBe('/');
      expect(await resourceOf('/pets')).toBe('/pets');
      expect(await resourceOf('/cats')).toBe('/{proxy+}');
      expect(await resourceOf('/pets/7')).toBe('/pets/{id}');
      expect(await resourceOf('/pets/new')).toBe('/pets/new');
      expect(await resourceOf('/pets/7/toys')).toBe('/pets/{id}/toys');
      expect(await resourceOf('/pets/new/toys')).toBe('/pets/new/{rest+}');
      expect(await resourceOf('/cats/new/toys')).toBe('/{kind}/new/toys');
      expect(await resourceOf('/pets/7/food')).toBe('/{proxy+}');
    },
  );

  behaviour.emulatorOnly(
    'R3',
    'a resource without the method does not stand in the way, one with ANY does',
    async () => {
      const api = await deployApi(world, {
        methods: ['POST /test', 'ANY /test/any', 'OPTIONS /{proxy+}'],
      });
      const resourceOf = async (route: string) => (await api.request(route)).body.resourcePath;
      expect(await resourceOf('OPTIONS /test')).toBe('/{proxy+}');
      expect(await resourceOf('POST /test')).toBe('/test');
      expect(await resourceOf('OPTIONS /test/any')).toBe('/test/any');
      expect(await resourceOf('GET /test/any')).toBe('/test/any');
    },
  );

  behaviour.emulatorOnly(
    'R3',
    'every method of HTTP, and the method itself before ANY',
    async () => {
      const methods = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
      const api = await deployApi(world, {
        methods: [...methods.map((method) => `${method} /each`), 'ANY /any'],
      });
      for (const method of methods) {
        expect(await api.request(`${method} /each`), method).toMatchObject({ status: 200 });
        expect(await api.request(`${method} /any`), method).toMatchObject({ status: 200 });
      }
      const mixed = await deployApi(world, { methods: ['ANY /pets key', 'GET /pets'] });
      expect(await mixed.request('GET /pets')).toMatchObject({ status: 200 });
      expect(await mixed.request('POST /pets')).toEqual(forbidden);
    },
  );

  behaviour.emulatorOnly(
    'R4',
    'a greedy part takes one segment or more, a parameter one; the last slash means nothing',
    async () => {
      const api = await deployApi(world, { methods: ['GET /all/{proxy+}', 'GET /one/{id}'] });
      expect(await api.request('GET /all/a')).toMatchObject({ status: 200 });
      expect(await api.request('GET /all/a/b%2Fc/d/')).toMatchObject({ status: 200 });
      expect(await api.request('GET /all')).toEqual(missingToken);
      expect(await api.request('GET /one/a%2Fb')).toMatchObject({ status: 200 });
      expect(await api.request('GET /one/a/')).toMatchObject({ status: 200 });
      expect(await api.request('GET /one/')).toEqual(missingToken);
      expect(await api.request('GET /one//')).toEqual(missingToken);
      expect(await api.request('GET /one/a/b')).toEqual(missingToken);
    },
  );

  behaviour.emulatorOnly('R4', 'no path is the root', async () => {
    const api = await deployApi(world, { methods: ['GET /', 'GET /pets'] });
    for (const route of ['GET ', 'GET ?color=brown', 'GET /'])
      expect((await api.request(route)).body.resourcePath, route).toBe('/');
  });

  behaviour.emulatorOnly('R5', 'a path or a method that nothing serves', async () => {
    const api = await deployApi(world, { methods: ['GET /pets key'] });
    for (const route of ['GET /', 'GET /pet', 'GET /pets/1', 'POST /pets'])
      expect(await api.request(route), route).toEqual(missingToken);
  });

  behaviour.emulatorOnly('R6', 'an unknown API, an unknown stage', async () => {
    const { restApiId, stageName } = await deployApi(world, { methods: ['GET /pets'] });
    for (const [id, stage] of [
      ['none', stageName],
      [restApiId, 'none'],
    ] as const) {
      const response = await fetch(`${urlOf(world.emulator, id, stage)}/pets`);
      expect({ status: response.status, body: await response.json() }).toEqual({
        status: 403,
        body: { message: 'Forbidden' },
      });
    }
    expect(world.emulator.requests.filter(({ status }) => status >= 400)).toEqual([]);
  });

  behaviour.emulatorOnly('R7', 'the endpoint is disabled with the deployment', async () => {
    const api = await deployApi(world, { methods: ['GET /pets'] });
    const patchOperations = [replace('/disableExecuteApiEndpoint', 'true')];
    await world.gateway.updateRestApi({ restApiId: api.restApiId, patchOperations });
    expect(await api.request('GET /pets')).toMatchObject({ status: 200 });
    await api.deploy();
    expect(await api.request('GET /pets')).toEqual(forbidden);
  });

  behaviour.emulatorOnly('R11', 'stage variables stand in the URI of the integration', async () => {
    const uri = `https://${variable('host')}/${variable('version')}/${variable('none')}x`;
    const api = await deployApi(world, {
      methods: ['GET /pets'],
      uri,
      variables: { host: 'a.example', version: 'v1' },
    });
    expect((await api.request('GET /pets')).body.integrationUri).toBe('https://a.example/v1/x');
  });

  behaviour.emulatorOnly('R11', 'and in the VPC link that it goes through', async () => {
    const { gateway } = world;
    const api = await deployApi(world, {
      methods: ['GET /pets'],
      variables: { vpcLinkId: 'blue01' },
    });
    const { restApiId, stageName } = api;
    const method = { restApiId, resourceId: api.resourceId('/pets'), httpMethod: 'GET' };
    const link = {
      type: 'HTTP_PROXY',
      integrationHttpMethod: 'GET',
      connectionType: 'VPC_LINK',
    } as const;
    await gateway.putIntegration({
      ...method,
      ...link,
      uri: 'http://pets/',
      connectionId: variable('vpcLinkId'),
    });
    expect((await api.request('GET /pets')).body).not.toHaveProperty('connectionId');
    await api.deploy();
    expect((await api.request('GET /pets')).body.connectionId).toBe('blue01');
    await gateway.updateStage({
      restApiId,
      stageName,
      patchOperations: [replace('/variables/vpcLinkId', 'green1')],
    });
    expect((await api.request('GET /pets')).body.connectionId).toBe('green1');
  });

  behaviour.emulatorOnly('R21', 'a canary gets no traffic', async () => {
    const { gateway } = world;
    const api = await deployApi(world, { methods: ['GET /pets'] });
    await gateway.deleteMethod({
      restApiId: api.restApiId,
      resourceId: api.resourceId('/pets'),
      httpMethod: 'GET',
    });
    const put = {
      restApiId: api.restApiId,
      resourceId: api.resourceId('/pets'),
      httpMethod: 'POST',
      authorizationType: 'NONE',
    };
    await gateway.putMethod(put);
    const { restApiId, stageName } = api;
    await gateway.createDeployment({
      restApiId,
      stageName,
      canarySettings: { percentTraffic: 100 },
    });
    expect(await api.request('GET /pets')).toMatchObject({ status: 200 });
    expect(await api.request('POST /pets')).toEqual(missingToken);
  });
});
