/** The one door to API Gateway: every call goes through the budget, is retried here alone, and comes back without key values. */
import type {
  $Command,
  APIGatewayClient,
  APIGatewayClientResolvedConfig,
  PatchOperation,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-api-gateway';
import type { Clock } from '../core/model/clock.ts';
import { compact } from '../core/model/compact.ts';
import { CALL_TIMEOUT_MS, orAborted, timeLimit } from './abort.ts';
import { checkAnswers } from './answer-shape.ts';
import { type Budget, MOST_URGENT, OPERATION_QUOTAS } from './budget.ts';
import { type GatewayError, gatewayError } from './errors.ts';
import { createLiveSecrets, type LiveSecrets, redact } from './redact.ts';
import { backoff, type RetryOptions, retrying } from './retry.ts';

export type Command<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = $Command<
  Input,
  Output,
  APIGatewayClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

export interface SendOptions {
  /**
   * Lower goes first when calls wait for the budget. Default 0.
   * A call that says 0 is hurried: see MOST_URGENT.
   */
  readonly urgency?: number | undefined;
  /** Aborted: a call that is waiting is not sent; of those in flight, one that changes something finishes, and the answer of another is not waited for. */
  readonly signal?: AbortSignal | undefined;
  /** GetApiKey only: the answer's `value` says whether the key's is this one. See valueEquals. */
  readonly expectedValue?: string | undefined;
}

/** Sends a command of the SDK. Rejects with GatewayError, or with the signal's reason. */
export type Send = <Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  command: Command<Input, Output>,
  options?: SendOptions,
) => Promise<Output>;

/** One attempt of one call, for metrics and reports. */
export interface SentCall {
  readonly operation: string;
  /** `OK`, or the error's name. */
  readonly code: string;
  readonly durationMs: number;
  /** How long it waited for the budget. */
  readonly waitedMs: number;
  readonly requestId?: string;
  /** Counts from 1. */
  readonly attempt: number;
}

export interface SendSettings {
  readonly client: APIGatewayClient;
  readonly budget: Budget;
  readonly clock: Clock;
  readonly retry?: RetryOptions;
  /** Of one attempt, from the connection to the end of the body. Default 30 s. */
  readonly timeoutMs?: number;
  readonly inPlay?: LiveSecrets;
  readonly onCall?: (call: SentCall) => void;
  /** Called before each attempt of a call that changes something, after its last wait. Throws where it may not be sent. */
  readonly beforeWrite?: () => void;
}

/** `CreateApiKey` of a CreateApiKeyCommand. */
export const operationOf = (command: object): string =>
  command.constructor.name.replace(/Command$/, '');

/** The door of one account and region. */
export function createSend({
  client,
  budget,
  clock,
  retry,
  timeoutMs = CALL_TIMEOUT_MS,
  inPlay = createLiveSecrets(),
  onCall,
  beforeWrite,
}: SendSettings): Send {
  checkAnswers(client);
  return async (command, { urgency, signal, expectedValue } = {}) => {
    const operation = operationOf(command);
    const input = command.input as Sensitive;
    refuseValues(operation, input, expectedValue);
    // Not for a call that changes something: it may be carried out whether we listen or not.
    const given = changesNothing(operation) ? signal : undefined;
    const failed = { operation, repeatable: isRepeatable(operation, input) };
    using _held = holdAll(inPlay, [input.value, expectedValue]);

    return await retrying(
      async (attempt) => {
        using turn = await budget.take(operation, { urgency, signal });
        if (!changesNothing(operation)) beforeWrite?.();
        const sentAt = clock.now();
        const report = (code: string, requestId: string | undefined) =>
          onCall?.(
            compact({
              operation,
              code,
              durationMs: clock.now() - sentAt,
              waitedMs: turn.waitedMs,
              requestId,
              attempt,
            }),
          );
        using limit = timeLimit(timeoutMs, given);
        const { signal: abortSignal } = limit;
        try {
          const answer = await orAborted(client.send(command, { abortSignal }), abortSignal);
          report('OK', answer.$metadata.requestId);
          return stamped(redact(answer, expectedValue), clock.now());
        } catch (thrown) {
          if (given?.aborted) {
            report('Aborted', undefined);
            throw given.reason;
          }
          // The SDK's own error would not say that it was the time.
          const reason = abortSignal.aborted ? abortSignal.reason : thrown;
          const error = gatewayError(reason, failed, inPlay.scrub);
          report(error.code, error.requestId);
          if (error.class === 'throttled') {
            turn.refused();
            slowDown(budget, error, attempt, retry);
          }
          throw error;
        }
      },
      { clock, signal, options: retry, hurried: urgency === MOST_URGENT },
    );
  };
}

const arrivals = new WeakMap<object, number>();

/**
 * When an answer, or an item of a list, came through the door: milliseconds since the epoch, by the door's clock.
 * 0 for what came another way: older than anything.
 */
export function arrivedAt(answer: object): number {
  return arrivals.get(answer) ?? 0;
}

/** Lists come as `items`, those of GetStages as `item`. */
function stamped<Answer extends object>(answer: Answer, now: number): Answer {
  const { items, item }: { items?: unknown; item?: unknown } = answer;
  for (const part of [answer, items, item].flat())
    if (typeof part === 'object' && part !== null) arrivals.set(part, now);
  return answer;
}

const changesNothing = (operation: string): boolean => operation.startsWith('Get');

/** A door through which nothing can be changed: everything but Get* is refused, before anything is sent. */
export function readOnly(send: Send): Send {
  return async (command, options) => {
    const operation = operationOf(command);
    if (!changesNothing(operation))
      throw new Error(`${operation} changes something, and this door is for reading only`);
    return send(command, options);
  };
}

/** What an input may have that concerns values and repetition. */
interface Sensitive {
  readonly value?: unknown;
  readonly includeValue?: boolean | undefined;
  readonly includeValues?: boolean | undefined;
  readonly patchOperations?: readonly PatchOperation[] | undefined;
}

/** Values are asked for only to be compared (valueEquals); the ones that GetUsagePlanKeys gives unasked are taken out. */
function refuseValues(operation: string, input: Sensitive, expected: string | undefined): void {
  if (input.includeValues || (input.includeValue && expected === undefined)) {
    throw new Error(`${operation} may not ask for key values: use valueEquals`);
  }
}

/** Creating twice makes two, and adding or removing twice is refused the second time; all else can be sent again. */
function isRepeatable(operation: string, { patchOperations = [] }: Sensitive): boolean {
  if (/^(Create|Import)/.test(operation)) return false;
  return patchOperations.every(({ op }) => op === 'replace');
}

function holdAll(inPlay: LiveSecrets, values: readonly unknown[]): Disposable {
  const held = new DisposableStack();
  for (const value of values) if (typeof value === 'string') held.use(inPlay.add(value));
  return held;
}

/** Everybody waits as long as the service said; for an operation with a quota of its own, it is that operation alone that waits. */
function slowDown(
  budget: Budget,
  error: GatewayError,
  attempt: number,
  retry: RetryOptions | undefined,
): void {
  const quota = OPERATION_QUOTAS[error.operation];
  const wait =
    error.retryAfterMs ?? Math.max(backoff(attempt, retry), (quota?.perSeconds ?? 0) * 1000);
  budget.pause(wait, quota && error.operation);
}
