/** An operation that is denied again and again is not sent any more: missing rights don't come back by asking. */
import { GatewayError, isGatewayError } from './errors.ts';
import { operationOf, type Send } from './send.ts';

/** One denial may be about one object; so many in a row are about the operation. */
const ENOUGH = 3;

/**
 * A door for one pass. Of an operation that was denied three times in a row, further calls are refused here, with class `untried`;
 * the most urgent ones (urgency 0, which take access away) are sent all the same.
 */
export function breakOnDenied(send: Send): Send {
  const denials = new Map<string, number>();
  return async (command, options) => {
    const operation = operationOf(command);
    const before = denials.get(operation) ?? 0;
    if (before >= ENOUGH && options?.urgency !== 0) {
      throw new GatewayError({
        class: 'untried',
        operation,
        code: 'NotSent',
        message: `${operation} was denied ${before} times in a row, and is not sent again in this pass: check the credentials, and what their IAM policy allows`,
      });
    }
    try {
      const answer = await send(command, options);
      denials.delete(operation);
      return answer;
    } catch (error) {
      if (isGatewayError(error, 'denied'))
        denials.set(operation, (denials.get(operation) ?? 0) + 1);
      throw error;
    }
  };
}
