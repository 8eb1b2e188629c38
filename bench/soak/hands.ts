/** What people do in the console, behind apikeeper's back; and what is there that is none of its business. */
import { APIGateway } from '@aws-sdk/client-api-gateway';
import type { Clock } from '../../src/core/model/clock.ts';
import type { AccountState, Emulator } from '../../src/emulator/index.ts';
import { APIS, type Place, REGION, STAGE_NAMES } from './declared.ts';
import type { Random } from './random.ts';

export interface Hand extends Disposable {
  readonly state: AccountState;
  /** Does one thing to a managed object, and says what. */
  meddle(random: Random): Promise<string>;
  /** The one who always wants it otherwise. */
  quarrel(serial: number): Promise<void>;
}

const FOREIGN = 'foreign';
/** Never meddled with but by the one who quarrels, so that the end is known: contested. */
const QUARRELLED = 'consumer-0';

const isForeign = ({ name = '' }: { readonly name?: string | undefined }) =>
  name.startsWith(FOREIGN);

/** Makes APIs with their stages, and the objects of others. Takes minutes of the clock: making an API has a quota of its own. */
export async function createHand(
  emulator: Emulator,
  { account }: Place,
  clock: Clock,
): Promise<Hand> {
  const credentials = { accessKeyId: `AKIA${account}`, secretAccessKey: 'hand' };
  const gateway = new APIGateway({
    endpoint: emulator.url,
    region: REGION,
    credentials,
    maxAttempts: 1,
  });
  const state = emulator.state(account, REGION);
  for (const name of APIS) {
    await clock.sleep(30_000);
    const { id: restApiId, rootResourceId: resourceId } = await gateway.createRestApi({ name });
    await gateway.putMethod({
      restApiId,
      resourceId,
      httpMethod: 'GET',
      authorizationType: 'NONE',
      apiKeyRequired: true,
    });
    const { id: deploymentId } = await gateway.createDeployment({ restApiId });
    for (const stageName of STAGE_NAMES)
      await gateway.createStage({ restApiId, deploymentId, stageName });
  }
  for (const number of [1, 2, 3]) {
    const { id: usagePlanId } = await gateway.createUsagePlan({
      name: `${FOREIGN}-plan-${number}`,
      throttle: { rateLimit: 7, burstLimit: 7 },
    });
    const { id: keyId } = await gateway.createApiKey({
      name: `${FOREIGN}-key-${number}`,
      enabled: true,
      tags: { owner: 'somebody' },
    });
    await gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' });
  }
  await clock.sleep(60_000);

  const change = (path: string, value: string) => [{ op: 'replace' as const, path, value }];
  const managedKeys = () =>
    [...state.apiKeys.values()].filter((key) => !isForeign(key) && key.name !== QUARRELLED);
  const managedPlans = () => [...state.usagePlans.values()].filter((plan) => !isForeign(plan));

  /** UpdateUsagePlan has a quota of one in 20 seconds: a hand that used it up would throttle us. So plans are changed where they are. */
  const deeds: Readonly<Record<string, (random: Random) => Promise<unknown> | unknown>> = {
    'disable a key': (random) =>
      gateway.updateApiKey({
        apiKey: random.pick(managedKeys()).id,
        patchOperations: change('/enabled', 'false'),
      }),
    'describe a key': (random) =>
      gateway.updateApiKey({
        apiKey: random.pick(managedKeys()).id,
        patchOperations: change('/description', `by hand ${random.below(1000)}`),
      }),
    'delete a key': (random) => gateway.deleteApiKey({ apiKey: random.pick(managedKeys()).id }),
    'take a key out of its plan': (random) => {
      const [usagePlanId, keys] = random.pick(
        [...state.planKeys].filter(([id, members]) => isManaged(id) && members.size > 0),
      );
      return gateway.deleteUsagePlanKey({ usagePlanId, keyId: random.pick([...keys]) });
    },
    'raise a limit': (random) => {
      const plan = random.pick(managedPlans());
      plan.throttle = { ...plan.throttle, rateLimit: 5000 + random.below(1000) };
    },
    'delete a plan': (random) => {
      const { id } = random.pick(managedPlans());
      state.usagePlans.delete(id);
      state.planKeys.delete(id);
    },
    'change a variable of a stage': (random) => {
      const [restApiId, { stages }] = random.pick([...state.restApis]);
      const { stageName } = random.pick([...stages.values()]);
      return gateway.updateStage({
        restApiId,
        stageName,
        patchOperations: change('/variables/backend', 'by-hand'),
      });
    },
    'make a stage anew': async (random) => {
      const [restApiId, { stages }] = random.pick([...state.restApis]);
      const { stageName, deploymentId } = random.pick([...stages.values()]);
      await gateway.deleteStage({ restApiId, stageName });
      await gateway.createStage({ restApiId, stageName, deploymentId });
    },
    'add a stranger to a plan': async (random) => {
      const { id: usagePlanId } = random.pick(managedPlans());
      const keyId = [...state.apiKeys.values()].find((key) => key.name === `${FOREIGN}-key-1`)?.id;
      // Refused where the key would be in two plans for one stage.
      await gateway.createUsagePlanKey({ usagePlanId, keyId, keyType: 'API_KEY' }).catch(() => {});
    },
  };

  function isManaged(planId: string): boolean {
    const plan = state.usagePlans.get(planId);
    return plan !== undefined && !isForeign(plan);
  }

  return {
    state,
    async meddle(random) {
      const what = random.pick(Object.keys(deeds));
      await deeds[what]?.(random);
      return what;
    },
    async quarrel(serial) {
      const apiKey = [...state.apiKeys.values()].find((key) => key.name === QUARRELLED)?.id;
      if (apiKey)
        await gateway.updateApiKey({
          apiKey,
          patchOperations: change('/description', `mine ${serial}`),
        });
    },
    [Symbol.dispose]: () => gateway.destroy(),
  };
}

/** The objects of others, as text: the same as long as nobody touches them. */
export function foreignText(state: AccountState): string {
  const keys = [...state.apiKeys.values()].filter(isForeign);
  const plans = [...state.usagePlans.values()]
    .filter(isForeign)
    .map((plan) => ({ ...plan, keys: [...(state.planKeys.get(plan.id) ?? [])] }));
  const apis = [...state.restApis.values()].map(({ api, deployments, resources }) => ({
    api,
    deployments: [...deployments.keys()],
    resources: [...resources.keys()],
  }));
  return JSON.stringify([keys, plans, apis]);
}

/** The objects that are not others'. */
export function managed(state: AccountState) {
  return {
    keys: [...state.apiKeys.values()].filter((key) => !isForeign(key)),
    plans: [...state.usagePlans.values()].filter((plan) => !isForeign(plan)),
  };
}
