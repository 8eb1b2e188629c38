/** What an IAM policy is made from, and the words in which it is written. */
import { gatewayArn } from '../model/arn.ts';
import { isMap } from '../model/json.ts';
import type { Desired, Json, Target } from '../model/model.ts';
import type { Policy } from '../model/plan-input.ts';

/** What a policy is made for. */
export interface PolicyRequest {
  readonly target: Pick<Target, 'accountId' | 'mode'>;
  readonly region: string;
  /** The documents of the target's namespace. */
  readonly desired: readonly Desired[];
  readonly policy: Pick<Policy, 'mode' | 'unsetMode' | 'prune'>;
  /** Secrets and parameters whose names do not begin with it are never read. */
  readonly secretsPrefix: string;
  /** The ids of APIs that documents refer to by name, as far as they are known. */
  readonly apiIds: ReadonlyMap<string, string>;
}

/** What is not told apart, so that the policy becomes shorter. */
export interface Width {
  /** APIs and stages. */
  readonly apis: boolean;
  /** Secrets and parameters, all of which have names with the prefix. */
  readonly secrets: boolean;
}

/** Every action on every resource. IAM's `*` stands for any characters, slashes included. */
export interface Grant {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

export interface Asked extends PolicyRequest {
  readonly width: Width;
  /** Documents that may be written. */
  readonly enforced: readonly Desired[];
  /** Whether what left Git is removed. */
  readonly removes: boolean;
}

/** HTTP verbs on paths. */
export function on(
  { region }: Asked,
  sid: string,
  verbs: readonly string[],
  paths: readonly string[],
): Grant {
  return {
    sid,
    actions: verbs.map((verb) => `apigateway:${verb}`),
    resources: paths.map((path) => gatewayArn(region, path)),
  };
}

/** Every API that a document refers to. */
export function apisOf({ spec }: Desired): (Json | undefined)[] {
  const entries = Array.isArray(spec.stages)
    ? spec.stages.map((entry: Json) => (isMap(entry) ? entry.restApi : undefined))
    : [];
  return [spec.restApi, ...entries].filter((api) => api !== undefined);
}

/** The API as a part of a path: its id, or a wildcard where that is not known. */
export function apiPart(api: Json | undefined, { apiIds, width }: Asked): string {
  if (width.apis || !isMap(api)) return '*';
  return typeof api.id === 'string' ? api.id : (apiIds.get(String(api.name)) ?? '*');
}
