/** Terraform's state of what a journey begins with. */
import type { Console } from '../kit/seed.ts';

interface Ids {
  readonly keyId: string;
  readonly planId: string;
  readonly apiId: string;
}

export function terraformState({ state }: Console, { keyId, planId, apiId }: Ids): string {
  const { name, description, value } = state.apiKeys.get(keyId) ?? {};
  const plan = state.usagePlans.get(planId);
  const resource = (type: string, attributes: object) => ({
    mode: 'managed',
    type: `aws_api_gateway_${type}`,
    name: 'orders',
    provider: 'provider["registry.terraform.io/hashicorp/aws"]',
    instances: [{ schema_version: 0, attributes, sensitive_attributes: [] }],
  });
  const { limit, offset, period } = plan?.quota ?? {};
  const { rateLimit: rate_limit, burstLimit: burst_limit } = plan?.throttle ?? {};
  const resources = [
    resource('rest_api', {
      id: apiId,
      name: state.restApis.get(apiId)?.api.name,
      api_key_source: 'HEADER',
    }),
    resource('api_key', {
      id: keyId,
      name,
      description,
      enabled: true,
      customer_id: '',
      value,
      tags: {},
      tags_all: {},
    }),
    resource('usage_plan', {
      id: planId,
      name: plan?.name,
      description: plan?.description,
      product_code: '',
      api_stages: [{ api_id: apiId, stage: 'production', throttle: [] }],
      throttle_settings: [{ rate_limit, burst_limit }],
      quota_settings: [{ limit, offset, period }],
      tags: {},
      tags_all: {},
    }),
    resource('usage_plan_key', {
      id: keyId,
      key_id: keyId,
      key_type: 'API_KEY',
      usage_plan_id: planId,
      name,
      value,
    }),
  ];
  return JSON.stringify({
    version: 4,
    terraform_version: '1.11.4',
    serial: 1,
    lineage: 'orders',
    outputs: {},
    resources,
  });
}
