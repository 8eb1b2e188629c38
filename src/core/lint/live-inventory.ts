/** What is live of keys, plans and what demands keys. Only the documents' objects are spoken of; all others count. */

import { REQUIREMENT } from '../compare/key-requirement.ts';
import { stageLabel } from '../compare/references.ts';
import { compareText, isMap, keysOf, pointer } from '../model/json.ts';
import { ALL_METHODS, type Api, type Desired, type Json, type Live } from '../model/model.ts';
import type { HoldReason, Step } from '../model/plan.ts';
import type { Subject } from '../model/warning.ts';
import type {
  Demand,
  Inventory,
  InventoryKey,
  InventoryUsagePlan,
  Limit,
  Limited,
} from './inventory.ts';

/** The live objects that a pass knows, as they are before its writes, or after them. */
export interface Observed {
  readonly live: readonly Live[];
  readonly apis: readonly Api[] | undefined;
  readonly steps: readonly Step[];
  /** By step: the object as the last write left it. Absent before an apply. */
  readonly written?: ReadonlyMap<Step, Live>;
}

export function liveInventory(observed: Observed): Inventory {
  const documents = documentsOf(observed);
  const documentOf = ({ kind, id }: Live) => documents.get(`${kind} ${id}`);
  const of = (kind: string) => observed.live.filter((one) => one.kind === kind);
  const managed = <T>(kind: string, read: (live: Live, subject: Subject) => T): T[] =>
    of(kind).flatMap((live) => {
      const document = documentOf(live);
      return document ? [read(live, subjectOf(document))] : [];
    });
  const label = (stage: string) =>
    documents.get(`Stage ${stage}`)?.name ?? stageLabel(stage, observed.apis);
  return {
    from: 'live',
    keys: of('ApiKey').map((live) => keyOf(live, documentOf(live))),
    plans: of('UsagePlan').map((live) => planOf(live, documentOf(live))),
    demands: managed(REQUIREMENT, (live, subject) => demandOf(live, subject, of('Stage'))),
    limited: [
      ...managed('UsagePlan', (live, subject) => planLimits(live, subject, label)),
      ...managed('Stage', stageLimits),
    ],
  };
}

/** What a held document names is not, or not yet, its object. */
const NOT_OURS: ReadonlySet<HoldReason | undefined> = new Set([
  'not-owned',
  'foreign',
  'ambiguous',
]);

/** By `<kind> <id>`: the documents that the live objects are of. */
function documentsOf({ steps, written }: Observed): ReadonlyMap<string, Desired> {
  return new Map(
    steps.flatMap((step) => {
      const { desired, reason } = step;
      const live = written?.get(step) ?? step.live;
      return live && desired && !NOT_OURS.has(reason)
        ? [[`${live.kind} ${live.id}`, desired] as const]
        : [];
    }),
  );
}

function subjectOf({ kind, namespace, name, source }: Desired): Subject {
  return { kind, namespace, name, source };
}

function keyOf({ id, spec }: Live, document: Desired | undefined): InventoryKey {
  const { enabled } = spec;
  return {
    id,
    ...(document && { subject: subjectOf(document) }),
    ...(typeof enabled === 'boolean' && { enabled }),
    ...(document?.consumer !== undefined && { consumer: document.consumer }),
  };
}

function planOf({ id, name, spec }: Live, document: Desired | undefined): InventoryUsagePlan {
  return {
    label: document?.name ?? `${name} (${id})`,
    ...(document && { subject: subjectOf(document) }),
    // The keys of a plan that no document means are not asked for.
    keys: isMap(spec.keys)
      ? { known: Object.keys(spec.keys), more: 'none' }
      : { known: [], more: 'any' },
    stages: { known: keysOf(spec.stages).map(stageRef), more: 'none' },
  };
}

/** `id`: `<api id>:<stage name>`. */
function stageRef(id: string): { readonly api: string; readonly stage: string } {
  const [api = '', stage = ''] = id.split(':');
  return { api: `id ${api}`, stage };
}

/** What a stage serves that was made since the API was read is not known. */
function demandOf({ id, name, spec }: Live, subject: Subject, stages: readonly Live[]): Demand {
  const served = isMap(spec.served) ? spec.served : {};
  const demanding = Object.entries(served).filter(
    ([, methods]) => isMap(methods) && Object.values(methods).includes(true),
  );
  const defined = isMap(spec.methods) ? spec.methods : {};
  const isDefined = (method: string) =>
    isMap(defined[method]) && defined[method].apiKeyRequired === true;
  const isUpcoming = ([stage, methods]: [string, Json]) =>
    !demanding.some(([name]) => name === stage) &&
    isMap(methods) &&
    Object.keys(methods).some(isDefined);
  const isNew = (stage: Live) => stage.id.startsWith(`${id}:`) && !(stage.name in served);
  const otherwise = stages.some(isNew) ? 'unknown' : 'none';
  return {
    subject,
    api: `id ${id}`,
    label: name,
    demands: demanding.length > 0 ? 'some' : otherwise,
    stages: demanding.map(([stage]) => stage).sort(compareText),
    upcoming: Object.entries(served)
      .filter(isUpcoming)
      .map(([stage]) => stage)
      .sort(compareText),
  };
}

function planLimits({ spec }: Live, subject: Subject, labelOf: (stage: string) => string): Limited {
  const perMethod = Object.entries(isMap(spec.stages) ? spec.stages : {}).flatMap(
    ([stage, about]) =>
      Object.entries(isMap(about) && isMap(about.methodThrottles) ? about.methodThrottles : {}).map(
        ([method, throttle]): Limit => {
          const path = pointer(['spec', 'stages', labelOf(stage), 'methodThrottles', method]);
          return { path, method, callers: 'keys', throttle: rates(throttle) };
        },
      ),
  );
  const { throttle, quota } = spec;
  return {
    subject,
    limits: [
      ...(isMap(throttle)
        ? [{ path: '/spec/throttle', callers: 'keys' as const, throttle: rates(throttle) }]
        : []),
      ...(isMap(quota)
        ? [
            {
              path: '/spec/quota',
              callers: 'keys' as const,
              quota: { limit: number(quota.limit), period: text(quota.period) },
            },
          ]
        : []),
      ...perMethod,
    ],
  };
}

function stageLimits({ spec }: Live, subject: Subject): Limited {
  const limits = Object.entries(isMap(spec.methodSettings) ? spec.methodSettings : {}).flatMap(
    ([method, about]): Limit[] => {
      if (!isMap(about) || !isMap(about.throttle)) return [];
      const path = pointer(['spec', 'methodSettings', method, 'throttle']);
      return [
        {
          path,
          ...(method !== ALL_METHODS && { method }),
          callers: 'all',
          throttle: rates(about.throttle),
        },
      ];
    },
  );
  return { subject, limits };
}

function rates(throttle: Json): NonNullable<Limit['throttle']> {
  const { rateLimit, burstLimit } = isMap(throttle) ? throttle : {};
  return { rateLimit: number(rateLimit), burstLimit: number(burstLimit) };
}

function number(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
