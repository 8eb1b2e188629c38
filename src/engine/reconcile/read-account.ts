/** A whole account and region as it is: for those who have no manifests yet. */
import type { Api, Live, Target } from '../../core/model/model.ts';
import { kinds } from '../../kinds/index.ts';
import { observe } from '../observe/observe.ts';
import { createMemory } from '../state/memory.ts';
import {
  type Place,
  type ReadDeps,
  type ReadSettings,
  withReadOnlyClient,
} from './read-only-client.ts';

export interface AccountState extends Place {
  /** Keys, plans with their members, and of every API what hangs on it. */
  readonly live: readonly Live[];
  readonly apis: readonly Api[];
}

/** Reads everything, through a door that lets nothing be changed. Rejects with GatewayError where the account can't be reached, or not be read in full. */
export function readAccount(
  target: Target,
  settings: ReadSettings,
  surroundings: ReadDeps,
  signal?: AbortSignal,
): Promise<AccountState> {
  const { owner } = target;
  const { clock } = surroundings;
  return withReadOnlyClient(target, settings, surroundings, signal, async (send, place) => {
    const {
      live,
      apis = [],
      unread,
    } = await observe({
      send,
      kinds,
      desired: [],
      owners: new Set([owner]),
      memory: createMemory(),
      clock,
      everything: true,
    });
    const [failed] = unread;
    if (failed) throw new Error(`API ${failed.apiId} could not be read: ${failed.message}`);
    return { ...place, live, apis };
  });
}
