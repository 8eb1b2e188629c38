/** `import`: manifests from what people have. The manifests go to stdout; what could not be put into them to stderr, so that both can be kept apart. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { compact } from '../core/model/compact.ts';
import { importCloudFormation } from '../importers/cloudformation/cloudformation.ts';
import type { Severity } from '../importers/common/codes.ts';
import type { Finding, Imported } from '../importers/common/model.ts';
import { type LiveAccount, placeText } from '../importers/live/account.ts';
import { importLive } from '../importers/live/live.ts';
import { filesBelow } from '../importers/serverless/files.ts';
import { importServerless } from '../importers/serverless/serverless.ts';
import { readTerraformDirectory, readTerraformInput } from '../importers/terraform/files.ts';
import { importTerraform } from '../importers/terraform/terraform.ts';
import { renderManifests, toManifest } from '../manifest-writer/render.ts';
import { didYouMean } from '../manifests/suggest.ts';
import { count, sanitize } from '../report/sanitize.ts';
import { ExpectedError, UsageError } from './errors.ts';
import { EXIT } from './exit.ts';
import { type FlagValues, variableOf } from './flags.ts';
import type { Translate } from './import-live.ts';
import type { ProcessIo } from './io.ts';

type Flags = FlagValues<'import'>;

interface Source {
  /** The flags that it is read with, of those that not every source has. */
  readonly flags: readonly (keyof Flags)[];
  readonly read: (file: string, flags: Flags, world: ProcessIo) => Promise<Translate>;
}

const SOURCES: Readonly<Record<string, Source>> = {
  serverless: {
    flags: ['stage', 'framework-version', 'param', 'env', 'parameter'],
    read: async (file, flags, world) => {
      const options = compact({
        file,
        stage: flags.stage,
        frameworkVersion: flags['framework-version'],
        params: namedValues('param', flags),
        env: namedValues('env', flags),
        read: filesBelow(file === '-' ? '.' : dirname(file)),
      });
      const parameters = namedValues('parameter', flags);
      const text = await readSource(file, world);
      return (ids) => importServerless(text, { ...options, parameters: { ...ids, ...parameters } });
    },
  },
  cloudformation: {
    flags: ['parameter'],
    read: async (file, flags, world) => {
      const parameters = namedValues('parameter', flags);
      const text = await readSource(file, world);
      return (ids) => importCloudFormation(text, { file, parameters: { ...ids, ...parameters } });
    },
  },
  terraform: {
    flags: ['var'],
    read: async (path, flags, world) => {
      const input =
        path === '-'
          ? { path, directory: '.', texts: [{ file: path, text: await readSource(path, world) }] }
          : await readTerraform(path);
      const variables = namedValues('var', flags);
      return () => importTerraform(input, { variables, read: readTerraformDirectory });
    },
  },
};

/** The flags that belong to single sources: on the command line a stray one is a mistake, as a variable it is for another call. */
const OWN_FLAGS = ['stage', 'framework-version', 'param', 'env', 'parameter', 'var'] as const;

export async function importFrom(
  _: string,
  flags: Flags,
  world: ProcessIo,
  [name = '', file = '']: readonly string[],
): Promise<number> {
  const source = Object.hasOwn(SOURCES, name) ? SOURCES[name] : undefined;
  const names = Object.keys(SOURCES);
  if (!source)
    throw new UsageError(
      `import from ${JSON.stringify(name)} is unknown${didYouMean(name, names) || `; known are ${names.join(', ')}`}`,
    );
  const stray = OWN_FLAGS.find(
    (flag) =>
      !source.flags.includes(flag) &&
      isGiven(flags[flag]) &&
      !world.env[variableOf({ name: flag }) ?? ''],
  );
  if (stray) throw new UsageError(`import ${name} does not read --${stray}`);
  const translate = await source.read(file, flags, world);
  const { imported, account } = flags.live
    ? await live(translate, flags, world)
    : { imported: await translate({}), account: undefined };
  if (flags.output === 'json')
    world.stdout.write(`${JSON.stringify(asJson(imported, account, flags.namespace), null, 2)}\n`);
  else print(file, imported, account, flags, world);
  return imported.findings.some(({ severity }) => severity === 'error') ? EXIT.failed : EXIT.done;
}

function isGiven(value: string | undefined | ReadonlyMap<string, unknown>): boolean {
  return typeof value === 'object' ? value.size > 0 : value !== undefined;
}

/** A process that asks no account needs no SDK. */
async function live(translate: Translate, flags: Flags, world: ProcessIo) {
  const { readLive } = await import('./import-live.ts');
  const { imported, account } = await readLive(translate, flags, world);
  return { imported: importLive(imported, account), account };
}

function print(
  file: string,
  imported: Imported,
  account: LiveAccount | undefined,
  flags: Flags,
  { stdout, stderr }: ProcessIo,
): void {
  const { documents, findings, handOver } = imported;
  if (flags['hand-over']) stdout.write(handOver ?? '# Nothing here is to be handed over.\n');
  else if (documents.length > 0) {
    stdout.write(headOf(file, account));
    stdout.write(renderManifests(imported, flags.namespace));
  }
  stderr.write([...findings.map(findingText), summary(file, imported, account), ''].join('\n'));
}

function headOf(file: string, account: LiveAccount | undefined): string {
  if (account)
    return `# What is live, in ${placeText(account)}, of what ${sanitize(file)} declares.\n`;
  return `# What ${sanitize(file)} says, which need not be what is live: look at \`apikeeper plan\` before anything is written.\n`;
}

/** `serverless.yml:12  UNRESOLVED  error  …`. */
function findingText({ file, line, code, severity, message }: Finding): string {
  return `${sanitize(file)}:${line}  ${code}  ${severity}  ${sanitize(message)}`;
}

function summary(
  file: string,
  { documents, findings }: Imported,
  account: LiveAccount | undefined,
): string {
  const number = (wanted: Severity) =>
    findings.filter(({ severity }) => severity === wanted).length;
  const found = [
    count(number('error'), 'error'),
    count(number('warning'), 'warning'),
    count(number('info'), 'note'),
  ];
  return `${sanitize(file)}: ${count(documents.length, 'document')}; ${found.join(', ')}.${account ? ` Read live from ${placeText(account)}.` : ''}`;
}

function asJson(
  { documents, findings, handOver }: Imported,
  account: LiveAccount | undefined,
  namespace: string | undefined,
) {
  const live = account ? { accountId: account.accountId ?? null, region: account.region } : null;
  return {
    manifests: documents.map((document) => toManifest(document, namespace)),
    findings,
    handOver: handOver ?? null,
    live,
  };
}

async function readSource(file: string, { stdin }: ProcessIo): Promise<string> {
  try {
    const text = file === '-' ? await readAll(stdin) : await readFile(file, 'utf8');
    if (text.trim() === '') throw new ExpectedError(`${sourceName(file)} is empty`);
    return text;
  } catch (error) {
    throw notRead(file, error);
  }
}

function sourceName(file: string): string {
  return file === '-' ? 'standard input' : sanitize(file);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a directory; name the file in it',
  EACCES: 'its permissions do not allow it',
};

function notRead(file: string, error: unknown): ExpectedError {
  if (error instanceof ExpectedError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? 'error';
  return new ExpectedError(`${sourceName(file)} cannot be read: ${REASONS[code] ?? code}`, {
    cause: error,
  });
}

/** A directory, or a file of any kind that Terraform writes or reads. */
async function readTerraform(path: string) {
  try {
    return await readTerraformInput(path);
  } catch (error) {
    throw notRead(path, error);
  }
}

/** The values themselves stay out of the complaint. */
function namedValues(
  flag: 'param' | 'env' | 'parameter' | 'var',
  flags: Flags,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...flags[flag]].map(([name, value]) => {
      if (name === '')
        throw new UsageError(`--${flag} needs a name and a value: --${flag} <name>=<value>`);
      if (value === undefined)
        throw new UsageError(`--${flag} ${name} needs a value: --${flag} ${name}=<value>`);
      return [name, value];
    }),
  );
}
