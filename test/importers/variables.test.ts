import { symlink } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { unresolvedIn } from '../../src/importers/common/unresolved.ts';
import { filesBelow } from '../../src/importers/serverless/files.ts';
import { createVariables, type VariableOptions } from '../../src/importers/serverless/variables.ts';
import { isWithin, readVersions, version } from '../../src/importers/serverless/version.ts';
import { createWorkspace } from '../manifests/workspace.ts';

const ROOT = {
  service: 'books',
  provider: { name: 'aws', stage: '${opt:stage, "dev"}', region: 'eu-west-2' },
  custom: {
    names: { dev: 'books-in-dev', live: 'books' },
    list: ['first', 'second'],
    chain: '${self:custom.list.1}',
    loop: '${self:custom.loop}',
    nothing: null,
    rate: 5,
    secret: '${ssm:/books/rate}',
    all: '${self:custom.names}',
    ring: '${self:custom.ring.inner}',
    config: '${file(config/${sls:stage}.yml)}',
  },
  params: { default: { size: 'small', owner: '${self:service}-team' }, live: { size: 'large' } },
};
const GIVEN: VariableOptions = {
  params: { team: 'archive', 'ssm:/books/name': 'from-ssm' },
  env: { USER_NAME: 'ada' },
};

describe('variables', () => {
  test.each<[text: string, value: unknown, stage?: string]>([
    ['plain', 'plain'],
    ['', ''],
    ['${self:service}', 'books'],
    ['key-${self:service}-${self:provider.stage}', 'key-books-dev'],
    ['key-${self:provider.stage}', 'key-live', 'live'],
    ['${sls:stage}', 'live', 'live'],
    ['${self:custom.names.${opt:stage}}', 'books', 'live'],
    ['${self:custom.names.${opt:stage, "dev"}}', 'books-in-dev'],
    ['${self:custom.chain}', 'second'],
    ['${self:custom.list}', ['first', 'second']],
    ['${self:custom.rate}', 5],
    ['${self:custom.nothing, "x"}', 'x'],
    ['${self:custom.absent, self:custom.list.0}', 'first'],
    ["${opt:absent, 'a, b'}", 'a, b'],
    ['${opt:absent, 12}', 12],
    ['${opt:absent, true}', true],
    ['${opt:absent, env:ABSENT, "z"}', 'z'],
    ['${opt:absent, ""}', ''],
    ['${param:team}', 'archive'],
    ['${param:size}', 'small'],
    ['${param:size}', 'large', 'live'],
    ['${param:owner}', 'books-team'],
    ['${env:USER_NAME}', 'ada'],
    ['${ssm:/books/name}', 'from-ssm'],
    [
      '${AWS::Region}/${stageVariables.bucket}/${Api}',
      '${AWS::Region}/${stageVariables.bucket}/${Api}',
    ],
    ['$(self:service)', '$(self:service)'],
    ['${unclosed', '${unclosed'],
    ['\\${self:service}-${self:service}', '${self:service}-books'],
    ['${self:custom.all.live}', 'books'],
    ['${aws:region}', 'eu-west-2'],
    ['${strToBool(1)}', true],
    ['${strToBool(false)}', false],
  ])('%s is %j', (text, value, stage) => {
    expect(createVariables(ROOT, { ...GIVEN, ...(stage && { stage }) }).resolve(text)).toEqual(
      value,
    );
  });

  test.each<[text: string, expressions: readonly string[]]>([
    ['${opt:stage}', ['${opt:stage}: give --stage <stage>']],
    ['${env:TEAM}', ['${env:TEAM}: give --env TEAM=<value>']],
    ['${param:none}', ['${param:none}: give --param none=<value>']],
    ['${self:custom.absent}', ['${self:custom.absent} is not in the file']],
    ['${ssm:/x/y}', ["${ssm:/x/y}: give --param 'ssm:/x/y=<value>'"]],
    ['${ssm:/x/y, "a guess"}', ["${ssm:/x/y}: give --param 'ssm:/x/y=<value>'"]],
    [
      '${file(./names.yml):key}',
      ["${file(./names.yml):key}: give --param 'file(./names.yml):key=<value>'"],
    ],
    ['${self:custom.secret}', ["${ssm:/books/rate}: give --param 'ssm:/books/rate=<value>'"]],
    ['${self:custom.loop}', ['${self:custom.loop} refers to itself']],
    ['${self:custom.ring}', ['${inside self:custom.ring.inner} refers to itself']],
    [
      '${self:custom.config.name}',
      ["${file(config/dev.yml)}: give --param 'file(config/dev.yml)=<value>'"],
    ],
    [
      'a-${env:A}-${opt:b}',
      ['${env:A}: give --env A=<value>', "${opt:b}: give --param 'opt:b=<value>'"],
    ],
    ['${env:A, env:B}', ['${env:A}: give --env A=<value>, or ${env:B}: give --env B=<value>']],
    ['${self:custom.names.${opt:stage}}', ['${opt:stage}: give --stage <stage>']],
    ['x-${self:custom.list}', ['a variable within a text is no text']],
    [
      '${env:A, CANARY-without-quotes}',
      ['${env:A}: give --env A=<value>, or an expression that is no variable'],
    ],
  ])('%s has no value, and the way out is named', (text, expressions) => {
    const found = unresolvedIn(createVariables(ROOT, GIVEN).resolve(text));
    if (text.includes('CANARY')) expect(found.join()).not.toContain('CANARY');
    else expect(found).toEqual(expressions);
  });
});

describe('other files of the service', () => {
  const FILES = {
    'service/config/dev.yml':
      'name: books-in-dev\nnested: { deep: "${self:service}-${self:custom.config.name}" }\nlist: [a, b]\n',
    'service/config/plans.json': '{ "quota": { "limit": 9 } }',
    'service/broken.yml': 'a: CANARY: CANARY',
    'service/secret.txt': 'CANARY',
    'service/program.js': 'module.exports = "CANARY"',
    'elsewhere.yml': 'name: CANARY',
  };

  const resolved = async (text: string) => {
    await using space = await createWorkspace(FILES);
    return createVariables(ROOT, { ...GIVEN, read: filesBelow(`${space.path}/service`) }).resolve(
      text,
    );
  };

  test.each<[text: string, value: unknown]>([
    ['${file(config/dev.yml):name}', 'books-in-dev'],
    ['x-${file(./config/${sls:stage}.yml):list.1}', 'x-b'],
    ['${file(config/plans.json)}', { quota: { limit: 9 } }],
    ['${file(config/plans.json):quota.limit}', 9],
    ['${file(config/dev.yml):nested.deep}', 'books-books-in-dev'],
    ['${self:custom.config.name}', 'books-in-dev'],
    ['${file(config/dev.yml):absent, "x"}', 'x'],
    ['${file(absent.yml):name, "x"}', 'x'],
  ])('%s is %j', async (text, value) => {
    expect(await resolved(text)).toEqual(value);
  });

  test.each<[text: string, why: string]>([
    ['${file(broken.yml):a, "x"}', 'line 1: '],
    ['${file(secret.txt), "x"}', 'give --param'],
    ['${file(program.js):a, "x"}', 'give --param'],
    ['${file(../elsewhere.yml):name, "x"}', 'outside of the service'],
    ['${file(config/dev.yml/x.yml):name, "x"}', "can't be read"],
  ])('%s has no value, and nothing of the file is shown', async (text, why) => {
    const [message, ...others] = unresolvedIn(await resolved(text));
    expect(others).toEqual([]);
    expect(message).toContain(why);
    expect(message).not.toContain('CANARY');
  });
});

test('a link that leads out of the service is not followed', async () => {
  await using space = await createWorkspace({
    'service/own.yml': 'name: own',
    'elsewhere.yml': 'name: CANARY',
  });
  await symlink('../elsewhere.yml', `${space.path}/service/out.yml`);
  await symlink('own.yml', `${space.path}/service/in.yml`);
  const { resolve } = createVariables(ROOT, {
    ...GIVEN,
    read: filesBelow(`${space.path}/service`),
  });
  expect(resolve('${file(in.yml):name}')).toBe('own');
  expect(unresolvedIn(resolve('${file(out.yml):name}')).join()).toMatch(
    /outside of the service(?!.*CANARY)/,
  );
});

describe('versions', () => {
  test.each<[text: string, from: number, to: number]>([
    ['2.72.4', version(2, 72), version(2, 72)],
    ['v3.40.0', version(3, 40), version(3, 40)],
    ['3', version(3), version(3, 999)],
    ['3.x', version(3), version(3, 999)],
    ['^2.18.0', version(2, 18), version(2, 999)],
    ['~2.18', version(2, 18), version(2, 18)],
    ['>=2.18 <4', version(2, 18), version(3, 999)],
    ['>= 1.1.0 < 2.0.0', version(1, 1), version(1, 999)],
    ['<3.1.5', 0, version(3, 1)],
    ['2 || 3', version(2), version(3, 999)],
    ['*', 0, Number.POSITIVE_INFINITY],
  ])('%s', (text, from, to) => {
    expect(readVersions(text)).toEqual({ from, to });
  });

  test.each(['latest', 'three', '>=', '3 or 4'])('%s is no version', (text) => {
    expect(readVersions(text)).toBeUndefined();
  });

  test.each([
    ['1.73', 'no'],
    ['1.74', 'yes'],
    ['2', 'maybe'],
    ['1.80 || 2.10', 'yes'],
    [undefined, 'maybe'],
  ] as const)('%s within 1.74 to 2.19: %s', (text, verdict) => {
    expect(
      isWithin(text === undefined ? undefined : readVersions(text), version(1, 74), version(2, 19)),
    ).toBe(verdict);
  });
});
