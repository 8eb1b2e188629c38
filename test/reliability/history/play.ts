/** Plays a history on an account in memory, and lets the oracle judge each pass. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../../../src/core/model/report.ts';
import { seed } from '../../kit/seed.ts';
import { type ConsoleChange, changeInConsole } from '../../scenarios/history.ts';
import {
  type Account,
  type Answered,
  createAccount,
  createTree,
  type HttpRequest,
  type Process,
  startProcess,
  type Tree,
  writesOf,
} from '../account.ts';
import { STRANGERS } from '../crash-scenarios.ts';
import { foreign } from '../states.ts';
import { isDecided, type Undecided } from './decided.ts';
import { applyEdit, type Choice, choose, type Past, type RemovedKey } from './edits.ts';
import { type Event, type HandName, type History, type PassKind, TRIGGERS } from './events.ts';
import { firstTree, type GitTree, identityOf, type PlanDocument, render, targetOf } from './git.ts';
import { GRACE_MS, Oracle, type Pass } from './oracle.ts';
import { ACCOUNT_ID, type AccountView, isRetired, nameIn, REGIONS, viewOf } from './view.ts';

const HOUR_MS = 3600_000;
const SCHEDULE_MS = 10 * 60_000;
const PAST_EXPIRY = '2020-01-01T00:00:00Z';

/** The rules that broke, and the events that led there, in words. */
export interface Played {
  readonly wrong: readonly string[];
  readonly told: readonly string[];
}

export async function play(
  history: History,
  notYet: ReadonlySet<Undecided> = new Set(),
): Promise<Played> {
  await using world = await World.begin(history, notYet);
  for (const event of history.events) {
    const wrong = await world.happen(event);
    if (wrong.length > 0) return { wrong, told: world.told };
  }
  return { wrong: await world.end(), told: world.told };
}

type Tagged = Parameters<typeof nameIn>[0];

class World implements AsyncDisposable {
  readonly told: string[] = [];
  private readonly account: ReturnType<typeof createAccount>;
  private readonly files: Tree;
  private readonly oracle = new Oracle();
  private readonly notYet: ReadonlySet<Undecided>;
  private readonly commits: GitTree[];
  private readonly removed = new Map<string, RemovedKey>();
  private readonly removedPlans = new Map<string, PlanDocument>();
  /** By name, which consumer or plan bore it last, and all that ever did. */
  private readonly bearers = new Map<string, string[]>();
  private readonly strangers: string;
  /** A directory for each process: one that was killed in this test cannot let go of its lock. */
  private readonly locks = mkdtempSync(join(tmpdir(), 'apikeeper-history-'));
  private process: Process | undefined;
  private writesLeft: { count: number; readonly when: 'before' | 'after' } | undefined;
  private died = Promise.withResolvers<undefined>();
  private names = 0;
  private readonly decoyed = new Set<string>();

  private constructor(
    account: ReturnType<typeof createAccount>,
    first: GitTree,
    notYet: ReadonlySet<Undecided>,
  ) {
    this.account = account;
    this.notYet = notYet;
    this.commits = [first];
    this.files = createTree();
    this.strangers = strangersIn(account);
    this.record(first);
    this.oracle.begin(first, viewOf(account.core), account.clock.now());
  }

  static async begin({ third, prune }: History, notYet: ReadonlySet<Undecided>): Promise<World> {
    const tree = firstTree(third, prune);
    return new World(await accountOf(tree), tree, notYet);
  }

  async happen(event: Event): Promise<string[]> {
    switch (event.event) {
      case 'commit': {
        const next = event.edits.reduce(
          (tree, edit) => this.decided(tree, applyEdit(tree, edit, this.past(tree)), edit.edit),
          this.head,
        );
        this.commit(next, event.edits.map(({ edit }) => edit).join(', then '));
        return [];
      }
      case 'revert': {
        const before = this.commits.at(-2);
        if (before) this.commit(this.decided(this.head, before, 'revert'), 'git revert');
        return [];
      }
      case 'pass':
        return this.pass(event.as);
      case 'kill':
        this.writesLeft = { count: event.write, when: event.when };
        return this.pass(event.as);
      case 'wait':
        this.account.clock.pass(event.hours * HOUR_MS);
        this.tell(`${event.hours} hours go by`);
        return [];
      case 'hand':
        await this.byHand(event.hand, event.pick);
        return [];
    }
  }

  /** Three undisturbed passes, and a fourth that finds nothing to do. */
  async end(): Promise<string[]> {
    for (let count = 1; count <= 3; count++) {
      this.account.clock.pass(SCHEDULE_MS);
      const wrong = await this.pass('fresh');
      if (wrong.length > 0) return wrong;
    }
    this.account.core.clearRequests();
    const { wrong, pass } = await this.judged('fresh');
    const writes = writesOf(this.account.core.requests).map(({ operation }) => operation);
    return [...wrong, ...this.oracle.judgeEnd(pass, writes)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process?.[Symbol.asyncDispose]();
    this.files[Symbol.dispose]();
    rmSync(this.locks, { recursive: true, force: true });
  }

  private get head(): GitTree {
    return this.commits.at(-1) ?? { targets: [], keys: [], plans: [] };
  }

  private tell(text: string): void {
    this.told.push(text);
  }

  private past(tree: GitTree): Past {
    this.recordRemoved(tree);
    const view = viewOf(this.account.core);
    const adopted = new Set(tree.keys.map(({ adopt }) => adopt));
    return {
      fresh: () => `name-${++this.names}`,
      removed: new Map(
        [...this.removed].filter(([who]) => !tree.keys.some((key) => key.who === who)),
      ),
      removedPlans: new Map(
        [...this.removedPlans].filter(([who]) => !tree.plans.some((plan) => plan.who === who)),
      ),
      handMade: [...this.oracle.handMade].filter(
        (id) => view.keys.has(id) && !this.oracle.forged.has(id) && !adopted.has(id),
      ),
      idOf: (who) => this.oracle.keys.get(who),
    };
  }

  /** The next tree, where the contract decides what it means. */
  private decided(tree: GitTree, next: GitTree | undefined, what: string): GitTree {
    if (!next) return tree;
    const { oracle, bearers, notYet } = this;
    const view = viewOf(this.account.core);
    if (isDecided(next, { oracle, bearers, view, notYet })) return next;
    this.tell(`(${what}: not decided, left out)`);
    return tree;
  }

  private commit(tree: GitTree, what: string): void {
    if (tree === this.head) return;
    this.recordRemoved(tree);
    const view = viewOf(this.account.core);
    for (const { who, adopt, adoptFrom } of tree.keys) {
      const isNew = adopt !== undefined && adoptFrom === undefined && !this.oracle.keys.has(who);
      if (isNew && view.keys.has(adopt)) this.oracle.adopt(who, adopt, view);
    }
    this.commits.push(tree);
    this.record(tree);
    this.tell(`commit: ${what}: ${this.shown(tree)}`);
  }

  /** Remembers the documents that the next tree leaves out. */
  private recordRemoved(tree: GitTree): void {
    for (const key of this.head.keys) {
      const isLeaving = !tree.keys.some(({ who }) => who === key.who);
      if (!isLeaving || key.adoptFrom) continue;
      const plans = this.head.plans.filter(({ keys }) => keys.includes(key.who));
      this.removed.set(key.who, { key, plans: plans.map(({ who }) => who) });
    }
    for (const plan of this.head.plans)
      if (!tree.plans.some(({ who }) => who === plan.who)) this.removedPlans.set(plan.who, plan);
  }

  /** The documents that this commit changed, as they are now. */
  private shown(tree: GitTree): string {
    const idOf = (who: string) => this.oracle.keys.get(who);
    const before = new Set(
      render(this.commits.at(-2) ?? tree, idOf).map((one) => JSON.stringify(one)),
    );
    const now = render(tree, idOf).map((one) => JSON.stringify(one));
    return now.filter((text) => !before.has(text)).join(' ') || '(documents left)';
  }

  private record(tree: GitTree): void {
    for (const doc of [
      ...tree.keys.map(kindAs('ApiKey')),
      ...tree.plans.map(kindAs('UsagePlan')),
    ]) {
      const all = this.bearers.get(doc.name) ?? [];
      if (all.at(-1) !== doc.who) this.bearers.set(doc.name, [...all, doc.who]);
    }
  }

  private async pass(as: PassKind): Promise<string[]> {
    return (await this.judged(as)).wrong;
  }

  private async judged(as: PassKind): Promise<{ wrong: string[]; pass: Pass }> {
    const tree = this.head;
    this.files.write(render(tree, (who) => this.oracle.keys.get(who)));
    const before = viewOf(this.account.core);
    const report = await this.run(as);
    const after = viewOf(this.account.core);
    // A process that has just started knows nothing: its change pass reads everything.
    const pass = { as, tree, before, after, report, now: this.account.clock.now() };
    for (const [who, id] of this.oracle.keys)
      this.follow(who, before.keys.get(id), after.keys.get(id));
    for (const [who, id] of this.oracle.plans)
      this.follow(who, before.plans.get(id), after.plans.get(id));
    const wrong = this.oracle.judge(pass);
    if (strangersIn(this.account) !== this.strangers) wrong.push('same: a stranger changed');
    this.tell(`pass (${as}): ${report ? outcomeOf(report) : 'killed'}`);
    return { wrong, pass };
  }

  private follow(who: string, before: Tagged | undefined, after: Tagged | undefined): void {
    const [was, is] = [before, after].map((live) => live && nameIn(live));
    if (was !== undefined && is !== undefined && was !== is) this.oracle.formerly.set(who, was);
  }

  private async run(as: PassKind): Promise<Report | undefined> {
    if (as === 'fresh') await this.stop();
    this.process ??= this.start();
    const pass = this.process.pass({ trigger: TRIGGERS[as] });
    const report = await Promise.race([pass, this.died.promise]);
    this.writesLeft = undefined;
    if (!report) await this.stop();
    return report;
  }

  private start(): Process {
    this.died = Promise.withResolvers();
    const { resolve } = this.died;
    const never = new Promise<never>(() => {});
    let isDead = false;
    const die = () => {
      isDead = true;
      resolve(undefined);
      return never;
    };
    const interfere = async (carryOut: () => Promise<Answered>, request: HttpRequest) => {
      if (isDead) return never;
      const isWrite = request.method !== 'GET' && request.path !== '/';
      if (!this.writesLeft || !isWrite || --this.writesLeft.count > 0) {
        const answer = await carryOut();
        return isDead ? never : answer;
      }
      if (this.writesLeft.when === 'after') await carryOut();
      return die();
    };
    const lockDirectory = mkdtempSync(join(this.locks, 'process-'));
    const settings = { interfere, lockDirectory, deleteGraceMs: GRACE_MS };
    return startProcess(this.account, this.files.directory, settings);
  }

  private async stop(): Promise<void> {
    await this.process?.[Symbol.asyncDispose]();
    this.process = undefined;
  }

  /** Changes the account; a change that the service refuses counts as not made. */
  private async byHand(hand: HandName, pick: Choice): Promise<void> {
    const change = this.changeOf(hand, pick);
    if (!change) return;
    await changeInConsole(this.account.hand, change).catch(() => {});
    this.oracle.byHand(viewOf(this.account.core), this.account.clock.now());
    this.tell(`by hand: ${hand} ${JSON.stringify(change)}`);
  }

  private changeOf(hand: HandName, pick: Choice): ConsoleChange | undefined {
    const { oracle, account } = this;
    const view = viewOf(account.core);
    const known = [...oracle.keys].flatMap(([who, id]) =>
      view.keys.get(id)?.region === 'eu-west-2' ? [{ name: who, id }] : [],
    );
    const key = choose(known, pick);
    const id = `hand${++this.names}`;
    if (hand === 'make a key' || hand === 'make a disabled key') {
      oracle.handMade.add(id);
      return { add: { keys: [{ id, name: id, enabled: hand === 'make a key' }] } };
    }
    if (hand === 'claim') {
      const [unclaimed] = [...oracle.handMade].filter((one) => !oracle.forged.has(one));
      if (unclaimed === undefined) return undefined;
      oracle.forged.add(unclaimed);
      const { owner } = targetOf(this.head, 'a');
      const resource = `a/claimed-${unclaimed}`;
      const tags = { 'apikeeper:owner': owner, 'apikeeper:resource': resource };
      return { tag: `ApiKey/${unclaimed}`, tags: { ...tags, 'apikeeper:on-remove': 'Delete' } };
    }
    if (hand === 'expire claimed') {
      const [claimed] = [...oracle.forged].filter((one) => view.keys.has(one));
      return claimed === undefined
        ? undefined
        : { tag: `ApiKey/${claimed}`, tags: { 'apikeeper:delete-after': PAST_EXPIRY } };
    }
    if (!key) return undefined;
    const object = `ApiKey/${key.id}`;
    switch (hand) {
      case 'disable by hand':
      case 'enable by hand':
        return { patch: object, path: '/enabled', value: String(hand === 'enable by hand') };
      case 'detach':
      case 'attach': {
        const plans = [...view.plans.values()].filter(
          (plan) =>
            [...oracle.plans.values()].includes(plan.id) &&
            plan.keys.has(key.id) === (hand === 'detach'),
        );
        const [plan] = plans;
        if (!plan) return undefined;
        return hand === 'detach'
          ? { detach: key.id, plan: plan.id }
          : { attach: key.id, plan: plan.id };
      }
      case 'delete':
        // Then the decoy is the only key with its tags.
        if (this.decoyed.has(key.id)) return undefined;
        return { delete: object };
      case 'tag':
        return { tag: object, tags: { team: 'by hand' } };
      case 'decoy': {
        // A decoy of a key whose tags say that it left Git takes its place: docs/trust.md.
        const original = view.keys.get(key.id);
        if (original && isRetired(original)) return undefined;
        this.decoyed.add(key.id);
        const tags = Object.entries(view.keys.get(key.id)?.tags ?? {}).filter(([name]) =>
          ['apikeeper:owner', 'apikeeper:resource'].includes(name),
        );
        oracle.handMade.add(id);
        oracle.forged.add(id);
        return { add: { keys: [{ id, name: id, tags: Object.fromEntries(tags) }] } };
      }
      case 'expire':
        if (this.decoyed.has(key.id) || !this.isNamed(key.name, view)) return undefined;
        return { tag: object, tags: { 'apikeeper:delete-after': PAST_EXPIRY } };
    }
  }

  /** Its document names it: a forged time on a key that none names hides it from a misspelt rename, docs/trust.md. */
  private isNamed(name: string, view: AccountView): boolean {
    const document = this.head.keys.find(({ who }) => who === name);
    const live = view.keys.get(this.oracle.keys.get(name) ?? '');
    const own = live && nameIn(live);
    if (!document || own === undefined) return true;
    return own === identityOf(document) || own === document.movedFrom;
  }
}

function kindAs(kind: string) {
  return (doc: { readonly who: string; readonly namespace: string; readonly name: string }) => ({
    who: doc.who,
    name: `${kind} ${identityOf(doc)}`,
  });
}

function outcomeOf({ targets, problems }: Report): string {
  const objects = targets.flatMap((target) => target.objects);
  const steps = objects
    .filter(({ action }) => action !== 'keep')
    .map(
      ({ action, kind, namespace, name, reason, outcome, awsId }) =>
        `${action} ${kind}/${namespace}/${name} ${awsId ?? ''} (${reason ?? outcome})`,
    );
  const errors = targets.flatMap(({ error }) => error ?? []);
  const said = [...problems.map(({ message }) => `problem: ${message}`), ...errors, ...steps];
  return said.join('; ') || 'nothing to do';
}

function strangersIn({ core }: Pick<Account, 'core'>): string {
  const states = REGIONS.map((region) => foreign(core.state(ACCOUNT_ID, region)));
  return JSON.stringify(states, (_, value) => (value instanceof Map ? [...value] : value));
}

const beginnings = new Map<string, ReturnType<typeof beginningOf>>();

/** The account as the first commit's passes left it: made once for each first tree, since it is the same each time. */
async function accountOf(tree: GitTree): Promise<ReturnType<typeof createAccount>> {
  const name = JSON.stringify(tree);
  const beginning = beginnings.get(name) ?? beginningOf(tree);
  beginnings.set(name, beginning);
  const { states, at } = await beginning;
  const account = createAccount({ seed: 2, at });
  for (const state of states)
    Object.assign(account.core.state(ACCOUNT_ID, state.region), structuredClone(state));
  return account;
}

async function beginningOf(tree: GitTree) {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  const [first, second] = REGIONS.map((region) => account.core.state(ACCOUNT_ID, region));
  if (first && second) second.restApis = structuredClone(first.restApis);
  using files = createTree(render(tree, () => undefined));
  for (const _ of [1, 2, 3]) {
    await using process = startProcess(account, files.directory, { deleteGraceMs: GRACE_MS });
    const report = await process.pass();
    account.clock.pass(SCHEDULE_MS);
    if (report?.state !== 'in-sync' && _ === 3)
      throw new Error(`the beginning is not in sync: ${report && outcomeOf(report)}`);
  }
  const states = REGIONS.map((region) => account.core.state(ACCOUNT_ID, region));
  return { states, at: account.clock.now() };
}
