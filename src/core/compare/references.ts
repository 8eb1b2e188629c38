/** What the names in a manifest mean in one account and region, as it is now and as this plan will leave it. */

import { isMap } from '../model/json.ts';
import { type Api, type Desired, identity, type Json, type Live } from '../model/model.ts';
import type { Step } from '../model/plan.ts';
import type { Resolution } from './canonicalize.ts';
import type { LiveIndex } from './live-index.ts';
import { claimOf } from './ownership.ts';

type Found<T> = { readonly found: T } | { readonly unresolved: string };

/** The id of the API that a document means: by id, or by a name that exactly one API bears. */
export function apiOf(
  reference: Json | undefined,
  apis: readonly Api[] | undefined,
): Found<string> {
  if (!isMap(reference)) return { unresolved: 'no restApi is given' };
  if (typeof reference.id === 'string') {
    const { id } = reference;
    return apis && !apis.some((api) => api.id === id)
      ? { unresolved: `no REST API has the id ${id} in this account and region: correct the id` }
      : { found: id };
  }
  const matches = (apis ?? []).filter((api) => api.name === reference.name);
  const [only] = matches;
  if (only && matches.length === 1) return { found: only.id };
  if (!only)
    return {
      unresolved: `no REST API is named ${reference.name} in this account and region: correct the name, or create the API first`,
    };
  const ids = matches.map((api) => api.id).join(', ');
  return {
    unresolved: `${matches.length} REST APIs are named ${reference.name} (${ids}): say which with restApi: { id: … }`,
  };
}

/** What a manifest calls an API: its name where it alone bears it, else its id. */
export function apiReference(
  id: string,
  apis: readonly Api[],
): { readonly name: string } | { readonly id: string } {
  const name = apis.find((api) => api.id === id)?.name;
  return name && apis.filter((api) => api.name === name).length === 1 ? { name } : { id };
}

/** The natural id of a stage, `<api id>:<stage name>`. */
export function stageId(
  desired: Pick<Desired, 'name' | 'spec'>,
  apis: readonly Api[] | undefined,
): Found<string> {
  const api = apiOf(desired.spec.restApi, apis);
  if ('unresolved' in api) return api;
  return { found: `${api.found}:${desired.spec.stageName ?? desired.name}` };
}

/** How people call a live object: by its manifest's name where it is ours, else by its own. */
export function labelOf(live: Live | undefined, id: string, world: LiveIndex): string {
  const claim = live && claimOf(live, world.owner);
  if (claim)
    return claim.namespace === world.namespace ? claim.name : `${claim.namespace}/${claim.name}`;
  return live?.kind === 'Stage' ? stageLabel(id, world.apis) : id;
}

/** A stage (`<api id>:<stage name>`) with the name of its API, where that is known. */
export function stageLabel(id: string, apis: readonly Api[] | undefined): string {
  const [apiId = '', stageName = ''] = id.split(':');
  return `${apis?.find((api) => api.id === apiId)?.name ?? apiId}:${stageName}`;
}

/** Resolves what the entries of a list refer to, once the steps of the kinds that they refer to are known. */
export function resolver(
  world: LiveIndex,
  steps: readonly Step[],
): (kind: string, entry: Json) => Resolution {
  const byIdentity = Map.groupBy(steps, identity);
  const stagesMade = new Map(
    steps.flatMap((step) =>
      step.action === 'create' && step.fixedId !== undefined ? [[step.fixedId, step]] : [],
    ),
  );

  function byName(kind: string, name: string): Resolution {
    const id = identity({ kind, namespace: world.namespace, name });
    const found = byIdentity.get(id) ?? [];
    const live = found.find((step) => step.live && isOurs(step))?.live;
    if (live) return { key: live.id, label: name };
    const making = found.find((step) => step.action === 'create');
    if (making) return { key: making.fixedId ?? `pending:${id}`, label: name, pending: id };
    const unread = found.find((step) => step.action === 'hold' && step.fixedId !== undefined);
    // A stage that could not be read counts as there: the usage plan may hold it.
    if (unread?.fixedId !== undefined) return { key: unread.fixedId, label: name };
    const held = found.find((step) => step.action === 'hold');
    if (held)
      return {
        label: name,
        reason: 'dependency',
        unresolved: `it waits for ${kind}/${name}, which is held (${held.reason})`,
      };
    const [undeclared, ...others] = world.byOwner(id);
    if (undeclared && others.length > 0)
      return {
        label: name,
        reason: 'dependency',
        unresolved: `${others.length + 1} live objects bear the tags of ${kind}/${name}, and no valid document says which is meant: declare it`,
      };
    if (undeclared) return { key: undeclared.id, label: name };
    return {
      label: name,
      reason: 'unresolved-reference',
      unresolved: `no ${kind} document is named ${name} in namespace ${world.namespace}, and none is live: correct the name, or declare it`,
    };
  }

  function keyOf(entry: Json): Resolution {
    if (typeof entry === 'string') return byName('ApiKey', entry);
    const id = isMap(entry) ? String(entry.id) : '';
    const live = world.byId('ApiKey', id);
    if (live) return { key: id, label: labelOf(live, id, world) };
    return {
      label: id,
      reason: 'unresolved-reference',
      unresolved: `no API key has the id ${id} in this account and region: correct the id`,
    };
  }

  function stageOf(entry: Json): Resolution {
    if (isMap(entry) && typeof entry.stage === 'string') return byName('Stage', entry.stage);
    const spec = isMap(entry) ? entry : {};
    const label = `${nameOfApi(spec.restApi)}:${spec.stageName}`;
    const id = stageId({ name: '', spec }, world.apis);
    if ('unresolved' in id)
      return { label, reason: 'unresolved-reference', unresolved: id.unresolved };
    const isUnread = world.unread.has(id.found.split(':')[0] ?? '');
    if (isUnread || world.byId('Stage', id.found)) return { key: id.found, label };
    const making = stagesMade.get(id.found);
    if (making) return { key: id.found, label, pending: identity(making) };
    return {
      label,
      reason: 'unresolved-reference',
      unresolved: `the stage ${label} does not exist: have it deployed, or declare it as a Stage`,
    };
  }

  return (kind, entry) => (kind === 'ApiKey' ? keyOf(entry) : stageOf(entry));
}

/** A key or plan that is held because it isn't ours is not what the name means. A stage is what its API and name say, whosever it is. */
function isOurs(step: Step): boolean {
  if (step.kind === 'Stage') return true;
  return step.reason !== 'not-owned' && step.reason !== 'foreign' && step.reason !== 'ambiguous';
}

function nameOfApi(reference: Json | undefined): string {
  return isMap(reference) ? String(reference.name ?? reference.id) : '';
}
