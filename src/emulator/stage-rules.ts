import type {
  CanarySettings,
  CreateStageRequest,
  DeploymentCanarySettings,
} from '@aws-sdk/client-api-gateway';
import { given, orAbsent } from './absent.ts';
import type { Input } from './context.ts';
import { badRequest, conflict, limitExceeded } from './errors.ts';
import type { AccountState, RestApiTree, Stage } from './state.ts';
import { checkTags } from './tag-rules.ts';

const STAGE_NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const VARIABLE_NAME = /^[a-zA-Z0-9_]{1,64}$/;
const VARIABLE_VALUE = /^[A-Za-z0-9\-._~:/?#&=,]{1,512}$/;
const CACHE_SIZES = ['0.5', '1.6', '6.1', '13.5', '28.4', '58.2', '118', '237'];

/** How long a cache cluster takes to come or go, by the emulator's clock. The service takes minutes (docs/api-gateway-facts.md#f14). */
const CACHE_CLUSTER_MS = 4 * 60_000;

/** A stage with the service's defaults [LS]. Throws for what CreateStage refuses, except an unknown deployment. */
export function newStage(
  state: AccountState,
  tree: RestApiTree,
  request: Omit<Input<CreateStageRequest>, 'restApiId'>,
  now: number,
): Stage {
  const {
    stageName,
    deploymentId,
    variables,
    tags,
    cacheClusterEnabled = false,
    cacheClusterSize,
    tracingEnabled = false,
  } = request;
  if (!STAGE_NAME.test(stageName)) throw badRequest('Stage name only allows a-zA-Z0-9_-');
  if (tree.stages.has(stageName)) throw conflict('Stage already exists');
  if (tree.stages.size >= state.limits.stagesPerApi) throw limitExceeded('Stages for this API');
  checkTags(tags);
  const stage: Stage = {
    stageName,
    deploymentId,
    description: given(request.description),
    documentationVersion: given(request.documentationVersion),
    cacheClusterEnabled: false,
    tracingEnabled,
    methodSettings: {},
    tags: orAbsent(tags),
    createdDate: new Date(now),
    lastUpdatedDate: new Date(now),
  };
  if (cacheClusterSize !== undefined) setCacheSize(stage, cacheClusterSize);
  if (cacheClusterEnabled) setCacheCluster(stage, true, now);
  if (variables) setVariables(state, stage, variables);
  return stage;
}

/** Limits: [LIM-REST], [BC Stage.variables]; the texts are UNCONFIRMED. */
export function setVariables(
  state: AccountState,
  stage: Stage,
  variables: Record<string, string>,
): void {
  for (const [name, value] of Object.entries(variables)) {
    if (!VARIABLE_NAME.test(name))
      throw badRequest(
        `Invalid stage variable name: ${name}. Only a-zA-Z0-9_ are allowed, at most 64`,
      );
    if (!VARIABLE_VALUE.test(value)) {
      throw badRequest(
        `Invalid value of stage variable ${name}. Please use values with alphanumeric characters and the symbols '-._~:/?#&=,'`,
      );
    }
  }
  if (Object.keys(variables).length > state.limits.stageVariables)
    throw limitExceeded('Stage variables for this stage');
  stage.variables = orAbsent(variables);
}

export function setCacheSize(stage: Stage, size: string): void {
  if (!CACHE_SIZES.includes(size))
    throw badRequest(
      `Invalid cache cluster size ${size}. Must be one of: [${CACHE_SIZES.join(', ')}]`,
    );
  stage.cacheClusterSize = size as Exclude<Stage['cacheClusterSize'], undefined>;
}

/** The cluster comes and goes in the background: `cacheStatus` tells how far it is. */
export function setCacheCluster(stage: Stage, enabled: boolean, now: number): void {
  if (stage.cacheClusterEnabled === enabled) return;
  stage.cacheClusterEnabled = enabled;
  if (enabled) stage.cacheClusterSize ??= '0.5';
  stage.cacheReadyAt = now + CACHE_CLUSTER_MS;
}

export function cacheStatus(
  { cacheClusterEnabled, cacheReadyAt = 0 }: Stage,
  now: number,
): Exclude<Stage['cacheClusterStatus'], undefined> {
  const underWay = now < cacheReadyAt;
  if (cacheClusterEnabled) return underWay ? 'CREATE_IN_PROGRESS' : 'AVAILABLE';
  return underWay ? 'DELETE_IN_PROGRESS' : 'NOT_AVAILABLE';
}

/** What is not given is the stage's deployment, 0 percent and no cache of its own [LS canary]. */
export function newCanary(
  stage: Stage,
  settings: CanarySettings | (DeploymentCanarySettings & { deploymentId: string }),
): CanarySettings {
  const {
    percentTraffic = 0,
    useStageCache = false,
    stageVariableOverrides,
    deploymentId = stage.deploymentId,
  } = settings;
  if (percentTraffic < 0 || percentTraffic > 100)
    throw badRequest('Invalid canary percentTraffic. Must be between 0 and 100');
  return {
    deploymentId,
    percentTraffic,
    useStageCache,
    stageVariableOverrides: stageVariableOverrides && orAbsent(stageVariableOverrides),
  };
}
