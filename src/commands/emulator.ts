/** `emulator`: the embedded API Gateway alone, on a port. */
import { type Emulator, type EmulatorOptions, startEmulator } from '../emulator/index.ts';
import { ExpectedError } from './errors.ts';
import { EXIT } from './exit.ts';
import type { FlagValues } from './flags.ts';
import { onStop, type ProcessIo } from './io.ts';

export async function emulator(
  _: string,
  flags: FlagValues<'emulator'>,
  world: ProcessIo,
): Promise<number> {
  const stop = Promise.withResolvers<void>();
  using _stopping = onStop(world, () => stop.resolve());
  await using running = await start({
    port: flags.port,
    host: flags['http-host'],
    quotas: flags.quotas,
  });
  world.stdout.write(
    `An API Gateway emulator listens on ${running.url} (quotas: ${flags.quotas}). Ctrl-C ends it, and its state with it.\n`,
  );
  world.stdout.write(`To use it:\n  export ${environmentText(running.url)}\n`);
  await stop.promise;
  return EXIT.done;
}

/** Credentials that can open nothing else: without an endpoint they are refused everywhere. The region twice: the AWS CLI reads only the second. */
export function emulatorEnvironment(url: string): Readonly<Record<string, string>> {
  const [region, secret] = ['eu-west-2', 'emulator'];
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: secret,
    AWS_SECRET_ACCESS_KEY: secret,
  };
}

function environmentText(url: string): string {
  return Object.entries(emulatorEnvironment(url))
    .map((entry) => entry.join('='))
    .join(' ');
}

export async function start(options: EmulatorOptions): Promise<Emulator> {
  try {
    return await startEmulator(options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const wayOut =
      code === 'EADDRINUSE'
        ? 'the port is taken: stop what listens there, or choose another one with --port'
        : message;
    throw new ExpectedError(
      `the emulator cannot listen on ${options.host ?? '127.0.0.1'}:${options.port}: ${wayOut}`,
      { cause: error },
    );
  }
}
