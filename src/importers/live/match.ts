/**
 * Which live object a document means. An id or the tags of a stack settle it; a name does only where one object bears it and something else agrees
 * (docs/migrate-*.md): two services may have called two keys the same.
 */

import { isMap, isUnset, jsonEqual } from '../../core/model/json.ts';
import { type Json, type Live, TAG } from '../../core/model/model.ts';
import type { Imported, ManifestDocument } from '../common/model.ts';
import {
  describe,
  idsIn,
  type LiveAccount,
  soughtName,
  stackOf,
  stageIdsOf,
  stagePlaces,
} from './account.ts';
import { type Context, type Find, type Match, type Matches, only } from './found.ts';
import { requirementMatch, stageMatch } from './match-apis.ts';

/** Every document has a match. No two have the same live object. */
export function matchLive({ documents, stackName }: Imported, account: LiveAccount): Matches {
  const context: Context = { documents, account, stackName, matches: new Map() };
  const ofKind = (...kinds: readonly string[]) =>
    documents.filter(({ kind }) => kinds.includes(kind));
  settle(documents, context, elsewhere);
  const named = ofKind('UsagePlan', 'ApiKey');
  settle(named, context, byId);
  settle(named, context, byStackAndName);
  settle(named, context, byLogicalId);
  // A plan tells about its keys.
  settle(ofKind('UsagePlan'), context, byName);
  settle(ofKind('ApiKey'), context, byName);
  settle(ofKind('Stage'), context, stageMatch);
  settle(ofKind('KeyRequirement'), context, requirementMatch);
  return new Map([...context.matches].map(([document, match]) => [document, ownedOr(match)]));
}

/** Matches the documents that have no match yet. An object that two of them would get is nobody's. */
function settle(documents: readonly ManifestDocument[], context: Context, find: Find): void {
  const open = documents.filter((document) => !context.matches.has(document));
  const found = open.flatMap((document) => {
    const match = find(document, context);
    return match ? [{ document, match }] : [];
  });
  for (const { document, match } of found) {
    const rivals = found.filter(
      (other) =>
        match.is === 'live' && other.match.is === 'live' && other.match.live === match.live,
    );
    if (match.is !== 'live' || rivals.length === 1) context.matches.set(document, match);
    else {
      const names = rivals.map((rival) => rival.document.address).join(', ');
      context.matches.set(document, {
        is: 'doubtful',
        why: `${names} would all be the same live object`,
        candidates: [match.live],
      });
    }
  }
}

function ownedOr(match: Match): Match {
  return match.is === 'live' &&
    match.live.kind !== 'KeyRequirement' &&
    match.live.tags[TAG.owner] !== undefined
    ? { is: 'owned', live: match.live }
    : match;
}

const elsewhere: Find = ({ region = '' }, { account }) =>
  region === '' || region === account.region
    ? undefined
    : { is: 'absent', why: `it is in region ${region}, which was not read` };

const byId: Find = ({ kind, adopt, ...document }, { account }) => {
  if (typeof adopt !== 'object') return undefined;
  const live = account.live.find((one) => one.kind === kind && one.id === adopt.id);
  if (live) return { is: 'live', live };
  const name = String(document.spec.name ?? document.name);
  const namesakes = account.live.filter((one) => one.kind === kind && one.name === name);
  const also =
    namesakes.length === 0
      ? ''
      : `; ${namesakes.map(describe).join(', ')} is called ${name}, and is another one`;
  return { is: 'absent', why: `nothing has its id, ${adopt.id}${also}` };
};

/** A source counts its resources, and a changed file may count otherwise than the one that was deployed: within a stack, the name tells more. */
const byStackAndName: Find = (document, context) => {
  const name = soughtName(document);
  return name === undefined
    ? undefined
    : only(ofStack(document, context).filter((live) => live.name === name));
};

const byLogicalId: Find = (document, context) =>
  only(ofStack(document, context).filter((live) => stackOf(live).logicalId === document.address));

function ofStack(
  { kind }: ManifestDocument,
  { account, stackName, matches }: Context,
): readonly Live[] {
  if (stackName === undefined) return [];
  const taken = takenBy(matches);
  return account.live.filter(
    (live) => live.kind === kind && stackOf(live).stack === stackName && !taken.has(live),
  );
}

function takenBy(matches: Context['matches']): ReadonlySet<Live> {
  return new Set(
    [...matches.values()].flatMap((match) => (match.is === 'live' ? [match.live] : [])),
  );
}

const byName: Find = (document, context) => {
  const { kind, address } = document;
  const name = soughtName(document);
  const taken = takenBy(context.matches);
  if (name === undefined) return nameless(document, context, taken);
  const namesakes = context.account.live.filter((live) => live.kind === kind && live.name === name);
  const [live] = namesakes;
  if (!live) return { is: 'absent', why: `nothing is called ${name}` };
  if (namesakes.length > 1)
    return {
      is: 'doubtful',
      why: `${namesakes.length} live objects are called ${name}`,
      candidates: namesakes,
    };
  if (taken.has(live))
    return { is: 'absent', why: `what is called ${name} is something else of this file` };
  const { stack, logicalId } = stackOf(live);
  // Once adopted, our own tag outranks the stack's.
  const isOthers =
    logicalId !== undefined &&
    live.tags[TAG.owner] === undefined &&
    (context.stackName !== undefined || logicalId !== address);
  if (isOthers)
    return {
      is: 'doubtful',
      why: `what is called ${name} is of stack ${stack}`,
      candidates: [live],
    };
  if (logicalId === address || agrees(document, live, context)) return { is: 'live', live };
  return {
    is: 'doubtful',
    why: `something is called ${name}, and ${DISAGREES[kind] ?? 'nothing else agrees'}`,
    candidates: [live],
  };
};

const DISAGREES: Readonly<Partial<Record<string, string>>> = {
  ApiKey:
    'it is in no plan that this file puts it into, and has no description or tags that tell it apart',
  UsagePlan: 'it is open for none of the stages that this file names',
};

/** What may be an object whose name nobody wrote: what the stack's name or the plan's keys leave over. */
function nameless(
  { kind, address, name }: ManifestDocument,
  { account, documents, matches }: Context,
  taken: ReadonlySet<Live>,
): Match {
  const plans = documents.filter(
    (plan) => plan.kind === 'UsagePlan' && namesOf(plan.spec.keys).includes(name),
  );
  const members = new Set(plans.flatMap((plan) => liveKeys(matches.get(plan))));
  const candidates = account.live.filter(
    (live) =>
      live.kind === kind &&
      !taken.has(live) &&
      (stackOf(live).logicalId === address || (kind === 'ApiKey' && members.has(live.id))),
  );
  if (candidates.length === 0)
    return { is: 'absent', why: `its name is not known, and nothing bears the tags of ${address}` };
  return { is: 'doubtful', why: 'its name is not known', candidates };
}

/** What besides the name says that they are one: a stage, a plan, a text, tags. */
function agrees(document: ManifestDocument, live: Live, context: Context): boolean {
  const { kind, spec } = document;
  if (!isUnset(spec.description) && spec.description === live.spec.description) return true;
  if (isMap(spec.tags) && !isUnset(spec.tags) && isMap(live.spec.tags)) {
    const theirs = live.spec.tags;
    if (Object.entries(spec.tags).every(([key, value]) => jsonEqual(value, theirs[key])))
      return true;
  }
  return kind === 'UsagePlan'
    ? sharesStage(document, live, context)
    : isMember(document, live, context);
}

function sharesStage(
  document: ManifestDocument,
  live: Live,
  { documents, account }: Context,
): boolean {
  const bound = idsIn(live.spec.stages);
  const places = stagePlaces(document, documents);
  if (places.length === 0) return bound.length === 0;
  return places.some((place) => stageIdsOf(place, account).some((id) => bound.includes(id)));
}

function isMember(
  { name }: ManifestDocument,
  live: Live,
  { documents, matches }: Context,
): boolean {
  return documents.some(
    (plan) =>
      plan.kind === 'UsagePlan' &&
      namesOf(plan.spec.keys).includes(name) &&
      liveKeys(matches.get(plan)).includes(live.id),
  );
}

function liveKeys(match: Match | undefined): string[] {
  return match?.is === 'live' ? idsIn(match.live.spec.keys) : [];
}

function namesOf(keys: Json | undefined): readonly Json[] {
  return Array.isArray(keys) ? keys : [];
}
