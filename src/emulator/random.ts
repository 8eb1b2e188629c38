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
