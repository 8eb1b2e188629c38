/** An account that the old tool made and people changed, and the way from its file to apikeeper. */
import { APIGateway } from '@aws-sdk/client-api-gateway';
import { afterEach, beforeEach } from 'vitest';
import { emulatorEnvironment } from '../../src/commands/emulator.ts';
import type { ReportObject } from '../../src/core/model/report.ts';
import { type AccountState, type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { run } from '../commands/io.ts';
import { type Account, seed } from '../kit/seed.ts';
import { createWorkspace, type Workspace } from '../manifests/workspace.ts';

export interface LiveWorld {
  emulator: Emulator;
  space: Workspace;
  furnish(account: Account): Promise<void>;
  /** `words`: what follows `import`; `typed`: the file, where it is `-`. */
  import(
    words: readonly string[],
    typed?: string,
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  /** The steps that are none of standing still, `ApiKey/acme adopt`, with the reason of a hold; and what would change. */
  plan(): Promise<{ readonly steps: readonly string[]; readonly changes: readonly string[] }>;
  apply(): Promise<number>;
  /** All that consumers could notice. */
  live(): unknown;
}

const PACE = ['--operation-quotas', 'off', '--requests-per-second', '1000', '--burst', '1000'];

/** Filled before each test of the file. */
export function liveWorldPerTest(): LiveWorld {
  const world = {} as LiveWorld;
  beforeEach(async () => {
    const emulator = await startEmulator();
    const space = await createWorkspace();
    const env = { ...emulatorEnvironment(emulator.url), APIKEEPER_OWNER: `live-${process.pid}` };
    const passing = (command: string, ...flags: readonly string[]) =>
      run([command, space.path, ...PACE, ...flags], { env });
    Object.assign(world, {
      emulator,
      space,
      async furnish(account) {
        const credentials = { accessKeyId: 'emulator', secretAccessKey: 'emulator' };
        const gateway = new APIGateway({
          endpoint: emulator.url,
          region: 'eu-west-2',
          credentials,
        });
        await seed({ gateway, state: emulator.state() }, account);
        gateway.destroy();
      },
      import: (words, typed) =>
        run(['import', ...words, '--live', ...PACE], {
          env,
          ...(typed !== undefined && { typed }),
        }),
      async plan() {
        const { stdout } = await passing('plan', '-o', 'json');
        const objects: readonly ReportObject[] = JSON.parse(stdout).targets[0].objects;
        const moving = objects.filter(
          ({ action, state }) => action !== 'keep' || state === 'changed',
        );
        return {
          steps: moving
            .map(({ kind, name, action, reason }) =>
              [`${kind}/${name}`, action, ...(reason ? [reason] : [])].join(' '),
            )
            .sort(),
          changes: objects.flatMap(({ kind, name, changes = [] }) =>
            changes.map(({ path }) => `${kind}/${name} ${path}`),
          ),
        };
      },
      apply: async () => (await passing('apply', '--yes')).code,
      live: () => withoutTags(emulator.state()),
    } satisfies LiveWorld);
  });
  afterEach(async () => {
    await world.emulator.close();
    await world.space[Symbol.asyncDispose]();
  });
  return world;
}

/** As a person who has seen that the old tool let go. */
export function takenOver(manifests: string): string {
  return manifests
    .replaceAll('# annotations:', 'annotations:')
    .replaceAll('# apikeeper.dev/adopt-from', 'apikeeper.dev/adopt-from');
}

function withoutTags({ apiKeys, usagePlans, planKeys, restApis }: AccountState): unknown {
  const bare = (objects: Iterable<object>) =>
    [...objects].map((object) => ({ ...object, tags: undefined, lastUpdatedDate: undefined }));
  return structuredClone({
    keys: bare(apiKeys.values()),
    plans: bare(usagePlans.values()),
    members: [...planKeys].map(([plan, keys]) => [plan, [...keys]]),
    apis: [...restApis.values()].map(({ api, resources, stages }) => [
      bare([api]),
      [...resources.values()],
      bare(stages.values()),
    ]),
  });
}
