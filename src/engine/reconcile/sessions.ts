/** One target's connection, budget and memory, kept from pass to pass. */

import { compact } from '../../core/model/compact.ts';
import type { Target } from '../../core/model/model.ts';
import { type Budget, createBudget } from '../../gateway/budget.ts';
import { type Connection, type ConnectOptions, connect } from '../../gateway/client.ts';
import { createLiveSecrets, type LiveSecrets } from '../../gateway/redact.ts';
import { secretReader } from '../../gateway/secrets.ts';
import { createSend, type Send, type SentCall } from '../../gateway/send.ts';
import type { CachedState } from '../observe/refresh.ts';
import { createMemory, type Memory } from '../state/memory.ts';
import { createValueReader, type ValueReader } from '../state/pinned-values.ts';
import type { EngineDeps, Settings } from '../state/settings.ts';

export interface Session {
  readonly connection: Connection;
  readonly send: Send;
  readonly budget: Budget;
  readonly memory: Memory;
  readonly inPlay: LiveSecrets;
  readonly values: ValueReader;
  /** The live state as it was last read and written, and the documents that were planned on it; undefined before the first whole reading. */
  kept?: CachedState;
  /** Calls since the last `takeCalls`, by operation. */
  takeCalls(): { readonly calls: Record<string, number>; readonly waitedMs: number };
}

export interface Sessions extends Disposable {
  /** Connects, or gives the connection that stands. Rejects where the account can't be reached or isn't the one that is meant. */
  open(target: Target, revision: string | undefined): Promise<Session>;
  /** What a namespace's calls wait for; undefined before it was connected. Shared by those of one account and region. */
  budget(namespace: string): Budget | undefined;
}

export function createSessions(settings: Settings, surroundings: EngineDeps): Sessions {
  const open = new Map<string, { readonly key: string; readonly session: Promise<Session> }>();
  const budgets = new Map<string, Budget>();
  const closing = new AbortController();
  const budgetOf = new Map<string, Budget>();
  const memories = new Map<string, Memory>();

  async function start(target: Target, options: ConnectOptions): Promise<Session> {
    const connection = await connect(options);
    const where = `${connection.accountId ?? target.roleArn ?? 'ambient'} ${connection.region}`;
    const who = `${target.namespace} ${target.owner} ${where}`;
    const budget =
      budgets.get(where) ??
      createBudget({
        ...pace(target, settings),
        clock: surroundings.clock,
        operationQuotas: settings.operationQuotas,
      });
    budgets.set(where, budget);
    budgetOf.set(target.namespace, budget);
    const memory = memories.get(who) ?? createMemory();
    memories.set(who, memory);

    let calls: Record<string, number> = {};
    let waitedMs = 0;
    const inPlay = createLiveSecrets();
    const onCall = (call: SentCall) => {
      calls[call.operation] = (calls[call.operation] ?? 0) + 1;
      waitedMs += call.waitedMs;
      const { operation, code, durationMs } = call;
      surroundings.onCall?.({
        namespace: target.namespace,
        operation,
        code,
        durationMs,
        waitedMs: call.waitedMs,
      });
      if (code === 'TooManyRequestsException') {
        surroundings.emit(
          'api.throttled',
          compact({
            namespace: target.namespace,
            operation,
            awsRequestId: call.requestId,
          }),
        );
      }
    };
    return {
      connection,
      budget,
      memory,
      inPlay,
      values: createValueReader(fencesOf(settings, surroundings, connection)),
      send: createSend({
        client: connection.client,
        budget,
        clock: surroundings.clock,
        inPlay,
        onCall,
      }),
      takeCalls() {
        const taken = { calls, waitedMs };
        calls = {};
        waitedMs = 0;
        return taken;
      },
    };
  }

  return {
    async open(target, revision) {
      const { region, accountId, roleArn, externalId, implicit } = target;
      const sessionName = revision === undefined ? undefined : `apikeeper-${revision}`;
      const key = JSON.stringify([
        region,
        accountId,
        roleArn,
        externalId,
        implicit,
        pace(target, settings),
      ]);
      const standing = open.get(target.namespace);
      if (standing?.key === key) return standing.session;
      standing?.session.then(
        (old) => old.connection.close(),
        () => {},
      );
      const { env, requestHandler } = surroundings;
      const session = start(target, {
        region,
        accountId,
        roleArn,
        externalId,
        sessionName,
        implicit,
        env,
        requestHandler,
        signal: closing.signal,
      });
      open.set(target.namespace, { key, session });
      // What failed is tried again in the next pass.
      session.catch(
        () => open.get(target.namespace)?.session === session && open.delete(target.namespace),
      );
      return session;
    },
    budget: (namespace) => budgetOf.get(namespace),
    [Symbol.dispose]() {
      closing.abort(new Error('apikeeper stopped while it connected'));
      for (const { session } of open.values())
        session.then(
          (one) => one.connection.close(),
          () => {},
        );
      open.clear();
    },
  };
}

/** The command line outranks the Target. */
export function pace(
  target: Target,
  settings: Pick<Settings, 'requestsPerSecond' | 'burst'>,
): { readonly requestsPerSecond: number; readonly burst: number } {
  return {
    requestsPerSecond: settings.requestsPerSecond ?? target.budget.requestsPerSecond,
    burst: settings.burst ?? target.budget.burst,
  };
}

function fencesOf(settings: Settings, surroundings: EngineDeps, connection: Connection) {
  const { valuesEnvPrefix, valuesDir, valuesSecrets } = settings;
  return compact({
    env: surroundings.env,
    envPrefix: valuesEnvPrefix,
    dir: valuesDir,
    secretsPrefix: valuesSecrets,
    secrets: secretReader(connection),
  });
}
