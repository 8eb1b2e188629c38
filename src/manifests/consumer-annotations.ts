/** The annotations of a Consumer: what they say of each object that it expands to. */

import { compact } from '../core/model/compact.ts';
import { pointer } from '../core/model/json.ts';
import type { Annotations } from '../core/model/model.ts';
import { parseAnnotations, parseIdentity } from './annotations.ts';
import { type Part, partsOf, planName, stageLabel } from './consumer-parts.ts';
import type { Entry } from './entry.ts';
import { segmentsOf } from './problem.ts';
import { fieldSchema } from './schemas.ts';
import { didYouMean } from './suggest.ts';
import type { Finding } from './validate.ts';

/** Of an entry of `access` these say which stage is meant, and so are no fields of the plan. */
const STAGE_FIELDS: ReadonlySet<string> = new Set(['stage', 'restApi', 'stageName']);

type Place = Annotations['movedFrom'][number];

export function keyAnnotations(consumer: Entry): Annotations {
  const written = writtenOn(consumer);
  const adopt = annotationItems(written, 'adopt').find(({ part }) => part === undefined);
  return compact({
    ...shared(consumer),
    adopt: adopt?.value,
    ignore: ignored(consumer).flatMap(([where, ...names]) =>
      where === 'key' ? [pointer(['spec', ...names])] : [],
    ),
    movedFrom: oldNames(consumer),
  });
}

/** `movedFrom` holds the old name that is said of this plan alone: those that follow from others' are found when all documents are known. */
export function planAnnotations(consumer: Entry, part: Part): Annotations {
  const written = writtenOn(consumer);
  const adopt = annotationItems(written, 'adopt').find(
    (one) => one.part === part.suffix || one.value === 'by-name',
  );
  const moved = annotationItems(written, 'moved-from').find((one) => one.part === part.suffix);
  return compact({
    ...shared(consumer),
    adopt: adopt?.value,
    ignore: ignored(consumer).flatMap(([where, suffix, field = '', ...names]) => {
      if (where !== 'access' || suffix !== part.suffix) return [];
      return [
        pointer(
          field === 'methodThrottles'
            ? ['spec', 'stages', stageLabel(part), field, ...names]
            : ['spec', field, ...names],
        ),
      ];
    }),
    movedFrom: moved ? [parseIdentity(moved.value, consumer.namespace)] : [],
  });
}

/** The names that the Consumer had: one, if any. */
export function oldNames(consumer: Entry): Place[] {
  const bare = annotationItems(writtenOn(consumer), 'moved-from').filter(
    ({ part }) => part === undefined,
  );
  return bare.map(({ value }) => parseIdentity(value, consumer.namespace));
}

/** What is wrong in the annotations beyond their form. */
export function checkAnnotations(consumer: Entry): Finding[] {
  const written = writtenOn(consumer);
  const parts = [...new Set(partsOf(consumer).map(({ suffix }) => suffix))];
  const unknown = (part: string) =>
    `${part} is no stage in access${didYouMean(part, parts) || (parts.length > 0 ? `; its stages are ${parts.join(', ')}` : ', which has none')}`;
  const lists = (['adopt', 'moved-from'] as const).flatMap((name) => {
    const list = annotationItems(written, name);
    return list.flatMap(({ part }, index): Finding[] => {
      const isKnown = part === undefined || parts.includes(part);
      const isRepeated = list.findIndex((other) => other.part === part) !== index;
      const message = isKnown ? `${part ?? 'the key'} is written twice; keep one` : unknown(part);
      return isKnown && !isRepeated ? [] : [{ path: pathOf(name), message }];
    });
  });
  const ignores = ignored(consumer).flatMap(([where, ...names]): Finding[] => {
    const [suffix = '', field = ''] = where === 'key' ? ['key', ...names] : names;
    if (where !== 'key' && !parts.includes(suffix))
      return [{ path: pathOf('ignore'), message: unknown(suffix) }];
    const fields = where === 'key' ? fieldsOf('key') : planFields();
    if (fields.includes(field)) return [];
    const message = `${field} is no field of ${where === 'key' ? 'a key' : 'a plan'}${didYouMean(field, fields) || `; allowed are ${fields.join(', ')}`}`;
    return [{ path: pathOf('ignore'), message }];
  });
  return [...lists, ...ignores];
}

/** The old identity that an object is said to have had, each with the one that it has now. */
export function claimsOf(
  consumer: Entry,
): { readonly kind: string; readonly from: Place; readonly now: string }[] {
  const keys = oldNames(consumer).map((from) => ({ kind: 'ApiKey', from, now: consumer.name }));
  const plans = partsOf(consumer).flatMap((part) =>
    planAnnotations(consumer, part).movedFrom.map((from) => ({
      kind: 'UsagePlan',
      from,
      now: planName(consumer, part),
    })),
  );
  return [...keys, ...plans];
}

function shared(consumer: Entry): Annotations {
  const { adoptFrom, mode } = parseAnnotations(writtenOn(consumer), consumer.namespace);
  return compact({ adoptFrom, mode, ignore: [], movedFrom: [] });
}

/** Nothing where they can't be trusted. */
function writtenOn({ document, annotated }: Entry): Readonly<Record<string, string>> {
  const { metadata } = document.value as {
    readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  };
  return (annotated && metadata?.annotations) || {};
}

/** `k1, residents-production=p1`: what is said of the key, or of all, has no part. */
function annotationItems(
  written: Readonly<Record<string, string>>,
  name: string,
): { readonly part?: string; readonly value: string }[] {
  const text = written[`apikeeper.dev/${name}`];
  return (text?.split(',') ?? []).map((item) => {
    const [value = '', part] = item.trim().split('=').reverse();
    return compact({ part, value });
  });
}

/** The pointers of `ignore` as names below `/spec`. */
function ignored(consumer: Entry): string[][] {
  const text = writtenOn(consumer)['apikeeper.dev/ignore'];
  return (text?.split(',') ?? []).map((item) => segmentsOf(item.trim()).slice(1));
}

function fieldsOf(...names: readonly string[]): string[] {
  return Object.keys(fieldSchema('Consumer', 'spec', ...names)?.properties ?? {});
}

function planFields(): string[] {
  const entry = fieldSchema('Consumer', 'spec', 'access')?.items;
  return Object.keys(entry?.properties ?? {}).filter((name) => !STAGE_FIELDS.has(name));
}

function pathOf(annotation: string): string {
  return pointer(['metadata', 'annotations', `apikeeper.dev/${annotation}`]);
}
