/** What the manifests speak of already. */

import { createLiveIndex } from '../core/compare/live-index.ts';
import { matchDocument } from '../core/plan/match.ts';
import { type ExportOptions, keyOf } from './model.ts';

/** The live objects, by `keyOf`, that documents mean: theirs already, or to be adopted or held. One that only has the name of a document is not meant by it. */
export function declaredObjects({
  account,
  owner,
  namespace,
  declared,
}: ExportOptions): ReadonlySet<string> {
  const world = createLiveIndex({ namespace, owner, apis: account.apis, live: account.live });
  const found = declared.map((desired) => matchDocument(desired, world));
  return new Set(
    found.flatMap((one) =>
      one.is !== 'missing' && one.live && !(one.is === 'held' && one.wants === 'create')
        ? [keyOf(one.live)]
        : [],
    ),
  );
}
