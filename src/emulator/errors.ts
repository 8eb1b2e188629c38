/** An error answer of the service: an exception name, its HTTP status and a message. `retryAfter` is in whole seconds. */
export class ServiceError extends Error {
  override readonly name: string;
  readonly status: number;
  readonly retryAfter: number | undefined;

  constructor(status: number, name: string, message: string, retryAfter?: number) {
    super(message);
    this.name = name;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

// Names and statuses: docs/api-gateway-facts.md#f23.
export const badRequest = (message: string) =>
  new ServiceError(400, 'BadRequestException', message);
export const notFound = (message: string) => new ServiceError(404, 'NotFoundException', message);
export const conflict = (message: string) => new ServiceError(409, 'ConflictException', message);
export const tooManyRequests = (retryAfter?: number) =>
  new ServiceError(429, 'TooManyRequestsException', 'Too Many Requests', retryAfter);

/** A full resource quota. It shares the status of throttling, which is a trap for clients (docs/api-gateway-facts.md#f24). */
export const limitExceeded = (what: string) =>
  new ServiceError(
    429,
    'LimitExceededException',
    `Maximum number of ${what} has been reached. Please contact AWS if you need additional ${what.split(' for ')[0]}.`,
  );

/** A value of the wrong JSON type: the service's deserialiser refuses it before the operation sees it. */
export const serialization = (message: string) =>
  new ServiceError(400, 'SerializationException', message);

/** A modelled constraint (enum, required member): every violation in one message. */
export function validation(violations: readonly string[]): ServiceError {
  const count = `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected`;
  return new ServiceError(400, 'ValidationException', `${count}: ${violations.join('; ')}`);
}

/** What this emulator does not do, as opposed to what the service refuses. */
export const notEmulated = (what: string) =>
  new ServiceError(
    501,
    'NotEmulatedException',
    `${what} is not emulated (src/emulator/BEHAVIOUR.md lists what is)`,
  );
