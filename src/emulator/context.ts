import type { AccountState } from './state.ts';

/** What an operation works on. `now` is in milliseconds since the epoch. */
export interface Context {
  readonly state: AccountState;
  readonly now: number;
  readonly random: Random;
}

/** An operation of the control plane: typed input to output shape; it throws a ServiceError for what the service refuses. */
export type Operation<In, Out = unknown> = (input: Input<In>, context: Context) => Out;

/** An SDK request type as the handler sees it: what is required has been checked. */
export type Input<T> = { [K in keyof T]: Record<never, never> extends Pick<T, K> ? T[K] : Exclude<T[K], undefined> };

/** Makes identifiers. */
export interface Random {
  /** `length` characters of a–z and 0–9. */
  id(length: number): string;
  /** `length` characters of A–Z, a–z and 0–9. */
  secret(length: number): string;
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
const MIXED = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${LOWER}`;

/** Reproducible for a given seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  // Mulberry32: 32 bits of state are plenty for identifiers.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const draw = (alphabet: string, length: number) =>
    Array.from({ length }, () => alphabet.charAt(Math.floor(next() * alphabet.length))).join('');
  return { id: (length) => draw(LOWER, length), secret: (length) => draw(MIXED, length) };
}

export const date = (now: number): Date => new Date(now);

/** The service leaves empty texts out of its answers [LS 2025-07-17]. */
export const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

export const orAbsent = <T extends object>(value: T | undefined): T | undefined =>
  value && Object.keys(value).length > 0 ? value : undefined;
