import { UpdateStageCommand } from '@aws-sdk/client-api-gateway';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { apiKey } from '../../src/kinds/api-key.ts';
import { listApis } from '../../src/kinds/apis.ts';
import { kinds } from '../../src/kinds/index.ts';
import { keyRequirement } from '../../src/kinds/key-requirement.ts';
import { PartlyCreated } from '../../src/kinds/live.ts';
import { stage } from '../../src/kinds/stage.ts';
import { tag, untag } from '../../src/kinds/tags.ts';
import { usagePlan } from '../../src/kinds/usage-plan.ts';
import { jumpingClock } from '../gateway/clocks.ts';
import { type Door, openDoor } from '../gateway/door.ts';
import { type Estate, makeApi, makeEstate } from './estate.ts';

const OURS = { 'apikeeper:owner': 'apikeeper', team: 'housing' };
const ALL = { apiIds: [], wantsMembers: () => true };

let emulator: Emulator;
let door: Door;
let estate: Estate;
let now = 1_000_000;
beforeAll(async () => {
  emulator = await startEmulator({ clock: () => now++ });
});
afterAll(() => emulator.close());
beforeEach(async () => {
  await fetch(`${emulator.url}/_emulator/reset`, { method: 'POST' });
  door?.[Symbol.dispose]();
  door = openDoor(emulator, { clock: jumpingClock(7_000) });
  estate = await makeEstate(door.send);
  emulator.clearRequests();
});
afterAll(() => door[Symbol.dispose]());

const operations = () => emulator.requests.map(({ operation }) => operation);
const fail = (operation: string, skip = 0) =>
  emulator.inject({
    operation,
    skip,
    times: 1,
    fault: { type: 'error', status: 400, code: 'BadRequestException', message: 'refused' },
  });

describe('the list of kinds', () => {
  it('is in the order of dependencies, and its rules come from the schemas', () => {
    expect(kinds.map(({ rules }) => rules.kind)).toEqual([
      'ApiKey',
      'Stage',
      'UsagePlan',
      'KeyRequirement',
    ]);
  });

  it.each(kinds.map((kind) => [kind.rules.kind, kind] as const))(
    '%s projects every live field, and no other',
    async (_, kind) => {
      const made = await Promise.all([
        apiKey.create(door.send, { spec: { name: 'a' }, tags: OURS }),
        usagePlan.create(door.send, { spec: { name: 'p' }, tags: OURS }),
        stage.read(door.send, `${estate.apiId}:dev`),
        keyRequirement.read(door.send, estate.apiId),
      ]);
      const live = made.find((object) => object?.kind === kind.rules.kind);
      const fields = Object.values(kind.rules.fields).filter(
        ({ role, name, sensitive }) => !sensitive && (role === 'live' || name === 'deployment'),
      );
      // What stages serve stands beside the API's own definition.
      const served =
        kind === keyRequirement
          ? ['served', 'undeployed', 'deployments', 'canaries', 'suspended']
          : [];
      expect(Object.keys(live?.spec ?? {}).sort()).toEqual(
        [...fields.map(({ name }) => name), ...served].sort(),
      );
    },
  );
});

describe('a key', () => {
  it('is created in one call, enabled, with all tags and its value, which is not seen again', async () => {
    const spec = {
      name: 'acme',
      description: 'Acme',
      enabled: true,
      customerId: '7',
      tags: { team: 'housing' },
    };
    const value = 'a-key-value-of-thirty-characters';
    const made = await apiKey.create(door.send, { spec, tags: OURS, value });
    expect(made).toEqual({
      kind: 'ApiKey',
      id: made.id,
      name: 'acme',
      spec,
      tags: OURS,
      observedAt: 7_000,
      updatedAt: made.updatedAt,
    });
    const at = emulator.state().apiKeys.get(made.id)?.lastUpdatedDate?.getTime() ?? 0;
    // On the wire, dates have whole seconds.
    expect(made.updatedAt).toBe(Math.floor(at / 1000) * 1000);
    expect(operations()).toEqual(['CreateApiKey']);
    expect(emulator.state().apiKeys.get(made.id)?.value).toBe(value);
    expect(await apiKey.read(door.send, made.id)).toEqual(made);
    expect(await apiKey.list(door.send, ALL)).toEqual([made]);
  });

  it('is created enabled where nothing is said, and disabled where that is said', async () => {
    expect((await apiKey.create(door.send, { spec: { name: 'a' }, tags: {} })).spec.enabled).toBe(
      true,
    );
    expect(
      (await apiKey.create(door.send, { spec: { name: 'b', enabled: false }, tags: {} })).spec
        .enabled,
    ).toBe(false);
  });

  it('keeps its tags through an update, whose answer need not show them', async () => {
    const made = await apiKey.create(door.send, { spec: { name: 'a' }, tags: OURS });
    const updated = await apiKey.update(door.send, made, { ...made.spec, enabled: false });
    expect(updated).toEqual({ ...made, spec: { ...made.spec, enabled: false } });
    expect(await apiKey.update(door.send, updated, updated.spec)).toBe(updated);
  });

  it('is gone once deleted, however often', async () => {
    const made = await apiKey.create(door.send, { spec: { name: 'a' }, tags: {} });
    await apiKey.delete(door.send, made);
    await apiKey.delete(door.send, made);
    expect(await apiKey.read(door.send, made.id)).toBeUndefined();
  });
});

describe('a plan', () => {
  const limits = { rateLimit: 0.5, burstLimit: 0 };
  const full = () => ({
    name: 'p',
    description: 'Plan',
    productCode: null,
    throttle: { rateLimit: 0, burstLimit: 5 },
    quota: { limit: 0, period: 'WEEK', offset: 6 },
    stages: {
      [`${estate.apiId}:dev`]: { methodThrottles: { 'GET /': limits, 'GET /a/{id}': limits } },
      [`${estate.apiId}:prod`]: { methodThrottles: {} },
    },
    tags: { team: 'housing' },
  });

  it('is created in one call, with its stages and method throttles', async () => {
    const made = await usagePlan.create(door.send, { spec: full(), tags: OURS });
    expect(made).toMatchObject({
      kind: 'UsagePlan',
      name: 'p',
      tags: OURS,
      spec: { ...full(), keys: {} },
    });
    expect(operations()).toEqual(['CreateUsagePlan']);
    expect(await usagePlan.read(door.send, made.id)).toEqual(made);
    expect(await usagePlan.list(door.send, ALL)).toEqual([made]);
  });

  it('gets its product code in a second call', async () => {
    const spec = { ...full(), productCode: 'prod-1' };
    const made = await usagePlan.create(door.send, { spec, tags: OURS });
    expect(made).toMatchObject({ tags: OURS, spec: { ...spec, keys: {} } });
    expect(operations()).toEqual(['CreateUsagePlan', 'UpdateUsagePlan']);
  });

  it('stands, with its tags, where the second call fails, and the error says so', async () => {
    fail('UpdateUsagePlan');
    const spec = { ...full(), productCode: 'prod-1' };
    const failed = await usagePlan
      .create(door.send, { spec, tags: OURS })
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(PartlyCreated);
    const { message, live } = failed as PartlyCreated;
    expect(message).toMatch(
      /^usage plan \w+ was created, but .*the next pass sets the rest.*refused/,
    );
    expect(live.tags).toEqual(OURS);
    expect(await usagePlan.list(door.send, ALL)).toEqual([live]);
  });

  it('reads the keys of the plans that are wanted, and of no others', async () => {
    const key = await apiKey.create(door.send, { spec: { name: 'a' }, tags: {} });
    const plans = await Promise.all(
      Array.from({ length: 20 }, (_, count) =>
        usagePlan.create(door.send, { spec: { name: `p${count}` }, tags: {} }),
      ),
    );
    for (const plan of plans)
      await usagePlan.members?.attach(door.send, plan.id, key.id).catch(() => undefined);
    emulator.clearRequests();
    const listed = await usagePlan.list(door.send, {
      apiIds: [],
      wantsMembers: ({ name }) => name < 'p2',
    });
    expect(listed.map(({ id }) => id)).toEqual(plans.map(({ id }) => id).sort());
    const wanted = listed.filter(({ spec }) => 'keys' in spec);
    expect(wanted.map(({ name }) => name).sort()).toEqual(
      plans
        .map(({ name }) => name)
        .filter((name) => name < 'p2')
        .sort(),
    );
    expect(operations().filter((operation) => operation === 'GetUsagePlanKeys')).toHaveLength(
      wanted.length,
    );
    expect(
      wanted.some(({ spec }) => JSON.stringify(spec.keys) === JSON.stringify({ [key.id]: true })),
    ).toBe(true);
  });

  it('fails to be listed as a whole where one plan’s keys can not be read', async () => {
    for (const name of ['p', 'q', 'r'])
      await usagePlan.create(door.send, { spec: { name }, tags: {} });
    fail('GetUsagePlanKeys', 1);
    await expect(usagePlan.list(door.send, ALL)).rejects.toMatchObject({
      operation: 'GetUsagePlanKeys',
    });
  });

  it('keeps its keys and tags through an update', async () => {
    const made = await usagePlan.create(door.send, { spec: full(), tags: OURS });
    const withKeys = { ...made, spec: { ...made.spec, keys: { abc: true } } };
    const updated = await usagePlan.update(door.send, withKeys, { ...withKeys.spec, quota: null });
    expect(updated).toEqual({ ...withKeys, spec: { ...withKeys.spec, quota: null } });
    emulator.clearRequests();
    expect(await usagePlan.update(door.send, updated, updated.spec)).toBe(updated);
    expect(operations()).toEqual([]);
  });

  it.each(['drop-after', 'drop-before'] as const)(
    'is looked at where the answer to an update was lost: %s',
    async (type) => {
      const made = await usagePlan.create(door.send, { spec: full(), tags: OURS });
      const next = { ...made.spec, quota: null };
      emulator.inject({ operation: 'UpdateUsagePlan', times: 1, fault: { type } });
      emulator.clearRequests();
      const updated = usagePlan.update(door.send, made, next);
      if (type === 'drop-after') expect(await updated).toEqual({ ...made, spec: next });
      else
        await expect(updated).rejects.toMatchObject({
          class: 'answer-lost',
          operation: 'UpdateUsagePlan',
        });
      expect(operations()).toEqual(['UpdateUsagePlan', 'GetUsagePlan', 'GetUsagePlanKeys']);
    },
  );

  it('is taken out of its stages and deleted, however often', async () => {
    const made = await usagePlan.create(door.send, { spec: full(), tags: OURS });
    emulator.clearRequests();
    await usagePlan.delete(door.send, made);
    expect(operations()).toEqual(['UpdateUsagePlan', 'DeleteUsagePlan']);
    await usagePlan.delete(door.send, made);
    expect(await usagePlan.read(door.send, made.id)).toBeUndefined();
  });

  it('without stages is deleted in one call', async () => {
    const made = await usagePlan.create(door.send, { spec: { name: 'p' }, tags: {} });
    emulator.clearRequests();
    await usagePlan.delete(door.send, made);
    expect(operations()).toEqual(['DeleteUsagePlan']);
  });
});

describe('the keys of a plan', () => {
  async function planAndKey(): Promise<[string, string]> {
    const plan = await usagePlan.create(door.send, { spec: { name: 'p' }, tags: {} });
    const key = await apiKey.create(door.send, { spec: { name: 'a' }, tags: {} });
    emulator.clearRequests();
    return [plan.id, key.id];
  }
  const attach = (plan: string, key: string) => usagePlan.members?.attach(door.send, plan, key);
  const detach = (plan: string, key: string) => usagePlan.members?.detach(door.send, plan, key);
  const keysOf = async (plan: string) =>
    Object.keys((await usagePlan.read(door.send, plan))?.spec.keys ?? {});

  it('are attached and detached, however often', async () => {
    const [plan, key] = await planAndKey();
    await attach(plan, key);
    await attach(plan, key);
    expect(operations()).toEqual(['CreateUsagePlanKey', 'CreateUsagePlanKey', 'GetUsagePlanKey']);
    expect(await keysOf(plan)).toEqual([key]);
    await detach(plan, key);
    await detach(plan, key);
    expect(await keysOf(plan)).toEqual([]);
  });

  it.each([
    ['carried out', 'drop-after', ['CreateUsagePlanKey', 'GetUsagePlanKey']],
    [
      'not carried out',
      'drop-before',
      ['CreateUsagePlanKey', 'GetUsagePlanKey', 'CreateUsagePlanKey'],
    ],
  ] as const)('are looked up where the answer was lost: %s', async (_, type, expected) => {
    const [plan, key] = await planAndKey();
    emulator.inject({ operation: 'CreateUsagePlanKey', times: 1, fault: { type } });
    await attach(plan, key);
    expect(operations()).toEqual(expected);
    expect(await keysOf(plan)).toEqual([key]);
  });

  it('are not attached where another plan has them for the same stage, and the error is the service’s', async () => {
    const spec = { stages: { [`${estate.apiId}:dev`]: {} } };
    const [one, other] = [
      await usagePlan.create(door.send, { spec: { name: 'p', ...spec }, tags: {} }),
      await usagePlan.create(door.send, { spec: { name: 'q', ...spec }, tags: {} }),
    ];
    const key = await apiKey.create(door.send, { spec: { name: 'a' }, tags: {} });
    await attach(one.id, key.id);
    await expect(attach(other.id, key.id)).rejects.toMatchObject({
      operation: 'CreateUsagePlanKey',
      class: 'conflict',
    });
    expect(await keysOf(other.id)).toEqual([]);
  });
});

describe('a stage', () => {
  const full = () => ({
    deployment: estate.deployments[1] ?? '',
    variables: { port: '8080' },
    methodSettings: {
      '* /*': { throttle: { rateLimit: 500, burstLimit: 1000 }, metricsEnabled: true },
      'GET /residents/{id}': { throttle: null, metricsEnabled: false },
    },
    description: 'Production',
    tracingEnabled: true,
    accessLog: {
      destinationArn: 'arn:aws:logs:eu-west-2:123456789012:log-group:access',
      format: '$context.requestId',
    },
    cacheCluster: { enabled: true, size: '1.6' },
    clientCertificateId: estate.certificates[0] ?? '',
    tags: { team: 'housing' },
  });
  const id = () => `${estate.apiId}:production`;

  it('is created, and gets in a second call what the first does not take', async () => {
    const made = await stage.create(door.send, { id: id(), spec: full(), tags: OURS });
    expect(operations()).toEqual(['CreateStage', 'UpdateStage']);
    expect(made).toMatchObject({
      kind: 'Stage',
      id: id(),
      name: 'production',
      tags: OURS,
      spec: full(),
    });
    expect(await stage.read(door.send, id())).toEqual(made);
    expect(
      (await stage.list(door.send, { ...ALL, apiIds: [estate.apiId] })).find(
        (live) => live.id === id(),
      ),
    ).toEqual(made);
  });

  it('is created in one call where that says all', async () => {
    const { methodSettings: _, accessLog: __, clientCertificateId: ___, ...spec } = full();
    await stage.create(door.send, {
      id: id(),
      spec: { ...spec, accessLog: null, clientCertificateId: null, variables: { a: null } },
      tags: {},
    });
    expect(operations()).toEqual(['CreateStage']);
  });

  it('is created from the newest deployment', async () => {
    const made = await stage.create(door.send, {
      id: id(),
      spec: { deployment: 'latest' },
      tags: {},
    });
    expect(made.spec.deployment).toBe(estate.deployments.at(-1));
  });

  it('is not created without a deployment: the error names the API', async () => {
    const { id: empty } = await makeApi(door.send, 'empty');
    await expect(
      stage.create(door.send, { id: `${empty}:dev`, spec: { deployment: 'latest' }, tags: {} }),
    ).rejects.toThrow(`API ${empty} has no deployment yet`);
    await expect(stage.create(door.send, { id: id(), spec: {}, tags: {} })).rejects.toThrow(
      'without a deployment',
    );
  });

  it('stands, with its tags, where the second call fails, and the error says so', async () => {
    fail('UpdateStage');
    await expect(stage.create(door.send, { id: id(), spec: full(), tags: OURS })).rejects.toThrow(
      `stage ${id()} was created, but`,
    );
    const found = await stage.read(door.send, id());
    expect(found?.tags).toEqual(OURS);
    await stage.update(door.send, found ?? expect.fail('there is none'), full());
    expect(await stage.read(door.send, id())).toMatchObject({ spec: full() });
  });

  it('is updated in one call, and its settings are looked up only where an entry changes', async () => {
    const made = await stage.create(door.send, { id: id(), spec: full(), tags: OURS });
    const update = async (changes: object) => {
      emulator.clearRequests();
      const updated = await stage.update(door.send, made, { ...made.spec, ...changes });
      expect(updated.tags).toEqual(OURS);
      expect(await stage.read(door.send, id())).toMatchObject({ spec: changes });
      return operations().slice(0, -1);
    };
    const settings = made.spec.methodSettings as object;
    expect(await update({ description: 'Live' })).toEqual(['UpdateStage']);
    expect(
      await update({ methodSettings: { ...settings, 'PUT /': { metricsEnabled: true } } }),
    ).toEqual(['UpdateStage']);
    expect(
      await update({ methodSettings: { ...settings, '* /*': { metricsEnabled: false } } }),
    ).toEqual(['GetStage', 'UpdateStage']);
    emulator.clearRequests();
    expect(await stage.update(door.send, made, made.spec)).toBe(made);
    expect(operations()).toEqual([]);
  });

  it.each(['drop-after', 'drop-before'] as const)(
    'is looked at where the answer to an update was lost: %s',
    async (type) => {
      const made = await stage.create(door.send, { id: id(), spec: full(), tags: OURS });
      const next = { ...made.spec, accessLog: null };
      emulator.inject({ operation: 'UpdateStage', times: 1, fault: { type } });
      emulator.clearRequests();
      const updated = stage.update(door.send, made, next);
      if (type === 'drop-after') expect(await updated).toEqual({ ...made, spec: next });
      else
        await expect(updated).rejects.toMatchObject({
          class: 'answer-lost',
          operation: 'UpdateStage',
        });
      expect(operations()).toEqual(['UpdateStage', 'GetStage']);
    },
  );

  it('of which one method stands there in two spellings shows ours', async () => {
    const settings = (path: string, value: string) => ({
      op: 'replace' as const,
      path: `/${path}/throttling/burstLimit`,
      value,
    });
    await door.send(
      new UpdateStageCommand({
        restApiId: estate.apiId,
        stageName: 'dev',
        patchOperations: [settings('~1a/GET', '1'), settings('a/GET', '2')],
      }),
    );
    const live = await stage.read(door.send, `${estate.apiId}:dev`);
    expect(live?.spec.methodSettings).toMatchObject({ 'GET /a': { throttle: { burstLimit: 1 } } });
  });

  it('of an API that is gone is not there', async () => {
    const listed = await stage.list(door.send, { ...ALL, apiIds: ['gone', estate.apiId] });
    expect(listed.map(({ name }) => name)).toEqual(['dev', 'prod', 'test']);
    expect(await stage.read(door.send, 'gone:dev')).toBeUndefined();
  });

  it('is gone once deleted, however often', async () => {
    const made = await stage.create(door.send, { id: id(), spec: full(), tags: OURS });
    await stage.delete(door.send, made);
    await stage.delete(door.send, made);
    expect(await stage.read(door.send, id())).toBeUndefined();
  });
});

describe('tags', () => {
  it('are set and taken off one by one, under the ARN of each kind', async () => {
    const objects = [
      await apiKey.create(door.send, { spec: { name: 'a' }, tags: OURS }),
      await stage.create(door.send, {
        id: `${estate.apiId}:s`,
        spec: { deployment: 'latest' },
        tags: OURS,
      }),
      await usagePlan.create(door.send, { spec: { name: 'p' }, tags: OURS }),
      await keyRequirement.read(door.send, estate.apiId),
    ];
    for (const [index, kind] of kinds.entries()) {
      const live = objects[index] ?? expect.fail();
      const arn = kind.arn(live, 'eu-west-2');
      await tag(door.send, arn, { team: 'repairs', extra: '1' });
      await untag(door.send, arn, ['apikeeper:owner']);
      expect(await kind.read(door.send, live.id)).toMatchObject({
        tags: { team: 'repairs', extra: '1' },
        // An API's own tags are nobody's field here.
        spec: kind === keyRequirement ? {} : { tags: { team: 'repairs', extra: '1' } },
      });
      await untag(door.send, arn, ['extra', 'team']);
      expect((await kind.read(door.send, live.id))?.tags).toEqual({});
    }
  });

  it('cost no call where there are none', async () => {
    await tag(door.send, 'arn', {});
    await untag(door.send, 'arn', []);
    expect(operations()).toEqual([]);
  });

  it.each([
    ['eu-west-2', 'arn:aws:apigateway:eu-west-2::/apikeys/k'],
    ['cn-north-1', 'arn:aws-cn:apigateway:cn-north-1::/apikeys/k'],
    ['us-gov-west-1', 'arn:aws-us-gov:apigateway:us-gov-west-1::/apikeys/k'],
  ])('stand in %s under %s', (region, arn) => {
    expect(
      apiKey.arn({ kind: 'ApiKey', id: 'k', name: '', spec: {}, tags: {}, observedAt: 0 }, region),
    ).toBe(arn);
  });
});

describe('REST APIs', () => {
  it('are listed by id, with names that need not be unique', async () => {
    const { id } = await makeApi(door.send);
    expect(await listApis(door.send)).toEqual(
      [estate.apiId, id]
        .sort()
        .map((id) => ({ id, name: 'residents-api', apiKeySource: 'HEADER', tags: {} })),
    );
  });
});
