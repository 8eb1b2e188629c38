import { accountThrottle } from './account.ts';
import type { Route } from './resource-match.ts';
import type { AccountState, Stage } from './state.ts';
import type { Rate } from './token-buckets.ts';
import type { PlanClient } from './usage-plan-client.ts';

interface Throttle {
  /** The name of its bucket. */
  readonly bucket: string;
  readonly rate: Rate;
}

interface Request {
  readonly state: AccountState;
  readonly apiId: string;
  readonly stage: Stage;
  readonly route: Route;
  /** Undefined where the method demands no key. */
  readonly client: PlanClient | undefined;
}

/** Every limit that a request must keep, in the service's order [DG:api-gateway-request-throttling]: of the key for the method, of the key, of the method for everybody, of the account. */
export function throttlesOf({ state, apiId, stage, route, client }: Request): Throttle[] {
  const account = `${state.account} ${state.region}`;
  const method = `${route.path}/${route.method.httpMethod}`;
  const stageMethod = `${account} ${apiId}:${stage.stageName} ${method}`;
  return [
    ...(client ? clientThrottles(client, account, method) : []),
    ...throttle(stageMethod, stageRate(stage, method)),
    ...throttle(account, { rate: accountThrottle.rateLimit, burst: accountThrottle.burstLimit }),
  ];
}

const throttle = (bucket: string, rate: Rate | undefined): Throttle[] =>
  rate ? [{ bucket, rate }] : [];

function clientThrottles(
  { key, plan, stage }: PlanClient,
  account: string,
  method: string,
): Throttle[] {
  const bucket = `${account} ${plan.id} ${key.id}`;
  return [
    ...throttle(
      `${bucket} ${stage.apiId}:${stage.stage} ${method}`,
      planRate(stage.throttle?.[method]),
    ),
    ...throttle(bucket, planRate(plan.throttle)),
  ];
}

type Limits = { rateLimit?: number | undefined; burstLimit?: number | undefined };

/** 0 is a limit: nothing passes. */
const planRate = (limits: Limits | undefined): Rate | undefined =>
  limits && { rate: limits.rateLimit ?? 0, burst: limits.burstLimit ?? 0 };

/** The method's own setting, or else that for all methods, which gives each of them a bucket. -1 means none. */
function stageRate({ methodSettings }: Stage, method: string): Rate | undefined {
  const own = Object.entries(methodSettings).find(([key]) => methodOf(key) === method)?.[1];
  const { throttlingRateLimit: rate = -1, throttlingBurstLimit: burst = -1 } =
    own ?? methodSettings['*/*'] ?? {};
  return rate < 0 || burst < 0 ? undefined : { rate, burst };
}

/** `/pets/{id}/GET` for a key of the settings, which is a pointer: `~1pets~1{id}/GET`, or without its first `~1`. */
function methodOf(key: string): string {
  const at = key.lastIndexOf('/');
  const path = key.slice(0, at).replaceAll('~1', '/').replaceAll('~0', '~');
  return `${path.startsWith('/') ? '' : '/'}${path}/${key.slice(at + 1)}`;
}
