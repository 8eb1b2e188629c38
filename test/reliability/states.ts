/** An account as plain data that two runs can be compared by: without times, and without the ids and values that the service makes up. */
import { TAG } from '../../src/core/model/model.ts';
import type { AccountState } from '../../src/emulator/index.ts';
import type { Document } from './account.ts';

type RestApiTree = AccountState['restApis'] extends Map<string, infer Tree> ? Tree : never;

/** What was there before keeps its id and value: an object that was made anew is another one. */
export function comparable(state: AccountState, before: AccountState): unknown {
  const old = new Set([...before.apiKeys.keys(), ...before.usagePlans.keys()]);
  const nameOf = (kind: string, id: string, name: string | undefined) =>
    old.has(id) ? id : `(new ${kind} ${name})`;
  const keyName = (id: string) => nameOf('key', id, state.apiKeys.get(id)?.name);
  const keys = [...state.apiKeys.values()].map(
    ({ createdDate: _, lastUpdatedDate: __, ...key }) => ({
      ...key,
      id: keyName(key.id),
      value: old.has(key.id) ? key.value : '(new)',
      tags: tagsOf(key.tags),
    }),
  );
  const plans = [...state.usagePlans.values()].map((plan) => ({
    ...plan,
    id: nameOf('plan', plan.id, plan.name),
    apiStages: sorted(plan.apiStages),
    tags: tagsOf(plan.tags),
    keys: [...(state.planKeys.get(plan.id) ?? [])].map(keyName).sort(),
  }));
  const stages = [...state.restApis.values()].flatMap(({ api, stages: all }) =>
    [...all.values()].map(
      ({ createdDate: _, lastUpdatedDate: __, cacheReadyAt: ___, ...stage }) => ({
        api: api.id,
        ...stage,
        deploymentId: deploymentName(state, before, api.id, stage.deploymentId),
        tags: tagsOf(stage.tags),
      }),
    ),
  );
  const apis = [...state.restApis.values()].map(({ api, resources, deployments }) => ({
    ...api,
    tags: tagsOf(api.tags),
    methods: [...resources.values()].map(({ id, methods }) => ({
      id,
      methods: [...methods.values()],
    })),
    deployments: [...deployments.keys()]
      .map((id) => deploymentName(state, before, api.id, id))
      .sort(),
  }));
  return { keys: sorted(keys), plans: sorted(plans), stages: sorted(stages), apis: sorted(apis) };
}

/** One that was made anew is what its description says. */
function deploymentName(
  state: AccountState,
  before: AccountState,
  api: string,
  id: string,
): string {
  if (before.restApis.get(api)?.deployments.has(id)) return id;
  return `(new deployment ${state.restApis.get(api)?.deployments.get(id)?.description})`;
}

/** Everything that a stranger owns, to the last date, and every API but for its stages, and for its key requirement where that is declared: see `STRANGERS`. */
export function foreign(state: AccountState, documents: readonly Document[] = []): unknown {
  const declared = documents.some(({ kind }) => kind === 'KeyRequirement');
  const theirs = (name: string | undefined) => name?.startsWith('stranger') ?? false;
  return structuredClone({
    keys: [...state.apiKeys.values()].filter(({ id }) => theirs(id)),
    plans: [...state.usagePlans.values()]
      .filter(({ id }) => theirs(id))
      .map((plan) => ({ ...plan, keys: state.planKeys.get(plan.id) })),
    apis: [...state.restApis.values()].map(({ stages, ...rest }) => ({
      ...(declared ? withoutRequirement(rest) : rest),
      stages: [...stages.values()].filter(({ stageName }) => theirs(stageName)),
    })),
  });
}

/** An API without what its key requirement writes: tags of ours, what methods demand, and deployments that say whose they are. */
function withoutRequirement({
  api,
  resources,
  deployments,
  ...rest
}: Omit<RestApiTree, 'stages'>): object {
  const { tags, apiKeySource: _, ...others } = api;
  const methodsOf = ({ methods }: { readonly methods: ReadonlyMap<string, object> }) =>
    [...methods].map(([name, method]) => [name, { ...method, apiKeyRequired: undefined }]);
  return {
    ...rest,
    api: {
      ...others,
      tags: Object.entries(tags ?? {}).filter(([key]) => !key.startsWith('apikeeper:')),
    },
    resources: [...resources.values()].map((resource) => ({
      ...resource,
      methods: methodsOf(resource),
    })),
    deployments: [...deployments.values()].filter(
      ({ description = '' }) => !description.startsWith('Key requirement'),
    ),
  };
}

/** Fingerprints speak of ids, and the end of a grace of when it began. */
function tagsOf(tags: Record<string, string> | undefined): Record<string, string> {
  const entries = Object.entries(tags ?? {}).map(([key, value]): [string, string] => {
    if (key === TAG.applied) return [key, value.replaceAll(/:[^/]*/g, '')];
    return key === TAG.deleteAfter ? [key, value.replace(/^\d.*Z/, '(a time)')] : [key, value];
  });
  return Object.fromEntries(entries.sort());
}

function sorted<T>(all: readonly T[]): T[] {
  const text = new Map(all.map((one) => [one, JSON.stringify(one, (_, value) => ordered(value))]));
  return [...all].sort((a, b) => (text.get(a) ?? '').localeCompare(text.get(b) ?? ''));
}

function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a.localeCompare(b)));
}
