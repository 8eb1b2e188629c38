/** What becomes of a document when its live object is looked for. */
import type { Live } from '../../core/model/model.ts';
import type { ManifestDocument } from '../common/model.ts';
import type { LiveAccount } from './account.ts';

export type Match =
  | { readonly is: 'live'; readonly live: Live }
  /** apikeeper manages it already: another document speaks for it. */
  | { readonly is: 'owned'; readonly live: Live }
  /** `why`: what was looked for in vain. */
  | { readonly is: 'absent'; readonly why: string }
  | { readonly is: 'doubtful'; readonly why: string; readonly candidates: readonly Live[] };

export type Matches = ReadonlyMap<ManifestDocument, Match>;

/** What is looked for, and what was found already. */
export interface Context {
  readonly documents: readonly ManifestDocument[];
  readonly account: LiveAccount;
  readonly stackName: string | undefined;
  readonly matches: Map<ManifestDocument, Match>;
}

/** Undefined: nothing is settled. */
export type Find = (document: ManifestDocument, context: Context) => Match | undefined;

/** The one that there is. */
export function only(found: readonly Live[]): Match | undefined {
  const [live] = found;
  return live && found.length === 1 ? { is: 'live', live } : undefined;
}
