import { expect } from 'vitest';
import {
  add,
  badRequest,
  behaviour,
  conflict,
  type Deployed,
  limitExceeded,
  makeDeployedApi,
  makePlan,
  makeStage,
  notFound,
  refusal,
  remove,
  replace,
  suite,
} from './harness.ts';

const LOG_GROUP = 'arn:aws:logs:eu-west-2:123456789012:log-group:access';
const ROLE = 'arn:aws:iam::123456789012:role/logs';

suite('Stages', (world) => {
  let made: Deployed | undefined;
  const api = async () => {
    made ??= await makeDeployedApi(world);
    return made;
  };
  /** A stage that is deleted again at once by the case's successor: an API has ten. */
  let previous: { restApiId: string; stageName: string } | undefined;
  const fresh = async () => {
    const deployed = await api();
    if (previous) await world.gateway.deleteStage(previous).catch(() => undefined);
    const { stageName = '' } = await makeStage(world, deployed);
    previous = { restApiId: deployed.restApiId, stageName };
    const address = previous;
    return {
      address,
      deployed,
      get: () => world.gateway.getStage(address),
      patch: (...patchOperations: ReturnType<typeof replace>[]) =>
        world.gateway.updateStage({ ...address, patchOperations }),
    };
  };

  behaviour('S1', 'defaults', async () => {
    const stage = await (await fresh()).get();
    expect(stage).toMatchObject({
      cacheClusterEnabled: false,
      cacheClusterStatus: 'NOT_AVAILABLE',
      tracingEnabled: false,
      methodSettings: {},
    });
    for (const field of [
      'description',
      'variables',
      'tags',
      'clientCertificateId',
      'accessLogSettings',
    ])
      expect(stage).not.toHaveProperty(field);
  });

  behaviour('S2', 'names', async () => {
    const { address, deployed } = await fresh();
    const create = (stageName: string) => world.gateway.createStage({ ...deployed, stageName });
    expect(await refusal(create(address.stageName))).toEqual(conflict('Stage already exists'));
    for (const name of ['with blank', 'x'.repeat(129)])
      expect(await refusal(create(name))).toMatchObject({ status: 400 });
  });

  behaviour('S3', 'a deployment that does not exist', async () => {
    const { patch, deployed } = await fresh();
    expect(await refusal(patch(replace('/deploymentId', 'none')))).toEqual(
      badRequest('Deployment id does not exist'),
    );
    const call = world.gateway.createStage({ ...deployed, deploymentId: 'none', stageName: 'x' });
    expect(await refusal(call)).toMatchObject({ status: 400 });
  });

  behaviour('S4', 'plain fields', async () => {
    const { patch, deployed, get } = await fresh();
    const { id = '' } = await world.gateway.createDeployment(deployed);
    await patch(
      replace('/deploymentId', id),
      replace('/description', 'd'),
      replace('/tracingEnabled', 'true'),
    );
    expect(await get()).toMatchObject({ deploymentId: id, description: 'd', tracingEnabled: true });
    expect((await patch(replace('/description', ''))).description ?? '').toBe('');
  });

  behaviour.emulatorOnly('S4', 'documentation version and client certificate', async () => {
    const { patch } = await fresh();
    const { clientCertificateId = '' } = await world.gateway.generateClientCertificate({});
    expect(
      await patch(
        replace('/documentationVersion', '1'),
        replace('/clientCertificateId', clientCertificateId),
      ),
    ).toMatchObject({
      documentationVersion: '1',
      clientCertificateId,
    });
    expect(await patch(replace('/clientCertificateId', ''))).not.toHaveProperty(
      'clientCertificateId',
    );
    expect(await refusal(patch(replace('/clientCertificateId', 'none')))).toMatchObject({
      status: 400,
    });
  });

  behaviour.emulatorOnly('S5', 'the cache cluster comes and goes', async () => {
    const { patch, get } = await fresh();
    expect(await patch(replace('/cacheClusterEnabled', 'true'))).toMatchObject({
      cacheClusterEnabled: true,
      cacheClusterSize: '0.5',
      cacheClusterStatus: 'CREATE_IN_PROGRESS',
    });
    world.now += 240_000;
    expect(await get()).toMatchObject({ cacheClusterStatus: 'AVAILABLE' });
    await patch(replace('/cacheClusterSize', '1.6'), replace('/cacheClusterEnabled', 'false'));
    expect(await get()).toMatchObject({
      cacheClusterStatus: 'DELETE_IN_PROGRESS',
      cacheClusterSize: '1.6',
    });
    world.now += 240_000;
    expect(await get()).toMatchObject({
      cacheClusterStatus: 'NOT_AVAILABLE',
      cacheClusterSize: '1.6',
    });
    expect(await refusal(patch(replace('/cacheClusterSize', '2')))).toMatchObject({ status: 400 });
  });

  behaviour('S6', 'variables one by one', async () => {
    const { patch } = await fresh();
    expect(
      await patch(replace('/variables/port', '8080'), replace('/variables/host', 'a.example')),
    ).toMatchObject({
      variables: { port: '8080', host: 'a.example' },
    });
    expect((await patch(remove('/variables/port'))).variables).toEqual({ host: 'a.example' });
    expect(await refusal(patch(add('/variables/other', 'x')))).toMatchObject({ status: 400 });
    for (const [name, value] of [
      ['has-hyphen', 'x'],
      ['x'.repeat(65), 'x'],
      ['ok', 'has blank'],
      ['ok', 'x'.repeat(513)],
    ] as const) {
      expect(await refusal(patch(replace(`/variables/${name}`, value)))).toMatchObject({
        status: 400,
      });
    }
  });

  behaviour.emulatorOnly('S6', 'a hundred of them', async () => {
    const { patch } = await fresh();
    const many = Array.from({ length: 100 }, (_, index) => replace(`/variables/v${index}`, 'x'));
    await patch(...many);
    expect(await refusal(patch(replace('/variables/one_more', 'x')))).toEqual(limitExceeded());
  });

  behaviour.emulatorOnly('S6', 'one that is not there can be removed', async () => {
    const { patch } = await fresh();
    expect(await patch(remove('/variables/none'))).not.toHaveProperty('variables');
    await patch(replace('/variables/one', 'x'));
    expect(await patch(remove('/variables'))).not.toHaveProperty('variables');
  });

  behaviour.emulatorOnly('S7', 'access logs', async () => {
    const { patch } = await fresh();
    const accessLogSettings = { destinationArn: LOG_GROUP, format: '$context.requestId' };
    const operations = [
      replace('/accessLogSettings/destinationArn', LOG_GROUP),
      add('/accessLogSettings/format', accessLogSettings.format),
    ];
    expect(await patch(...operations)).toMatchObject({ accessLogSettings });
    expect(await refusal(patch(replace('/accessLogSettings/format', '')))).toEqual(
      badRequest('Access Log value must not be empty'),
    );
    expect(await patch(remove('/accessLogSettings'))).not.toHaveProperty('accessLogSettings');
  });

  behaviour('S7', 'another path below access logs', async () => {
    const { patch } = await fresh();
    expect(await refusal(patch(replace('/accessLogSettings/other', 'x')))).toEqual(
      badRequest(
        'Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]',
      ),
    );
  });

  behaviour('S8', 'a part of the access logs cannot be removed', async () => {
    const { patch } = await fresh();
    const text =
      'Cannot remove method setting accessLogSettings/destinationArn because there is no method setting for this method ';
    expect(await refusal(patch(remove('/accessLogSettings/destinationArn')))).toEqual(
      badRequest(text),
    );
  });

  behaviour.emulatorOnly('S9', 'where access logs may go, and what they hold', async () => {
    const { patch } = await fresh();
    await patch(
      replace(
        '/accessLogSettings/destinationArn',
        'arn:aws:firehose:eu-west-2:123456789012:deliverystream/amazon-apigateway-x',
      ),
    );
    for (const arn of [
      `${LOG_GROUP}:*`,
      'arn:aws:firehose:eu-west-2:123456789012:deliverystream/x',
      'nonsense',
    ]) {
      expect(await refusal(patch(replace('/accessLogSettings/destinationArn', arn)))).toMatchObject(
        { status: 400 },
      );
    }
    expect(await refusal(patch(replace('/accessLogSettings/format', 'no id')))).toMatchObject({
      status: 400,
    });
  });

  behaviour('S10', 'a canary begins with the first replace', async () => {
    const { patch, deployed } = await fresh();
    const canary = { deploymentId: deployed.deploymentId, percentTraffic: 0, useStageCache: false };
    expect(
      (await patch(replace('/canarySettings/useStageCache', 'false'))).canarySettings,
    ).toMatchObject(canary);
    const changed = await patch(
      replace('/canarySettings/percentTraffic', '12.5'),
      replace('/canarySettings/stageVariableOverrides/port', '1'),
    );
    expect(changed.canarySettings).toMatchObject({
      ...canary,
      percentTraffic: 12.5,
      stageVariableOverrides: { port: '1' },
    });
    const path = '/canarySettings/percentTraffic';
    expect(await refusal(patch(add(path, '1')))).toEqual(
      badRequest(`Invalid add operation with path: ${path}`),
    );
    expect(await refusal(patch(replace('/canarySettings/deploymentId', 'none')))).toEqual(
      badRequest('Deployment id does not exist'),
    );
    expect(await patch(remove('/canarySettings'))).not.toHaveProperty('canarySettings');
  });

  behaviour('S10', 'a stage may be made with one', async () => {
    const { restApiId, deploymentId } = (await fresh()).deployed;
    const create = (canary: string) =>
      world.gateway.createStage({
        restApiId,
        deploymentId,
        stageName: 'bird',
        canarySettings: { deploymentId: canary, percentTraffic: 5 },
      });
    expect(await refusal(create('none'))).toMatchObject({ status: 400 });
    const { canarySettings } = await create(deploymentId);
    await world.gateway.deleteStage({ restApiId, stageName: 'bird' });
    expect(canarySettings).toMatchObject({ deploymentId, percentTraffic: 5 });
  });

  behaviour('S11', 'a canary is promoted by copy', async () => {
    const { patch, deployed } = await fresh();
    const copy = (path: string, from: string) => ({ op: 'copy' as const, path, from });
    const promotion = [
      copy('/deploymentId', '/canarySettings/deploymentId'),
      copy('/variables', '/canarySettings/stageVariableOverrides'),
    ];
    expect(await refusal(patch(...promotion))).toEqual(
      badRequest('Promotion not available. Canary does not exist.'),
    );
    const { id = '' } = await world.gateway.createDeployment(deployed);
    await patch(
      replace('/canarySettings/deploymentId', id),
      replace('/canarySettings/stageVariableOverrides/port', '1'),
    );
    expect(await patch(...promotion)).toMatchObject({ deploymentId: id, variables: { port: '1' } });
    const valid =
      'Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]';
    expect(await refusal(patch(copy('/description', '/canarySettings/deploymentId')))).toEqual(
      badRequest(valid),
    );
    expect(await refusal(patch(copy('/deploymentId', '/description')))).toEqual(badRequest(valid));
  });

  const recorded = {
    metricsEnabled: false,
    dataTraceEnabled: false,
    throttlingBurstLimit: 5000,
    throttlingRateLimit: 10_000,
    cachingEnabled: false,
    cacheTtlInSeconds: 300,
    cacheDataEncrypted: false,
    requireAuthorizationForCacheControl: true,
    unauthorizedCacheControlHeaderStrategy: 'SUCCEED_WITH_RESPONSE_HEADER',
  };

  behaviour('S12', 'one setting makes an entry with all defaults', async () => {
    const { patch } = await fresh();
    const stage = await patch(replace('/~1pets/GET/metrics/enabled', 'true'));
    expect(stage.methodSettings).toEqual({ '~1pets/GET': { ...recorded, metricsEnabled: true } });
  });

  behaviour('S13', 'a new entry copies the wildcard once', async () => {
    const { patch } = await fresh();
    await patch(replace('/*/*/throttling/burstLimit', '7'));
    await patch(replace('/~1pets/GET/throttling/rateLimit', '3'));
    const { methodSettings } = await patch(replace('/*/*/throttling/burstLimit', '8'));
    expect(methodSettings?.['~1pets/GET']).toMatchObject({
      throttlingBurstLimit: 7,
      throttlingRateLimit: 3,
    });
    expect(methodSettings?.['*/*']).toMatchObject({
      throttlingBurstLimit: 8,
      throttlingRateLimit: 10_000,
    });
  });

  behaviour('S14', 'the key is the pointer as sent', async () => {
    const { patch } = await fresh();
    const paths = ['/~1pets/GET', '/pets/GET', '/*/*'];
    const { methodSettings = {} } = await patch(
      ...paths.map((path) => replace(`${path}/caching/enabled`, 'false')),
    );
    expect(Object.keys(methodSettings).sort()).toEqual(['*/*', 'pets/GET', '~1pets/GET']);
  });

  behaviour('S15', 'an entry is removed whole', async () => {
    const { patch } = await fresh();
    await patch(replace('/*/*/metrics/enabled', 'true'));
    expect((await patch(remove('/*/*'))).methodSettings).toEqual({});
    const text =
      'Cannot remove method setting */* because there is no method setting for this method ';
    expect(await refusal(patch(remove('/*/*')))).toEqual(badRequest(text));
  });

  behaviour('S16', 'other paths', async () => {
    const { patch } = await fresh();
    for (const path of ['/tags/tag1', '/{proxy+}/ANY//throttling/burstLimit']) {
      const expected = badRequest(
        expect.stringContaining(`Invalid method setting path: ${path}. Must be one of: [`),
      );
      expect(await refusal(patch(replace(path, '1')))).toEqual(expected);
    }
    expect(await refusal(patch(remove('/tags/tag1')))).toMatchObject({ status: 400 });
  });

  behaviour('S17', 'a deleted stage leaves its plan, and does not come back', async () => {
    const { address, deployed, patch } = await fresh();
    await patch(replace('/*/*/metrics/enabled', 'true'));
    const stage = { apiId: address.restApiId, stage: address.stageName };
    const usagePlanId = await makePlan(world, { apiStages: [stage] });
    await world.gateway.deleteStage(address);
    await world.gateway.createStage({ ...address, deploymentId: deployed.deploymentId });
    expect((await world.gateway.getUsagePlan({ usagePlanId })).apiStages).toEqual([]);
    expect(await world.gateway.getStage(address)).toMatchObject({ methodSettings: {} });
  });

  behaviour.emulatorOnly('S18', 'logging needs the account’s role', async () => {
    const { patch } = await fresh();
    const text = 'CloudWatch Logs role ARN must be set in account settings to enable logging';
    expect(await refusal(patch(replace('/*/*/logging/loglevel', 'ERROR')))).toEqual(
      badRequest(text),
    );
    await patch(replace('/*/*/logging/loglevel', 'OFF'));
    await world.gateway.updateAccount({ patchOperations: [replace('/cloudwatchRoleArn', ROLE)] });
    const { methodSettings } = await patch(
      replace('/*/*/logging/loglevel', 'ERROR'),
      replace('/*/*/logging/dataTrace', 'true'),
    );
    expect(methodSettings?.['*/*']).toMatchObject({
      loggingLevel: 'ERROR',
      dataTraceEnabled: true,
    });
  });

  behaviour('S19', 'no throttle of its own', async () => {
    const { patch } = await fresh();
    await patch(
      replace('/*/*/throttling/rateLimit', '-1'),
      replace('/*/*/throttling/burstLimit', '-1'),
    );
  });

  behaviour.emulatorOnly('S19', 'is shown as -1', async () => {
    const { patch } = await fresh();
    const { methodSettings } = await patch(
      replace('/*/*/throttling/rateLimit', '-1'),
      replace('/*/*/throttling/burstLimit', '-1'),
    );
    expect(methodSettings?.['*/*']).toMatchObject({
      throttlingRateLimit: -1,
      throttlingBurstLimit: -1,
    });
  });

  behaviour('S20', 'bounds of settings', async () => {
    const { patch } = await fresh();
    const bad = [
      ['caching/ttlInSeconds', '3601'],
      ['logging/loglevel', 'LOUD'],
      ['caching/unauthorizedCacheControlHeaderStrategy', 'SHRUG'],
    ] as const;
    for (const [field, value] of bad)
      expect(await refusal(patch(replace(`/*/*/${field}`, value)))).toMatchObject({ status: 400 });
    const { methodSettings } = await patch(
      replace('/*/*/caching/ttlInSeconds', '3600'),
      replace('/*/*/caching/dataEncrypted', 'true'),
      replace('/*/*/caching/requireAuthorizationForCacheControl', 'false'),
      replace('/*/*/caching/unauthorizedCacheControlHeaderStrategy', 'FAIL_WITH_403'),
    );
    expect(methodSettings?.['*/*']).toMatchObject({
      cacheTtlInSeconds: 3600,
      cacheDataEncrypted: true,
      requireAuthorizationForCacheControl: false,
      unauthorizedCacheControlHeaderStrategy: 'FAIL_WITH_403',
    });
  });

  behaviour('S21', 'stages are listed at once, by deployment if asked', async () => {
    const { address, deployed } = await fresh();
    const { restApiId } = address;
    const names = async (deploymentId?: string) =>
      (await world.gateway.getStages({ restApiId, deploymentId })).item?.map(
        (stage) => stage.stageName,
      );
    expect(await names()).toContain(address.stageName);
    expect(await names(deployed.deploymentId)).toContain(address.stageName);
    const { id } = await world.gateway.createDeployment({ restApiId });
    expect(await names(id)).toEqual([]);
  });

  behaviour.emulatorOnly('S21', 'ten per API', async () => {
    const deployed = await makeDeployedApi(world);
    for (let count = 0; count < 10; count++) await makeStage(world, deployed);
    expect(await refusal(makeStage(world, deployed))).toEqual(limitExceeded());
  });

  behaviour('S22', 'an unknown stage', async () => {
    const address = { restApiId: (await api()).restApiId, stageName: 'unknown' };
    const unknown = notFound('Invalid stage identifier specified');
    expect(await refusal(world.gateway.getStage(address))).toEqual(unknown);
    expect(await refusal(world.gateway.deleteStage(address))).toEqual(unknown);
    expect(await refusal(world.gateway.updateStage({ ...address, patchOperations: [] }))).toEqual(
      unknown,
    );
  });
});
