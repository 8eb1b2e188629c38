/** What people commit. */
import type { Declared, Plan } from './declared.ts';
import type { Random } from './random.ts';

type Commit = (declared: Declared, random: Random, serial: number) => void;

const COMMITS = {
  'describe a consumer': ({ consumers }, random, serial) => {
    const name = random.pick([...consumers.keys()]);
    change(consumers, name, { description: `commit-${serial}` });
  },
  'revoke a consumer, or let it in again': ({ consumers }, random) => {
    const name = random.pick([...consumers.keys()]);
    change(consumers, name, { enabled: consumers.get(name)?.enabled === false });
  },
  'tag a consumer': ({ consumers }, random, serial) => {
    change(consumers, random.pick([...consumers.keys()]), { team: `team-${serial}` });
  },
  'a new consumer': ({ consumers, plans }, random, serial) => {
    const name = `consumer-n${serial}`;
    consumers.set(name, { description: 'new', enabled: true, team: 'repairs' });
    join(plans, random.pick([...plans.keys()]), name);
  },
  'a consumer leaves': ({ consumers, plans }, random) => {
    const name = random.pick([...consumers.keys()]);
    consumers.delete(name);
    leave(plans, name);
  },
  'a consumer moves to another plan': ({ consumers, plans }, random) => {
    const name = random.pick([...consumers.keys()]);
    const elsewhere = [...plans].filter(([, plan]) => !plan.consumers.includes(name));
    leave(plans, name);
    join(plans, random.pick(elsewhere)[0], name);
  },
  'another limit': ({ plans }, random, serial) => {
    change(plans, random.pick([...plans.keys()]), {
      rateLimit: 10 + (serial % 90),
      quota: 1000 + serial,
    });
  },
  'a plan goes, and its consumers to another': ({ plans }, random) => {
    const name = random.pick([...plans.keys()]);
    const orphans = plans.get(name)?.consumers ?? [];
    plans.delete(name);
    for (const consumer of orphans) join(plans, random.pick([...plans.keys()]), consumer);
  },
  'a new plan': ({ plans, stages }, random, serial) => {
    plans.set(`plan-n${serial}`, {
      rateLimit: 20,
      quota: 500,
      stage: random.pick([...stages.keys()]),
      consumers: [],
    });
  },
  'a plan serves another stage': ({ plans, stages }, random) => {
    const name = random.pick([...plans.keys()]);
    change(plans, name, {
      stage: random.pick([...stages.keys()].filter((stage) => stage !== plans.get(name)?.stage)),
    });
  },
  'a stage gets another backend and limit': ({ stages }, random, serial) => {
    const name = random.pick([...stages.keys()]);
    change(stages, name, {
      backend: serial % 2 === 0 ? 'blue' : 'green',
      rateLimit: 50 + (serial % 100),
    });
  },
  'a file that nobody can read': (declared, random) => {
    declared.broken = random.pick([
      'kind: [',
      'apiVersion: apikeeper.dev/v1\nkind: ApiKey\nmetadata: { name: half\n',
      '\u0000',
    ]);
  },
} satisfies Record<string, Commit>;

const WITHIN = { consumers: [20, 40], plans: [6, 10] } as const;

/** Changes what is declared, and says how. What is broken is mended first; the numbers of objects stay within bounds, so that hour by hour can be compared. */
export function commit(declared: Declared, random: Random, serial: number): string {
  if (declared.broken !== undefined) {
    delete declared.broken;
    return 'mend the file';
  }
  const { consumers, plans } = declared;
  if (consumers.size > WITHIN.consumers[1]) return make('a consumer leaves');
  if (consumers.size < WITHIN.consumers[0]) return make('a new consumer');
  if (plans.size > WITHIN.plans[1]) return make('a plan goes, and its consumers to another');
  if (plans.size < WITHIN.plans[0]) return make('a new plan');
  return make(random.pick(Object.keys(COMMITS) as (keyof typeof COMMITS)[]));

  function make(what: keyof typeof COMMITS): string {
    COMMITS[what](declared, random, serial);
    return what;
  }
}

function change<T>(all: Map<string, T>, name: string, fields: Partial<T>): void {
  const before = all.get(name);
  if (before) all.set(name, { ...before, ...fields });
}

function join(plans: Map<string, Plan>, plan: string, consumer: string): void {
  change(plans, plan, { consumers: [...(plans.get(plan)?.consumers ?? []), consumer] });
}

function leave(plans: Map<string, Plan>, consumer: string): void {
  for (const [name, plan] of plans)
    change(plans, name, { consumers: plan.consumers.filter((one) => one !== consumer) });
}
