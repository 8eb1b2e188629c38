/** Asks for the second look at the manifests directory that removals wait for (docs/contract.md#safety). */
import type { Plan } from '../../core/model/plan.ts';
import type { AccountPass } from './pass.ts';

/** Tells the daemon, and gives when the directory has to be read again; undefined where no plan waits for that. */
export function asksForSecondLook(
  plans: readonly Plan[],
  { account, manifests, request }: AccountPass,
): number | undefined {
  const at = manifests.secondLookAt(plans);
  account.awaitsProof = at !== undefined;
  if (at !== undefined) request.onUnproven?.(at);
  return at;
}
