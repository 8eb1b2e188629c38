/** aws_api_gateway_api_key, aws_api_gateway_usage_plan and aws_api_gateway_usage_plan_key. */

import { compact } from '../../core/model/compact.ts';
import type { Json } from '../../core/model/model.ts';
import { liveName } from '../../manifest-writer/names.ts';
import { defined, type Fields, withheldIn } from '../common/fields.ts';
import { translateValue } from '../common/key-value.ts';
import { readQuota, readThrottle } from '../common/limits.ts';
import { parseThrottleKey } from '../common/methods.ts';
import { finding, type ManifestDocument } from '../common/model.ts';
import { isUnresolved, unresolvedIn } from '../common/unresolved.ts';
import { blocksOf, onlyBlock, type Resource, restApiOf, type Terraform } from './resources.ts';
import { type StageDocuments, stageKey } from './stages.ts';
import { placeOf, regionOf, tagsOf } from './tags.ts';

/** The documents of keys, by address. A key keeps its value by being adopted, so none is written. */
export function translateKeys(terraform: Terraform): Map<string, ManifestDocument> {
  return new Map(
    terraform
      .ofType('api_key')
      .map((resource) => [resource.address, translateKey(resource, terraform)]),
  );
}

function translateKey(resource: Resource, terraform: Terraform): ManifestDocument {
  const { head, name } = identify('ApiKey', resource, terraform);
  const { value } = resource;
  if (value?.kind === 'literal') {
    const message =
      'the value of the key is, or may be, written here (and not shown): whoever reads the repository can use it, so rotate the key; an adopted key keeps the value that it has, and the manifest names none';
    resource.report('VALUE_IN_SOURCE', message, 'value');
  } else if (value) {
    terraform.findings.push(...translateValue(value, head.name, resource.at('value')).findings);
  }
  return {
    ...head,
    spec: {
      ...liveName(name, head.name),
      ...defined({
        description: filled(resource, 'description'),
        enabled: resource.boolean('enabled'),
        customerId: filled(resource, 'customer_id'),
        tags: tagsOf(resource),
      }),
    },
  };
}

/** The document of each plan, with the keys that Terraform puts into it. */
export function translatePlans(
  terraform: Terraform,
  keys: ReadonlyMap<string, ManifestDocument>,
  stages: StageDocuments,
): ManifestDocument[] {
  const members = membersOf(terraform, keys);
  return terraform.ofType('usage_plan').map((resource) => {
    const { head, name } = identify('UsagePlan', resource, terraform);
    const { throttle, quota } = limitsOf(resource, terraform);
    const own = members.get(resource.address);
    const spec = {
      ...liveName(name, head.name),
      ...defined({
        description: filled(resource, 'description'),
        productCode: filled(resource, 'product_code'),
        throttle,
        quota,
        stages: stagesOf(resource, terraform, stages),
        keys: own,
        tags: tagsOf(resource),
      }),
    };
    return {
      ...head,
      spec,
      comments: [...head.comments, ...(isHalfZero(throttle) ? [HALF_ZERO] : [])],
    };
  });
}

const HALF_ZERO =
  'one limit is 0 and the other is not: the provider sends 0 for one that the configuration leaves out, so it may not be meant';

function isHalfZero(throttle: Json | undefined): boolean {
  const limits = throttle && typeof throttle === 'object' ? Object.values(throttle) : [];
  return limits.includes(0) && limits.some((limit) => limit !== 0);
}

/** Who a document is: by its id where it is known, else by its name. */
function identify(kind: 'ApiKey' | 'UsagePlan', resource: Resource, terraform: Terraform) {
  const { id, address, label } = resource;
  const written = resource.values.name;
  const name = isUnresolved(written) ? undefined : resource.text('name');
  const document = terraform.nameDocument(kind, name ?? label);
  const isLost = id === undefined && name === undefined;
  if (isLost) {
    const why = unresolvedIn(written).join('; ') || 'it has none';
    const code = kind === 'ApiKey' ? 'KEY_WITHOUT_NAME' : 'PLAN_WITHOUT_NAME';
    resource.report(
      code,
      `its name is not known: ${why}; import the state, or write its id into apikeeper.dev/adopt and remove mode: suspend`,
      'name',
    );
  }
  const head = {
    kind,
    name: document,
    ...(id !== undefined && { adopt: { id } }),
    ...(id === undefined && !isLost && { adopt: 'by-name' as const }),
    ...regionOf(resource),
    ...withheldIn(resource, { description: 'description' }),
    source: resource.at(),
    address,
    comments: [
      ...placeOf(resource),
      ...(isLost
        ? [
            `write the id of the live ${kind === 'ApiKey' ? 'key' : 'plan'} into apikeeper.dev/adopt, and remove mode: suspend`,
          ]
        : []),
      ...(resource.values.description === MANAGED
        ? [`the description says "${MANAGED}": change it once that is over`]
        : []),
    ],
  };
  return { head, name: name ?? document };
}

/** What the provider writes where no description is given. */
const MANAGED = 'Managed by Terraform';

/** Empty is as good as absent: what the manifest doesn't name is left as it is. */
function filled(fields: Fields, name: string): string | undefined {
  return fields.text(name) || undefined;
}

function limitsOf(
  resource: Resource,
  { findings }: Terraform,
): { throttle: Json | undefined; quota: Json | undefined } {
  const within = (name: string) => {
    const block = onlyBlock(resource.values[name]);
    if (isUnresolved(block)) resource.known(name);
    return resource.within(block, name);
  };
  const rates = within('throttle_settings');
  const throttle = readThrottle(
    rates.number('rate_limit'),
    rates.number('burst_limit'),
    rates.at(),
    resource.what,
  );
  const amounts = within('quota_settings');
  const quota = readQuota(
    {
      limit: amounts.number('limit'),
      period: amounts.text('period'),
      offset: amounts.number('offset'),
    },
    amounts.at(),
    resource.what,
  );
  findings.push(...throttle.findings, ...quota.findings);
  return { throttle: throttle.value, quota: quota.value };
}

/** By the address of a plan: its keys, as names of documents or as ids. */
function membersOf(
  terraform: Terraform,
  keys: ReadonlyMap<string, ManifestDocument>,
): Map<string, Json[]> {
  const members = new Map<string, Json[]>();
  for (const resource of terraform.ofType('usage_plan_key')) {
    const { key_id, usage_plan_id } = resource.values;
    const key = keys.get(terraform.find('api_key', key_id)?.address ?? '');
    const plan = terraform.find('usage_plan', usage_plan_id);
    const member = key?.name ?? (typeof key_id === 'string' ? { id: key_id } : undefined);
    if (member === undefined) {
      const message = `${resource.what}: the key is not known, and in no plan here; ${unresolvedIn(key_id).join('; ')}`;
      // The plan lacks the key: it is the plan that the finding is about.
      terraform.findings.push(
        finding(
          'UNRESOLVED',
          compact({ ...resource.at('key_id'), address: plan?.address }),
          message,
        ),
      );
    }
    if (!plan) {
      const which = typeof usage_plan_id === 'string' ? ` ${usage_plan_id}` : '';
      resource.report(
        'NOT_TRANSLATED',
        `the plan${which} is not declared here; write the key into that plan's document`,
        'usage_plan_id',
      );
    }
    if (member !== undefined && plan)
      members.set(plan.address, [...(members.get(plan.address) ?? []), member]);
  }
  return members;
}

/** The stages, each as a Stage document or by its API. One that isn't known is left out, with a finding. */
function stagesOf(
  resource: Resource,
  terraform: Terraform,
  documents: StageDocuments,
): Json[] | undefined {
  const stages = blocksOf(resource.values.api_stages).flatMap((entry, index): Json[] => {
    if (isUnresolved(entry)) {
      terraform.findings.push(
        finding(
          'UNRESOLVED',
          resource.at('api_stages'),
          `${resource.what}: stages are left out; ${unresolvedIn(entry).join('; ')}`,
        ),
      );
      return [];
    }
    const fields = resource.within(entry, 'api_stages', index);
    const restApi = restApiOf(terraform, fields, 'api_id');
    const stageName = restApi && fields.text('stage');
    if (!restApi || stageName === undefined) return [];
    const document = documents.get(stageKey(restApi, stageName));
    const methodThrottles = throttlesOf(fields, terraform);
    return [
      {
        ...(document ? { stage: document.name } : { restApi, stageName }),
        ...(methodThrottles.length > 0 && { methodThrottles }),
      },
    ];
  });
  return stages.length > 0 ? stages : undefined;
}

function throttlesOf(stage: Fields, { findings }: Terraform): Json[] {
  return blocksOf(stage.values.throttle).flatMap((entry, index) => {
    const fields = stage.within(entry, 'throttle', index);
    const path = fields.text('path');
    const method = path === undefined ? undefined : parseThrottleKey(path);
    if (!method) return [];
    const what = `${fields.what}, ${method.method} ${method.path}`;
    const limit = readThrottle(
      fields.number('rate_limit'),
      fields.number('burst_limit'),
      fields.at(),
      what,
    );
    findings.push(...limit.findings);
    return limit.value ? [{ ...method, ...limit.value }] : [];
  });
}
