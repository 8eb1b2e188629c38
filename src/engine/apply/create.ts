/** Makes what is missing, without what refers to something that could not be made before. */

import { compact } from '../../core/model/compact.ts';
import { isMap, isUnset } from '../../core/model/json.ts';
import { identity, type Live, type Spec } from '../../core/model/model.ts';
import type { Step } from '../../core/model/plan.ts';
import type { Send } from '../../gateway/send.ts';
import type { Kind } from '../../kinds/kind.ts';
import { PartlyCreated } from '../../kinds/live.ts';
import {
  type ApplyState,
  kindOf,
  type OperationFailure,
  operationFailure,
  recordWrite,
} from './apply-state.ts';
import { createIdempotently } from './idempotent-create.ts';
import { withoutMembers } from './membership.ts';
import { appliedOf, userTags } from './ownership-tags.ts';

export async function create(
  step: Step,
  kind: Kind,
  send: Send,
  run: ApplyState,
): Promise<OperationFailure | undefined> {
  const spec = withoutUnmade(step.owned, step, run);
  const lacking = Object.keys(spec).filter((field) => spec[field] !== step.owned[field]);
  const later = new Set([...writtenLater(step, run), ...lacking]);
  const value = await run.valueOf(step);
  const creation = compact({
    spec: { ...step.createOnly, ...withoutMembers(spec, kind) },
    tags: { ...userTags(step.owned.tags), ...step.tags.set, ...appliedOf(step, spec, later, run) },
    ...(step.fixedId && { id: step.fixedId }),
    value,
  });
  const made = (live: Live, unmade: Iterable<string>) => {
    recordWrite(step, live, run);
    run.created.set(identity(step), live);
    run.notApplied.set(step, new Set(unmade));
  };
  try {
    made(await createIdempotently(kind, creation, { send, clock: run.clock }), lacking);
  } catch (error) {
    if (!(error instanceof PartlyCreated)) throw error;
    made(error.live, later);
    return operationFailure(error);
  }
  if (lacking.length === 0) return undefined;
  return {
    is: 'dependency',
    message: `it was created without what its ${lacking.join(', ')} refer to, which could not be made`,
  };
}

/** A spec without the stages that could not be made. */
function withoutUnmade(spec: Spec, step: Step, run: ApplyState): Spec {
  const needed = new Set(
    step.changes
      .filter((change) => change.field === 'stages')
      .flatMap((change) => change.needs ?? []),
  );
  if (needed.size === 0) return spec;
  const unmade = run.steps.filter(
    (other) => needed.has(identity(other)) && !run.created.has(identity(other)),
  );
  const gone = new Set(unmade.map((other) => other.fixedId));
  if (gone.size === 0 || !isMap(spec.stages)) return spec;
  return {
    ...spec,
    stages: Object.fromEntries(Object.entries(spec.stages).filter(([id]) => !gone.has(id))),
  };
}

/** What the creating call does not write, and so does not vouch for: members, and what takes a second call. */
function writtenLater(step: Step, run: ApplyState): Set<string> {
  const second = [
    'productCode',
    'methodSettings',
    'accessLog',
    'clientCertificateId',
    kindOf(step, run).members?.field ?? '',
  ];
  return new Set(second.filter((field) => !isUnset(step.owned[field])));
}
