/** What the service's errors mean to us, decided once, by name (docs/api-gateway-facts.md#f23). */

/**
 * | class | means | then |
 * | --- | --- | --- |
 * | `throttled` | too many calls | waits as told, and slows everybody down |
 * | `transient` | nothing was done, or doing it again does no harm | is tried again |
 * | `conflict-concurrent` | somebody changes the same API at this moment | is tried again |
 * | `answer-lost` | it may have been done, and doing it again could do it twice | look before it is repeated |
 * | `conflict` | exists already, or a state that forbids it | terminal: look again |
 * | `not-found` | the object, or something it names, is not there | terminal |
 * | `denied` | missing rights, unusable credentials | terminal |
 * | `untried` | the operation was denied again and again: not sent | terminal |
 * | `quota-full` | the account holds as many as it may | terminal |
 * | `invalid` | the service refuses what was sent | terminal |
 * | `unknown` | none of these | terminal |
 */
export type ErrorClass =
  | 'throttled'
  | 'transient'
  | 'conflict-concurrent'
  | 'answer-lost'
  | 'conflict'
  | 'not-found'
  | 'denied'
  | 'untried'
  | 'quota-full'
  | 'invalid'
  | 'unknown';

/** The one error that leaves the door. Its texts, and those of its cause, hold no value in play. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly class: ErrorClass;
  /** The operation, such as `CreateApiKey`. */
  readonly operation: string;
  /** The service's or the system's name of it, such as `ConflictException` or `ECONNRESET`. */
  readonly code: string;
  readonly status?: number;
  readonly requestId?: string;
  /** As the service told us, a minute at most; milliseconds. */
  readonly retryAfterMs?: number;

  constructor(fields: {
    class: ErrorClass;
    operation: string;
    code: string;
    message: string;
    status?: number | undefined;
    requestId?: string | undefined;
    retryAfterMs?: number | undefined;
    cause?: unknown;
  }) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.class = fields.class;
    this.operation = fields.operation;
    this.code = fields.code;
    if (fields.status !== undefined) this.status = fields.status;
    if (fields.requestId !== undefined) this.requestId = fields.requestId;
    if (fields.retryAfterMs !== undefined) this.retryAfterMs = fields.retryAfterMs;
  }
}

/** Whether an error is one of the door's, of one of these classes (any, where none is given). */
export function isGatewayError(
  error: unknown,
  ...classes: readonly ErrorClass[]
): error is GatewayError {
  return error instanceof GatewayError && (classes.length === 0 || classes.includes(error.class));
}

const CLASSES: Readonly<Record<string, ErrorClass>> = {
  // API Gateway's own exceptions [BC].
  BadRequestException: 'invalid',
  UnauthorizedException: 'denied',
  NotFoundException: 'not-found',
  ConflictException: 'conflict',
  LimitExceededException: 'quota-full',
  TooManyRequestsException: 'throttled',
  ServiceUnavailableException: 'transient',
  // What stands before every service: limits, signatures, shapes.
  ThrottlingException: 'throttled',
  Throttling: 'throttled',
  RequestLimitExceeded: 'throttled',
  InternalFailure: 'transient',
  InternalServerError: 'transient',
  InternalServerException: 'transient',
  ServiceUnavailable: 'transient',
  ValidationException: 'invalid',
  ValidationError: 'invalid',
  SerializationException: 'invalid',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  ForbiddenException: 'denied',
  UnrecognizedClientException: 'denied',
  InvalidClientTokenId: 'denied',
  InvalidSignatureException: 'denied',
  SignatureDoesNotMatch: 'denied',
  IncompleteSignature: 'denied',
  MissingAuthenticationToken: 'denied',
  MissingAuthenticationTokenException: 'denied',
  ExpiredToken: 'denied',
  ExpiredTokenException: 'denied',
  RequestExpired: 'denied',
  OptInRequired: 'denied',
  // The SDK's, before anything is sent.
  CredentialsProviderError: 'denied',
  TokenProviderError: 'denied',
};

/** How the service says that a signature is of another time (SDK, isClockSkewError). */
const CLOCK_SKEW = new Set([
  'AuthFailure',
  'InvalidSignatureException',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
]);

/** For an exception that the table doesn't know. */
function classByStatus(status: number): ErrorClass {
  if (status >= 500) return 'transient';
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  if (status === 429) return 'throttled';
  return status >= 400 ? 'invalid' : 'unknown';
}

/** System errors that come before a connection stands: nothing was sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
]);
/** The SDK's and Node's words for the same, where the code doesn't tell. */
const NOT_CONNECTED_TEXT =
  /did not establish a connection|before secure TLS connection was established/;

/** An error as the SDK throws it. */
interface Thrown extends Error {
  readonly code?: unknown;
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly clockSkewCorrected?: boolean;
  };
  readonly retryAfterSeconds?: unknown;
}

/** A call that failed. `repeatable`: sending it twice does no harm. */
export interface Failed {
  readonly operation: string;
  readonly repeatable: boolean;
}

/** What an error of the SDK means. `lost` stands for an answer that didn't come, or that can't be trusted: whether the call was carried out is open. */
function classify(error: Thrown): { readonly class: ErrorClass | 'lost'; readonly code: string } {
  const code = typeof error.code === 'string' ? error.code : error.name;
  if (error instanceof SyntaxError) return { class: 'lost', code: 'UnreadableAnswer' };
  const status = error.$metadata?.httpStatusCode;
  const known = CLASSES[error.name];
  if (status === undefined && known === undefined) {
    if (NOT_CONNECTED.has(code) || NOT_CONNECTED_TEXT.test(error.message))
      return { class: 'transient', code };
    const transport = error.name === 'TimeoutError' || /^(E[A-Z]+|HPE_[A-Z_]+)$/.test(code);
    return { class: transport ? 'lost' : 'unknown', code };
  }
  const found = known ?? classByStatus(status ?? 0);
  // The clock here is wrong; the SDK has read the right time from the answer, and signs the next call with it.
  if (CLOCK_SKEW.has(error.name) && error.$metadata?.clockSkewCorrected)
    return { class: 'transient', code: error.name };
  // The same text came under both names (docs/api-gateway-facts.md#f23).
  const concurrent = /try again later|concurrent modification/i.test(error.message);
  if (concurrent && (found === 'conflict' || found === 'invalid'))
    return { class: 'conflict-concurrent', code: error.name };
  // A full quota shares its status, and sometimes its text, with throttling; only a time to wait tells them apart (docs/api-gateway-facts.md#f24).
  const waits = saysToWait(error) && !/Maximum number of/i.test(error.message);
  if (found === 'quota-full' && waits) return { class: 'throttled', code: error.name };
  if (found === 'transient' && (status ?? 0) >= 500) return { class: 'lost', code: error.name };
  return { class: found, code: error.name };
}

/** `retryAfterSeconds` is a text, or null. */
const saysToWait = ({ retryAfterSeconds }: Thrown): boolean => Boolean(retryAfterSeconds);

/** Nobody waits longer because the service says so. */
const MAX_RETRY_AFTER_S = 60;

/** Undefined for what is not a number of seconds, such as a date: the back-off counts then. */
function retryAfterMs(error: Thrown): number | undefined {
  const text = String(error.retryAfterSeconds ?? '').trim();
  if (!/^\d+(\.\d+)?$/.test(text)) return undefined;
  return Math.min(Number(text), MAX_RETRY_AFTER_S) * 1000;
}

const WAY_OUT: Partial<Record<ErrorClass, string>> = {
  denied: 'check the credentials, and what their IAM policy allows',
  'quota-full': 'remove what is no longer needed, or ask AWS for a higher quota',
  'answer-lost': 'it may have been carried out all the same: look before it is repeated',
};

/** Any error of a call, as the one kind that leaves the door; `scrub` takes the values in play out of its texts. */
export function gatewayError(
  thrown: unknown,
  failed: Failed,
  scrub: (text: string) => string,
): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const error: Thrown = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { class: found, code } = classify(error);
  const lost = failed.repeatable ? 'transient' : 'answer-lost';
  const errorClass = found === 'lost' ? lost : found;
  const { httpStatusCode: status, requestId } = error.$metadata ?? {};
  // A parser's message quotes what it could not read, and that may be half a key value.
  const said =
    code === 'UnreadableAnswer' ? 'the answer could not be read' : scrub(error.message || code);
  const where = [status && `HTTP ${status}`, requestId && `request ${requestId}`]
    .filter(Boolean)
    .join(', ');
  const wayOut = WAY_OUT[errorClass];
  return new GatewayError({
    class: errorClass,
    operation: failed.operation,
    code,
    status,
    requestId,
    retryAfterMs: retryAfterMs(error),
    message: `${failed.operation} failed with ${code}: ${said}${where && ` (${where})`}${wayOut ? `; ${wayOut}` : ''}`,
    cause: code === 'UnreadableAnswer' ? undefined : scrubbedCopy(error, scrub),
  });
}

/** The SDK's error objects carry answers in hidden members: only name, message and stack go on. */
function scrubbedCopy(error: Error, scrub: (text: string) => string): Error {
  const copy = new Error(scrub(error.message));
  copy.name = error.name;
  if (error.stack !== undefined) copy.stack = scrub(error.stack);
  return copy;
}
