/**
 * Tells the trees that the contract decides from those that it leaves open.
 * An edit that leads to an open one is left out of the history.
 *
 * | a document | is decided |
 * | --- | --- |
 * | bears a name that another consumer bore after its own | no: which of the two is meant, no tag says |
 * | bears the name that is still on another's live key | only where that one left Git, and `moved-from` names the document's own |
 * | names another's live key in `moved-from` | only where that one's document bears the name |
 * | bears the name of its own key, or names it in `moved-from` | yes |
 * | bears the name that its key bore before | yes, while the key is not retired: `formerly` says so |
 * | has a `moved-from` that no live key bears | yes: held, while prune is on, so that the key would be removed, and in a namespace that the document names |
 * | is invalid, and has such a `moved-from` | no: exactly what it names is held |
 * | has none of these | no: Git would mean another consumer |
 */
import { type GitTree, identityOf, isInvalid, type KeyDocument } from './git.ts';
import type { Oracle } from './oracle.ts';
import { type AccountView, isRetired, type KeyView, nameIn } from './view.ts';

/** A kind of event that is left out until its repair has landed. */
export type Undecided = string;

export interface Known {
  readonly oracle: Oracle;
  /** By `<kind> <namespace>/<name>`, in order. */
  readonly bearers: ReadonlyMap<string, readonly string[]>;
  readonly view: AccountView;
  readonly notYet: ReadonlySet<Undecided>;
}

interface Doc {
  readonly kind: 'ApiKey' | 'UsagePlan';
  readonly who: string;
  readonly namespace: string;
  readonly name: string;
  readonly movedFrom?: string | undefined;
  readonly adoptFrom?: string | undefined;
  readonly isBroken?: true | undefined;
}

interface LiveOf {
  readonly who: string;
  readonly live: Pick<KeyView, 'tags'>;
}

export function isDecided(tree: GitTree, known: Known): boolean {
  const docs: Doc[] = [
    ...tree.keys.map((key) => ({ kind: 'ApiKey' as const, ...key })),
    ...tree.plans.map((plan) => ({ kind: 'UsagePlan' as const, ...plan })),
  ];
  const names = docs.map((doc) => `${doc.kind} ${identityOf(doc)}`);
  if (new Set(names).size < names.length) return false;
  // A key of another region can join no plan here.
  const isLost = ({ who, namespace, isBroken }: KeyDocument) =>
    !isBroken && tree.plans.some((plan) => plan.namespace === namespace && plan.keys.includes(who));
  if (tree.keys.some((key) => isInvalid(tree, key) && isLost(key))) return false;
  return docs.every((doc) => doc.adoptFrom !== undefined || isKnown(doc, docs, tree, known));
}

function isKnown(doc: Doc, docs: readonly Doc[], tree: GitTree, known: Known): boolean {
  const name = identityOf(doc);
  const bore = known.bearers.get(`${doc.kind} ${name}`) ?? [];
  if (bore.includes(doc.who) && bore.at(-1) !== doc.who) return false;

  const alive = liveOf(doc.kind, known);
  const own = alive.find(({ who }) => who === doc.who)?.live;
  const others = alive.filter(({ who }) => who !== doc.who);
  const ownName = own && nameIn(own);
  const declared = new Map(
    docs.filter(({ kind }) => kind === doc.kind).map((one) => [one.who, one]),
  );
  const isTaken = others.some(
    ({ who, live }) =>
      nameIn(live) === name &&
      (declared.has(who) || doc.movedFrom === undefined || doc.movedFrom !== ownName),
  );
  const isStolen = others.some(({ who, live }) => {
    const document = declared.get(who);
    return nameIn(live) === doc.movedFrom && !(document && identityOf(document) === doc.movedFrom);
  });
  if (isTaken || isStolen) return false;
  if (!own || ownName === undefined) return true;
  if (ownName === name) return true;
  if (doc.isBroken && known.notYet.has('rename, broken')) return false;
  if (ownName === doc.movedFrom) return true;
  if (isInvalid(tree, doc)) return false;
  if (known.oracle.formerly.get(doc.who) === name && !isRetired(own))
    return !known.notYet.has('rename reverted');
  const isFound = alive.some(({ live }) => nameIn(live) === doc.movedFrom);
  const target = tree.targets.find((one) => one.name === ownName.split('/')[0]);
  const isHeld = doc.movedFrom !== undefined && !isFound && !isRetired(own) && target?.prune;
  // Only what left a namespace that the document names is held.
  const isNamed = [doc.namespace, doc.movedFrom?.split('/')[0]].includes(ownName.split('/')[0]);
  return isHeld === true && isNamed && !known.notYet.has('renamed twice unseen');
}

function liveOf(kind: Doc['kind'], { oracle, view }: Known): LiveOf[] {
  const originals = kind === 'ApiKey' ? oracle.keys : oracle.plans;
  const all: ReadonlyMap<string, Pick<KeyView, 'tags'>> = kind === 'ApiKey'
    ? view.keys
    : view.plans;
  return [...originals].flatMap(([who, id]) => {
    const live = all.get(id);
    return live ? [{ who, live }] : [];
  });
}
