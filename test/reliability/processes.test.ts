/** What injected crashes can't show: real processes killed with SIGKILL, real time, a lock whose holder is gone, two hosts. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { takeLock, writerName } from '../../src/engine/lock/lock.ts';
import { seed } from '../kit/seed.ts';
import { createAccount, createTree } from './account.ts';
import { setUp, undisturbed } from './crash-matrix.ts';
import {
  type CrashScenario,
  crashScenarios,
  key,
  OWNER,
  on,
  plan,
  STRANGERS,
  target,
} from './crash-scenarios.ts';
import { figure, thorough } from './figures.ts';
import { serve, start, startAndKill } from './processes.ts';
import { comparable, foreign } from './states.ts';

/** Calls of the scenario by number; each costs a few processes. */
const SAMPLE: Readonly<Record<string, readonly number[]>> = {
  'fields change': [9, 12],
  'keys change places between plans on one stage': [9, 10],
  'a key leaves Git: disabled': [8],
};

const scenarios = crashScenarios.filter(({ name }) => thorough || name in SAMPLE);

const staged = new Map<string, Awaited<ReturnType<typeof stage>>>();
// One after another: processes of one owner take turns.
beforeAll(async () => {
  for (const scenario of scenarios) staged.set(scenario.name, await stage(scenario));
});

async function stage(scenario: CrashScenario) {
  const scene = await setUp(scenario);
  return { scene, clean: await undisturbed(scene) };
}

test.concurrent.each(scenarios)(
  '$name: what a killed process leaves is finished by the next',
  async ({ name }) => {
    const { scene, clean } = staged.get(name) ?? expect.fail('it was not staged');
    const calls = thorough
      ? Array.from({ length: Math.ceil(clean.calls / 3) }, (_, index) => 3 * index + 1)
      : (SAMPLE[name] ?? []);
    for (const call of calls) {
      const { core } = createAccount({ seed: 2, from: scene.state });
      await using server = await serve(core);
      using tree = createTree(scene.now);
      const words = ['run', tree.directory, '--once'];
      await startAndKill(words, server, { call, when: call % 2 === 0 ? 'before' : 'after' });
      expect(await start(words, server).ended).toMatchObject({ code: 0 });
      expect(comparable(core.state(), scene.state)).toEqual(clean.result);
      expect(isDeepStrictEqual(foreign(core.state()), foreign(scene.state))).toBe(true);
      figure('processes killed with SIGKILL at a chosen call', 1);
    }
  },
);

/** Ten plans with twenty keys each. */
const PLANS = Array.from({ length: 10 }, (_, index) => `plan-${index}`);
const KEYS = PLANS.flatMap((name) =>
  Array.from({ length: 20 }, (_, index) => `${name}-key-${index}`),
);

test.concurrent('a daemon that is killed three times in the middle of creating 200 keys leaves exactly 200, each in its plan', async () => {
  const { core, hand } = createAccount({ seed: 1 });
  await seed(hand, STRANGERS);
  const before = foreign(core.state());
  await using server = await serve(core);
  using tree = createTree([
    target,
    ...KEYS.map((name) => key(name)),
    ...PLANS.map((name) =>
      plan(name, {
        stages: [on('production')],
        keys: KEYS.filter((one) => one.startsWith(`${name}-`)),
      }),
    ),
  ]);
  const words = ['run', tree.directory, '--http-port', '0', '--schedule', 'off'];
  const isCreation = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && path === '/apikeys';
  const made = () =>
    [...core.state().apiKeys.values()].filter(({ id }) => !id.startsWith('stranger'));
  for (const when of ['before', 'after', 'after'] as const) {
    const had = made().length;
    await startAndKill(words, server, { call: 60, when, counts: isCreation });
    expect(made().length - had).toBe(when === 'after' ? 60 : 59);
  }
  expect(await start(['run', tree.directory, '--once'], server).ended).toMatchObject({ code: 0 });

  expect(
    made()
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...KEYS].sort());
  const membership = [...core.state().usagePlans.values()]
    .filter(({ name }) => PLANS.includes(name))
    .map(({ id, name }) => {
      const keys = [...(core.state().planKeys.get(id) ?? [])].map(
        (one) => core.state().apiKeys.get(one)?.name,
      );
      return [name, keys.sort()];
    });
  expect(Object.fromEntries(membership)).toEqual(
    Object.fromEntries(
      PLANS.map((name) => [name, KEYS.filter((one) => one.startsWith(`${name}-`)).sort()]),
    ),
  );
  expect(membership).toHaveLength(PLANS.length);
  expect(foreign(core.state())).toEqual(before);
  figure('daemons killed in the middle of creating 200 keys', 3);
});

test.concurrent('a process that is stopped, loses its lock and wakes up writes nothing beside its successor', async () => {
  const { core } = createAccount({ seed: 1 });
  await using server = await serve(core);
  using tree = createTree([target, key('acme'), key('beta'), key('gamma')]);
  const created = () => core.state().apiKeys.size;
  const stopped = Promise.withResolvers<void>();
  server.around = async (carryOut, { method, path }) => {
    if (method === 'POST' && path === '/apikeys' && created() === 0) {
      child.process.kill('SIGSTOP');
      stopped.resolve();
    }
    return carryOut();
  };
  const child = start(['run', tree.directory, '--once'], server);
  await stopped.promise;
  const name = writerName(OWNER, {
    accountId: '123456789012',
    region: 'eu-west-2',
    endpoint: server.url,
  });
  await using successor = await takeLock(name, {
    directory: join(server.scratch, 'apikeeper'),
    version: '0.0.0',
    emit: () => {},
    limits: { answerMs: 900 },
  });
  successor.assertHeld();
  child.process.kill('SIGCONT');
  const { code, log } = await child.ended;
  expect(log).toMatch(/"event":"lock.lost"/);
  expect(log).toMatch(/"event":"target.skipped"/);
  expect(code).toBe(0);
  expect(created()).toBe(1);
  successor.assertHeld();
});

test.concurrent('two hosts that create one key at the same moment make two, and the next pass says so and touches neither', async () => {
  const { core } = createAccount({ seed: 1 });
  await using one = await serve(core);
  await using other = await serve(core);
  using tree = createTree([target, key('acme')]);
  const words = ['run', tree.directory, '--once'];
  // Each waits until both have decided.
  const both = Promise.withResolvers<void>();
  let deciding = 0;
  for (const server of [one, other]) {
    server.around = async (carryOut, { method, path }) => {
      if (method === 'POST' && path === '/apikeys' && ++deciding === 2) both.resolve();
      if (method === 'POST' && path === '/apikeys') await both.promise;
      return carryOut();
    };
  }
  expect(await Promise.all([start(words, one).ended, start(words, other).ended])).toMatchObject([
    { code: 0 },
    { code: 0 },
  ]);
  const keys = structuredClone(core.state().apiKeys);
  expect(keys.size).toBe(2);
  const { code, log } = await start(words, one).ended;
  expect(code).toBe(3);
  expect(log).toMatch(/"reason":"ambiguous"/);
  expect(core.state().apiKeys).toEqual(keys);
});
