/** An account with what keys, plans and stages refer to. */
import {
  CreateDeploymentCommand,
  CreateRestApiCommand,
  CreateStageCommand,
  GenerateClientCertificateCommand,
  PutMethodCommand,
  UpdateAccountCommand,
} from '@aws-sdk/client-api-gateway';
import type { Send } from '../../src/gateway/send.ts';

export interface Estate {
  readonly apiId: string;
  /** Oldest first. */
  readonly deployments: readonly string[];
  readonly certificates: readonly string[];
}

export async function makeApi(
  send: Send,
  name = 'residents-api',
): Promise<{ id: string; rootResourceId: string }> {
  const { id = '', rootResourceId = '' } = await send(new CreateRestApiCommand({ name }));
  return { id, rootResourceId };
}

/** One API with three deployments and the stages dev, test and prod, on the oldest. */
export async function makeEstate(send: Send): Promise<Estate> {
  const { id: apiId, rootResourceId: resourceId } = await makeApi(send);
  await send(
    new PutMethodCommand({
      restApiId: apiId,
      resourceId,
      httpMethod: 'GET',
      authorizationType: 'NONE',
    }),
  );
  const deployments: string[] = [];
  for (let count = 0; count < 3; count++)
    deployments.push((await send(new CreateDeploymentCommand({ restApiId: apiId }))).id ?? '');
  for (const stageName of ['dev', 'test', 'prod']) {
    await send(
      new CreateStageCommand({ restApiId: apiId, stageName, deploymentId: deployments[0] }),
    );
  }
  const certificates: string[] = [];
  for (let count = 0; count < 2; count++)
    certificates.push(
      (await send(new GenerateClientCertificateCommand({}))).clientCertificateId ?? '',
    );
  const path = '/cloudwatchRoleArn';
  await send(
    new UpdateAccountCommand({
      patchOperations: [{ op: 'replace', path, value: 'arn:aws:iam::123456789012:role/logs' }],
    }),
  );
  return { apiId, deployments, certificates };
}
