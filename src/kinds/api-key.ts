import {
  type ApiKey,
  CreateApiKeyCommand,
  DeleteApiKeyCommand,
  GetApiKeyCommand,
  type PatchOperation,
  UpdateApiKeyCommand,
} from '@aws-sdk/client-api-gateway';
import schema from '../../schemas/api-key.schema.json' with { type: 'json' };
import { gatewayArn } from '../core/model/arn.ts';
import { compact } from '../core/model/compact.ts';
import { readRules } from '../core/model/field-rules.ts';
import type { Live, Spec } from '../core/model/model.ts';
import { listApiKeys } from '../gateway/paginate.ts';
import { arrivedAt } from '../gateway/send.ts';
import type { Kind } from './kind.ts';
import { afterUpdate, byId, unlessGone, userTags } from './live.ts';
import { given, replaceFields } from './patch.ts';

export const apiKey: Kind = {
  rules: readRules(schema),

  async list(send) {
    const keys = await listApiKeys(send);
    return byId(keys.map((key) => project(key)));
  },

  async read(send, id) {
    const key = await unlessGone(send(new GetApiKeyCommand({ apiKey: id })));
    return key && project(key);
  },

  async create(send, { spec, tags, value }) {
    const { name, description, customerId } = spec as KeySpec;
    const key = await send(
      new CreateApiKeyCommand({
        name,
        description: given(description),
        // Said outright, because the service's own default is false (docs/api-gateway-facts.md#f3).
        enabled: spec.enabled !== false,
        customerId: given(customerId),
        value,
        tags: { ...tags },
      }),
    );
    return project(key, tags);
  },

  async update(send, live, next) {
    const patchOperations = apiKeyPatch(live.spec, next);
    if (patchOperations.length === 0) return live;
    const key = await send(new UpdateApiKeyCommand({ apiKey: live.id, patchOperations }));
    return afterUpdate(live, project(key));
  },

  async delete(send, live) {
    await unlessGone(send(new DeleteApiKeyCommand({ apiKey: live.id })));
  },

  arn: (live, region) => gatewayArn(region, `/apikeys/${live.id}`),
};

/** A key's spec, as far as the creating call needs types. */
interface KeySpec {
  readonly name?: string;
  readonly description?: string | null;
  readonly customerId?: string | null;
}

/** Turns a key that is `live` into `next`. Pure. */
export function apiKeyPatch(live: Spec, next: Spec): PatchOperation[] {
  return replaceFields(live, next, ['name', 'description', 'enabled', 'customerId']);
}

function project(key: ApiKey, tags: Readonly<Record<string, string>> = key.tags ?? {}): Live {
  const { id = '', name = '', description = '', enabled = false, customerId = null } = key;
  return compact({
    kind: 'ApiKey',
    id,
    name,
    spec: { name, description, enabled, customerId, tags: userTags(tags) },
    tags,
    observedAt: arrivedAt(key),
    updatedAt: key.lastUpdatedDate?.getTime(),
  });
}
