/** What a Consumer expands to, before anything compares documents with one another: an ApiKey of its name, and a UsagePlan for each stage that it may call. */

import { compact } from '../core/model/compact.ts';
import { compareText, isMap } from '../core/model/json.ts';
import { type Annotations, identity, type Json } from '../core/model/model.ts';
import { keyAnnotations, oldNames, planAnnotations } from './consumer-annotations.ts';
import { type Part, partsOf, planName } from './consumer-parts.ts';
import type { Entry } from './entry.ts';

type Spec = Entry['spec'];

/** What all documents say that matters here. */
interface Documents {
  /** The Stage documents, by identity. */
  readonly stages: ReadonlyMap<string, readonly Entry[]>;
  /** The identities of all objects. */
  readonly declared: ReadonlySet<string>;
  /** Whether there can be no document that isn't known. */
  readonly isWhole: boolean;
}

/**
 * The entries with what their Consumers expand to, each after its Consumer. Those of an invalid Consumer are invalid, and those that can be told: they have
 * not left Git.
 * @param isWhole every file was read, and every document's identity is known
 */
export function expand(entries: readonly Entry[], isWhole: boolean): Entry[] {
  const consumers = entries.filter(({ kind }) => kind === 'Consumer');
  if (consumers.length === 0) return [...entries];
  const stages = Map.groupBy(
    entries.filter(({ kind }) => kind === 'Stage'),
    identity,
  );
  const declared = new Set([...entries, ...consumers.flatMap(identitiesOf)].map(identity));
  const documents = { stages, declared, isWhole };
  return entries.flatMap((entry) =>
    entry.kind === 'Consumer'
      ? [entry, keyOf(entry), ...partsOf(entry).map((part) => planOf(entry, part, documents))]
      : entry,
  );
}

function identitiesOf(consumer: Entry): { kind: string; namespace: string; name: string }[] {
  const { namespace, name } = consumer;
  return [
    { kind: 'ApiKey', namespace, name },
    ...partsOf(consumer).map((part) => ({
      kind: 'UsagePlan',
      namespace,
      name: planName(consumer, part),
    })),
  ];
}

function keyOf(consumer: Entry): Entry {
  const key = consumer.spec.key as Spec | undefined;
  return {
    ...consumer,
    kind: 'ApiKey',
    spec: key ?? {},
    annotations: keyAnnotations(consumer),
    origin: {
      consumer,
      pathOf: (pointer) =>
        pointer.replace(/^\/spec(\/.*)?$/, key === undefined ? '/spec' : '/spec/key$1'),
    },
  };
}

function planOf(consumer: Entry, part: Part, documents: Documents): Entry {
  const { index, access } = part;
  const path = `/spec/access/${index}`;
  const { value: place } = consumer.document.locate(path);
  const annotations = planAnnotations(consumer, part);
  const movedFrom =
    annotations.movedFrom.length > 0
      ? annotations.movedFrom
      : oldPlanNames(consumer, part, documents);
  return {
    ...consumer,
    document: { ...consumer.document, ...place },
    kind: 'UsagePlan',
    name: planName(consumer, part),
    // Without its old names a plan that moved would be made anew, and its key would lose the quota that it has used, and perhaps access.
    valid: consumer.valid && movedFrom !== undefined,
    spec: consumer.valid ? planSpec(consumer, access) : {},
    annotations: { ...annotations, movedFrom: movedFrom ?? [] },
    origin: {
      consumer,
      pathOf: (pointer) => writtenAt(pointer, path, access, defaultsOf(consumer)),
    },
  };
}

function planSpec(consumer: Entry, access: Spec): Spec {
  const { stage, restApi, stageName, methodThrottles, ...own } = withDefaults(
    access,
    defaultsOf(consumer),
  );
  const where = stage === undefined ? { restApi, stageName } : { stage };
  const entry = compact({ ...where, methodThrottles });
  return { ...own, stages: [entry as Json], keys: [consumer.name] };
}

function defaultsOf({ spec }: Entry): Spec {
  return (spec.defaults ?? {}) as Spec;
}

/** Tags are owned one by one, and so they are put together one by one. */
function withDefaults(access: Spec, defaults: Spec): Spec {
  const both = isMap(access.tags) && isMap(defaults.tags);
  return {
    ...defaults,
    ...access,
    ...(both && { tags: { ...(defaults.tags as Spec), ...(access.tags as Spec) } }),
  };
}

/**
 * The names that the plan may have had because its Consumer was called otherwise, or its Stage, or both: in the namespace where the old Consumer was, the stage had the
 * name that it has now, or the one that it moved from there. Undefined where that can't be told: then the plan must not be taken for a new one.
 */
function oldPlanNames(
  consumer: Entry,
  part: Part,
  { stages, declared, isWhole }: Documents,
): Annotations['movedFrom'] | undefined {
  const { namespace, name } = consumer;
  const { stage } = part.access;
  const named =
    typeof stage === 'string'
      ? (stages.get(identity({ kind: 'Stage', namespace, name: stage })) ?? [])
      : [];
  const isTold =
    named.length > 0
      ? named.every(({ annotated }) => annotated)
      : typeof stage !== 'string' || isWhole;
  if (!isTold) return undefined;
  // Of several documents of one name none is the right one, whichever comes first.
  const stageWas = named
    .flatMap(({ annotations }) => annotations.movedFrom)
    .sort((a, b) => compareText(a.name, b.name));
  const names = [{ namespace, name }, ...oldNames(consumer)].flatMap((was) => {
    const suffixes = [
      ...stageWas.filter((old) => old.namespace === was.namespace).map((old) => old.name),
      part.suffix,
    ];
    return suffixes.map((suffix) => ({ namespace: was.namespace, name: `${was.name}-${suffix}` }));
  });
  // What another document is named is that document's. The name that the plan has now is among these.
  return names.filter((one) => !declared.has(identity({ kind: 'UsagePlan', ...one })));
}

/** From a field of the plan to the one that says it: of the entry, or of `defaults` where the entry is silent. */
function writtenAt(pointer: string, path: string, access: Spec, defaults: Spec): string {
  if (pointer.startsWith('/metadata/annotations')) return pointer;
  const [, field = '', rest = ''] = /^\/spec\/(?:stages\/0\/)?([^/]+)(.*)$/.exec(pointer) ?? [];
  if (field in access) return `${path}/${field}${rest}`;
  return field in defaults ? `/spec/defaults/${field}${rest}` : path;
}
