/** The rules about usage plans: who may be a member of what. */
import { adoptedId, identity, type Json } from '../core/model/model.ts';
import {
  duplicates,
  type Entry,
  methodKey,
  type PlaceOf,
  shared,
  sole,
  stageKey,
  stageOf,
  type Violation,
} from './entry.ts';
import type { Finding } from './validate.ts';

/** "Usage plans per key", increasable on request: [api-gateway limits](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html). */
const MAX_PLANS_PER_KEY = 10;

/** A member of a plan as it is written, and as it can be compared with others: by id where one is known, else by the document's identity. */
interface Member {
  readonly entry: Entry;
  readonly path: string;
  readonly label: string;
  readonly key: string;
}

export function checkPlans(entries: readonly Entry[], placeOf: PlaceOf): Violation[] {
  const plans = entries.filter(({ kind }) => kind === 'UsagePlan');
  const resolve = createResolver(entries, placeOf);
  const stages = plans.map((plan) => resolve.stages(plan));
  const keys = plans.map((plan) => resolve.keys(plan));
  return [
    ...plans.flatMap((entry) => methodThrottles(entry).map((finding) => ({ entry, ...finding }))),
    ...[...stages, ...keys].flatMap(twiceInOnePlan),
    ...onePlanPerStage(plans, keys, stages),
    ...tooManyPlans(keys.flat()),
  ];
}

/** What a manifest may write in two ways, a name or an id, becomes one key. */
function createResolver(entries: readonly Entry[], placeOf: PlaceOf) {
  const named = sole(entries, identity);
  const keyOf = (plan: Entry, written: Json) => {
    if (typeof written !== 'string') return `id ${(written as { id: string }).id}`;
    const document = named.get(`ApiKey/${plan.namespace}/${written}`);
    const id = document && adoptedId(document.annotations);
    return id ? `id ${id}` : `name ${plan.namespace}/${written}`;
  };
  const stageKeyOf = (plan: Entry, { stage, restApi, stageName }: StageEntry) => {
    if (stage === undefined) return stageKey(restApi, String(stageName));
    const document = named.get(`Stage/${plan.namespace}/${stage}`);
    return document ? stageOf(document) : `document ${plan.namespace}/${stage}`;
  };
  const member = (entry: Entry, path: string, label: string, key: string): Member => ({
    entry,
    path,
    label,
    key: `${placeOf(entry.namespace)} ${key}`,
  });
  return {
    keys: (plan: Entry) =>
      entriesOf(plan, 'keys').map((written, index) => {
        const label = typeof written === 'string' ? written : (written as { id: string }).id;
        return member(plan, `/spec/keys/${index}`, label, keyOf(plan, written));
      }),
    stages: (plan: Entry) =>
      entriesOf(plan, 'stages').map((written, index) => {
        const stage = written as unknown as StageEntry;
        return member(
          plan,
          `/spec/stages/${index}`,
          stage.stage ?? String(stage.stageName),
          stageKeyOf(plan, stage),
        );
      }),
  };
}

interface StageEntry {
  readonly stage?: string;
  readonly restApi?: Json;
  readonly stageName?: string;
  readonly methodThrottles?: readonly Json[] | null;
}

function entriesOf(plan: Entry, field: string): readonly Json[] {
  return (plan.spec[field] ?? []) as readonly Json[];
}

/** The service refuses them without a throttle on the plan: "Can not define fine grain throttling if usage plan throttle is not defined." */
function methodThrottles(plan: Entry): Finding[] {
  return (entriesOf(plan, 'stages') as unknown as readonly StageEntry[]).flatMap(
    ({ methodThrottles }, index) => {
      const list = methodThrottles ?? [];
      const path = `/spec/stages/${index}/methodThrottles`;
      const findings = duplicates(list, path, methodKey);
      if (list.length > 0 && !plan.spec.throttle) {
        findings.push({
          path,
          message:
            'method throttles need a throttle on the plan; add throttle, with rateLimit and burstLimit',
        });
      }
      return findings;
    },
  );
}

function twiceInOnePlan(members: readonly Member[]): Violation[] {
  const first = new Map<string, Member>();
  return members.flatMap((member) => {
    const other = first.get(member.key);
    if (!other) {
      first.set(member.key, member);
      return [];
    }
    const also = other.label === member.label ? '' : `, also as ${other.label}`;
    return [
      {
        entry: member.entry,
        path: member.path,
        message: `${member.label} is twice in this list${also}; keep one`,
      },
    ];
  });
}

/** "A given API key can only be associated with one usage plan for each stage of your API": developer guide, usage plans. */
function onePlanPerStage(
  plans: readonly Entry[],
  keys: readonly (readonly Member[])[],
  stages: readonly (readonly Member[])[],
): Violation[] {
  const uses = plans.flatMap((entry, plan) => {
    const open = distinct(stages[plan] ?? []);
    return distinct(keys[plan] ?? []).flatMap((key) =>
      open.map((stage) => ({ entry, key, stage })),
    );
  });
  return shared(uses, ({ key, stage }) => `${key.key} ${stage.key}`).map(
    ({ item: { entry, key, stage }, others }) => ({
      entry,
      path: key.path,
      message: `${key.label} reaches the stage ${stage.label} through ${others} too; a key may be in one plan per stage, so take it out of all but one`,
    }),
  );
}

function tooManyPlans(keys: readonly Member[]): Violation[] {
  return [...Map.groupBy(keys, ({ key }) => key).values()].flatMap((members) => {
    const plans = new Set(members.map(({ entry }) => entry)).size;
    if (plans <= MAX_PLANS_PER_KEY) return [];
    return members.map(({ entry, path, label }) => ({
      entry,
      path,
      message: `${label} is in ${plans} plans; at most ${MAX_PLANS_PER_KEY} are allowed`,
    }));
  });
}

function distinct(members: readonly Member[]): Member[] {
  return [...new Map(members.map((member) => [member.key, member])).values()];
}
