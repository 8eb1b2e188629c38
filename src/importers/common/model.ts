/** What an importer gives: manifests, what it could not put into them, and how the old tool lets go. Pure data, whatever it was read from. */
import type { Json } from '../../core/model/model.ts';
import { CODES, type FindingCode, type Severity } from './codes.ts';

export type { FindingCode } from './codes.ts';

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

export interface Finding extends Position {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What could not be translated, or must be known, and the way out. Never a key value. */
  readonly message: string;
}

/** An API as a source names it: what a Stage and a UsagePlan refer to. */
export type RestApi = { readonly name: string } | { readonly id: string };

/** The methods of an API, as a source has them: what a KeyRequirement is made of. */
export interface Requirement extends Pick<ManifestDocument, 'manager' | 'comments' | 'source' | 'region'> {
  /** Absent where the source doesn't tell. */
  readonly restApi?: RestApi;
  /** What the source calls the API: a logical id, a Terraform address. */
  readonly address: string;
  /** What a person calls the API. */
  readonly label: string;
  /** What says in the source that a method demands a key, such as `private: true`. */
  readonly word: string;
  readonly apiKeySource?: 'HEADER' | 'AUTHORIZER';
  /** Whether every method demands a key that does not say otherwise. */
  readonly apiKeyRequired?: boolean;
  readonly methods: readonly RequiredMethod[];
}

export interface RequiredMethod {
  readonly method: string;
  /** As API Gateway writes it: `/residents/{id}`. */
  readonly path: string;
  /** Absent where the source says nothing of it, and the method is as all are. */
  readonly apiKeyRequired?: boolean;
  /** Where it is written, if not with its API. */
  readonly at?: Position;
}

/** What a source gives, before it is finished. */
export interface Translated extends Imported {
  readonly requirements: readonly Requirement[];
}

export interface Imported {
  readonly documents: readonly ManifestDocument[];
  readonly findings: readonly Finding[];
  /** What to write into the old tool's own files so that it lets go without deleting, in its own language; absent where nothing is to be let go. */
  readonly handOver?: string;
  /** The stack that CloudFormation makes of the source, where its name is known: live objects bear it in a tag. */
  readonly stackName?: string;
  /** Key values that were come across. They are in no text of this, and may get into none that is made from it. */
  readonly secrets?: ReadonlySet<string>;
}

/** A finding of a code, with the severity that the code has. */
export function finding(code: FindingCode, { file, line, address }: Position, message: string): Finding {
  return { file, line, ...(address !== undefined && { address }), code, severity: CODES[code].severity, message };
}
