/** A Consumer and what it would be written out are one thing to a live account: either takes over from the other, and nobody notices. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/model/events.ts';
import { emitPlan, emitResult } from '../../src/engine/reconcile/emit-events.ts';
import { createMemory } from '../../src/engine/state/memory.ts';
import { desired, live, NOW, ours, planOf } from '../core/build.ts';
import { accessOf } from '../kit/invariants.ts';
import { createRig, documentOf, type Rig } from '../kit/rig.ts';
import { seed } from '../kit/seed.ts';
import type { Document } from '../reliability/account.ts';

const throttle = { rateLimit: 50, burstLimit: 100 };
const quota = { limit: 1000, period: 'DAY' };
const methodThrottles = [{ method: 'GET', path: '/residents', rateLimit: 5, burstLimit: 10 }];
const stageOf = (name: string) =>
  documentOf('Stage', `residents-${name}`, { restApi: { name: 'residents-api' }, stageName: name });
const STAGES = ['development', 'production'].map(stageOf);

const consumer: readonly Document[] = [
  ...STAGES,
  documentOf('Consumer', 'acme', {
    key: { description: 'Acme Ltd' },
    defaults: { throttle, quota, tags: { team: 'housing' } },
    access: [
      { stage: 'residents-production', methodThrottles },
      { stage: 'residents-development', quota: null, tags: { team: null, stage: 'development' } },
      {
        restApi: { name: 'residents-api' },
        stageName: 'staging',
        throttle: { rateLimit: 1, burstLimit: 1 },
      },
    ],
  }),
];

const writtenOut: readonly Document[] = [
  ...STAGES,
  documentOf('ApiKey', 'acme', { description: 'Acme Ltd' }),
  documentOf('UsagePlan', 'acme-residents-production', {
    throttle,
    quota,
    tags: { team: 'housing' },
    stages: [{ stage: 'residents-production', methodThrottles }],
    keys: ['acme'],
  }),
  documentOf('UsagePlan', 'acme-residents-development', {
    throttle,
    quota: null,
    tags: { team: null, stage: 'development' },
    stages: [{ stage: 'residents-development' }],
    keys: ['acme'],
  }),
  documentOf('UsagePlan', 'acme-residents-api-staging', {
    throttle: { rateLimit: 1, burstLimit: 1 },
    quota,
    tags: { team: 'housing' },
    stages: [{ restApi: { name: 'residents-api' }, stageName: 'staging' }],
    keys: ['acme'],
  }),
];

async function account(): Promise<Rig> {
  const rig = await createRig();
  const stages = ['development', 'staging', 'production'].map((name) => ({ name }));
  await seed(rig.hand, { apis: [{ id: 'residents1', name: 'residents-api', stages }] });
  return rig;
}

async function objects(rig: Rig, documents: readonly Document[], pass: 'plan' | 'apply') {
  rig.write(documents);
  await rig.restart();
  return (await rig[pass]()).objects;
}

describe('a Consumer', () => {
  it('is planned as its parts would be', async () => {
    await using rig = await account();
    const parts = (all: Awaited<ReturnType<typeof objects>>) =>
      all.map(({ source: _, consumer: __, ...rest }) => rest);
    const planned = parts(await objects(rig, consumer, 'plan'));
    expect(planned.filter(({ action }) => action === 'create')).toHaveLength(4);
    expect(planned).toEqual(parts(await objects(rig, writtenOut, 'plan')));
  });

  it.each([
    ['takes over from them', writtenOut, consumer],
    ['gives way to them', consumer, writtenOut],
  ])('%s, and nothing changes', async (_, before, after) => {
    await using rig = await account();
    await objects(rig, before, 'apply');
    const access = accessOf([rig.state]);
    expect(access).toHaveLength(3);
    rig.emulator.clearRequests();
    const applied = await objects(rig, after, 'apply');
    expect(applied.map(({ action }) => action)).toEqual(applied.map(() => 'keep'));
    expect(rig.emulator.requests.filter(({ operation }) => !operation.startsWith('Get'))).toEqual(
      [],
    );
    expect(accessOf([rig.state])).toEqual(access);
  });

  it('says of each object from which Consumer it comes', async () => {
    await using rig = await account();
    const planned = await objects(rig, consumer, 'plan');
    const from = new Map(planned.map(({ kind, name, consumer: one }) => [`${kind}/${name}`, one]));
    expect(from.get('ApiKey/acme')).toBe('acme');
    expect(from.get('UsagePlan/acme-residents-api-staging')).toBe('acme');
    expect(from.get('Stage/residents-production')).toBeUndefined();
  });

  it('is named in the events of what it expands to', () => {
    const events: Event[] = [];
    const telling = {
      namespace: 'default',
      memory: createMemory(),
      now: NOW,
      emit: (event: Event['event'], fields: Event['fields']) => events.push({ event, fields }),
    };
    const plan = planOf({
      desired: [
        { ...desired('ApiKey', 'acme', { enabled: true }), consumer: 'acme' },
        { ...desired('UsagePlan', 'acme-s', {}, { mode: 'suspend' }), consumer: 'acme' },
        desired('ApiKey', 'birch'),
      ],
      live: [live('ApiKey', 'k1', { enabled: false }, ours('acme'))],
    });
    emitPlan(plan, telling);
    for (const step of plan.steps.filter(({ kind }) => kind === 'ApiKey'))
      emitResult(step, { outcome: step.action === 'create' ? 'created' : 'updated' }, telling);
    expect(
      events.map(({ event, fields }) => [event, `${fields.kind}/${fields.name}`, fields.consumer]),
    ).toEqual([
      ['step.held', 'UsagePlan/acme-s', 'acme'],
      ['object.updated', 'ApiKey/acme', 'acme'],
      ['object.created', 'ApiKey/birch', undefined],
    ]);
  });
});
