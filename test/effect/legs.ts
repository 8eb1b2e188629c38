/** The steps of a migration, in the order of docs/migrate-*.md. After each, a plan finds nothing. */
import { expect } from 'vitest';
import type { ReportObject } from '../../src/core/model/report.ts';
import { parse } from '../../src/manifests/parse.ts';
import type { Document } from '../reliability/account.ts';
import { type Journey, targetOf } from './journey.ts';

/** A document, as an importer writes it. */
export interface Manifest extends Document {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: Document;
  };
  readonly spec: Document;
}

/** What is live, without tags and times. */
function bare({ hand }: Journey) {
  const { apiKeys, usagePlans, planKeys } = hand.state;
  const objects = [...apiKeys.values(), ...usagePlans.values()].map((one) => ({
    ...one,
    tags: undefined,
    lastUpdatedDate: undefined,
  }));
  return structuredClone({ objects, planKeys });
}

/** `UsagePlan hold foreign`, without what is kept. */
async function steps({ apikeeper }: Journey, words: string): Promise<string[]> {
  const { stdout } = await apikeeper(words);
  const objects = JSON.parse(stdout).targets[0].objects as readonly ReportObject[];
  return objects
    .filter(({ action }) => action !== 'keep')
    .map(({ kind, action, reason }) => [kind, action, reason].filter(Boolean).join(' '))
    .sort();
}

const tagsOfKey = ({ hand, keyId }: Journey) => hand.state.apiKeys.get(keyId)?.tags ?? {};

/** The imported manifests change nothing by themselves; another manager's objects are held until a person says so. */
export async function look(
  journey: Journey,
  text: string,
  manager: string | undefined,
): Promise<void> {
  const [before, tags] = [bare(journey), tagsOfKey(journey)];
  await journey.write('orders.yaml', text);
  await journey.apikeeper('validate');
  if (manager) {
    expect(await steps(journey, 'plan -o json')).toEqual([
      'ApiKey hold foreign',
      'KeyRequirement hold foreign',
      'UsagePlan hold foreign',
    ]);
    await journey.apikeeper('apply --yes --mode enforce', 3);
    await journey.write('orders.yaml', takenOver(text, manager));
  }
  await journey.apikeeper('run --once');
  expect({ live: bare(journey), tags: tagsOfKey(journey) }).toEqual({ live: before, tags });
}

/** The comments that say how to take over, taken at their word. */
export function takenOver(text: string, manager: string | undefined): string {
  return text
    .replaceAll(`# apikeeper.dev/adopt-from: ${manager}`, `apikeeper.dev/adopt-from: ${manager}`)
    .replaceAll('# annotations:', 'annotations:');
}

/** Tags, and nothing else. */
export async function adopt(journey: Journey, expected: readonly string[]): Promise<void> {
  const [before, tags] = [bare(journey), tagsOfKey(journey)];
  expect(await steps(journey, 'plan -o json --mode enforce')).toEqual(expected);
  await journey.apikeeper('apply --yes --mode enforce');
  expect(bare(journey)).toEqual(before);
  expect(tagsOfKey(journey)).toMatchObject({ ...tags, 'apikeeper:owner': expect.any(String) });
  await journey.apikeeper('plan --detailed-exitcode');
}

/** The old tool's last deployment is one of the API like any other. CloudFormation's tags stay on what it retains. */
export async function letGo(journey: Journey): Promise<void> {
  await journey.orders.deploy();
  await journey.check('the old tool lets go');
}

/** From watching to writing, pruning included. */
export async function enforce(journey: Journey): Promise<void> {
  const before = bare(journey);
  await journey.apikeeper('run --once');
  await journey.write('target.yaml', [targetOf({ mode: 'enforce', prune: true })]);
  await journey.apikeeper('run --once');
  await journey.apikeeper('plan --detailed-exitcode');
  expect(bare(journey)).toEqual(before);
}

export interface Own {
  readonly key: Manifest;
  readonly plan: Manifest;
  /** What else was imported. */
  readonly others: readonly Manifest[];
}

/** Documents and live objects get the team's own names, and the plan says who is in it. */
export async function rename(journey: Journey, text: string): Promise<Own> {
  const manifests = parse('orders.yaml', text).documents.map(({ value }) => value as Manifest);
  const imported = (kind: string, name: string) =>
    manifests.find((one) => one.kind === kind && (one.spec.name ?? one.metadata.name) === name) ??
    expect.fail(`no ${kind} is ${name}`);
  const renamed = (
    { metadata, ...document }: Manifest,
    name: string,
    spec: Document,
  ): Manifest => ({
    ...document,
    metadata: {
      name,
      namespace: 'production',
      annotations: { 'apikeeper.dev/moved-from': metadata.name },
    },
    spec: { ...document.spec, name, ...spec },
  });
  const [oldKey, oldPlan] = [
    imported('ApiKey', 'acme-orders-api-production'),
    imported('UsagePlan', 'orders-api-production'),
  ];
  const key = renamed(oldKey, 'acme', {});
  const plan = renamed(oldPlan, 'acme-orders', {
    keys: ['acme', { id: journey.neighbourId }],
    membership: 'exact',
  });
  const others = manifests.filter((one) => one !== oldKey && one !== oldPlan);
  await journey.write('orders.yaml', [...others, key, plan]);
  await journey.apikeeper('apply --yes');
  const { apiKeys, usagePlans } = journey.hand.state;
  const [liveKey, livePlan] = [apiKeys.get(journey.keyId), usagePlans.get(journey.planId)];
  expect(liveKey).toMatchObject({
    name: 'acme',
    tags: { 'apikeeper:resource': 'production/acme' },
  });
  expect(livePlan).toMatchObject({
    name: 'acme-orders',
    tags: { 'apikeeper:resource': 'production/acme-orders' },
  });
  await journey.apikeeper('plan --detailed-exitcode');
  return { key, plan, others };
}

const stageOf = (api: string, stageName: string): Document => ({
  restApi: { name: `production-${api}-api` },
  stageName,
});

/** A second stage in a plan of its own, and a third in the plan that there is: the key opens each from the moment on that applying is over. */
export async function widen(journey: Journey, { key, plan, others }: Own): Promise<Own> {
  const onInvoices = () => journey.invoices.requestAs(journey.value, 'GET /invoices');
  const onPreview = await journey.openPreview();
  for (const send of [onInvoices, onPreview]) expect(await send()).toMatchObject({ status: 403 });

  const spec = { throttle: LIMITS, stages: [stageOf('invoices', 'production')], keys: ['acme'] };
  await journey.write('invoices.yaml', [
    { ...plan, metadata: { name: 'acme-invoices', namespace: 'production' }, spec },
  ]);
  await journey.apikeeper('apply --yes');
  journey.watch.follow('acme on invoices', onInvoices);

  const stages = [...(plan.spec.stages as readonly unknown[]), stageOf('orders', 'preview')];
  const wider = { ...plan, spec: { ...plan.spec, stages } };
  await journey.write('orders.yaml', [...others, key, wider]);
  await journey.apikeeper('apply --yes');
  journey.watch.follow('acme on preview', onPreview);
  await journey.apikeeper('run --once');
  await journey.apikeeper('plan --detailed-exitcode');
  return { key, plan: wider, others };
}

const LIMITS = { rateLimit: 100, burstLimit: 200 };

/** The key, and the plan that is its alone, become a Consumer of another name. */
export async function convert(journey: Journey, { key, plan, others }: Own): Promise<Own> {
  const ids = [...journey.hand.state.usagePlans.keys()];
  const annotations = {
    'apikeeper.dev/moved-from': 'acme, production-invoices-api-production=acme-invoices',
  };
  const access = [{ ...stageOf('invoices', 'production'), throttle: LIMITS }];
  const consumer = {
    ...key,
    kind: 'Consumer',
    metadata: { name: 'acme-ltd', namespace: 'production', annotations },
  };
  const shared = {
    ...plan,
    spec: { ...plan.spec, keys: ['acme-ltd', { id: journey.neighbourId }] },
  };
  await journey.write('orders.yaml', [...others, shared]);
  await journey.write('invoices.yaml', [{ ...consumer, spec: { key: key.spec, access } }]);
  await journey.apikeeper('apply --yes');
  expect(tagsOfKey(journey)['apikeeper:resource']).toBe('production/acme-ltd');
  expect([...journey.hand.state.usagePlans.keys()]).toEqual(ids);
  await journey.apikeeper('plan --detailed-exitcode');
  return { key, plan: shared, others };
}

/**
 * A method that was open comes to demand a key: first in the API's definition alone, which no caller notices, then by redeploying. A consumer that sends
 * its key all the while gets every answer; one without a key is shut out when the stage serves it.
 */
export async function close(journey: Journey, { plan, others }: Own): Promise<void> {
  const { orders, value, watch } = journey;
  watch.follow('acme on health', () => orders.requestAs(value, 'GET /health'));
  const methods = [
    { method: 'ANY', path: '/orders/{proxy+}', apiKeyRequired: true },
    { method: 'GET', path: '/health', apiKeyRequired: true },
  ];
  const imported = others.find(({ kind }) => kind === 'KeyRequirement');
  const metadata = imported?.metadata ?? { name: 'orders', namespace: 'production' };
  const requirement = (spec: Document): Manifest => ({
    ...plan,
    kind: 'KeyRequirement',
    metadata,
    spec: { restApi: { name: 'production-orders-api' }, methods, ...spec },
  });
  const rest = others.filter((one) => one !== imported);
  await journey.write('orders.yaml', [...rest, plan, requirement({})]);
  await journey.apikeeper('apply --yes');
  expect(await orders.request('GET /health')).toMatchObject({ status: 200 });

  await journey.write('orders.yaml', [
    ...rest,
    plan,
    requirement({ redeploy: { stages: ['production', 'preview'] } }),
  ]);
  await journey.apikeeper('apply --yes');
  expect(await orders.request('GET /health')).toMatchObject({ status: 403 });
  await journey.apikeeper('run --once');
  await journey.apikeeper('plan --detailed-exitcode');
}
