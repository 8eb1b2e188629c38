/** Which methods of an OpenAPI body demand a key: those whose security names a scheme that reads `x-api-key`. */
import { isRecord } from './fields.ts';
import { resourcePath } from './methods.ts';
import type { RequiredMethod } from './model.ts';

/** What says in a body that a method demands a key. */
export const BODY_WORD = 'security';

const METHODS = new Set([
  'get',
  'head',
  'post',
  'put',
  'patch',
  'delete',
  'options',
  'x-amazon-apigateway-any-method',
]);

/** A method says outright that it demands no key where the body demands one of all, and its own security names none. */
export function requiredMethods(body: unknown): RequiredMethod[] {
  if (!isRecord(body) || !isRecord(body.paths)) return [];
  const schemes = keySchemes(body);
  const isRule = demands(body.security, schemes);
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(isRecord(methods) ? methods : {}).flatMap(([name, method]): RequiredMethod[] => {
      if (!METHODS.has(name.toLowerCase()) || !isRecord(method)) return [];
      const isClosed = demands(method.security ?? body.security, schemes);
      const word = isClosed || isRule ? { apiKeyRequired: isClosed } : {};
      return [
        {
          method: name.startsWith('x-') ? 'ANY' : name.toUpperCase(),
          path: resourcePath(path),
          ...word,
        },
      ];
    }),
  );
}

function demands(security: unknown, schemes: ReadonlySet<string>): boolean {
  return (
    Array.isArray(security) &&
    security.some(
      (entry) => isRecord(entry) && Object.keys(entry).some((scheme) => schemes.has(scheme)),
    )
  );
}

/** Swagger 2 and OpenAPI 3 keep them in different places. */
function keySchemes(body: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const components = isRecord(body.components) ? body.components.securitySchemes : undefined;
  const definitions = [components, body.securityDefinitions].filter(isRecord);
  const entries = definitions.flatMap((schemes) => Object.entries(schemes));
  const isKey = (scheme: unknown) =>
    isRecord(scheme) &&
    scheme.type === 'apiKey' &&
    String(scheme.name).toLowerCase() === 'x-api-key' &&
    !('x-amazon-apigateway-authtype' in scheme);
  return new Set(entries.flatMap(([name, scheme]) => (isKey(scheme) ? [name] : [])));
}
