import type { EmulatorCore } from './core.ts';
import type { Fault } from './faults.ts';
import type { EmulatorRequest, EmulatorResponse } from './http.ts';
import type { Limits } from './state.ts';
import type { RoleRule } from './sts.ts';

/** Paths of the emulator itself. No path of the service begins with an underscore. */
const PREFIX = '/_emulator/';

export const isAdmin = ({ path }: EmulatorRequest): boolean => path.startsWith(PREFIX);

type Handler = (core: EmulatorCore, body: unknown) => unknown;

const asList = <T>(value: unknown): T[] => (Array.isArray(value) ? value : [value]) as T[];

const handlers: Readonly<Record<string, Handler>> = {
  'GET health': () => ({ status: 'ok' }),
  'GET requests': ({ requests }) => requests,
  'DELETE requests': (core) => core.clearRequests(),
  'POST faults': (core, body) => {
    for (const fault of asList<Fault>(body)) core.inject(fault);
  },
  'DELETE faults': (core) => core.clearFaults(),
  'POST reset': (core) => core.reset(),
  /** Role rules: an ExternalId that AssumeRole must bring, or `deny: true`. */
  'PUT roles': ({ sts }, body) => {
    for (const rule of asList<RoleRule>(body)) sts.roles.set(rule.roleArn, rule);
  },
  /** Resource quotas of one account and region. */
  'PUT limits': (core, body) => {
    const { account, region, ...limits } = body as Partial<Limits> & {
      account?: string;
      region?: string;
    };
    const current = core.state(account, region).limits;
    const unknown = Object.keys(limits).filter((name) => !Object.hasOwn(current, name));
    if (unknown.length > 0)
      throw new Error(
        `No such limit: ${unknown.join(', ')}. There are: ${Object.keys(current).join(', ')}`,
      );
    return Object.assign(current, limits);
  },
};

export function answerAdmin(
  { method, path, body }: EmulatorRequest,
  core: EmulatorCore,
): EmulatorResponse {
  const answer = (status: number, value?: unknown): EmulatorResponse => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: value === undefined ? '' : JSON.stringify(value),
  });
  const handler = handlers[`${method} ${path.slice(PREFIX.length)}`];
  if (!handler)
    return answer(404, {
      message: `No such admin path. There are: ${Object.keys(handlers).join(', ')}`,
    });
  try {
    const value = handler(core, body === '' ? undefined : JSON.parse(body));
    return value === undefined ? answer(204) : answer(200, value);
  } catch (error) {
    return answer(400, { message: String(error) });
  }
}
