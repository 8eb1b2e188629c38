/** An emulated account, a directory of manifests, and an engine between the two, all in this process. */
import { randomUUID } from 'node:crypto';
import type { APIGateway } from '@aws-sdk/client-api-gateway';
import type { Report, TargetReport, Trigger } from '../../src/core/model/report.ts';
import { type AccountState, type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { createEngine, type Engine } from '../../src/engine/reconcile/engine.ts';
import type { Call, Settings } from '../../src/engine/state/settings.ts';
import { clientOf } from '../conformance/harness.ts';
import { createTree, type Document, type HandClock, handClock } from '../reliability/account.ts';
import { assertReport } from '../report/schema.ts';
import type { Console } from './seed.ts';

export interface Rig extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly state: AccountState;
  /** Somebody without apikeeper. */
  readonly hand: Console;
  readonly clock: HandClock;
  readonly directory: string;
  /** Of the implicit target; no other rig on this host has it, since applying takes a lock. */
  readonly owner: string;
  write(documents: readonly Document[]): void;
  /** A pass that writes nothing, over the one target that there is. */
  plan(): Promise<TargetReport>;
  apply(trigger?: Trigger): Promise<TargetReport>;
  /** Ends the process: the next pass is made by one that remembers nothing. */
  restart(): Promise<void>;
}

export interface RigOptions {
  readonly settings?: Partial<Settings>;
  readonly env?: Readonly<Record<string, string>>;
  /** Told of each call of apikeeper's when its answer is there. */
  readonly onCall?: (operation: string) => void;
}

export async function createRig({ settings, env, onCall }: RigOptions = {}): Promise<Rig> {
  const clock = handClock();
  const emulator = await startEmulator({ seed: 1, clock: clock.now });
  const gateway: APIGateway = clientOf(emulator);
  const tree = createTree();
  const owner = `rig-${randomUUID()}`;
  const surroundings = {
    clock,
    emit: () => {},
    ...(onCall && { onCall: ({ operation }: Call) => onCall(operation) }),
    env: {
      AWS_ENDPOINT_URL: emulator.url,
      AWS_REGION: 'eu-west-2',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'secret',
      ...env,
    },
  };
  let engine: Engine | undefined;

  const pass = async (write: boolean, trigger: Trigger = 'command'): Promise<TargetReport> => {
    engine ??= createEngine(
      { ...SETTINGS, owner, ...settings, directory: tree.directory },
      surroundings,
    );
    const report = await engine.reconcile({ trigger, write, unsetMode: 'enforce' });
    assertReport(JSON.parse(JSON.stringify(report)));
    return onlyTarget(report);
  };
  const restart = async () => {
    await engine?.[Symbol.asyncDispose]();
    engine = undefined;
  };
  return {
    emulator,
    state: emulator.state(),
    hand: { gateway, state: emulator.state() },
    clock,
    directory: tree.directory,
    owner,
    write: tree.write,
    plan: () => pass(false),
    apply: (trigger) => pass(true, trigger),
    restart,
    async [Symbol.asyncDispose]() {
      await restart();
      gateway.destroy();
      tree[Symbol.dispose]();
      await emulator.close();
    },
  };
}

function onlyTarget({ targets, problems }: Report): TargetReport {
  const [target] = targets;
  const error =
    target?.error ??
    problems
      .map(({ file, line, path, message }) => `${file}:${line} ${path}: ${message}`)
      .join('\n');
  if (!target || error) throw new Error(error || 'there is no target');
  return target;
}

/** Calls as fast as they go: what paces them is tested where it is made. */
const SETTINGS: Omit<Settings, 'directory' | 'owner'> = {
  namespaces: [],
  deleteGraceMs: 14 * 24 * 3600_000,
  operationQuotas: false,
  requestsPerSecond: 100_000,
  burst: 100_000,
  valuesEnvPrefix: 'APIKEEPER_VALUE_',
  valuesSecrets: 'apikeeper/',
  version: '0.0.0',
};

/** A document as it stands in a file. */
export function documentOf(
  kind: string,
  name: string,
  spec: object = {},
  metadata: object = {},
): Document {
  return { apiVersion: 'apikeeper.dev/v1', kind, metadata: { name, ...metadata }, spec };
}
