/**
 * How long a revocation takes, whatever else the daemon does: from the manifests that say `enabled: false`, as
 * they were read, until it is live. Seconds are virtual, at the default budget and the service's quotas.
 * `npm run bench -- revocation [keys …]`; default: 100 and 1,000 keys.
 */
import type { Emit } from '../src/core/model/events.ts';
import { startDaemon } from '../src/engine/daemon/daemon.ts';
import { createEngine } from '../src/engine/reconcile/engine.ts';
import { createEstate, documents, type Estate, keyDocument, type Size } from './estate.ts';

/** What the daemon is busy with when the key is revoked. */
interface Situation {
  readonly what: string;
  /** Resolves when it is busy. */
  begin(estate: Estate, size: Size, tick: () => void): Promise<void>;
}

type Add = (what: string, measured: string, bound: string) => void;

const BULK = 200;
const counted = ({ emulator }: Estate, operation: string) =>
  emulator.requests.filter((request) => request.operation === operation).length;

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

function edited(from: number, count: number, text: string): Map<string, string> {
  const keys = Array.from({ length: count }, (_, index) => from + index);
  return new Map(keys.map((key) => [`key-${key}.yaml`, keyDocument(key, text)]));
}

const SITUATIONS: readonly Situation[] = [
  { what: 'idle', begin: async () => {} },
  {
    what: 'during a full reading',
    async begin(estate, _size, tick) {
      const before = counted(estate, 'GetUsagePlanKeys');
      tick();
      await until(() => counted(estate, 'GetUsagePlanKeys') > before);
    },
  },
  {
    what: `during a bulk change of ${BULK} descriptions, half-way`,
    async begin(estate, { keys }) {
      const before = counted(estate, 'UpdateApiKey');
      const count = Math.min(BULK, keys - 20);
      estate.write(edited(10, count, ' changed'));
      await until(() => counted(estate, 'UpdateApiKey') >= before + count / 2);
    },
  },
  {
    what: 'during a queue of UpdateUsagePlan',
    async begin(estate, size) {
      const before = counted(estate, 'UpdateUsagePlan');
      const plans = [...documents(size, 60)].filter(([file]) => file.startsWith('plan-'));
      estate.write(new Map(plans));
      await until(() => counted(estate, 'UpdateUsagePlan') >= before + 2);
    },
  },
  {
    what: 'with a step that fails again and again',
    async begin(estate) {
      const before = counted(estate, 'UpdateApiKey');
      estate.emulator.inject({
        operation: 'UpdateApiKey',
        times: 1,
        fault: { type: 'error', status: 409, code: 'ConflictException', message: 'no' },
      });
      estate.write(edited(3, 1, ' refused'));
      await until(() => counted(estate, 'UpdateApiKey') > before);
    },
  },
];

export async function measureRevocations(sizes: readonly number[], add: Add): Promise<void> {
  for (const keys of sizes) {
    const size: Size = { keys, plans: Math.min(300, keys / 10), apis: Math.min(40, keys / 10) };
    for (const situation of SITUATIONS) await measure(situation, size, add);
  }
}

async function measure({ what, begin }: Situation, size: Size, add: Add): Promise<void> {
  await using estate = await createEstate(size);
  estate.write(documents(size));
  {
    await using first = estate.engine({ requestsPerSecond: 10, burst: 40 });
    await estate.pass(first);
  }
  const { settings: common, deps } = estate.process();
  const settings = { ...common, mode: 'enforce' as const };
  const ticks: (() => void)[] = [];
  let passes = 0;
  let loaded: { readonly at: number; readonly calls: number } | undefined;
  const emit: Emit = (event) => {
    if (event === 'reconcile.finished') passes += 1;
    if (event === 'manifests.loaded')
      loaded ??= { at: estate.now(), calls: estate.emulator.requests.length };
  };
  await using engine = createEngine(settings, { ...deps, emit });
  await using _daemon = await startDaemon(
    engine,
    settings,
    { quietPeriodMs: 1 },
    { ...deps, emit },
    (_expression, onTick) => {
      ticks.push(onTick);
      return { next: () => undefined, [Symbol.dispose]() {} };
    },
  );
  await until(() => passes > 0);
  await begin(estate, size, () => {
    for (const tick of ticks) tick();
  });

  const isRevoked = () =>
    [...estate.emulator.state().apiKeys.values()].some(
      (key) => key.name === 'key-9' && !key.enabled,
    );
  // Virtual time runs while the file system tells of the change: it counts from the reading on.
  loaded = undefined;
  const cpu = process.cpuUsage();
  estate.write(edited(9, 1, ', enabled: false'));
  await until(isRevoked);
  const { user, system } = process.cpuUsage(cpu);
  const { at, calls: before } = loaded ?? { at: estate.now(), calls: 0 };
  const seconds = (estate.now() - at) / 1000;
  const calls = estate.emulator.requests.length - before;
  add(
    `a key revoked in Git, ${size.keys} keys, ${what} (virtual time)`,
    `live after ${seconds.toFixed(2)} s and ${calls} calls; ` +
      `${((user + system) / 1e6).toFixed(2)} s of CPU, emulator included`,
    'its own call, and 2 s of waiting at most',
  );
}
