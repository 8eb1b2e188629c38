/** `npm run bench`: the claims of the README, measured on the emulator. `-- --json` for machines; `-- revocation` for the revocations alone (bench/revocation.ts). Quotas are the service's own; time at them is virtual, and marked so. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../src/engine/reconcile/engine.ts';
import { createEstate, documents, type Estate, keyDocument, type Size } from './estate.ts';
import { measureRevocations } from './revocation.ts';

interface Row {
  readonly what: string;
  readonly measured: string;
  /** What it is held against. */
  readonly bound: string;
}

const ESTATE: Size = { keys: 1000, plans: 300, apis: 40 };
const LARGE: Size = { keys: 10_000, plans: 300, apis: 40 };
/** All that the account has: 10 per second, burst 40 (docs/api-gateway-facts.md#f21). */
const WHOLE = { requestsPerSecond: 10, burst: 40 };

const rows: Row[] = [];
const add = (what: string, measured: string, bound: string) => {
  rows.push({ what, measured, bound });
  if (!json) console.log(`${what}\n    ${measured}\n    ${bound}`);
};
const json = process.argv.includes('--json');
const calls = (report: { targets: readonly { calls: Readonly<Record<string, number>> }[] }) =>
  report.targets.flatMap((target) => Object.values(target.calls)).reduce((a, b) => a + b, 0);
const ratio = (a: number, b: number) => `${(a / b).toFixed(2)} ×`;

const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter((size) => size > 0);
if (process.argv.includes('revocation')) {
  await measureRevocations(sizes.length > 0 ? sizes : [100, 1_000], add);
} else {
  await firstSync();
  await largeAccount();
  await offline();
  await atRest();
}
if (json) console.log(JSON.stringify(rows, null, 2));

async function firstSync(): Promise<void> {
  await using estate = await createEstate(ESTATE);
  estate.write(documents(ESTATE));
  await using engine = estate.engine(WHOLE);
  estate.emulator.clearRequests();
  const begun = estate.now();
  const { report } = await estate.pass(engine);
  const writes = estate.emulator.requests.filter((request) =>
    /^(Create|Update|Delete)/.test(request.operation),
  );
  const live = (Math.max(...writes.map((request) => request.at)) - begun) / 1000;
  const least = ESTATE.keys * 2 + ESTATE.plans;
  const bound = (least - WHOLE.burst) / WHOLE.requestsPerSecond;
  add(
    'first sync of 1,000 keys, 300 plans, 1,000 memberships (virtual time, the whole account quota)',
    `all live after ${live.toFixed(0)} s; ${calls(report)} calls, ${throttled(estate)} throttled; state ${report.state}`,
    `${least} calls at 10 per second: ${bound.toFixed(0)} s; ${ratio(live, bound)}`,
  );

  estate.emulator.clearRequests();
  const again = await estate.pass(engine);
  const { keys, plans, apis } = ESTATE;
  const lists =
    Math.ceil(keys / 500) + Math.ceil(plans / 500) + plans + apis + Math.ceil(apis / 500);
  add(
    'a scheduled pass over them: calls',
    `${calls(again.report)} calls`,
    `lists alone need ${lists}; reading object by object takes ${2 * keys + plans + apis}: ${ratio(2 * keys + plans + apis, calls(again.report))} as many`,
  );

  await limits(estate, engine);
}

/** A limit changed on every plan; ten of them are lowered, and those must go first. */
async function limits(estate: Estate, engine: Engine): Promise<void> {
  const { plans } = ESTATE;
  const raised = documents(ESTATE, 60);
  const lowered = documents(ESTATE, 40);
  for (let plan = 290; plan < plans; plan++)
    raised.set(`plan-${plan}.yaml`, lowered.get(`plan-${plan}.yaml`) ?? '');
  estate.write(raised);
  estate.emulator.clearRequests();
  const begun = estate.now();
  const { report } = await estate.pass(engine);
  const updates = estate.emulator.requests.filter(
    (request) => request.operation === 'UpdateUsagePlan',
  );
  const last = (Math.max(...updates.map((request) => request.at)) - begun) / 1000;
  const first = updates.slice(0, 10).map((request) => request.id);
  const urgent = [...estate.emulator.state().usagePlans.values()]
    .filter((plan) => plan.throttle?.rateLimit === 40)
    .map((plan) => plan.id);
  const bound = 20 * (plans - 1);
  add(
    'a limit changed on 300 plans (virtual time)',
    `${last.toFixed(0)} s, ${updates.length} UpdateUsagePlan, ${throttled(estate)} throttled; the 10 lowered ones first: ${urgent.every((id) => first.includes(id))}; state ${report.state}`,
    `one per 20 s: ${bound} s; ${ratio(last, bound)}`,
  );
}

async function largeAccount(): Promise<void> {
  await using estate = await createEstate(LARGE);
  estate.write(documents(LARGE));
  {
    await using engine = estate.engine(WHOLE);
    await estate.pass(engine);
  }
  await using engine = estate.engine();
  await estate.pass(engine);

  estate.write(new Map([['key-7.yaml', keyDocument(7, ' edited')]]));
  estate.emulator.clearRequests();
  const started = performance.now();
  const edited = await estate.pass(engine, { trigger: 'change' });
  add(
    'one key edited, among 10,000 keys and 300 plans, default budget: commit to live, after the quiet period (virtual waiting + real work)',
    `${edited.seconds.toFixed(2)} s of waiting, ${((performance.now() - started) / 1000).toFixed(2)} s of work, ${calls(edited.report)} calls: ${Object.entries(
      edited.report.targets[0]?.calls ?? {},
    )
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}`,
    'one second',
  );

  const scheduled = await estate.pass(engine, { trigger: 'schedule' });
  add(
    'the next scheduled pass',
    `${calls(scheduled.report)} calls`,
    `lists alone need ${20 + 1 + 300 + 40 + 1}`,
  );

  // A queue of UpdateUsagePlan is under way when a key is revoked.
  estate.write(documents(LARGE, 60));
  const interruption = new AbortController();
  const queue = estate.pass(engine, { trigger: 'change', signal: interruption.signal });
  const underWay = () =>
    estate.emulator.requests.filter((request) => request.operation === 'UpdateUsagePlan').length >=
    2;
  estate.emulator.clearRequests();
  while (!underWay()) await new Promise((resolve) => setTimeout(resolve, 5));
  estate.write(new Map([['key-9.yaml', keyDocument(9, ', enabled: false')]]));
  const at = estate.now();
  interruption.abort(new Error('superseded'));
  await queue;
  const stop = new AbortController();
  const revoking = estate.pass(engine, { trigger: 'change', signal: stop.signal });
  const isRevoked = () =>
    [...estate.emulator.state().apiKeys.values()].some(
      (key) => key.name === 'key-9' && !key.enabled,
    );
  while (!isRevoked()) await new Promise((resolve) => setTimeout(resolve, 1));
  const took = (estate.now() - at) / 1000;
  stop.abort(new Error('done'));
  await revoking;
  add(
    'a key revoked in Git while 298 UpdateUsagePlan wait (virtual time)',
    `live after ${took.toFixed(2)} s`,
    `the queue needs ${298 * 20} s`,
  );
}

async function offline(): Promise<void> {
  const script = `
    const { load } = await import('./src/manifests/load.ts');
    const started = performance.now();
    const tree = await load(process.argv[1]);
    const loaded = performance.now();
    const { plan } = await import('./src/core/plan/planner.ts');
    const { kinds } = await import('./src/kinds/index.ts');
    const { fingerprint, time } = await import('./src/engine/state/hash-and-time.ts');
    const ready = performance.now();
    const policy = { unsetMode: 'enforce', prune: false, deleteGraceMs: 0, maxKeys: 5, maxPercent: 30 };
    const common = { target: tree.targets[0], desired: tree.desired, neighbours: [], namespaces: new Set(['default']), invalid: new Set(), complete: true };
    const { steps } = plan({ ...common, live: [], apis: [], rules: kinds.map((kind) => kind.rules), policy, contested: new Set(), lastSeen: new Map(), pinned: new Map(), fingerprint, now: 0, time });
    const done = performance.now();
    console.log(JSON.stringify({ documents: tree.documents, problems: tree.problems.length, steps: steps.length, load: loaded - started, plan: done - ready, rss: process.resourceUsage().maxRSS / 1024 }));
  `;
  const directory = mkdtempSync(join(tmpdir(), 'apikeeper-bench-'));
  for (const [file, text] of documents({ keys: 9_700, plans: 300, apis: 40 }))
    writeFileSync(join(directory, file), text);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script, directory],
    { encoding: 'utf8' },
  );
  rmSync(directory, { recursive: true, force: true });
  if (!stdout) throw new Error(stderr);
  const found = JSON.parse(stdout);
  add(
    '10,000 documents: parse, validate, plan',
    `${((found.load + found.plan) / 1000).toFixed(2)} s (load ${(found.load / 1000).toFixed(2)}, plan ${(found.plan / 1000).toFixed(2)}), ${found.rss.toFixed(0)} MB at most; ${found.documents} documents, ${found.problems} problems, ${found.steps} steps`,
    '3 s, 300 MB',
  );
}

async function atRest(): Promise<void> {
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now();
    spawnSync(process.execPath, ['src/cli.ts', '--help'], { stdio: 'ignore' });
    return performance.now() - started;
  }).sort((a, b) => a - b);
  add('start-up: apikeeper --help', `${times[2]?.toFixed(0)} ms (median of 5, from source)`, '');

  await using estate = await createEstate({ keys: 0, plans: 0, apis: 1 });
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: estate.emulator.url,
    AWS_REGION: 'eu-west-2',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  };
  estate.write(documents({ keys: 100, plans: 30, apis: 1 }));
  const child = spawn(
    process.execPath,
    ['src/cli.ts', 'run', '--http-port', '0', '--log-format', 'json', estate.directory],
    {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  try {
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr.on('data', (chunk) => {
        log += chunk;
        if (log.includes('reconcile.finished')) resolve();
      });
      child.on('exit', () => reject(new Error(log)));
    });
    const before = cpuSeconds(child.pid);
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const cpu = ((cpuSeconds(child.pid) - before) / 10) * 100;
    add(
      'the daemon at rest, with 130 documents',
      `${residentMegabytes(child.pid)} MB resident, ${cpu.toFixed(1)} % of one processor over 10 s`,
      '',
    );
  } finally {
    child.kill('SIGTERM');
  }
}

function throttled(estate: Estate): number {
  return estate.emulator.requests.filter((request) => request.status === 429).length;
}

/** User and system time, in Linux's ticks of 10 ms. */
function cpuSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMegabytes(pid: number | undefined): string {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kilobytes) / 1024).toFixed(0);
}
