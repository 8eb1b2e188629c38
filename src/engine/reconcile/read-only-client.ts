/** An account and region, looked at once: for commands that have no manifests of it yet. */

import { compact } from '../../core/model/compact.ts';
import type { Target } from '../../core/model/model.ts';
import { createBudget } from '../../gateway/budget.ts';
import { connect } from '../../gateway/client.ts';
import { createSend, readOnly, type Send } from '../../gateway/send.ts';
import type { EngineDeps, Settings } from '../state/settings.ts';
import { pace } from './sessions.ts';

/** Where a door leads. */
export interface Place {
  /** Absent where STS was not asked, or did not answer. */
  readonly accountId?: string;
  readonly region: string;
}

export type ReadSettings = Pick<Settings, 'requestsPerSecond' | 'burst' | 'operationQuotas'>;
export type ReadDeps = Pick<EngineDeps, 'clock' | 'env' | 'requestHandler'>;

/** Calls `read` with a door that lets nothing be changed, and closes it. Rejects with GatewayError where the account can't be reached, or as `read` does. */
export async function withReadOnlyClient<T>(
  target: Target,
  settings: ReadSettings,
  { clock, env, requestHandler }: ReadDeps,
  signal: AbortSignal | undefined,
  read: (send: Send, place: Place) => Promise<T>,
): Promise<T> {
  const { region, accountId, roleArn, externalId, implicit } = target;
  const connection = await connect({
    region,
    accountId,
    roleArn,
    externalId,
    implicit,
    env,
    requestHandler,
    signal,
  });
  try {
    const budget = createBudget({
      ...pace([target], settings),
      clock,
      operationQuotas: settings.operationQuotas,
    });
    const door = readOnly(createSend({ client: connection.client, budget, clock }));
    const send: Send = (command, more) => door(command, { signal, ...more });
    return await read(
      send,
      compact({
        region: connection.region,
        accountId: connection.accountId,
      }),
    );
  } finally {
    connection.close();
  }
}
