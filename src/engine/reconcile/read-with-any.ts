import { isGatewayError } from '../../gateway/errors.ts';
import { operationOf, type Send } from '../../gateway/send.ts';

/**
 * Reads an account that several roles may read: the first role that may is asked, and the next where
 * it is denied. Rejects as the last of them does.
 */
export function readWithAny(sends: readonly Send[]): Send {
  const [only] = sends;
  if (only && sends.length === 1) return only;
  const allowed = new Map<string, number>();
  return async (command, options) => {
    const operation = operationOf(command);
    for (let index = allowed.get(operation) ?? 0; ; index++) {
      const send = sends[index];
      if (!send) throw new Error('no Target of this account is connected');
      try {
        const answer = await send(command, options);
        allowed.set(operation, index);
        return answer;
      } catch (error) {
        if (!isGatewayError(error, 'denied') || index + 1 >= sends.length) throw error;
      }
    }
  };
}
