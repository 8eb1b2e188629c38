/** Policies held against the calls that passes really send: all are allowed, and nothing is allowed that no pass ever does. */
import { cpSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { FaultEffect, RequestRecord } from '../src/emulator/index.ts';
import {
  allowances,
  expectAllowed,
  matches,
  type PolicyOf,
  type PolicyOptions,
  policiesOf,
  questionOf,
} from './kit/iam.ts';
import { createRig, documentOf, type Rig } from './kit/rig.ts';
import { seed } from './kit/seed.ts';
import { play, scenarioNames } from './scenarios/harness.ts';

/** Allowances by their shape, and whether a pass has ever made use of one. */
const used = new Map<string, boolean>();

/** Notes what was allowed, and which of it the calls made use of. */
function tally(policies: readonly PolicyOf[], requests: readonly RequestRecord[]): void {
  const asked = requests.flatMap((request) => questionOf(request) ?? []);
  for (const { policy } of policies) {
    for (const one of allowances(policy)) {
      const isUsed = asked.some(
        ({ action, resource }) => action === one.action && matches(one.resource, resource),
      );
      const shape = `${one.sid} ${one.action} ${shapeOf(one.resource)}`;
      used.set(shape, isUsed || (used.get(shape) ?? false));
    }
  }
}

/** Without what is different in every account. */
function shapeOf(resource: string): string {
  return resource
    .replace(/^arn:aws:\w+:[\w-]+:\d*:/, '')
    .replace(/(restapis(?:\/|%2F))[^/%]+/, '$1<api>')
    .replace(/(\/stages\/)[^/%]+/, '$1<stage>')
    .replace(/^(secret:|parameter\/).*/, '$1<name>');
}

const isWrite = ({ method, operation }: RequestRecord) =>
  method !== 'GET' && !/^(Get|AssumeRole)/.test(operation);

describe.each(scenarioNames())('scenario %s', (name) => {
  test('every call is allowed, and observing allows no write', async () => {
    await using stage = await play(name);
    const { scenario, emulator, directory } = stage;
    const during = async (pass: () => Promise<unknown>) => {
      const since = emulator.requests.length;
      await pass();
      return emulator.requests.slice(since);
    };
    const observing = await policiesOf(directory, { mode: 'observe' });
    const reads = [...(await during(stage.observe)), ...(await during(stage.plan))];
    expect(reads.filter(isWrite), scenario.reason).toEqual([]);
    expectAllowed(observing, reads, scenario.reason);
    expectReadOnly(observing, scenario.reason);
    tally(observing, reads);

    const enforcing = await policiesOf(directory, { ...scenario.flags });
    const calls = [...(await during(stage.apply)), ...(await during(stage.apply))];
    // A stage whose document has left Git is in no policy that is made afterwards.
    const isLast = ({ operation }: RequestRecord) => operation === 'DeleteStage';
    expectAllowed(
      enforcing,
      calls.filter((call) => !isLast(call)),
      scenario.reason,
    );
    const before = (scenario.history ?? []).flatMap((event) =>
      'apply' in event ? event.apply : [],
    );
    const earlier = await Promise.all(
      before.map((folder) => policiesOf(directory.replace(/manifests$/, folder))),
    );
    expectAllowed(earlier.flat(), calls.filter(isLast), scenario.reason);
    tally([...enforcing, ...earlier.flat()], calls);
  });
});

const READ_ONLY = ['apigateway:GET', 'secretsmanager:GetSecretValue', 'ssm:GetParameter'];

function expectReadOnly(policies: readonly PolicyOf[], reason: string): void {
  const actions = policies.flatMap(({ policy }) => allowances(policy).map(({ action }) => action));
  expect(
    actions.filter((action) => !READ_ONLY.includes(action)),
    reason,
  ).toEqual([]);
}

interface Case {
  readonly reason: string;
  readonly options?: PolicyOptions;
  /** Writes manifests. */
  readonly declare: (rig: Rig) => void;
  /** What lists are like. */
  readonly fault?: FaultEffect;
  /** What somebody does after the first apply; then comes a second. */
  readonly meddle?: (rig: Rig) => Promise<unknown>;
}

const STAGES = ['development', 'staging', 'production'];
const RESIDENTS = {
  id: 'a1b2c3d4e5',
  name: 'residents-api',
  stages: STAGES.map((name) => ({ name })),
};
const REPAIRS = { id: 'f6g7h8i9j0', name: 'repairs-api', methods: ['GET /'] };
const byId = { restApi: { id: REPAIRS.id }, stageName: 'production', deployment: 'latest' };
const target = (rig: Rig, spec: object = {}) =>
  documentOf('Target', 'default', {
    region: 'eu-west-2',
    accountId: '123456789012',
    owner: rig.owner,
    ...spec,
  });

const REPLACED = { op: 'replace', path: '/description', value: 'by hand' } as const;

const example: Omit<Case, 'reason'> = {
  declare: ({ directory }) => cpSync('manifests', directory, { recursive: true }),
  meddle: ({ hand }) =>
    hand.gateway.updateStage({
      restApiId: RESIDENTS.id,
      stageName: 'staging',
      patchOperations: [REPLACED],
    }),
};

const CASES: readonly Case[] = [
  { ...example, reason: 'the example manifests' },
  {
    ...example,
    reason: 'lists that carry no tags: objects are read one by one',
    fault: { type: 'lists-without-tags' },
  },
  {
    ...example,
    reason: 'a list of plans without their throttles: plans are read one by one',
    fault: { type: 'lists-without-throttle' },
  },
  {
    ...example,
    reason: 'lists that lag: what was written is asked for',
    fault: { type: 'stale-lists', lag: 4_000 },
  },
  {
    reason: 'one requirement of keys, of an API that is given by its id',
    declare: (rig) =>
      rig.write([
        target(rig),
        documentOf('KeyRequirement', 'repairs', {
          restApi: { id: REPAIRS.id },
          apiKeySource: 'AUTHORIZER',
          apiKeyRequired: true,
        }),
      ]),
    meddle: ({ hand }) =>
      hand.gateway.createDeployment({ restApiId: REPAIRS.id, stageName: 'production' }),
  },
  {
    reason:
      'stages alone, of an API that is given by its id: no other API is read, and no other stage written',
    declare: (rig) => rig.write([target(rig), documentOf('Stage', 'repairs', byId)]),
    meddle: ({ hand }) =>
      hand.gateway.updateStage({
        restApiId: REPAIRS.id,
        stageName: 'production',
        patchOperations: [REPLACED],
      }),
  },
  {
    reason: 'an API that is named, with its id given for the policy',
    options: { apiIds: new Map([['repairs-api', REPAIRS.id]]) },
    declare: (rig) =>
      rig.write([documentOf('Stage', 'repairs', { ...byId, restApi: { name: 'repairs-api' } })]),
    meddle: ({ hand }) =>
      hand.gateway.deleteStage({ restApiId: REPAIRS.id, stageName: 'production' }),
  },
  {
    reason: 'values that are pinned to both stores',
    declare: (rig) =>
      rig.write([
        target(rig),
        documentOf('ApiKey', 'acme', { value: { secretsManager: 'apikeeper/acme' } }),
        documentOf('ApiKey', 'birch', { value: { ssm: '/apikeeper/birch' } }),
      ]),
  },
];

async function makeAccount({ hand, state }: Rig): Promise<void> {
  await seed(hand, { apis: [RESIDENTS, REPAIRS] });
  const [lastModifiedDate, text] = [new Date(0), 'a-value-of-acme-0123456789'];
  state.secrets.set('apikeeper/acme', {
    arn: 'arn:aws:secretsmanager:eu-west-2:123456789012:secret:apikeeper/acme-AbCdEf',
    text,
    version: '1',
    createdDate: lastModifiedDate,
  });
  state.parameters.set('/apikeeper/birch', {
    type: 'SecureString',
    value: 'a-value-of-birch-0123456789',
    version: 1,
    lastModifiedDate,
  });
}

/** All of it is gone: a process that saw it asks for each object, before it believes that. */
function wreck({ state }: Rig): void {
  state.apiKeys.clear();
  state.usagePlans.clear();
  state.planKeys.clear();
  for (const { stages } of state.restApis.values()) stages.clear();
}

describe.each(CASES)('$reason', ({ reason, options, declare, fault, meddle }) => {
  test('every call is allowed, and observing allows no write', async () => {
    await using rig = await createRig();
    await makeAccount(rig);
    if (fault) rig.emulator.inject({ fault });
    declare(rig);
    const during = async (pass: () => Promise<unknown>) => {
      rig.emulator.clearRequests();
      await pass();
      return [...rig.emulator.requests];
    };
    const observing = await policiesOf(rig.directory, { ...options, mode: 'observe' });
    const reads = await during(rig.plan);
    expect(reads.filter(isWrite), reason).toEqual([]);
    expectReadOnly(observing, reason);
    expectAllowed(observing, reads, reason);
    tally(observing, reads);

    const enforcing = await policiesOf(rig.directory, options);
    const calls = await during(rig.apply);
    await meddle?.(rig);
    calls.push(...(await during(rig.apply)));
    expect(calls.filter(isWrite), reason).not.toEqual([]);
    expectAllowed(enforcing, calls, reason);
    tally(enforcing, calls);

    wreck(rig);
    const after = await during(rig.plan);
    expect(after.filter(isWrite), reason).toEqual([]);
    expectAllowed(observing, after, `${reason}, and all is gone`);
  });
});

/** Over all of the above: one scenario needs what another does not. */
test('nothing is allowed that no pass ever makes use of', () => {
  expect(used.size).toBeGreaterThan(0);
  const unused = [...used].filter(([, isUsed]) => !isUsed).map(([shape]) => shape);
  expect(unused.sort()).toEqual([]);
});
