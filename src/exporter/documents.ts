/** Live objects as documents. */

import { requirementOf } from '../core/compare/key-requirement.ts';
import { manifestSpec } from '../core/compare/manifest-spec.ts';
import { claimOf, isMark, otherManager } from '../core/compare/ownership.ts';
import { apiReference } from '../core/compare/references.ts';
import { compact } from '../core/model/compact.ts';
import type { Rules } from '../core/model/field-rules.ts';
import { isMap, jsonEqual } from '../core/model/json.ts';
import { type Json, type Live, type Spec, TAG } from '../core/model/model.ts';
import { isRedeployTrick } from '../manifest-writer/stage-variables.ts';
import { commentsOf } from './comments.ts';
import type { Context } from './context.ts';
import { type ExportedDocument, type ExportOptions, keyOf } from './model.ts';
import { requiredMethods, requirementComments, requirementOptions } from './requirements.ts';
import { keysOf, stagesOf } from './select.ts';

/** What is particular to a kind. */
interface Own {
  readonly address: string;
  readonly file: string;
  /** Which object it is, and how it is treated. */
  readonly fields?: Readonly<Record<string, Json>>;
  /** The live spec where not all of it can be said. */
  readonly live?: Spec;
  readonly comments?: readonly string[];
  readonly options?: readonly string[];
}

/** The document of a live object that has a name. */
export function documentOf(live: Live, rules: Rules, context: Context): ExportedDocument {
  const name = context.naming.nameOf(live) ?? '';
  const own = OWN[live.kind]?.(live, name, context) ?? { address: live.id, file: `${name}.yaml` };
  const { kind, id } = live;
  const spec = { ...(own.live ?? live.spec), tags: omit(live.spec.tags, isMark) };
  const isSettled = context.naming.rivalsOf(live).length === 0;
  return compact({
    kind,
    name,
    id,
    file: own.file,
    address: own.address,
    ...(isTagged(live) && isSettled && { adopt: { id } }),
    ...(isForeign(live, context) && { manager: otherManager(live, context.owner) as string }),
    spec: {
      ...own.fields,
      ...manifestSpec(rules, spec, name, (of, member) => reference(of, member, context)),
      ...policy(live, rules, context),
    },
    comments: [...commentsOf(live, context), ...(own.comments ?? [])],
    options: own.options,
  });
}

/** Whether tags say whose it is, so that it has to be adopted. */
function isTagged({ kind }: Live): boolean {
  return kind === 'ApiKey' || kind === 'UsagePlan';
}

function isForeign(live: Live, { owner }: Pick<ExportOptions, 'owner'>): boolean {
  return otherManager(live, owner) !== undefined && !claimOf(live, owner);
}

const OWN: Readonly<Record<string, (live: Live, name: string, context: Context) => Own>> = {
  ApiKey: (live, name, context) => ({
    address: `API key ${live.id}`,
    file: keyFile(live, name, context),
  }),

  UsagePlan(live, name, { byKey }) {
    const isStranger = (kind: string) => (id: string) => !byKey.has(keyOf({ kind, id }));
    const [stages, keys] = [
      stagesOf(live).filter(isStranger('Stage')),
      keysOf(live).filter(isStranger('ApiKey')),
    ];
    const strangers = [
      ...stages.map((id) => `the stage ${id}`),
      ...keys.map((id) => `the key ${id}`),
    ];
    return {
      address: `usage plan ${live.id}`,
      file: `plans/${name}.yaml`,
      ...(strangers.length > 0 && { fields: { membership: 'additive' } }),
      live: {
        ...live.spec,
        stages: omit(live.spec.stages, (id) => stages.includes(id)),
        keys: omit(live.spec.keys, (id) => keys.includes(id)),
      },
      comments: strangers.map(
        (what) => `${what} is in this plan and was not found: membership: additive leaves it in`,
      ),
    };
  },

  Stage(live, name, context) {
    const [apiId = '', stageName = ''] = live.id.split(':');
    const { variables } = live.spec;
    const tricks = Object.entries(isMap(variables) ? variables : {}).flatMap(([key, value]) =>
      isRedeployTrick(key, String(value)) ? [key] : [],
    );
    return {
      address: `stage ${stageName} of ${apiName(apiId, context)}`,
      file: apiFile(apiId, context),
      fields: { restApi: restApiOf(apiId, context), ...(stageName !== name && { stageName }) },
      live: { ...live.spec, variables: omit(variables, (key) => tricks.includes(key)) },
      comments: tricks.map(
        (key) => `the variable ${key} seems to exist only to force a deployment, and is left out`,
      ),
    };
  },

  KeyRequirement: (live, _, context) => ({
    address: `methods of ${apiName(live.id, context)}`,
    file: apiFile(live.id, context),
    fields: { restApi: restApiOf(live.id, context) },
    live: { apiKeySource: requirementOf(live).apiKeySource, methods: requiredMethods(live) },
    comments: requirementComments(live),
    options: requirementOptions(live),
  }),
};

/** A key lies beside its plan, where it has one. */
function keyFile(live: Live, name: string, { naming, chosen, plansOf }: Context): string {
  const [plan, another] = plansOf.get(live.id) ?? [];
  if (!plan) return 'keys/in-no-plan.yaml';
  return !another && chosen.has(keyOf(plan))
    ? `plans/${naming.nameOf(plan)}.yaml`
    : `keys/${name}.yaml`;
}

function apiFile(apiId: string, { naming }: Context): string {
  return `apis/${naming.apiName(apiId)}.yaml`;
}

/** How a plan names a key or a stage. What is held as somebody else's can't be meant by its document's name (core/references.ts); of a key the id will do. */
function reference(kind: string, id: string, context: Context): Json {
  const live = context.byKey.get(keyOf({ kind, id }));
  const name = live && context.chosen.has(keyOf(live)) ? context.naming.nameOf(live) : undefined;
  if (kind === 'Stage') {
    const [apiId = '', stageName = ''] = id.split(':');
    return name === undefined ? { restApi: restApiOf(apiId, context), stageName } : { stage: name };
  }
  const isHeld =
    live !== undefined && (isForeign(live, context) || context.naming.rivalsOf(live).length > 0);
  return name === undefined || isHeld ? { id } : name;
}

/** By name where that is enough. `id`: the API's, or a stage's. */
export function restApiOf(
  id: string,
  { account }: Pick<Context, 'account'>,
): ReturnType<typeof apiReference> {
  const [apiId = ''] = id.split(':');
  return apiReference(apiId, account.apis);
}

function apiName(apiId: string, { account }: Pick<Context, 'account'>): string {
  const name = account.apis.find(({ id }) => id === apiId)?.name;
  return name ? `${name} (${apiId})` : apiId;
}

/** What our tag says that becomes of it; what isn't ours has the default. */
function policy(live: Live, { fields }: Rules, { owner }: Context): { deletionPolicy?: Json } {
  const recorded = claimOf(live, owner) && live.tags[TAG.onRemove];
  return recorded === undefined || jsonEqual(recorded, fields.deletionPolicy?.default)
    ? {}
    : { deletionPolicy: recorded };
}

/** A map without some of its keys. */
function omit(map: Json | undefined, leaves: (key: string) => boolean): Json {
  const kept = Object.entries(isMap(map) ? map : {}).filter(([key]) => !leaves(key));
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
