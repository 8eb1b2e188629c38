/** What holds for random worlds: a pass settles them, order means nothing, strangers and guards are respected, and faults and crashes are got over. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/core/model/report.ts';
import type { AccountState, Fault, FaultEffect } from '../../src/emulator/index.ts';
import { load } from '../../src/manifests/load.ts';
import { seed } from '../kit/seed.ts';
import { changeInConsole } from '../scenarios/history.ts';
import {
  type Account,
  type CrashPoint,
  createAccount,
  createTree,
  type Document,
  startProcess,
  type Tree,
  writesOf,
} from './account.ts';
import { documents, meddling } from './accounts.ts';
import { passOf, type Scene, settle } from './crash-matrix.ts';
import { STRANGERS, target } from './crash-scenarios.ts';
import { faultCases } from './fault-cases.ts';
import { figure, propertyRuns } from './figures.ts';
import { comparable, foreign } from './states.ts';

/** With APIKEEPER_RUNS there is no saying how long it takes. */
const LONG = { timeout: 3_600_000 };

/** Accounts in which apikeeper has already worked: made once, since that is half of the time. */
const PASTS = 60;
const pasts: Scene[] = [];
beforeAll(async () => {
  for (const past of fc.sample(documents, { numRuns: PASTS, seed: 1 })) {
    const account = createAccount({ seed: 1 });
    await seed(account.hand, STRANGERS);
    await settle(account, past, 3);
    pasts.push({
      now: past,
      state: structuredClone(account.core.state()),
      at: account.clock.now(),
    });
  }
});
/** By number: a counterexample is to be read. */
const anyPast = fc.nat(PASTS - 1);
const pastOf = (index: number): Scene => pasts[index] ?? expect.fail('no past was made');

/** The account as people left it. What can't be done in it, such as deleting what isn't there, was not done. */
async function begin(
  past: Scene,
  changes: readonly Parameters<typeof changeInConsole>[1][],
): Promise<Account> {
  const account = createAccount({ seed: 2, from: past.state, at: past.at });
  for (const change of changes) await changeInConsole(account.hand, change).catch(() => {});
  account.core.clearRequests();
  return account;
}

/** Runs a property, and counts it. */
async function holds<Values>(name: string, property: fc.IAsyncProperty<Values>): Promise<void> {
  await fc.assert(property, { numRuns: propertyRuns });
  figure(`property runs: ${name}`, propertyRuns);
}

test(
  'a pass settles any world: the next plan is empty, strangers and guards are respected',
  LONG,
  async () => {
    const property = fc.asyncProperty(
      anyPast,
      meddling,
      documents,
      fc.nat(3),
      async (past, changes, now, maxKeys) => {
        const account = await begin(pastOf(past), changes);
        const before = structuredClone(account.core.state());
        using tree = createTree(withGuards(now, maxKeys));
        await using process = startProcess(account, tree.directory);
        expect(wrong(await process.pass())).toEqual([]);
        const after = account.core.state();
        expect(foreign(after)).toEqual(foreign(before));
        expect(losers(before, after, now).length).toBeLessThanOrEqual(maxKeys);

        account.core.clearRequests();
        const next = await process.pass();
        expect(wrong(next)).toEqual([]);
        expect(open(next)).toEqual([]);
        expect(writesOf(account.core.requests)).toEqual([]);
      },
    );
    await holds('a pass settles any world, and respects strangers and guards', property);
  },
);

test('the order of files and documents changes nothing', LONG, async () => {
  const places = fc.array(fc.record({ rank: fc.nat(999), file: fc.nat(3) }), {
    minLength: 10,
    maxLength: 10,
  });
  const property = fc.asyncProperty(documents, places, async (now, given) => {
    using inOrder = createTree(now);
    using shuffled = createTree();
    rmSync(join(shuffled.directory, 'tree.yaml'));
    const placed = now
      .map((one, index) => ({ one, rank: 0, file: 0, ...given[index] }))
      .sort((a, b) => a.rank - b.rank);
    for (const [file, entries] of Map.groupBy(placed, (entry) => entry.file)) {
      writeFileSync(
        join(shuffled.directory, `${file}.yaml`),
        entries.map(({ one }) => JSON.stringify(one)).join('\n---\n'),
      );
    }
    expect(await read(shuffled)).toEqual(await read(inOrder));
  });
  await holds('the order of files and documents changes nothing', property);
});

test('random faults and crashes are got over within two passes', LONG, async () => {
  const effects = faultCases.filter(({ socket }) => !socket).map(({ effect }) => effect);
  const fault: fc.Arbitrary<Fault> = fc.record({
    fault: fc.constantFrom<FaultEffect>(...effects, { type: 'stale-lists', lag: 4_000 }),
    operation: fc.constantFrom('*', 'Get*', 'Create*', 'Update*', 'Delete*', 'TagResource'),
    skip: fc.nat(10),
    times: fc.integer({ min: 1, max: 9 }),
  });
  const crash: fc.Arbitrary<CrashPoint> = fc.record({
    call: fc.integer({ min: 1, max: 60 }),
    when: fc.constantFrom('before', 'after'),
  });
  const property = fc.asyncProperty(anyPast, fault, crash, async (which, given, point) => {
    const past = pastOf(which);
    const { now, expected } = await undisturbed(which);
    const account = await begin(past, []);
    account.core.inject(given);
    // A point behind the last call is a pass that lives.
    await passOf(account, now, { crash: point });
    account.core.clearFaults();
    const isDone = () => isDeepStrictEqual(comparable(account.core.state(), past.state), expected);
    for (let passes = 1; passes <= 2 && !isDone(); passes++) {
      account.clock.pass(10 * 60_000);
      await passOf(account, now);
    }
    expect(comparable(account.core.state(), past.state)).toEqual(expected);
    expect(foreign(account.core.state())).toEqual(foreign(past.state));
  });
  await holds('random faults and crashes are got over within two passes', property);
});

const futures = new Map<
  number,
  { readonly now: readonly Document[]; readonly expected: unknown }
>();

/** What a past is to become, and what an undisturbed pass makes of it: the same each time, since the disturbance is what is random. */
async function undisturbed(which: number) {
  const known = futures.get(which);
  if (known) return known;
  const past = pastOf(which);
  const [now = []] = fc.sample(documents, { numRuns: 1, seed: 1000 + which });
  const account = await begin(past, []);
  await passOf(account, now);
  const future = { now, expected: comparable(account.core.state(), past.state) };
  futures.set(which, future);
  return future;
}

function withGuards(now: readonly Document[], maxKeys: number): readonly Document[] {
  return now.map((one) =>
    one === target
      ? { ...one, spec: { ...(one.spec as Document), guards: { maxKeys, maxPercent: 100 } } }
      : one,
  );
}

/** Everything that failed. */
function wrong(report: Report | undefined): unknown[] {
  const objects = report?.targets.flatMap((one) => one.objects) ?? [];
  return [
    ...(report?.problems ?? []),
    ...(report?.targets.flatMap(({ error }) => error ?? []) ?? []),
    ...objects.filter(({ outcome }) => outcome === 'failed' || outcome === 'skipped'),
  ];
}

/** What is still to be done. */
function open(report: Report | undefined): unknown[] {
  return (
    report?.targets
      .flatMap((one) => one.objects)
      .filter(({ action }) => action !== 'keep' && action !== 'hold') ?? []
  );
}

/** All that a plan is made from, but for the places where it stands. */
async function read({ directory }: Pick<Tree, 'directory'>): Promise<unknown> {
  const { targets, desired, invalid, problems, complete, incompleteNamespaces, dangling } =
    await load(directory);
  const unplaced = <Placed extends { readonly source?: unknown }>(all: readonly Placed[]) =>
    all.map(({ source: _, ...rest }) => rest);
  const said = [...problems, ...dangling].map(({ message }) => message).sort();
  return {
    targets: unplaced(targets),
    desired: unplaced(desired),
    invalid,
    said,
    complete,
    incompleteNamespaces,
  };
}

/** Keys that could pass somewhere and can't now, though no line in Git says so. */
function losers(before: AccountState, after: AccountState, now: readonly Document[]): string[] {
  const revoked = new Set(
    now.flatMap(({ kind, metadata, spec }) =>
      kind === 'ApiKey' && (spec as Document).enabled === false
        ? [`production/${(metadata as { name: string }).name}`]
        : [],
    ),
  );
  const had = accessOf(before);
  const has = accessOf(after);
  const lost = [...had].filter((pair) => !has.has(pair)).map((pair) => pair.split(' ')[0] ?? '');
  return [...new Set(lost)].filter(
    (id) => !revoked.has(before.apiKeys.get(id)?.tags?.['apikeeper:resource'] ?? ''),
  );
}

/** `<key id> <stage>`, for enabled keys. */
function accessOf({ apiKeys, usagePlans, planKeys }: AccountState): ReadonlySet<string> {
  const pairs = [...usagePlans.values()].flatMap(({ id, apiStages }) =>
    [...(planKeys.get(id) ?? [])].flatMap((one) =>
      apiKeys.get(one)?.enabled
        ? apiStages.map(({ apiId, stage }) => `${one} ${apiId}:${stage}`)
        : [],
    ),
  );
  return new Set(pairs);
}
