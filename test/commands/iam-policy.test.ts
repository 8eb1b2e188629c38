import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from './io.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'apikeeper-iam-policy-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const write = (...documents: readonly string[]) =>
  writeFileSync(join(directory, 'all.yaml'), documents.join('---\n'));
const document = (kind: string, metadata: string, spec = '{}') =>
  `apiVersion: apikeeper.dev/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
const target = (name: string, more = '', accountId = '123456789012') =>
  document(
    'Target',
    `name: ${name}`,
    `{ region: eu-west-1, accountId: "${accountId}", owner: us${more} }`,
  );
const key = (namespace: string) => document('ApiKey', `name: acme, namespace: ${namespace}`);
const env = { AWS_REGION: 'eu-west-2' };

async function policy(words: readonly string[] = [], options: Parameters<typeof run>[1] = { env }) {
  const { code, stdout, stderr } = await run(['iam-policy', directory, ...words], options);
  const made =
    stdout === ''
      ? undefined
      : (JSON.parse(stdout) as {
          Version: string;
          Statement: { Sid: string; Action: string[]; Resource: string[] }[];
        });
  return { code, stderr, made, sids: made?.Statement.map(({ Sid }) => Sid) ?? [] };
}

describe('the policy', () => {
  test('is one JSON document on stdout, and nothing else is', async () => {
    write(document('ApiKey', 'name: acme'));
    const { code, made, stderr, sids } = await policy();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(made?.Version).toBe('2012-10-17');
    expect(made?.Statement[0]?.Resource[0]).toBe('arn:aws:apigateway:eu-west-2::/apikeys');
    expect(sids, 'where no mode is said, what apply needs').toContain('CreateKeysAndPlans');
  });

  test.each([
    ['--mode observe', ['--mode', 'observe'], '', false],
    ["the Target's mode", [], ', mode: observe', false],
    ['--mode enforce outranks it', ['--mode', 'enforce'], ', mode: observe', true],
  ])('reads alone, or writes: %s', async (_, words, more, writes) => {
    write(target('default', more), key('default'));
    expect((await policy(words)).sids.includes('CreateKeysAndPlans')).toBe(writes);
  });

  test.each([
    ["the Target's prune", [], ', prune: true', true],
    ['--prune', ['--prune'], '', true],
    ['--no-prune', ['--no-prune'], ', prune: true', false],
  ])('deletes, or does not: %s', async (_, words, more, deletes) => {
    write(target('default', more), key('default'));
    expect((await policy(words)).sids.includes('DeleteKeysAndPlans')).toBe(deletes);
  });

  test('where no Target is declared nothing is pruned, whatever is said', async () => {
    write(document('ApiKey', 'name: acme'));
    expect((await policy(['--prune'])).sids).not.toContain('DeleteKeysAndPlans');
  });

  test('of one Target, where there are several', async () => {
    write(
      target('development'),
      target('production', ', mode: observe'),
      key('development'),
      key('production'),
    );
    expect(await policy()).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(
        /there are 2 Targets \(development, production\).*name one with --namespace/,
      ),
    });
    expect((await policy(['-n', 'development'])).sids).toContain('CreateKeysAndPlans');
    expect((await policy(['-n', 'production'])).sids).not.toContain('CreateKeysAndPlans');
    expect(await policy(['-n', 'staging'])).toMatchObject({ code: 64, made: undefined });
  });

  test('keeps to the fence around secrets', async () => {
    write(document('ApiKey', 'name: acme', '{ value: { ssm: /housing/acme } }'));
    expect((await policy()).sids).not.toContain('ReadParameters');
    expect((await policy(['--values-secrets', 'housing/'])).sids).toContain('ReadParameters');
  });

  test('takes the ids of named APIs, and says where they would help', async () => {
    write(document('Stage', 'name: live', '{ restApi: { name: residents-api } }'));
    const { stderr } = await policy();
    expect(stderr).toMatch(/^note: the API residents-api .*--api-id 'residents-api=<id>'\n$/);
    const known = await policy(['--api-id', 'residents-api=a1b2c3']);
    expect(known.stderr).toBe('');
    expect(JSON.stringify(known.made)).toContain('/restapis/a1b2c3/stages/live');
  });

  test.each([
    [
      'a name that no document has',
      'resident-api=a1b2c3',
      /no document names an API resident-api; did you mean residents-api\?/,
    ],
    ['no id', 'residents-api', /--api-id residents-api needs the id of an API/],
    ['what is no id', 'residents-api=*', /--api-id residents-api needs the id of an API/],
  ])('refuses %s', async (_, given, message) => {
    write(document('Stage', 'name: live', '{ restApi: { name: residents-api } }'));
    expect(await policy(['--api-id', given])).toMatchObject({
      code: 64,
      made: undefined,
      stderr: expect.stringMatching(message),
    });
  });

  test('is not made from a part of the manifests', async () => {
    write(document('ApiKey', 'name: acme'), document('ApiKey', 'name: beta', '{ enabld: true }'));
    const { code, made, stderr } = await policy();
    expect({ code, made }).toEqual({ code: 1, made: undefined });
    expect(stderr).toMatch(
      /^all\.yaml:\d+:\d+: ApiKey\/beta: .*enabld.*\napikeeper: .* has 1 problem: /,
    );
  });

  test('needs a region', async () => {
    write(document('ApiKey', 'name: acme'));
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_CONFIG_FILE', join(directory, 'none'));
    expect(await policy([], { env: {} })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no AWS region: .*set AWS_REGION/),
    });
  });
});

describe('the base identity', () => {
  const role = (account: string) => `arn:aws:iam::${account}:role/apikeeper`;

  test('assumes the roles of all Targets, and the policy of each says where it belongs', async () => {
    write(
      target('a', `, roleArn: ${role('123456789012')}`),
      target('b', `, roleArn: ${role('123456789013')}`, '123456789013'),
      key('a'),
      key('b'),
    );
    const { made, stderr } = await policy(['--base-identity']);
    expect(made?.Statement).toEqual([
      {
        Sid: 'AssumeTargetRoles',
        Effect: 'Allow',
        Action: ['sts:AssumeRole'],
        Resource: [role('123456789012'), role('123456789013')],
      },
    ]);
    expect(stderr).toBe('');
    expect((await policy(['-n', 'a', '--base-identity'])).made?.Statement[0]?.Resource).toEqual([
      role('123456789012'),
    ]);
    expect((await policy(['-n', 'a'])).stderr).toMatch(
      /^note: it belongs to arn:aws:iam::123456789012:role\/apikeeper; .*--base-identity/,
    );
  });

  test('needs the policy of a Target without a role itself, which is said', async () => {
    write(target('a', `, roleArn: ${role('123456789012')}`), target('b'), key('a'), key('b'));
    expect((await policy(['--base-identity'])).stderr).toMatch(
      /^note: b names no roleArn: .*--namespace b/,
    );
  });

  test('has nothing to assume where no Target has a role', async () => {
    write(target('a'), key('a'));
    expect(await policy(['--base-identity'])).toMatchObject({
      code: 1,
      made: undefined,
      stderr: expect.stringMatching(/no Target names a roleArn/),
    });
  });
});
