/** A fault on one operation, for as long as a pass lasts; what the pass makes of it, and what comes after. */
import type { Report } from '../../src/core/model/report.ts';
import type { Fault, RequestRecord } from '../../src/emulator/index.ts';
import { type Account, createAccount, openAccount, writesOf } from './account.ts';
import {
  passOf,
  type Recovered,
  recover,
  type Scene,
  setUp,
  type Undisturbed,
  undisturbed,
} from './crash-matrix.ts';
import { crashScenarios } from './crash-scenarios.ts';
import type { FaultCase } from './fault-cases.ts';

export interface Staged {
  readonly name: string;
  readonly scene: Scene;
  readonly clean: Undisturbed;
}

/** For every operation that a scenario uses, the first that does. */
export async function stages(): Promise<ReadonlyMap<string, Staged>> {
  const found = new Map<string, Staged>();
  for (const scenario of crashScenarios) {
    const scene = await setUp(scenario);
    const clean = await undisturbed(scene);
    for (const operation of clean.operations)
      if (!found.has(operation)) found.set(operation, { name: scenario.name, scene, clean });
  }
  return found;
}

export interface Suffered {
  readonly report: Report;
  readonly events: readonly string[];
  readonly requests: readonly RequestRecord[];
  readonly writes: readonly RequestRecord[];
  /** What it took once the fault had ended. */
  readonly recovered: Recovered;
}

/** `times`: how many calls it hits; else all of the pass. */
export async function suffer(
  { scene, clean }: Staged,
  { effect, socket }: Pick<FaultCase, 'effect' | 'socket'>,
  about: Omit<Fault, 'fault'>,
): Promise<Suffered> {
  const past = { seed: 2, from: scene.state, at: scene.at };
  if (!socket) return sufferOn(createAccount(past), scene, clean, { ...about, fault: effect });
  await using account = await openAccount(past);
  return await sufferOn(account, scene, clean, { ...about, fault: effect });
}

async function sufferOn(
  account: Account,
  scene: Scene,
  clean: Undisturbed,
  fault: Fault,
): Promise<Suffered> {
  const { core } = account;
  core.clearRequests();
  core.inject(fault);
  const { report, events } = await passOf(account, scene.now);
  if (!report) throw new Error('nothing was to die here');
  const requests = [...core.requests];
  core.clearFaults();
  const recovered = await recover(account, scene, clean.result);
  return {
    report,
    events: events.map(({ event }) => event),
    requests,
    writes: writesOf(requests),
    recovered,
  };
}
