/** The live state between passes: a change of the manifests reads again only what it touches; a scheduled pass reads everything. */
import pMap from 'p-map';
import { REQUIREMENT } from '../../core/compare/key-requirement.ts';
import { createLiveIndex, type LiveIndex } from '../../core/compare/live-index.ts';
import { apiOf, stageId } from '../../core/compare/references.ts';
import { isMap } from '../../core/model/json.ts';
import { type Desired, identity, type Live } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import { listApis } from '../../kinds/apis.ts';
import type { Kind } from '../../kinds/kind.ts';
import { READERS } from '../../kinds/live.ts';
import {
  apisConcerned,
  apisRequiring,
  namesApis,
  type ObservedState,
  type ObserveOptions,
} from './observe.ts';

/** What was planned last, and on what. */
export interface CachedState {
  readonly snapshot: ObservedState;
  /** The documents as texts, by identity: whatever differs was touched. */
  readonly documents: ReadonlyMap<string, string>;
}

export function cacheState(snapshot: ObservedState, desired: readonly Desired[]): CachedState {
  return { snapshot, documents: textsOf(desired) };
}

function textsOf(desired: readonly Desired[]): Map<string, string> {
  return new Map(
    desired.map((one) => [identity(one), JSON.stringify([one.spec, one.annotations])]),
  );
}

/** The kept snapshot with everything read again that a change of the documents touches: the objects that they mean or meant, and the stages of APIs that are new. */
export async function refresh(
  { snapshot, documents }: CachedState,
  options: ObserveOptions,
): Promise<ObservedState> {
  const { send, kinds, desired, memory, owner } = options;
  const apis = await apisFor(snapshot, options);
  const world = createLiveIndex({ namespace: '', owner, apis, live: snapshot.live });
  const now = textsOf(desired);
  const touched = [...new Set([...documents.keys(), ...now.keys()])].filter(
    (who) => documents.get(who) !== now.get(who),
  );
  const byIdentity = new Map(desired.map((one) => [identity(one), one]));
  const ids = new Map(
    touched
      .flatMap((who) => meant(who, byIdentity.get(who), world, memory.lastSeen.get(who)?.id))
      .map((one) => [`${one.kind} ${one.id}`, one]),
  );

  const live = new Map(snapshot.live.map((one) => [`${one.kind} ${one.id}`, one]));
  await pMap(
    ids,
    async ([key, { kind, id }]) => {
      const read = await kindOf(kinds, kind)?.read(send, id);
      if (read) live.set(key, read);
      else live.delete(key);
    },
    READERS,
  );
  const concerned = apisConcerned(desired, apis, [...live.values()], options);
  const added = concerned.filter((id) => !snapshot.apiIds.includes(id));
  if (added.length > 0) {
    const stages = await kindOf(kinds, 'Stage')?.list(send, {
      apiIds: added,
      wantsMembers: () => false,
    });
    for (const stage of stages ?? []) live.set(`Stage ${stage.id}`, stage);
  }
  const requiring = new Set(apisRequiring(desired, apis));
  const concerning = [...live.values()].filter(
    ({ kind, id }) => kind !== REQUIREMENT || requiring.has(id),
  );
  return {
    ...snapshot,
    apis,
    apiIds: [...new Set([...snapshot.apiIds, ...added])],
    live: concerning,
  };
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
    const { adopt, movedFrom } = desired.annotations;
    ids.push(
      ...world.byName(kind, String(desired.spec.name ?? desired.name)).map((live) => live.id),
    );
    if (adopt !== undefined && adopt !== 'by-name') ids.push(adopt);
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
  const live = new Map(snapshot.live.map((one) => [`${one.kind} ${one.id}`, one]));
  for (const step of steps) {
    // A held part of an object writes nothing: what it knows is from before its other part's writes.
    if (step.action === 'hold') continue;
    const now = current.get(step);
    if (now) live.set(`${now.kind} ${now.id}`, now);
    else if (step.live && step.action === 'delete')
      live.delete(`${step.live.kind} ${step.live.id}`);
  }
  return { ...snapshot, live: [...live.values()] };
}

function kindOf(kinds: readonly Kind[], name: string): Kind | undefined {
  return kinds.find((kind) => kind.rules.kind === name);
}
