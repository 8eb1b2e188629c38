import { describe, expect, test } from 'vitest';
import { load } from '../../src/manifests/load.ts';
import { run } from '../commands/io.ts';
import { createWorkspace } from '../manifests/workspace.ts';

const FIXTURES = 'test/importers/fixtures';
const PLAIN = `${FIXTURES}/plain.serverless.yml`;

describe('import', () => {
  test('manifests go to stdout, findings to stderr', async () => {
    const { code, stdout, stderr } = await run([
      'import',
      'serverless',
      PLAIN,
      '--stage',
      'production',
      '-n',
      'production',
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# What .*plain\.serverless\.yml says/);
    expect(stderr).toMatch(/plain\.serverless\.yml:\d+ {2}STAGE_OF_DEPLOYMENT {2}info {2}/);
    expect(stderr).toMatch(/3 documents; 0 errors, 0 warnings, 1 note\.\n$/);
    await using space = await createWorkspace({ 'imported.yaml': stdout });
    expect((await load(`${space.path}/imported.yaml`)).problems).toEqual([]);
    expect(stdout.match(/^ {2}namespace: production$/gm)).toHaveLength(3);
  });

  test('what is missing from the manifests makes the exit code 1', async () => {
    const { code, stdout, stderr } = await run(['import', 'serverless', PLAIN]);
    expect(code).toBe(1);
    expect(stderr).toContain('${opt:stage}: give --stage <stage>');
    expect(stdout).toContain('mode: suspend');
  });

  test('json has everything in one object', async () => {
    const { stdout } = await run([
      'import',
      'cloudformation',
      `${FIXTURES}/explicit-plan.sam.yml`,
      '--parameter',
      'AWS::StackName=booking',
      '--parameter',
      'BookingKey=bookingkey',
      '-o',
      'json',
    ]);
    const { manifests, findings, handOver } = JSON.parse(stdout);
    expect(manifests.map(({ kind }: { kind: string }) => kind)).toEqual([
      'Stage',
      'ApiKey',
      'UsagePlan',
      'KeyRequirement',
    ]);
    expect(manifests[1].metadata.annotations).toEqual({ 'apikeeper.dev/adopt': 'bookingkey' });
    expect(findings.map(({ code }: { code: string }) => code)).toEqual(['STAGE_OF_DEPLOYMENT']);
    expect(handOver).toContain('BookingKey: { DeletionPolicy: Retain');
  });

  test('--hand-over prints what the old tool needs', async () => {
    const { stdout } = await run([
      'import',
      'serverless',
      PLAIN,
      '--stage',
      'production',
      '--hand-over',
    ]);
    expect(stdout).toContain(
      '    ApiGatewayUsagePlanKey1: { DeletionPolicy: Retain, UpdateReplacePolicy: Retain }\n',
    );
  });

  test('- reads standard input', async () => {
    const typed =
      'Resources: { Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: acme } } }';
    const { code, stdout } = await run(['import', 'cloudformation', '-'], { typed });
    expect(code).toBe(0);
    expect(stdout).toContain('name: acme');
  });

  test('a variable for another source disturbs nobody', async () => {
    const { code } = await run(
      ['import', 'cloudformation', `${FIXTURES}/own-resources.serverless.yml`],
      {
        env: { APIKEEPER_STAGE: 'live' },
      },
    );
    expect(code).toBe(1);
  });

  test.each<[reason: string, words: readonly string[], message: string]>([
    [
      'a source that is nearly right',
      ['serverles', PLAIN],
      'import from "serverles" is unknown; did you mean serverless?\n',
    ],
    ['a source that is none', ['pulumi', PLAIN], 'import from "pulumi" is unknown; known are '],
    [
      'no file',
      ['serverless'],
      'import needs a file: apikeeper import serverless serverless.yml, for instance\n',
    ],
    [
      'two files',
      ['serverless', 'a', 'b'],
      'import takes a source and one file; flags are written with dashes\n',
    ],
    [
      "another source's flag",
      ['cloudformation', PLAIN, '--stage', 'live'],
      'import cloudformation does not read --stage\n',
    ],
    [
      'a parameter without a value',
      ['cloudformation', PLAIN, '--parameter', 'Env'],
      '--parameter Env needs a value: --parameter Env=<value>\n',
    ],
    [
      'a value without a name',
      ['cloudformation', PLAIN, '--parameter', '=x'],
      '--parameter needs a name and a value: --parameter <name>=<value>\n',
    ],
  ])('%s', async (_, words, message) => {
    const { code, stderr } = await run(['import', ...words]);
    expect(stderr).toContain(message);
    expect(code).toBe(64);
  });

  test.each<[reason: string, source: string, file: string, message: string]>([
    [
      'a file that is not there',
      'serverless',
      'missing.yml',
      'missing.yml cannot be read: there is no such file',
    ],
    [
      'a Terraform file that is not there',
      'terraform',
      'missing.tf',
      'missing.tf cannot be read: there is no such file',
    ],
    [
      'a directory',
      'cloudformation',
      FIXTURES,
      `${FIXTURES} cannot be read: it is a directory; name the file in it`,
    ],
    ...['serverless', 'cloudformation', 'terraform'].map(
      (source): [string, string, string, string] => [
        `nothing typed for ${source}`,
        source,
        '-',
        'standard input is empty',
      ],
    ),
  ])('%s', async (_, source, file, message) => {
    expect(await run(['import', source, file], { typed: '\n' })).toEqual({
      code: 1,
      stdout: '',
      stderr: `apikeeper: ${message}\n`,
    });
  });

  test.each<[reason: string, source: string, typed: string, message: string]>([
    [
      'a template',
      'serverless',
      'Resources: {}',
      'this is a CloudFormation template: apikeeper import cloudformation reads it',
    ],
    [
      'a template in JSON',
      'terraform',
      '{ "Resources": {} }',
      'this is a CloudFormation template: apikeeper import cloudformation reads it',
    ],
    [
      'a Serverless file',
      'cloudformation',
      'service: x\nprovider: { name: aws }',
      'this is a Serverless file: apikeeper import serverless reads it',
    ],
    [
      'a state',
      'cloudformation',
      '{ "version": 4, "terraform_version": "1.9.0" }',
      'this is Terraform: apikeeper import terraform reads it',
    ],
    [
      'a manifest',
      'serverless',
      'apiVersion: apikeeper.dev/v1\nkind: ApiKey',
      'this is a manifest of apikeeper already',
    ],
    [
      'something else',
      'cloudformation',
      'a: 1',
      'give the template that is deployed (aws cloudformation get-template shows it)',
    ],
  ])(
    '%s is no source for %s, and the message says what to do',
    async (_, source, typed, message) => {
      const { code, stdout, stderr } = await run(['import', source, '-'], { typed });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^-:1 {2}UNSUPPORTED_SOURCE {2}error {2}n/);
      expect(stderr).toContain(`; ${message}\n`);
    },
  );

  test('a value may hold commas and equals signs', async () => {
    const typed =
      'Parameters: { L: { Type: String } }\nResources: { Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Name: acme, Description: !Ref L } } }';
    const { stdout } = await run(
      ['import', 'cloudformation', '-', '--parameter', 'L=a,b=c', '--parameter', 'M=x'],
      { typed },
    );
    expect(stdout).toContain('description: a,b=c\n');
  });
});
