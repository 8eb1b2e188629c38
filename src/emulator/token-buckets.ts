/** `rate` tokens come per second; `burst` is how many a bucket holds at most. */
export interface Rate {
  readonly rate: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

export interface Buckets {
  /** Takes a token from the bucket of this name, which starts full. The answer: the seconds until there will be one, 0 when it was taken. `now` is in milliseconds. */
  take(name: string, rate: Rate, now: number): number;
  clear(): void;
}

export function newBuckets(): Buckets {
  const buckets = new Map<string, Bucket>();
  return {
    take(name, { rate, burst }, now) {
      const bucket = buckets.get(name) ?? { tokens: burst, at: now };
      const tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * rate);
      // Sums of thirds and twentieths of a token miss one by a hair.
      const enough = tokens > 1 - 1e-9;
      buckets.set(name, { tokens: enough ? tokens - 1 : tokens, at: now });
      return enough ? 0 : (1 - tokens) / rate;
    },
    clear: () => buckets.clear(),
  };
}
