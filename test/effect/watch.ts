/** Consumers who send a request after every call that apikeeper makes, and what they got. */
import type { Answer } from '../conformance/clients.ts';
import type { Around, HttpRequest } from '../reliability/account.ts';

export interface Sighting {
  readonly who: string;
  /** The call that came before: `DELETE /usageplans/h5w9tn/keys/x3c1pr`; or what a test says went on. */
  readonly after: string;
  readonly status: number;
  readonly message: unknown;
  /** Whether it went by a plan, and so is counted. */
  readonly metered: boolean;
}

export interface Watch {
  /** Stands between apikeeper and the account. Calls go one at a time, and the consumers' requests come between any two: what they get is what a consumer gets at that moment. */
  readonly around: Around;
  /** Oldest first. */
  readonly seen: readonly Sighting[];
  /** From now on this consumer sends a request after every call. */
  follow(who: string, send: () => Promise<Answer>): void;
  unfollow(who: string): void;
  /** Every consumer sends a request now. */
  look(after: string): Promise<void>;
  /** Those that got anything but 200. */
  failed(): Sighting[];
  clear(): void;
}

export function createWatch(): Watch {
  const consumers = new Map<string, () => Promise<Answer>>();
  const seen: Sighting[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  const look = async (after: string) => {
    for (const [who, send] of consumers) {
      const { status, body } = await send();
      seen.push({
        who,
        after,
        status,
        message: body.message,
        metered: body.usagePlanId !== undefined,
      });
    }
  };
  return {
    around(carryOut, request) {
      // Where consumers come in by the same door.
      if (request.path.includes('/_user_request_')) return carryOut();
      const mine = turn.then(async () => {
        try {
          return await carryOut();
        } finally {
          await look(callOf(request));
        }
      });
      turn = mine.catch(() => {});
      return mine;
    },
    seen,
    follow: (who, send) => void consumers.set(who, send),
    unfollow: (who) => void consumers.delete(who),
    look,
    failed: () => seen.filter(({ status }) => status !== 200),
    clear() {
      seen.length = 0;
    },
  };
}

const callOf = ({ method, path }: HttpRequest): string => `${method} ${decodeURIComponent(path)}`;
