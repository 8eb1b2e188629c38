/**
 * `npm run soak`: a day of the daemon over three accounts, on virtual time at the service's own quotas: commits, changes made by hand, and faults. Afterwards
 * everything must be as Git says, and nothing used up. `-- --hours 24 --seed 1`, `--json` for machines, `--events` for every event on stderr; exits with 1 where something doesn't hold.
 */

import { setTimeout as realSleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Emit } from '../src/core/model/events.ts';
import type { Daemon } from '../src/engine/state/settings.ts';
import { commit } from './soak/commits.ts';
import { type Declared, filesOf, firstDeclared, PLACES, writeFiles } from './soak/declared.ts';
import { trouble } from './soak/faults.ts';
import { createHand, foreignText, type Hand } from './soak/hands.ts';
import { createRandom, timesBetween } from './soak/random.ts';
import {
  contestedIn,
  inSync,
  live,
  nothingToDo,
  overBudget,
  type Row,
  unique,
} from './soak/verdict.ts';
import { createWorld, type World } from './soak/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export interface Soak {
  readonly rows: readonly Row[];
  /** What happened, by what it was. */
  readonly happened: Readonly<Record<string, number>>;
  /** In use after each hour, in megabytes. */
  readonly heap: readonly number[];
}

export interface SoakOptions {
  readonly hours: number;
  readonly seed: number;
  /** Every event, as it comes. */
  readonly tell?: Emit | undefined;
}

interface Spent {
  /** Calls that were throttled. */
  throttled: number;
  /** Faults of now that may still throttle one. */
  injected: number;
  /** Throttled calls that no fault explains. */
  unexplained: number;
  /** Calls beyond the Target's budget. */
  beyond: number;
}

interface Day {
  readonly world: World;
  readonly hands: ReadonlyMap<string, Hand>;
  readonly declared: ReadonlyMap<string, Declared>;
  readonly happened: Map<string, number>;
  readonly seed: number;
  readonly endsAt: number;
  readonly budget: Spent;
  readonly notLive: string[];
  readonly heap: number[];
  readonly series: number[];
}

/** One soak of so many simulated hours. The same seed gives the same deeds; how they meet is as chance has it. */
export async function soak({ hours, seed, tell }: SoakOptions): Promise<Soak> {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => void warnings.push(`${warning.name}: ${warning.message}`);
  process.on('warning', onWarning);
  await using world = await createWorld(seed, tell);
  const before = resources();
  const hands = new Map<string, Hand>();
  const declared = new Map(PLACES.map(({ namespace }) => [namespace, firstDeclared(30, 8)]));
  for (const place of PLACES)
    hands.set(place.namespace, await createHand(world.emulator, place, world.clock));
  const foreign = PLACES.map(({ namespace }) => foreignText(handOf(hands, namespace).state));
  writeFiles(world.directory, new Map(), allFiles(world, declared));

  const running = await world.start();
  const { daemon } = running;
  const day: Day = {
    world,
    hands,
    declared,
    happened: new Map(),
    seed,
    endsAt: world.clock.now() + hours * HOUR,
    budget: { throttled: 0, injected: 0, unexplained: 0, beyond: 0 },
    notLive: [],
    heap: [],
    series: [],
  };
  await wholeDay(day, daemon, hours);
  const report = daemon.report();
  const health = daemon.health();
  await running[Symbol.asyncDispose]();
  for (const hand of hands.values()) hand[Symbol.dispose]();
  const left = await leftOver(before);
  const contested = contestedIn(report);
  const untouched = PLACES.every(
    ({ namespace }, index) => foreignText(handOf(hands, namespace).state) === foreign[index],
  );
  process.off('warning', onWarning);

  const rows: Row[] = [
    inSync(report, world.contested),
    nothingToDo(await world.planAnew(), contested),
    ...PLACES.flatMap((place) => {
      const { state } = handOf(hands, place.namespace);
      const wanted = declared.get(place.namespace) ?? firstDeclared(0, 0);
      return [live(place, wanted, state, contested), unique(place, wanted, state)];
    }),
    {
      what: "others' objects untouched",
      found: untouched ? 'the same' : 'changed',
      holds: untouched,
    },
    budgetRow(day),
    {
      what: 'alive all day, ready at its end',
      found: [...day.notLive, ...health.reasons].join('; ') || 'yes',
      holds: day.notLive.length === 0 && health.ready,
    },
    ...memoryRows(day),
    {
      what: 'no handle, timer or listener left',
      found: left.join(', ') || 'none',
      holds: left.length === 0,
    },
    {
      what: 'no warning of Node',
      found: warnings.join('; ') || 'none',
      holds: warnings.length === 0,
    },
  ];
  const events = [...world.told].map(([event, count]) => [event, count] as const);
  return {
    rows,
    happened: Object.fromEntries([...day.happened, ...events].sort(([a], [b]) => (a < b ? -1 : 1))),
    heap: day.heap,
  };
}

/** Everything that happens, in its time. The last part of the day is quiet, so that what was begun can end. */
async function wholeDay(day: Day, daemon: Daemon, hours: number): Promise<void> {
  const { world, endsAt } = day;
  const from = world.clock.now() + 2 * MINUTE;
  const to = endsAt - Math.min(90 * MINUTE, hours * 0.45 * HOUR);
  const dense = hours < 3 ? 3 : 1;
  const times = (seed: number, meanGap: number) =>
    timesBetween(from, to, meanGap / dense, createRandom(day.seed + seed));
  const [commits, hands, faults] = [
    createRandom(day.seed + 11),
    createRandom(day.seed + 12),
    createRandom(day.seed + 13),
  ];
  const deeds: { readonly at: number; readonly what: (serial: number) => Promise<void> }[] = [
    ...times(1, 9 * MINUTE).map((at) => ({
      at,
      what: (serial: number) => someCommit(day, commits, serial),
    })),
    ...times(2, 12 * MINUTE).map((at) => ({ at, what: () => someHand(day, hands) })),
    ...times(3, 40 * MINUTE).map((at) => ({ at, what: () => someFault(day, faults, to) })),
    { at: to, what: () => mendAll(day) },
    ...timesEvery(from + HOUR, to, 35 * MINUTE).map((at) => ({
      at,
      what: (serial: number) => quarrel(day, serial),
    })),
    ...timesEvery(from - 2 * MINUTE + HOUR, endsAt + 1, HOUR).map((at) => ({
      at,
      what: () => look(day, daemon),
    })),
  ];
  for (const [serial, { at, what }] of deeds.sort((a, b) => a.at - b.at).entries()) {
    await world.clock.sleep(at - world.clock.now());
    await what(serial);
  }
  await world.clock.sleep(endsAt - world.clock.now());
  audit(day);
}

function timesEvery(from: number, to: number, gap: number): number[] {
  return Array.from(
    { length: Math.max(0, Math.ceil((to - from) / gap)) },
    (_, index) => from + index * gap,
  );
}

async function someCommit(
  day: Day,
  random: ReturnType<typeof createRandom>,
  serial: number,
): Promise<void> {
  const { world, declared } = day;
  const { namespace } = random.pick(PLACES);
  const one = declared.get(namespace);
  if (!one) return;
  const before = allFiles(world, declared);
  const what = commit(one, random, serial);
  const after = allFiles(world, declared);
  note(day, `commit: ${what}`);
  await world.noticed(() => writeFiles(world.directory, before, after));
}

/** A file that cannot be read would keep what left Git from leaving. */
async function mendAll({ world, declared }: Day): Promise<void> {
  const before = allFiles(world, declared);
  for (const one of declared.values()) delete one.broken;
  await world.noticed(() => writeFiles(world.directory, before, allFiles(world, declared)));
}

async function someHand(day: Day, random: ReturnType<typeof createRandom>): Promise<void> {
  using _ = day.world.hold();
  const hand = handOf(day.hands, random.pick(PLACES).namespace);
  // A fault may hit a hand, too.
  const what = await hand.meddle(random).catch((error: Error) => `in vain (${error.name})`);
  note(day, `hand: ${what}`);
}

/** It ends by itself, or after some minutes. */
async function someFault(
  day: Day,
  random: ReturnType<typeof createRandom>,
  latest: number,
): Promise<void> {
  const { emulator, clock } = day.world;
  const { name, fault, throttles } = trouble(random.pick(PLACES).account, random);
  const lasts = Math.min((3 + random.below(25)) * MINUTE, latest - clock.now());
  audit(day);
  emulator.inject(fault);
  day.budget.injected += throttles;
  note(day, `fault: ${name}`);
  void clock.sleep(Math.max(0, lasts)).then(() => {
    audit(day);
    emulator.clearFaults();
    day.budget.injected = 0;
  });
}

async function quarrel(day: Day, serial: number): Promise<void> {
  using _ = day.world.hold();
  await handOf(day.hands, 'staging')
    .quarrel(serial)
    .catch(() => {});
  note(day, 'hand: quarrel');
}

/** Once in an hour: how it is, and what it holds; and what was counted so far is put away. */
async function look(day: Day, daemon: Daemon): Promise<void> {
  const { world } = day;
  using _ = world.hold();
  const { live: isLive, reasons } = daemon.health();
  if (!isLive) day.notLive.push(...reasons);
  audit(day);
  day.series.push((await world.metrics.render(daemon.report())).split('\n').length);
  day.heap.push(heapMegabytes());
}

/** Holds the calls since the last audit against the budget, and forgets them. */
function audit({ world: { emulator, calls }, budget }: Day): void {
  const throttled = emulator.requests.filter(
    ({ errorCode }) => errorCode === 'TooManyRequestsException',
  ).length;
  budget.throttled += throttled;
  budget.unexplained += Math.max(0, throttled - budget.injected);
  budget.injected = Math.max(0, budget.injected - throttled);
  for (const { namespace } of PLACES)
    budget.beyond += overBudget(calls.filter((call) => call.namespace === namespace));
  emulator.clearRequests();
  calls.length = 0;
}

function budgetRow({ budget: { throttled, unexplained, beyond } }: Day): Row {
  return {
    what: 'the budget was never exceeded',
    found: `${throttled} calls throttled, ${unexplained} of these not by a fault; ${beyond} calls beyond 5 per second and a burst of 20`,
    holds: unexplained === 0 && beyond === 0,
  };
}

/** The first hours are left out: code is compiled, and caches fill. */
function memoryRows({ heap, series }: Day): Row[] {
  const [first, last] = [heap[1], heap.at(-1)];
  if (heap.length < 4 || first === undefined || last === undefined) return [];
  const text = `${first.toFixed(1)} MB after hour 2, ${last.toFixed(1)} MB after hour ${heap.length} (highest ${Math.max(...heap).toFixed(1)})`;
  return [
    { what: 'memory is flat', found: text, holds: last < first * 1.1 },
    {
      what: 'metrics stay as many',
      found: `${series[1]} lines after hour 2, ${series.at(-1)} after hour ${series.length}`,
      holds: (series.at(-1) ?? 0) < (series[1] ?? 0) + 100,
    },
  ];
}

const collectGarbage: () => void =
  globalThis.gc ??
  (() => {
    setFlagsFromString('--expose-gc');
    return runInNewContext('gc');
  })();

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** What keeps a process alive, and who listens to it. */
function resources(): string[] {
  const listeners = process
    .eventNames()
    .flatMap((name) =>
      Array<string>(process.listenerCount(name)).fill(`listener of ${String(name)}`),
    );
  return [...process.getActiveResourcesInfo(), ...listeners];
}

/** What has come since, and stays: sockets take a moment to close. */
async function leftOver(before: readonly string[]): Promise<string[]> {
  for (let round = 0; ; round++) {
    const known = [...before];
    const left = resources().filter(
      (one) => !known.includes(one) || known.splice(known.indexOf(one), 1).length === 0,
    );
    if (left.length === 0 || round === 200) return left;
    await realSleep(10);
  }
}

function allFiles({ owner }: World, declared: ReadonlyMap<string, Declared>): Map<string, string> {
  return new Map(
    PLACES.flatMap((place) => [
      ...filesOf(place, owner, declared.get(place.namespace) ?? firstDeclared(0, 0)),
    ]),
  );
}

function handOf(hands: ReadonlyMap<string, Hand>, namespace: string): Hand {
  const hand = hands.get(namespace);
  if (!hand) throw new Error(`there is no hand in ${namespace}`);
  return hand;
}

function note({ happened }: Day, what: string): void {
  happened.set(what, (happened.get(what) ?? 0) + 1);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      hours: { type: 'string', default: '24' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      events: { type: 'boolean', default: false },
    },
  });
  const tell: Emit | undefined = values.events
    ? (event, fields) => console.error(JSON.stringify({ event, ...fields }))
    : undefined;
  const started = performance.now();
  const [hours, seed] = [Number(values.hours), Number(values.seed)];
  const { rows, happened, heap } = await soak({ hours, seed, tell });
  const seconds = (performance.now() - started) / 1000;
  if (values.json)
    console.log(JSON.stringify({ hours, seed, seconds, rows, happened, heap }, null, 2));
  else {
    for (const [what, count] of Object.entries(happened))
      console.log(`${String(count).padStart(6)}  ${what}`);
    console.log();
    for (const { what, found, holds } of rows)
      console.log(`${holds ? 'ok    ' : 'FAILED'}  ${what}: ${found}`);
    console.log(`\n${hours} hours (virtual time, seed ${seed}) in ${seconds.toFixed(0)} s`);
  }
  process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;
}

if (import.meta.main) await main();
