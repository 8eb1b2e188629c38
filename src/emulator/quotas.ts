import { tooManyRequests } from './errors.ts';
import { newBuckets, type Rate } from './token-buckets.ts';

/** `off`: no control-plane quotas. `real`: the service's. A number: the service's, that many times over. */
export type QuotaMode = 'off' | 'real' | number;

const every = (seconds: number, calls = 1): Rate => ({ rate: calls / seconds, burst: calls });

const TOTAL: Rate = { rate: 10, burst: 40 };

// docs/api-gateway-facts.md#f21. What is not listed has "no quota up to the total account quota". The burst of the single ones is UNCONFIRMED: none is granted.
const PER_OPERATION: Readonly<Record<string, Rate>> = {
  CreateApiKey: every(1, 5),
  DeleteApiKey: every(1, 5),
  UpdateUsagePlan: every(20),
  CreateDeployment: every(5),
  GetResources: every(2, 5),
  CreateResource: every(1, 5),
  DeleteResource: every(1, 5),
  CreateRestApi: every(3),
  DeleteRestApi: every(30),
  UpdateAccount: every(20),
};

// An edge-optimised API takes ten times as long as a regional or private one.
const CREATE_EDGE_API = every(30);

export interface Quotas {
  /** Counts a call, whatever becomes of it. Throws TooManyRequestsException with the whole seconds until the next one may come. */
  take(scope: string, operation: string, now: number, isEdgeApi: () => boolean): void;
  clear(): void;
}

/** Token buckets per account and region (that the service counts per region is UNCONFIRMED). */
export function newQuotas(mode: QuotaMode): Quotas {
  const factor = mode === 'real' ? 1 : mode;
  const buckets = newBuckets();

  const takeFrom = (name: string, { rate, burst }: Rate, scale: number, now: number) => {
    const wait = buckets.take(name, { rate: rate * scale, burst: Math.max(1, burst * scale) }, now);
    if (wait > 0) throw tooManyRequests(Math.max(1, Math.ceil(wait)));
  };

  return {
    take(scope, operation, now, isEdgeApi) {
      if (factor === 'off') return;
      takeFrom(scope, TOTAL, factor, now);
      const edge = operation === 'CreateRestApi' && isEdgeApi();
      const rate = edge ? CREATE_EDGE_API : PER_OPERATION[operation];
      if (rate) takeFrom(`${scope} ${operation}${edge ? ' edge' : ''}`, rate, factor, now);
    },
    clear: buckets.clear,
  };
}
