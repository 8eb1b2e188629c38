/** Which stages of an API are moved to a new deployment for its key requirement, and which are left where they are. */

import { compareText, pointer } from '../model/json.ts';
import { type Desired, type Live, type Spec, TAG } from '../model/model.ts';
import type { Change } from '../model/plan.ts';
import { fieldText } from '../model/three-way.ts';
import type { Context, Held } from './compare-fields.ts';
import {
  type LiveRequirement,
  requestedMethods,
  requirementOf,
  servedOtherwise,
  some,
  wantedMethods,
} from './key-requirement.ts';
import { decodeApplied, wasWritten } from './last-applied.ts';
import { claimOf } from './ownership.ts';
import { pendingStages } from './pending-redeploys.ts';

export interface RedeploymentContext extends Pick<Context, 'rules' | 'fingerprint'> {
  /** Stages (`<api id>:<stage name>`) that this plan creates, and who does. */
  readonly making: ReadonlyMap<string, string>;
  /** The changes of the API's definition. */
  readonly definition: readonly Change[];
  /** What `applied` will speak of. */
  readonly owned: Spec;
  /** Our name on live objects. */
  readonly owner: string;
}

/**
 * The stages to be moved to a new deployment. It is due once for each stage and commit that changes the document, which `applied` remembers:
 *
 * | `applied` knows this document | the stage serves otherwise | then |
 * | --- | --- | --- |
 * | yes | | nothing: a difference is drift, or the pipeline's |
 * | no | no | nothing, and `applied` gets to know it |
 * | no | yes, or from another source, or it isn't known | due; held where it would publish what others changed |
 */
export function redeployment(
  desired: Desired,
  live: Live,
  { rules, fingerprint, making, definition, owned, owner }: RedeploymentContext,
): { readonly changes: readonly Change[]; readonly held: readonly Held[] } {
  const stages = requestedMethods(desired).redeploy?.stages ?? [];
  const settled = (field: string) =>
    wasWritten(live, rules.fields[field], owned[field], fingerprint);
  const written = decodeApplied(live.tags[TAG.applied]);
  const rule = rules.fields.redeploy;
  const documentFingerprint =
    rule && owned.redeploy ? fingerprint(fieldText(rule, owned.redeploy)) : '';
  const source = definition.some(({ field }) => field === 'apiKeySource') || isSourceOpen();
  const wanted = wantedMethods(desired, live);
  const is = requirementOf(live);
  const changes: Change[] = [];
  const held: Held[] = [];
  for (const stage of pendingStages(written.get('redeploy'), documentFingerprint, stages)) {
    const deployment = is.deployments[stage];
    const place = {
      field: 'redeploy',
      keys: [stage],
      path: pointer(['spec', 'redeploy', 'stages', stage]),
    };
    const change: Change = {
      ...place,
      desired: 'a new deployment',
      live: deployment,
      cause: 'git',
    };
    const maker = making.get(`${live.id}:${stage}`);
    if (maker !== undefined) {
      // It serves nothing yet, so nothing can be published that it doesn't serve.
      changes.push({ ...change, needs: [maker] });
      continue;
    }
    if (deployment === undefined) {
      const message = `the API has no stage ${stage}: correct the name, or have it deployed first`;
      held.push({ reason: 'unresolved-reference', message, changes: [change] });
      continue;
    }
    if (!source && is.served[stage] && servedOtherwise(stage, wanted, is).length === 0) continue;
    const obstacle = obstacleTo(stage, wanted, is);
    if (obstacle) held.push({ ...obstacle, changes: [change] });
    else changes.push(change);
  }
  return { changes, held };

  /** Which source a stage serves can't be read. `applied` knows it once it is deployed; what was never ours, and has the service's default, is taken to be. */
  function isSourceOpen(): boolean {
    const { apiKeySource } = requestedMethods(desired);
    if (apiKeySource === undefined) return false;
    if (written.has('apiKeySource')) return !settled('apiKeySource') || !written.has('redeploy');
    return (
      apiKeySource !== rules.fields.apiKeySource?.default || claimOf(live, owner) !== undefined
    );
  }
}

/** Whether a deployment would publish what the document asks for, and nothing of anybody else's on these stages; one that this pass made serves nothing yet. */
export function isReadyToDeploy(
  desired: Desired,
  planned: Live,
  now: Live,
  stages: readonly string[],
): boolean {
  const wanted = wantedMethods(desired, now);
  const is = requirementOf(now);
  const isNew = (stage: string) => requirementOf(planned).deployments[stage] === undefined;
  const stands = [...wanted].every(([key, value]) => is.methods[key]?.apiKeyRequired === value);
  const isOurs = (stage: string) => isNew(stage) || !obstacleTo(stage, wanted, is);
  return stands && stages.every((stage) => is.deployments[stage] !== undefined && isOurs(stage));
}

/** Why a stage is not to be moved: somebody stopped it, or a deployment would publish what others changed, as far as that can be known. */
function obstacleTo(
  stage: string,
  wanted: ReadonlyMap<string, boolean>,
  live: LiveRequirement,
): Omit<Held, 'changes'> | undefined {
  const deployment = live.deployments[stage];
  const canary = live.canaries[stage];
  const others = undeployedByOthers(stage, wanted, live);
  const reason = 'undeployed-changes';
  if (live.suspended.includes(stage))
    return {
      reason: 'suspended',
      message: `the stage ${stage} bears the tag ${TAG.suspend}: remove the tag to have it redeployed`,
    };
  if (!live.served[stage])
    return {
      reason,
      message: `the deployment ${deployment} of stage ${stage} is not found, so what it serves is not known: deploy the API to it`,
    };
  if (canary !== undefined)
    return {
      reason,
      message: `stage ${stage} has a canary on the deployment ${canary}: redeploying would publish what is tried there; promote it, or take it away`,
    };
  return others.length === 0 ? undefined : { reason, message: undeployedText(stage, others) };
}

/** The methods that a deployment would publish on a stage beside our own change. */
function undeployedByOthers(
  stage: string,
  wanted: ReadonlyMap<string, boolean>,
  live: LiveRequirement,
): string[] {
  const { served, undeployed, methods } = live;
  const now = served[stage] ?? {};
  const required = Object.keys(now).filter(
    (key) => !wanted.has(key) && methods[key] && methods[key].apiKeyRequired !== now[key],
  );
  return [...new Set([...(undeployed[stage] ?? []), ...required])].sort(compareText);
}

function undeployedText(stage: string, methods: readonly string[]): string {
  return `somebody changed ${some(methods)} in the API and did not deploy it: redeploying would publish that on ${stage} too; have the API's own pipeline deploy it, or undo it`;
}
