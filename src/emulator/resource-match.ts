import type { Method } from './state.ts';

/** The resource and the method of a deployment that serve a request. `method` may be ANY. */
export interface Route {
  readonly path: string;
  readonly method: Method;
}

type Deployed = Readonly<Record<string, Readonly<Record<string, Method>>>>;

const segmentsOf = (path: string): string[] => path.split('/').slice(1);

const isGreedy = (part: string): boolean => part.endsWith('+}');
const isParameter = (part: string): boolean => part.startsWith('{');

/** One digit per segment: 0 static, 1 parameter, 2 greedy. The least text is the most specific resource. */
const rank = (path: string): string =>
  segmentsOf(path)
    .map((part) => Number(isGreedy(part)) + Number(isGreedy(part) || isParameter(part)))
    .join('');

function fits(path: string, segments: readonly string[]): boolean {
  const parts = segmentsOf(path);
  const enough = isGreedy(parts.at(-1) ?? '')
    ? segments.length >= parts.length
    : segments.length === parts.length;
  return (
    enough &&
    parts.every((part, index) =>
      isParameter(part) ? segments[index] !== '' : part === segments[index],
    )
  );
}

/**
 * Among the resources that have the HTTP method, or ANY, the one that fits best: segment by segment a static part goes before a parameter, and that
 * before a greedy one. A resource without the method does not stand in the way of a greedy one that has it [LS test_proxy_routing_with_hardcoded_resource_sibling].
 * `path` is as sent, percent-encoded; a slash at its end means nothing.
 */
export function findRoute(deployed: Deployed, httpMethod: string, path: string): Route | undefined {
  const segments = segmentsOf(path === '/' ? path : path.replace(/\/$/, ''));
  return Object.entries(deployed)
    .flatMap(([resource, methods]): Route[] => {
      const method = methods[httpMethod] ?? methods.ANY;
      return method && fits(resource, segments) ? [{ path: resource, method }] : [];
    })
    .sort((a, b) => (rank(a.path) < rank(b.path) ? -1 : 1))[0];
}
