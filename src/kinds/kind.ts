/** The contract of one kind: everything the engine needs to know about it, and nothing about ownership, order or retries. */
import type { Deployment } from '@aws-sdk/client-api-gateway';
import type { Rules } from '../core/model/field-rules.ts';
import type { Api, Live, Spec } from '../core/model/model.ts';
import type { Send } from '../gateway/send.ts';

/** What a list needs to know beyond the door: which APIs are concerned (for stages and requirements), and which plans' members are wanted. */
export interface Scope {
  readonly apiIds: readonly string[];
  /** Whether the members of this object are wanted; the others' `members` field is absent from their spec. */
  readonly wantsMembers: (live: Live) => boolean;
  /** What was listed before, and need not be asked for again: APIs where they were listed, and the stages of those concerned. */
  readonly listed?: { readonly apis: readonly Api[] | undefined; readonly stages: readonly Live[] };
  /** What deployments demand, as far as it was read before; kept current. */
  readonly snapshots?: Snapshots;
}

/** By `<api id> <deployment id>`, as the service gives it: a deployment's snapshot never changes. */
export type Snapshots = Map<string, NonNullable<Deployment['apiSummary']>>;

/** What is to be created: a canonical spec without members, and all tags of the first call. */
export interface Creation {
  readonly spec: Spec;
  readonly tags: Readonly<Record<string, string>>;
  /** The natural identity, for a kind that has one: of a stage `<api id>:<stage name>`. */
  readonly id?: string;
  /** A pinned key value. Never logged, never kept. */
  readonly value?: string;
}

export interface Kind {
  readonly rules: Rules;
  /** All live objects in canonical form. `tags` is empty where the list did not carry them. Never writes. */
  list(send: Send, scope: Scope): Promise<readonly Live[]>;
  /** One object, read by id; undefined when the service answers NotFound. Members included. */
  read(send: Send, id: string): Promise<Live | undefined>;
  /** Creates with all tags in the creating call itself, so that a lost answer can be found again. May need a second call for what the first can't take. */
  create(send: Send, creation: Creation): Promise<Live>;
  /**
   * At most one PATCH of an object, which turns `live` into `next`; tags and members are not its business. Sends nothing where the two are equal.
   * A field that `next` leaves out stays; a key that a map in `next` leaves out goes. An answer that was lost is looked for; where the object is not `next`
   * then, rejects with `answer-lost`: read the object before anything else is sent.
   */
  update(send: Send, live: Live, next: Spec): Promise<Live>;
  /** Absent already is success. */
  delete(send: Send, live: Live): Promise<void>;
  /** The ARN under which the object's tags are written. */
  arn(live: Live, region: string): string;
  /**
   * Set where the object takes effect only by a deployment: makes one, with this description, and moves these stages to it. One of this description that
   * was made before and got no stage is taken instead. Once it is made, `finish` sends the rest, which nothing interrupts. The object as it is then.
   */
  deploy?(
    send: Send,
    live: Live,
    what: {
      readonly stages: readonly string[];
      readonly description: string;
      readonly finish: Send;
    },
  ): Promise<Live | undefined>;
  /** Set where the kind has a list of members with calls of their own (a plan's keys). Attaching and detaching are idempotent. */
  readonly members?: {
    readonly field: string;
    /** Asks for the one member, and not for their list. */
    has(send: Send, id: string, member: string): Promise<boolean>;
    attach(send: Send, id: string, member: string): Promise<void>;
    detach(send: Send, id: string, member: string): Promise<void>;
    /** The ids of all objects that have this member, whosever they are. */
    holders(send: Send, member: string): Promise<readonly string[]>;
  };
}
