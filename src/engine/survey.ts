/** A whole account and region as it is: for those who have no manifests yet. */
import type { Api, Live, Target } from '../core/model.ts';
import { createBudget } from '../gateway/budget.ts';
import { connect } from '../gateway/client.ts';
import { createSend, readOnly } from '../gateway/send.ts';
import { kinds } from '../kinds/index.ts';
import { createMemory } from './memory.ts';
import { observe } from './observe.ts';
import { pace } from './session.ts';
import type { Settings, Surroundings } from './settings.ts';

export interface Survey {
  readonly accountId?: string;
  readonly region: string;
  /** Keys, plans with their members, and of every API what hangs on it. */
  readonly live: readonly Live[];
  readonly apis: readonly Api[];
}

/** Reads everything, through a door that lets nothing be changed. Rejects with GatewayError where the account can't be reached, or not be read in full. */
export async function survey(
  target: Target,
  settings: Pick<Settings, 'requestsPerSecond' | 'burst' | 'operationQuotas'>,
  { clock, env, requestHandler }: Pick<Surroundings, 'clock' | 'env' | 'requestHandler'>,
  signal?: AbortSignal,
): Promise<Survey> {
  const { region, accountId, roleArn, externalId, implicit, owner } = target;
  const connection = await connect({ region, accountId, roleArn, externalId, implicit, env, requestHandler, signal });
  try {
    const budget = createBudget({ ...pace(target, settings), clock, operationQuotas: settings.operationQuotas });
    const door = readOnly(createSend({ client: connection.client, budget, clock }));
    const send: typeof door = (command, more) => door(command, { signal, ...more });
    const { live, apis = [] } = await observe({ send, kinds, desired: [], owner, memory: createMemory(), clock, everything: true });
    return {
      region: connection.region,
      ...(connection.accountId !== undefined && { accountId: connection.accountId }),
      live,
      apis,
    };
  } finally {
    connection.close();
  }
}
