/**
 * A repository as people mean it: each document belongs to a consumer or to a plan that goes on through renames and moves.
 * The names of these (`who`) never reach apikeeper: from them the oracle knows what a history means.
 */
import { randomUUID } from 'node:crypto';
import { compact } from '../../../src/core/model/compact.ts';
import type { Document } from '../account.ts';

export const STAGES = ['production', 'staging'];
const ACCOUNT_ID = '123456789012';
const OWNER = `history-${randomUUID()}`;

export type Spelling = 'right' | 'misspelt';

interface Identified {
  /** Never changes: the same consumer, or the same plan. */
  readonly who: string;
  readonly namespace: string;
  readonly name: string;
  /** `<namespace>/<name>` */
  readonly movedFrom?: string | undefined;
  /** The document carries a field that no schema knows. */
  readonly isBroken?: true | undefined;
}

/** An ApiKey; with `access` a Consumer, and its plans are its own. */
export interface KeyDocument extends Identified {
  readonly enabled?: boolean | undefined;
  readonly access?: readonly string[] | undefined;
  readonly adopt?: string | undefined;
  readonly adoptFrom?: string | undefined;
}

export interface PlanDocument extends Identified {
  readonly stage: string;
  /** The consumers that it lets in. */
  readonly keys: readonly string[];
}

export interface TargetDocument {
  readonly name: string;
  readonly owner: string;
  readonly region: string;
  readonly prune: boolean;
}

/** One commit's tree. */
export interface GitTree {
  readonly targets: readonly TargetDocument[];
  readonly keys: readonly KeyDocument[];
  readonly plans: readonly PlanDocument[];
}

/** The third Target: another owner in the same place, the same owner in another region, or none. */
export type ThirdTarget = 'none' | 'other owner' | 'other region';

export function firstTree(third: ThirdTarget, prune: readonly boolean[]): GitTree {
  const target = (name: string, more: Partial<TargetDocument> = {}): TargetDocument => ({
    name,
    owner: OWNER,
    region: 'eu-west-2',
    prune: prune[name.charCodeAt(0) - 97] ?? true,
    ...more,
  });
  const key = (namespace: string, name: string, more: Partial<KeyDocument> = {}): KeyDocument => ({
    who: name,
    namespace,
    name,
    ...more,
  });
  const plan = (namespace: string, name: string, stage: string, keys: readonly string[]) => ({
    who: name,
    namespace,
    name,
    stage,
    keys,
  });
  const thirds = {
    none: [],
    'other owner': [target('c', { owner: `${OWNER}-2` })],
    'other region': [target('c', { region: 'eu-west-1' })],
  };
  return {
    targets: [target('a'), target('b'), ...thirds[third]],
    keys: [
      key('a', 'acme', { enabled: true }),
      key('a', 'acme-2'),
      key('b', 'beta'),
      key('b', 'carl', { access: ['staging'] }),
      ...(third === 'none' ? [] : [key('c', 'cora')]),
    ],
    plans: [
      plan('a', 'gold', 'production', ['acme', 'acme-2']),
      plan('a', 'iron', 'staging', ['acme']),
      plan('b', 'silver', 'production', ['beta']),
      ...(third === 'none' ? [] : [plan('c', 'clay', 'production', ['cora'])]),
    ],
  };
}

export function identityOf({ namespace, name }: Pick<Identified, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

export function targetOf(tree: GitTree, namespace: string): TargetDocument {
  const found = tree.targets.find(({ name }) => name === namespace);
  if (!found) throw new Error(`no Target is named ${namespace}`);
  return found;
}

/** Says that no pass can believe the document: a `moved-from` of another region is an error. */
export function isInvalid(tree: GitTree, document: Identified): boolean {
  const origin = document.movedFrom?.split('/')[0];
  const isElsewhere =
    origin !== undefined &&
    targetOf(tree, origin).region !== targetOf(tree, document.namespace).region;
  return document.isBroken === true || isElsewhere;
}

/** All plans, those of Consumers included: they are called `<who>:<stage>`. */
export function plansOf(tree: GitTree): readonly PlanDocument[] {
  const own = tree.keys.flatMap((key) =>
    (key.access ?? []).map(
      (stage): PlanDocument => ({
        who: `${key.who}:${stage}`,
        namespace: key.namespace,
        name: `${key.name}-residents-api-${stage}`,
        stage,
        keys: [key.who],
        isBroken: key.isBroken,
      }),
    ),
  );
  return [...tree.plans, ...own];
}

/** Finds the plan that lets a consumer in, by stage. */
export function placesOf(tree: GitTree, who: string): ReadonlyMap<string, PlanDocument> {
  return new Map(
    plansOf(tree).flatMap((plan) => (plan.keys.includes(who) ? [[plan.stage, plan] as const] : [])),
  );
}

/** The tree's documents. A plan names a key of its own namespace, and gives the id of another. */
export function render(tree: GitTree, idOf: (who: string) => string | undefined): Document[] {
  return [
    ...tree.targets.map(targetDocument),
    ...tree.keys.map(keyDocument),
    ...tree.plans.map((plan) => planDocument(plan, tree, idOf)),
  ];
}

function targetDocument({ name, owner, region, prune }: TargetDocument): Document {
  return {
    apiVersion: 'apikeeper.dev/v1',
    kind: 'Target',
    metadata: { name },
    spec: {
      region,
      accountId: ACCOUNT_ID,
      owner,
      mode: 'enforce',
      prune,
      guards: { maxKeys: 100, maxPercent: 100 },
    },
  };
}

function keyDocument(key: KeyDocument): Document {
  const spec = compact({ enabled: key.enabled });
  if (!key.access) return document('ApiKey', key, spec, key);
  const access = key.access.map((stageName) => on(stageName));
  return document('Consumer', key, { key: spec, access });
}

function planDocument(
  plan: PlanDocument,
  tree: GitTree,
  idOf: (who: string) => string | undefined,
): Document {
  const keys = plan.keys.flatMap((who): (string | Document)[] => {
    const key = tree.keys.find((one) => one.who === who);
    if (!key) return [];
    if (key.namespace === plan.namespace) return [key.name];
    const id = idOf(who);
    return id === undefined ? [] : [{ id }];
  });
  return document('UsagePlan', plan, { stages: [on(plan.stage)], keys });
}

function on(stageName: string): Document {
  return { restApi: { name: 'residents-api' }, stageName };
}

function document(
  kind: string,
  { namespace, name, movedFrom, isBroken }: Identified,
  spec: Document,
  { adopt, adoptFrom }: Pick<KeyDocument, 'adopt' | 'adoptFrom'> = {},
): Document {
  const annotations = compact({
    'apikeeper.dev/moved-from': movedFrom,
    'apikeeper.dev/adopt': adopt,
    'apikeeper.dev/adopt-from': adoptFrom,
  });
  return {
    apiVersion: 'apikeeper.dev/v1',
    kind,
    metadata: { namespace, name, annotations },
    spec: { ...spec, ...(isBroken && { typo: true }) },
  };
}
