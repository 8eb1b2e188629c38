/** When a target is looked at without anybody asking: cron expressions in UTC. */
import { createTask, validateDetailed } from 'node-cron';
import { compareText } from '../../core/model/json.ts';
import type { Problem, Target } from '../../core/model/model.ts';
import { WARNINGS } from '../../core/model/warning.ts';
import type { Tree } from '../../manifests/load.ts';
import { namesMovedFrom } from '../../manifests/moved-names.ts';
import type { TreeWarning } from '../../manifests/warnings.ts';
import { time } from '../state/hash-and-time.ts';

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

const MAX_ALLOWED_LOSS_MS = 7 * 86_400_000;
const ALLOW_LOSS = '/metadata/annotations/apikeeper.dev~1allow-loss';

/**
 * The tree as if each Target whose schedule can't be run, or whose `allow-loss` reaches too far, were invalid: nothing in its namespace
 * is read or written. An `allow-loss` that is over is warned of. `now`: milliseconds since the epoch.
 */
export function withoutUnusable(read: Tree, now: number): Tree {
  const warnings = [
    ...read.warnings,
    ...read.targets.flatMap((target) => staleAllowance(target, now)),
  ];
  const tree = { ...read, warnings };
  const problems = tree.targets.flatMap((target) => targetProblems(target, now));
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

type TargetProblem = Problem & { readonly namespace: string };

/** Names the Target, the field and what is allowed; nothing where nothing is wrong. */
function targetProblems(target: Target, now: number): TargetProblem[] {
  const { schedule, allowLoss } = target;
  const problem = scheduleProblem(schedule);
  const isTooFar = allowLoss !== undefined && allowLoss.until > now + MAX_ALLOWED_LOSS_MS;
  const latest = time.format(now + MAX_ALLOWED_LOSS_MS);
  return [
    ...(problem === undefined ? [] : problemOf(target, '/spec/schedule', problem)),
    ...(isTooFar
      ? problemOf(target, ALLOW_LOSS, `it reaches further than 7 days; write ${latest} at most`)
      : []),
  ];
}

function problemOf({ namespace, source }: Target, path: string, message: string): TargetProblem[] {
  if (!source) return [];
  return [{ ...source, column: 1, kind: 'Target', namespace, name: namespace, path, message }];
}

function staleAllowance(target: Target, now: number): TreeWarning[] {
  const { allowLoss } = target;
  if (!allowLoss || allowLoss.until > now) return [];
  const code = 'ALLOW_LOSS_OVER';
  const { severity } = WARNINGS[code];
  const message = `the time of allow-loss was over at ${time.format(allowLoss.until)}: it does nothing, remove it`;
  return problemOf(target, ALLOW_LOSS, message).map((one) => ({ ...one, code, severity }));
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
