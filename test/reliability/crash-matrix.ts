/** Crashes before and after every single call of a pass, and what the next processes make of it. */
import { isDeepStrictEqual } from 'node:util';
import type { Report } from '../../src/core/model/report.ts';
import type { AccountState } from '../../src/emulator/index.ts';
import { seed } from '../kit/seed.ts';
import { changeInConsole } from '../scenarios/history.ts';
import {
  type Account,
  type CrashPoint,
  createAccount,
  createTree,
  type Document,
  type Fault,
  startProcess,
  writesOf,
} from './account.ts';
import { type CrashScenario, STRANGERS } from './crash-scenarios.ts';
import { comparable, foreign } from './states.ts';

const SCHEDULE_MS = 10 * 60_000;

/** The account as a scenario's manifests find it. */
export interface Scene {
  readonly now: readonly Document[];
  readonly state: AccountState;
  readonly at: number;
}

/** What one pass without disturbance does. */
export interface Undisturbed {
  readonly calls: number;
  readonly operations: readonly string[];
  readonly writes: number;
  readonly result: unknown;
}

export interface Recovered {
  /** Passes until the account was what the undisturbed run leaves: 0 where the crash came after the last write. */
  readonly passes: number;
}

export async function setUp({ live = {}, past = [], now }: CrashScenario): Promise<Scene> {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  await seed(account.hand, live);
  for (const event of past) {
    if ('waitMs' in event) account.clock.pass(event.waitMs);
    else if ('hand' in event) await changeInConsole(account.hand, event.hand);
    else await settle(account, event.apply, 3);
  }
  return { now, state: structuredClone(account.core.state()), at: account.clock.now() };
}

/** The account of a scene, as if it had just happened. */
const begin = ({ state, at }: Scene): Account => createAccount({ seed: 2, from: state, at });

export async function undisturbed(scene: Scene): Promise<Undisturbed> {
  const account = begin(scene);
  const { report, sent: calls } = await passOf(account, scene.now);
  if (!report || failures(report).length > 0)
    throw new Error(
      `the pass that is to be interrupted fails by itself: ${report && failures(report)}`,
    );
  const operations = account.core.requests.map(({ operation }) => operation);
  const writes = writesOf(account.core.requests).length;
  if (writes === 0) throw new Error('the pass that is to be interrupted writes nothing');
  const passes = await settle(account, scene.now, 2);
  if (passes > 1) throw new Error('a second pass had something left to do');
  return { calls, operations, writes, result: comparable(account.core.state(), scene.state) };
}

/** One pass of a process of its own. */
export async function passOf(
  account: Account,
  documents: readonly Document[],
  options: Parameters<typeof startProcess>[2] = {},
) {
  using tree = createTree(documents);
  await using process = startProcess(account, tree.directory, options);
  const report = await process.pass();
  return { report, sent: process.sent, events: process.events };
}

function failures({ targets, problems }: Report): unknown[] {
  const steps = targets
    .flatMap(({ objects }) => objects)
    .filter(({ outcome }) => outcome === 'failed' || outcome === 'skipped');
  return [
    ...problems,
    ...targets.flatMap(({ error }) => error ?? []),
    ...steps.map(({ message }) => message),
  ];
}

/** Dies at a point, and goes on with new processes. Rejects where two passes don't lead to what the undisturbed run leaves, or a stranger's object changed. */
export async function crash(
  scene: Scene,
  point: CrashPoint,
  expected: unknown,
  fault?: Fault,
): Promise<Recovered> {
  const account = begin(scene);
  if (fault) account.core.inject(fault);
  const { report } = await passOf(account, scene.now, { crash: point });
  if (report) throw new Error(`call ${point.call} never came: the pass is not the same twice`);
  return recover(account, scene, expected);
}

/** New processes, one pass each, until nothing is left to do. */
export async function recover(
  account: Account,
  scene: Scene,
  expected: unknown,
): Promise<Recovered> {
  const isDone = () => isDeepStrictEqual(comparable(account.core.state(), scene.state), expected);
  const passes = await settle(account, scene.now, 3);
  const found = comparable(account.core.state(), scene.state);
  if (!isDone())
    throw new Unconverged(
      `after ${passes} passes the account is not what an undisturbed run leaves`,
      found,
      expected,
    );
  const [before, after] = [
    foreign(scene.state, scene.now),
    foreign(account.core.state(), scene.now),
  ];
  if (!isDeepStrictEqual(before, after))
    throw new Unconverged("a stranger's object was touched", after, before);
  return { passes: passes - 1 };
}

/** Carries both states, so that a test shows their difference. */
export class Unconverged extends Error {
  readonly found: unknown;
  readonly expected: unknown;

  constructor(message: string, found: unknown, expected: unknown) {
    super(message);
    this.found = found;
    this.expected = expected;
  }
}

/** Passes of new processes until one has nothing to do; how many there were, that one included. Rejects where `most` don't suffice. */
export async function settle(
  account: Account,
  documents: readonly Document[],
  most: number,
): Promise<number> {
  for (let count = 1; count <= most; count++) {
    account.core.clearRequests();
    const { report } = await passOf(account, documents);
    // While lists lag, a pass may be refused what its predecessor has done already: the next one knows better.
    const isWrong = !report || failures(report).length > 0;
    if (isWrong && count === most)
      throw new Error(`the last pass fails: ${report && failures(report)}`);
    if (!isWrong && writesOf(account.core.requests).length === 0) return count;
    account.clock.pass(SCHEDULE_MS);
  }
  throw new Error(`after ${most} passes there is still something to write`);
}
