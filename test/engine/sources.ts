/** What pinned values come from, one world per test: a directory, and the stores that the emulator keeps. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { SSM } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';

export const VALUE = 'a-value-that-nobody-may-see';
export const OTHER = 'another-one-that-none-may-see';

export interface Sources {
  emulator: Emulator;
  directory: string;
  /** For `--values-dir`, below the directory. */
  valuesDir: string;
  secrets: SecretsManager;
  parameters: SSM;
}

/** Filled before each test of the file. */
export function sourcesPerTest(): Sources {
  const sources = {} as Sources;
  beforeEach(async () => {
    const emulator = await startEmulator();
    const directory = await mkdtemp(join(tmpdir(), 'apikeeper-values-'));
    const valuesDir = join(directory, 'values');
    await mkdir(valuesDir);
    const settings = {
      endpoint: emulator.url,
      region: 'eu-west-2',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    Object.assign(sources, {
      emulator,
      directory,
      valuesDir,
      secrets: new SecretsManager(settings),
      parameters: new SSM(settings),
    });
  });
  afterEach(async () => {
    sources.secrets.destroy();
    sources.parameters.destroy();
    await sources.emulator.close();
    await rm(sources.directory, { recursive: true, force: true });
  });
  return sources;
}

export const writeValue = ({ valuesDir }: Sources, name: string, text: string): Promise<void> =>
  writeFile(join(valuesDir, name), text);
