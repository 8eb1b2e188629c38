/** The http events of a Serverless file's functions: each is a method of the API. */

import type { Declared } from '../cloudformation/sam.ts';
import { isRecord } from '../common/fields.ts';
import { type Finding, finding } from '../common/model.ts';
import type { Path, Source } from '../common/source.ts';
import { isUnresolved, unresolvedIn } from '../common/unresolved.ts';
import type { Variables } from './variables.ts';

interface Context {
  readonly source: Source;
  readonly variables: Variables;
  /** What refers to the API. */
  readonly restApi: unknown;
  readonly findings: Finding[];
}

interface HttpEvent {
  readonly event: unknown;
  readonly path: Path;
}

/** The methods; undefined where it isn't known whether there are any. */
export function methodsOf(functions: unknown, context: Context): Declared[] | undefined {
  const events: HttpEvent[] = [];
  let isKnown = true;
  for (const [path, one] of functionsIn(functions, context)) {
    const list = isRecord(one) ? context.variables.resolve(one.events) : one;
    if (isUnresolved(list)) {
      isKnown = false;
      context.findings.push(
        finding(
          'UNRESOLVED',
          context.source.at(path),
          `the events of ${path.slice(1).join('.') || 'all functions'} are not known; ${unresolvedIn(list).join('; ')}`,
        ),
      );
    }
    if (!Array.isArray(list)) continue;
    list.forEach((event: unknown, index) => {
      if (isRecord(event) && event.http !== undefined && event.http !== null)
        events.push({ event: event.http, path: [...path, 'events', index, 'http'] });
    });
  }
  return isKnown || events.length > 0
    ? events.flatMap((event, index) => methodOf(event, index, context))
    : undefined;
}

/** `functions` is a mapping, or a list of mappings. */
function functionsIn(written: unknown, { variables }: Context): [Path, unknown][] {
  const functions = typeof written === 'string' ? variables.resolve(written) : written;
  if (isUnresolved(functions)) return [[['functions'], functions]];
  const named = (part: unknown, path: Path) =>
    isRecord(part)
      ? Object.entries(part).map(([name, one]): [Path, unknown] => [
          [...path, name],
          typeof one === 'string' ? variables.resolve(one) : one,
        ])
      : [];
  if (!Array.isArray(functions)) return named(functions, ['functions']);
  return functions.flatMap((part: unknown, index) => {
    const resolved = typeof part === 'string' ? variables.resolve(part) : part;
    return isUnresolved(resolved)
      ? [[['functions', index], resolved] as [Path, unknown]]
      : named(resolved, ['functions', index]);
  });
}

function methodOf(
  { event, path }: HttpEvent,
  index: number,
  { source, restApi, findings }: Context,
): Declared[] {
  const report = (code: 'UNRESOLVED' | 'NOT_READ', name: string, message: string) =>
    findings.push(finding(code, source.at([...path, name]), message));
  const written = typeof event === 'string' ? shortForm(event) : event;
  if (!isRecord(written)) {
    if (isUnresolved(written))
      report('UNRESOLVED', '', `an http event is not known; ${unresolvedIn(written).join('; ')}`);
    return [];
  }
  if (written.apiKeyRequired !== undefined)
    report(
      'NOT_READ',
      'apiKeyRequired',
      'apiKeyRequired is no property of an http event and has no effect; write private: true to demand a key',
    );
  if (written.throttle !== undefined)
    report(
      'NOT_READ',
      'throttle',
      'an http event has no throttle, so this has no effect; limit the method in a UsagePlan (methodThrottles) or a Stage (methodSettings)',
    );
  const required = written.private;
  if (isUnresolved(required))
    report(
      'UNRESOLVED',
      'private',
      `whether the method demands a key is not known; ${unresolvedIn(required).join('; ')}`,
    );
  const properties = {
    RestApiId: restApi,
    HttpMethod: wildcard(written.method),
    ResourcePath: written.path,
    ...(required !== undefined &&
      required !== null && {
        ApiKeyRequired: isUnresolved(required) ? required : isTrue(required),
      }),
  };
  return [
    {
      id: `method ${index + 1}`,
      type: 'AWS::ApiGateway::Method',
      path,
      properties,
      madeBy: 'an http event',
      keyWord: 'private: true',
    },
  ];
}

/** As versions 2 and 3 read a boolean: text counts as true, but for an empty one and `false`. */
function isTrue(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && value !== 'false';
  return typeof value === 'number' ? value !== 0 : value === true;
}

/** `GET /residents`. */
function shortForm(text: string): Readonly<Record<string, unknown>> {
  const [method, path] = text.trim().split(/\s+/);
  return { method, path };
}

function wildcard(method: unknown): unknown {
  return method === '*' ? 'ANY' : method;
}
