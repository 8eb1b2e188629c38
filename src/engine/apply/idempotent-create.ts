/** Creates once: an answer that was lost is looked for before the call is repeated, since the service takes two of the same name (docs/api-gateway-facts.md#f4). */
import type { Clock } from '../../core/model/clock.ts';
import { type Live, TAG } from '../../core/model/model.ts';
import { isGatewayError } from '../../gateway/errors.ts';
import type { Send } from '../../gateway/send.ts';
import type { Creation, Kind } from '../../kinds/kind.ts';

/** A list may not show at once what was just made (docs/api-gateway-facts.md#f20). */
const SETTLING_MS = 5_000;
const ATTEMPTS = 3;

interface Options {
  readonly send: Send;
  readonly clock: Clock;
}

/**
 * Rejects with what the service said; with the lost answer's own error when it was lost again and again. Whoever aborts is heeded until the first call is
 * sent: what may have been made is looked for and finished, or a pass that knows nothing of it would make another one.
 */
export async function createIdempotently(
  kind: Kind,
  creation: Creation,
  options: Options,
): Promise<Live> {
  const { clock } = options;
  const send = unstoppable(options.send);
  for (let attempt = 1; ; attempt++) {
    try {
      return await kind.create(send, creation);
    } catch (error) {
      if (!isGatewayError(error, 'answer-lost')) throw error;
      const found = (await look(kind, creation, send)) ?? (await lookAgain());
      if (found) return found;
      if (attempt === ATTEMPTS) throw error;
    }
  }

  async function lookAgain(): Promise<Live | undefined> {
    await clock.sleep(SETTLING_MS);
    return look(kind, creation, send);
  }
}

/** After its first call no signal stops it. */
function unstoppable(send: Send): Send {
  let begun = false;
  return async (command, options) => {
    try {
      return await send(command, begun ? { ...options, signal: undefined } : options);
    } finally {
      begun = true;
    }
  };
}

/** What the creating call made, by the tags that it was given, or by its natural id. */
async function look(kind: Kind, creation: Creation, send: Send): Promise<Live | undefined> {
  if (creation.id !== undefined) return kind.read(send, creation.id);
  const listed = await kind.list(send, { apiIds: [], wantsMembers: () => false });
  const isIt = (live: Live) =>
    [TAG.owner, TAG.resource].every((key) => live.tags[key] === creation.tags[key]);
  const found = listed.find(isIt);
  if (found) return found;
  // A list that carries no tags can't answer: those of this name are asked.
  for (const live of listed.filter(
    (one) => one.name === creation.spec.name && Object.keys(one.tags).length === 0,
  )) {
    const read = await kind.read(send, live.id);
    if (read && isIt(read)) return read;
  }
  return undefined;
}
