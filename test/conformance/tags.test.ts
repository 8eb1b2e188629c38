import { expect } from 'vitest';
import {
  behaviour,
  makeApi,
  makeDeployedApi,
  makeKey,
  makePlan,
  makeStage,
  onAws,
  refusal,
  replace,
  suite,
  unique,
} from './harness.ts';

suite('Tags', (world) => {
  const arn = async (path: string) =>
    `arn:aws:apigateway:${await world.gateway.config.region()}::${path}`;
  const tag = async (path: string, tags: Record<string, string>) =>
    world.gateway.tagResource({ resourceArn: await arn(path), tags });
  const tagsOf = async (path: string) =>
    (await world.gateway.getTags({ resourceArn: await arn(path) })).tags;

  behaviour('T1', 'every kind has its ARN', async () => {
    const api = await makeDeployedApi(world);
    const { stageName } = await makeStage(world, api);
    const paths = [
      `/apikeys/${await makeKey(world)}`,
      `/usageplans/${await makePlan(world)}`,
      `/restapis/${api.restApiId}`,
      `/restapis/${api.restApiId}/stages/${stageName}`,
    ];
    for (const path of paths) {
      await tag(path, { team: 'housing' });
      expect(await tagsOf(path)).toMatchObject({ team: 'housing' });
    }
    expect(await refusal(tag('/apikeys/unknown', { a: 'b' }))).toMatchObject({
      name: 'NotFoundException',
    });
  });

  behaviour.emulatorOnly('T1', 'another ARN is refused', async () => {
    for (const resourceArn of [
      'nonsense',
      'arn:aws:apigateway:eu-west-1::/apikeys/x',
      await arn('/domainnames/x'),
      await arn('/apikeys/x/stages/y'),
    ]) {
      expect(await refusal(world.gateway.getTags({ resourceArn }))).toMatchObject({ status: 400 });
    }
    const { clientCertificateId } = await world.gateway.generateClientCertificate({
      tags: { a: 'b' },
    });
    expect(await tagsOf(`/clientcertificates/${clientCertificateId}`)).toEqual({ a: 'b' });
  });

  behaviour('T2', 'tagging adds and overwrites, untagging removes what is named', async () => {
    const id = await makeKey(world, { tags: { a: '1', b: '1' } });
    await tag(`/apikeys/${id}`, { b: '2', c: '2' });
    expect(await tagsOf(`/apikeys/${id}`)).toEqual({ a: '1', b: '2', c: '2' });
    await world.gateway.untagResource({
      resourceArn: await arn(`/apikeys/${id}`),
      tagKeys: ['a', 'b'],
    });
    expect(await tagsOf(`/apikeys/${id}`)).toEqual({ c: '2' });
  });

  behaviour.emulatorOnly('T3', 'fifty tags', async () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, 'x']));
    const id = await makeKey(world, { tags: many(50) });
    await tag(`/apikeys/${id}`, { a0: 'y' });
    expect(await refusal(tag(`/apikeys/${id}`, { b: 'x' }))).toMatchObject({ status: 400 });
    expect(await refusal(world.gateway.createApiKey({ tags: many(51) }))).toMatchObject({
      status: 400,
    });
  });

  const refused: [string, Record<string, string>][] = [
    ['a key of AWS', { 'aws:x': 'x' }],
    ['a blank in a key', { 'a b': 'x' }],
    ['an empty key', { '': 'x' }],
    ['a long key', { ['x'.repeat(129)]: 'x' }],
    ['an at sign in a value', { a: 'x@y' }],
    ['a long value', { a: 'x'.repeat(257) }],
  ];
  for (const [what, tags] of refused) {
    behaviour.emulatorOnly('T3', what, async () => {
      const id = await makeKey(world);
      expect(await refusal(tag(`/apikeys/${id}`, tags))).toMatchObject({
        name: 'BadRequestException',
        status: 400,
      });
    });
  }

  behaviour('T3', 'the longest that are allowed', async () => {
    const tags = { ['k'.repeat(128)]: 'v'.repeat(256), 'a+-=._:/1': 'a+-=._:/1' };
    const id = await makeKey(world, { tags });
    expect(await tagsOf(`/apikeys/${id}`)).toEqual(tags);
  });

  behaviour('T4', 'lists show tags', async () => {
    const tags = { marker: unique('tag') };
    const api = await makeDeployedApi(world);
    await makePlan(world, { tags });
    await world.gateway.createStage({ ...api, stageName: 'tagged', tags });
    expect((await world.gateway.getUsagePlans({ limit: 500 })).items).toContainEqual(
      expect.objectContaining({ tags }),
    );
    expect((await world.gateway.getStages({ restApiId: api.restApiId })).item).toContainEqual(
      expect.objectContaining({ tags }),
    );
    if (onAws) return;
    await makeKey(world, { tags });
    expect((await world.gateway.getApiKeys({})).items).toContainEqual(
      expect.objectContaining({ tags }),
    );
  });
});

suite('Account and client certificates', (world) => {
  behaviour('N1', 'the account', async () => {
    expect(await world.gateway.getAccount({})).toMatchObject({
      throttleSettings: { rateLimit: expect.any(Number), burstLimit: expect.any(Number) },
      apiKeyVersion: expect.any(String),
      features: expect.arrayContaining(['UsagePlans']),
    });
  });

  behaviour.emulatorOnly('N1', 'its role', async () => {
    const set = (value: string) =>
      world.gateway.updateAccount({ patchOperations: [replace('/cloudwatchRoleArn', value)] });
    const cloudwatchRoleArn = 'arn:aws:iam::123456789012:role/logs';
    expect(await set(cloudwatchRoleArn)).toMatchObject({ cloudwatchRoleArn });
    expect(await set('')).not.toHaveProperty('cloudwatchRoleArn');
  });

  behaviour.emulatorOnly('N2', 'certificates', async () => {
    const { clientCertificateId } = await world.gateway.generateClientCertificate({
      description: 'one',
    });
    const patchOperations = [replace('/description', 'two')];
    expect(
      await world.gateway.updateClientCertificate({ clientCertificateId, patchOperations }),
    ).toMatchObject({ description: 'two' });
    expect((await world.gateway.getClientCertificates({})).items).toHaveLength(1);
    const api = await makeDeployedApi(world);
    const { stageName } = await makeStage(world, api);
    const bear = (value = '') =>
      world.gateway.updateStage({
        restApiId: api.restApiId,
        stageName,
        patchOperations: [replace('/clientCertificateId', value)],
      });
    await bear(clientCertificateId);
    expect(
      await refusal(world.gateway.deleteClientCertificate({ clientCertificateId })),
    ).toMatchObject({ status: 400 });
    await bear('');
    await world.gateway.deleteClientCertificate({ clientCertificateId });
    expect(
      await refusal(world.gateway.getClientCertificate({ clientCertificateId })),
    ).toMatchObject({ status: 404 });
  });

  behaviour.emulatorOnly('Q4', 'full resource quotas', async () => {
    const { limits } = world.emulator.state();
    Object.assign(limits, {
      apiKeys: 0,
      usagePlans: 0,
      regionalApis: 0,
      edgeApis: 0,
      clientCertificates: 0,
    });
    const calls = [
      world.gateway.createApiKey({}),
      world.gateway.createUsagePlan({ name: 'plan' }),
      makeApi(world),
      world.gateway.createRestApi({ name: 'edge' }),
      world.gateway.generateClientCertificate({}),
    ];
    for (const call of calls)
      expect(await refusal(call)).toMatchObject({ name: 'LimitExceededException', status: 429 });
  });
});
