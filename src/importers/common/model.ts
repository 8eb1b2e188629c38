/** What an importer gives: manifests, what it could not put into them, and how the old tool lets go. Pure data, whatever it was read from. */

import { compact } from '../../core/model/compact.ts';
import type { ManifestDocument, Position } from '../../manifest-writer/document.ts';
import { CODES, type FindingCode, type Severity } from './codes.ts';

export type { ManifestDocument, Position } from '../../manifest-writer/document.ts';
export type { FindingCode } from './codes.ts';

export interface Finding extends Position {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What could not be translated, or must be known, and the way out. Never a key value. */
  readonly message: string;
}

/** An API as a source names it: what a Stage and a UsagePlan refer to. */
export type RestApi = { readonly name: string } | { readonly id: string };

/** The methods of an API, as a source has them: what a KeyRequirement is made of. */
export interface Requirement
  extends Pick<ManifestDocument, 'manager' | 'comments' | 'source' | 'region'> {
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
export function finding(
  code: FindingCode,
  { file, line, address }: Position,
  message: string,
): Finding {
  return compact({
    file,
    line,
    address,
    code,
    severity: CODES[code].severity,
    message,
  });
}
