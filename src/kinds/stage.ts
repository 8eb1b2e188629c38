import {
  type CacheClusterSize,
  CreateStageCommand,
  DeleteStageCommand,
  GetStageCommand,
  GetStagesCommand,
  type MethodSetting,
  type Stage,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';
import pMap from 'p-map';
import schema from '../../schemas/stage.schema.json' with { type: 'json' };
import { gatewayArn } from '../core/model/arn.ts';
import { readRules } from '../core/model/field-rules.ts';
import type { JsonMap } from '../core/model/json.ts';
import type { Live, Spec } from '../core/model/model.ts';
import { listDeployments } from '../gateway/paginate.ts';
import { arrivedAt, type Send } from '../gateway/send.ts';
import type { Kind } from './kind.ts';
import { afterUpdate, byId, completing, orAsFound, READERS, unlessGone, userTags } from './live.ts';
import { readMethodKey, settingKey } from './method-key.ts';
import { asMap, given } from './patch.ts';
import { changedSettings, stagePatch } from './stage-patch.ts';

export const stage: Kind = {
  rules: readRules(schema),

  async list(send, { apiIds }) {
    const perApi = await pMap(
      apiIds,
      async (restApiId) => {
        // Stages are not paged (docs/api-gateway-facts.md#f17). An API that is gone has none.
        const answer = await unlessGone(send(new GetStagesCommand({ restApiId })));
        return (answer?.item ?? []).map((found) => project(restApiId, found));
      },
      READERS,
    );
    return byId(perApi.flat());
  },

  async read(send, id) {
    const found = await unlessGone(send(new GetStageCommand(keyOf(id))));
    return found && project(keyOf(id).restApiId, found);
  },

  async create(send, { id = '', spec, tags }) {
    const { restApiId, stageName } = keyOf(id);
    const { description, variables, tracingEnabled, cacheCluster } = spec as StageSpec;
    const made = await send(
      new CreateStageCommand({
        restApiId,
        stageName,
        deploymentId: await deploymentFor(send, id, spec.deployment),
        description: given(description),
        variables: withoutNull(variables),
        tracingEnabled: tracingEnabled ?? false,
        cacheClusterEnabled: cacheCluster?.enabled ?? false,
        cacheClusterSize: cacheCluster?.enabled ? cacheCluster.size : undefined,
        tags: { ...tags },
      }),
    );
    const created = project(restApiId, made, tags);
    const patchOperations = stagePatch(created.spec, notCreatable(spec));
    if (patchOperations.length === 0) return created;
    const update = new UpdateStageCommand({ restApiId, stageName, patchOperations });
    return afterUpdate(
      created,
      project(restApiId, await completing(`stage ${id}`, created, send(update))),
    );
  },

  async update(send, live, next) {
    // Keys of settings come in several spellings; which one is live decides how it is changed, so it is looked up where an existing entry changes.
    const looksUp = changedSettings(live.spec, next).some(
      (key) => key in asMap(live.spec.methodSettings),
    );
    const present = looksUp ? await send(new GetStageCommand(keyOf(live.id))) : undefined;
    const patchOperations = stagePatch(live.spec, next, Object.keys(present?.methodSettings ?? {}));
    if (patchOperations.length === 0) return live;
    const sent = send(new UpdateStageCommand({ ...keyOf(live.id), patchOperations }));
    const updated = sent.then((fresh) =>
      afterUpdate(live, project(keyOf(live.id).restApiId, fresh)),
    );
    return orAsFound(
      updated,
      () => stage.read(send, live.id),
      (found) => stagePatch(found.spec, next).length === 0,
    );
  },

  async delete(send, live) {
    await unlessGone(send(new DeleteStageCommand(keyOf(live.id))));
  },

  arn(live, region) {
    const { restApiId, stageName } = keyOf(live.id);
    return gatewayArn(region, `/restapis/${restApiId}/stages/${stageName}`);
  },
};

/** A stage's spec, as far as the creating call needs types. */
interface StageSpec {
  readonly description?: string | null;
  readonly variables?: Readonly<Record<string, string | null>> | null;
  readonly tracingEnabled?: boolean | null;
  readonly cacheCluster?: { readonly enabled: boolean; readonly size?: CacheClusterSize } | null;
}

/** What only UpdateStage takes (docs/api-gateway-facts.md#f11). */
function notCreatable({ methodSettings, accessLog, clientCertificateId }: Spec): Spec {
  return Object.fromEntries(
    Object.entries({ methodSettings, accessLog, clientCertificateId }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as Spec;
}

/** `<api id>:<stage name>`. */
function keyOf(id: string): { restApiId: string; stageName: string } {
  const [restApiId = '', stageName = ''] = id.split(':');
  return { restApiId, stageName };
}

/** `latest` is the API's newest deployment. */
async function deploymentFor(
  send: Send,
  id: string,
  wanted: Spec[string] | undefined,
): Promise<string> {
  if (typeof wanted === 'string' && wanted !== 'latest') return wanted;
  const { restApiId } = keyOf(id);
  if (wanted !== 'latest')
    throw new Error(
      `stage ${id} can't be created without a deployment: write deployment: latest, or deployment: { id: … }`,
    );
  const deployments = await listDeployments(send, restApiId);
  const age = (createdDate: Date | undefined) => createdDate?.getTime() ?? 0;
  const newest = deployments.toSorted((a, b) => age(b.createdDate) - age(a.createdDate))[0]?.id;
  if (newest === undefined)
    throw new Error(
      `stage ${id} can't be created: API ${restApiId} has no deployment yet; deploy the API first`,
    );
  return newest;
}

function withoutNull(variables: StageSpec['variables']): Record<string, string> | undefined {
  const set = Object.entries(variables ?? {}).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  return set.length > 0 ? Object.fromEntries(set) : undefined;
}

function project(
  restApiId: string,
  found: Stage,
  tags: Readonly<Record<string, string>> = found.tags ?? {},
): Live {
  const {
    stageName = '',
    deploymentId = null,
    variables = {},
    description = '',
    tracingEnabled = false,
    clientCertificateId = null,
  } = found;
  const {
    accessLogSettings: log,
    cacheClusterEnabled = false,
    cacheClusterSize,
    canarySettings,
  } = found;
  const canary = canarySettings?.deploymentId;
  return {
    kind: 'Stage',
    id: `${restApiId}:${stageName}`,
    name: stageName,
    spec: {
      deployment: deploymentId,
      variables,
      methodSettings: projectSettings(found.methodSettings ?? {}),
      description,
      tracingEnabled,
      accessLog: log
        ? { destinationArn: log.destinationArn ?? null, format: log.format ?? null }
        : null,
      // The service may give a size although there is no cluster (docs/api-gateway-facts.md#f14).
      cacheCluster: cacheClusterEnabled
        ? { enabled: true, size: cacheClusterSize ?? null }
        : { enabled: false },
      clientCertificateId,
      tags: userTags(tags),
    },
    tags,
    observedAt: arrivedAt(found),
    ...(found.createdDate && { madeAt: found.createdDate.getTime() }),
    ...(canary !== undefined && canary !== deploymentId && { canary }),
  };
}

/** Where one method stands there in two spellings, the escaped one counts: the other may do nothing (TF#9738). */
function projectSettings(settings: Readonly<Record<string, MethodSetting>>): JsonMap {
  const isEscaped = (raw: string) => settingKey(readMethodKey(raw)) === raw;
  const ordered = Object.entries(settings).toSorted(
    ([a], [b]) => Number(isEscaped(a)) - Number(isEscaped(b)),
  );
  return Object.fromEntries(
    ordered.map(([raw, setting]) => [readMethodKey(raw), projectSetting(setting)]),
  );
}

function projectSetting(setting: MethodSetting): JsonMap {
  const { throttlingRateLimit: rateLimit = -1, throttlingBurstLimit: burstLimit = -1 } = setting;
  return {
    throttle: rateLimit === -1 && burstLimit === -1 ? null : { rateLimit, burstLimit },
    metricsEnabled: setting.metricsEnabled ?? false,
    logging: { level: setting.loggingLevel ?? 'OFF', dataTrace: setting.dataTraceEnabled ?? false },
    caching: {
      enabled: setting.cachingEnabled ?? false,
      ttlInSeconds: setting.cacheTtlInSeconds ?? null,
      dataEncrypted: setting.cacheDataEncrypted ?? false,
      requireAuthorizationForCacheControl: setting.requireAuthorizationForCacheControl ?? null,
      unauthorizedCacheControlHeaderStrategy:
        setting.unauthorizedCacheControlHeaderStrategy ?? null,
    },
  };
}
