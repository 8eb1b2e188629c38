/** Makes what is missing, without what refers to something that could not be made before. */
import { identity, type Live, type Spec } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import { isMap, isNone } from '../../core/model/json.ts';
import type { Send } from '../../gateway/send.ts';
import type { Kind } from '../../kinds/kind.ts';
import { PartlyCreated } from '../../kinds/live.ts';
import { makeOnce } from './idempotent-create.ts';
import { withoutMembers } from './membership.ts';
import { type Failure, failure, kindOf, note, type Run } from './apply-state.ts';
import { appliedOf, userTags } from './ownership-tags.ts';

export async function create(step: Step, kind: Kind, send: Send, run: Run): Promise<Failure | undefined> {
  const spec = withoutUnmade(step.owned, step, run);
  const lacking = Object.keys(spec).filter((field) => spec[field] !== step.owned[field]);
  const later = new Set([...writtenLater(step, run), ...lacking]);
  const value = await run.valueOf(step);
  const creation = {
    spec: { ...step.birth, ...withoutMembers(spec, kind) },
    tags: { ...userTags(step.owned.tags), ...step.tags.set, ...appliedOf(step, spec, later, run) },
    ...(step.naturalId && { id: step.naturalId }),
    ...(value !== undefined && { value }),
  };
  const made = (live: Live, unmade: Iterable<string>) => {
    note(step, live, run);
    run.made.set(identity(step), live);
    run.unmade.set(step, new Set(unmade));
  };
  try {
    made(await makeOnce(kind, creation, { send, owner: run.owner, clock: run.clock }), lacking);
  } catch (error) {
    if (!(error instanceof PartlyCreated)) throw error;
    made(error.live, later);
    return failure(error);
  }
  if (lacking.length === 0) return undefined;
  return { is: 'dependency', message: `it was created without what its ${lacking.join(', ')} refer to, which could not be made` };
}

/** A spec without the stages that could not be made. */
function withoutUnmade(spec: Spec, step: Step, run: Run): Spec {
  const needed = new Set(step.changes.filter((change) => change.field === 'stages').flatMap((change) => change.needs ?? []));
  if (needed.size === 0) return spec;
  const unmade = run.steps.filter((other) => needed.has(identity(other)) && !run.made.has(identity(other)));
  const gone = new Set(unmade.map((other) => other.naturalId));
  if (gone.size === 0 || !isMap(spec.stages)) return spec;
  return { ...spec, stages: Object.fromEntries(Object.entries(spec.stages).filter(([id]) => !gone.has(id))) };
}

/** What the creating call does not write, and so does not vouch for: members, and what takes a second call. */
function writtenLater(step: Step, run: Run): Set<string> {
  const second = ['productCode', 'methodSettings', 'accessLog', 'clientCertificateId', kindOf(step, run).members?.field ?? ''];
  return new Set(second.filter((field) => !isNone(step.owned[field])));
}
