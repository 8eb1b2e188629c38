/** An account of a given size, as manifests and in the emulator. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateRestApiCommand,
  CreateStageCommand,
  GetResourcesCommand,
  PutMethodCommand,
} from '@aws-sdk/client-api-gateway';
import type { Report } from '../src/core/model/report.ts';
import { type Emulator, startEmulator } from '../src/emulator/index.ts';
import { createEngine, type Engine } from '../src/engine/reconcile/engine.ts';
import type { EngineDeps, ReconcileRequest, Settings } from '../src/engine/state/settings.ts';
import { virtualClock } from './clock.ts';

export interface Size {
  readonly keys: number;
  readonly plans: number;
  readonly apis: number;
}

/** Every key is in one plan; plans and stages are dealt out evenly. */
export function documents({ keys, plans, apis }: Size, rateLimit = 50): Map<string, string> {
  const files = new Map<string, string>();
  for (let key = 0; key < keys; key++) files.set(`key-${key}.yaml`, keyDocument(key));
  for (let plan = 0; plan < plans; plan++) {
    const members = Array.from(
      { length: Math.ceil((keys - plan) / plans) },
      (_, index) => `key-${plan + index * plans}`,
    );
    const stage = `{ restApi: { name: api-${plan % apis} }, stageName: production }`;
    files.set(
      `plan-${plan}.yaml`,
      header(
        'UsagePlan',
        `plan-${plan}`,
        `throttle: { rateLimit: ${rateLimit}, burstLimit: 100 }, stages: [${stage}], keys: [${members.join(', ')}]`,
      ),
    );
  }
  return files;
}

export function keyDocument(key: number, more = ''): string {
  return header('ApiKey', `key-${key}`, `description: Consumer ${key}${more}`);
}

function header(kind: string, name: string, spec: string): string {
  return `apiVersion: apikeeper.dev/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: { ${spec} }\n`;
}

export interface Estate extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly directory: string;
  readonly now: () => number;
  write(files: ReadonlyMap<string, string>): void;
  engine(settings?: { readonly requestsPerSecond?: number; readonly burst?: number }): Engine;
  /** Settings and surroundings of a process, for a daemon. */
  process(): { readonly settings: Settings; readonly deps: Omit<EngineDeps, 'emit'> };
  pass(
    engine: Engine,
    more?: Partial<ReconcileRequest>,
  ): Promise<{ readonly report: Report; readonly seconds: number }>;
}

/** An emulator with the service's own quotas, on virtual time. APIs and stages are there already, and cost nothing. */
export async function createEstate(size: Size): Promise<Estate> {
  let emulator: Emulator | undefined;
  const clock = virtualClock(() => emulator?.requests.length ?? 0);
  const started = await startEmulator({ quotas: 'real', clock: clock.now, seed: 1 });
  emulator = started;
  await seed(started, size, clock);
  const directory = mkdtempSync(join(tmpdir(), 'apikeeper-bench-'));
  mkdirSync(directory, { recursive: true });
  const env = {
    AWS_ENDPOINT_URL: started.url,
    AWS_REGION: 'eu-west-2',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  };
  const settings: Settings = {
    directory,
    namespaces: [],
    deleteGraceMs: 1_209_600_000,
    owner: `bench-${process.pid}`,
    operationQuotas: true,
    maxKeys: 100_000,
    valuesEnvPrefix: 'APIKEEPER_VALUE_',
    valuesSecrets: 'apikeeper/',
    version: 'bench',
  };
  return {
    emulator: started,
    directory,
    now: clock.now,
    write(files) {
      for (const [file, text] of files) writeFileSync(join(directory, file), text);
    },
    engine: (more) => createEngine({ ...settings, ...more }, { clock, env, emit: () => {} }),
    process: () => ({ settings, deps: { clock, env } }),
    async pass(engine, more = {}) {
      const begun = clock.now();
      const report = await engine.reconcile({
        trigger: 'command',
        write: true,
        unsetMode: 'enforce',
        ...more,
      });
      return { report, seconds: (clock.now() - begun) / 1000 };
    },
    async [Symbol.asyncDispose]() {
      clock[Symbol.dispose]();
      await started.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function seed(
  emulator: Emulator,
  { apis }: Size,
  clock: { sleep(ms: number): Promise<void> },
): Promise<void> {
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
  const client = new APIGatewayClient({
    endpoint: emulator.url,
    region: 'eu-west-2',
    credentials,
    maxAttempts: 1,
  });
  for (let index = 0; index < apis; index++) {
    // Making an API has a quota of its own, and is no part of what is measured.
    await clock.sleep(30_000);
    const { id: restApiId } = await client.send(new CreateRestApiCommand({ name: `api-${index}` }));
    const { items } = await client.send(new GetResourcesCommand({ restApiId }));
    await client.send(
      new PutMethodCommand({
        restApiId,
        resourceId: items?.[0]?.id,
        httpMethod: 'GET',
        authorizationType: 'NONE',
      }),
    );
    const { id: deploymentId } = await client.send(new CreateDeploymentCommand({ restApiId }));
    await client.send(new CreateStageCommand({ restApiId, deploymentId, stageName: 'production' }));
  }
  client.destroy();
  await clock.sleep(60_000);
}
