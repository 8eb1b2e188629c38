/** Everything that decides how one live object becomes a document. */
import type { Live } from '../core/model/model.ts';
import type { ExportOptions } from './model.ts';
import type { Naming } from './naming.ts';
import type { PlansOf } from './select.ts';

export interface Context extends ExportOptions {
  readonly naming: Naming;
  /** By `keyOf`: what becomes a document. */
  readonly chosen: ReadonlySet<string>;
  readonly byKey: ReadonlyMap<string, Live>;
  readonly plansOf: PlansOf;
  /** Objects that have the same name, by kind and name. */
  readonly namesakes: ReadonlyMap<string, readonly Live[]>;
}
