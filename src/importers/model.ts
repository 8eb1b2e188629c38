/** What an importer gives: manifests, what it could not put into them, and how the old tool lets go. Pure data, whatever it was read from. */
import type { Json } from '../core/model.ts';
import { CODES, type FindingCode, type Severity } from './codes.ts';

export type { FindingCode } from './codes.ts';

/** Where something is written in a source, counted from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
}

/** One manifest. `spec` has the shape of the kind's schema, and never a key value. */
export interface ManifestDocument {
  readonly kind: 'ApiKey' | 'UsagePlan' | 'Stage';
  /** `metadata.name`, unique per kind: see `createNames`. */
  readonly name: string;
  /** How the live object is found, for `apikeeper.dev/adopt`; absent where nothing finds it yet: the document then waits, suspended, for its id. Stages need none. */
  readonly adopt?: 'by-name' | { readonly id: string };
  /** Another manager whose tags the live object bears, such as `cloudformation`: taking over from it stays a person's decision. */
  readonly manager?: string;
  readonly spec: Readonly<Record<string, Json>>;
  readonly source: Position;
  /** What the source calls it: a logical id, a Terraform address. With it a live object can be looked up, and handed over. */
  readonly address: string;
  /** For a person, a line each: what they must decide or know. Written above the document. */
  readonly comments: readonly string[];
}

export interface Finding extends Position {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What could not be translated, or must be known, and the way out. Never a key value. */
  readonly message: string;
}

/** An API as a source names it: what a Stage and a UsagePlan refer to. */
export type RestApi = { readonly name: string } | { readonly id: string };

/** The methods of an API that demand a key, and those that say they don't: what a KeyRequirement is made of. */
export interface Requirement {
  /** Absent where the source doesn't tell. */
  readonly restApi?: RestApi;
  /** What the source calls the API: a logical id, a Terraform address. */
  readonly address?: string;
  readonly apiKeySource?: 'HEADER' | 'AUTHORIZER';
  /** For every method that is not listed; absent where the source has no such rule. */
  readonly apiKeyRequired?: boolean;
  readonly methods: readonly RequiredMethod[];
  readonly source: Position;
}

export interface RequiredMethod {
  readonly method: string;
  /** As API Gateway writes it: `/residents/{id}`. */
  readonly path: string;
  readonly apiKeyRequired: boolean;
}

export interface Imported {
  readonly documents: readonly ManifestDocument[];
  readonly findings: readonly Finding[];
  readonly requirements: readonly Requirement[];
  /** What to write into the old tool's own files so that it lets go without deleting, in its own language; absent where nothing is to be let go. */
  readonly handOver?: string;
}

/** A finding of a code, with the severity that the code has. */
export function finding(code: FindingCode, { file, line }: Position, message: string): Finding {
  return { file, line, code, severity: CODES[code].severity, message };
}
