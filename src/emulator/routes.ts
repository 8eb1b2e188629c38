import * as sdk from '@aws-sdk/client-api-gateway';
import { inputReader, outputWriter, type RawInput } from './shapes.ts';

/** One operation of the service, made from the schema that the SDK exports for it. */
interface Route {
  readonly operation: string;
  /** HTTP status of a success. */
  readonly status: number;
  readonly read: (raw: RawInput) => Record<string, unknown>;
  readonly write: (output: unknown) => unknown;
}

export interface Match {
  readonly route: Route;
  readonly labels: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly route: Route;
  readonly method: string;
  readonly path: RegExp;
  /** Literal query parameters that must be present, as in `?mode=import`. */
  readonly query: readonly (readonly [string, string])[];
}

/** `[9, namespace, name, { http: [method, uri, status] }, input, output]`; input and output are thunks (measured on 3.1142.0). */
type OperationSchema = readonly [
  9,
  string,
  string,
  { http: [string, string, number] },
  () => unknown,
  () => unknown,
];

const isOperation = (value: unknown): value is OperationSchema =>
  Array.isArray(value) && value[0] === 9;

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function toPattern([, , operation, { http }, input, output]: OperationSchema): Pattern {
  const [method, uri, status] = http;
  const [path = '', literal = ''] = uri.split('?');
  const read = lazy(() => inputReader(operation, input()));
  const write = lazy(() => outputWriter(output()));
  // An ARN may arrive with its slashes unescaped.
  const source = path.replace(
    /\{(\w+)\}/g,
    (_, label: string) => `(?<${label}>${label === 'resourceArn' ? '.+' : '[^/]+'})`,
  );
  return {
    route: { operation, status, read: (raw) => read()(raw), write: (value) => write()(value) },
    method,
    path: new RegExp(`^${source}/?$`),
    query: [...new URLSearchParams(literal)],
  };
}

const patterns: readonly Pattern[] = (Object.values(sdk) as unknown[])
  .filter(isOperation)
  .map(toPattern)
  .sort((a, b) => b.query.length - a.query.length);

/** The operation that a request addresses; undefined when the service has none at that place. `path` is still percent-encoded. */
export function findRoute(method: string, path: string, query: URLSearchParams): Match | undefined {
  for (const pattern of patterns) {
    if (
      pattern.method !== method ||
      !pattern.query.every(([key, value]) => query.get(key) === value)
    )
      continue;
    const groups = pattern.path.exec(path);
    if (groups) return { route: pattern.route, labels: decode(groups.groups) };
  }
  return undefined;
}

const decode = (groups: Record<string, string> = {}) =>
  Object.fromEntries(
    Object.entries(groups).map(([label, text]) => [label, decodeURIComponent(text)]),
  );
