/**
 * Keys, plans and what demands keys, in one account and region, as far as somebody knows them: from manifests, from what is live, from the file of another
 * tool. What is not known is said to be unknown, and nothing is concluded from it.
 */
import type { Subject } from '../model/warning.ts';

export interface Inventory {
  /** Where it was read, for the words of messages. */
  readonly from: 'manifests' | 'file' | 'live';
  readonly keys: readonly InventoryKey[];
  readonly plans: readonly InventoryUsagePlan[];
  /** One for each API of which it is known, or partly known, whether its methods demand a key. */
  readonly demands: readonly Demand[];
  readonly limited: readonly Limited[];
}

/** Without a subject it is somebody else's: it counts, and nothing is said of it. */
export interface InventoryKey {
  readonly id: string;
  readonly subject?: Subject;
  /** Undefined: unknown. */
  readonly enabled?: boolean;
  /** The Consumer whose key it is. */
  readonly consumer?: string;
}

export interface InventoryUsagePlan {
  /** For people. */
  readonly label: string;
  readonly subject?: Subject;
  /** By the keys' ids; an id that no key of the estate has is a key of which nothing else is known. */
  readonly keys: Members<string>;
  readonly stages: Members<StageRef>;
}

export interface Members<T> {
  readonly known: readonly T[];
  /** Whether there may be others: any at all, or only such as are not of this estate. */
  readonly more: 'none' | 'strangers' | 'any';
}

/** `api` is `id <id>` or `name <name>`: of one API known by its id and one known by its name, nobody knows whether they are the same. */
export interface StageRef {
  readonly api: string;
  readonly stage: string;
}

export interface Demand {
  readonly subject: Subject;
  readonly api: string;
  /** The API, for people. */
  readonly label: string;
  /** `some`: a method demands a key; `none`: no method does. */
  readonly demands: 'some' | 'none' | 'unknown';
  /** The stages where it demands one, or will. */
  readonly stages: readonly string[];
  /** Of live ones: those that will demand one with the API's next deployment. */
  readonly upcoming?: readonly string[];
  readonly path?: string;
}

/** Something with limits: a plan, or a stage. */
export interface Limited {
  readonly subject: Subject;
  readonly limits: readonly Limit[];
}

export interface Limit {
  readonly path: string;
  /** The method that it is for, `GET /residents`; absent: everything. */
  readonly method?: string;
  /** Whom it limits: the plan's keys, or everybody. */
  readonly callers: 'keys' | 'all';
  readonly throttle?: { readonly rateLimit: number | null; readonly burstLimit: number | null };
  readonly quota?: { readonly limit: number | null; readonly period: string | null };
}
