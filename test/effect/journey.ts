/** An account that another tool made, the directory of manifests that takes it over, and the command line between the two; a consumer sends a request after every call. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import { run } from '../commands/io.ts';
import { type Answer, type Api, ask, deployApi, urlOf } from '../conformance/clients.ts';
import type { Console } from '../kit/seed.ts';
import { createWorkspace, type Workspace } from '../manifests/workspace.ts';
import { createAccount, type Document } from '../reliability/account.ts';
import { serve } from '../reliability/processes.ts';
import { createWatch, type Watch } from './watch.ts';

export interface Journey extends AsyncDisposable {
  readonly hand: Console;
  readonly watch: Watch;
  readonly orders: Api;
  readonly invoices: Api;
  readonly keyId: string;
  readonly planId: string;
  /** A key of somebody else, attached to the plan by hand. */
  readonly neighbourId: string;
  /** What the consumer sends. */
  readonly value: string;
  /** Makes the stage `preview` of the first API. What the consumer gets there. */
  openPreview(): Promise<() => Promise<Answer>>;
  /** The manifests: at first a Target that observes. */
  readonly manifests: Workspace;
  /** Another directory. */
  readonly aside: Workspace;
  /** A file of manifests, in place of what was in it. */
  write(file: string, content: string | readonly Document[]): Promise<void>;
  /** `apikeeper <words>` on the manifests; fails the test unless it ends with `code`. `words` may have flags. */
  apikeeper(
    words: string,
    code?: number,
  ): Promise<{ readonly stdout: string; readonly stderr: string }>;
  /** As typed, without a directory. */
  type(
    words: readonly string[],
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** What holds at every moment: no request has failed, the key is the key that it was, and GetUsage has counted every request. */
  check(after: string): Promise<void>;
}

const METHODS = ['ANY /orders/{proxy+} key', 'GET /health'];
const FAST = ['--operation-quotas', 'off', '--requests-per-second', '1000', '--burst', '1000'];
const LIMITS = {
  quota: { limit: 100_000, period: 'MONTH' },
  throttle: { rateLimit: 100, burstLimit: 200 },
} as const;

/** What the tool leaves on its objects. */
interface Marks {
  readonly tags: Readonly<Record<string, string>>;
  readonly description: string;
}

type Account = ReturnType<typeof createAccount>;
type Place = Parameters<typeof deployApi>[0];

/** The APIs are `production-orders-api` and `production-invoices-api`, each with the stage `production`; the keys are in a plan for the first. */
async function furnish({ gateway, state }: Console, place: Place, { tags, description }: Marks) {
  const deploy = (name: string, methods: readonly string[]) =>
    deployApi(place, { name, methods, stageName: 'production' });
  const orders = await deploy('production-orders-api', METHODS);
  const invoices = await deploy('production-invoices-api', ['GET /invoices key']);
  const key = await gateway.createApiKey({
    name: 'acme-orders-api-production',
    description: 'The ordering system of Acme',
    enabled: true,
  });
  const neighbour = await gateway.createApiKey({ name: 'neighbour', enabled: true });
  const apiStages = [{ apiId: orders.restApiId, stage: 'production' }];
  const { id: planId = '' } = await gateway.createUsagePlan({
    name: 'orders-api-production',
    description,
    ...LIMITS,
    apiStages,
  });
  for (const { id } of [key, neighbour])
    await gateway.createUsagePlanKey({ usagePlanId: planId, keyId: id, keyType: 'API_KEY' });
  // No call can set CloudFormation's tags.
  const marked = [
    state.apiKeys.get(key.id ?? ''),
    state.usagePlans.get(planId),
    state.restApis.get(orders.restApiId)?.api,
  ];
  for (const object of marked) Object.assign(object ?? {}, { tags });
  return { orders, invoices, key, neighbour, planId };
}

function follow(
  { clock }: Account,
  watch: Watch,
  api: Api,
  values: Readonly<Record<string, string>>,
): void {
  for (const [who, value] of Object.entries(values)) {
    watch.follow(who, () => {
      // So slowly that the plan's rate is no matter.
      clock.pass(100);
      return api.requestAs(value, 'GET /orders/7');
    });
  }
}

export async function startJourney(marks: Marks): Promise<Journey> {
  const account = createAccount({ seed: 1 });
  const { core, clock, hand } = account;
  const server = await serve(core);
  const place = { gateway: hand.gateway, emulator: { url: server.url }, cleanUp: () => {} };
  const { orders, invoices, key, neighbour, planId } = await furnish(hand, place, marks);
  const [{ id: keyId = '', value = '', createdDate }, { id: neighbourId = '' }] = [key, neighbour];
  const watch = createWatch();
  server.around = watch.around;
  follow(account, watch, orders, { acme: value, neighbour: neighbour.value ?? '' });
  const manifests = await createWorkspace({
    'target.yaml': JSON.stringify(targetOf({ mode: 'observe' })),
  });
  const aside = await createWorkspace();
  const env = { ...emulatorEnvironment(server.url), AWS_ACCESS_KEY_ID: 'AKIA123456789012' };

  const check = async (after: string) => {
    await watch.look(after);
    expect(watch.failed()).toEqual([]);
    expect(hand.state.apiKeys.get(keyId)).toMatchObject({ value, createdDate, enabled: true });
    const today = new Date(clock.now()).toISOString().slice(0, 10);
    expect(await counted(hand, [keyId, neighbourId], today)).toBe(
      watch.seen.filter(({ metered }) => metered).length,
    );
  };
  return {
    ...{
      hand,
      watch,
      orders,
      invoices,
      keyId,
      planId,
      neighbourId,
      value,
      manifests,
      aside,
      check,
    },
    write: (file, content) =>
      manifests.write(
        file,
        typeof content === 'string'
          ? content
          : content.map((one) => JSON.stringify(one)).join('\n---\n'),
      ),
    async apikeeper(words, code = 0) {
      const [command = '', ...flags] = words.split(' ');
      const result = await run(
        [command, manifests.path, ...flags, ...(command === 'validate' ? [] : FAST)],
        { env, clock },
      );
      expect(result.code, `${words}\n${result.stdout}\n${result.stderr}`).toBe(code);
      await check(words);
      return result;
    },
    type: (words) => run(words, { env, clock }),
    async openPreview() {
      const { restApiId } = orders;
      const { deploymentId } = await hand.gateway.getStage({ restApiId, stageName: 'production' });
      await hand.gateway.createStage({ restApiId, deploymentId, stageName: 'preview' });
      return () =>
        ask(urlOf(place.emulator, restApiId, 'preview'), 'GET /orders/7', { 'x-api-key': value });
    },
    async [Symbol.asyncDispose]() {
      hand.gateway.destroy();
      await manifests[Symbol.asyncDispose]();
      await aside[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Requests of these keys, over all plans. */
async function counted(
  { gateway, state }: Console,
  keyIds: readonly string[],
  day: string,
): Promise<number> {
  const plans = [...state.usagePlans.keys()];
  const usages = await Promise.all(
    plans.map((usagePlanId) => gateway.getUsage({ usagePlanId, startDate: day, endDate: day })),
  );
  const used = usages.flatMap(({ items = {} }) => keyIds.map((id) => items[id]?.[0]?.[0] ?? 0));
  return used.reduce((sum, one) => sum + one, 0);
}

/** Nobody else's owner: applying takes a lock. */
export const targetOf = (spec: Document): Document => ({
  apiVersion: 'apikeeper.dev/v1',
  kind: 'Target',
  metadata: { name: 'production' },
  spec: { region: 'eu-west-2', accountId: '123456789012', owner: OWNER, ...spec },
});
const OWNER = `journey-${randomUUID()}`;
