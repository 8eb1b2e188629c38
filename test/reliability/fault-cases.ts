/** What can go wrong with a call, and how often it is then sent. */
import type { FaultEffect } from '../../src/emulator/index.ts';

export interface FaultCase {
  readonly name: string;
  readonly effect: FaultEffect;
  /** Needs a real connection. */
  readonly socket?: true;
  /** How often one call is sent while the fault stays. */
  readonly sent: {
    readonly read: number;
    /** Repeated: what is gone already is success. */
    readonly detach: number;
    /** Looked for before each repetition. */
    readonly create: number;
    /** Looked for once. */
    readonly attach: number;
  };
  /** Operations on which it does no harm even while it stays: they were carried out, and that is found. */
  readonly absorbed?: RegExp;
  /** Of how many objects an operation is sent at most. */
  readonly most?: number;
  readonly why: string;
}

const retried = { read: 8, detach: 8, create: 8, attach: 8 };
const lookedFor = { read: 8, detach: 8, create: 3, attach: 2 };
const found = { read: 8, detach: 2, create: 1, attach: 1 };
const once = { read: 1, detach: 1, create: 1, attach: 1 };

const error = (status: number, code: string, message: string): FaultEffect => ({
  type: 'error',
  status,
  code,
  message,
});
const CONCURRENT =
  'Unable to complete operation due to concurrent modification. Please try again later.';

export const faultCases: readonly FaultCase[] = [
  {
    name: 'throttled',
    effect: { type: 'throttle' },
    sent: retried,
    why: 'nothing was done: everybody waits, and slows down',
  },
  {
    name: 'throttled, told how long',
    effect: { type: 'throttle', retryAfter: 20 },
    sent: retried,
    why: 'waits as long as it was told',
  },
  {
    name: 'a full quota',
    effect: error(429, 'LimitExceededException', 'Maximum number of API keys has been reached.'),
    sent: once,
    why: 'comes as 429 too, and no waiting helps',
  },
  {
    name: '500',
    effect: error(500, 'InternalFailure', 'Internal failure'),
    sent: lookedFor,
    why: 'it may have been carried out: what does harm twice is looked for first',
  },
  {
    name: '503',
    effect: error(503, 'ServiceUnavailableException', 'Unavailable'),
    sent: lookedFor,
    why: 'as 500',
  },
  {
    name: 'connection reset',
    effect: { type: 'drop-before' },
    socket: true,
    sent: lookedFor,
    why: 'nobody knows whether it arrived',
  },
  {
    name: 'no answer in time',
    effect: { type: 'hang' },
    socket: true,
    sent: lookedFor,
    why: 'nobody knows whether it arrived',
  },
  {
    name: 'answer lost after commit',
    effect: { type: 'drop-after' },
    socket: true,
    sent: found,
    absorbed: /^(Create|Delete)/,
    why: 'it is found where it was looked for, and not made again',
  },
  {
    name: 'malformed answer',
    effect: { type: 'malformed-json' },
    sent: { ...found, detach: 1 },
    absorbed: /^(Create|Delete|Tag|Untag)/,
    why: 'carried out, and the answer says nothing: as a lost one; some answers have no body',
  },
  {
    name: 'concurrent modification',
    effect: error(409, 'ConflictException', CONCURRENT),
    sent: retried,
    why: 'somebody else changes the same API at this moment: nothing was done',
  },
  {
    name: 'expired credentials',
    effect: error(
      403,
      'ExpiredTokenException',
      'The security token included in the request is expired',
    ),
    sent: once,
    most: 3,
    why: 'asking again with the same ones is useless: the next pass asks for new ones',
  },
  {
    name: 'access denied',
    effect: error(403, 'AccessDeniedException', 'User is not authorized to perform this'),
    sent: once,
    most: 3,
    why: 'rights come from people, not from asking again',
  },
];
