import type {
  CreateStageRequest,
  DeleteStageRequest,
  GetStageRequest,
  GetStagesRequest,
  Stage as StageShape,
  Stages,
  UpdateStageRequest,
} from '@aws-sdk/client-api-gateway';
import { orAbsent } from './absent.ts';
import type { Operation } from './context.ts';
import { badRequest, notFound } from './errors.ts';
import { patched } from './patch.ts';
import { findRestApi } from './rest-apis.ts';
import { stageGrammar } from './stage-patches.ts';
import { cacheStatus, newCanary, newStage } from './stage-rules.ts';
import type { AccountState, Stage } from './state.ts';
import { detachStages } from './usage-plan-stages.ts';

/** Throws NotFoundException. */
export function findStage(state: AccountState, restApiId: string, stageName: string): Stage {
  const stage = findRestApi(state, restApiId).stages.get(stageName);
  if (!stage) throw notFound('Invalid stage identifier specified');
  return stage;
}

const shown = (stage: Stage, now: number): StageShape => ({
  ...stage,
  tags: orAbsent(stage.tags),
  variables: orAbsent(stage.variables),
  cacheClusterStatus: cacheStatus(stage, now),
});

export const createStage: Operation<CreateStageRequest, StageShape> = (
  { restApiId, ...request },
  { state, now },
) => {
  const tree = findRestApi(state, restApiId);
  if (!tree.deployments.has(request.deploymentId)) throw badRequest('Deployment id does not exist');
  const stage = newStage(state, tree, request, now);
  if (request.canarySettings) {
    stage.canarySettings = newCanary(stage, request.canarySettings);
    if (!tree.deployments.has(stage.canarySettings.deploymentId ?? ''))
      throw badRequest('Deployment id does not exist');
  }
  tree.stages.set(stage.stageName, stage);
  return shown(stage, now);
};

export const getStage: Operation<GetStageRequest, StageShape> = (
  { restApiId, stageName },
  { state, now },
) => shown(findStage(state, restApiId, stageName), now);

/** All at once: the operation has no pages [BC]. */
export const getStages: Operation<GetStagesRequest, Stages> = (
  { restApiId, deploymentId },
  { state, now },
) => {
  const stages = [...findRestApi(state, restApiId).stages.values()];
  const matching = stages.filter(
    (stage) => deploymentId === undefined || stage.deploymentId === deploymentId,
  );
  return { item: matching.reverse().map((stage) => shown(stage, now)) };
};

export const updateStage: Operation<UpdateStageRequest, StageShape> = (
  { restApiId, stageName, patchOperations },
  { state, now },
) => {
  const tree = findRestApi(state, restApiId);
  const current = findStage(state, restApiId, stageName);
  const stage = patched(
    current,
    patchOperations,
    stageGrammar(state, tree, now),
    'updateStageInput',
  );
  stage.lastUpdatedDate = new Date(now);
  tree.stages.set(stageName, stage);
  return shown(stage, now);
};

/** Not refused while a plan has the stage: the plan loses it, and a stage of the same name made later is not put back (docs/api-gateway-facts.md#f26). */
export const deleteStage: Operation<DeleteStageRequest> = ({ restApiId, stageName }, { state }) => {
  findStage(state, restApiId, stageName);
  findRestApi(state, restApiId).stages.delete(stageName);
  detachStages(state, ({ apiId, stage }) => apiId === restApiId && stage === stageName);
};
