/** How documents refer to each other, and to what is live: from names to ids and back. */
import type { Resolve } from '../../core/compare/canonicalize.ts';
import type { ReferenceOf } from '../../core/compare/manifest-spec.ts';
import { otherManager } from '../../core/compare/ownership.ts';
import { apiReference } from '../../core/compare/references.ts';
import { isMap } from '../../core/model/json.ts';
import type { Json, Live } from '../../core/model/model.ts';
import type { ManifestDocument } from '../common/model.ts';
import { idsIn, type LiveAccount, placeOf, stageIdsOf } from './account.ts';
import type { Matches } from './found.ts';

export interface References {
  readonly account: LiveAccount;
  /** What a manifest calls a live object. */
  readonly refer: ReferenceOf;
  /** What a person calls it. `field`: of a plan, `keys` or `stages`. */
  readonly label: (field: string, id: string) => string;
  /** For one plan's document: what the entries of its lists mean. */
  readonly resolve: Resolve;
}

/** For the document of each live object. `live`: the object itself, for a plan knows best which of two stages of one name it is open for. */
export function createReferences(
  matches: Matches,
  account: LiveAccount,
): (live: Live) => References {
  const documents = new Map(
    [...matches.keys()].map((document) => [`${document.kind} ${document.name}`, document]),
  );
  const keys = new Map(
    account.live.filter(({ kind }) => kind === 'ApiKey').map((key) => [key.id, key]),
  );
  const byLive = new Map<string, string>(
    [...matches].flatMap(([{ kind, name }, match]) =>
      match.is === 'live' ? [[`${kind} ${match.live.id}`, name] as const] : [],
    ),
  );
  const liveOf = (document: ManifestDocument | undefined) => {
    const match = document && matches.get(document);
    return match && (match.is === 'live' || match.is === 'owned') ? match.live : undefined;
  };
  const stageLabel = (id: string) => {
    const [api = '', stageName = ''] = id.split(':');
    return `${account.apis.find((one) => one.id === api)?.name ?? api}:${stageName}`;
  };
  const keyLabel = (id: string) => {
    const name = keys.get(id)?.name;
    return byLive.get(`ApiKey ${id}`) ?? (name ? `${name} (${id})` : id);
  };

  /** While another manager holds the key and not the plan, the plan can't mean it by its document's name. */
  function isHeldAlone(id: string, plan: Live): boolean {
    const key = keys.get(id);
    return (
      key !== undefined &&
      otherManager(key, '') !== undefined &&
      otherManager(plan, '') === undefined
    );
  }

  function refer(kind: string, id: string, plan: Live): Json {
    const document = byLive.get(`${kind} ${id}`);
    if (kind === 'ApiKey')
      return document === undefined || isHeldAlone(id, plan) ? { id } : document;
    const [api = '', stageName = ''] = id.split(':');
    return document === undefined
      ? { restApi: apiReference(api, account.apis), stageName }
      : { stage: document };
  }

  function resolve(kind: string, entry: Json, plan: Live): ReturnType<Resolve> {
    if (kind === 'ApiKey') {
      const named =
        typeof entry === 'string' ? liveOf(documents.get(`ApiKey ${entry}`))?.id : undefined;
      const id = isMap(entry) ? String(entry.id) : named;
      return id === undefined ? lost(String(entry)) : { key: id, label: keyLabel(id) };
    }
    const stage = isMap(entry) ? documents.get(`Stage ${String(entry.stage)}`) : undefined;
    const own = liveOf(stage)?.id;
    const spec = stage?.spec ?? entry;
    const places = isMap(spec) ? placeOf(spec) : [];
    const ids = own === undefined ? places.flatMap((place) => stageIdsOf(place, account)) : [own];
    const id = ids.find((one) => idsIn(plan.spec.stages).includes(one)) ?? ids[0];
    return id === undefined
      ? lost(places.map(({ stageName }) => stageName).join() || 'a stage')
      : { key: id, label: stageLabel(id) };
  }

  return (live) => ({
    account,
    refer: (kind, id) => refer(kind, id, live),
    resolve: (kind, entry) => resolve(kind, entry, live),
    label: (field, id) => (field === 'keys' ? keyLabel(id) : stageLabel(id)),
  });
}

function lost(label: string): ReturnType<Resolve> {
  return { label, reason: 'unresolved-reference', unresolved: `${label} is not live` };
}
