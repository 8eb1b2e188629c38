/** Whatever is live and whatever is wanted: one call turns the one into the other, and after it there is nothing to do. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMap, type JsonMap, jsonEqual } from '../../src/core/model/json.ts';
import { ALL_METHODS, type Json, type Live, type Spec } from '../../src/core/model/model.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { apiKey } from '../../src/kinds/api-key.ts';
import type { Kind } from '../../src/kinds/kind.ts';
import { settingKey } from '../../src/kinds/method-key.ts';
import { stage } from '../../src/kinds/stage.ts';
import { usagePlan } from '../../src/kinds/usage-plan.ts';
import { type Door, openDoor } from '../gateway/door.ts';
import { type Estate, makeEstate } from './estate.ts';

const numRuns = Number(process.env.APIKEEPER_TEST_RUNS ?? 1000);

let emulator: Emulator;
let door: Door;
let estate: Estate;
beforeAll(async () => {
  emulator = await startEmulator();
  door = openDoor(emulator);
  estate = await makeEstate(door.send);
});
afterAll(async () => {
  door[Symbol.dispose]();
  await emulator.close();
});

const text = fc.constantFrom('', 'a', 'Größe / ~1 "quoted"', 'x y');
const none = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const limits = fc.record({
  rateLimit: fc.constantFrom(0, 0.5, 1, 250.25),
  burstLimit: fc.constantFrom(0, 1, 5000),
});
const method = fc.constantFrom(
  'GET /',
  'GET /residents',
  'POST /residents/{id}',
  'ANY /{proxy+}',
  'DELETE /a~b',
);

const calls = (prefix: string) =>
  emulator.requests
    .filter(({ operation }) => operation.startsWith(prefix))
    .map(({ operation }) => operation);

/** Updates, and holds what the answer, a reading and a second update say against each other. Returns what is live then. */
async function update(kind: Kind, live: Live, next: Spec): Promise<Live> {
  emulator.clearRequests();
  const answered = await kind.update(door.send, live, next);
  expect(calls('Update').length).toBeLessThanOrEqual(1);
  const read = (await kind.read(door.send, live.id)) ?? expect.fail('it is gone');
  expect(read.spec).toEqual(answered.spec);
  expect(read.tags).toEqual(live.tags);
  emulator.clearRequests();
  await kind.update(door.send, read, next);
  expect(calls('Update')).toEqual([]);
  return read;
}

/** Every field of `next` is live; what it leaves out is as it was. */
function expectFields(live: Spec, before: Spec, next: Spec): void {
  for (const field of Object.keys(before)) {
    const wanted = next[field] === undefined ? before[field] : next[field];
    expect({ [field]: live[field] }, field).toSatisfy((shown: Spec) =>
      jsonEqual(shown[field], wanted),
    );
  }
}

describe('a key', () => {
  const spec = fc.record({
    name: fc.constantFrom('a', 'b'),
    description: none(text),
    enabled: fc.boolean(),
    customerId: none(text),
  });

  it('becomes what is wanted', async () => {
    await fc.assert(
      fc.asyncProperty(
        spec,
        fc.oneof(spec, fc.record({ enabled: fc.boolean() })),
        async (before, next) => {
          const live = await apiKey.create(door.send, { spec: before, tags: { team: 'a' } });
          expectFields(live.spec, live.spec, before);
          expectFields((await update(apiKey, live, next)).spec, live.spec, next);
          await apiKey.delete(door.send, live);
        },
      ),
      { numRuns },
    );
  });
});

describe('a plan', () => {
  const quota = fc.oneof(
    fc.record({
      limit: fc.constantFrom(0, 1, 10_000),
      period: fc.constant('DAY'),
      offset: fc.constant(0),
    }),
    fc.record({
      limit: fc.constantFrom(0, 500),
      period: fc.constantFrom('WEEK', 'MONTH'),
      offset: fc.constantFrom(0, 3, 6),
    }),
  );
  const stages = (withThrottles: boolean) =>
    fc.dictionary(
      fc.constantFrom('dev', 'test', 'prod'),
      fc.record({
        methodThrottles: withThrottles
          ? fc.dictionary(method, limits, { maxKeys: 3 })
          : fc.constant({}),
      }),
      { maxKeys: 3 },
    );
  // Method throttles need one of the plan.
  const spec = none(limits).chain((throttle) =>
    fc.record({
      name: fc.constantFrom('a', 'b'),
      description: none(text),
      productCode: none(fc.constantFrom('x', 'y')),
      throttle: fc.constant(throttle),
      quota: none(quota),
      stages: stages(throttle !== null),
    }),
  );
  const ofApi = (given: { stages: JsonMap }): Spec => ({
    ...(given as Spec),
    stages: Object.fromEntries(
      Object.entries(given.stages).map(([name, value]) => [`${estate.apiId}:${name}`, value]),
    ),
  });

  it('becomes what is wanted', async () => {
    await fc.assert(
      fc.asyncProperty(spec, spec, fc.boolean(), async (first, second, partial) => {
        const before = ofApi(first as { stages: JsonMap });
        const whole = ofApi(second as { stages: JsonMap });
        const next: Spec = partial
          ? { description: whole.description ?? null, quota: whole.quota ?? null }
          : whole;
        const live = await usagePlan.create(door.send, { spec: before, tags: { team: 'a' } });
        expectFields(live.spec, live.spec, before);
        const updated = await update(usagePlan, live, next);
        expectFields(updated.spec, live.spec, next);
        await usagePlan.delete(door.send, updated);
        expect(await usagePlan.read(door.send, live.id)).toBeUndefined();
      }),
      { numRuns },
    );
  });
});

describe('a stage', () => {
  const entry = fc
    .record(
      {
        throttle: none(limits),
        metricsEnabled: fc.boolean(),
        logging: fc.record(
          { level: fc.constantFrom('OFF', 'ERROR', 'INFO'), dataTrace: fc.boolean() },
          { requiredKeys: [] },
        ),
        caching: fc.record(
          {
            enabled: fc.boolean(),
            ttlInSeconds: fc.constantFrom(0, 60, 3600),
            dataEncrypted: fc.boolean(),
            requireAuthorizationForCacheControl: fc.boolean(),
            unauthorizedCacheControlHeaderStrategy: fc.constantFrom(
              'FAIL_WITH_403',
              'SUCCEED_WITHOUT_RESPONSE_HEADER',
            ),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    )
    .filter((given) => leaves(given as JsonMap).length > 0);
  const spec = fc.record({
    deployment: fc.nat(2),
    variables: fc.dictionary(
      fc.constantFrom('port', 'host', 'constructor', '__proto__'),
      fc.constantFrom('8080', 'a.b/c?d=e', 'x'),
    ),
    methodSettings: fc.dictionary(fc.oneof(method, fc.constant(ALL_METHODS)), entry, {
      maxKeys: 4,
    }),
    description: none(text),
    tracingEnabled: fc.boolean(),
    accessLog: none(
      fc.record({
        destinationArn: fc
          .constantFrom('a', 'b')
          .map((name) => `arn:aws:logs:eu-west-2:123456789012:log-group:${name}`),
        format: fc.constantFrom('$context.requestId', '{"id":"$context.requestId"}'),
      }),
    ),
    cacheCluster: fc.oneof(
      fc.constant({ enabled: false }),
      fc.record({ enabled: fc.constant(true), size: fc.constantFrom('0.5', '1.6') }),
    ),
    clientCertificateId: none(fc.nat(1)),
  });
  const ofApi = (given: { deployment: number; clientCertificateId: number | null }): Spec => ({
    ...(given as Spec),
    deployment: estate.deployments[given.deployment] ?? null,
    clientCertificateId:
      given.clientCertificateId === null
        ? null
        : (estate.certificates[given.clientCertificateId] ?? null),
  });

  /** Gives live entries the spellings that other tools leave behind. */
  function respell(live: Live, spelling: (escaped: string) => string): void {
    const [apiId = '', stageName = ''] = live.id.split(':');
    const found =
      emulator.state().restApis.get(apiId)?.stages.get(stageName) ?? expect.fail('it is gone');
    const entries = Object.entries(found.methodSettings);
    found.methodSettings = Object.fromEntries(
      entries.map(([raw, setting]) => [raw === '*/*' ? raw : spelling(raw), setting]),
    );
  }

  it('becomes what is wanted, however its settings are spelled', async () => {
    const spelling = fc.constantFrom<(escaped: string) => string>(
      (escaped) => escaped,
      (escaped) => (escaped.startsWith('~1/') ? escaped : escaped.replace(/^~1/, '')),
      (escaped) =>
        escaped.startsWith('~1/') ? escaped : escaped.replaceAll('~1', '/').replace(/^\//, ''),
    );
    await fc.assert(
      fc.asyncProperty(spec, spec, spelling, async (first, second, spell) => {
        const [before, next] = [ofApi(first), ofApi(second)];
        const made = await stage.create(door.send, {
          id: `${estate.apiId}:fresh`,
          spec: before,
          tags: { team: 'a' },
        });
        const { methodSettings: settingsBefore, ...others } = before;
        expectFields(
          { ...made.spec, methodSettings: null },
          { ...made.spec, methodSettings: null },
          others,
        );
        expectSettings(made.spec, {}, settingsBefore);
        respell(made, spell);
        const live = (await stage.read(door.send, made.id)) ?? expect.fail('it is gone');
        expect(live.spec).toEqual(made.spec);
        const updated = await update(stage, live, next);
        const { methodSettings: settingsNext, ...othersNext } = next;
        expectFields(
          { ...updated.spec, methodSettings: null },
          { ...live.spec, methodSettings: null },
          othersNext,
        );
        expectSettings(updated.spec, live.spec, settingsNext);
        await stage.delete(door.send, updated);
      }),
      { numRuns },
    );
  });

  it('is spelled as we write it once it was changed', async () => {
    const made = await stage.create(door.send, {
      id: `${estate.apiId}:fresh`,
      spec: {
        deployment: 'latest',
        methodSettings: { 'GET /residents': { metricsEnabled: true } },
      },
      tags: {},
    });
    respell(made, () => 'residents/GET');
    await stage.update(door.send, made, {
      methodSettings: { 'GET /residents': { metricsEnabled: false } },
    });
    const settings =
      emulator.state().restApis.get(estate.apiId)?.stages.get('fresh')?.methodSettings ?? {};
    expect(Object.keys(settings)).toEqual([settingKey('GET /residents')]);
    await stage.delete(door.send, made);
  });
});

/** A map's innermost values, by path; a throttle is one. */
function leaves(map: JsonMap, path = ''): [string, Json][] {
  return Object.entries(map).flatMap(([key, value]) =>
    isMap(value) && key !== 'throttle'
      ? leaves(value, `${path}/${key}`)
      : [[`${path}/${key}`, value] as [string, Json]],
  );
}

/** The entries are those that are wanted, with all that is named; what an entry leaves out is as it was where there was one. */
function expectSettings(spec: Spec, before: Spec, wanted: Json | undefined): void {
  const [live, old, next] = [spec.methodSettings, before.methodSettings, wanted].map((map) =>
    isMap(map) ? map : {},
  ) as [JsonMap, JsonMap, JsonMap];
  expect(Object.keys(live).sort()).toEqual(Object.keys(next).sort());
  for (const [key, entry] of Object.entries(next)) {
    const named = new Map(leaves(entry as JsonMap));
    const was = new Map(leaves((old[key] ?? {}) as JsonMap));
    for (const [path, value] of leaves(live[key] as JsonMap)) {
      const expected = named.has(path) ? named.get(path) : was.get(path);
      if (expected !== undefined) expect([key, path, value]).toEqual([key, path, expected]);
    }
  }
}
