/** What an export is made from, and what it is: plain data. */

import type { Rules } from '../core/model/field-rules.ts';
import type { Api, Desired, Live } from '../core/model/model.ts';
import type { Renderable } from '../manifest-writer/render.ts';

/** An account and region, read in full: members of all plans, stages of all APIs. */
export interface Account {
  readonly live: readonly Live[];
  readonly apis: readonly Api[];
}

/** Names or ids of what is wanted. All of them empty: the whole account. */
export interface Selection {
  readonly apis: readonly string[];
  readonly plans: readonly string[];
  readonly keys: readonly string[];
}

export interface ExportOptions {
  readonly account: Account;
  /** Whose tags are our own. */
  readonly owner: string;
  /** The namespace that the documents are for. What our tags place in another one belongs to that one's documents. */
  readonly namespace: string;
  readonly selection: Selection;
  /** The documents that the namespace has already: what they mean is left out. */
  readonly declared: readonly Desired[];
  /** Whether a key and plans of that shape become a Consumer. */
  readonly consumers: boolean;
  /** The rules of all kinds, in dependency order. */
  readonly rules: readonly Rules[];
}

export interface ExportedDocument extends Renderable {
  /** AWS id of the live object; of a stage `<api id>:<stage name>`. */
  readonly id: string;
  /** Where it belongs in a directory: `apis/residents-api.yaml`. */
  readonly file: string;
  /** Of a Consumer: the documents that say the same, if it can't. */
  readonly parts?: readonly ExportedDocument[];
}

export interface Exported {
  readonly documents: readonly ExportedDocument[];
  /** What was left out of the export as a whole, and what to think of when reading it, as sentences. */
  readonly notes: readonly string[];
}

/** Objects of all kinds by one text. */
export function keyOf({ kind, id }: Pick<Live, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}
