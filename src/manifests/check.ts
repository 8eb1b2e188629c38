/**
 * What no schema can say, because it takes several fields or several documents. Every document that takes part in a violation is named,
 * so that the order of files and documents decides nothing.
 */
import { adoptedId, identity, type Json } from '../core/model/model.ts';
import { checkConsumer, twiceInAccess } from './check-consumers.ts';
import { checkPlans } from './check-plans.ts';
import { checkRequirements } from './check-requirements.ts';
import { claimsOf } from './consumer-annotations.ts';
import { withoutCopies } from './copies.ts';
import {
  createPlaceOf,
  duplicates,
  type Entry,
  methodKey,
  nameOf,
  type PlaceOf,
  shared,
  sole,
  stageOf,
  type Violation,
} from './entry.ts';
import { segmentsOf } from './problem.ts';
import { fieldSchema } from './schemas.ts';
import { didYouMean } from './suggest.ts';
import type { Finding } from './validate.ts';

/**
 * All violations among the documents. Only what an identity alone decides is asked of invalid ones.
 * @param single one entry for each identity: copies are compared with nothing but one another
 */
export function check(
  all: readonly Entry[],
  single: readonly Entry[] = withoutCopies(all),
): readonly Violation[] {
  const twice = twiceInAccess(all);
  const repeated = new Set(twice.map(({ entry }) => entry));
  const consumers = sole(
    all.filter(({ kind }) => kind === 'Consumer'),
    identity,
  );
  // What two Consumers of one name expand to is no mistake of its own.
  const own = all.filter(
    (entry) =>
      !repeated.has(entry) && (!entry.origin || consumers.has(identity(entry.origin.consumer))),
  );
  const entries = single.filter((entry) => !repeated.has(entry));
  const valid = entries.filter((entry) => entry.valid);
  const placeOf = createPlaceOf(valid);
  return [
    ...twice,
    ...sameIdentity(own),
    ...movedFrom(entries),
    ...movedApart(valid, placeOf),
    ...valid.flatMap((entry) => checkAlone(entry).map((finding) => ({ entry, ...finding }))),
    ...sameAdoption(valid),
    ...sameStage(valid, placeOf),
    ...sameValue(valid, placeOf),
    ...checkPlans(valid, placeOf),
    ...checkRequirements(valid, placeOf),
  ];
}

function sameIdentity(entries: readonly Entry[]): Violation[] {
  return shared(
    entries.map((entry) => ({ entry })),
    ({ entry }) => identity(entry),
  ).map(({ item: { entry }, others }) => ({
    entry,
    path: '/metadata/name',
    message: `${twiceText(entry)}, also by ${others}; ${entry.kind === 'Target' ? 'a namespace has one Target' : 'keep one, or rename one'}`,
  }));
}

function twiceText({ kind, name, origin }: Entry): string {
  return origin ? `expands to ${kind}/${name}, which is declared twice` : 'declared twice';
}

const MOVED_FROM = '/metadata/annotations/apikeeper.dev~1moved-from';

/** An old identity belongs to one document, and to none that still bears it. */
function movedFrom(entries: readonly Entry[]): Violation[] {
  const path = MOVED_FROM;
  const moved = entries.filter(({ valid }) => valid).flatMap(moves);
  const twice = shared(moved, ({ from }) => from).map(({ item: { entry }, others }) => ({
    entry,
    path,
    message: `the same old name is claimed by ${others}; one object can move to one place`,
  }));
  const declared = Map.groupBy(entries, identity);
  const still = moved.flatMap(({ entry, from, now }): Violation[] => {
    const others = declared.get(from) ?? [];
    if (from === now)
      return [
        {
          entry,
          path,
          message: 'names the document itself; write its old name, or remove the annotation',
        },
      ];
    if (others.length === 0) return [];
    const names = others.map(nameOf).join(', ');
    const message = `the old name is still borne by ${names}; remove that document, or this annotation (once the move is done it does nothing)`;
    // The Target that bears the name goes on as it is.
    if (entry.kind === 'Target') return [{ entry, path, message }];
    const answer = `${nameOf(entry)} says that it moved from this name; remove its moved-from annotation, or this document`;
    return [
      { entry, path, message },
      ...others.map((other) => ({ entry: other, path: '/metadata/name', message: answer })),
    ];
  });
  return [...twice, ...still];
}

/** Names in `moved-from` that belong to another account or region, as far as the Targets say. */
function movedApart(entries: readonly Entry[], placeOf: PlaceOf): Violation[] {
  const isKnown = (place: string) => place.includes('/');
  const documents = entries.filter(({ kind }) => kind !== 'Target');
  return documents.flatMap(moves).flatMap(({ entry, from }): Violation[] => {
    const [, namespace = ''] = from.split('/');
    const [there, here] = [placeOf(namespace), placeOf(entry.namespace)];
    if (there === here || !isKnown(there) || !isKnown(here)) return [];
    const message = `namespace ${namespace} is ${placeText(there)}, and ${entry.namespace} is ${placeText(here)}: an object cannot change its account or region; remove the annotation, and a new object is made here`;
    return [{ entry, path: MOVED_FROM, message }];
  });
}

function placeText(place: string): string {
  return `account ${place.replace('/', ', ')}`;
}

/** What a document says that objects were, and are now: the Consumer speaks for what it expands to. */
function moves(entry: Entry): { entry: Entry; from: string; now: string }[] {
  const { kind, namespace, name, annotations, origin } = entry;
  if (origin) return [];
  if (kind === 'Target') {
    const now = identity(entry);
    return annotations.movedFrom.map((from) => {
      const was = { kind, namespace: from.name, name: from.name };
      return { entry, from: identity(was), now };
    });
  }
  const claims =
    kind === 'Consumer'
      ? claimsOf(entry)
      : annotations.movedFrom.map((from) => ({ kind, from, now: name }));
  return claims.map((claim) => ({
    entry,
    from: identity({ kind: claim.kind, ...claim.from }),
    now: identity({ kind: claim.kind, namespace, name: claim.now }),
  }));
}

/** Rules within one document. */
function checkAlone(entry: Entry): Finding[] {
  if (entry.kind === 'Consumer' || entry.origin) return checkConsumer(entry);
  const findings = unknownIgnores(entry);
  if (entry.kind === 'Target') findings.push(...checkTarget(entry));
  if (entry.kind === 'Stage') findings.push(...checkStage(entry));
  return findings;
}

function unknownIgnores({ kind, annotations }: Entry): Finding[] {
  const fields = Object.keys(fieldSchema(kind, 'spec')?.properties ?? {});
  return annotations.ignore.flatMap((pointer) => {
    const [, field = ''] = segmentsOf(pointer);
    if (fields.includes(field)) return [];
    const message = `${pointer} is no field of a ${kind}${didYouMean(field, fields) || `; allowed are ${fields.join(', ')}`}`;
    return [{ path: '/metadata/annotations/apikeeper.dev~1ignore', message }];
  });
}

function checkTarget({ spec, annotations }: Entry): Finding[] {
  const findings: Finding[] = [];
  if (annotations.allowLoss && Number.isNaN(annotations.allowLoss.until)) {
    const message = 'there is no such time; write one in UTC, such as "10 until 2026-12-02T12:00Z"';
    findings.push({ path: '/metadata/annotations/apikeeper.dev~1allow-loss', message });
  }
  if (spec.prune === true && spec.owner === undefined) {
    const message =
      'prune needs a written owner, so that no other tree of the account is pruned; add owner: <name of this tree>';
    findings.push({ path: '/spec/prune', message });
  }
  const roleAccount = String(spec.roleArn ?? '').split(':')[4];
  if (roleAccount && roleAccount !== spec.accountId) {
    findings.push({
      path: '/spec/roleArn',
      message: `the role is of account ${roleAccount}, and accountId says ${spec.accountId}; correct one of them`,
    });
  }
  return findings;
}

function checkStage(entry: Entry): Finding[] {
  const findings = duplicates(
    (entry.spec.methodSettings ?? []) as readonly Json[],
    '/spec/methodSettings',
    methodKey,
  );
  const pattern = fieldSchema('Stage', 'spec', 'stageName')?.pattern ?? '';
  if (entry.spec.stageName === undefined && !new RegExp(pattern, 'u').test(entry.name)) {
    const message = `missing, and metadata.name can't stand for it, since a stage's name has no "."; write stageName`;
    findings.push({ path: '/spec/stageName', message });
  }
  return findings;
}

function sameAdoption(entries: readonly Entry[]): Violation[] {
  const items = entries.map((entry) => ({ entry, id: adoptedId(entry.annotations) }));
  return shared(items, ({ entry, id }) => (id ? `${entry.kind}/${id}` : undefined)).map(
    ({ item: { entry, id }, others }) => ({
      entry,
      path: '/metadata/annotations/apikeeper.dev~1adopt',
      message: `${id} is also adopted by ${others}; one live object belongs to one document`,
    }),
  );
}

function sameStage(entries: readonly Entry[], placeOf: PlaceOf): Violation[] {
  const items = entries.filter(({ kind }) => kind === 'Stage').map((entry) => ({ entry }));
  return shared(items, ({ entry }) => `${placeOf(entry.namespace)} ${stageOf(entry)}`).map(
    ({ item: { entry }, others }) => ({
      entry,
      path: '/spec',
      message: `the same stage of the same API is declared by ${others}; merge the documents`,
    }),
  );
}

/** Key values are unique per account and region: CreateApiKey answers 409 to a second one. */
function sameValue(entries: readonly Entry[], placeOf: PlaceOf): Violation[] {
  const items = entries
    .filter(({ kind, spec }) => kind === 'ApiKey' && spec.value !== undefined)
    .map((entry) => ({ entry }));
  return shared(
    items,
    ({ entry }) => `${placeOf(entry.namespace)} ${JSON.stringify(entry.spec.value)}`,
  ).map(({ item: { entry }, others }) => ({
    entry,
    path: '/spec/value',
    message: `the same source is the value of ${others}; two keys can't have one value, so give each its own`,
  }));
}
