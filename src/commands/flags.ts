/** Every flag there is (docs/contract.md#command-line). Options, variables, help and the reference page are made from this one table. */

import { UsageError } from './errors.ts';
import {
  assignments,
  boolean,
  duration,
  httpUrl,
  integer,
  lines,
  listOf,
  matching,
  oneOf,
  onOff,
  type Parser,
  positive,
  quotas,
  text,
} from './parsers.ts';

export const COMMAND_NAMES = [
  'validate',
  'plan',
  'apply',
  'run',
  'status',
  'export',
  'import',
  'iam-policy',
  'emulator',
  'demo',
] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export interface Flag<
  N extends string = string,
  T = unknown,
  D extends string | undefined = string | undefined,
  C extends CommandName = CommandName,
> {
  /** As on the command line, without the dashes. */
  readonly name: N;
  readonly short?: string;
  readonly parse: Parser<T>;
  /** What help calls the value; absent: a switch, which takes none. */
  readonly value?: string;
  /** Parsed like any other text; undefined: unset. */
  readonly default: D;
  /** Who decides where the flag is unset. */
  readonly otherwise?: string;
  /** False: no variable. */
  readonly variable?: false;
  readonly repeatable?: true;
  readonly commands: readonly C[];
  readonly group: string;
  readonly help: string;
}

/** Keeps the literal types, from which the values' types follow. */
function flag<
  const N extends string,
  T,
  const D extends string | undefined,
  const C extends CommandName,
>(entry: Flag<N, T, D, C>): Flag<N, T, D, C> {
  return entry;
}

const PASS = ['plan', 'apply', 'run'] as const;
/** Those that read or write an account. */
const LIVE = [...PASS, 'export', 'import'] as const;
/** What a pass does, without making one. */
const ABOUT_PASS = [...PASS, 'iam-policy'] as const;

const WHAT = 'What to do';
const SAFETY = 'Safety';
const PACE = 'Pace';
const VALUES = 'Where key values may come from';
const DAEMON = 'Daemon';
const EXPORT = 'What to export';
const IMPORT = 'What the source is read with';
const OUTPUT = 'Output';

const label = matching(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  'a namespace: lower-case letters, digits and dashes',
);
const owner = matching(
  /^[A-Za-z0-9][A-Za-z0-9._/-]{0,255}$/,
  'letters, digits and . _ / -, beginning with a letter or digit',
);
const cron = matching(
  /^(off|\S+( +\S+){4,5})$/,
  'a cron expression of five or six fields, such as "*/10 * * * *", or off',
);

// biome-ignore format: one flag, one line.
export const FLAGS = [
  flag({ name: 'namespace', short: 'n', parse: listOf(label), value: 'name', default: '', otherwise: 'all', repeatable: true, commands: ABOUT_PASS, group: WHAT, help: 'only this namespace; may be given several times' }),
  flag({ name: 'mode', parse: oneOf('observe', 'enforce'), value: 'observe|enforce', default: undefined, otherwise: "the Target's", commands: ABOUT_PASS, group: WHAT, help: 'observe writes nothing, and outranks annotations and Targets; enforce writes where nothing else is said' }),
  flag({ name: 'prune', parse: boolean, default: undefined, otherwise: "the Target's", commands: ABOUT_PASS, group: WHAT, help: 'remove what left Git' }),
  flag({ name: 'yes', parse: boolean, default: 'false', commands: ['apply'], group: WHAT, help: 'do not ask before writing' }),
  flag({ name: 'once', parse: boolean, default: 'false', commands: ['run'], group: WHAT, help: 'one pass, then exit: for cron' }),
  flag({ name: 'owner', parse: owner, value: 'name', default: 'apikeeper', commands: LIVE, group: WHAT, help: "this tree's name on live objects, where no Target is declared" }),
  flag({ name: 'delete-grace', parse: duration, value: 'duration', default: '14d', commands: PASS, group: SAFETY, help: 'how long a key that left Git stays disabled before it is deleted' }),
  flag({ name: 'max-keys', parse: integer(0), value: 'number', default: undefined, otherwise: "the Target's, 5", commands: PASS, group: SAFETY, help: 'more keys than this that would lose access hold all such steps' }),
  flag({ name: 'max-percent', parse: integer(0, 100), value: 'number', default: undefined, otherwise: "the Target's, 30", commands: PASS, group: SAFETY, help: 'the same as a share of all managed keys' }),
  flag({ name: 'lock-dir', parse: text, value: 'directory', default: undefined, otherwise: 'apikeeper in the directory for temporary files', commands: ['apply', 'run'], group: SAFETY, help: 'where processes that write tell each other so: the same for all of them on this host' }),
  flag({ name: 'requests-per-second', parse: positive, value: 'number', default: undefined, otherwise: "the Target's, 5", commands: LIVE, group: PACE, help: 'calls per second, per account and region' }),
  flag({ name: 'burst', parse: integer(1), value: 'number', default: undefined, otherwise: "the Target's, 20", commands: LIVE, group: PACE, help: 'calls at once, per account and region' }),
  flag({ name: 'operation-quotas', parse: onOff, value: 'on|off', default: 'on', commands: LIVE, group: PACE, help: 'keep to the quotas that single operations have; off only for emulators' }),
  flag({ name: 'values-env-prefix', parse: text, value: 'prefix', default: 'APIKEEPER_VALUE_', commands: PASS, group: VALUES, help: 'fromEnv reads only variables that begin with it' }),
  flag({ name: 'values-dir', parse: text, value: 'directory', default: undefined, otherwise: 'none', commands: PASS, group: VALUES, help: 'fromFile reads only below it' }),
  flag({ name: 'values-secrets', parse: text, value: 'prefix', default: 'apikeeper/', commands: ABOUT_PASS, group: VALUES, help: 'secretsManager and ssm read only names that begin with it' }),
  flag({ name: 'schedule', parse: cron, value: 'cron', default: undefined, otherwise: "the Target's, */10 * * * *", commands: ['run'], group: DAEMON, help: 'when to look again: five or six fields, UTC; or off' }),
  flag({ name: 'quiet-period', parse: duration, value: 'duration', default: '500ms', commands: ['run'], group: DAEMON, help: 'how long the files must rest after a change' }),
  flag({ name: 'http-host', parse: text, value: 'host', default: '127.0.0.1', commands: ['run', 'status', 'emulator'], group: DAEMON, help: 'the address of the HTTP server' }),
  flag({ name: 'http-port', parse: integer(0, 65_535), value: 'port', default: '8080', commands: ['run', 'status', 'demo'], group: DAEMON, help: 'the port of the HTTP server; 0 takes any free one' }),
  flag({ name: 'http-token-file', parse: text, value: 'file', default: undefined, otherwise: 'none', commands: ['run'], group: DAEMON, help: 'holds the token with which POST /-/reconcile asks for a pass' }),
  flag({ name: 'shutdown-timeout', parse: duration, value: 'duration', default: '25s', commands: ['run'], group: DAEMON, help: 'how long a stop may take' }),
  flag({ name: 'server', parse: httpUrl, value: 'url', default: undefined, otherwise: 'the local daemon', commands: ['status'], group: DAEMON, help: 'the daemon to ask' }),
  flag({ name: 'port', parse: integer(0, 65_535), value: 'port', default: '4580', variable: false, commands: ['emulator', 'demo'], group: 'Emulator', help: "the emulator's port; 0 takes any free one" }),
  flag({ name: 'quotas', parse: quotas, value: 'off|real|factor', default: 'off', commands: ['emulator'], group: 'Emulator', help: 'enforce the quotas of the control plane' }),
  flag({ name: 'namespace', short: 'n', parse: label, value: 'name', default: undefined, otherwise: "the Target's, else default", commands: ['export'], group: EXPORT, help: 'whose Target is read, and the namespace that the manifests are written for' }),
  flag({ name: 'api', parse: lines, value: 'name|id', default: '', otherwise: 'all', repeatable: true, commands: ['export'], group: EXPORT, help: 'only this API: its stages, what it demands, the plans on its stages, and their keys; may be given several times' }),
  flag({ name: 'plan', parse: lines, value: 'name|id', default: '', otherwise: 'all', repeatable: true, commands: ['export'], group: EXPORT, help: 'only this usage plan and its keys; may be given several times' }),
  flag({ name: 'key', parse: lines, value: 'name|id', default: '', otherwise: 'all', repeatable: true, commands: ['export'], group: EXPORT, help: 'only this API key, with its plans where it is a consumer; may be given several times' }),
  flag({ name: 'consumers', parse: boolean, default: 'true', otherwise: 'on', commands: ['export'], group: EXPORT, help: 'write a Consumer for each key whose plans are its own, on one stage each' }),
  flag({ name: 'to', parse: text, value: 'directory', default: undefined, otherwise: 'one stream, to standard output', commands: ['export'], group: OUTPUT, help: 'write a file per API, plan and key below this directory, and over none that is there' }),
  flag({ name: 'namespace', short: 'n', parse: label, value: 'name', default: undefined, otherwise: 'none, which is default', commands: ['import'], group: IMPORT, help: 'the namespace that the manifests are written for' }),
  flag({ name: 'stage', parse: text, value: 'name', default: undefined, otherwise: "the file's", commands: ['import'], group: IMPORT, help: 'serverless: the stage, as serverless deploy is given it' }),
  flag({ name: 'framework-version', parse: text, value: 'version', default: undefined, otherwise: "the file's", commands: ['import'], group: IMPORT, help: 'serverless: the version that deployed last, or a range such as ">=2.18 <3"' }),
  flag({ name: 'param', parse: assignments, value: 'name=value', default: '', otherwise: 'none', repeatable: true, commands: ['import'], group: IMPORT, help: "serverless: a parameter, or any variable by its address, 'ssm:/name=value'; may be given several times" }),
  flag({ name: 'env', parse: assignments, value: 'name=value', default: '', otherwise: 'none', repeatable: true, commands: ['import'], group: IMPORT, help: 'serverless: a variable of the environment; may be given several times' }),
  flag({ name: 'parameter', parse: assignments, value: 'name=value', default: '', otherwise: 'none', repeatable: true, commands: ['import'], group: IMPORT, help: 'cloudformation, serverless: a parameter of the stack, AWS::StackName, or the id of a resource by its logical id; may be given several times' }),
  flag({ name: 'var', parse: assignments, value: 'name=value', default: '', otherwise: 'none', repeatable: true, commands: ['import'], group: IMPORT, help: 'terraform: a variable, as terraform apply is given it; may be given several times' }),
  flag({ name: 'api-id', parse: assignments, value: 'name=id', default: '', otherwise: 'none', repeatable: true, commands: ['iam-policy'], group: WHAT, help: 'the id of an API that manifests refer to by name, so that the policy speaks of no other; may be given several times' }),
  flag({ name: 'base-identity', parse: boolean, default: 'false', commands: ['iam-policy'], group: WHAT, help: "print what the identity that apikeeper starts with needs to assume the Targets' roles, instead" }),
  flag({ name: 'live', parse: boolean, default: 'false', commands: ['import'], group: IMPORT, help: 'take limits, members and ids from the account that the AWS credentials lead to; the file then says only what to look for' }),
  flag({ name: 'hand-over', parse: boolean, default: 'false', commands: ['import'], group: OUTPUT, help: 'print what makes the old tool let go, in its own language, instead of the manifests' }),
  flag({ name: 'output', short: 'o', parse: oneOf('text', 'json', 'markdown'), value: 'text|json|markdown', default: 'text', commands: PASS, group: OUTPUT, help: 'how the report is printed' }),
  flag({ name: 'output', short: 'o', parse: oneOf('text', 'json'), value: 'text|json', default: 'text', commands: ['validate', 'status', 'import'], group: OUTPUT, help: 'how the result is printed' }),
  flag({ name: 'strict', parse: boolean, default: 'false', commands: ['validate'], group: WHAT, help: 'exit with 1 for warnings too' }),
  flag({ name: 'detailed-exitcode', parse: boolean, default: 'false', commands: ['plan'], group: OUTPUT, help: 'exit with 2 when there is something to do' }),
  flag({ name: 'log-format', parse: oneOf('json', 'text'), value: 'json|text', default: undefined, otherwise: 'text on a terminal, else json', commands: PASS, group: OUTPUT, help: 'how log lines are written' }),
  flag({ name: 'log-level', parse: oneOf('debug', 'info', 'warn', 'error'), value: 'debug|info|warn|error', default: undefined, otherwise: 'info', commands: PASS, group: OUTPUT, help: 'the least severe log lines that are written' }),
] as const;

type AnyFlag = (typeof FLAGS)[number];
type FlagOf<C extends CommandName> = AnyFlag extends infer F
  ? F extends AnyFlag
    ? C extends F['commands'][number]
      ? F
      : never
    : never
  : never;
type ValueOf<F> =
  F extends Flag<string, infer T, infer D> ? (D extends string ? T : T | undefined) : never;

/** The values of a command's flags, by their names. */
export type FlagValues<C extends CommandName> = {
  readonly [F in FlagOf<C> as F['name']]: ValueOf<F>;
};

export function flagsOf(command: CommandName): readonly Flag[] {
  return (FLAGS as readonly Flag[]).filter(({ commands }) => commands.includes(command));
}

/** `APIKEEPER_DELETE_GRACE` for `delete-grace`; undefined where the flag has none. */
export function variableOf({
  name,
  variable,
}: Pick<Flag, 'name' | 'variable'>): string | undefined {
  return variable === false ? undefined : `APIKEEPER_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Whether the flag stands for a value, or is one by itself. */
export function isSwitch(entry: Flag): boolean {
  return entry.value === undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A command's values: the flag as given, else its variable (an empty one is unset), else its default. `given`: the texts of the flags, by name. */
export function readFlags<C extends CommandName>(
  command: C,
  given: Readonly<Record<string, string>>,
  env: Environment,
): FlagValues<C> {
  const values = flagsOf(command).map(
    (entry) => [entry.name, read(entry, given[entry.name], env)] as const,
  );
  return Object.fromEntries(values) as FlagValues<C>;
}

function read(entry: Flag, given: string | undefined, env: Environment): unknown {
  const shown = `--${entry.name}`;
  if (given === '') throw new UsageError(`${shown} is empty: leave it out, or give it a value`);
  if (given !== undefined) return parse(entry, shown, given);
  const variable = variableOf(entry);
  const inherited = variable && env[variable];
  if (variable && inherited) return parse(entry, variable, inherited);
  return entry.default === undefined ? undefined : entry.parse(entry.default);
}

function parse(entry: Flag, origin: string, given: string): unknown {
  try {
    return entry.parse(given);
  } catch (error) {
    throw new UsageError(`${origin} ${(error as Error).message}, not ${JSON.stringify(given)}`, {
      cause: error,
    });
  }
}

/** The directory as given, else `APIKEEPER_MANIFESTS`, else `./manifests`. */
export function readDirectory(given: string | undefined, env: Environment): string {
  if (given === '') throw new UsageError('the directory is empty: leave it out, or name one');
  return given ?? (env.APIKEEPER_MANIFESTS || './manifests');
}

/** Whether help shows how it is switched off: where it is on, or a Target may have switched it on. */
export function showsNegation(entry: Flag): boolean {
  return isSwitch(entry) && entry.default !== 'false';
}

/** How help and the reference page say what decides when nothing is given. */
export function defaultText(entry: Flag): string {
  if (entry.otherwise !== undefined) return entry.otherwise;
  return isSwitch(entry) ? 'off' : (entry.default ?? 'none');
}
