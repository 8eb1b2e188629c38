/** Work in lanes: one thing at a time in each, the most urgent that may begin first, and none before what it comes after. */

export interface Task {
  readonly id: string;
  /** Ids of tasks that must be over first; others than those at hand count as over. */
  readonly dependsOn: readonly string[];
}

export interface SchedulerOptions<T extends Task> {
  readonly queueOf: (task: T) => string;
  /** Never rejects. */
  readonly perform: (task: T) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
  /** Asked once the signal has aborted, for each task that has not begun: whether it is dropped. */
  readonly drop: (task: T) => boolean;
}

/** @param all the most urgent first */
export async function runByPriority<T extends Task>(
  all: readonly T[],
  options: SchedulerOptions<T>,
): Promise<void> {
  const rank = new Map(all.map((task, index) => [task.id, index]));
  const rankOf = (task: T) => rank.get(task.id) ?? 0;
  const waiting = new Set(all);
  const followers = new Map<string, T[]>();
  const open = new Map<T, number>();
  const ready = new Map<string, T[]>();
  const running = new Map<string, Promise<void>>();
  let dropped = false;

  for (const task of all) {
    const before = task.dependsOn.filter((id) => rank.has(id));
    open.set(task, before.length);
    for (const id of before) followers.set(id, [...(followers.get(id) ?? []), task]);
    if (before.length === 0) enqueue(task);
  }
  while (waiting.size > 0) {
    if (options.signal?.aborted && !dropped) {
      dropped = true;
      for (const task of waiting) if (options.drop(task)) complete(task);
    }
    for (const [lane, tasks] of ready) {
      while (!running.has(lane) && tasks.length > 0) begin(tasks.shift() as T, lane);
    }
    const [first] = waiting;
    // Where tasks wait for each other all the same, the most urgent goes first.
    if (running.size === 0 && first) begin(first, options.queueOf(first));
    if (running.size > 0) await Promise.race(running.values());
  }
  await Promise.all(running.values());

  /** Into its lane's queue, by rank. */
  function enqueue(task: T): void {
    const lane = options.queueOf(task);
    const queue = ready.get(lane) ?? [];
    ready.set(lane, queue);
    const behind = queue.findLastIndex((other) => rankOf(other) < rankOf(task));
    queue.splice(behind + 1, 0, task);
  }

  function complete(task: T): void {
    waiting.delete(task);
    for (const follower of followers.get(task.id) ?? []) {
      const left = (open.get(follower) ?? 1) - 1;
      open.set(follower, left);
      if (left === 0) enqueue(follower);
    }
  }

  function begin(task: T, lane: string): void {
    // Dropped, or begun out of turn.
    if (!waiting.delete(task)) return;
    const work = options.perform(task).then(() => {
      running.delete(lane);
      complete(task);
    });
    running.set(lane, work);
  }
}
