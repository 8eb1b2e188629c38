/** Chance that can be repeated: the same seed gives the same day. */
export interface Random {
  /** 0 up to 1, without it. */
  next(): number;
  /** 0 up to `limit`, without it. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

/** Mulberry32: 32 bits of state, which is enough for a day's choices. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    pick(list) {
      const one = list[below(list.length)];
      if (one === undefined) throw new Error('nothing to pick from');
      return one;
    },
  };
}

/** Times between `from` and `to`, `meanGap` apart on average, oldest first; all in milliseconds. */
export function timesBetween(from: number, to: number, meanGap: number, random: Random): number[] {
  const times: number[] = [];
  for (let at = from; ; ) {
    at += -Math.log(1 - random.next()) * meanGap;
    if (at >= to) return times;
    times.push(Math.round(at));
  }
}
