/**
 * Scenarios: what apikeeper plans for an account as it is, and what is left after applying that.
 *
 * test/scenarios/<name>/
 *   manifests/   what Git declares now
 *   before/      what it declared earlier (any folder that `history` applies)
 *   live.json    the account, and what happened to it (`Scenario`, below)
 *   plan.txt     the plan, as `apikeeper plan` prints it; written by `npm run golden [name …]`, and by nothing else
 *
 * The account is made first (`apis`, `keys`, `plans`), then `history` is played, oldest first; then comes the plan. Objects that somebody made bear the ids that
 * live.json gives them. Those that apikeeper made while history was played bear the emulator's, which are the same in each run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { APIGateway } from '@aws-sdk/client-api-gateway';
import type { Clock } from '../../src/core/model/clock.ts';
import type { Report } from '../../src/core/model/report.ts';
import { type AccountState, type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { createEngine, type Engine } from '../../src/engine/reconcile/engine.ts';
import type { Settings } from '../../src/engine/state/settings.ts';
import { renderText } from '../../src/report/text.ts';
import { type Account, type Console, seed } from '../kit/seed.ts';
import { type ConsoleChange, changeInConsole } from './history.ts';

export interface Scenario extends Account {
  /** One sentence: what this shows. */
  readonly reason: string;
  /** The command line's, for everything that is applied or planned. */
  readonly flags?: Pick<Settings, 'mode' | 'maxKeys'>;
  readonly env?: Readonly<Record<string, string>>;
  /** What other accounts have, by account number. The first one's is 123456789012. */
  readonly accounts?: Readonly<Record<string, Account>>;
  /** `wait` is a duration such as `3d`. */
  readonly history?: readonly (
    | ConsoleChange
    | { readonly apply: string }
    | { readonly wait: string }
  )[];
  /** One long-running process applied `history` and makes the plan; else each is a process of its own. Only for history that applies `manifests`. */
  readonly sameProcess?: boolean;
  /** Beyond the law: what has to be so after the apply. */
  readonly after?: {
    /** Who can call what, `acme → residents-api:production`: enabled keys, through the plans that they are in. */
    readonly access?: readonly string[];
    /** Calls that were sent right after each other. */
    readonly backToBack?: readonly string[];
    /** Events of the plan and the apply. */
    readonly events?: readonly string[];
  };
}

export interface Play extends AsyncDisposable {
  readonly scenario: Scenario;
  /** What Git declares now. */
  readonly directory: string;
  readonly emulator: Emulator;
  /** What everybody has now, as JSON. */
  states(): readonly AccountState[];
  plan(): Promise<Report>;
  apply(): Promise<Report>;
  /** A pass of another process, in the mode in which nothing may be written. */
  observe(): Promise<Report>;
  /** The names of the events of the plans and applies since history ended. */
  readonly events: readonly string[];
}

const ROOT = new URL('.', import.meta.url);
/** When history begins. */
const BEGINNING = Date.parse('2026-01-15T09:00:00Z');
const DELETE_GRACE = '14d';
const OWN_ACCOUNT = '123456789012';
/** What nobody's real trees on this host are called: applying takes a lock. */
const OWNER = 'scenarios';
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3600_000, d: 86_400_000 };

export function scenarioNames(): string[] {
  const entries = readdirSync(ROOT, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** The file of a scenario that holds its plan. */
export const goldenUrl = (name: string): URL => new URL(`${name}/plan.txt`, ROOT);

export const textOf = (report: Report): string => renderText(report, { colour: false });

/** Makes the account and plays history, up to the moment of the plan. */
export async function play(name: string): Promise<Play> {
  const folder = new URL(`${name}/`, ROOT);
  const scenario: Scenario = JSON.parse(readFileSync(new URL('live.json', folder), 'utf8'));
  const clock = handClock(BEGINNING);
  const emulator = await startEmulator({ seed: 1, clock: clock.now });
  const accounts = { [OWN_ACCOUNT]: scenario, ...scenario.accounts };
  const env = {
    ...scenario.env,
    AWS_ENDPOINT_URL: emulator.url,
    ...credentials(OWN_ACCOUNT),
    AWS_REGION: 'eu-west-2',
  };
  const events: string[] = [];
  const emit = (event: string) => void events.push(event);
  const engineFor = (directory: string, pace: Pace) =>
    createEngine(settingsOf(scenario, new URL(directory, folder).pathname, pace), {
      clock,
      env,
      emit,
    });
  const standing = scenario.sameProcess ? engineFor('manifests', QUICK) : undefined;

  async function withEngine<T>(
    directory: string,
    pace: Pace,
    work: (engine: Engine) => Promise<T>,
  ): Promise<T> {
    if (standing) return work(standing);
    await using engine = engineFor(directory, pace);
    return await work(engine);
  }

  /** One Target after another, and one call after another, so that the emulator's ids come in the same order. */
  const applyEarlier = (directory: string) =>
    withEngine(directory, QUICK, async (engine) => {
      const tree = await engine.load();
      for (const target of tree.targets)
        await engine.reconcileAccount(tree, [target], request(true));
    });
  const pass = (write: boolean) =>
    withEngine('manifests', REAL, (engine) => engine.reconcile(request(write)));

  for (const [account, entries] of Object.entries(accounts))
    await seed(handOf(emulator, account), entries);
  for (const event of scenario.history ?? []) {
    if ('wait' in event) await clock.sleep(milliseconds(event.wait));
    else if ('apply' in event) await applyEarlier(event.apply);
    else await changeInConsole(handOf(emulator, OWN_ACCOUNT), event);
  }
  events.length = 0;
  return {
    scenario,
    directory: new URL('manifests', folder).pathname,
    emulator,
    states: () => Object.keys(accounts).map((account) => structuredClone(emulator.state(account))),
    plan: () => pass(false),
    apply: () => pass(true),
    async observe() {
      const observed = { ...scenario, flags: { ...scenario.flags, mode: 'observe' as const } };
      const settings = settingsOf(observed, new URL('manifests', folder).pathname, QUICK);
      await using engine = createEngine(settings, { clock, env, emit: () => {} });
      return await engine.reconcile(request(true));
    },
    events,
    async [Symbol.asyncDispose]() {
      await standing?.[Symbol.asyncDispose]();
      await emulator.close();
    },
  };
}

type Pace = Pick<Settings, 'operationQuotas' | 'requestsPerSecond' | 'burst'>;

/** No quotas of single operations, and so no lanes: one call after another. */
const QUICK: Pace = { operationQuotas: false, requestsPerSecond: 1000, burst: 1000 };
/** As the service allows: the plan says how long that takes. Nobody waits, since sleeping only moves the clock. */
const REAL: Pace = { operationQuotas: true };

function settingsOf({ flags = {} }: Scenario, directory: string, pace: Pace): Settings {
  return {
    ...flags,
    ...pace,
    // Messages name it: a golden plan knows no absolute path.
    directory: relative(process.cwd(), directory),
    namespaces: [],
    deleteGraceMs: milliseconds(DELETE_GRACE),
    owner: OWNER,
    valuesEnvPrefix: 'APIKEEPER_VALUE_',
    valuesSecrets: 'apikeeper/',
    version: '0.0.0',
  };
}

function request(write: boolean) {
  return { trigger: 'command', write, unsetMode: 'enforce' } as const;
}

function handOf(emulator: Emulator, account: string): Console {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } =
    credentials(account);
  const gateway = new APIGateway({
    endpoint: emulator.url,
    region: 'eu-west-2',
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  });
  return { gateway, state: emulator.state(account) };
}

/** By which the emulator tells accounts apart. */
function credentials(account: string) {
  return { AWS_ACCESS_KEY_ID: `AKIA${account}`, AWS_SECRET_ACCESS_KEY: 'secret' };
}

/** A clock that stands, until somebody sleeps. */
function handClock(start: number): Clock {
  let now = start;
  return {
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      now += Math.max(0, ms);
    },
  };
}

function milliseconds(duration: string): number {
  const [, number, unit = ''] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  const factor = UNITS[unit];
  if (factor === undefined) throw new Error(`${duration} is no duration such as 30s or 14d`);
  return Number(number) * factor;
}
