import type {
  GetTagsRequest,
  TagResourceRequest,
  Tags,
  UntagResourceRequest,
} from '@aws-sdk/client-api-gateway';
import { findApiKey } from './api-keys.ts';
import { findCertificate } from './client-certificates.ts';
import type { Context, Operation } from './context.ts';
import { badRequest } from './errors.ts';
import { findRestApi } from './rest-apis.ts';
import { findStage } from './stages.ts';
import { checkTags } from './tag-rules.ts';
import { findUsagePlan } from './usage-plans.ts';

interface Tagged {
  tags?: Record<string, string> | undefined;
}

const ARN =
  /^arn:aws[a-z-]*:apigateway:(?<region>[a-z0-9-]+)::\/(?<kind>[a-z]+)\/(?<id>[^/]+)(?:\/stages\/(?<stage>[^/]+))?$/;

/** The object that an ARN names: `arn:{partition}:apigateway:{region}::/apikeys/{id}`, the account left empty (docs/api-gateway-facts.md#f16). */
function tagged({ state }: Context, arn: string): Tagged {
  const { region, kind, id = '', stage } = ARN.exec(arn)?.groups ?? {};
  const invalid = () => badRequest(`Invalid ARN specified in the request: ${arn}`);
  if (region !== state.region) throw invalid();
  if (kind === 'restapis')
    return stage === undefined ? findRestApi(state, id).api : findStage(state, id, stage);
  if (stage !== undefined) throw invalid();
  if (kind === 'apikeys') return findApiKey(state, id);
  if (kind === 'usageplans') return findUsagePlan(state, id);
  if (kind === 'clientcertificates') return findCertificate(state, id);
  throw invalid();
}

/** Adds or overwrites the given keys, leaves the others. */
export const tagResource: Operation<TagResourceRequest> = ({ resourceArn, tags }, context) => {
  const object = tagged(context, resourceArn);
  const merged = { ...object.tags, ...tags };
  checkTags(tags, Object.keys(merged).length);
  object.tags = merged;
};

export const untagResource: Operation<UntagResourceRequest> = (
  { resourceArn, tagKeys },
  context,
) => {
  const object = tagged(context, resourceArn);
  object.tags = Object.fromEntries(
    Object.entries(object.tags ?? {}).filter(([key]) => !tagKeys.includes(key)),
  );
};

export const getTags: Operation<GetTagsRequest, Tags> = ({ resourceArn }, context) => ({
  tags: tagged(context, resourceArn).tags ?? {},
});
