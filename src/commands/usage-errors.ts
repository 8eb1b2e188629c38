/** Wrong command lines, and what was probably meant. */
import { didYouMean } from '../manifests/suggest.ts';
import { UsageError } from './errors.ts';
import { COMMAND_NAMES, type CommandName, FLAGS, type Flag, flagsOf, isSwitch } from './flags.ts';
import { boolean } from './parsers.ts';

const ALL = FLAGS as readonly Flag[];

/** Turns `--prune=false` into `--no-prune`, which is all that the parser knows of switches. */
export function switchTexts(words: readonly string[]): string[] {
  return words.map((word) => {
    const [, name, text] = /^--([a-z-]+)=(.*)$/.exec(word) ?? [];
    const entry = ALL.find((flag) => flag.name === name);
    if (!entry || !isSwitch(entry) || text === undefined) return word;
    try {
      return boolean(text) ? `--${name}` : `--no-${name}`;
    } catch (error) {
      throw new UsageError(`--${name} ${(error as Error).message}, not ${JSON.stringify(text)}`);
    }
  });
}

/** The first word that is a command. */
export function commandIn(words: readonly string[]): CommandName | undefined {
  return COMMAND_NAMES.find(
    (name) => name === words.find((word) => (COMMAND_NAMES as readonly string[]).includes(word)),
  );
}

/** The parser's complaint in our words. `words`: the command line. */
export function misuse(
  error: { readonly code: string; readonly message: string },
  words: readonly string[],
): UsageError {
  const command = commandIn(words);
  const subject = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption':
      return new UsageError(unknownFlag(subject.replace(/=.*$/, ''), command));
    case 'commander.unknownCommand':
      return new UsageError(`unknown command ${subject}${didYouMean(subject, COMMAND_NAMES)}`);
    case 'commander.excessArguments':
      return new UsageError(
        `${command} takes ${argumentsOf(command)}; flags are written with dashes`,
      );
    case 'commander.missingArgument':
      return new UsageError(
        `${command} needs a ${subject}: apikeeper import serverless serverless.yml, for instance`,
      );
    case 'commander.optionMissingArgument':
      return new UsageError(
        `${subject.split(' ').find((word) => word.startsWith('--'))} needs a value: ${subject.split('<')[1]?.replace('>', '')}`,
      );
    case 'commander.help':
      return new UsageError('which command?');
    default:
      return new UsageError(error.message.replace(/^error: /, ''));
  }
}

function argumentsOf(command: CommandName | undefined): string {
  if (command === 'import') return 'a source and one file';
  const takesDirectory = (['validate', 'plan', 'apply', 'run', 'export'] as const).some(
    (name) => name === command,
  );
  return takesDirectory ? 'one directory' : 'no directory';
}

function unknownFlag(written: string, command: CommandName | undefined): string {
  const elsewhere = ALL.filter(
    ({ name, short }) => written === `--${name}` || written === `-${short}`,
  ).flatMap(({ commands }) => commands);
  if (elsewhere.length > 0 && (!command || elsewhere.includes(command)))
    return `${written} goes after the command`;
  if (elsewhere.length > 0)
    return `${command} has no flag ${written}: it belongs to ${[...new Set(elsewhere)].join(', ')}`;
  const known = (command ? flagsOf(command) : ALL).map(({ name }) => `--${name}`);
  return `unknown flag ${written}${didYouMean(written, [...known, '--help', '--version'])}`;
}
