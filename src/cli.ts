#!/usr/bin/env node
/** Flags to a command, result to an exit code. What a command needs is loaded when it is called. */
import { Command, CommanderError, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { ExpectedError, UsageError } from './commands/errors.ts';
import { EXIT } from './commands/exit.ts';
import {
  COMMAND_NAMES,
  type CommandName,
  defaultText,
  type Flag,
  type FlagValues,
  flagsOf,
  isSwitch,
  readDirectory,
  readFlags,
  showsNegation,
  variableOf,
} from './commands/flags.ts';
import type { ProcessIo } from './commands/io.ts';
import { commandIn, misuse, switchTexts } from './commands/usage-errors.ts';
import { systemClock } from './engine/state/system-clock.ts';

/** `path`: the directory or file; `operands`: all arguments as they were written. */
type Verb<C extends CommandName> = (
  path: string,
  flags: FlagValues<C>,
  world: ProcessIo,
  operands: readonly string[],
) => Promise<number>;

interface Entry<C extends CommandName> {
  readonly summary: string;
  /** What the directory is; absent: there is none. */
  readonly argument?: string;
  /** Arguments that must be given, and what each is. */
  readonly operands?: readonly (readonly [name: string, what: string])[];
  readonly load: () => Promise<Verb<C>>;
}

const COMMANDS: { readonly [C in CommandName]: Entry<C> } = {
  validate: {
    summary: 'check manifests, offline',
    argument: 'the manifests: a directory, or one file',
    load: async () => (await import('./commands/validate.ts')).validate,
  },
  plan: {
    summary: 'show the difference between the manifests and AWS; writes nothing',
    argument: 'the manifests',
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  apply: {
    summary: 'show the difference, ask, and make AWS what the manifests say',
    argument: 'the manifests',
    load: async () => (await import('./commands/apply.ts')).apply,
  },
  run: {
    summary: 'the daemon: watch, compare, reconcile, report',
    argument: 'the manifests',
    load: async () => (await import('./commands/run.ts')).run,
  },
  status: {
    summary: 'what a running daemon knows',
    load: async () => (await import('./commands/status.ts')).status,
  },
  export: {
    summary: 'make manifests that adopt what is live',
    argument: 'the manifests whose Targets are meant',
    load: async () => (await import('./commands/export.ts')).exportLive,
  },
  import: {
    summary: 'make manifests from what another tool has',
    operands: [
      ['source', 'serverless, cloudformation or terraform'],
      ['file', 'its file, or - for standard input; of Terraform a directory too'],
    ],
    load: async () => (await import('./commands/import.ts')).importFrom,
  },
  'iam-policy': {
    summary: 'print the least that the credentials must be allowed for these manifests',
    argument: 'the manifests',
    load: async () => (await import('./commands/iam-policy.ts')).printIamPolicy,
  },
  emulator: {
    summary: 'an API Gateway of your own, on a local port',
    load: async () => (await import('./commands/emulator.ts')).emulator,
  },
  demo: {
    summary: 'see it work: emulator, example manifests, daemon and page in one process',
    load: async () => (await import('./commands/demo/demo.ts')).demo,
  },
};

const EXIT_CODES = `
Exit codes:
  0   done, in sync, or planned
  1   a step failed, a target could not be read, a manifest is invalid
      (validate --strict: or warned of), or the answer was no
  2   plan --detailed-exitcode: there is something to do
  3   apply, run --once: nothing failed, and something that Git asks for was held
  64  bad usage`;

/** Runs one command line and answers with its exit code. */
export async function runCommand(words: readonly string[], world: ProcessIo): Promise<number> {
  let code: number = EXIT.done;
  const program = createProgram(world, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(switchTexts(words), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    return complain(error instanceof CommanderError ? misuse(error, words) : error, world, words);
  }
}

/** A mistake of the user's is one line; a mistake of ours shows where it was made. */
function complain(error: unknown, { stderr }: ProcessIo, words: readonly string[]): number {
  const isExpected = error instanceof UsageError || error instanceof ExpectedError;
  const text = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && !isExpected ? error.stack : undefined;
  stderr.write(`apikeeper: ${stack ?? text}\n`);
  if (!(error instanceof UsageError)) return EXIT.failed;
  const command = commandIn(words);
  stderr.write(`See: apikeeper ${command ? `${command} ` : ''}--help\n`);
  return EXIT.usage;
}

function createProgram(world: ProcessIo, done: (code: number) => void): Command {
  const program = new Command('apikeeper')
    .description(packageJson.description)
    .version(world.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .usage('<command> [directory] [flags]')
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureHelp({
      subcommandTerm: (command) =>
        [
          command.name(),
          ...command.registeredArguments.map((argument) => `[${argument.name()}]`),
        ].join(' '),
    })
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: () => {},
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const name of COMMAND_NAMES) program.addCommand(createCommand(name, program, world, done));
  return program;
}

function createCommand<C extends CommandName>(
  name: C,
  program: Command,
  world: ProcessIo,
  done: (code: number) => void,
): Command {
  const { summary, argument, operands = [], load } = COMMANDS[name] as Entry<C>;
  const command = new Command(name)
    .description(summary)
    .helpOption('-h, --help', 'print help')
    .copyInheritedSettings(program);
  command.usage(
    [
      ...(argument ? ['[directory]'] : []),
      ...operands.map(([operand]) => `<${operand}>`),
      '[flags]',
    ].join(' '),
  );
  if (argument)
    command.argument('[directory]', `${argument} (default: ./manifests) [APIKEEPER_MANIFESTS]`);
  for (const [operand, what] of operands) command.argument(`<${operand}>`, what);
  for (const entry of flagsOf(name))
    for (const option of optionsOf(entry)) command.addOption(option);
  return command.action(async (...values: unknown[]) => {
    const flags = readFlags(name, givenTexts(command, name), world.env);
    const path = argument ? readDirectory(values[0] as string | undefined, world.env) : '';
    const verb = await load();
    done(await verb(path, flags, world, command.args));
  });
}

/** A switch has a negation as well, so that a variable can be outranked. */
function optionsOf(entry: Flag): Option[] {
  const variable = variableOf(entry);
  const help = `${entry.help} (default: ${defaultText(entry)})${variable ? ` [${variable}]` : ''}`;
  const short = entry.short ? `-${entry.short}, ` : '';
  const option = new Option(
    `${short}--${entry.name}${isSwitch(entry) ? '' : ` <${entry.value}>`}`,
    help,
  ).helpGroup(`${entry.group}:`);
  if (entry.repeatable)
    option.argParser((text: string, before?: string) =>
      before === undefined ? text : `${before}\n${text}`,
    );
  if (!isSwitch(entry)) return [option];
  const negation = new Option(`--no-${entry.name}`, `do not ${entry.help}`).helpGroup(
    `${entry.group}:`,
  );
  return [option, negation.hideHelp(!showsNegation(entry))];
}

/** What was written on the command line, by flag, as text: every reading is done in one place, for flags and variables alike. */
function givenTexts(command: Command, name: CommandName): Record<string, string> {
  const given: Record<string, string> = {};
  for (const entry of flagsOf(name)) {
    const attribute = new Option(`--${entry.name}`).attributeName();
    const value: unknown = command.getOptionValue(attribute);
    if (value !== undefined) given[entry.name] = String(value);
  }
  return given;
}

/** The real world: the process. A reader that went away (`| head`) is no error, and ends nothing that is being done. */
export async function main(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  process.exitCode = await runCommand(process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signals: process,
    clock: systemClock,
    exit: (code) => process.exit(code),
    version: packageJson.version,
  });
}

if (import.meta.main) await main();
