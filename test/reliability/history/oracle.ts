/**
 * Computes from Git's history and the account alone who must have access: no line of the planner is asked.
 *
 * A key's *original* is the live key that was made for a consumer, or adopted for it.
 * A consumer goes on through renames and moves with `moved-from`, reverts, and a return from Git's past.
 * A rename without `moved-from` is another consumer.
 *
 * | rule | after | says | but for |
 * | --- | --- | --- | --- |
 * | kept | every pass | an original that was enabled, and that Git's head declares not disabled, is enabled | its `moved-from` finds nothing, and it is in no plan: nothing is taken, and another key may be made |
 * | passes | every pass | an original that passed on a stage, and that a plan of Git's head lets in there, passes | the key changes plans, and the pass was killed between; or the new plan's document is invalid, so that its list cannot be read |
 * | disabled | a pass that ended | an original with `enabled: false` in Git is disabled | its document is invalid, or its `moved-from` finds nothing |
 * | removed | a pass that ended | an original whose document left Git is disabled | prune is off; its namespace is incomplete; an invalid document's `moved-from` names it; it was adopted (it is released); a `moved-from` in its namespace finds nothing, or finds another key, and the removal is held `ambiguous` |
 * | detached | a pass that ended | a plan of Git's head lets in no original that Git lets in nowhere on its stage | the plan's document is invalid; the key is held `ambiguous`, as in the row above |
 * | adopted | a pass that ended | a key adopted without `enabled` is as people left it | |
 * | once | every pass | no identity has two enabled keys of ours; while an original lives, no other key bears the name of its document | forged tags |
 * | same | every pass | no key's value changes, and no object that is not ours changes | |
 * | plans | every pass | the original of a plan that Git's head declares is there | |
 * | grace | every pass | a key that is deleted was disabled for the grace less one day | people deleted it |
 * | synced | a pass that says in-sync | every original passes where Git's head says so | |
 * | settled | three undisturbed passes | the fourth writes nothing, nothing fails, and every original passes where Git's head says so, or a hold that Git did not choose names it, with exit code 3 | |
 *
 * A change pass knows the account as it was last read: what people did since is not asked of it.
 */
import { exitCode } from '../../../src/commands/exit.ts';
import type { Report, ReportObject, TargetReport } from '../../../src/core/model/report.ts';
import type { PassKind } from './events.ts';
import {
  type GitTree,
  identityOf,
  isInvalid,
  type KeyDocument,
  type PlanDocument,
  placesOf,
  plansOf,
  targetOf,
} from './git.ts';
import { type AccountView, isRetired, type KeyView, nameIn, ownerIn, passes } from './view.ts';

const DAY_MS = 24 * 3600_000;
export const GRACE_MS = 14 * DAY_MS;
const CHOSEN = ['prune-disabled', 'grace', 'observe', 'suspended'];

/** A pass to be judged, with the account before and after it. */
export interface Pass {
  readonly as: PassKind;
  readonly tree: GitTree;
  readonly before: AccountView;
  readonly after: AccountView;
  /** Undefined: the process was killed. */
  readonly report: Report | undefined;
  readonly now: number;
}

export class Oracle {
  /** The ids of originals, by consumer and by plan. */
  readonly keys = new Map<string, string>();
  readonly plans = new Map<string, string>();
  /** The names that originals bore before the ones that they bear now. */
  readonly formerly = new Map<string, string>();
  /** Keys that people made or forged. */
  readonly handMade = new Set<string>();
  readonly forged = new Set<string>();
  /** People changed the account since it was last read as a whole. */
  touched = false;
  private readonly adoptedAs = new Map<string, boolean>();
  private readonly values = new Map<string, string>();
  private readonly disabledSince = new Map<string, number>();

  /** A document of a key made by hand: the key is the consumer's own from now on. */
  adopt(who: string, id: string, view: AccountView): void {
    this.keys.set(who, id);
    this.adoptedAs.set(who, view.keys.get(id)?.enabled ?? false);
    this.handMade.delete(id);
  }

  /** People did something to a key, or deleted it. */
  byHand(view: AccountView, now: number): void {
    this.touched = true;
    for (const [who, id] of this.keys) {
      const key = view.keys.get(id);
      if (!key) this.keys.delete(who);
      else if (this.adoptedAs.has(who)) this.adoptedAs.set(who, key.enabled);
    }
    this.observe(view, now);
  }

  /** Learns the originals that a history begins with. */
  begin(tree: GitTree, view: AccountView, now: number): void {
    this.assign(tree, view);
    this.observe(view, now);
  }

  /** Lists the rules that the pass broke. */
  judge(pass: Pass): string[] {
    const { tree, after, report, as } = pass;
    const wrong = [...this.kept(pass), ...this.same(pass), ...this.grace(pass)];
    if (as !== 'change' && report) this.touched = false;
    if (report && !(as === 'change' && this.touched)) {
      wrong.push(...this.disabled(pass), ...this.removed(pass));
      wrong.push(...this.detached(pass), ...this.adopted(pass));
    }
    this.replace(pass);
    this.assign(tree, after);
    if (report && !this.touched && isInSync(report)) wrong.push(...this.passing(pass, 'synced'));
    wrong.push(...this.once(pass), ...this.plansThere(pass));
    this.observe(after, pass.now);
    return wrong;
  }

  /** Nothing is left to do, or a hold says why. */
  judgeEnd(pass: Pass, writes: readonly string[]): string[] {
    const left = objectsOf(pass.report).filter(
      ({ action, outcome }) =>
        (action !== 'keep' && action !== 'hold') || outcome === 'failed' || outcome === 'skipped',
    );
    const isHeldBack = objectsOf(pass.report).some(
      ({ action, reason = '' }) => action === 'hold' && !CHOSEN.includes(reason),
    );
    const code = pass.report && exitCode('run', pass.report);
    const expected = isHeldBack ? 3 : 0;
    return [
      ...(pass.report?.problems.length === 0 && code !== expected
        ? [`settled: the exit code is ${code}, not ${expected}`]
        : []),
      ...writes.map((write) => `settled: the fourth pass still sends ${write}`),
      ...left.map((object) => `settled: the fourth pass still has to ${textOf(object)}`),
      ...errorsOf(pass.report).map((error) => `settled: ${error}`),
      ...this.passing(pass, 'settled'),
    ];
  }

  /** The name that the tags of a consumer's original give it. */
  taggedAs(view: AccountView, who: string): string | undefined {
    const key = view.keys.get(this.keys.get(who) ?? '');
    return key && nameIn(key);
  }

  private kept({ tree, before, after, report }: Pass): string[] {
    return tree.keys.flatMap((doc) => {
      const id = this.keys.get(doc.who);
      if (id === undefined || doc.enabled === false || isThief(doc)) return [];
      const label = `${identityOf(doc)} (${id})`;
      const lost =
        before.keys.get(id)?.enabled &&
        !after.keys.get(id)?.enabled &&
        !isReplaceable(doc, id, before)
          ? [`kept: ${label} was enabled, and is not, though Git declares it`]
          : [];
      const places = [...placesOf(tree, doc.who)].filter(
        ([stage, plan]) =>
          passes(before, id, stage) &&
          !passes(after, id, stage) &&
          ((report && !isInvalid(tree, plan)) || this.isIn(before, plan, id)),
      );
      return [
        ...lost,
        ...places.map(
          ([stage, plan]) =>
            `passes: ${label} passed on ${stage}, where ${identityOf(plan)} lets it in, and does not pass now`,
        ),
      ];
    });
  }

  private isIn(view: AccountView, plan: PlanDocument, id: string): boolean {
    return view.plans.get(this.plans.get(plan.who) ?? '')?.keys.has(id) ?? false;
  }

  private disabled({ tree, before, after }: Pass): string[] {
    return tree.keys.flatMap((doc) => {
      const id = this.keys.get(doc.who) ?? '';
      if (doc.enabled !== false || isThief(doc) || isInvalid(tree, doc)) return [];
      if (!after.keys.get(id)?.enabled || isLost(doc, before.keys.get(id), before)) return [];
      return [`disabled: ${identityOf(doc)} (${id}) is enabled, and Git says enabled: false`];
    });
  }

  private removed({ tree, before, after, report }: Pass): string[] {
    const declared = new Set(tree.keys.map(({ who }) => who));
    return [...this.keys].flatMap(([who, id]) => {
      const key = before.keys.get(id);
      if (declared.has(who) || !key || !after.keys.get(id)?.enabled) return [];
      const name = nameIn(key) ?? '';
      const target = tree.targets.find((one) => one.name === name.split('/')[0]);
      const isOurs =
        target && target.owner === ownerIn(key) && key.tags['apikeeper:on-remove'] !== undefined;
      if (!isOurs || !target.prune || isProtected(tree, name)) return [];
      if (isDoubtful(tree, name, before) && isHeldAmbiguous(report, key)) return [];
      return [`removed: ${name} (${id}) left Git, and is enabled`];
    });
  }

  private detached({ tree, before, after, report }: Pass): string[] {
    return plansOf(tree).flatMap((plan) => {
      const id = this.plans.get(plan.who) ?? '';
      const live = after.plans.get(id);
      if (!live || isInvalid(tree, plan) || nameIn(live) !== identityOf(plan)) return [];
      return [...this.keys].flatMap(([who, key]) => {
        const isWanted = placesOf(tree, who).has(plan.stage);
        if (isWanted || !live.keys.has(key)) return [];
        const was = before.keys.get(key);
        const isUndecided = was && isDoubtful(tree, nameIn(was) ?? '', before);
        if (isUndecided && isHeldAmbiguous(report, was)) return [];
        return [`detached: ${who} (${key}) is still in ${identityOf(plan)}`];
      });
    });
  }

  private adopted({ tree, before, after }: Pass): string[] {
    return tree.keys.flatMap((doc) => {
      const id = this.keys.get(doc.who) ?? '';
      const given = this.adoptedAs.get(doc.who);
      const [was, is] = [before.keys.get(id), after.keys.get(id)];
      if (doc.enabled !== undefined || given === undefined || !was || !is) return [];
      if (isInvalid(tree, doc) || is.enabled === given) return [];
      return [
        `adopted: ${identityOf(doc)} (${id}) was ${given ? 'enabled' : 'disabled'} by people`,
      ];
    });
  }

  private once({ tree, after }: Pass): string[] {
    const ours = [...after.keys.values()].filter(
      (key) => ownerIn(key) !== undefined && !this.forged.has(key.id) && !isRetired(key),
    );
    const enabled = ours.filter((key) => key.enabled);
    const twice = [
      ...Map.groupBy(enabled, (key) => `${key.region} ${ownerIn(key)} ${nameIn(key)}`),
    ].filter(([, keys]) => keys.length > 1);
    const seconds = tree.keys.flatMap((doc) => {
      const id = this.keys.get(doc.who);
      const { owner, region } = targetOf(tree, doc.namespace);
      if (id === undefined || !after.keys.has(id) || isThief(doc)) return [];
      return ours
        .filter(
          (key) =>
            key.id !== id &&
            key.region === region &&
            ownerIn(key) === owner &&
            nameIn(key) === identityOf(doc) &&
            !this.isOriginal(key.id),
        )
        .map((key) => `once: ${identityOf(doc)} is ${id}, and a second key was made (${key.id})`);
    });
    return [
      ...twice.map(([name, keys]) => `once: ${name} is ${keys.map(({ id }) => id).join(' and ')}`),
      ...seconds,
    ];
  }

  private isOriginal(id: string): boolean {
    return [...this.keys.values()].includes(id);
  }

  private same({ before, after }: Pass): string[] {
    const changed = [...after.keys.values()].filter(
      ({ id, value }) => (this.values.get(id) ?? value) !== value,
    );
    const touched = [...this.handMade].filter(
      (id) =>
        !this.forged.has(id) &&
        JSON.stringify(before.keys.get(id)) !== JSON.stringify(after.keys.get(id)),
    );
    return [
      ...changed.map(({ id }) => `same: the value of ${id} changed`),
      ...touched.map((id) => `same: ${id} is not ours, and changed`),
    ];
  }

  private grace({ before, after, now }: Pass): string[] {
    return [...before.keys.keys()].flatMap((id) => {
      if (after.keys.has(id)) return [];
      const since = this.disabledSince.get(id) ?? now;
      return now - since >= GRACE_MS - DAY_MS ? [] : [`grace: ${id} was deleted too early`];
    });
  }

  private plansThere({ tree, after }: Pass): string[] {
    return plansOf(tree).flatMap((plan) => {
      const id = this.plans.get(plan.who);
      if (id === undefined || after.plans.has(id)) return [];
      return [`plans: ${identityOf(plan)} (${id}) was deleted, though Git declares it`];
    });
  }

  private passing({ tree, before, after, report }: Pass, rule: string): string[] {
    return tree.keys.flatMap((doc) => {
      if (isThief(doc) || isInvalid(tree, doc)) return [];
      const id = this.keys.get(doc.who);
      if (!(doc.enabled ?? this.adoptedAs.get(doc.who) ?? true)) return [];
      return [...placesOf(tree, doc.who)].flatMap(([stage, plan]) => {
        if (isInvalid(tree, plan) || (id !== undefined && passes(after, id, stage))) return [];
        if (isHeld(report, doc, plan, id)) return [];
        // A plan of another namespace gives an id: a key that this pass made was not in its document.
        if (plan.namespace !== doc.namespace && !before.keys.has(id ?? '')) return [];
        const label = `${identityOf(doc)} (${id ?? 'not made'})`;
        return [`${rule}: ${label} does not pass on ${stage}, and nothing says why`];
      });
    });
  }

  /** Lets another key take the place of a lost document's original that had no access. */
  private replace({ tree, before, after }: Pass): void {
    for (const doc of tree.keys) {
      const id = this.keys.get(doc.who);
      if (id === undefined || !isReplaceable(doc, id, before)) continue;
      if (
        [...after.keys.values()].some((key) => isNamed(key, tree, doc) && !before.keys.has(key.id))
      )
        this.keys.delete(doc.who);
    }
  }

  /** New keys and plans of documents that have none, and the names that originals bear now. */
  private assign(tree: GitTree, view: AccountView): void {
    for (const doc of tree.keys) {
      if (isThief(doc) || view.keys.has(this.keys.get(doc.who) ?? '')) continue;
      const made = [...view.keys.values()].find(
        (key) => isNamed(key, tree, doc) && !this.forged.has(key.id) && !this.isOriginal(key.id),
      );
      if (made) this.keys.set(doc.who, made.id);
    }
    const taken = new Set(this.plans.values());
    for (const doc of plansOf(tree)) {
      if (view.plans.has(this.plans.get(doc.who) ?? '')) continue;
      const made = [...view.plans.values()].find(
        (plan) => isNamed(plan, tree, doc) && !taken.has(plan.id),
      );
      if (made) this.plans.set(doc.who, made.id);
    }
    const declared = new Set(plansOf(tree).map(({ who }) => who));
    for (const [who, id] of this.plans)
      if (!view.plans.has(id) && !declared.has(who)) this.plans.delete(who);
    for (const [who, id] of this.keys) if (!view.keys.has(id)) this.keys.delete(who);
  }

  private observe(view: AccountView, now: number): void {
    for (const { id, value, enabled } of view.keys.values()) {
      this.values.set(id, value);
      if (enabled) this.disabledSince.delete(id);
      else if (!this.disabledSince.has(id)) this.disabledSince.set(id, now);
    }
  }
}

function isThief({ adoptFrom }: KeyDocument): boolean {
  return adoptFrom !== undefined;
}

function isNamed(
  live: Pick<KeyView, 'tags' | 'region'>,
  tree: GitTree,
  doc: Pick<KeyDocument, 'namespace' | 'name'>,
): boolean {
  const { owner, region } = targetOf(tree, doc.namespace);
  return nameIn(live) === identityOf(doc) && ownerIn(live) === owner && live.region === region;
}

/** The live keys that bear a name. */
function bearers(name: string, view: AccountView): KeyView[] {
  return [...view.keys.values()].filter((key) => nameIn(key) === name);
}

/** A document that cannot know its key: its `moved-from` finds nothing. */
function isLost(doc: KeyDocument, key: KeyView | undefined, view: AccountView): boolean {
  const name = key && nameIn(key);
  if (name === identityOf(doc) || name === doc.movedFrom) return false;
  return doc.movedFrom !== undefined && bearers(doc.movedFrom, view).length === 0;
}

/** Says that a lost document may make another key: its original had no access to lose. */
function isReplaceable(doc: KeyDocument, id: string, view: AccountView): boolean {
  const key = view.keys.get(id);
  const isMember = [...view.plans.values()].some(({ keys }) => keys.has(id));
  return isLost(doc, key, view) && !(key?.enabled && isMember);
}

/** Removals wait: the namespace has an invalid document, or one elsewhere says that it takes the key over. */
function isProtected(tree: GitTree, name: string): boolean {
  const [namespace] = name.split('/');
  return [...tree.keys, ...tree.plans].some(
    (doc) => isInvalid(tree, doc) && (doc.namespace === namespace || doc.movedFrom === name),
  );
}

/** A `moved-from` in this namespace finds nothing; or a document of this very name says that it means another key. */
function isDoubtful(tree: GitTree, name: string, view: AccountView): boolean {
  const [namespace = ''] = name.split('/');
  return tree.keys.some((doc) => {
    if (doc.movedFrom === undefined) return false;
    if (identityOf(doc) === name) return bearers(doc.movedFrom, view).length > 0;
    const concerns = doc.namespace === namespace || doc.movedFrom.startsWith(`${namespace}/`);
    const isNew = bearers(identityOf(doc), view).length === 0;
    return concerns && isNew && bearers(doc.movedFrom, view).length === 0;
  });
}

function isHeldAmbiguous(report: Report | undefined, key: KeyView): boolean {
  return objectsOf(report).some(
    ({ action, reason, awsId, namespace, name }) =>
      action === 'hold' &&
      reason === 'ambiguous' &&
      (awsId === key.id || `${namespace}/${name}` === nameIn(key)),
  );
}

/** A hold that Git did not choose names the key or the plan. */
function isHeld(
  report: Report | undefined,
  key: KeyDocument,
  plan: PlanDocument,
  id: string | undefined,
): boolean {
  const names = [identityOf(key), identityOf(plan)];
  return objectsOf(report).some(
    ({ action, reason = '', awsId, namespace, name }) =>
      action === 'hold' &&
      !CHOSEN.includes(reason) &&
      ((id !== undefined && awsId === id) || names.includes(`${namespace}/${name}`)),
  );
}

function isInSync({ targets, problems }: Report): boolean {
  return problems.length === 0 && targets.every(({ state }) => state === 'in-sync');
}

function objectsOf(report: Report | undefined): readonly ReportObject[] {
  return report?.targets.flatMap(({ objects }) => objects) ?? [];
}

function errorsOf(report: Report | undefined): readonly string[] {
  return report?.targets.flatMap(({ error }: TargetReport) => error ?? []) ?? [];
}

function textOf({ action, kind, namespace, name, reason, outcome, message }: ReportObject): string {
  return `${action} ${kind}/${namespace}/${name} (${reason ?? outcome}: ${message})`;
}
