/** The service's clock, by the `date` of its answers: a host whose own is wrong can't tell when a grace is over. */

import type { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import type { Clock } from '../core/model/clock.ts';

export interface ServiceClock {
  /** How far this host is ahead of the service, milliseconds; negative: behind. Undefined before the first answer with a date. */
  readonly aheadMs: number | undefined;
}

/** Follows the answers of a client; the last one counts. */
export function followServiceClock(client: APIGatewayClient, clock: Clock): ServiceClock {
  let aheadMs: number | undefined;
  client.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request);
      const date = Date.parse(dateOf(result.response) ?? '');
      if (!Number.isNaN(date)) aheadMs = clock.now() - date;
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'followServiceClock', override: true },
  );
  return {
    get aheadMs() {
      return aheadMs;
    },
  };
}

function dateOf(response: unknown): string | undefined {
  const { headers } = response as {
    readonly headers?: Readonly<Record<string, string | undefined>>;
  };
  return headers?.date;
}
