/** When a target is looked at without anybody asking: cron expressions in UTC. */
import { createTask, validateDetailed } from 'node-cron';
import { compareText } from '../../core/model/json.ts';
import type { Problem, Target } from '../../core/model/model.ts';
import type { Tree } from '../../manifests/load.ts';
import { namesMovedFrom } from '../../manifests/moved-names.ts';

/** Looks are spread over a tenth of the time between them, and over no more than this: many controllers share an account's quotas. */
const MAX_JITTER_MS = 30_000;

/** A schedule that runs until it is disposed of. */
export interface Schedule extends Disposable {
  /** The next time, jitter left out: milliseconds since the epoch. Undefined for `off`. */
  next(): number | undefined;
}

/** Calls `onTick` at each time that a valid expression names. */
export type StartSchedule = (expression: string, onTick: () => void) => Schedule;

/** What is wrong with a schedule, and what is allowed; undefined where nothing is. */
export function scheduleProblem(expression: string): string | undefined {
  if (expression === 'off') return undefined;
  const { errors } = validateDetailed(expression);
  // node-cron knows names such as @daily; a name instead of fields is not ours.
  const fields = expression.trim().split(/\s+/).length;
  if (errors.length === 0 && fields >= 5) return undefined;
  const wrong = errors
    .filter(({ field }) => field !== 'expression')
    .map(({ field, value }) => `${value} is no ${NAMES[field] ?? field}`);
  const what =
    wrong.length > 0
      ? wrong.join(', ')
      : `it has ${fields === 1 ? 'one field' : `${fields} fields`}`;
  return `"${expression}" is no schedule: ${what}; write five or six cron fields, in UTC, such as "*/10 * * * *", or off`;
}

const NAMES: Readonly<Record<string, string>> = {
  dayOfMonth: 'day of that month',
  dayOfWeek: 'day of the week',
};

/** The tree as if each Target whose schedule can't be run were invalid: nothing in its namespace is read or written. */
export function withoutUnusable(tree: Tree): Tree {
  const problems = tree.targets.flatMap(targetProblem);
  if (problems.length === 0) return tree;
  const unusable = new Set(problems.map(({ namespace }) => namespace));
  const invalid = [...unusable].map((namespace) => ({
    kind: 'Target',
    namespace,
    name: namespace,
  }));
  const idle = tree.desired.filter(({ namespace }) => unusable.has(namespace));
  return {
    ...tree,
    targets: tree.targets.filter(({ namespace }) => !unusable.has(namespace)),
    desired: tree.desired.filter(({ namespace }) => !unusable.has(namespace)),
    invalid: [...tree.invalid, ...invalid],
    heldRemovals: [...tree.heldRemovals, ...idle.flatMap(namesMovedFrom)],
    problems: [...tree.problems, ...problems],
    incompleteNamespaces: [...new Set([...tree.incompleteNamespaces, ...unusable])].sort(
      compareText,
    ),
  };
}

/** Names the Target, its schedule and what is allowed; nothing where nothing is wrong. */
function targetProblem({
  namespace,
  schedule,
  source,
}: Target): (Problem & { readonly namespace: string })[] {
  const message = scheduleProblem(schedule);
  if (message === undefined || !source) return [];
  return [
    {
      ...source,
      column: 1,
      kind: 'Target',
      namespace,
      name: namespace,
      path: '/spec/schedule',
      message,
    },
  ];
}

/** By the machine's time, which node-cron goes by. */
export const startCron: StartSchedule = (expression, onTick) => {
  if (expression === 'off') return { next: () => undefined, [Symbol.dispose]() {} };
  const task = createTask(expression, onTick, {
    timezone: 'UTC',
    noOverlap: true,
    maxRandomDelay: jitterOf(expression),
    logger: SILENT,
  });
  void task.start();
  return { next: () => task.getNextRun()?.getTime(), [Symbol.dispose]: () => void task.destroy() };
};

function jitterOf(expression: string): number {
  const task = createTask(expression, () => {}, { timezone: 'UTC', logger: SILENT });
  const [first, second] = task.getNextRuns(2);
  void task.destroy();
  return first && second ? Math.min(MAX_JITTER_MS, (second.getTime() - first.getTime()) / 10) : 0;
}

/** Its own logger prints coloured text to the console. What it has to say, missed and overlapping runs, the next run makes up for. */
const SILENT = { info() {}, warn() {}, error() {}, debug() {} };
