/** What goes wrong on the way to the service, for a while. */
import type { Fault } from '../../src/emulator/index.ts';
import type { Random } from './random.ts';

const error = (status: number, code: string) =>
  ({ type: 'error', status, code, message: 'injected' }) as const;
const read = 'Get*';

/** With its name. Limits of `times` keep what lasts longer than a pass from being all that happens. */
const FAULTS: readonly (readonly [
  name: string,
  make: (times: number) => Omit<Fault, 'account'>,
])[] = [
  [
    'throttled, with Retry-After',
    (times) => ({ operation: read, times, fault: { type: 'throttle', retryAfter: 3 } }),
  ],
  ['throttled', (times) => ({ times, fault: { type: 'throttle' } })],
  ['500', (times) => ({ times, fault: error(500, 'InternalFailure') })],
  [
    '503',
    (times) => ({
      operation: read,
      times: 30 * times,
      fault: error(503, 'ServiceUnavailableException'),
    }),
  ],
  [
    'refused for lack of rights',
    () => ({ operation: 'Update*', fault: error(403, 'AccessDeniedException') }),
  ],
  ['nothing may be read', () => ({ operation: read, fault: error(403, 'AccessDeniedException') })],
  ['expired credentials', (times) => ({ times, fault: error(403, 'ExpiredTokenException') })],
  [
    'somebody changes the same API',
    (times) => ({ operation: 'UpdateStage', times, fault: error(409, 'ConflictException') }),
  ],
  [
    'the account is full',
    () => ({ operation: 'Create*', fault: error(429, 'LimitExceededException') }),
  ],
  ['connections reset', (times) => ({ times, fault: { type: 'drop-before' } })],
  ['answers lost', (times) => ({ operation: 'Create*', times, fault: { type: 'drop-after' } })],
  [
    'answers of updates lost',
    (times) => ({ operation: 'Update*', times, fault: { type: 'drop-after' } }),
  ],
  [
    'lists of half a minute ago',
    () => ({ operation: read, fault: { type: 'stale-lists', lag: 30_000 } }),
  ],
  ['lists without tags', () => ({ operation: read, fault: { type: 'lists-without-tags' } })],
  ['half an answer', (times) => ({ operation: read, times, fault: { type: 'malformed-json' } })],
];

export interface Trouble {
  readonly name: string;
  readonly fault: Fault;
  /** How many 429 of our own making it gives at most. */
  readonly throttles: number;
}

export function trouble(account: string, random: Random): Trouble {
  const [name, make] = random.pick(FAULTS);
  const fault = make(1 + random.below(4));
  return {
    name,
    fault: { ...fault, account },
    throttles: fault.fault.type === 'throttle' ? (fault.times ?? 0) : 0,
  };
}
