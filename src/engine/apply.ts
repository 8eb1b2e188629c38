/** Carries a plan out: the most urgent call that may begin goes first, and one that waits for its own quota keeps nobody else waiting. */
import { appliedTag } from '../core/applied.ts';
import type { Clock } from '../core/clock.ts';
import { isClosing } from '../core/dependencies.ts';
import { applied, type Fingerprint, fieldText } from '../core/diff.ts';
import { identity, type Json, type Live, type Spec, TAG } from '../core/model.ts';
import { type Operation, stepsOf } from '../core/operation.ts';
import type { Change, Step } from '../core/plan.ts';
import { isReadyToDeploy } from '../core/redeployment.ts';
import type { Outcome } from '../core/report.ts';
import type { Result } from '../core/summarize.ts';
import { URGENCY } from '../core/urgency.ts';
import { isMap, isNone, same } from '../core/values.ts';
import type { ErrorClass } from '../gateway/errors.ts';
import type { Send } from '../gateway/send.ts';
import type { Kind } from '../kinds/kind.ts';
import { PartlyCreated } from '../kinds/live.ts';
import { tag as setTags, untag } from '../kinds/tags.ts';
import { makeOnce } from './create.ts';
import { classOf, type GivenUp, messageOf } from './failures.ts';
import { inLanes } from './lanes.ts';
import type { Memory } from './memory.ts';

/** An object read longer ago is read again before it is written (design, section 8). */
const FRESH_MS = 60_000;

export interface ApplyOptions {
  readonly send: Send;
  readonly kinds: readonly Kind[];
  readonly region: string;
  readonly owner: string;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly fingerprint: Fingerprint;
  /** Operations with a quota of their own: each has a lane, so that its queue holds up nothing else. */
  readonly ownQuota: ReadonlySet<string>;
  /** The pinned value of a key to be created. */
  readonly valueOf: (step: Step) => Promise<string | undefined>;
  readonly signal?: AbortSignal | undefined;
  /** What failed for good before, and isn't tried again: by step. */
  readonly spared: ReadonlyMap<Step, GivenUp>;
  /** Told of each step when the last of its operations is over. */
  readonly onResult?: (step: Step, result: Result) => void;
}

/** Why an operation did not do what it was for. */
type Failure = { readonly is: 'failed' | 'dependency' | 'superseded'; readonly message: string; readonly errorClass?: ErrorClass };
type Settled = { readonly is: 'done' } | Failure;

interface Run extends ApplyOptions {
  readonly steps: readonly Step[];
  /** Every object as the last call left it, by step. */
  readonly current: Map<Step, Live>;
  /** What a create made, by identity. */
  readonly made: Map<string, Live>;
  readonly settled: Map<string, Settled>;
  /** Changes that were not made, by step. */
  readonly unmade: Map<Step, Set<string>>;
  /** The operations of each step that has any. */
  readonly work: ReadonlyMap<Step, readonly Operation[]>;
  readonly results: Map<Step, Result>;
}

/** What an apply leaves behind. */
export interface Applied {
  readonly results: ReadonlyMap<Step, Result>;
  /** Every object that a step was about, as the last call left it; what is gone is absent. */
  readonly live: ReadonlyMap<Step, Live>;
}

export async function apply(steps: readonly Step[], all: readonly Operation[], options: ApplyOptions): Promise<Applied> {
  const empty = { current: new Map(), made: new Map(), settled: new Map(), unmade: new Map(), results: new Map<Step, Result>() };
  const run: Run = { ...options, ...empty, steps, work: workOf(all) };
  for (const step of steps) {
    if (step.live) run.current.set(step, step.live);
    if (!run.work.has(step)) conclude(step, run);
  }
  await runLanes(all, run);
  return { results: run.results, live: run.current };
}

function workOf(all: readonly Operation[]): Map<Step, Operation[]> {
  const work = new Map<Step, Operation[]>();
  for (const one of all) for (const step of stepsOf(one)) work.set(step, [...(work.get(step) ?? []), one]);
  return work;
}

function conclude(step: Step, run: Run): void {
  const result = resultOf(step, run);
  run.results.set(step, result);
  run.onResult?.(step, result);
}

async function runLanes(all: readonly Operation[], run: Run): Promise<void> {
  const begun = new Set<Operation>();
  const isAtWork = (one: Operation) => begun.has(one) && (run.settled.get(one.id)?.is ?? 'done') === 'done';
  // A step that has written gets its tags all the same: they tell the next pass what it wrote.
  const finishes = (one: Operation) => one.type === 'tag' && (run.work.get(one.step)?.some(isAtWork) ?? false);
  await inLanes(all, {
    signal: run.signal,
    laneOf: (one) => one.calls.find((call) => run.ownQuota.has(call)) ?? 'other',
    async perform(one) {
      begun.add(one);
      settle(one, await perform(one, run));
    },
    drop(one) {
      if (!run.signal || finishes(one)) return false;
      settle(one, superseded(run.signal));
      return true;
    },
  });

  function settle(one: Operation, result: Settled): void {
    run.settled.set(one.id, result);
    if (result.is !== 'done') noteUnmade(one, run);
    for (const step of stepsOf(one)) {
      if (run.work.get(step)?.every(({ id }) => run.settled.has(id))) conclude(step, run);
    }
  }
}

async function perform(one: Operation, run: Run): Promise<Settled> {
  const known = run.spared.get(one.step);
  // Whose access ends is tried in every pass.
  if (known && one.urgency !== URGENCY.revoke) return { is: 'failed', ...known };
  try {
    return (await carryOut(one, run)) ?? { is: 'done' };
  } catch (error) {
    if (run.signal?.aborted && error === run.signal.reason) return superseded(run.signal);
    return failure(error);
  }
}

function failure(error: unknown): Failure {
  return { is: 'failed', message: messageOf(error), errorClass: classOf(error) };
}

function superseded({ reason }: AbortSignal): Failure {
  return { is: 'superseded', message: messageOf(reason) };
}

/** Does the one thing; answers with a failure where it can't be done, and with nothing where it was. Rejects with what the service said. */
async function carryOut(one: Operation, run: Run): Promise<Failure | undefined> {
  const blocked = blockedBy(one, run);
  if (blocked) return blocked;
  const kind = kindOf(one.step, run);
  const signal = one.type === 'tag' ? undefined : run.signal;
  const send: Send = (command, options) => run.send(command, { urgency: one.urgency, signal, ...options });
  switch (one.type) {
    case 'create':
      return create(one.step, kind, send, run);
    case 'update':
      return update(one.step, one.changes, kind, send, run);
    case 'attach':
      return attach(one.step, one.key, kind, send, run);
    case 'detach':
      return detach(one.step, one.key, kind, send, run);
    case 'move':
      return move(one, kind, send, run);
    case 'deploy':
      return deploy(one, kind, send, run);
    case 'delete':
      return remove(one.step, kind, send, run);
    case 'tag':
      return tag(one.step, kind, send, run);
  }
}

/**
 * A create or an update goes on without the entries that failed; a key doesn't join a plan whose limits don't stand; nothing is deleted under a key's feet;
 * no key is demanded while somebody's way in could not be made.
 */
function blockedBy(one: Operation, run: Run): Failure | undefined {
  if (one.type !== 'attach' && one.type !== 'move' && one.type !== 'delete' && !isClosing(one)) return undefined;
  const stands = (id: string) => run.settled.get(id)?.is === 'done' || run.made.has(id.replace(/^create /, ''));
  const failed = one.after.find((id) => !stands(id));
  if (failed === undefined) return undefined;
  const why = run.settled.get(failed);
  if (why?.is === 'superseded') return why;
  return { is: 'dependency', message: `waits for "${failed}", which failed` };
}

async function create(step: Step, kind: Kind, send: Send, run: Run): Promise<Failure | undefined> {
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

/** The tags that a manifest names, without those that it wants gone. */
function userTags(tags: Json | undefined): Record<string, string> {
  const named = isMap(tags) ? Object.entries(tags) : [];
  return Object.fromEntries(named.flatMap(([key, value]) => (value === null ? [] : [[key, String(value)]])));
}

/** What the creating call does not write, and so does not vouch for: members, and what takes a second call. */
function writtenLater(step: Step, run: Run): Set<string> {
  const second = ['productCode', 'methodSettings', 'accessLog', 'clientCertificateId', kindOf(step, run).members?.field ?? ''];
  return new Set(second.filter((field) => !isNone(step.owned[field])));
}

async function update(step: Step, changes: readonly Change[], kind: Kind, send: Send, run: Run): Promise<Failure | undefined> {
  const live = await fresh(step, kind, send, run);
  if ('is' in live) return live;
  const possible = changes.filter((change) => !isMissing(change, run));
  note(step, await kind.update(send, live, withoutMembers(applied(live.spec, possible), kind)), run);
  if (possible.length === changes.length) return undefined;
  return {
    is: 'dependency',
    message: `what ${changes
      .filter((change) => isMissing(change, run))
      .map((change) => change.path)
      .join(', ')} refers to could not be made`,
  };
}

async function attach(step: Step, key: string, kind: Kind, send: Send, run: Run): Promise<Failure | undefined> {
  const plan = run.current.get(step);
  const id = keyId(key, run);
  if (!plan || id === undefined) return { is: 'dependency', message: 'the plan or the key could not be made' };
  await kind.members?.attach(send, plan.id, id);
  note(step, withMember(plan, id, true), run);
  return undefined;
}

async function detach(step: Step, key: string, kind: Kind, send: Send, run: Run): Promise<Failure | undefined> {
  const live = await fresh(step, kind, send, run);
  if ('is' in live) return live;
  await kind.members?.detach(send, live.id, key);
  note(step, withMember(live, key, false), run);
  return undefined;
}

/** Back to back, since the service lets a key be in one plan per stage only (facts, 1.3); if a part of it fails, the rest is undone. */
async function move(one: Extract<Operation, { type: 'move' }>, kind: Kind, send: Send, run: Run): Promise<Failure | undefined> {
  const id = keyId(one.key, run);
  if (id === undefined || !stepsOf(one).every((step) => run.current.has(step)))
    return { is: 'dependency', message: 'the plan that the key moves to could not be made' };
  // Once begun, it is finished: whatever arrives meanwhile, the key is not left in between.
  const finish: Send = (command, options) => run.send(command, { ...options, urgency: 0, signal: undefined });
  const done: Step[] = [];
  const turn = async (step: Step, isIn: boolean) => {
    const plan = run.current.get(step) as Live;
    await kind.members?.[isIn ? 'attach' : 'detach'](done.length === 0 ? send : finish, plan.id, id);
    note(step, withMember(plan, id, isIn), run);
    done.push(step);
  };
  const idOf = (step: Step) => run.current.get(step)?.id;
  try {
    for (const step of one.from) await turn(step, false);
    for (const step of one.to) await turn(step, true);
  } catch (error) {
    if (done.length === 0) throw error;
    const from = one.from.map(idOf).join(', ');
    const to = one.to.map(idOf).join(', ');
    try {
      for (const step of [...done].reverse()) await turn(step, one.from.includes(step));
    } catch (again) {
      const why = `${to} did not take it (${messageOf(error)}), and ${from} not back (${messageOf(again)})`;
      throw new Error(`the key is in neither plan now, until a pass can attach it: ${why}`, { cause: again });
    }
    throw new Error(`the key was put back into ${from}, since ${to} did not take it: ${messageOf(error)}`, { cause: error });
  }
  return undefined;
}

/** Read again just before: a deployment publishes whatever the API's definition says by then. Once begun, it is finished: a deployment without its stages is no use. */
async function deploy(one: Extract<Operation, { type: 'deploy' }>, kind: Kind, send: Send, run: Run): Promise<Failure | undefined> {
  const { step, stages } = one;
  const finish: Send = (command, options) => send(command, { ...options, signal: undefined });
  const now = step.live && (await kind.read(send, step.live.id));
  if (!step.live || !now || !step.desired || !isReadyToDeploy(step.desired, step.live, now, stages))
    return { is: 'superseded', message: 'the API changed since it was planned: it is looked at again in the next pass' };
  const rule = kindOf(step, run).rules.fields.redeploy;
  const print = rule && run.fingerprint(fieldText(rule, step.owned.redeploy ?? null));
  const description = `Key requirement ${step.namespace}/${step.name}, by apikeeper (${run.owner}, ${print})`;
  const deployed = await kind.deploy?.(finish, now, { stages, description });
  if (deployed) note(step, deployed, run);
  return undefined;
}

async function remove(step: Step, kind: Kind, send: Send, run: Run): Promise<Failure | undefined> {
  const planned = run.current.get(step);
  if (!planned) return undefined;
  const live = await kind.read(send, planned.id);
  if (live && !mayDelete(step, live))
    return { is: 'superseded', message: 'the live object changed since it was planned: it is looked at again in the next pass' };
  if (live) await kind.delete(send, live);
  const what = `${planned.kind} ${planned.id}`;
  run.memory.deleted.set(what, run.clock.now());
  run.memory.written.delete(what);
  run.memory.seen.delete(identity(step));
  run.current.delete(step);
  return undefined;
}

/** Read again just before: still ours, still under the same policy; of a key, still disabled and past its time. */
function mayDelete(step: Step, live: Live): boolean {
  const before = step.live?.tags ?? {};
  const sameTags = [TAG.owner, TAG.resource, TAG.onRemove, TAG.deleteAfter, TAG.suspend].every((key) => live.tags[key] === before[key]);
  return sameTags && (live.kind !== 'ApiKey' || live.spec.enabled !== true);
}

/** Our tags, last: they speak of what was done. */
async function tag(step: Step, kind: Kind, send: Send, run: Run): Promise<undefined> {
  const live = run.current.get(step);
  for (const other of step.disclaims) {
    const ours = ourKeys(other);
    await untag(send, kind.arn(other, run.region), ours);
    remember({ ...other, tags: retagged(other.tags, {}, ours) }, run);
  }
  if (!live) return undefined;
  const says = step.action === 'release' || step.action === 'keep' ? {} : appliedOf(step, resolved(step.owned, run), new Set(), run);
  const theirs = step.action === 'create' ? [] : step.changes.filter((change) => change.field === 'tags');
  const named = userTags(Object.fromEntries(theirs.map(({ keys, desired }) => [keys[0] ?? '', desired ?? null])));
  const wanted = { ...named, ...step.tags.set, ...says };
  const set = Object.fromEntries(Object.entries(wanted).filter(([key, value]) => live.tags[key] !== value));
  const unnamed = theirs.map(({ keys }) => keys[0] ?? '').filter((key) => !(key in named));
  const gone = [...step.tags.remove, ...unnamed].filter((key) => key in live.tags);
  await setTags(send, kind.arn(live, run.region), set);
  await untag(send, kind.arn(live, run.region), gone);
  note(step, { ...live, spec: applied(live.spec, theirs), tags: retagged(live.tags, set, gone) }, run);
  if (step.action === 'release') run.memory.seen.delete(identity(step));
  return undefined;
}

function appliedOf(step: Step, spec: Spec, later: ReadonlySet<string>, run: Run): Record<string, string> {
  // What a create owns is without the entries that are held: that is what it writes.
  const holds = step.action === 'create' ? [] : run.steps.filter((other) => other.action === 'hold' && identity(other) === identity(step));
  const held = holds.flatMap((other) => other.changes);
  const unsettled = new Set([...held.map((change) => change.field), ...(run.unmade.get(step) ?? []), ...later]);
  const says = appliedTag(step, spec, unsettled, kindOf(step, run).rules, run.fingerprint);
  return says === '' ? {} : { [TAG.applied]: says };
}

/** The object as it is now; read again where it was read too long ago, and left to the next pass where it has changed since. */
async function fresh(step: Step, kind: Kind, send: Send, run: Run): Promise<Live | Failure> {
  const live = run.current.get(step);
  if (!live) return { is: 'dependency', message: 'the object could not be made' };
  if (run.clock.now() - live.observedAt <= FRESH_MS) return live;
  const read = await kind.read(send, live.id);
  const unchanged = read && same(read.spec, live.spec) && read.tags[TAG.suspend] === live.tags[TAG.suspend];
  if (!unchanged)
    return { is: 'superseded', message: 'the live object changed since it was planned: it is looked at again in the next pass' };
  const now = { ...read, observedAt: run.clock.now() };
  run.current.set(step, now);
  return now;
}

function note(step: Step, live: Live, run: Run): void {
  run.current.set(step, remember(live, run));
}

/** As our own write left it. */
function remember(live: Live, run: Run): Live {
  const now = { ...live, observedAt: run.clock.now() };
  run.memory.written.set(`${now.kind} ${now.id}`, now);
  return now;
}

function noteUnmade(one: Operation, run: Run): void {
  const mark = (step: Step, fields: readonly string[]) => {
    const known = run.unmade.get(step) ?? new Set();
    for (const field of fields) known.add(field);
    run.unmade.set(step, known);
  };
  if (one.type === 'update')
    mark(
      one.step,
      one.changes.map((change) => change.field),
    );
  if (one.type === 'deploy') mark(one.step, ['redeploy']);
  if (one.type === 'attach' || one.type === 'detach' || one.type === 'move') for (const step of stepsOf(one)) mark(step, ['keys']);
}

function kindOf(step: Step, run: Run): Kind {
  const kind = run.kinds.find((one) => one.rules.kind === step.kind);
  if (!kind) throw new Error(`no kind is named ${step.kind}`);
  return kind;
}

function keyId(key: string, run: Run): string | undefined {
  return key.startsWith('pending:') ? run.made.get(key.slice('pending:'.length))?.id : key;
}

/** Whether a change refers to what should have been made before, and wasn't. */
function isMissing(change: Change, run: Run): boolean {
  return change.needs?.some((who) => !run.made.has(who)) ?? false;
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

/** A spec with the ids of what was made meanwhile. */
function resolved(spec: Spec, run: Run): Spec {
  if (!isMap(spec.keys)) return spec;
  return { ...spec, keys: Object.fromEntries(Object.entries(spec.keys).map(([key, value]) => [keyId(key, run) ?? key, value])) };
}

function withoutMembers(spec: Spec, kind: Kind): Spec {
  if (!kind.members) return spec;
  return Object.fromEntries(Object.entries(spec).filter(([field]) => field !== kind.members?.field));
}

function withMember(live: Live, key: string, present: boolean): Live {
  const { [key]: _, ...others } = isMap(live.spec.keys) ? live.spec.keys : {};
  return { ...live, spec: { ...live.spec, keys: present ? { ...others, [key]: true } : others } };
}

function retagged(tags: Live['tags'], set: Readonly<Record<string, string>>, remove: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries({ ...tags, ...set }).filter(([key]) => !remove.includes(key)));
}

function ourKeys(live: Live): string[] {
  return Object.keys(live.tags).filter((key) => key.startsWith('apikeeper:') && key !== TAG.suspend);
}

const OUTCOMES: Readonly<Record<Step['action'], Outcome>> = {
  create: 'created',
  adopt: 'adopted',
  update: 'updated',
  disable: 'disabled',
  release: 'released',
  delete: 'deleted',
  keep: 'kept',
  hold: 'held',
};

function resultOf(step: Step, run: Run): Result {
  const awsId = run.current.get(step)?.id;
  const settled = (run.work.get(step) ?? [])
    .flatMap((one) => run.settled.get(one.id) ?? [])
    .filter((one): one is Failure => one.is !== 'done');
  const worst = settled.find((one) => one.is === 'failed') ?? settled.find((one) => one.is === 'dependency') ?? settled[0];
  const who = awsId !== undefined && { awsId };
  if (!worst) return { outcome: OUTCOMES[step.action], ...who };
  const outcome: Outcome = worst.is === 'failed' ? 'failed' : worst.is === 'dependency' ? 'held' : 'skipped';
  const { is, message, errorClass } = worst;
  return { outcome, message, ...(is !== 'failed' && { reason: is }), ...(errorClass && { errorClass }), ...who };
}
