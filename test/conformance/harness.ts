import {
  APIGateway,
  type APIGatewayServiceException,
  type PatchOperation,
  type Stage,
} from '@aws-sdk/client-api-gateway';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';

/** The cases run against AWS, with the credentials and region of the environment, only where this is asked for in so many words. */
export const onAws = process.env.APIKEEPER_CONFORMANCE === 'aws';

export interface World {
  /** One call per command on the emulator; on AWS the SDK's own retries, since its quotas are real. */
  gateway: APIGateway;
  /** Only where the cases run on the emulator. */
  emulator: Emulator;
  /** The emulator's clock, in ms. */
  now: number;
  /** Deletes what was made, last first, when the suite ends. On the emulator nothing needs deleting. */
  cleanUp(action: () => Promise<unknown>): void;
}

/** Runs cases in a world of their own. */
export function suite(title: string, define: (world: World) => void): void {
  describe(title, () => {
    const world = { now: Date.now() } as World;
    const cleanups: (() => Promise<unknown>)[] = [];
    beforeAll(async () => {
      world.cleanUp = (action) => cleanups.push(action);
      if (onAws) {
        world.gateway = new APIGateway({ maxAttempts: 10, retryMode: 'adaptive' });
        return;
      }
      world.emulator = await startEmulator({ clock: () => world.now });
      world.gateway = clientOf(world.emulator);
    });
    afterAll(async () => {
      if (onAws) for (const action of cleanups.reverse()) await action().catch(() => undefined);
      world.gateway.destroy();
      await world.emulator?.close();
    });
    define(world);
  });
}

export const clientOf = (
  { url }: Emulator,
  accessKeyId = 'test',
  region = 'eu-west-2',
): APIGateway =>
  new APIGateway({
    endpoint: url,
    region,
    credentials: { accessKeyId, secretAccessKey: 'secret' },
    maxAttempts: 1,
  });

/** A case of the line of BEHAVIOUR.md that bears this number. */
export const behaviour = (id: string, title: string, body: () => Promise<void>): void =>
  test(`${id}: ${title}`, body);

/** A case that needs the emulator's clock, limits or accounts, or whose line is the emulator's own choice. */
behaviour.emulatorOnly = (id: string, title: string, body: () => Promise<void>): void =>
  test.skipIf(onAws)(`${id}: ${title}`, body);

/** How a call was refused; fails when it was not. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ name: string; status: number | undefined; message: string }> {
  const error = await call.then(
    () => expect.fail('the call was not refused'),
    (reason: APIGatewayServiceException) => reason,
  );
  return { name: error.name, status: error.$metadata?.httpStatusCode, message: error.message };
}

export const badRequest = (message: unknown) => ({
  name: 'BadRequestException',
  status: 400,
  message,
});
export const notFound = (message: unknown) => ({ name: 'NotFoundException', status: 404, message });
export const conflict = (message: unknown = expect.any(String)) => ({
  name: 'ConflictException',
  status: 409,
  message,
});
export const limitExceeded = (message: unknown = expect.stringContaining('Maximum number of')) => ({
  name: 'LimitExceededException',
  status: 429,
  message,
});

export const replace = (path: string, value: string): PatchOperation => ({
  op: 'replace',
  path,
  value,
});
export const add = (path: string, value: string): PatchOperation => ({ op: 'add', path, value });
export const remove = (path: string, value?: string): PatchOperation => ({
  op: 'remove',
  path,
  value,
});

let serial = 0;
/** A name that no other run has used. */
export const unique = (prefix: string): string =>
  `${prefix}-${Date.now().toString(36)}-${serial++}`;

export async function makeKey(
  { gateway, cleanUp }: World,
  request: Parameters<APIGateway['createApiKey']>[0] = {},
): Promise<string> {
  const { id = '' } = await gateway.createApiKey({ name: unique('key'), ...request });
  cleanUp(() => gateway.deleteApiKey({ apiKey: id }));
  return id;
}

export async function makeApi(
  { gateway, cleanUp }: Pick<World, 'gateway' | 'cleanUp'>,
  name = unique('api'),
): Promise<{ restApiId: string; rootId: string }> {
  const { id: restApiId = '', rootResourceId: rootId = '' } = await gateway.createRestApi({
    name,
    endpointConfiguration: { types: ['REGIONAL'] },
  });
  cleanUp(() => gateway.deleteRestApi({ restApiId }));
  return { restApiId, rootId };
}

export interface Deployed {
  restApiId: string;
  rootId: string;
  /** The resource `/pets`, with GET. */
  petsId: string;
  deploymentId: string;
}

/** An API with GET /pets, deployed to no stage. */
export async function makeDeployedApi(world: World): Promise<Deployed> {
  const { gateway } = world;
  const api = await makeApi(world);
  const { id: petsId = '' } = await gateway.createResource({
    restApiId: api.restApiId,
    parentId: api.rootId,
    pathPart: 'pets',
  });
  const method = { restApiId: api.restApiId, resourceId: petsId, httpMethod: 'GET' };
  await gateway.putMethod({ ...method, authorizationType: 'NONE' });
  // AWS deploys no method that has no integration.
  await gateway.putIntegration({ ...method, type: 'MOCK' });
  const { id: deploymentId = '' } = await gateway.createDeployment({ restApiId: api.restApiId });
  return { ...api, petsId, deploymentId };
}

export const makeStage = (
  { gateway }: World,
  { restApiId, deploymentId }: Deployed,
  stageName = `s${serial++}`,
): Promise<Stage> => gateway.createStage({ restApiId, deploymentId, stageName });

export async function makePlan(
  world: World,
  request: Partial<Parameters<APIGateway['createUsagePlan']>[0]> = {},
): Promise<string> {
  const { gateway } = world;
  const { id = '' } = await gateway.createUsagePlan({ name: unique('plan'), ...request });
  world.cleanUp(async () => {
    const { apiStages = [] } = await gateway.getUsagePlan({ usagePlanId: id });
    const patchOperations = apiStages.map(({ apiId, stage }) =>
      remove('/apiStages', `${apiId}:${stage}`),
    );
    if (patchOperations.length > 0)
      await gateway.updateUsagePlan({ usagePlanId: id, patchOperations });
    await gateway.deleteUsagePlan({ usagePlanId: id });
  });
  return id;
}
