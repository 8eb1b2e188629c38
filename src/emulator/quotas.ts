import { tooManyRequests } from './errors.ts';

/** `off`: no control-plane quotas. `real`: the service's. A number: the service's, that many times over. */
export type QuotaMode = 'off' | 'real' | number;

interface Rate {
  /** Calls per second. */
  readonly rate: number;
  readonly burst: number;
}

const every = (seconds: number, calls = 1): Rate => ({ rate: calls / seconds, burst: calls });

const TOTAL: Rate = { rate: 10, burst: 40 };

// [LIM], facts section 3. What is not listed has "no quota up to the total account quota". The burst of the single ones is UNCONFIRMED: none is granted.
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

interface Bucket {
  tokens: number;
  at: number;
}

export interface Quotas {
  /** Counts a call, whatever becomes of it. Throws TooManyRequestsException with the whole seconds until the next one may come. */
  take(scope: string, operation: string, now: number, isEdgeApi: () => boolean): void;
  clear(): void;
}

/** Token buckets per account and region (that the service counts per region is UNCONFIRMED). */
export function newQuotas(mode: QuotaMode): Quotas {
  const factor = mode === 'real' ? 1 : mode;
  const buckets = new Map<string, Bucket>();

  const takeFrom = (name: string, { rate, burst }: Rate, scale: number, now: number) => {
    const capacity = Math.max(1, burst * scale);
    const bucket = buckets.get(name) ?? { tokens: capacity, at: now };
    const tokens = Math.min(capacity, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * rate * scale);
    // Sums of thirds and twentieths of a token miss one by a hair.
    const enough = tokens > 1 - 1e-9;
    buckets.set(name, { tokens: enough ? tokens - 1 : tokens, at: now });
    if (!enough) throw tooManyRequests(Math.max(1, Math.ceil((1 - tokens) / (rate * scale))));
  };

  return {
    take(scope, operation, now, isEdgeApi) {
      if (factor === 'off') return;
      takeFrom(scope, TOTAL, factor, now);
      const edge = operation === 'CreateRestApi' && isEdgeApi();
      const rate = edge ? CREATE_EDGE_API : PER_OPERATION[operation];
      if (rate) takeFrom(`${scope} ${operation}${edge ? ' edge' : ''}`, rate, factor, now);
    },
    clear: () => buckets.clear(),
  };
}
