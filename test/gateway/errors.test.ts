import { describe, expect, it } from 'vitest';
import {
  type ErrorClass,
  GatewayError,
  gatewayError,
  isGatewayError,
} from '../../src/gateway/errors.ts';

const scrub = (text: string) => text.replaceAll('hush', '(sensitive)');

/** An error as the SDK throws it. */
function thrown(
  name: string,
  status: number | undefined,
  fields: Record<string, unknown> = {},
): Error {
  const { message = 'said so', ...others } = fields;
  const $metadata = status === undefined ? {} : { httpStatusCode: status, requestId: 'request-1' };
  return Object.assign(new Error(String(message)), { name, $metadata, ...others });
}

const concurrent =
  'Unable to complete operation due to concurrent modification. Please try again later.';
const full =
  'Maximum number of Resources for this API has been reached. Please contact AWS if you need additional Resources.';

describe('the class of an error', () => {
  it.each<{ reason: string; error: unknown; class: ErrorClass; create?: ErrorClass }>([
    { reason: 'a rate limit', error: thrown('TooManyRequestsException', 429), class: 'throttled' },
    {
      reason: 'the limits in front of every service',
      error: thrown('ThrottlingException', 400),
      class: 'throttled',
    },
    { reason: 'an unknown name with 429', error: thrown('SlowDown', 429), class: 'throttled' },
    {
      reason: 'a full quota comes as 429 too',
      error: thrown('LimitExceededException', 429),
      class: 'quota-full',
    },
    {
      reason: 'retryAfterSeconds is null (TF#37605)',
      error: thrown('LimitExceededException', 429, { retryAfterSeconds: null, message: full }),
      class: 'quota-full',
    },
    {
      reason: 'the text outranks a time to wait',
      error: thrown('LimitExceededException', 429, { retryAfterSeconds: '5', message: full }),
      class: 'quota-full',
    },
    {
      reason: 'with a time to wait it is a rate',
      error: thrown('LimitExceededException', 429, { retryAfterSeconds: '5' }),
      class: 'throttled',
    },
    {
      reason: 'somebody else at work',
      error: thrown('ConflictException', 409, { message: concurrent }),
      class: 'conflict-concurrent',
    },
    {
      reason: 'the same text under another name',
      error: thrown('BadRequestException', 400, { message: concurrent }),
      class: 'conflict-concurrent',
    },
    {
      reason: 'exists already',
      error: thrown('ConflictException', 409, { message: 'API Key already exists' }),
      class: 'conflict',
    },
    {
      reason: 'refused',
      error: thrown('BadRequestException', 400, { message: 'Invalid patch path' }),
      class: 'invalid',
    },
    { reason: 'refused by the shape', error: thrown('ValidationException', 400), class: 'invalid' },
    { reason: 'gone', error: thrown('NotFoundException', 404), class: 'not-found' },
    { reason: 'no right', error: thrown('AccessDeniedException', 403), class: 'denied' },
    {
      reason: 'no right, by its model',
      error: thrown('UnauthorizedException', 401),
      class: 'denied',
    },
    {
      reason: 'unknown credentials',
      error: thrown('UnrecognizedClientException', 403),
      class: 'denied',
    },
    {
      reason: 'STS words for the same',
      error: thrown('InvalidClientTokenId', 403),
      class: 'denied',
    },
    { reason: 'expired credentials', error: thrown('ExpiredTokenException', 403), class: 'denied' },
    {
      reason: 'no credentials at all',
      error: thrown('CredentialsProviderError', undefined),
      class: 'denied',
    },
    {
      reason: 'the service is down',
      error: thrown('ServiceUnavailableException', 503),
      class: 'transient',
      create: 'answer-lost',
    },
    {
      reason: 'an unknown 5xx',
      error: thrown('Oops', 502),
      class: 'transient',
      create: 'answer-lost',
    },
    {
      reason: 'nobody listens: nothing was sent',
      error: thrown('Error', undefined, { code: 'ECONNREFUSED' }),
      class: 'transient',
    },
    {
      reason: 'the name is unknown: nothing was sent',
      error: thrown('Error', undefined, { code: 'ENOTFOUND' }),
      class: 'transient',
    },
    {
      reason: 'no connection in time: nothing was sent',
      error: thrown('TimeoutError', undefined, {
        message: 'the request socket did not establish a connection with the server within 5000 ms',
      }),
      class: 'transient',
    },
    {
      reason: 'reset before the TLS handshake: nothing was sent',
      error: thrown('Error', undefined, {
        code: 'ECONNRESET',
        message: 'Client network socket disconnected before secure TLS connection was established',
      }),
      class: 'transient',
    },
    {
      reason: 'reset after sending',
      error: thrown('Error', undefined, { code: 'ECONNRESET' }),
      class: 'transient',
      create: 'answer-lost',
    },
    {
      reason: 'no answer in time',
      error: thrown('TimeoutError', undefined),
      class: 'transient',
      create: 'answer-lost',
    },
    {
      reason: 'half an answer',
      error: new SyntaxError('Unexpected end, ..."value": "hu"'),
      class: 'transient',
      create: 'answer-lost',
    },
    {
      reason: 'a certificate that nobody vouches for',
      error: thrown('Error', undefined, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      class: 'unknown',
    },
    { reason: 'a defect of ours', error: new TypeError('x is not a function'), class: 'unknown' },
    { reason: 'no error at all', error: 'what?', class: 'unknown' },
  ])('$class: $reason', ({ error, class: expected, create = expected }) => {
    expect(gatewayError(error, { operation: 'UpdateApiKey', repeatable: true }, scrub).class).toBe(
      expected,
    );
    expect(gatewayError(error, { operation: 'CreateApiKey', repeatable: false }, scrub).class).toBe(
      create,
    );
  });
});

describe('an error that leaves the door', () => {
  it('names the operation, the service’s words, the request and the way out', () => {
    const error = gatewayError(
      thrown('AccessDeniedException', 403),
      { operation: 'GetApiKeys', repeatable: true },
      scrub,
    );
    expect(error.message).toBe(
      'GetApiKeys failed with AccessDeniedException: said so (HTTP 403, request request-1); check the credentials, and what their IAM policy allows',
    );
    expect(error).toMatchObject({
      operation: 'GetApiKeys',
      code: 'AccessDeniedException',
      status: 403,
      requestId: 'request-1',
    });
    expect(isGatewayError(error)).toBe(true);
    expect(isGatewayError(error, 'denied', 'invalid')).toBe(true);
    expect(isGatewayError(error, 'invalid')).toBe(false);
    expect(isGatewayError(new Error('other'))).toBe(false);
  });

  it('reads the time to wait, which is a text', () => {
    const wait = (retryAfterSeconds: unknown) =>
      gatewayError(
        thrown('TooManyRequestsException', 429, { retryAfterSeconds }),
        { operation: 'X', repeatable: true },
        scrub,
      ).retryAfterMs;
    expect([wait('20'), wait('0'), wait(undefined), wait(null), wait('soon'), wait('-1')]).toEqual([
      20_000,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('holds no value in play: not in its message, its cause, or the cause’s stack', () => {
    const error = gatewayError(
      thrown('BadRequestException', 400, { message: 'hush is too short' }),
      { operation: 'CreateApiKey', repeatable: false },
      scrub,
    );
    const cause = error.cause as Error;
    const texts = [
      error.message,
      cause.message,
      cause.stack,
      JSON.stringify(error),
      JSON.stringify(cause),
    ].join();
    expect(texts).not.toContain('hush');
    expect(error.message).toContain('(sensitive) is too short');
  });

  it('quotes nothing of an answer that it could not read', () => {
    const error = gatewayError(
      new SyntaxError('Unexpected end, ..."value": "half-a-val"'),
      { operation: 'GetApiKeys', repeatable: true },
      scrub,
    );
    expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain('half-a-val');
  });

  it('passes on what is one already', () => {
    const first = new GatewayError({
      class: 'denied',
      operation: 'AssumeRole',
      code: 'AccessDenied',
      message: 'no',
    });
    expect(gatewayError(first, { operation: 'GetApiKeys', repeatable: true }, scrub)).toBe(first);
  });
});
