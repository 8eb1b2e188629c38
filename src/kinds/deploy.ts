/** A deployment of an API, and stages that serve it: their variables and settings stay as they are (docs/api-gateway-facts.md#f15). */
import {
  CreateDeploymentCommand,
  type Deployment,
  GetDeploymentCommand,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';
import { isGatewayError } from '../gateway/errors.ts';
import { listDeployments } from '../gateway/paginate.ts';
import type { Send } from '../gateway/send.ts';
import { replace } from './patch.ts';

interface Wanted {
  readonly restApiId: string;
  /** Names of stages to be moved. */
  readonly stages: readonly string[];
  /** Tells this deployment from every other: by it, one whose maker died is found again. */
  readonly description: string;
  /** Moves the stages, whatever comes between: a deployment that no stage serves is no use. */
  readonly finish: Send;
  /** Whether a deployment's snapshot is what the API's definition says now. */
  readonly isCurrent: (summary: NonNullable<Deployment['apiSummary']>) => boolean;
}

/** Makes a deployment, once, and moves the stages to it. Without a stage's name in the creating call: that one would take its variables along (TF#8409). */
export async function deploy(send: Send, wanted: Wanted): Promise<void> {
  const deploymentId = (await madeBefore(send, wanted)) ?? (await make(send, wanted));
  const patchOperations = [replace(['deploymentId'], deploymentId)];
  for (const stageName of wanted.stages)
    await wanted.finish(
      new UpdateStageCommand({ restApiId: wanted.restApiId, stageName, patchOperations }),
    );
}

async function make(send: Send, wanted: Wanted): Promise<string> {
  const { restApiId, description } = wanted;
  const create = async () =>
    (await send(new CreateDeploymentCommand({ restApiId, description }))).id ?? '';
  try {
    return await create();
  } catch (error) {
    if (!isGatewayError(error, 'answer-lost')) throw error;
    return (await madeBefore(send, wanted)) ?? create();
  }
}

/** The newest deployment, where it is this one: nobody deployed since, and it has what would be deployed now. */
async function madeBefore(
  send: Send,
  { restApiId, description, isCurrent }: Wanted,
): Promise<string | undefined> {
  const age = ({ createdDate }: Deployment) => createdDate?.getTime() ?? 0;
  const [newest] = (await listDeployments(send, restApiId)).toSorted((a, b) => age(b) - age(a));
  if (newest?.id === undefined || newest.description !== description) return undefined;
  const { apiSummary = {} } = await send(
    new GetDeploymentCommand({ restApiId, deploymentId: newest.id, embed: ['apisummary'] }),
  );
  return isCurrent(apiSummary) ? newest.id : undefined;
}
