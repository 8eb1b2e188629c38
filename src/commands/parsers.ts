/** From the text of a flag or a variable to its value. Each throws what is allowed instead; whoever calls knows where the text came from. */

export type Parser<T> = (text: string) => T;

export function oneOf<const T extends string>(...words: readonly T[]): Parser<T> {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined)
      throw new Error(`must be ${words.join(', ').replace(/, ([^,]*)$/, ' or $1')}`);
    return found;
  };
}

export function boolean(text: string): boolean {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new Error('must be true, false, 1 or 0');
}

export function onOff(text: string): boolean {
  return oneOf('on', 'off')(text) === 'on';
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds. */
export function duration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = UNITS[unit ?? ''];
  if (number === undefined || factor === undefined)
    throw new Error('must be a number and its unit, such as 500ms, 30s, 10m, 12h or 14d');
  return Number(number) * factor;
}

export function integer(from: number, to = Number.MAX_SAFE_INTEGER): Parser<number> {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= from && number <= to) return number;
    throw new Error(
      to === Number.MAX_SAFE_INTEGER
        ? `must be a whole number, ${from} or more`
        : `must be a whole number from ${from} to ${to}`,
    );
  };
}

/** A number above 0. */
export function positive(text: string): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (number > 0) return number;
  throw new Error('must be a number above 0');
}

export function text(given: string): string {
  return given;
}

export function matching(pattern: RegExp, allowed: string): Parser<string> {
  return (given) => {
    if (pattern.test(given)) return given;
    throw new Error(`must be ${allowed}`);
  };
}

/** Several, separated by commas; a flag that is given again adds a line. */
export function listOf(parse: Parser<string>): Parser<readonly string[]> {
  return (given) => (given === '' ? [] : given.split(/[,\n]/).map((part) => parse(part.trim())));
}

/** Several, one a line, whatever characters they have. */
export function lines(given: string): readonly string[] {
  return given === '' ? [] : given.split('\n');
}

/** `name=value`, one a line. Whoever asks complains of a missing value: a complaint from here would show all that was given, secrets included. */
export function assignments(given: string): ReadonlyMap<string, string | undefined> {
  const lines = given === '' ? [] : given.split('\n');
  return new Map(
    lines.map((line) => {
      const end = line.indexOf('=');
      return end < 0 ? [line, undefined] : [line.slice(0, end), line.slice(end + 1)];
    }),
  );
}

export function httpUrl(given: string): string {
  if (/^https?:\/\//.test(given) && URL.canParse(given)) return given.replace(/\/+$/, '');
  throw new Error('must be a URL such as http://127.0.0.1:8080');
}

/** The emulator's control-plane quotas. */
export function quotas(given: string): 'off' | 'real' | number {
  if (given === 'off' || given === 'real') return given;
  try {
    return positive(given);
  } catch {
    throw new Error('must be off, real, or a factor above 0');
  }
}
