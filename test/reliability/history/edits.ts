/** Changes that people make to the repository: each makes a new tree of the old one, or nothing where there is nothing to change. */
import {
  type GitTree,
  identityOf,
  type KeyDocument,
  type PlanDocument,
  placesOf,
  STAGES,
  targetOf,
} from './git.ts';

/** A number chooses among the documents that the edit can mean; a text is a document's name. */
export type Choice = number | string;

/** Knowledge that an edit may use besides the tree. */
export interface Past {
  /** A name that was never used. */
  fresh(): string;
  /** The last document of each consumer that left Git, and the plans that let it in. */
  readonly removed: ReadonlyMap<string, RemovedKey>;
  /** The last document of each plan that left Git. */
  readonly removedPlans: ReadonlyMap<string, PlanDocument>;
  /** Keys made by hand that no document declares. */
  readonly handMade: readonly string[];
  idOf(who: string): string | undefined;
}

export interface RemovedKey {
  readonly key: KeyDocument;
  readonly plans: readonly string[];
}

export interface Edit {
  readonly edit: EditName;
  readonly pick: Choice;
  /** The second thing that it is about, where there is one. */
  readonly other: Choice;
}

type Change = (tree: GitTree, edit: Omit<Edit, 'edit'>, past: Past) => GitTree | undefined;

export type EditName =
  | 'add'
  | 'remove'
  | 'return'
  | 'enable'
  | 'disable'
  | 'leave enabled out'
  | 'join'
  | 'leave'
  | 'rename'
  | 'rename, misspelt'
  | 'rename, broken'
  | 'rename without moved-from'
  | 'take the name of a removed key'
  | 'move'
  | 'move, misspelt'
  | 'move, broken'
  | 'move with its plans'
  | 'move to another region'
  | 'add a Consumer'
  | 'add a plan'
  | 'remove a plan'
  | 'replace a plan'
  | 'rename a plan'
  | 'take the name of a removed plan'
  | 'move a plan'
  | 'drop moved-from'
  | 'mend'
  | 'break'
  | 'break a plan'
  | 'prune on'
  | 'prune off'
  | 'adopt'
  | 'steal';

export function applyEdit(
  tree: GitTree,
  { edit, ...about }: Edit,
  past: Past,
): GitTree | undefined {
  return EDITS[edit](tree, about, past);
}

const EDITS: Readonly<Record<EditName, Change>> = {
  add(tree, { pick }, past) {
    const plan = choose(tree.plans, pick);
    if (!plan) return undefined;
    const name = past.fresh();
    const added: KeyDocument = { who: name, namespace: plan.namespace, name };
    return joined({ ...tree, keys: [...tree.keys, added] }, name, plan);
  },
  remove(tree, { pick }) {
    const key = choose(tree.keys, pick);
    return key && without(tree, key);
  },
  return(tree, { pick }, past) {
    const removed = choose(
      [...past.removed.values()].map((one) => ({ ...one, name: one.key.name })),
      pick,
    );
    if (!removed) return undefined;
    const back: GitTree = { ...tree, keys: [...tree.keys, removed.key] };
    return tree.plans
      .filter(({ who }) => removed.plans.includes(who))
      .reduce<GitTree>((now, plan) => joined(now, removed.key.who, plan), back);
  },
  enable: (tree, { pick }) => withKey(tree, pick, () => ({ enabled: true })),
  disable: (tree, { pick }) => withKey(tree, pick, () => ({ enabled: false })),
  'leave enabled out': (tree, { pick }) => withKey(tree, pick, () => ({ enabled: undefined })),
  join(tree, { pick, other }, past) {
    const key = choose(tree.keys.filter(isPlain), pick);
    const plans = tree.plans.filter(
      (plan) => key && isSamePlace(tree, plan.namespace, key.namespace),
    );
    const plan = choose(plans, other);
    if (!key || !plan || plan.keys.includes(key.who)) return undefined;
    if (plan.namespace !== key.namespace && past.idOf(key.who) === undefined) return undefined;
    return joined(tree, key.who, plan);
  },
  leave(tree, { pick }) {
    const key = choose(
      tree.keys.filter((one) => isPlain(one) && placesOf(tree, one.who).size > 0),
      pick,
    );
    const [plan] = key ? placesOf(tree, key.who).values() : [];
    if (!plan || !key) return undefined;
    return withoutMember(tree, plan, key.who);
  },
  rename: (tree, { pick }, past) =>
    withKey(tree, pick, (key) => ({ name: past.fresh(), movedFrom: identityOf(key) })),
  'rename, misspelt': (tree, { pick }, past) =>
    withKey(tree, pick, (key) => ({ name: past.fresh(), movedFrom: `${identityOf(key)}-typo` })),
  'rename, broken': (tree, { pick }, past) =>
    withKey(tree, pick, (key) => ({
      name: past.fresh(),
      movedFrom: identityOf(key),
      isBroken: true,
    })),
  'rename without moved-from'(tree, { pick }, past) {
    const key = choose(tree.keys.filter(isPlain), pick);
    if (!key) return undefined;
    const name = past.fresh();
    // Git says that this is another consumer: the old one is removed.
    const added: KeyDocument = { who: name, namespace: key.namespace, name, enabled: key.enabled };
    const plans = tree.plans.map((plan) => ({
      ...plan,
      // A plan of another namespace would need an id that is not known yet.
      keys: plan.keys.flatMap((who) => {
        if (who !== key.who) return [who];
        return plan.namespace === key.namespace ? [name] : [];
      }),
    }));
    return { ...tree, keys: [...tree.keys.filter((one) => one !== key), added], plans };
  },
  'take the name of a removed key'(tree, { pick, other }, past) {
    const removed = choose(
      [...past.removed.values()].map(({ key }) => key),
      other,
    );
    const candidates = tree.keys.filter(
      ({ namespace, access }) =>
        namespace === removed?.namespace &&
        (access === undefined) === (removed.access === undefined),
    );
    const key = choose(candidates, pick);
    if (!removed || !key) return undefined;
    return replaced(tree, key, { name: removed.name, movedFrom: identityOf(key) });
  },
  move: (tree, { pick }, past) => moved(tree, pick, past, () => ({})),
  'move, misspelt': (tree, { pick }, past) =>
    moved(tree, pick, past, (key) => ({ movedFrom: `${identityOf(key)}-typo` })),
  'move, broken': (tree, { pick }, past) => moved(tree, pick, past, () => ({ isBroken: true })),
  'move with its plans'(tree, { pick }) {
    const key = choose(tree.keys.filter(isPlain), pick);
    const namespace = key && siblingOf(tree, key.namespace);
    if (!key || !namespace) return undefined;
    const isOwn = (plan: PlanDocument) =>
      plan.namespace === key.namespace && plan.keys.every((who) => who === key.who);
    const taken = tree.plans.filter((plan) => isOwn(plan) && plan.keys.length > 0);
    if (taken.length !== placesOf(tree, key.who).size) return undefined;
    const carried = <Doc extends PlanDocument | KeyDocument>(one: Doc): Doc => ({
      ...one,
      namespace,
      movedFrom: identityOf(one),
    });
    return {
      ...tree,
      keys: tree.keys.map((one) => (one === key ? carried(one) : one)),
      plans: tree.plans.map((plan) => (taken.includes(plan) ? carried(plan) : plan)),
    };
  },
  'move to another region'(tree, { pick }, past) {
    const key = choose(tree.keys.filter(isPlain), pick);
    const elsewhere = tree.targets.find(
      ({ region }) => key && region !== targetOf(tree, key.namespace).region,
    );
    // A moved-from of another region is an error: the document is invalid.
    if (!key || !elsewhere || past.idOf(key.who) === undefined) return undefined;
    return replaced(tree, key, { namespace: elsewhere.name, movedFrom: identityOf(key) });
  },
  'add a Consumer'(tree, { pick, other }, past) {
    const target = choose(tree.targets, pick);
    const stage = choose(
      STAGES.map((one) => ({ name: one })),
      other,
    );
    if (!target || !stage) return undefined;
    const name = past.fresh();
    const added: KeyDocument = { who: name, namespace: target.name, name, access: [stage.name] };
    return { ...tree, keys: [...tree.keys, added] };
  },
  'add a plan'(tree, { pick, other }, past) {
    const target = choose(tree.targets, pick);
    const name = past.fresh();
    const stage = choose(
      STAGES.map((one) => ({ name: one })),
      other,
    );
    if (!target || !stage) return undefined;
    const plan = { who: name, namespace: target.name, name, stage: stage.name, keys: [] };
    return { ...tree, plans: [...tree.plans, plan] };
  },
  'remove a plan'(tree, { pick }) {
    const plan = choose(tree.plans, pick);
    if (!plan) return undefined;
    return { ...tree, plans: tree.plans.filter((one) => one !== plan) };
  },
  'replace a plan'(tree, { pick }, past) {
    const plan = choose(tree.plans, pick);
    if (!plan) return undefined;
    const name = past.fresh();
    const next: PlanDocument = { ...plan, who: name, name, movedFrom: undefined };
    return { ...tree, plans: tree.plans.map((one) => (one === plan ? next : one)) };
  },
  'rename a plan': (tree, { pick }, past) =>
    withPlan(tree, pick, (plan) => ({ name: past.fresh(), movedFrom: identityOf(plan) })),
  'take the name of a removed plan'(tree, { pick, other }, past) {
    const removed = choose([...past.removedPlans.values()], other);
    if (!removed) return undefined;
    const { name, namespace } = removed;
    return withPlan(tree, pick, (plan) =>
      plan.namespace === namespace ? { name, movedFrom: identityOf(plan) } : undefined,
    );
  },
  'move a plan'(tree, { pick }, past) {
    return withPlan(tree, pick, (plan) => {
      const namespace = siblingOf(tree, plan.namespace);
      const isKnown = plan.keys.every((who) => past.idOf(who) !== undefined);
      return namespace && isKnown ? { namespace, movedFrom: identityOf(plan) } : undefined;
    });
  },
  'drop moved-from': (tree) => ({
    ...tree,
    keys: tree.keys.map((one) => ({ ...one, movedFrom: undefined })),
    plans: tree.plans.map((one) => ({ ...one, movedFrom: undefined })),
  }),
  mend: (tree) => ({
    ...tree,
    keys: tree.keys.map((one) => mended(one)),
    plans: tree.plans.map((one) => mended(one)),
  }),
  break: (tree, { pick }) => withKey(tree, pick, () => ({ isBroken: true })),
  'break a plan': (tree, { pick }) => withPlan(tree, pick, () => ({ isBroken: true })),
  'prune on': (tree, { pick }) => pruning(tree, pick, true),
  'prune off': (tree, { pick }) => pruning(tree, pick, false),
  adopt(tree, { pick, other }, past) {
    const plan = choose(tree.plans, other);
    const adopt = choose(
      past.handMade.map((name) => ({ name })),
      pick,
    )?.name;
    if (!plan || !adopt || targetOf(tree, plan.namespace).region !== 'eu-west-2') return undefined;
    const name = past.fresh();
    const added: KeyDocument = { who: name, namespace: plan.namespace, name, adopt };
    return joined({ ...tree, keys: [...tree.keys, added] }, name, plan);
  },
  // The document of another owner that takes what a document of this tree declares.
  steal(tree, { pick }, past) {
    const key = choose(tree.keys.filter(isPlain), pick);
    const thief = tree.targets.find(
      ({ owner, region }) =>
        key &&
        owner !== targetOf(tree, key.namespace).owner &&
        region === targetOf(tree, key.namespace).region,
    );
    const adopt = key && past.idOf(key.who);
    if (!key || !thief || !adopt || key.adopt) return undefined;
    const name = past.fresh();
    const adoptFrom = `apikeeper/${targetOf(tree, key.namespace).owner}`;
    const added: KeyDocument = {
      who: `thief of ${key.who}`,
      namespace: thief.name,
      name,
      enabled: false,
      adopt,
      adoptFrom,
    };
    return { ...tree, keys: [...tree.keys, added] };
  },
};

/** All names, for generators. */
export const EDIT_NAMES = Object.keys(EDITS) as readonly EditName[];

export function choose<Named extends { readonly name: string }>(
  all: readonly Named[],
  pick: Choice,
): Named | undefined {
  return typeof pick === 'string'
    ? all.find(({ name }) => name === pick)
    : all[pick % Math.max(1, all.length)];
}

/** Thieves and Consumers take no part in changes of lists. */
function isPlain({ access, adoptFrom }: KeyDocument): boolean {
  return access === undefined && adoptFrom === undefined;
}

function replaced(tree: GitTree, key: KeyDocument, more: Partial<KeyDocument>): GitTree {
  return { ...tree, keys: tree.keys.map((one) => (one === key ? { ...one, ...more } : one)) };
}

function withKey(
  tree: GitTree,
  pick: Choice,
  change: (key: KeyDocument) => Partial<KeyDocument>,
): GitTree | undefined {
  const key = choose(
    tree.keys.filter(({ adoptFrom }) => adoptFrom === undefined),
    pick,
  );
  return key && replaced(tree, key, change(key));
}

function withPlan(
  tree: GitTree,
  pick: Choice,
  change: (plan: PlanDocument) => Partial<PlanDocument> | undefined,
): GitTree | undefined {
  const plan = choose(tree.plans, pick);
  const more = plan && change(plan);
  if (!more) return undefined;
  return { ...tree, plans: tree.plans.map((one) => (one === plan ? { ...one, ...more } : one)) };
}

/** A key's document goes to another namespace; the plans that let it in stay and name it by its id. */
function moved(
  tree: GitTree,
  pick: Choice,
  past: Past,
  change: (key: KeyDocument) => Partial<KeyDocument>,
): GitTree | undefined {
  const key = choose(
    tree.keys.filter(({ adoptFrom }) => adoptFrom === undefined),
    pick,
  );
  const namespace = key && siblingOf(tree, key.namespace);
  if (!key || !namespace || past.idOf(key.who) === undefined) return undefined;
  return replaced(tree, key, { namespace, movedFrom: identityOf(key), ...change(key) });
}

function isSamePlace(tree: GitTree, one: string, other: string): boolean {
  const [a, b] = [targetOf(tree, one), targetOf(tree, other)];
  return a.region === b.region && a.owner === b.owner;
}

/** Another Target of the same account, region and owner. */
function siblingOf(tree: GitTree, namespace: string): string | undefined {
  return tree.targets.find(({ name }) => name !== namespace && isSamePlace(tree, name, namespace))
    ?.name;
}

function withoutMember(tree: GitTree, plan: PlanDocument, who: string): GitTree {
  const keys = plan.keys.filter((one) => one !== who);
  return { ...tree, plans: tree.plans.map((one) => (one === plan ? { ...one, keys } : one)) };
}

function without(tree: GitTree, key: KeyDocument): GitTree {
  // A thief's document has nothing left to take.
  const keys = tree.keys.filter((one) => one !== key && one.who !== `thief of ${key.who}`);
  const plans = tree.plans.map((plan) => ({
    ...plan,
    keys: plan.keys.filter((who) => who !== key.who),
  }));
  return { ...tree, keys, plans };
}

/** In this plan, and in no other of the same stage. */
function joined(tree: GitTree, who: string, { who: chosen }: PlanDocument): GitTree {
  const stage = tree.plans.find((plan) => plan.who === chosen)?.stage;
  const plans = tree.plans.map((plan): PlanDocument => {
    if (plan.stage !== stage) return plan;
    const others = plan.keys.filter((one) => one !== who);
    return { ...plan, keys: plan.who === chosen ? [...others, who] : others };
  });
  return { ...tree, plans };
}

function mended<Doc extends KeyDocument | PlanDocument>(one: Doc): Doc {
  return { ...one, isBroken: undefined, movedFrom: one.movedFrom?.replace(/-typo$/, '') };
}

function pruning(tree: GitTree, pick: Choice, prune: boolean): GitTree | undefined {
  const target = choose(tree.targets, pick);
  if (!target || target.prune === prune) return undefined;
  return {
    ...tree,
    targets: tree.targets.map((one) => (one === target ? { ...one, prune } : one)),
  };
}
