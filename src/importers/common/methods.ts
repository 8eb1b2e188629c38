/** Methods and paths, as the service's maps write them and as manifests do. */

export interface MethodPath {
  readonly method: string;
  readonly path: string;
}

/** The key of a usage plan's throttle map: `/residents/{id}/GET`, and `//GET` for the root. Escaped slashes (`~1`) are allowed. */
export function parseThrottleKey(key: string): MethodPath | undefined {
  const end = key.lastIndexOf('/');
  const method = key.slice(end + 1).toUpperCase();
  if (end < 0 || method === '') return undefined;
  return { method, path: resourcePath(key.slice(0, end)) };
}

/** A resource's path with one leading slash and no trailing one: `/~1residents~1{id}`, `residents/{id}/` and `/residents/{id}` are one. */
export function resourcePath(written: string): string {
  const path = written.replaceAll('~1', '/').replaceAll('~0', '~').replaceAll(/\/+/g, '/');
  return `/${path.replace(/^\//, '').replace(/\/$/, '')}`;
}
