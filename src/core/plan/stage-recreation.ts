/**
 * Stages that somebody else deleted and made again. When a stage was made tells: what was set on the old one is gone, and so are its places in usage plans,
 * silently (docs/api-gateway-facts.md#f26), while the new one looks as if nothing had happened.
 */
import type { Canonical } from '../compare/canonicalize.ts';
import type { LiveIndex } from '../compare/live-index.ts';
import { claimOf } from '../compare/ownership.ts';
import { stageLabel } from '../compare/references.ts';
import { isMap } from '../model/json.ts';
import type { Desired, Live } from '../model/model.ts';
import type { Step } from '../model/plan.ts';
import type { LastSeen } from '../model/plan-input.ts';

/** When the stages were made that an object is, or is on, by `<api id>:<stage name>`. */
export function madeAt(
  object: Pick<Live, 'kind' | 'id' | 'spec'>,
  stages: ReadonlyMap<string, Live>,
): ReadonlyMap<string, number> {
  return new Map(
    stageIdsOf(object).flatMap((id) => {
      const made = stages.get(id)?.madeAt;
      return made === undefined ? [] : [[id, made] as const];
    }),
  );
}

interface Document {
  readonly desired: Desired;
  readonly form: Canonical;
  readonly world: LiveIndex;
  /** The names of the Stage documents, by the id of their stage. */
  readonly stageNames: ReadonlyMap<string, string>;
}

/** What is to be said of it. A Stage document says it itself; of a stage without one, the plan that lost it does. */
export function recreation(
  document: Document,
  live: Live,
  seen: LastSeen | undefined,
): Pick<Step, 'incident' | 'message'> {
  const { desired, world, stageNames } = document;
  const incident = 'stage.recreated' as const;
  if (desired.kind === 'Stage')
    return isAnother(live, seen, world.owner)
      ? { incident, message: 'somebody re-created the stage: what was set on it is gone' }
      : {};
  const lost = desired.kind === 'UsagePlan' ? lostStages(document, live, seen) : [];
  if (lost.length === 0) return {};
  const labels = lost.map(({ label }) => label).join(', ');
  const [stages, them] = lost.length > 1 ? ['stages', 'them'] : ['stage', 'it'];
  const message = `the ${stages} ${labels} ${lost.length > 1 ? 'were' : 'was'} re-created, so the plan lost ${them}`;
  return { message, ...(lost.some(({ id }) => !stageNames.has(id)) && { incident }) };
}

/** Whether a stage is another one than this process saw under its name. One that was never seen in sync is told by its lost tags. */
function isAnother(live: Live, seen: LastSeen | undefined, owner: string): boolean {
  if (!seen) return false;
  const then = seen.stages?.get(live.id);
  return then === undefined || live.madeAt === undefined
    ? !claimOf(live, owner)
    : then !== live.madeAt;
}

/** The stages that a plan lost because they were re-created, among those that it is to be on. */
function lostStages(
  { form, world }: Document,
  plan: Live,
  seen: LastSeen | undefined,
): readonly { readonly id: string; readonly label: string }[] {
  const [is, wanted] = [plan.spec.stages, form.named.stages];
  if (!isMap(is) || !isMap(wanted)) return [];
  return [...(seen?.stages ?? [])].flatMap(([id, then]) => {
    const now = world.byId('Stage', id)?.madeAt;
    if (id in is || !(id in wanted) || now === undefined || now === then) return [];
    return [{ id, label: form.labels.get('stages')?.get(id) ?? stageLabel(id, world.apis) }];
  });
}

/** The stage itself, or the stages of a usage plan. */
function stageIdsOf({ kind, id, spec }: Pick<Live, 'kind' | 'id' | 'spec'>): string[] {
  if (kind === 'Stage') return [id];
  return kind === 'UsagePlan' && isMap(spec.stages) ? Object.keys(spec.stages) : [];
}
