/** The live state between passes: a change of the manifests reads again only what it touches; a scheduled pass reads everything. */
import pMap from 'p-map';
import { REQUIREMENT } from '../../core/compare/key-requirement.ts';
import { createLiveIndex, type LiveIndex } from '../../core/compare/live-index.ts';
import { apiOf, stageId } from '../../core/compare/references.ts';
import { isMap } from '../../core/model/json.ts';
import { adoptedId, type Desired, identity, type Live } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import { isGatewayError } from '../../gateway/errors.ts';
import { listApis } from '../../kinds/apis.ts';
import type { Kind } from '../../kinds/kind.ts';
import { READERS } from '../../kinds/live.ts';
import {
  apisConcerned,
  apisRequiring,
  isUnread,
  listKind,
  listPerApi,
  namesApis,
  type ObservedState,
  type ObserveOptions,
} from './observe.ts';

interface Doubts {
  /** Objects to be read again, as `<kind> <id>`: nobody knows how a call on them ended, or a reading of them failed. */
  readonly doubtful: ReadonlySet<string>;
  /** Kinds whose list has to be read again: a create may have made an object all the same. */
  readonly relisted: ReadonlySet<string>;
}

/** The last reading, and the documents that it was made for. */
export interface CachedState extends Doubts {
  readonly snapshot: ObservedState;
  /** The documents as texts, by identity: whatever differs was touched. */
  readonly documents: ReadonlyMap<string, string>;
}

export function cacheState(
  snapshot: ObservedState,
  desired: readonly Desired[],
  { doubtful = new Set(), relisted = new Set() }: Partial<Doubts> = {},
): CachedState {
  return { snapshot, documents: textsOf(desired), doubtful, relisted };
}

function textsOf(desired: readonly Desired[]): Map<string, string> {
  return new Map(
    desired.map((one) => [identity(one), JSON.stringify([one.spec, one.annotations])]),
  );
}

/** The identities whose documents came, went or changed since they were cached. */
export function touchedSince({ documents }: CachedState, desired: readonly Desired[]): string[] {
  const now = textsOf(desired);
  return [...new Set([...documents.keys(), ...now.keys()])].filter(
    (who) => documents.get(who) !== now.get(who),
  );
}

/**
 * The kept reading, with everything read again that a change of the documents touches, or that is in doubt:
 * the objects that they mean or meant, and the stages of APIs that are new. An object whose reading
 * fails stays as it was, and in doubt.
 */
export async function refresh(cached: CachedState, options: ObserveOptions): Promise<CachedState> {
  const { snapshot } = cached;
  const { send, kinds, desired, memory, owners } = options;
  const apis = await apisFor(snapshot, options);
  const live = new Map(snapshot.live.map((one) => [keyOf(one), one]));
  for (const name of cached.relisted) {
    const kind = kindOf(kinds, name);
    if (!kind) continue;
    const listed = await listKind(kind, options, { apiIds: [] });
    for (const [key, one] of live) if (one.kind === name) live.delete(key);
    for (const one of listed) live.set(keyOf(one), one);
  }

  const byIdentity = new Map(desired.map((one) => [identity(one), one]));
  const touched = touchedSince(cached, desired);
  const concerned = [...owners].flatMap((owner) => {
    const world = createLiveIndex({ namespace: '', owner, apis, live: [...live.values()] });
    return touched.flatMap((who) =>
      meant(who, byIdentity.get(who), world, memory.lastSeen.get(who)?.id),
    );
  });
  const again = new Set([...concerned.map(keyOf), ...cached.doubtful]);
  const doubtful = new Set<string>();
  await pMap(
    again,
    async (key) => {
      const [kind = '', id = ''] = key.split(' ');
      try {
        const read = await kindOf(kinds, kind)?.read(send, id);
        if (read) live.set(key, read);
        else live.delete(key);
      } catch (error) {
        if (!isGatewayError(error)) throw error;
        doubtful.add(key);
      }
    },
    READERS,
  );

  const needed = apisConcerned(desired, apis, [...live.values()], options);
  const added = needed.filter((id) => !snapshot.apiIds.includes(id));
  const stages = await listPerApi(
    kinds.filter(({ rules }) => rules.kind === 'Stage'),
    added,
    {},
    options,
  );
  for (const stage of stages.live) live.set(keyOf(stage), stage);
  const requiring = new Set(apisRequiring(desired, apis));
  return cacheState(
    {
      ...snapshot,
      apis,
      apiIds: [...snapshot.apiIds, ...added.filter((id) => !isUnread(id, stages.unread))],
      unread: stages.unread,
      live: [...live.values()].filter(({ kind, id }) => kind !== REQUIREMENT || requiring.has(id)),
    },
    desired,
    { doubtful },
  );
}

/** Listed again only for a name that isn't known. */
async function apisFor(
  { apis }: ObservedState,
  { desired, send }: ObserveOptions,
): Promise<ObservedState['apis']> {
  if (!namesApis(desired)) return apis;
  const stages = desired.flatMap(({ spec }) => [
    spec,
    ...(Array.isArray(spec.stages) ? spec.stages.filter(isMap) : []),
  ]);
  const named = stages.flatMap((spec) =>
    isMap(spec.restApi) && spec.restApi.name !== undefined ? [spec.restApi] : [],
  );
  return apis && named.every((reference) => 'found' in apiOf(reference, apis))
    ? apis
    : listApis(send);
}

/** The live objects that an identity means, may mean, or meant. */
function meant(
  who: string,
  desired: Desired | undefined,
  world: LiveIndex,
  seenId: string | undefined,
): { readonly kind: string; readonly id: string }[] {
  const kind = who.split('/')[0] ?? '';
  const claiming = world.byOwner(who).map((live) => live.id);
  const ids = [...claiming, ...(seenId === undefined ? [] : [seenId])];
  if (desired?.kind === 'Stage') {
    const id = stageId(desired, world.apis);
    if ('found' in id && world.byId(kind, id.found)) ids.push(id.found);
  } else if (desired?.kind === REQUIREMENT) {
    const id = apiOf(desired.spec.restApi, world.apis);
    if ('found' in id) ids.push(id.found);
  } else if (desired) {
    const { movedFrom } = desired.annotations;
    const adopted = adoptedId(desired.annotations);
    ids.push(
      ...world.byName(kind, String(desired.spec.name ?? desired.name)).map((live) => live.id),
    );
    if (adopted !== undefined) ids.push(adopted);
    ids.push(
      ...movedFrom
        .flatMap((from) => world.byOwner(identity({ kind, ...from })))
        .map((live) => live.id),
    );
  }
  return [...new Set(ids)].map((id) => ({ kind, id }));
}

/** The snapshot as an apply left it: our own writes' answers count as read. */
export function afterApply(
  snapshot: ObservedState,
  steps: readonly Step[],
  current: ReadonlyMap<Step, Live>,
): ObservedState {
  const live = new Map(snapshot.live.map((one) => [keyOf(one), one]));
  for (const step of steps) {
    // A held part of an object writes nothing: what it knows is from before its other part's writes.
    if (step.action === 'hold') continue;
    const now = current.get(step);
    if (now) live.set(keyOf(now), now);
    else if (step.live && step.action === 'delete') live.delete(keyOf(step.live));
  }
  return { ...snapshot, live: [...live.values()] };
}

/** The live objects with what was written while they were being read: a list may have come before the write. */
export function withWrites(live: readonly Live[], written: readonly Live[]): readonly Live[] {
  if (written.length === 0) return live;
  const own = new Map(written.map((one) => [keyOf(one), one]));
  return live.map((one) => {
    const mine = own.get(keyOf(one));
    return mine && mine.observedAt >= one.observedAt ? mine : one;
  });
}

function keyOf({ kind, id }: Pick<Live, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}

function kindOf(kinds: readonly Kind[], name: string): Kind | undefined {
  return kinds.find((kind) => kind.rules.kind === name);
}
