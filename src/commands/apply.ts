/** `apply`: plan, ask, do it, report. */
import type { Report } from '../core/model/report.ts';
import { createEngine } from '../engine/reconcile/engine.ts';
import { isApplied, rows } from '../report/phrases.ts';
import { sanitize } from '../report/sanitize.ts';
import { renderText } from '../report/text.ts';
import { confirm } from './confirm.ts';
import { UsageError } from './errors.ts';
import { EXIT, exitCode } from './exit.ts';
import type { FlagValues } from './flags.ts';
import { onStop, type ProcessIo, wantsColour } from './io.ts';
import { printReport } from './print.ts';
import { checkNamespaces, quietLogOf, settingsOf, surroundingsOf } from './settings.ts';

export async function apply(
  directory: string,
  flags: FlagValues<'apply'>,
  world: ProcessIo,
): Promise<number> {
  if (!flags.yes && !world.stdin.isTTY)
    throw new UsageError(
      'apply asks before it writes, and here is no terminal to ask on: add --yes',
    );
  const abort = new AbortController();
  let asking = false;
  using _ = onStop(world, (signal) => {
    if (!asking)
      world.stderr.write(
        `\n${signal}: finishing the call in flight. Press Ctrl-C again to end at once.\n`,
      );
    abort.abort(new Error(`stopped by ${signal}`));
  });
  const log = quietLogOf(flags, world);
  const settings = settingsOf(directory, flags, world);
  await checkNamespaces(settings);
  await using engine = createEngine(settings, surroundingsOf(log.emit, world));

  let asked = false;
  let shown = false;
  let declined: Report | undefined;
  const report = await engine.reconcile({
    trigger: 'command',
    write: true,
    unsetMode: 'enforce',
    signal: abort.signal,
    confirm: async (plan) => {
      // A plan of nothing but failures is the report already.
      if (plan.targets.every(({ error }) => error !== undefined)) return true;
      if (asked) world.stderr.write('\nThe plan is another one by now:\n\n');
      asked = true;
      shown = showPlan(plan, flags, world);
      let isAgreed = true;
      if (!flags.yes && writes(plan)) {
        asking = true;
        isAgreed = await confirm(question(plan), world, abort.signal);
        asking = false;
      }
      if (isAgreed) log.open();
      else declined = plan;
      return isAgreed;
    },
  });
  const newline = abort.signal.aborted ? '\n' : '';
  if (declined && report.targets.every((target) => !isApplied({ ...report, targets: [target] }))) {
    world.stderr.write(`${newline}Not applied: nothing was changed.\n`);
    return EXIT.failed;
  }
  if (shown) world.stdout.write('\n');
  printReport(report, flags.output, world, shown ? 'outcomes' : 'full');
  if (declined) {
    const names = declined.targets.map(({ namespace }) => sanitize(namespace)).join(', ');
    world.stderr.write(`${newline}Not applied: nothing was changed in ${names}.\n`);
    return EXIT.failed;
  }
  return exitCode('apply', report);
}

/** On stdout as part of the result; where the result is for a program, only a person who is asked needs to see it. Whether the result has shown it. */
function showPlan(
  plan: Report,
  flags: FlagValues<'apply'>,
  { stdout, stderr, env }: ProcessIo,
): boolean {
  const isText = flags.output === 'text';
  const stream = isText ? stdout : stderr;
  if (isText || !flags.yes) stream.write(renderText(plan, { colour: wantsColour(stream, env) }));
  return isText;
}

/** Whether there is anything to ask about. */
function writes(plan: Report): boolean {
  const counts = rows(plan.targets);
  return (['create', 'adopt', 'update', 'disable', 'release', 'delete'] as const).some((row) =>
    counts.has(row),
  );
}

/** Names where it goes: the wrong profile is the mistake that this question is for. */
function question(plan: Report): string {
  const places = plan.targets
    .filter((target) => writes({ ...plan, targets: [target] }))
    .map(({ accountId, region, owner }) =>
      sanitize(
        `${accountId ? `account ${accountId}` : 'an unknown account'}, ${region}, as owner ${owner}`,
      ),
    );
  return `Apply this to ${places.join('; to ')}?`;
}
