/**
 * Objects that bear our owner and a namespace that no Target of the account and region bears: their Target was
 * renamed or is gone, or another tree has the same owner (docs/contract.md#ownership). They are told by name and
 * left alone; only what would be made a second time is held.
 */
import type { LiveIndex } from '../compare/live-index.ts';
import { compareText } from '../model/json.ts';
import { identity, type Live } from '../model/model.ts';
import { held, type Step, type Stranded } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import type { Match } from './match.ts';
import { movedText } from './remediation.ts';

/** Nothing where not all namespaces are known. What a document means is not stranded. */
export function strandedObjects(
  { namespaces, live }: PlanInput,
  world: LiveIndex,
  matches: Iterable<Match>,
): Stranded[] {
  if (!namespaces) return [];
  const meant = new Set<Live | undefined>();
  for (const found of matches) if (found.is !== 'missing') meant.add(found.live);
  const found = live.flatMap((one): Stranded[] => {
    const claim = world.claimOf(one);
    if (!claim || namespaces.has(claim.namespace) || meant.has(one)) return [];
    return [{ ...claim, live: one, message: messageOf(claim.namespace) }];
  });
  return found.sort((a, b) => compareText(whoIs(a), whoIs(b)));
}

function whoIs({ live, namespace, name }: Stranded): string {
  return identity({ kind: live.kind, namespace, name });
}

function messageOf(namespace: string): string {
  return (
    `no Target of this account and region bears the namespace ${namespace}, so it is left alone: carry it over with ` +
    `moved-from (apikeeper.dev/moved-from: ${namespace} on a Target carries over all of them), or give this tree an owner of its own`
  );
}

/** Holds each create of an object that would be there twice. */
export function holdStrandedTwins(
  steps: readonly Step[],
  stranded: readonly Stranded[],
): readonly Step[] {
  if (stranded.length === 0) return steps;
  return steps.map((step) => {
    const twin = stranded.find(({ live, name }) => live.kind === step.kind && name === step.name);
    if (step.action !== 'create' || !twin) return step;
    const message =
      `${twin.live.id} is ${twin.namespace}/${twin.name} of this owner, and no Target of this account and region bears ` +
      `that namespace: carry it over with ${movedText(step.desired ?? step, twin)}, or give this tree an owner of its own`;
    return held(step, 'stranded', message);
  });
}
