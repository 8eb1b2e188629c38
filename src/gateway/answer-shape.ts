/** Answers of the wrong shape: the SDK reads a list, a text or nothing as an empty object. */

import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { isMap } from '../core/model/json.ts';

/** An answer as the SDK's handlers give it. */
interface RawAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  body?: Readable | Uint8Array | undefined;
}

/** Operations whose answer says nothing, and may be empty. */
const SILENT = /^(Delete|Tag|Untag)/;

/** What the answer about one object must bring. */
const IDENTITY: Readonly<Record<string, string>> = {
  ApiKey: 'id',
  Deployment: 'id',
  RestApi: 'id',
  Stage: 'stageName',
  UsagePlan: 'id',
  UsagePlanKey: 'id',
};

/**
 * Makes the client reject a success of the wrong shape, with a SyntaxError as for half an answer.
 * Doing it twice to the same client changes nothing.
 */
export function checkAnswers(client: APIGatewayClient): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (request) => {
        const result = await next(request);
        const operation = commandName.replace(/Command$/, '');
        await check(operation, result.response as RawAnswer);
        return result;
      },
    // The innermost of the step: before the SDK reads the body.
    { step: 'deserialize', priority: 'low', name: 'checkAnswers', override: true },
  );
}

async function check(operation: string, answer: RawAnswer): Promise<void> {
  if (answer.statusCode >= 300 || SILENT.test(operation)) return;
  const body = await collected(answer.body);
  answer.body = body;
  const wrong = problem(operation, parsed(body));
  if (wrong === undefined) return;
  throw Object.assign(new SyntaxError(`${operation}: ${wrong}`), {
    $metadata: {
      httpStatusCode: answer.statusCode,
      requestId: answer.headers['x-amzn-requestid'],
    },
  });
}

async function collected(body: RawAnswer['body']): Promise<Uint8Array> {
  if (body === undefined || body instanceof Uint8Array) return body ?? new Uint8Array();
  return buffer(body);
}

/** Undefined where it is no JSON. */
function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** What is wrong, in words that quote nothing of the answer. */
function problem(operation: string, answer: unknown): string | undefined {
  if (!isMap(answer)) return 'the answer is not a JSON object';
  // Without `item` a list is empty.
  if (operation.startsWith('Get') && answer.item != null && !Array.isArray(answer.item))
    return 'the answer has an `item` that is not a list';
  const member = IDENTITY[operation.replace(/^(Get|Create|Update)/, '')];
  if (member === undefined) return undefined;
  const id = answer[member];
  return typeof id === 'string' && id !== '' ? undefined : `the answer brings no ${member}`;
}
