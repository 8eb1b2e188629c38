import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/commands/errors.ts';
import {
  type CommandName,
  defaultText,
  FLAGS,
  type Flag,
  flagsOf,
  readDirectory,
  readFlags,
  variableOf,
} from '../../src/commands/flags.ts';
import { flagReference } from '../../src/commands/reference.ts';
import { run } from './io.ts';

/** One row per flag: a command that has it, its default, and two texts with what they mean. The variable's text differs from the flag's, so that each shows. */
const CASES: Readonly<
  Record<
    string,
    readonly [
      command: CommandName,
      unset: unknown,
      flag: readonly [string, unknown],
      variable: readonly [string, unknown],
    ]
  >
> = {
  namespace: [
    'plan',
    [],
    ['production', ['production']],
    ['staging, development', ['staging', 'development']],
  ],
  mode: ['plan', undefined, ['observe', 'observe'], ['enforce', 'enforce']],
  prune: ['apply', undefined, ['true', true], ['false', false]],
  yes: ['apply', false, ['false', false], ['true', true]],
  once: ['run', false, ['true', true], ['0', false]],
  owner: [
    'plan',
    'apikeeper',
    ['residents-platform', 'residents-platform'],
    ['housing/repairs.v2', 'housing/repairs.v2'],
  ],
  'delete-grace': ['plan', 1_209_600_000, ['12h', 43_200_000], ['1.5d', 129_600_000]],
  'max-keys': ['plan', undefined, ['0', 0], ['12', 12]],
  'max-percent': ['plan', undefined, ['100', 100], ['0', 0]],
  'requests-per-second': ['plan', undefined, ['2.5', 2.5], ['10', 10]],
  burst: ['plan', undefined, ['1', 1], ['40', 40]],
  'operation-quotas': ['plan', true, ['off', false], ['on', true]],
  'values-env-prefix': ['plan', 'APIKEEPER_VALUE_', ['KEY_', 'KEY_'], ['VALUE_', 'VALUE_']],
  'values-dir': ['plan', undefined, ['/run/values', '/run/values'], ['values', 'values']],
  'lock-dir': [
    'apply',
    undefined,
    ['/run/lock/apikeeper', '/run/lock/apikeeper'],
    ['lock', 'lock'],
  ],
  'values-secrets': ['plan', 'apikeeper/', ['residents/', 'residents/'], ['housing/', 'housing/']],
  schedule: ['run', undefined, ['off', 'off'], ['*/30 * * * * *', '*/30 * * * * *']],
  'quiet-period': ['run', 500, ['0s', 0], ['2s', 2000]],
  'http-host': ['run', '127.0.0.1', ['0.0.0.0', '0.0.0.0'], ['::1', '::1']],
  'http-port': ['run', 8080, ['0', 0], ['65535', 65_535]],
  'http-token-file': ['run', undefined, ['/run/token', '/run/token'], ['token', 'token']],
  'shutdown-timeout': ['run', 25_000, ['500ms', 500], ['10m', 600_000]],
  server: [
    'status',
    undefined,
    ['https://keeper.example/', 'https://keeper.example'],
    ['http://127.0.0.1:9', 'http://127.0.0.1:9'],
  ],
  port: ['emulator', 4580, ['0', 0], ['1', 4580]],
  quotas: ['emulator', 'off', ['real', 'real'], ['2.5', 2.5]],
  output: ['plan', 'text', ['markdown', 'markdown'], ['json', 'json']],
  strict: ['validate', false, ['true', true], ['1', true]],
  'detailed-exitcode': ['plan', false, ['true', true], ['1', true]],
  'log-format': ['plan', undefined, ['json', 'json'], ['text', 'text']],
  api: [
    'export',
    [],
    ['residents, live', ['residents, live']],
    ['a1b2c3\nhousing', ['a1b2c3', 'housing']],
  ],
  plan: ['export', [], ['basic', ['basic']], ['basic\nfull', ['basic', 'full']]],
  key: ['export', [], ['acme', ['acme']], ['acme\nAcme Ltd', ['acme', 'Acme Ltd']]],
  consumers: ['export', true, ['true', true], ['false', false]],
  to: ['export', undefined, ['manifests/live', 'manifests/live'], ['there', 'there']],
  stage: ['import', undefined, ['live', 'live'], ['staging', 'staging']],
  'framework-version': ['import', undefined, ['2.72.4', '2.72.4'], ['>=3 <4', '>=3 <4']],
  param: [
    'import',
    new Map(),
    ['a=1\nb=2,c=3', new Map(Object.entries({ a: '1', b: '2,c=3' }))],
    ['a', new Map([['a', undefined]])],
  ],
  env: ['import', new Map(), ['A=', new Map([['A', '']])], ['A=1', new Map([['A', '1']])]],
  parameter: [
    'import',
    new Map(),
    ['AWS::StackName=books', new Map([['AWS::StackName', 'books']])],
    ['Env=live', new Map([['Env', 'live']])],
  ],
  var: [
    'import',
    new Map(),
    ['env=live', new Map([['env', 'live']])],
    ['team=archive', new Map([['team', 'archive']])],
  ],
  'api-id': [
    'iam-policy',
    new Map(),
    ['residents-api=a1b2c3', new Map([['residents-api', 'a1b2c3']])],
    ['repairs-api=d4e5f6', new Map([['repairs-api', 'd4e5f6']])],
  ],
  'base-identity': ['iam-policy', false, ['true', true], ['1', true]],
  'hand-over': ['import', false, ['true', true], ['1', true]],
  live: ['import', false, ['true', true], ['1', true]],
  'log-level': ['plan', undefined, ['debug', 'debug'], ['error', 'error']],
};

const all = FLAGS as readonly Flag[];

describe('each flag', () => {
  test('is in the table of cases', () => {
    expect(Object.keys(CASES).sort()).toEqual([...new Set(all.map(({ name }) => name))].sort());
  });

  test.each(Object.entries(CASES))(
    '--%s: default, variable, flag, and the flag above the variable',
    (name, [command, unset, flag, variable]) => {
      const read = (given: Record<string, string>, env: Record<string, string>) =>
        (readFlags(command, given, env) as Record<string, unknown>)[name];
      const inherited = { [`APIKEEPER_${name.toUpperCase().replaceAll('-', '_')}`]: variable[0] };
      expect(read({}, {})).toEqual(unset);
      expect(read({}, inherited)).toEqual(variable[1]);
      expect(read({ [name]: flag[0] }, {})).toEqual(flag[1]);
      expect(read({ [name]: flag[0] }, inherited)).toEqual(flag[1]);
    },
  );

  test.each(Object.entries(CASES))(
    'APIKEEPER_… of --%s counts as unset when it is empty',
    (name, [command, unset]) => {
      const empty = { [`APIKEEPER_${name.toUpperCase().replaceAll('-', '_')}`]: '' };
      expect((readFlags(command, {}, empty) as Record<string, unknown>)[name]).toEqual(unset);
    },
  );

  test('a name stands once per command', () => {
    for (const command of [
      'validate',
      'plan',
      'apply',
      'run',
      'status',
      'export',
      'import',
      'emulator',
      'demo',
    ] as const) {
      const names = flagsOf(command).map(({ name }) => name);
      expect(names).toEqual([...new Set(names)]);
    }
  });

  test('--port has no variable: Kubernetes sets one of that name', () => {
    expect(all.filter((flag) => variableOf(flag) === undefined).map(({ name }) => name)).toEqual([
      'port',
    ]);
    expect(readFlags('emulator', {}, { APIKEEPER_PORT: 'tcp://10.0.0.1:80' }).port).toBe(4580);
  });

  test('every flag has a row in the reference', () => {
    const lines = flagReference().trim().split('\n').slice(2);
    expect(lines).toHaveLength(all.length);
    for (const [index, flag] of all.entries()) {
      expect(lines[index]).toContain(flag.help);
      expect(lines[index]).toContain(defaultText(flag).replaceAll('|', '\\|'));
    }
  });
});

describe('wrong texts', () => {
  test.each([
    ['plan', 'mode', 'dry', '--mode must be observe or enforce, not "dry"'],
    [
      'plan',
      'delete-grace',
      '14',
      '--delete-grace must be a number and its unit, such as 500ms, 30s, 10m, 12h or 14d, not "14"',
    ],
    ['plan', 'delete-grace', '2w', /must be a number and its unit/],
    ['plan', 'delete-grace', '-1d', /must be a number and its unit/],
    ['plan', 'max-keys', '-1', '--max-keys must be a whole number, 0 or more, not "-1"'],
    ['plan', 'max-keys', '1.5', /whole number/],
    ['plan', 'max-keys', '1e3', /whole number/],
    ['plan', 'max-percent', '101', '--max-percent must be a whole number from 0 to 100, not "101"'],
    ['plan', 'requests-per-second', '0', '--requests-per-second must be a number above 0, not "0"'],
    ['plan', 'burst', '0', /1 or more/],
    ['plan', 'operation-quotas', 'true', '--operation-quotas must be on or off, not "true"'],
    [
      'plan',
      'namespace',
      'Production',
      '--namespace must be a namespace: lower-case letters, digits and dashes, not "Production"',
    ],
    ['plan', 'namespace', 'a,,b', /must be a namespace/],
    ['plan', 'owner', 'two words', /letters, digits and/],
    ['plan', 'output', 'yaml', '--output must be text, json or markdown, not "yaml"'],
    ['status', 'output', 'markdown', '--output must be text or json, not "markdown"'],
    ['plan', 'log-level', 'INFO', '--log-level must be debug, info, warn or error, not "INFO"'],
    ['run', 'schedule', '* * * *', /five or six fields/],
    ['run', 'http-port', '65536', /0 to 65535/],
    ['run', 'http-port', 'http', /whole number/],
    [
      'status',
      'server',
      'localhost:8080',
      '--server must be a URL such as http://127.0.0.1:8080, not "localhost:8080"',
    ],
    ['emulator', 'quotas', '0', '--quotas must be off, real, or a factor above 0, not "0"'],
    ['plan', 'values-dir', '', '--values-dir is empty: leave it out, or give it a value'],
  ] as [CommandName, string, string, string | RegExp][])(
    '%s --%s %j',
    (command, name, text, message) => {
      expect(() => readFlags(command, { [name]: text }, {})).toThrow(UsageError);
      expect(() => readFlags(command, { [name]: text }, {})).toThrow(message);
    },
  );

  test('a wrong variable is named as such', () => {
    expect(() => readFlags('apply', {}, { APIKEEPER_YES: 'yes' })).toThrow(
      'APIKEEPER_YES must be true, false, 1 or 0, not "yes"',
    );
  });

  test('a variable of another command is not looked at', () => {
    expect(() => readFlags('plan', {}, { APIKEEPER_YES: 'yes' })).not.toThrow();
  });
});

describe('the directory', () => {
  test.each([
    [undefined, {}, './manifests'],
    [undefined, { APIKEEPER_MANIFESTS: '' }, './manifests'],
    [undefined, { APIKEEPER_MANIFESTS: '/git/current' }, '/git/current'],
    ['here', { APIKEEPER_MANIFESTS: '/git/current' }, 'here'],
  ])('%j with %j is %s', (given, env, directory) => {
    expect(readDirectory(given, env)).toBe(directory);
  });
});

describe('the command line', () => {
  const EMPTY = 'test/commands/empty';
  test.each([
    [
      'a flag that is nearly right',
      ['plan', '--detailed-exitcodes'],
      'unknown flag --detailed-exitcodes; did you mean --detailed-exitcode?\nSee: apikeeper plan --help\n',
    ],
    ['a flag that is nothing like any', ['plan', '--frobnicate'], 'unknown flag --frobnicate\n'],
    ['a short flag that is none', ['plan', '-x'], 'unknown flag -x\n'],
    ["another command's flag", ['plan', '--yes'], 'plan has no flag --yes: it belongs to apply\n'],
    ['a flag before the command', ['--yes', 'apply'], '--yes goes after the command\n'],
    [
      'a command that is nearly right',
      ['plam'],
      'unknown command plam; did you mean plan?\nSee: apikeeper --help\n',
    ],
    ['a command that does not exist yet', ['usage'], 'unknown command usage\n'],
    ['a directory without a command', ['./manifests'], 'unknown command ./manifests'],
    [
      'two directories',
      ['plan', 'a', 'b'],
      'plan takes one directory; flags are written with dashes\n',
    ],
    ['a directory where none is taken', ['status', 'a'], 'status takes no directory'],
    ['a flag without its value', ['plan', '--mode'], '--mode needs a value: observe|enforce\n'],
    ['a wrong value', ['plan', '--mode', 'dry'], '--mode must be observe or enforce, not "dry"\n'],
    ['an empty directory', ['plan', ''], 'the directory is empty: leave it out, or name one\n'],
    [
      'a switch with a wrong value',
      ['plan', '--prune=yes'],
      '--prune must be true, false, 1 or 0, not "yes"\n',
    ],
    ['no command', [], 'which command?\n'],
    [
      'an apply with nobody to ask',
      ['apply', EMPTY],
      'apply asks before it writes, and here is no terminal to ask on: add --yes\n',
    ],
    [
      'an apply whose --yes is taken back',
      ['apply', EMPTY, '--yes=false'],
      'add --yes\n',
      { APIKEEPER_YES: 'true' },
    ],
    [
      'a schedule that never comes',
      ['run', EMPTY, '--schedule', '61 * * * *'],
      '--schedule "61 * * * *" is no schedule: 61 is no minute',
    ],
    [
      'a token file that is not there',
      ['run', EMPTY, '--http-token-file', 'test/commands/missing'],
      '--http-token-file test/commands/missing cannot be read: ENOENT\n',
    ],
  ] as [string, string[], string, Record<string, string>?][])(
    '%s is 64, and the message says what to do',
    async (_, words, message, env = {}) => {
      const { code, stdout, stderr } = await run(words, { env });
      expect(stderr).toContain(message);
      expect(stderr).toMatch(/^apikeeper: .*\nSee: apikeeper .*--help\n$/);
      expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    },
  );

  test.each([
    [['--help'], /validate \[directory\].*plan \[directory\].*apply \[directory\].*status /s],
    [['help', 'run'], /--http-port <port>/],
    [['plan', '--help'], /--no-prune/],
    [['apply', '-h'], /--delete-grace <duration>.*\[APIKEEPER_DELETE_GRACE\]/s],
  ])('%j prints help on stdout', async (words, text) => {
    const { code, stdout, stderr } = await run(words);
    expect(stdout).toMatch(text);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('help of a command shows each of its flags with default and variable', async () => {
    for (const command of [
      'validate',
      'plan',
      'apply',
      'run',
      'status',
      'export',
      'import',
      'emulator',
      'demo',
    ] as const) {
      const help = (await run([command, '--help'])).stdout.replace(/\s+/g, ' ');
      for (const flag of flagsOf(command)) {
        const variable = variableOf(flag);
        expect(help).toContain(
          `--${flag.name}${flag.value ? ` <${flag.value}>` : ''} ${flag.help} (default: ${defaultText(flag)})${variable ? ` [${variable}]` : ''}`,
        );
      }
    }
  });

  test('--version prints the version alone', async () => {
    expect(await run(['--version'], { version: '1.2.3' })).toEqual({
      code: 0,
      stdout: '1.2.3\n',
      stderr: '',
    });
  });
});
