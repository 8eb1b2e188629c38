/** The connections of the Targets, and all that the Targets of one account and region share, kept from pass to pass. */

import { compact } from '../../core/model/compact.ts';
import type { Target } from '../../core/model/model.ts';
import { type Budget, createBudget, type Pace } from '../../gateway/budget.ts';
import { type Connection, type ConnectOptions, connect } from '../../gateway/client.ts';
import { createLiveSecrets, type LiveSecrets } from '../../gateway/redact.ts';
import { secretReader } from '../../gateway/secrets.ts';
import { createSend, type Send, type SentCall } from '../../gateway/send.ts';
import { followServiceClock, type ServiceClock } from '../../gateway/service-clock.ts';
import type { Lock } from '../lock/lock.ts';
import type { CachedState } from '../observe/refresh.ts';
import { createMemory, forgetNamespace, type Memory } from '../state/memory.ts';
import { createValueReader, type ValueReader } from '../state/pinned-values.ts';
import type { EngineDeps, Settings } from '../state/settings.ts';
import { placeOf } from './place.ts';

/** One account and region. */
export interface Account {
  readonly budget: Budget;
  readonly memory: Memory;
  /** Key values in play: an error of one call may echo the value of another. */
  readonly inPlay: LiveSecrets;
  /** The live state as it was last read and written, and the documents that it was read for; undefined before the first whole reading. */
  kept?: CachedState;
  /** Whether removals wait for a second look at the manifests directory. */
  awaitsProof?: boolean;
  /** The locks under which `kept` was read. */
  readonly locks: WeakSet<Lock>;
}

/** One Target's connection to its account. */
export interface Session {
  readonly account: Account;
  readonly connection: Connection;
  readonly send: Send;
  readonly values: ValueReader;
  /** The lock under which this session writes; undefined before its first write. */
  lock?: Lock;
  readonly serviceClock: ServiceClock;
  /** Calls since the last `takeCalls`, by operation. */
  takeCalls(): { readonly calls: Record<string, number>; readonly waitedMs: number };
}

export interface Sessions extends Disposable {
  /** Connects, or gives the connection that stands. Rejects where the account can't be reached or isn't the one that is meant. */
  open(target: Target, revision: string | undefined): Promise<Session>;
  /** The budget that a namespace's calls wait for; undefined before it was connected. Shared by those of one account and region. */
  budget(namespace: string): Budget | undefined;
}

/** A connection that stands, and what it was made for. */
interface Standing {
  readonly key: string;
  readonly owner: string;
  readonly session: Promise<Session>;
}

export function createSessions(settings: Settings, surroundings: EngineDeps): Sessions {
  const open = new Map<string, Standing>();
  const accounts = new Map<string, Account>();
  const accountOf = new Map<string, Account>();
  const closing = new AbortController();

  function accountFor(target: Target): Account {
    const place = placeOf(target, surroundings.env);
    const account = accounts.get(place) ?? {
      budget: createBudget({
        ...pace([target], settings),
        clock: surroundings.clock,
        operationQuotas: settings.operationQuotas,
      }),
      memory: createMemory(),
      inPlay: createLiveSecrets(),
      locks: new WeakSet(),
    };
    accounts.set(place, account);
    accountOf.set(target.namespace, account);
    return account;
  }

  async function start(target: Target, options: ConnectOptions): Promise<Session> {
    const account = accountFor(target);
    const connection = await connect(options);

    let calls: Record<string, number> = {};
    let waitedMs = 0;
    const onCall = (call: SentCall) => {
      calls[call.operation] = (calls[call.operation] ?? 0) + 1;
      waitedMs += call.waitedMs;
      const { namespace } = target;
      const { operation, code, durationMs, requestId } = call;
      surroundings.onCall?.({ namespace, operation, code, durationMs, waitedMs: call.waitedMs });
      if (code === 'TooManyRequestsException')
        surroundings.emit(
          'api.throttled',
          compact({ namespace, operation, awsRequestId: requestId }),
        );
    };
    const { budget, inPlay } = account;
    const { clock } = surroundings;
    const beforeWrite = () => session.lock?.assertHeld();
    const session: Session = {
      account,
      connection,
      serviceClock: followServiceClock(connection.client, clock),
      values: createValueReader(fencesOf(settings, surroundings, connection)),
      send: createSend({ client: connection.client, budget, clock, inPlay, onCall, beforeWrite }),
      takeCalls() {
        const taken = { calls, waitedMs };
        calls = {};
        waitedMs = 0;
        return taken;
      },
    };
    return session;
  }

  return {
    async open(target, revision) {
      const { namespace, owner, region, accountId, roleArn, externalId, implicit } = target;
      const sessionName = revision === undefined ? undefined : `apikeeper-${revision}`;
      const key = JSON.stringify([region, accountId, roleArn, externalId, implicit]);
      const standing = open.get(namespace);
      // Of another owner's objects nothing is known.
      if (standing && standing.owner !== owner)
        forgetNamespace(accountFor(target).memory, namespace);
      if (standing?.key === key) {
        open.set(namespace, { ...standing, owner });
        return standing.session;
      }
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
      open.set(namespace, { key, owner, session });
      // A connection that failed is tried again in the next pass.
      session.catch(() => open.get(namespace)?.session === session && open.delete(namespace));
      return session;
    },
    budget: (namespace) => accountOf.get(namespace)?.budget,
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

/** The largest budget that the Targets of one account and region write. The command line outranks them. */
export function pace(
  targets: readonly Target[],
  settings: Pick<Settings, 'requestsPerSecond' | 'burst'>,
): Pace {
  const largest = (of: keyof Pace) => Math.max(...targets.map(({ budget }) => budget[of]));
  return {
    requestsPerSecond: settings.requestsPerSecond ?? largest('requestsPerSecond'),
    burst: settings.burst ?? largest('burst'),
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
