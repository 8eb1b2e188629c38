/** A deployed API, apikeeper at work on its keys and plans, and consumers who call it over HTTP. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { TargetReport } from '../../src/core/model/report.ts';
import { type Answer, type Api, ask, deployApi, urlOf } from '../conformance/clients.ts';
import { documentOf } from '../kit/rig.ts';
import { type Console, findKey, findPlan } from '../kit/seed.ts';
import {
  createAccount,
  createTree,
  type Document,
  type HandClock,
  startProcess,
} from '../reliability/account.ts';
import { serve } from '../reliability/processes.ts';
import { createWatch, type Watch } from './watch.ts';

export interface Scene extends AsyncDisposable {
  /** `residents-api`, with the stage `production`. */
  readonly api: Api;
  readonly clock: HandClock;
  /** Somebody without apikeeper. */
  readonly hand: Console;
  readonly account: ReturnType<typeof createAccount>;
  readonly watch: Watch;
  /** Makes another stage of the API, on the same deployment. What a key of this live name then gets from it. */
  openStage(stageName: string): Promise<(key: string) => Promise<Answer>>;
  /** A pass over these documents and a Target that prunes. Nothing fails, and nothing is held but by choice. */
  apply(...documents: readonly Document[]): Promise<TargetReport>;
  /** The same, whatever comes of it. */
  pass(...documents: readonly Document[]): Promise<TargetReport>;
  /** The value of the live key of this name, as its consumer has it. */
  keyValue(key: string): string;
  /** What a consumer gets who sends this key's value. */
  as(key: string, route?: string): Promise<Answer>;
  /** Requests of one key in one plan on the current day, and what is left of its quota (-1: there is none). */
  usage(plan: string, key: string): Promise<readonly number[]>;
}

const METHODS = [
  'GET /residents key',
  'POST /residents key',
  'GET /residents/{id} key',
  'OPTIONS /residents',
  'GET /health',
];
/** The places of stage variables, as an integration names them. */
const URI = `http://$\{stageVariables.loadBalancer}:$\{stageVariables.port}/residents`;

export async function createScene(): Promise<Scene> {
  const account = createAccount({ seed: 1 });
  const { core, clock, hand } = account;
  const server = await serve(core);
  const place = { gateway: hand.gateway, emulator: { url: server.url }, cleanUp: () => {} };
  const variables = { loadBalancer: 'old.example', port: '80' };
  const api = await deployApi(place, {
    name: 'residents-api',
    methods: METHODS,
    uri: URI,
    variables,
    stageName: 'production',
  });
  const watch = createWatch();
  const tree = createTree();
  const owner = `effect-${randomUUID()}`;
  const target = documentOf('Target', 'production', {
    region: 'eu-west-2',
    accountId: '123456789012',
    owner,
    prune: true,
    mode: 'enforce',
  });
  const process = startProcess(account, tree.directory, { interfere: watch.around });

  const pass = async (...documents: readonly Document[]): Promise<TargetReport> => {
    tree.write([target, ...documents]);
    const report = await process.pass();
    expect(report?.problems).toEqual([]);
    return report?.targets[0] ?? expect.fail('there is no target');
  };
  const keyValue = (key: string) =>
    hand.state.apiKeys.get(findKey(hand, key))?.value ?? expect.fail(`${key} has no value`);
  return {
    api,
    clock,
    hand,
    account,
    watch,
    async openStage(stageName) {
      const { restApiId } = api;
      const { deploymentId } = await hand.gateway.getStage({ restApiId, stageName: 'production' });
      await hand.gateway.createStage({ restApiId, deploymentId, stageName });
      return (name) =>
        ask(urlOf(place.emulator, restApiId, stageName), 'GET /residents', {
          'x-api-key': keyValue(name),
        });
    },
    pass,
    async apply(...documents) {
      const report = await pass(...documents);
      expect(report.error).toBeUndefined();
      expect(report.objects.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      expect(report.state).not.toMatch(/failing|held/);
      return report;
    },
    keyValue,
    as: (key, route = 'GET /residents') => api.requestAs(keyValue(key), route),
    async usage(plan, key) {
      const today = new Date(clock.now()).toISOString().slice(0, 10);
      const keyId = findKey(hand, key);
      const request = {
        usagePlanId: findPlan(hand, plan),
        keyId,
        startDate: today,
        endDate: today,
      };
      return (
        (await hand.gateway.getUsage(request)).items?.[keyId]?.[0] ??
        expect.fail(`${key} is not in ${plan}`)
      );
    },
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      hand.gateway.destroy();
      tree[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const inProduction = (name: string, annotations: Document) => ({
  name,
  namespace: 'production',
  annotations,
});

export const key = (name: string, spec: Document = {}, annotations: Document = {}): Document =>
  documentOf('ApiKey', name, spec, inProduction(name, annotations));

/** Over the one stage, unless `spec` says otherwise. */
export const plan = (
  name: string,
  keys: readonly string[],
  spec: Document = {},
  annotations: Document = {},
): Document =>
  documentOf('UsagePlan', name, { stages: [on()], keys, ...spec }, inProduction(name, annotations));

export const stage = (spec: Document = {}): Document =>
  documentOf(
    'Stage',
    'residents-production',
    { ...on(), ...spec },
    inProduction('residents-production', {}),
  );

/** The stage, as documents refer to it. */
export const on = (more: Document = {}, stageName = 'production'): Document => ({
  restApi: { name: 'residents-api' },
  stageName,
  ...more,
});

export const passes = expect.objectContaining({ status: 200 });
