/** Keys and plans that have the shape of a Consumer, as one document each (docs/contract.md#manifests). */

import { claimOf } from '../core/compare/ownership.ts';
import { compact } from '../core/model/compact.ts';
import { isMap, jsonEqual } from '../core/model/json.ts';
import type { Json, Live } from '../core/model/model.ts';
import { liveName } from '../manifest-writer/names.ts';
import { type Part, partOf } from '../manifests/consumer-parts.ts';
import type { Context } from './context.ts';
import { restApiOf } from './documents.ts';
import { type ExportedDocument, keyOf } from './model.ts';
import { isOwnPlan, stagesOf } from './select.ts';

/** What `defaults` may say for all entries of `access`. */
const SHARED = [
  'throttle',
  'quota',
  'methodThrottles',
  'description',
  'productCode',
  'tags',
  'deletionPolicy',
];

/**
 * The documents with a Consumer in place of each key and its plans where each plan has that key and one stage alone. What is ours stays what it is: only
 * where a Consumer would give it the name that it has.
 */
export function withConsumers(
  documents: readonly ExportedDocument[],
  context: Context,
): readonly ExportedDocument[] {
  const byLive = new Map(documents.map((document) => [keyOf(document), document]));
  const taken = new Set([
    ...context.account.live.flatMap((live) =>
      live.kind === 'UsagePlan' ? (context.naming.nameOf(live) ?? []) : [],
    ),
    ...context.declared.flatMap(({ kind, name }) => (kind === 'UsagePlan' ? [name] : [])),
  ]);
  const consumers = documents.flatMap((key) => {
    const consumer = key.kind === 'ApiKey' ? consumerOf(key, byLive, taken, context) : undefined;
    if (!consumer) return [];
    for (const name of consumer.planNames) taken.add(name);
    return [consumer.document];
  });
  const folded = new Set(consumers.flatMap(({ parts = [] }) => parts));
  return [...documents.filter((document) => !folded.has(document)), ...consumers];
}

interface Found {
  readonly document: ExportedDocument;
  readonly planNames: readonly string[];
}

function consumerOf(
  key: ExportedDocument,
  byLive: ReadonlyMap<string, ExportedDocument>,
  taken: ReadonlySet<string>,
  context: Context,
): Found | undefined {
  const plans = context.plansOf.get(key.id) ?? [];
  const documents = plans.map((plan) => byLive.get(keyOf(plan)));
  if (plans.length === 0 || !key.adopt || !plans.every(isOwnPlan)) return undefined;
  const access: Access[] = [];
  for (const [index, plan] of plans.entries()) {
    const document = documents[index];
    if (
      !document?.adopt ||
      document.manager !== key.manager ||
      document.spec.membership !== undefined
    )
      return undefined;
    const found = accessOf(key.name, plan, document, taken, context);
    if (!found || access.some(({ name }) => name === found.name)) return undefined;
    access.push(found);
  }
  return { document: folded(key, access), planNames: access.map(({ name }) => name) };
}

/** A plan as an entry of `access`. */
interface Access {
  /** Of the UsagePlan that the entry expands to, and what follows the consumer's name in it. */
  readonly name: string;
  readonly suffix: string;
  readonly document: ExportedDocument;
  readonly fields: Readonly<Record<string, Json>>;
}

/** Undefined where the plan would get a name that it can't have. */
function accessOf(
  consumer: string,
  plan: Live,
  document: ExportedDocument,
  taken: ReadonlySet<string>,
  context: Context,
): Access | undefined {
  const { stages, name: _, keys: __, ...spec } = document.spec;
  const [written] = Array.isArray(stages) ? (stages as readonly Json[]) : [];
  const [stageId = ''] = stagesOf(plan);
  if (!isMap(written)) return undefined;
  const { methodThrottles } = written;
  const stageNames = [
    where(written),
    { restApi: restApiOf(stageId, context), stageName: stageId.split(':')[1] ?? '' },
  ];
  const part = stageNames
    .flatMap((place) => partOf(place) ?? [])
    .find((one) => mayBeNamed(plan, `${consumer}-${one.suffix}`, taken, context));
  if (!part) return undefined;
  const name = `${consumer}-${part.suffix}`;
  const own = plan.name === '' ? {} : liveName(plan.name, name);
  const fields = compact({
    ...part.access,
    ...own,
    ...spec,
    methodThrottles,
  });
  return { name, suffix: part.suffix, document, fields };
}

/** How an entry says which stage it is. */
function where({
  methodThrottles: _,
  ...place
}: {
  readonly [field: string]: Json;
}): Part['access'] {
  return place;
}

/** What is ours keeps its name; another needs one that nothing has. */
function mayBeNamed(
  plan: Live,
  name: string,
  taken: ReadonlySet<string>,
  { owner, naming }: Context,
): boolean {
  return claimOf(plan, owner) || naming.nameOf(plan) === name
    ? naming.nameOf(plan) === name
    : !taken.has(name);
}

function folded(key: ExportedDocument, access: readonly Access[]): ExportedDocument {
  const [first, ...others] = access;
  const defaults = Object.fromEntries(
    SHARED.flatMap((field): [string, Json][] => {
      const value = first?.fields[field];
      const isShared =
        value !== undefined &&
        others.length > 0 &&
        others.every(({ fields }) => field in fields && jsonEqual(fields[field], value));
      return isShared ? [[field, value]] : [];
    }),
  );
  const entries = access.map(({ fields }) =>
    Object.fromEntries(Object.entries(fields).filter(([field]) => !(field in defaults))),
  );
  const ids = access.map(({ suffix, document }) => `${suffix}=${document.id}`);
  return {
    ...key,
    kind: 'Consumer',
    file: `consumers/${key.name}.yaml`,
    address: [key.address, ...access.map(({ document }) => document.address)].join(', '),
    adopt: { id: [key.id, ...ids].join(', ') },
    spec: { key: key.spec, ...(Object.keys(defaults).length > 0 && { defaults }), access: entries },
    comments: [
      ...key.comments,
      ...access.flatMap(({ suffix, document }) =>
        document.comments.map((comment) => `${suffix}: ${comment}`),
      ),
    ],
    parts: [key, ...access.map(({ document }) => document)],
  };
}
