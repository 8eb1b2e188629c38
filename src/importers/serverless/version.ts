/** Versions of the Serverless Framework: what one file deploys depends on them. */

/** From one version to another, both included, each as `major * 1000 + minor`. */
export interface Versions {
  readonly from: number;
  readonly to: number;
}

const ANY: Versions = { from: 0, to: Number.POSITIVE_INFINITY };

export function version(major: number, minor = 0): number {
  return major * 1000 + minor;
}

/** What a version (`2.72.4`), a part of one (`3`) or a range (`>=2.18 <4`, `^2 || ^3`) allows; of several ranges, all between them. Undefined for other texts. */
export function readVersions(text: string): Versions | undefined {
  const ranges = text.split('||').map(readRange);
  if (ranges.some((range) => range === undefined)) return undefined;
  const known = ranges as Versions[];
  return {
    from: Math.min(...known.map(({ from }) => from)),
    to: Math.max(...known.map(({ to }) => to)),
  };
}

function readRange(text: string): Versions | undefined {
  const comparators = text
    .replaceAll(/([<>=^~])\s+/g, '$1')
    .trim()
    .split(/\s+/);
  let range = ANY;
  for (const comparator of comparators) {
    const next = readComparator(comparator);
    if (!next) return undefined;
    range = { from: Math.max(range.from, next.from), to: Math.min(range.to, next.to) };
  }
  return range;
}

function readComparator(text: string): Versions | undefined {
  if (text === '*' || text === '') return ANY;
  const [, operator = '', major, minor, patch] =
    /^([<>]=?|[=^~])?v?(\d+)(?:\.(\d+|x|\*))?(?:\.([\w.*-]+))?$/.exec(text) ?? [];
  if (major === undefined) return undefined;
  const hasMinor = minor !== undefined && /^\d+$/.test(minor);
  const from = version(Number(major), hasMinor ? Number(minor) : 0);
  const to = hasMinor ? from : version(Number(major), 999);
  switch (operator) {
    case '^':
      return { from, to: version(Number(major), 999) };
    case '>=':
    case '>':
      return { from, to: ANY.to };
    case '<=':
      return { from: 0, to };
    case '<':
      return { from: 0, to: Number(patch) > 0 ? from : from - 1 };
    default:
      return { from, to };
  }
}

export type Verdict = 'yes' | 'no' | 'maybe';

/** Whether the version is one of `from` to `to`, both included. Of an unknown version: maybe. */
export function isWithin(versions: Versions = ANY, from: number, to: number): Verdict {
  if (versions.to < from || versions.from > to) return 'no';
  return versions.from >= from && versions.to <= to ? 'yes' : 'maybe';
}

/** Those of the versions that are also within others. */
export function narrow(versions: Versions = ANY, { from, to }: Versions): Versions {
  return { from: Math.max(versions.from, from), to: Math.min(versions.to, to) };
}
