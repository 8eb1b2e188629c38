/** The live objects of one account and region, and the ways to find one. */
import { type Api, identity, type Live } from '../model/model.ts';
import { formerlyOf } from './formerly.ts';
import { claimOf } from './ownership.ts';

export interface LiveIndex {
  readonly namespace: string;
  readonly owner: string;
  /** Undefined where no document speaks of an API by name, and so they were not listed. */
  readonly apis: readonly Api[] | undefined;
  readonly live: readonly Live[];
  /** Identities that the documents declare. */
  readonly declared: ReadonlySet<string>;
  /** APIs whose stages could not be read. */
  readonly unread: ReadonlySet<string>;
  /** The identity that our tags give an object, in the namespace that carries it over. */
  claimOf(live: Live): { readonly namespace: string; readonly name: string } | undefined;
  byId(kind: string, id: string): Live | undefined;
  /** Those whose tags say that they are this identity (`<kind>/<namespace>/<name>`) of the owner's. */
  byOwner(identity: string): readonly Live[];
  /** Those that were renamed, and had this identity before. */
  byFormerly(identity: string): readonly Live[];
  /** Those of that name; names are not unique. */
  byName(kind: string, name: string): readonly Live[];
}

/** `carriedOver`: old namespaces, by which our tags still call objects, with the ones that take them over. */
export function createLiveIndex(
  about: Pick<LiveIndex, 'namespace' | 'owner' | 'apis' | 'live'> &
    Partial<Pick<LiveIndex, 'declared' | 'unread'>>,
  carriedOver: ReadonlyMap<string, string> = new Map(),
): LiveIndex {
  const ids = new Map(about.live.map((live) => [`${live.kind} ${live.id}`, live]));
  const names = Map.groupBy(about.live, (live) => `${live.kind} ${live.name}`);
  const ownClaimOf = (live: Live) => {
    const claim = claimOf(live, about.owner);
    const namespace = claim && carriedOver.get(claim.namespace);
    return claim && namespace !== undefined ? { ...claim, namespace } : claim;
  };
  const claims = Map.groupBy(about.live, (live) => {
    const claim = ownClaimOf(live);
    return claim && identity({ kind: live.kind, ...claim });
  });
  const renamed = Map.groupBy(about.live, (live) => {
    const before = ownClaimOf(live) && formerlyOf(live);
    return before && identity({ kind: live.kind, ...before });
  });
  return {
    declared: new Set(),
    unread: new Set(),
    ...about,
    claimOf: ownClaimOf,
    byId: (kind, id) => ids.get(`${kind} ${id}`),
    byOwner: (who) => claims.get(who) ?? [],
    byFormerly: (who) => renamed.get(who) ?? [],
    byName: (kind, name) => names.get(`${kind} ${name}`) ?? [],
  };
}
