/** One manifest as it is written into a file, and the place in a source that it comes from. */
import type { Json } from '../core/model/model.ts';

/** Where something is written in a source, counted from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  /** What the source calls the thing that is written there: the `address` of a document. */
  readonly address?: string;
}

/** One manifest. `spec` has the shape of the kind's schema, and never a key value. */
export interface ManifestDocument {
  readonly kind: 'ApiKey' | 'UsagePlan' | 'Stage' | 'KeyRequirement';
  /** `metadata.name`, unique per kind: see `createNames`. */
  readonly name: string;
  /** How the live object is found, for `apikeeper.dev/adopt`; absent where nothing finds it yet: the document then waits, suspended, for its id. Stages and key requirements need none. */
  readonly adopt?: 'by-name' | { readonly id: string };
  /** Another manager whose tags the live object bears, such as `cloudformation`: taking over from it stays a person's decision. */
  readonly manager?: string;
  readonly spec: Readonly<Record<string, Json>>;
  readonly source: Position;
  /** What the source calls it: a logical id, a Terraform address. With it a live object can be looked up, and handed over. */
  readonly address: string;
  /** For a person, a line each: what they must decide or know. Written above the document. */
  readonly comments: readonly string[];
  /** Fields of `spec` that a person may want, a line of YAML each: written below it as comments. */
  readonly options?: readonly string[];
  /** Where the live object is, if the source says so. */
  readonly region?: string;
  /** Fields that the source marks as secret, `description` or `variables/token`: nothing may tell their values, the live object neither. */
  readonly withheld?: readonly string[];
}
