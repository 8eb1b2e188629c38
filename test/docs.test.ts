/** What the docs say of the program, held against the program. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { referencePages } from '../scripts/reference.ts';
import { COMMAND_NAMES } from '../src/commands/flags.ts';
import { iamPolicy } from '../src/core/iam/policy.ts';
import { EVENTS } from '../src/core/model/events.ts';
import { createMetrics } from '../src/server/metrics.ts';
import { desired } from './core/build.ts';
import { samplePlan } from './report/sample.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const pages = await referencePages();

describe('the reference pages', () => {
  test.each([...pages])('%s is what `npm run docs` writes', (path, text) => {
    expect(existsSync(join(root, path)) ? read(path) : 'missing: npm run docs').toBe(text);
  });
});

test('the operations page explains every event', () => {
  const page = read('docs/operations.md');
  expect(Object.keys(EVENTS).filter((event) => !page.includes(`\`${event}\``))).toEqual([]);
});

test('the operations page explains every metric with its labels, and none that there is not', async () => {
  const rows = [...read('docs/operations.md').matchAll(/^\| `(apikeeper_\w+)` \| (.*?) ?\|/gm)];
  const explained = rows.map(
    ([, name, labels = '']) => `${name} ${[...labels.matchAll(/\w+/g)].join(' ')}`,
  );

  const metrics = createMetrics({
    version: '0',
    kinds: ['ApiKey'],
    budget: () => ({ tokens: 1, share: 1 }),
  });
  metrics.onEvent('reconcile.finished', { namespace: 'production', state: 'in-sync' });
  metrics.onCall({ operation: 'GetApiKeys', code: 'OK', waitedMs: 0 });
  const [target] = samplePlan.targets;
  const objects = target!.objects.map((object) => ({
    ...object,
    driftedSince: '2026-01-01T00:00:00Z',
  }));
  const text = await metrics.render({
    ...samplePlan,
    targets: [{ ...target!, namespace: 'production', objects }],
  });
  const served = [...text.matchAll(/^# HELP (\w+)/gm)].map(([, name]) => {
    const [, labels = ''] = text.match(new RegExp(`^${name}(?:_sum)?(?:\\{(.*)\\})? `, 'm')) ?? [];
    return `${name} ${[...labels.matchAll(/(\w+)=/g)].map(([, label]) => label).join(' ')}`;
  });
  expect(explained.sort()).toEqual(served.sort());
});

test('the page on AWS explains every statement that a policy may have, and none that there is not', () => {
  const explained = [...read('docs/aws.md').matchAll(/^\| (`[A-Z].*?`) \|/gm)].flatMap(
    ([, names = '']) => names.match(/\w+/g) ?? [],
  );
  const restApi = { id: 'a1b2c3d4e5' };
  const all = [
    desired('ApiKey', 'acme', { value: { ssm: '/apikeeper/acme' } }),
    desired('ApiKey', 'birch', { value: { secretsManager: 'apikeeper/birch' } }),
    desired('UsagePlan', 'acme', {
      keys: ['acme'],
      stages: [{ restApi: { name: 'permits-api' }, stageName: 'production' }],
    }),
    desired('Stage', 'production', { restApi, deployment: 'latest', deletionPolicy: 'Delete' }),
    desired('KeyRequirement', 'residents', {
      restApi,
      apiKeySource: 'HEADER',
      apiKeyRequired: true,
      redeploy: { stages: ['test'] },
    }),
  ];
  const possible = [false, true].flatMap((prune) => {
    const request = {
      target: {},
      region: 'eu-west-2',
      desired: all,
      secretsPrefix: 'apikeeper/',
      apiIds: new Map(),
    };
    return iamPolicy({ ...request, policy: { unsetMode: 'enforce', prune } }).policy.Statement.map(
      ({ Sid }) => Sid,
    );
  });
  expect(explained.sort()).toEqual([...new Set([...possible, 'AssumeTargetRoles'])].sort());
});

test('the README names every command', () => {
  const readme = read('README.md');
  expect(COMMAND_NAMES.filter((command) => !readme.includes(`apikeeper ${command}`))).toEqual([]);
});

describe('links', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...readdirSync(join(root, 'docs'), { recursive: true }).map((file) =>
      join('docs', String(file)),
    ),
  ];
  test.each(pages.filter((page) => page.endsWith('.md')))(
    '%s leads only to files that exist',
    (page) => {
      const targets = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
        ([, target = '']) => target,
      );
      expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual(
        [],
      );
    },
  );
});

test('no file names a package registry or a path of a build machine', () => {
  const files = ['package.json', 'package-lock.json', '.npmrc', 'Dockerfile', '.ci/run'];
  expect(files.filter((file) => /registry\.npmjs|"resolved"|\/root\//.test(read(file)))).toEqual(
    [],
  );
});
