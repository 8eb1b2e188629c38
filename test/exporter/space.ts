/** An emulated account, an empty directory, and the command line between them. */
import type { APIGateway } from '@aws-sdk/client-api-gateway';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import type { Report, ReportObject } from '../../src/core/model/report.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { run } from '../commands/io.ts';
import { clientOf } from '../conformance/harness.ts';
import type { Console } from '../kit/seed.ts';
import { createWorkspace, type Workspace } from '../manifests/workspace.ts';

export interface Space extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly gateway: APIGateway;
  readonly hand: Console;
  readonly manifests: Workspace;
  readonly owner: string;
  readonly env: Readonly<Record<string, string>>;
  /** A command line of one line, words apart. */
  type(command: string, ...words: readonly string[]): ReturnType<typeof run>;
  /** The objects of the one target that there is. */
  report(command: 'plan' | 'apply'): Promise<readonly ReportObject[]>;
}

let spaces = 0;

export async function createSpace(): Promise<Space> {
  const emulator = await startEmulator({ seed: 1 });
  const gateway = clientOf(emulator);
  const manifests = await createWorkspace();
  const owner = `export-${process.pid}-${spaces++}`;
  const env = {
    ...emulatorEnvironment(emulator.url),
    APIKEEPER_OWNER: owner,
    APIKEEPER_OPERATION_QUOTAS: 'off',
    APIKEEPER_REQUESTS_PER_SECOND: '1000',
    APIKEEPER_BURST: '1000',
    APIKEEPER_MANIFESTS: '',
  };
  const type = (command: string, ...words: readonly string[]) => run([command, ...words], { env });
  return {
    emulator,
    gateway,
    hand: { gateway, state: emulator.state() },
    manifests,
    owner,
    env,
    type,
    async report(command) {
      const words = [manifests.path, '-o', 'json', ...(command === 'apply' ? ['--yes'] : [])];
      const { stdout } = await type(command, ...words);
      const { targets, problems }: Report = JSON.parse(stdout);
      const [target] = targets;
      const error =
        target?.error ??
        problems.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n');
      if (!target || error !== '') throw new Error(error || 'there is no target');
      return target.objects;
    },
    async [Symbol.asyncDispose]() {
      gateway.destroy();
      await emulator.close();
      await manifests[Symbol.asyncDispose]();
    },
  };
}

/** `adopt: 65`, `hold foreign: 6`. */
export function tally(objects: readonly ReportObject[]): Record<string, number> {
  const words = objects.map(({ action, reason }) =>
    action === 'hold' ? `hold ${reason}` : action,
  );
  return Object.fromEntries(
    [...Map.groupBy(words, (word) => word)].map(([word, { length }]) => [word, length]),
  );
}
