/** `plan`: the difference. No write call can be sent. */
import { createEngine } from '../engine/reconcile/engine.ts';
import { exitCode } from './exit.ts';
import type { FlagValues } from './flags.ts';
import type { ProcessIo } from './io.ts';
import { printReport } from './print.ts';
import { checkNamespaces, quietLogOf, settingsOf, surroundingsOf } from './settings.ts';

export async function plan(
  directory: string,
  flags: FlagValues<'plan'>,
  world: ProcessIo,
): Promise<number> {
  const settings = settingsOf(directory, flags, world);
  await checkNamespaces(settings);
  await using engine = createEngine(settings, surroundingsOf(quietLogOf(flags, world).emit, world));
  const report = await engine.reconcile({ trigger: 'command', write: false, unsetMode: 'enforce' });
  printReport(report, flags.output, world);
  return exitCode('plan', report, { detailedExitcode: flags['detailed-exitcode'] });
}
