/** The live state of one account and region, by lists; objects are read one by one only where a list can't be trusted (docs/api-gateway-facts.md#f19). */

import pMap from 'p-map';
import { REQUIREMENT } from '../../core/compare/key-requirement.ts';
import { claimOf, isRetired } from '../../core/compare/ownership.ts';
import { apiOf } from '../../core/compare/references.ts';
import type { Clock } from '../../core/model/clock.ts';
import { hasFixedIdentity } from '../../core/model/field-rules.ts';
import { compareText, isMap, isUnset, jsonEqual } from '../../core/model/json.ts';
import {
  type Api,
  type Desired,
  identity,
  type Json,
  type Live,
  TAG,
} from '../../core/model/model.ts';
import { seenNames } from '../../core/plan/claimants.ts';
import { isGatewayError } from '../../gateway/errors.ts';
import type { Send } from '../../gateway/send.ts';
import { listApis } from '../../kinds/apis.ts';
import type { Kind, Scope } from '../../kinds/kind.ts';
import { READERS } from '../../kinds/live.ts';
import type { Memory } from '../state/memory.ts';
import { isFinal } from '../state/permanent-failures.ts';

/** For so long after a write, a list that contradicts its answer is checked: the service promises no read-after-write consistency (docs/api-gateway-facts.md#f20). */
const SETTLING_MS = 60_000;

/** The stages, or the requirement, of one API could not be read. */
export interface UnreadApi {
  readonly apiId: string;
  readonly message: string;
  /** A later try may succeed. */
  readonly retryable: boolean;
}

export interface ObservedState {
  readonly live: readonly Live[];
  /** Undefined where no document speaks of an API by name. */
  readonly apis: readonly Api[] | undefined;
  /** The APIs whose stages were listed. */
  readonly apiIds: readonly string[];
  /** The APIs that could not be read: nothing is known of what they lack. */
  readonly unread: readonly UnreadApi[];
  /** When the first list of each kind was begun: milliseconds since the epoch. */
  readonly listedAt: number;
}

export interface ObserveOptions {
  readonly send: Send;
  readonly kinds: readonly Kind[];
  readonly desired: readonly Desired[];
  /** The owners of the Targets that are observed. */
  readonly owners: ReadonlySet<string>;
  readonly memory: Memory;
  readonly clock: Clock;
  /** Reads the whole account, whatever documents speak of. */
  readonly everything?: boolean;
  /** Told of the keys as soon as they are listed, while the rest is still being read. */
  readonly onKeys?: (keys: readonly Live[]) => void;
  /** Told when keys, usage plans and APIs are listed. */
  readonly onPlans?: (listed: Pick<ObservedState, 'live' | 'apis'>) => void;
}

/**
 * Reads everything that a pass needs: keys, plans, the members of the plans concerned, and the stages of the APIs concerned.
 * A list of keys, plans or APIs that fails, or comes in part, rejects when the others are there: unreadable is not absent.
 * An API whose stages can't be listed is left out, and named in `unread`.
 */
export async function observe(options: ObserveOptions): Promise<ObservedState> {
  const { send, kinds, desired } = options;
  const listedAt = options.clock.now();
  const of = (name: string) => kinds.filter(({ rules }) => rules.kind === name);
  const listObjects = async (kind: Kind) => {
    const listed = await listKind(kind, options, { apiIds: [] });
    if (kind.rules.kind === 'ApiKey') options.onKeys?.(listed);
    return listed;
  };
  const [apis, ...lists] = await allOrFirstError([
    options.everything || namesApis(desired) ? listApis(send) : undefined,
    ...kinds.filter(({ rules }) => !hasFixedIdentity(rules)).map(listObjects),
  ] as const);
  const objects = lists.flat();
  options.onPlans?.({ live: objects, apis });

  const concerned = apisConcerned(desired, apis, objects, options);
  const stages = await listPerApi(of('Stage'), concerned, {}, options);
  // An API whose document left Git has no requirement to observe any more.
  const requiring = options.everything ? concerned : apisRequiring(desired, apis);
  const requirements = await listPerApi(
    of(REQUIREMENT),
    requiring.filter((id) => !isUnread(id, stages.unread)),
    { listed: { apis, stages: stages.live } },
    options,
  );
  const unread = [...stages.unread, ...requirements.unread];
  return {
    live: [...objects, ...stages.live, ...requirements.live],
    apis,
    apiIds: concerned.filter((id) => !isUnread(id, unread)),
    unread,
    listedAt,
  };
}

/** Waits for all, also where one fails: what the others are told of must not come later. */
async function allOrFirstError<const T extends readonly unknown[]>(
  all: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(all);
  return Promise.all(all);
}

export function isUnread(apiId: string, unread: readonly UnreadApi[]): boolean {
  return unread.some((one) => one.apiId === apiId);
}

/** Lists API by API, so that one that fails keeps no other from being read. */
export async function listPerApi(
  [kind]: readonly Kind[],
  apiIds: readonly string[],
  scope: Pick<Scope, 'listed'>,
  options: ObserveOptions,
): Promise<Pick<ObservedState, 'live' | 'unread'>> {
  if (!kind) return { live: [], unread: [] };
  const unread: UnreadApi[] = [];
  const listed = await pMap(
    apiIds,
    async (apiId) => {
      try {
        return await listRaw(kind, options, { ...scope, apiIds: [apiId] });
      } catch (error) {
        if (!isGatewayError(error)) throw error;
        const { message } = error;
        unread.push({ apiId, message, retryable: !isFinal(error.class) });
        return [];
      }
    },
    READERS,
  );
  const live = await completed(kind, listed.flat(), options, (id) =>
    isUnread(id.split(':')[0] ?? '', unread),
  );
  return {
    live: kind.rules.kind === REQUIREMENT ? live.filter(({ id }) => apiIds.includes(id)) : live,
    unread: unread.toSorted((a, b) => compareText(a.apiId, b.apiId)),
  };
}

type ListScope = Pick<Scope, 'apiIds' | 'listed'>;

function listRaw(kind: Kind, options: ObserveOptions, scope: ListScope): Promise<readonly Live[]> {
  const wantsMembers = isConcerned(kind.rules.kind, options);
  return kind.list(options.send, { ...scope, wantsMembers, snapshots: options.memory.snapshots });
}

/** Lists keys, or usage plans. */
export async function listKind(
  kind: Kind,
  options: ObserveOptions,
  scope: ListScope,
): Promise<Live[]> {
  const concerned = isConcerned(kind.rules.kind, options);
  const tagged = await withTags(kind, await listRaw(kind, options, scope), concerned, options);
  const whole =
    kind.rules.kind === 'UsagePlan'
      ? await withThrottles(kind, tagged, concerned, options)
      : tagged;
  return completed(kind, whole, options);
}

/** A list with what it left out or tells of the time before our own writes. `isLeftOut`: ids of which the list says nothing. */
async function completed(
  kind: Kind,
  listed: readonly Live[],
  options: ObserveOptions,
  isLeftOut: (id: string) => boolean = () => false,
): Promise<Live[]> {
  const written = await withWritten(kind, listed, options);
  return kind.rules.kind === REQUIREMENT ? written : withMissing(kind, written, options, isLeftOut);
}

/**
 * Whether the list of plans carries method throttles is UNCONFIRMED (docs/api-gateway-facts.md#f19). One that it shows is proof; until then, the plans concerned that may have
 * some are read one by one, where a document asks for any.
 */
async function withThrottles(
  kind: Kind,
  listed: readonly Live[],
  concerned: (live: Live) => boolean,
  options: ObserveOptions,
): Promise<readonly Live[]> {
  const { send, memory, desired } = options;
  if (listed.some(hasMethodThrottles)) memory.throttlesProven = true;
  const asked = desired.some(
    ({ spec }) =>
      Array.isArray(spec.stages) &&
      spec.stages.some((entry: Json) => isMap(entry) && !isUnset(entry.methodThrottles)),
  );
  if (memory.throttlesProven || !(asked || options.everything)) return listed;
  const maybe = (live: Live) =>
    concerned(live) && !isUnset(live.spec.throttle) && !isUnset(live.spec.stages);
  const read = await pMap(
    listed,
    (live) => (maybe(live) ? kind.read(send, live.id) : live),
    READERS,
  );
  return read.filter((live) => live !== undefined);
}

function hasMethodThrottles(live: Live): boolean {
  return (
    isMap(live.spec.stages) &&
    Object.values(live.spec.stages).some((stage) => isMap(stage) && !isUnset(stage.methodThrottles))
  );
}

/** Whether a document means, or may mean, a live object: by our tags, by the name or id that it gives, or because it did so before. */
function isConcerned(
  kind: string,
  { desired, owners, memory, everything }: ObserveOptions,
): (live: Live) => boolean {
  if (everything) return () => true;
  const names = new Set<Json>();
  const ids = new Set<string>();
  for (const one of desired.filter((document) => document.kind === kind)) {
    names.add(one.spec.name ?? one.name);
    if (one.annotations.adopt) ids.add(one.annotations.adopt);
  }
  for (const [who, seen] of memory.lastSeen) if (who.startsWith(`${kind}/`)) ids.add(seen.id);
  return (live) => isClaimed(live, owners) || names.has(live.name) || ids.has(live.id);
}

function isClaimed(live: Live, owners: ReadonlySet<string>): boolean {
  return (
    claimOf(live, live.tags[TAG.owner] ?? '') !== undefined &&
    owners.has(live.tags[TAG.owner] ?? '')
  );
}

/**
 * Whether a list carries tags is UNCONFIRMED for keys (docs/api-gateway-facts.md#f19). One tag in a list is proof. Without any, those objects are read one by one that a
 * document may mean; where one of them has tags that the list left out, the list can't be trusted, and all are read.
 */
async function withTags(
  kind: Kind,
  listed: readonly Live[],
  concerned: (live: Live) => boolean,
  options: ObserveOptions,
): Promise<Live[]> {
  const { send, memory } = options;
  const name = kind.rules.kind;
  if (listed.some((live) => Object.keys(live.tags).length > 0)) memory.tagsProven.add(name);
  if (memory.tagsProven.has(name)) return [...listed];
  const read = async (which: readonly Live[]) => {
    const found = await pMap(which, (live) => kind.read(send, live.id), READERS);
    return new Map(found.flatMap((live) => (live ? [[live.id, live] as const] : [])));
  };
  const wanted = memory.tagsMissing.has(name) ? listed : listed.filter(concerned);
  const known = await read(wanted);
  if ([...known.values()].some((live) => Object.keys(live.tags).length > 0))
    memory.tagsMissing.add(name);
  const rest = memory.tagsMissing.has(name)
    ? await read(listed.filter((live) => !wanted.includes(live)))
    : new Map<string, Live>();
  return listed.flatMap((live) => {
    if (wanted.includes(live) && !known.has(live.id)) return [];
    return [known.get(live.id) ?? rest.get(live.id) ?? live];
  });
}

/** Soon after a write, a list may still tell of the time before it: then the object itself is asked, and a plan about each key. */
async function withWritten(
  kind: Kind,
  listed: readonly Live[],
  { send, memory, clock }: ObserveOptions,
): Promise<Live[]> {
  const byId = new Map(listed.map((live) => [live.id, live]));
  const isOver = (at: number) => clock.now() - at > SETTLING_MS;
  for (const [key, written] of memory.written) {
    if (written.kind !== kind.rules.kind) continue;
    if (isOver(written.observedAt)) {
      memory.written.delete(key);
      continue;
    }
    const now = byId.get(written.id);
    if (now && isAsWritten(now, written)) continue;
    const read = await kind.read(send, written.id);
    if (read) byId.set(read.id, await withAskedMembers(kind, read, written, send));
    else byId.delete(written.id);
  }
  for (const [key, at] of memory.deleted) {
    const [name, id = ''] = key.split(' ');
    if (isOver(at)) memory.deleted.delete(key);
    else if (name === kind.rules.kind && byId.has(id) && !(await kind.read(send, id)))
      byId.delete(id);
  }
  return [...byId.values()];
}

function isAsWritten(now: Live, written: Live): boolean {
  const { keys, ...spec } = now.spec;
  const { keys: writtenKeys, ...writtenSpec } = written.spec;
  const sameKeys = keys === undefined || writtenKeys === undefined || jsonEqual(keys, writtenKeys);
  return (
    sameKeys && jsonEqual(spec, writtenSpec) && jsonEqual({ ...now.tags }, { ...written.tags })
  );
}

/** Members come as a list even where an object is read by id. */
async function withAskedMembers(
  { members }: Kind,
  read: Live,
  written: Live,
  send: Send,
): Promise<Live> {
  if (!members) return read;
  const [now, then] = [read.spec[members.field], written.spec[members.field]];
  if (!isMap(now) || !isMap(then)) return read;
  const keys: Record<string, Json> = { ...now };
  for (const key of new Set([...Object.keys(now), ...Object.keys(then)])) {
    if (key in now && key in then) continue;
    if (await members.has(send, read.id, key)) keys[key] = true;
    else delete keys[key];
  }
  return { ...read, spec: { ...read.spec, [members.field]: keys } };
}

/** What this process saw live is missing only when reading it by id says so. */
async function withMissing(
  kind: Kind,
  listed: readonly Live[],
  { memory, send }: ObserveOptions,
  isLeftOut: (id: string) => boolean,
): Promise<Live[]> {
  const ids = new Set(listed.map((live) => live.id));
  const gone = [...memory.lastSeen].filter(
    ([who, seen]) =>
      who.startsWith(`${kind.rules.kind}/`) && !ids.has(seen.id) && !isLeftOut(seen.id),
  );
  const found = await pMap(gone, ([, seen]) => kind.read(send, seen.id), READERS);
  return [...listed, ...found.filter((live) => live !== undefined)];
}

export function namesApis(desired: readonly Desired[]): boolean {
  return references(desired).some((reference) => isMap(reference) && reference.name !== undefined);
}

/** Every reference to an API that the documents make. */
function references(desired: readonly Desired[]): (Json | undefined)[] {
  return desired.flatMap(({ spec }) => {
    const entries = Array.isArray(spec.stages)
      ? spec.stages.map((entry: Json) => (isMap(entry) ? entry.restApi : undefined))
      : [];
    return [spec.restApi, ...entries];
  });
}

/** The APIs whose stages matter: those that a document names, and those on which our plans or stages are. */
export function apisConcerned(
  desired: readonly Desired[],
  apis: readonly Api[] | undefined,
  live: readonly Live[],
  { owners, memory, everything }: ObserveOptions,
): string[] {
  if (everything && apis) return apis.map((api) => api.id);
  const ids = new Set<string>();
  for (const reference of references(desired)) {
    const found = apiOf(reference, apis);
    if ('found' in found) ids.add(found.found);
  }
  for (const one of live) {
    if (one.kind !== 'UsagePlan' || !isClaimed(one, owners) || !isMap(one.spec.stages)) continue;
    for (const stage of Object.keys(one.spec.stages)) ids.add(stage.split(':')[0] ?? '');
  }
  for (const [who, seen] of memory.lastSeen)
    if (who.startsWith('Stage/')) ids.add(seen.id.split(':')[0] ?? '');
  return [...ids].filter((id) => !apis || apis.some((api) => api.id === id)).sort();
}

/** The APIs whose key requirements are declared. */
export function apisRequiring(
  desired: readonly Desired[],
  apis: readonly Api[] | undefined,
): string[] {
  const found = desired
    .filter(({ kind }) => kind === REQUIREMENT)
    .map(({ spec }) => apiOf(spec.restApi, apis));
  return [...new Set(found.flatMap((one) => ('found' in one ? [one.found] : [])))].sort();
}

/**
 * Remembers which live object each identity is. Of a retired object and another of the same name, the other
 * one is remembered; of several others, the one that was known before, or none.
 */
export function recordLive(
  { lastSeen }: Pick<Memory, 'lastSeen'>,
  live: readonly Live[],
  { owner, namespace }: { readonly owner: string; readonly namespace: string },
  declared: ReadonlySet<string>,
): void {
  const seenAs = seenNames(lastSeen);
  const claims = Map.groupBy(live, (one) => {
    const claim = claimOf(one, owner);
    return claim?.namespace === namespace ? identity({ kind: one.kind, ...claim }) : undefined;
  });
  for (const [who, all] of claims) {
    if (who === undefined) continue;
    const isAnothers = ({ kind, id }: Live) => {
      const names = seenAs.get(`${kind} ${id}`) ?? [];
      return !names.includes(who) && names.some((name) => declared.has(name));
    };
    const active = all.filter((one) => !isRetired(one) && !isAnothers(one));
    const candidates = active.length > 0 ? active : all.filter((one) => !isAnothers(one));
    const before = lastSeen.get(who)?.id;
    if (candidates.some(({ id }) => id === before)) continue;
    const [only] = candidates;
    if (only && active.length <= 1) lastSeen.set(who, { id: only.id });
  }
}
