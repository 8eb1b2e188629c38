/** A stage that its pipeline deletes and makes again while a process watches it. */
import { expect, test } from 'vitest';
import type { TargetReport } from '../../src/core/model/report.ts';
import { seed } from '../kit/seed.ts';
import { stream, yaml } from '../manifests/workspace.ts';
import { type Bench, createBench, passRequest } from './bench.ts';

const production = { restApi: { name: 'residents-api' }, stageName: 'production' };
const plan = yaml('UsagePlan', 'p', { keys: ['acme'], stages: [production] });
const documents = stream(yaml('ApiKey', 'acme', { enabled: true }), plan);
const stage = yaml('Stage', 'residents-production', { ...production, tracingEnabled: false });

async function world(text: string): Promise<Bench> {
  const bench = await createBench({ 'm.yaml': text });
  const apis = [{ id: 'residents', name: 'residents-api', stages: [{ name: 'production' }] }];
  await seed({ gateway: bench.console(), state: bench.emulator.state() }, { apis });
  return bench;
}

async function recreate(bench: Bench): Promise<void> {
  bench.clock.pass(60_000);
  const [restApiId, stageName] = ['residents', 'production'];
  await bench.console().deleteStage({ restApiId, stageName });
  await bench.console().createStage({ restApiId, stageName, deploymentId: 'deploy1' });
}

/** Passes of one process, each over the manifests as they are then. */
function passes(bench: Bench, mode: 'observe' | 'enforce'): () => Promise<TargetReport> {
  const process = bench.engine({ settings: { mode } });
  return async () =>
    (await process.reconcile(passRequest('schedule'))).targets[0] ??
    expect.fail('there is no target');
}

const told = ({ events }: Bench) =>
  events
    .filter(({ event }) => event === 'stage.recreated')
    .map(({ kind, name, message }) => `${kind}/${name}: ${message}`);
const saidOf = ({ objects }: TargetReport, kind: string) =>
  objects.find((one) => one.kind === kind)?.message;
const LOST = 'the stage residents-api:production was re-created, so the plan lost it';

test('is put back into the plan that alone names it, and reported once', async () => {
  await using bench = await world(documents);
  const pass = passes(bench, 'enforce');
  await pass();
  await recreate(bench);
  expect(saidOf(await pass(), 'UsagePlan')).toBe(LOST);
  expect(told(bench)).toEqual([`UsagePlan/p: ${LOST}`]);
  expect((await pass()).state).toBe('in-sync');
  await recreate(bench);
  await pass();
  expect(told(bench)).toHaveLength(2);
});

test('is reported to who only observes, for as long as the plan lacks it', async () => {
  await using bench = await world(documents);
  await bench.apply();
  const pass = passes(bench, 'observe');
  await pass();
  await recreate(bench);
  for (const report of [await pass(), await pass()]) {
    expect(saidOf(report, 'UsagePlan')).toBe(`${LOST}; observed, not enforced: nothing is written`);
    expect(report.warnings).toMatchObject([{ code: 'PLAN_WITHOUT_STAGE', name: 'p' }]);
  }
  expect(told(bench)).toHaveLength(1);
});

test('is no stage that somebody took out of the plan', async () => {
  await using bench = await world(documents);
  const pass = passes(bench, 'enforce');
  await pass();
  const [usagePlanId = ''] = bench.emulator.state().usagePlans.keys();
  await bench.console().updateUsagePlan({
    usagePlanId,
    patchOperations: [{ op: 'remove', path: '/apiStages', value: 'residents:production' }],
  });
  expect(saidOf(await pass(), 'UsagePlan')).toBeUndefined();
  expect(told(bench)).toEqual([]);
});

test('is no stage that is observed, and so never bore our tags', async () => {
  await using bench = await world(stream(stage));
  const pass = passes(bench, 'observe');
  for (let times = 0; times < 3; times++) expect((await pass()).state).toBe('in-sync');
  expect(told(bench)).toEqual([]);
  await recreate(bench);
  await pass();
  expect(told(bench)).toHaveLength(1);
});
