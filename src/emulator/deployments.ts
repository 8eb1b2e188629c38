import type {
  CreateDeploymentRequest,
  DeleteDeploymentRequest,
  Deployment as DeploymentShape,
  Deployments,
  GetDeploymentRequest,
  GetDeploymentsRequest,
  UpdateDeploymentRequest,
} from '@aws-sdk/client-api-gateway';
import { given } from './absent.ts';
import type { Input, Operation } from './context.ts';
import { badRequest, notFound } from './errors.ts';
import { page } from './pages.ts';
import { type Grammar, patched, replace } from './patch.ts';
import { pathOf } from './resources.ts';
import { findRestApi } from './rest-apis.ts';
import { newCanary, newStage, setCacheCluster, setCacheSize, setVariables } from './stage-rules.ts';
import type { AccountState, Deployment, RestApiTree } from './state.ts';

/** Throws NotFoundException. */
function findDeployment({ deployments }: RestApiTree, id: string): Deployment {
  const deployment = deployments.get(id);
  if (!deployment) throw notFound('Invalid Deployment identifier specified');
  return deployment;
}

const shown = (
  { snapshot, ...deployment }: Deployment,
  embed?: readonly string[],
): DeploymentShape =>
  embed?.includes('apisummary') ? { ...deployment, apiSummary: snapshot.methods } : deployment;

function snapshotOf(tree: RestApiTree): Deployment['snapshot'] {
  const served = [...tree.resources.values()].filter(({ methods }) => methods.size > 0);
  const methods = served.map((resource) => [
    pathOf(tree, resource),
    Object.fromEntries(resource.methods),
  ]);
  const { apiKeySource, disableExecuteApiEndpoint } = tree.api;
  return structuredClone({
    apiKeySource,
    disableExecuteApiEndpoint,
    methods: Object.fromEntries(methods),
  });
}

/** With a `stageName` it re-points that stage, or creates it, without tags [BC, LS]. */
export const createDeployment: Operation<CreateDeploymentRequest, DeploymentShape> = (
  request,
  { state, now, random },
) => {
  const tree = findRestApi(state, request.restApiId);
  const snapshot = snapshotOf(tree);
  if (Object.keys(snapshot.methods).length === 0)
    throw badRequest("The REST API doesn't contain any methods");
  const deployment: Deployment = {
    id: random.id(6),
    description: given(request.description),
    createdDate: new Date(now),
    snapshot,
  };
  const stageName = given(request.stageName);
  if (stageName !== undefined) deployTo(state, tree, deployment, { ...request, stageName }, now);
  tree.deployments.set(deployment.id, deployment);
  return shown(deployment);
};

type StageData = Input<CreateDeploymentRequest> & { stageName: string };

function deployTo(
  state: AccountState,
  tree: RestApiTree,
  { id }: Deployment,
  request: StageData,
  now: number,
): void {
  const { stageName, stageDescription, canarySettings, restApiId: _, ...rest } = request;
  const existing = tree.stages.get(stageName);
  if (!existing) {
    const stage = newStage(
      state,
      tree,
      { ...rest, stageName, deploymentId: id, description: stageDescription },
      now,
    );
    if (canarySettings)
      stage.canarySettings = newCanary(stage, { ...canarySettings, deploymentId: id });
    tree.stages.set(stageName, stage);
    return;
  }
  const stage = structuredClone(existing);
  // A deployment with canary settings goes to the canary; the stage itself stays where it was.
  if (canarySettings)
    stage.canarySettings = newCanary(stage, { ...canarySettings, deploymentId: id });
  else stage.deploymentId = id;
  if (stageDescription !== undefined) stage.description = given(stageDescription);
  // Overwrites what the stage had (TF#8409).
  if (rest.variables) setVariables(state, stage, { ...stage.variables, ...rest.variables });
  if (rest.tracingEnabled !== undefined) stage.tracingEnabled = rest.tracingEnabled;
  if (rest.cacheClusterSize !== undefined) setCacheSize(stage, rest.cacheClusterSize);
  if (rest.cacheClusterEnabled !== undefined) setCacheCluster(stage, rest.cacheClusterEnabled, now);
  stage.lastUpdatedDate = new Date(now);
  tree.stages.set(stageName, stage);
}

export const getDeployment: Operation<GetDeploymentRequest, DeploymentShape> = (
  { restApiId, deploymentId, embed },
  { state },
) => shown(findDeployment(findRestApi(state, restApiId), deploymentId), embed);

export const getDeployments: Operation<GetDeploymentsRequest, Deployments> = (
  { restApiId, ...paging },
  { state },
) => {
  const { items, position } = page(
    findRestApi(state, restApiId).deployments.values(),
    (deployment) => deployment.id,
    paging,
  );
  return { items: items.map((deployment) => shown(deployment)), position };
};

const grammar: Grammar<Deployment> = {
  rules: [
    replace('/description', (deployment, { value }) => {
      deployment.description = given(value);
    }),
  ],
};

export const updateDeployment: Operation<UpdateDeploymentRequest, DeploymentShape> = (
  request,
  { state },
) => {
  const tree = findRestApi(state, request.restApiId);
  const deployment = patched(
    findDeployment(tree, request.deploymentId),
    request.patchOperations,
    grammar,
    'updateDeploymentInput',
  );
  tree.deployments.set(deployment.id, deployment);
  return shown(deployment);
};

export const deleteDeployment: Operation<DeleteDeploymentRequest> = (
  { restApiId, deploymentId },
  { state },
) => {
  const tree = findRestApi(state, restApiId);
  findDeployment(tree, deploymentId);
  const stages = [...tree.stages.values()];
  if (stages.some((stage) => stage.deploymentId === deploymentId)) {
    throw badRequest('Active stages pointing to this deployment must be moved or deleted');
  }
  if (stages.some((stage) => stage.canarySettings?.deploymentId === deploymentId)) {
    throw badRequest(
      'Active stages with canary settings pointing to this deployment must be moved or deleted',
    );
  }
  tree.deployments.delete(deploymentId);
};
