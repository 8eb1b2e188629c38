/**
 * The words of the whole program. Everything here is plain, immutable data: it can be printed, compared, stored and built in a test.
 */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Where a document begins: `file` is relative to the manifests directory, `line` counts from 1. */
export interface Source {
  readonly file: string;
  readonly line: number;
}

/** What is wrong with a manifest. `path` is a JSON pointer into the document; `message` says what is wrong and the way out. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly path?: string;
  readonly message: string;
}

export type Mode = 'enforce' | 'observe' | 'suspend';
export type DeletionPolicy = 'Delete' | 'Disable' | 'Retain';

/** The annotations `apikeeper.dev/…` of a document, parsed. */
export interface Annotations {
  /** An AWS id, `by-name`, or `none`: a new object, although a removed or renamed one could come back. */
  readonly adopt?: string;
  /** Other managers from which this object may be taken over, such as `cloudformation`. */
  readonly adoptFrom: readonly string[];
  readonly mode?: Mode;
  /** JSON pointers into the document, lists addressed by key. */
  readonly ignore: readonly string[];
  /** The old identities. Of an object that a Consumer expands to there may be several: the Consumer was renamed, or its stage, or both. */
  readonly movedFrom: readonly { readonly namespace: string; readonly name: string }[];
  /** On a Target only. */
  readonly allowLoss?: AllowedLoss;
}

/** What `apikeeper.dev/allow-loss` says: so many keys may lose access in one pass, until then. */
export interface AllowedLoss {
  readonly keys: number;
  /** Milliseconds since the epoch; NaN for a day that does not exist. */
  readonly until: number;
}

/** One valid document of a kind that lives in API Gateway, or one of the objects that a Consumer expands to: the spec as written, nothing filled in. */
export interface Desired {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly spec: { readonly [field: string]: Json };
  readonly annotations: Annotations;
  /** Of an object that a Consumer expands to, the line of its part. */
  readonly source: Source;
  /** The name of the Consumer that it was expanded from, in the same namespace. */
  readonly consumer?: string;
  /** What several documents of this identity differ in, for people. They are ignored in these fields, and make nothing. */
  readonly disputed?: string;
}

/** A Target document, with its schema defaults filled in. What is absent was not written. */
export interface Target {
  readonly namespace: string;
  readonly region?: string;
  readonly accountId?: string;
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly owner: string;
  readonly mode?: 'enforce' | 'observe';
  readonly prune: boolean;
  readonly schedule: string;
  readonly budget: { readonly requestsPerSecond: number; readonly burst: number };
  readonly guards: { readonly maxKeys: number; readonly maxPercent: number };
  /** Why nothing can be read or written: the Target is declared twice, in different places. */
  readonly unusable?: string;
  /** Raises the guards for a while. */
  readonly allowLoss?: AllowedLoss;
  /** True for the one that exists because no Target is declared at all. */
  readonly implicit: boolean;
  /** The namespace that it had before: what our tags place there is carried over. */
  readonly movedFrom?: string;
  readonly source?: Source;
}

/**
 * A spec in canonical form, in which a manifest and a live object can be compared: references are AWS ids, lists are maps by key, `null` says none,
 * and an absent field says nothing. Keys of maps that stand for lists:
 * `stages` by `<api id>:<stage name>`, `keys` by key id, `methodThrottles` and `methodSettings` by `<METHOD> <path>`.
 */
export type Spec = { readonly [field: string]: Json };

/** A live object as this pass sees it. */
export interface Live {
  readonly kind: string;
  /** The AWS id; of a stage `<api id>:<stage name>`. */
  readonly id: string;
  /** The name that people see: a key's or plan's name, a stage's stageName. Not unique. */
  readonly name: string;
  readonly spec: Spec;
  /** All tags, ours and everybody's. `spec.tags` holds only those that are neither ours nor AWS's. */
  readonly tags: Readonly<Record<string, string>>;
  /** When the answer that this was read from arrived: milliseconds since the epoch. */
  readonly observedAt: number;
  /** Of a key: when it was last updated, milliseconds since the epoch; absent where the service did not say. */
  readonly updatedAt?: number;
  /** Of a stage: when it was made, milliseconds since the epoch, to the second. */
  readonly madeAt?: number;
  /** Of a stage: the deployment that its canary tries, where that is another than the stage's own. */
  readonly canary?: string;
}

/** A REST API: never managed here, referred to. */
export interface Api {
  readonly id: string;
  readonly name: string;
  /** Where it looks for a caller's key. */
  readonly apiKeySource: 'HEADER' | 'AUTHORIZER';
  readonly tags: Readonly<Record<string, string>>;
}

/** The key of the entry of `methodSettings` that is for every method: the service makes others from it, and copies it only then (docs/api-gateway-facts.md#f12). */
export const ALL_METHODS = '* /*';

/** The tags that carry ownership (docs/contract.md#ownership). */
export const TAG = {
  owner: 'apikeeper:owner',
  resource: 'apikeeper:resource',
  applied: 'apikeeper:applied',
  onRemove: 'apikeeper:on-remove',
  deleteAfter: 'apikeeper:delete-after',
  formerly: 'apikeeper:formerly',
  suspend: 'apikeeper:suspend',
} as const;

/** An identity as one string: `<kind>/<namespace>/<name>`. */
export function identity(object: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${object.kind}/${object.namespace}/${object.name}`;
}

/** The AWS id that a document adopts; undefined where `adopt` says `by-name`, `none`, or nothing. */
export function adoptedId({ adopt }: Pick<Annotations, 'adopt'>): string | undefined {
  return adopt === 'by-name' || adopt === 'none' ? undefined : adopt;
}
