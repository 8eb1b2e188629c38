/** Which stages of an API are moved to a new deployment for its key requirement, and which are left where they are. */
import { decodeApplied, wasWritten } from './applied.ts';
import type { Context, Held } from './fields.ts';
import { type Desired, type Live, type Spec, TAG } from './model.ts';
import type { Change } from './plan.ts';
import { asked, type LiveRequirement, requirementOf, servedOtherwise, some, wantedMethods } from './requirement.ts';
import { byText, pointer } from './values.ts';

export interface RedeploymentContext extends Pick<Context, 'rules' | 'fingerprint'> {
  /** Stages (`<api id>:<stage name>`) that this plan creates, and who does. */
  readonly making: ReadonlyMap<string, string>;
  /** The changes of the API's definition. */
  readonly definition: readonly Change[];
  /** What `applied` will speak of. */
  readonly owned: Spec;
}

/**
 * The stages to be moved to a new deployment. It is due once for each commit that changes the document, which `applied` remembers:
 *
 * | `applied` knows this document | the stage serves otherwise | then |
 * | --- | --- | --- |
 * | yes | | nothing: a difference is drift, or the pipeline's |
 * | no | no | nothing, and `applied` gets to know it |
 * | no | yes | due; held where it would publish what others changed |
 */
export function redeployment(
  desired: Desired,
  live: Live,
  { rules, fingerprint, making, definition, owned }: RedeploymentContext,
): { readonly changes: readonly Change[]; readonly held: readonly Held[] } {
  const stages = asked(desired).redeploy?.stages ?? [];
  const settled = (field: string) => wasWritten(live, rules.fields[field], owned[field], fingerprint);
  if (stages.length === 0 || settled('redeploy')) return { changes: [], held: [] };
  // Which source a stage serves can't be read: a deployment is due where it changes now, or a pass that changed it came to no end.
  const written = decodeApplied(live.tags[TAG.applied]);
  const source = definition.some(({ field }) => field === 'apiKeySource') || (written.has('apiKeySource') && !settled('apiKeySource'));
  const wanted = wantedMethods(desired, live);
  const is = requirementOf(live);
  const changes: Change[] = [];
  const held: Held[] = [];
  for (const stage of stages) {
    const deployment = is.deployments[stage];
    const place = { field: 'redeploy', keys: [stage], path: pointer(['spec', 'redeploy', 'stages', stage]) };
    const change: Change = { ...place, desired: 'a new deployment', live: deployment, cause: 'git' };
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
    if (!source && servedOtherwise(stage, wanted, is).length === 0) continue;
    const others = undeployedByOthers(stage, wanted, is);
    if (others.length === 0) changes.push(change);
    else held.push({ reason: 'undeployed-changes', message: undeployedText(stage, others), changes: [change] });
  }
  return { changes, held };
}

/** Whether a deployment would publish what the document asks for, and nothing of anybody else's on these stages; one that this pass made serves nothing yet. */
export function isReadyToDeploy(desired: Desired, planned: Live, now: Live, stages: readonly string[]): boolean {
  const wanted = wantedMethods(desired, now);
  const is = requirementOf(now);
  const isNew = (stage: string) => requirementOf(planned).deployments[stage] === undefined;
  const stands = [...wanted].every(([key, value]) => is.methods[key]?.apiKeyRequired === value);
  const isOurs = (stage: string) => isNew(stage) || undeployedByOthers(stage, wanted, is).length === 0;
  return stands && stages.every((stage) => is.deployments[stage] !== undefined && isOurs(stage));
}

/** The methods that a deployment would publish on a stage beside our own change. */
function undeployedByOthers(stage: string, wanted: ReadonlyMap<string, boolean>, live: LiveRequirement): string[] {
  const { served, undeployed, methods } = live;
  const now = served[stage] ?? {};
  const required = Object.keys(now).filter((key) => !wanted.has(key) && methods[key] && methods[key].apiKeyRequired !== now[key]);
  return [...new Set([...(undeployed[stage] ?? []), ...required])].sort(byText);
}

function undeployedText(stage: string, methods: readonly string[]): string {
  return `somebody changed ${some(methods)} in the API and did not deploy it: redeploying would publish that on ${stage} too; have the API's own pipeline deploy it, or undo it`;
}
